"""A delimited text file as numbered lines of fields: .csv, .tsv, .dat with `::`, with blanks between, packed or not.

Says in a sentence what is wrong with a file or a line. Knows nothing of ratings.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import BinaryIO

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows, refusal_of_row
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import CANNOT_BE_READ, Source, reason_for
from solver.reading.looked_at.table_port import ReadAgain, Told

from .encodings import checked_encoding, encoding_at_start, encoding_of, is_utf8, shown_encoding
from .text_columns import read_columns

BLANKS = " "                                    # any number of spaces and tabs
SEPARATORS = (",", ";", "\t", "|", "::")
_LONGEST_LINE = 1_000_000                        # characters; beyond it the file is no table
_SAMPLE_BYTES, _SAMPLE_LINES = 65_536, 50       # what is looked at to find the separator
_SAMPLED_ROWS = 200
_SEP_LINE = re.compile('"?sep=(.)"?', re.IGNORECASE)    # Excel's own, above the table
_MATRIX_MARKET = "%%MatrixMarket"
_COMMENTS = ("%", "#")                          # begin the lines above the table that describe it

_NOT_TEXT = {b"%PDF": "a PDF", b"PK\x03\x04": "a zip archive", b"\xd0\xcf\x11\xe0": "an old Office file"}


@dataclass(frozen=True)
class TextTable:
    """A file that was looked at: how it is written, not yet what it holds."""

    source: Source
    separator: str
    encoding: str           # as Python names it; 'utf-8-sig' where a byte order mark was found
    cut_off: bool = False   # whether the last line has no end, where that is known
    comments: int = 0       # lines above the table that describe it
    escaped: bool = False   # whether a quotation mark inside a text stands behind a backslash
    stated: bool = False    # whether the user said what separates the columns
    encoding_stated: bool = False
    errors: str = "strict"  # what is done about bytes that are no text, as Python names it

    unit = "line"           # what messages count
    leaves_out_unrated = False

    @property
    def name(self) -> str:
        """The file's name without its folder, as messages show it."""
        return self.source.name

    @property
    def comma_separated(self) -> bool:
        return self.separator == ","

    @property
    def plainly_written(self) -> bool:
        """Whether pyarrow may read as much of it as it reads alike: in UTF-8, with a sign between the columns."""
        return self.encoding.startswith("utf-8") and self.separator != BLANKS and not self.comments and not self.escaped

    def read_as(self) -> tuple[str, ...]:
        """What is not the plainest kind of CSV."""
        between = {"\t": "tab", BLANKS: "blanks"}.get(self.separator, self.separator)
        if (self.comma_separated or self.stated) and self.encoding == "utf-8" and not self.comments and not self.source.member:
            return ()
        told = [f"'{between}' between the columns", shown_encoding(self.encoding)]
        told += [f"{self.comments} line{'s' * (self.comments > 1)} above the table left out"] * bool(self.comments)
        return tuple(told + [f"the file {self.source.member} in it"] * bool(self.source.member))

    def at(self, row: int) -> str:
        """``'ratings.csv, line 17'``: how a message begins."""
        return f"{self.name}, line {row}"

    def opened(self) -> BinaryIO:
        """The file's bytes, unpacked."""
        return self.source.opened()

    def first_line(self) -> tuple[str, ...]:
        """The fields of the first line that holds something; () where none does."""
        with closing(self._readable().rows()) as rows:
            return tuple(field.strip() for field in next(rows, (0, ()))[1])

    def sample(self) -> list[list[str]]:
        """The first rows as texts; none from where a line cannot be read."""
        rows: list[list[str]] = []
        try:
            with closing(self._readable().rows()) as every:
                rows.extend(fields for _, fields in islice(every, _SAMPLED_ROWS))
        except UserError:
            pass
        return rows

    def _readable(self) -> TextTable:
        """The same, whatever bytes come later that are no text."""
        return replace(self, errors="replace")

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every line. Raises UserError for a line with more or fewer fields than the first."""
        read_columns(self, found, rows, bad)
        self.source.refuse_if_cut()

    def rows(self, *, start: int = 0, line: int = 1, bad: BadRows | None = None) -> Generator[tuple[int, list[str]], None, None]:
        """(line number, fields) of every line that holds something, the first line being 1.

        A record that runs over several lines, as quotes allow, has the number of its first. To go
        on in the middle, `start` is the byte, unpacked, where line number `line` begins. Where `bad` skips lines, a
        record is a line. Raises ReadAgain where the file turns out to be written otherwise than its beginning, and
        UserError for bytes that are not text and for quotes that do not close.
        """
        if not start:
            line += self.comments
        try:
            with self.opened() as raw:
                raw.seek(start)
                encoding = "utf-8" if start and self.encoding == "utf-8-sig" else self.encoding
                with io.TextIOWrapper(raw, encoding=encoding, errors=self.errors, newline=None) as text:
                    # lines have a bound: it may be no text at all
                    lines = iter(partial(text.readline, _LONGEST_LINE), "")
                    for number, fields in self._split(islice(lines, 0 if start else self.comments, None), line, bad):
                        if "".join(fields).strip():
                            yield number, fields
        except UnicodeDecodeError:
            raise self._not_text(bad) from None
        except CANNOT_BE_READ as error:
            raise UserError(f"{self.name} could not be read to its end: {reason_for(error)}. "
                            "Get a whole copy of it.") from None

    def _split(self, lines: Iterable[str], first: int, bad: BadRows | None) -> Iterator[tuple[int, list[str]]]:
        if bad is not None and bad.skip:
            return self._split_each(lines, first, bad)
        if self.separator == BLANKS:
            return ((number, _at_blanks(line)) for number, line in enumerate(lines, first))
        if len(self.separator) > 1:
            return _split_plain(lines, self.separator, first)
        return self._split_quoted(lines, first)

    def _split_quoted(self, lines: Iterable[str], first: int) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(lines, delimiter=self.separator, strict=True, skipinitialspace=True,
                            escapechar="\\" if self.escaped else None)
        number = first
        try:
            for fields in reader:
                yield number, fields
                number = first + reader.line_num
        except csv.Error as error:
            if "field limit" in str(error):
                raise UserError(f"{self.at(number)}: a field holds more than {csv.field_size_limit():,} characters, which no id and no "
                                "rating does. Is a quotation mark missing that should close it? Correct it, or name another --sep.") from None
            if not self.escaped and self._has_escapes():
                raise ReadAgain(replace(self, escaped=True)) from None
            raise UserError(f"{self.at(number)}: a quotation mark opens a text here that does "
                            "not close as it should. Close it, or write a quotation mark inside "
                            "a text twice.") from None

    def _split_each(self, lines: Iterable[str], first: int, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
        """Line by line, so that an odd one spoils no other."""
        for number, line in enumerate(lines, first):
            if not line.isascii() and any("\ud800" <= sign <= "\udfff" for sign in line):
                bad.found(f"{self.at(number)} is not {shown_encoding(self.encoding)} text.")
                continue
            try:
                yield number, next((fields for _, fields in self._split([line], number, None)), [])
            except ReadAgain:
                raise
            except UserError as error:
                bad.found(str(error))

    def _not_text(self, bad: BadRows | None) -> UserError:
        """What follows from bytes that are not text: another encoding, lines that are left out, or a refusal."""
        odd: int | None = None
        with self.opened() as raw:
            for number, line in enumerate(raw, 1):
                if odd is None and not is_utf8(line):
                    odd = number
            raw.seek(0)
            other = encoding_of(raw) if self.encoding == "utf-8" and not self.encoding_stated else None
        if other not in (None, "utf-8"):
            return ReadAgain(replace(self, encoding=str(other)))
        if bad is not None and bad.skip and self.errors == "strict":
            return ReadAgain(replace(self, errors="surrogateescape"))
        where = self.name if odd is None or not self.encoding.startswith("utf-8") else self.at(odd)
        return refusal_of_row(f"{where} is not {shown_encoding(self.encoding).split(' with')[0]} text. Save the file as CSV UTF-8, or say "
                         "with --encoding how it is written.")

    def _has_escapes(self) -> bool:
        """Whether a quotation mark stands behind a backslash anywhere."""
        with self.opened() as raw:
            return any(b'\\"' in line for line in raw)


def look_at_text(source: Source, told: Told) -> TextTable:
    """Find out how a text file is written: encoding, and, where it is not told, the separator that cuts its first lines
    most evenly into as many fields as the table has at least.

    Raises UserError when it is not text or holds nothing.
    """
    head = source.head()
    what = next((what for mark, what in _NOT_TEXT.items() if head.startswith(mark)), None)
    encoding = checked_encoding(told.encoding, source) if told.encoding else encoding_at_start(head)
    if what is None and not encoding.startswith(("utf-16", "utf-32")) and b"\0" in head:
        what = "a binary file"
    if what:
        raise UserError(f"'{source.name}' is {what}, not a text file. Save the table as CSV UTF-8.")
    table = TextTable(source, ",", encoding, encoding_stated=told.encoding is not None)
    try:
        sample = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
    except UnicodeError as error:
        raise UserError(f"{source.name} is not written in {shown_encoding(encoding)} ({error}). Say another --encoding, or leave it out.") from None
    if not sample.strip():
        raise UserError(f"{source.name} is empty. Give a file with a line for every entry.")
    if len(head) < _SAMPLE_BYTES:
        table = replace(table, cut_off=not sample.endswith(("\n", "\r")))
    elif not source.packed:
        with source.opened() as raw:
            raw.seek(-2, io.SEEK_END)
            table = replace(table, cut_off=not set(raw.read()) & set(b"\r\n"))
    lines = sample.splitlines()
    comments = next((n for n, line in enumerate(lines) if not line.startswith(_COMMENTS)), 0)
    stated = told.sep
    if excels := _SEP_LINE.fullmatch(lines[0]):
        comments, stated = 1, told.sep or excels[1]
    elif lines[0].startswith(_MATRIX_MARKET):
        if " array " in lines[0]:
            raise UserError(f"{source.name} is a dense matrix as Matrix Market writes it, without users and items. Save it as a sparse one "
                            "(coordinate).")
        comments += 1       # the line of sizes
    separator = _checked(stated) if stated else _sniffed(lines[comments:], len(told.roles))
    return replace(table, separator=separator, comments=comments, stated=told.sep is not None)


def _checked(sep: str) -> str:
    sep = {"\\t": "\t", "tab": "\t", "blank": BLANKS, "blanks": BLANKS, "space": BLANKS, "\\s+": BLANKS}.get(sep, sep)
    if not sep.strip(" \t") and sep != "\t":
        return BLANKS
    if sep.isalnum() or set(sep) & set('"\r\n'):
        raise UserError(f"The separator is {sep!r}. Give a sign such as , or ; or tab or blanks.")
    return sep


def _sniffed(sample: list[str], fewest: int) -> str:
    lines = [line for line in sample if line.strip()]
    lines = (lines[:-1] or lines)[:_SAMPLE_LINES]  # the sample may cut the last one

    def evenness(separator: str) -> tuple[float, int]:
        if separator == BLANKS:
            counts = [len(_at_blanks(line)) for line in lines]
        elif len(separator) > 1:
            counts = [len(fields) for _, fields in _split_plain(lines, separator)]
        else:
            counts = [len(fields) for fields in csv.reader(lines, delimiter=separator)]
        most = counts[0] if counts else 0
        return (counts.count(most) / len(counts), most) if most >= fewest else (0.0, most)

    best = max(SEPARATORS, key=evenness)  # of equals the first
    # blanks stand in names and times, too: they separate where no sign does
    return BLANKS if evenness(best)[0] < evenness(BLANKS)[0] == 1 else best


def _split_plain(lines: Iterable[str], separator: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Separators of several signs know no quotes, as MovieLens' .dat files do not."""
    for number, line in enumerate(lines, first):
        yield number, line.rstrip("\r\n").split(separator)


def _at_blanks(line: str) -> list[str]:
    """The fields of a line between runs of spaces and tabs; quotation marks hold a text together."""
    if '"' not in line:
        return line.split()
    return next(csv.reader([" ".join(line.split())], delimiter=" ", skipinitialspace=True), [])
