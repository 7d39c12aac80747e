"""A delimited text file as numbered lines of fields: .csv, .tsv, .dat with `::`, any of them gzipped.

Says in a sentence what is wrong with a file or a line. Knows nothing of ratings.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from solver.disk import refuse_unless_file
from solver.errors import UserError

SEPARATORS = (",", ";", "\t", "|", "::")
_LONGEST_LINE = 1_000_000                        # characters; beyond it the file is no table
_SAMPLE_BYTES, _SAMPLE_LINES = 65_536, 50       # what is looked at to find the separator

_GZIP = b"\x1f\x8b"
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class TextTable:
    """A file that was looked at: how it is written, not yet what it holds."""

    path: Path
    separator: str
    encoding: str           # as Python names it; 'utf-8-sig' where a byte order mark was found
    gzipped: bool
    cut_off: bool = False   # whether the last line has no end, where that is known
    size: int = 0           # bytes, when it was looked at

    @property
    def name(self) -> str:
        """The file's name without its folder, as messages show it."""
        return self.path.name

    @property
    def separator_name(self) -> str:
        return "tab" if self.separator == "\t" else self.separator

    @property
    def encoding_name(self) -> str:
        return {"utf-16": "UTF-16", "utf-8-sig": "UTF-8 with a byte order mark"}.get(self.encoding, "UTF-8")

    unit = "line"           # what messages count

    @property
    def comma_separates(self) -> bool:
        return self.separator == ","

    def way_of_writing(self, *, separator_given: bool, decimal_comma: bool) -> str:
        """Separator and encoding, and that there are decimal commas; '' for plain CSV in UTF-8, or the separator that was given."""
        if not decimal_comma and self.encoding == "utf-8" and (self.separator == "," or separator_given):
            return ""
        return f"'{self.separator_name}' between the columns, {self.encoding_name}" + ", decimal comma" * decimal_comma

    def at(self, line: int) -> str:
        """``'ratings.csv, line 17'``: how a message begins."""
        return f"{self.name}, line {line}"

    def opened(self) -> io.BufferedReader | gzip.GzipFile:
        """The file's bytes, unpacked."""
        return _opened(self.path, self.gzipped)

    def refuse_if_cut(self) -> None:
        """Raise UserError where the file has become shorter since it was looked at: rows are missing, or half a number was read."""
        if self.path.stat().st_size < self.size:
            raise UserError(f"{self.name} became shorter while it was read: another program writes it. Wait for that, then run again.")

    def first_line(self) -> tuple[str, ...]:
        """The fields of the first line that holds something; () where none does."""
        with closing(self.rows()) as rows:
            return tuple(field.strip() for field in next(rows, (0, ()))[1])

    def rows(self, *, start: int = 0, line: int = 1) -> Generator[tuple[int, list[str]], None, None]:
        """(line number, fields) of every line that holds something, the first line being 1.

        A record that runs over several lines, as quotes allow, has the number of its first. To go
        on in the middle, `start` is the byte, unpacked, where line number `line` begins.
        Raises UserError for bytes that are not text and for quotes that do not close.
        """
        split = _split_plain if len(self.separator) > 1 else self._split_quoted
        with self.opened() as raw:
            try:
                raw.seek(start)
                encoding = "utf-8" if start and self.encoding == "utf-8-sig" else self.encoding
                with io.TextIOWrapper(raw, encoding=encoding, newline=None) as text:
                    # lines have a bound: it may be no text at all
                    lines = iter(partial(text.readline, _LONGEST_LINE), "")
                    for number, fields in split(lines, self.separator, line):
                        if "".join(fields).strip():
                            yield number, fields
            except UnicodeDecodeError:
                raise UserError(f"{self.at(self._undecodable_line())} is not UTF-8 text. "
                                "Save the file as CSV UTF-8.") from None
            except (OSError, EOFError, zlib.error) as error:
                raise UserError(f"{self.name} could not be read to its end: {_why(error)}. "
                                "Get a whole copy of it.") from None

    def _split_quoted(self, lines: Iterator[str], separator: str, first: int):
        reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
        number = first
        try:
            for fields in reader:
                yield number, fields
                number = first + reader.line_num
        except csv.Error as error:
            if "field limit" in str(error):
                raise UserError(f"{self.at(number)}: a field holds more than {csv.field_size_limit():,} characters, which no id and no "
                                "rating does. Is a quotation mark missing that should close it? Correct it, or name another --sep.") from None
            raise UserError(f"{self.at(number)}: a quotation mark opens a text here that does "
                            "not close as it should. Close it, or write a quotation mark inside "
                            "a text twice.") from None

    def _undecodable_line(self) -> int:
        with self.opened() as raw:
            for number, line in enumerate(raw, 1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
        return 1  # not UTF-8 in the first place: UTF-16 that breaks off


def examine_text(path, *, sep: str | None = None, fewest: int) -> TextTable:
    """Find out how a text file is written: encoding, compression, and, where `sep` is None, the
    separator that cuts its first lines most evenly into at least `fewest` fields.

    Raises UserError when there is no such file, or when it is not text or holds nothing.
    """
    path = Path(path)
    refuse_unless_file(path)
    try:
        with path.open("rb") as raw:
            gzipped = raw.read(2) == _GZIP
        with _opened(path, gzipped) as raw:
            head = raw.read(_SAMPLE_BYTES)
    except FileNotFoundError:
        raise UserError(f"There is no file '{path.name}'. Check its name and folder.") from None
    except IsADirectoryError:
        raise UserError(f"'{path.name}' is a folder. Name the file in it.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"'{path.name}' cannot be read: {_why(error)}.") from None
    encoding = next((e for mark, e in _ENCODINGS.items() if head.startswith(mark)), "utf-8")
    what = next((w for mark, w in _NOT_TEXT.items() if head.startswith(mark)), None)
    if what is None and encoding != "utf-16" and b"\0" in head:
        what = "a binary file"
    if what:
        raise UserError(f"'{path.name}' is {what}, not a text file. Save the table as CSV UTF-8.")
    table = TextTable(path, ",", encoding, gzipped, size=path.stat().st_size)
    sample = head.decode(encoding, errors="ignore")
    if not sample.strip():
        raise UserError(f"{path.name} is empty. Give a file with a line for every entry.")
    if len(head) < _SAMPLE_BYTES:
        table = replace(table, cut_off=not sample.endswith(("\n", "\r")))
    elif not gzipped:
        with path.open("rb") as raw:
            raw.seek(-2, io.SEEK_END)
            table = replace(table, cut_off=not set(raw.read()) & set(b"\r\n"))
    return replace(table, separator=_checked(sep) if sep else _sniffed(sample, fewest))


def _checked(sep: str) -> str:
    sep = "\t" if sep in ("\\t", "tab") else sep
    if sep.isalnum() or set(sep) & set('"\r\n'):
        raise UserError(f"The separator is {sep!r}. Give a sign such as , or ; or tab.")
    return sep


def _sniffed(sample: str, fewest: int) -> str:
    lines = [line for line in sample.splitlines() if line.strip()]
    lines = (lines[:-1] or lines)[:_SAMPLE_LINES]  # the sample may cut the last one

    def evenness(separator: str) -> tuple[float, int]:
        if len(separator) > 1:
            counts = [len(fields) for _, fields in _split_plain(lines, separator)]
        else:
            counts = [len(fields) for fields in csv.reader(lines, delimiter=separator)]
        most = counts[0]
        return (counts.count(most) / len(counts), most) if most >= fewest else (0.0, most)

    return max(SEPARATORS, key=evenness)  # of equals the first


def _split_plain(lines, separator: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Separators of several signs know no quotes, as MovieLens' .dat files do not."""
    for number, line in enumerate(lines, first):
        yield number, line.rstrip("\r\n").split(separator)


def _opened(path: Path, gzipped: bool) -> io.BufferedReader | gzip.GzipFile:
    return gzip.open(path, "rb") if gzipped else path.open("rb")


def _why(error: Exception) -> str:
    """The system's reason without the path, which is nobody's business."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
