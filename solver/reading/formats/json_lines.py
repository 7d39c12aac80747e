"""A table as JSON: an object a line, one list of objects, or one object that holds all."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.column_roles import find_by_name
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.rating_names import RATING_ROLES
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import CANNOT_BE_READ, Source, reason_for
from solver.reading.looked_at.table_port import Told

from .delimited_text.encodings import checked_encoding
from .text_rows import add_rows

_SAMPLED_ROWS = 200
_NO_SIGNS = re.compile("[\udc80-\udcff]")      # what bytes become that are none in the encoding
_USUAL = "utf-8-sig"    # JSON is UTF-8, whether it says so by a mark or not


@dataclass(frozen=True)
class JsonTable:
    """A file of JSON that was looked at. `listed`: all objects stand in one list, and rows are counted, not lines."""

    source: Source
    columns: tuple[str, ...]
    listed: bool
    whole: tuple[dict, ...] | None = field(default=None, repr=False)    # the rows, where one object holds them all
    form: str = ""                                                      # how it holds them
    encoding: str = _USUAL

    comma_separated = leaves_out_unrated = False

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
        rows = islice(self._every(BadRows("skip")), _SAMPLED_ROWS)
        return [list(self.columns), *([_text(record.get(name)) for name in self.columns] for _, record in rows)]

    def read_as(self) -> tuple[str, ...]:
        """How one object holds all rows, where one does."""
        return (self.form,) if self.form else ()

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every object; what an object lacks is blank."""
        records = self._every(bad)
        add_rows(((number, [_text(record.get(name)) for name in self.columns]) for number, record in records), found, rows)
        self.source.refuse_if_cut()

    def _every(self, bad: BadRows) -> Iterator[tuple[int, dict]]:
        return _objects(self.source, self.listed, bad, self.encoding) if self.whole is None else iter(enumerate(self.whole, 1))


def look_at_json(source: Source, told: Told) -> JsonTable:
    """The table of a file of JSON. Raises UserError for what is none, or holds no object."""
    encoding = checked_encoding(told.encoding, source) if told.encoding else _USUAL
    listed = source.head().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    names: dict[str, None] = {}
    if not listed and (found := _in_one_object(source, encoding)):
        records, form = found
        return JsonTable(source, tuple(dict.fromkeys(name for record in records[:_SAMPLED_ROWS] for name in record)), True, records, form)
    for _, record in islice(_objects(source, listed, bad := BadRows("skip"), encoding), _SAMPLED_ROWS):
        names.update(dict.fromkeys(record))
    if not names and bad.count:
        next(_objects(source, listed, BadRows(), encoding))   # says what is wrong with the first line
    if not names:
        raise UserError(f"{source.name} is empty. Give a file with an object for every entry.")
    return JsonTable(source, tuple(names), listed, encoding=encoding)


def _in_one_object(source: Source, encoding: str) -> tuple[tuple[dict, ...], str] | None:
    """(rows, how they are held) of a file that is one object: a list of rows under a name, columns by name, or the ratings of
    every user by item; None where it is none of these."""
    try:
        with source.opened() as raw, io.TextIOWrapper(raw, encoding=encoding) as text:
            first = text.readline()
            if first.rstrip().endswith("}") and text.readline().strip():
                return None     # an object a line
            text.seek(0)
            held = json.load(text)
    except (json.JSONDecodeError, UnicodeDecodeError, *CANNOT_BE_READ):
        return None             # it is said by who reads on
    if not isinstance(held, dict) or not held:
        return None
    lists = {name: value for name, value in held.items() if isinstance(value, list) and value}
    rows = [(name, value) for name, value in lists.items() if all(isinstance(one, dict) for one in value)]
    if len(rows) == 1:
        return tuple(rows[0][1]), f"the list '{rows[0][0]}' in it"
    if len(lists) == len(held) > 1 and len({len(value) for value in lists.values()}) == 1:
        return tuple(dict(zip(lists, row)) for row in zip(*lists.values())), "a list for every column"
    if all(isinstance(value, dict) for value in held.values()):
        keys = [list(value) for value in held.values()]
        if None not in find_by_name(list(held), RATING_ROLES) and all(one == keys[0] for one in keys):
            return tuple(dict(zip(held, row)) for row in zip(*(value.values() for value in held.values()))), "an object for every column"
        if all(_is_number(rating) for value in held.values() for rating in value.values()):
            return (tuple({"user": user, "item": item, "rating": rating} for user, value in held.items() for item, rating in value.items()),
                    "the ratings of every user by item")
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _objects(source: Source, listed: bool, bad: BadRows, encoding: str) -> Iterator[tuple[int, dict]]:
    """(number of the line or row, object) of all that the file holds."""
    unit = "row" if listed else "line"
    try:
        with source.opened() as raw, io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape") as text:
            for number, line in enumerate(json.loads(_refuse_other_encoding(text.read(), source.name)) if listed else text, 1):
                if not listed and not line.strip():
                    continue
                if not listed:
                    _refuse_other_encoding(line, f"{source.name}, line {number}")
                try:
                    record = line if listed else json.loads(line)
                except json.JSONDecodeError as error:
                    bad.found(f"{source.name}, line {number}: there is no JSON object ({error.msg.lower()} at character "
                              f"{error.colno}). Correct or remove that line.")
                    continue
                if isinstance(record, dict):
                    yield number, _flat(record)
                else:
                    bad.found(f"{source.name}, {unit} {number} is no JSON object. Correct or remove it.")
    except json.JSONDecodeError as error:
        raise UserError(f"{source.name}, line {error.lineno}: the list of JSON objects breaks off or is not written as JSON "
                        f"({error.msg.lower()}). Get a whole copy of it.") from None
    except CANNOT_BE_READ as error:
        raise UserError(f"{source.name} could not be read to its end: {reason_for(error)}. Get a whole copy of it.") from None


def _flat(record: dict) -> dict:
    """The object with what stands in objects within it under names such as ``user.id``."""
    if not any(type(value) is dict for value in record.values()):
        return record
    within = {f"{name}.{key}": value for name, inner in record.items() if isinstance(inner, dict) for key, value in inner.items()}
    return {name: value for name, value in record.items() if not isinstance(value, dict)} | within


def _refuse_other_encoding(text: str, where: str) -> str:
    if not text.isascii() and _NO_SIGNS.search(text):
        raise UserError(f"{where} is not UTF-8, as JSON is written. Say --encoding, such as latin-1.")
    return text


def _text(value: object) -> str:
    """A value as a text file would hold it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list, bool)) else repr(value)
