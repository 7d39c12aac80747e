"""A table as JSON: an object a line, or one list of objects."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.column_roles import FoundColumns
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.sources import CANNOT_BE_READ, Source, reason_for
from solver.reading.looked_at.table_port import Told

from .text_rows import add_rows

_SAMPLED_ROWS = 200


@dataclass(frozen=True)
class JsonTable:
    """A file of JSON that was looked at. `listed`: all objects stand in one list, and rows are counted, not lines."""

    source: Source
    columns: tuple[str, ...]
    listed: bool

    comma_separated = False

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def unit(self) -> str:
        return "row" if self.listed else "line"

    def at(self, row: int) -> str:
        """``'ratings.jsonl, line 17'``: how a message begins."""
        return f"{self.name}, {self.unit} {row}"

    def first_line(self) -> tuple[str, ...]:
        """The names in the first objects, in order of first appearance."""
        return self.columns

    def sample(self) -> list[list[str]]:
        """The names and the first rows, as texts."""
        rows = islice(_objects(self.source, self.listed, BadRows("skip")), _SAMPLED_ROWS)
        return [list(self.columns), *([_text(record.get(name)) for name in self.columns] for _, record in rows)]

    def read_as(self) -> tuple[str, ...]:
        """Nothing: its columns have names."""
        return ()

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every object; what an object lacks is blank."""
        records = _objects(self.source, self.listed, bad)
        add_rows(((number, [_text(record.get(name)) for name in self.columns]) for number, record in records), found, rows)
        self.source.refuse_if_cut()


def look_at_json(source: Source, told: Told) -> JsonTable:
    """The table of a file of JSON. Raises UserError for what is none, or holds no object."""
    listed = source.head().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    names: dict[str, None] = {}
    for _, record in islice(_objects(source, listed, bad := BadRows("skip")), _SAMPLED_ROWS):
        names.update(dict.fromkeys(record))
    if not names and bad.count:
        next(_objects(source, listed, BadRows()))   # says what is wrong with the first line
    if not names:
        raise UserError(f"{source.name} is empty. Give a file with an object for every entry.")
    return JsonTable(source, tuple(names), listed)


def _objects(source: Source, listed: bool, bad: BadRows) -> Iterator[tuple[int, dict]]:
    """(number of the line or row, object) of all that the file holds."""
    unit = "row" if listed else "line"
    try:
        with source.opened() as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape") as text:
            for number, line in enumerate(json.load(text) if listed else text, 1):
                if not listed and not line.strip():
                    continue
                try:
                    record = line if listed else json.loads(line)
                except json.JSONDecodeError as error:
                    bad.found(f"{source.name}, line {number}: there is no JSON object ({error.msg.lower()} at character "
                              f"{error.colno}). Correct or remove that line.")
                    continue
                if isinstance(record, dict):
                    yield number, record
                else:
                    bad.found(f"{source.name}, {unit} {number} is no JSON object. Correct or remove it.")
    except json.JSONDecodeError as error:
        raise UserError(f"{source.name}, line {error.lineno}: the list of JSON objects breaks off or is not written as JSON "
                        f"({error.msg.lower()}). Get a whole copy of it.") from None
    except CANNOT_BE_READ as error:
        raise UserError(f"{source.name} could not be read to its end: {reason_for(error)}. Get a whole copy of it.") from None


def _text(value: object) -> str:
    """A value as a text file would hold it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list, bool)) else repr(value)
