"""The plain beginning of a large delimited file, read by pyarrow, a block of whole lines at a time.

Plain is what pyarrow and `delimited` are certain to read alike: UTF-8, every line with as many
fields as the first, quotation marks around whole fields only, no line within a field, no blank line,
no user or item without a name. At the first block that is not, reading ends and `text_columns` goes
on from there: it knows every oddity and its sentence, at a tenth of the speed.
"""

from __future__ import annotations

import csv
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import CANNOT_BE_READ

from .text_lines import TextLines

_BLOCK = 32_000_000          # bytes read at once: memory stays small, and repeated texts are looked up once a block
_LONGEST_LINE = 100_000      # bytes of a plain line; the module csv has a limit of its own above it
_ONE_BYTE = b"\x1f"         # stands for a separator of several bytes: ASCII's own "unit separator"
_BOM = b"\xef\xbb\xbf"


def read_plain(table: TextLines, found: FoundColumns, growing: Growing) -> tuple[int, int]:
    """Add the rows of the plain beginning to `growing`.

    Gives where it ends: the byte, and the number of the line that begins there, from 1.
    """
    at, line = 0, 1
    if not table.plainly_written:
        return at, line
    try:
        with table.opened() as raw:
            if found.header:
                at = _plain_header(raw, table, found)
                if not at:
                    return at, line
                line += 1
            while block := raw.read(_BLOCK) + raw.readline(_LONGEST_LINE):
                text = block if at else block.removeprefix(_BOM)  # a byte order mark is no part of a field
                rows = _plain_rows(text, table, found, growing, line)
                if not rows:
                    break
                at, line = at + len(block), line + rows
    except CANNOT_BE_READ:  # it is said by who reads on
        pass
    return at, line


def _plain_header(raw: BinaryIO, table: TextLines, found: FoundColumns) -> int:
    """The bytes of the header, where it is the whole first line, else 0."""
    head = raw.readline(_LONGEST_LINE)
    if not _plain_lines(head) or not head.endswith(b"\n"):
        return 0
    text = head.removeprefix(_BOM).decode().rstrip("\r\n")
    if len(table.separator) > 1:
        fields = text.split(table.separator)
    elif _plain_quotes(head.removeprefix(_BOM), table.separator.encode()):
        fields = next(csv.reader([text], delimiter=table.separator, skipinitialspace=True), [])
    else:
        return 0
    return len(head) if tuple(field.strip() for field in fields) == found.first_line else 0


def _plain_rows(block: bytes, table: TextLines, found: FoundColumns, growing: Growing, line: int) -> int:
    """Add the rows of a block of lines, the first of them number `line`; how many there are, or 0
    where they are not plain."""
    n_lines, separator = _plain_lines(block), table.separator.encode()
    quoted = len(table.separator) == 1 and b'"' in block
    if not n_lines or (quoted and not _plain_quotes(block, separator)):
        return 0
    if len(separator) > 1:
        if quoted or _ONE_BYTE in block:
            return 0
        block, separator = block.replace(separator, _ONE_BYTE), _ONE_BYTE
    rows = _parsed(block, separator.decode(), found, quoted=quoted)
    if rows is None or rows.num_rows != n_lines:
        return 0
    columns = [rows.column(str(position)).chunk(0) for position in found.positions]
    texts = [column.dictionary.to_pylist() for column in columns]
    # before a field the module csv leaves out spaces; a line without any text is no row at all
    if any(text.startswith(" ") for names in texts for text in names) or \
            not all(text.strip() for names in texts[:2] for text in names):
        return 0
    growing.add([growing.codes_of(number, names)[column.indices.to_numpy()]
                 for number, (names, column) in enumerate(zip(texts, columns))],
                np.arange(line, line + n_lines, dtype=np.int32))
    if growing.times:
        growing.times.add(rows.column(str(found.time)).chunk(0))
    return n_lines


def _plain_lines(block: bytes) -> int:
    """How many lines a block of bytes has; 0 where it is not plain text."""
    if b"\0" in block or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
        return 0
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            return 0
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    return len(ends) if np.diff(ends, prepend=-1).max() <= _LONGEST_LINE else 0


def _plain_quotes(block: bytes, separator: bytes) -> bool:
    """Whether quotation marks stand around whole fields only, in pairs, with none inside."""
    signs = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    at = np.flatnonzero(signs == ord('"'))
    if not len(at):
        return True
    opens, closes = np.isin(signs[at - 1], [ord("\n"), separator[0]]), \
        np.isin(signs[at + 1], [ord("\n"), ord("\r"), separator[0]])
    opening = np.arange(len(at)) % 2 == 0
    return len(separator) == 1 and not len(at) % 2 and bool(((opens == opening) & (closes != opening)).all())


def _parsed(block: bytes, separator: str, found: FoundColumns, *, quoted: bool) -> pa.Table | None:
    """The columns of a block that matter, named by their positions; None where a line has another
    number of fields than the first."""
    times = [] if found.time is None else [str(found.time)]
    wanted = {str(position): pa.dictionary(pa.int32(), pa.string()) for position in found.positions}
    try:
        return pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(block_size=len(block) + 1,
                                            column_names=[str(n) for n in range(len(found.first_line))]),
            parse_options=pa_csv.ParseOptions(delimiter=separator, quote_char='"' if quoted else False,
                                              ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(include_columns=[*wanted, *times],
                                                  column_types=wanted | dict.fromkeys(times, pa.string())))
    except pa.ArrowInvalid:
        return None
