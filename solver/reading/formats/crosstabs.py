"""A crosstab in a file, users × items with blanks where nobody rated, read as the long table that says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.column_roles import FoundColumns, find_by_name
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.rating_names import RATING_ROLES
from solver.reading.looked_at.rating_texts import reads_as_number, shortened
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import LAYOUTS, SourceTable, Told

from .text_rows import add_rows

_NARROWEST = 5                                          # columns from which on a table may be a crosstab
_NOTHING = ("", "na", "n/a", "nan", "null", "none", "-", "?", ".")   # texts of a cell that nobody filled
_SUMS = ("total", "totals", "sum", "average", "mean", "avg", "count", "n", "gesamt", "summe", "mittelwert", "durchschnitt", "moyenne", "media")
_ROW_NUMBERS = ("", "n", "no", "nr", "row", "index", "unnamed0", "id", "x")     # names of a column that counts the rows
_MOST_SUMS = 3                                          # columns that sum up: total, mean and number
_ENOUGH_ROWS = 5                                        # from which on numbers of rows say something
_ROUNDED = 0.051                                        # of a mean to one digit
_FEW, _MOST = 0.05, 0.5                                 # shares of the cells
_SCALE = 0.2                                            # of all values' span, that each column of one scale has at least


class RowByRow(SourceTable, Protocol):
    """A table that gives its rows, too."""

    def rows(self, *, bad: BadRows | None = None) -> Iterator[tuple[int, list[str]]]:
        """(row number, texts) of every row that holds something."""


@dataclass(frozen=True)
class CrosstabTable:
    """A crosstab that was recognised: what its rows and columns are, and what stands where nobody rated."""

    inner: RowByRow
    items: tuple[str, ...]
    header: bool
    labels: str                 # the first column: 'labels' of rows, 'counts' of their ratings, or 'values' as all others
    missing: float | None
    swapped: bool = False       # whether rows are items and columns users
    numbered: bool = False      # whether the number of the row stands before all else
    sums: tuple[int, ...] = ()  # columns of items that are totals or means of the others

    comma_separated, leaves_out_unrated = False, True

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def unit(self) -> str:
        return self.inner.unit

    @property
    def source(self) -> Source:
        return self.inner.source

    def at(self, row: int) -> str:
        return self.inner.at(row)

    def first_line(self) -> tuple[str, ...]:
        """The names of the long table's columns."""
        return ("user", "item", "rating")

    def sample(self) -> list[list[str]]:
        return [list(self.first_line())]

    def read_as(self) -> tuple[str, ...]:
        """That it is a crosstab, and what the first column and the blanks were taken for."""
        rows, columns = ("an item", "a user") if self.swapped else ("a user", "an item")
        told = [f"{rows} in every {self.unit} and {columns} in every column of a crosstab"]
        told += ["the first column, which counts the ratings, left out"] * (self.labels == "counts")
        told += ["the numbers of the rows left out"] * self.numbered
        told += [f"the total or mean '{self.items[at]}' left out" for at in self.sums]
        if self.missing is not None:
            told.append(f"{self.missing:g} for unrated")
        return (*self.inner.read_as(), *told)

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add every cell that holds a rating."""
        add_rows(self._cells(bad), found, rows)

    def _cells(self, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
        start = (self.labels != "values") + self.numbered
        every = self.inner.rows(bad=bad)
        if self.header:
            next(every, None)
        for count, (number, fields) in enumerate(every, 1):
            values = fields[start:]
            if len(values) > len(self.items) and any(text.strip() for text in values[len(self.items):]):
                bad.found(f"{self.at(number)}: {len(fields)} fields where the first {self.unit} has {len(self.items) + start}. "
                          "Correct it.")
                continue
            own = fields[start - 1] if self.labels == "labels" else str(count)
            if self.sums and own.strip().casefold() in _SUMS:
                continue    # the row that sums up, beside columns that do
            for at, (item, text) in enumerate(zip(self.items, values)):
                if at not in self.sums and not _is_nothing(text, self.missing):
                    yield number, [item, own, text] if self.swapped else [own, item, text]


def crosstab_in(table: RowByRow, told: Told) -> CrosstabTable | None:
    """The crosstab that a table is; None where it is a long one.

    Where the user does not say it, a crosstab has five columns or more, no names of user, item and rating, nothing
    but numbers and blanks beside its labels, and either blanks in most columns or one scale in all of them.
    Raises UserError where it cannot be told whether a number that fills most cells means unrated.
    """
    if told.layout not in (None, *LAYOUTS):
        raise UserError(f"layout is {told.layout!r}. Choose one of: {', '.join(LAYOUTS)}.")
    first = table.first_line()
    stated = told.layout == "crosstab"
    if told.layout == "long" or not first or not (stated or len(first) >= _NARROWEST):
        return None
    if not stated and None not in find_by_name(first, RATING_ROLES):
        return None
    sample = [[*row, *[""] * (len(first) - len(row))] for row in table.sample()]
    header = _has_header(first)
    numbered = header and _numbers_rows(first, sample[1:])
    if numbered:
        first, sample = first[1:], [row[1:] for row in sample]
    body = sample[1:] if header else sample
    numbers = [[_number(text) for text in row[1:len(first)]] for row in body]
    if not body or (not stated and not _is_crosstab(body, numbers)):
        return None
    every = [number for row in numbers for number in row]
    missing = stated_missing(told.missing) if told.missing is not None else _missing(table, every)
    labels = _first_column(body, numbers, header=header, missing=missing)
    if labels == "values":
        items: Sequence[str] = first if header else [str(n) for n in range(1, len(first) + 1)]
    else:
        items = first[1:] if header else [str(n) for n in range(1, len(first))]
    blank = next((at for at, item in enumerate(items) if not item), None)
    if blank is not None and any(any(row[blank + (labels != "values"):]) for row in body):
        raise UserError(f"{table.name}: column {blank + 1 + (labels != 'values') + numbered} of the crosstab has no name. Name it.")
    corner = find_by_name(first[:1], RATING_ROLES)
    sums = () if labels == "values" else _sums(body, numbers, missing)
    own = [_number(row[0]) for row in body] if labels == "values" else None
    _refuse_off_scale(table, items, [[first, *row] for first, row in zip(own, numbers)] if own else numbers, missing, sums)
    return CrosstabTable(table, tuple(items), header, labels, missing, swapped=header and corner[1] == 0, numbered=numbered, sums=sums)


def _numbers_rows(first: Sequence[str], body: list[list[str]]) -> bool:
    """Whether the first column counts the rows, and the labels stand behind it: in texts, or under a name for users or items."""
    counted = [row[0].strip() for row in body]
    if len(body) < 2 or counted not in ([str(n) for n in range(start, start + len(body))] for start in (0, 1)):
        return False
    if first[0] and _plain(first[0]) not in _ROW_NUMBERS:
        return False
    labels = [row[1].strip() for row in body]
    texts = not any(reads_as_number(label) for label in labels if label)
    return len(set(labels)) == len(labels) and (texts or find_by_name(first[1:2], RATING_ROLES[:2]) != [None, None])


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _sums(body: list[list[str]], numbers: list[list[float | None]], missing: float | None) -> tuple[int, ...]:
    """The columns, first or last, that hold the total, the mean or the number of the others in every row but those that sum up."""
    rows = [[None if number == missing else number for number in row] for text, row in zip(body, numbers)
            if text[0].strip().casefold() not in _SUMS]
    if len(rows) < _ENOUGH_ROWS:
        return ()
    every = range(len(rows[0]))
    for n in range(min(_MOST_SUMS, len(every) - 2), 0, -1):
        for last, others in ((every[-n:], every[:-n]), (every[:n], every[n:])):
            if all(_sums_up(rows, at, others) for at in last):
                return tuple(last)
    return ()


def _sums_up(rows: list[list[float | None]], at: int, others: Sequence[int]) -> bool:
    found: set[str] | None = None
    for row in rows:
        there = [number for n in others if (number := row[n]) is not None]
        own = row[at]
        if not there and own in (None, 0):
            continue
        if own is None or not there:
            return False
        results = {"total": sum(there), "mean": sum(there) / len(there), "number": len(there)}
        fitting = {name for name, result in results.items() if abs(result - own) <= _ROUNDED}
        found = fitting if found is None else found & fitting
        if not found:
            return False
    return found is not None


def _refuse_off_scale(table: SourceTable, items: Sequence[str], numbers: list[list[float | None]], missing: float | None,
                      sums: Sequence[int]) -> None:
    """Raise UserError for a first or last column of numbers that all lie beyond those of all others: a count or an age, no ratings."""
    columns = [[number for number in column if number is not None and number != missing] for column in zip(*numbers)]
    left = [at for at in range(len(columns)) if at not in sums]
    for at in (left[0], left[-1]) if len(left) > 2 else ():
        rest = [number for other in left if other != at for number in columns[other]]
        if not rest or len(columns[at]) < _ENOUGH_ROWS:
            continue
        span = max(rest) - min(rest)
        if min(columns[at]) > max(rest) + span or max(columns[at]) < min(rest) - span:
            raise UserError(f"{table.name}: the numbers of '{items[at]}' in the crosstab, {columns[at][0]:g} among them, lie beyond those of all "
                            f"other columns, {min(rest):g} to {max(rest):g}. Remove that column if it holds no ratings.")


def _has_header(first: Sequence[str]) -> bool:
    """Whether the first line names columns: texts stand beside the corner, or whole numbers that are all different, beside a
    number only where they are counted."""
    corner, names = first[0], first[1:]
    if any(not reads_as_number(name) and not _is_nothing(name, None) for name in names):
        return True
    if not all(name.lstrip("-").isdecimal() for name in names) or len(set(names)) < len(names):
        return False
    counted = list(names) in ([str(n) for n in range(start, start + len(names))] for start in (0, 1))
    return counted or not reads_as_number(corner)


def _is_crosstab(body: list[list[str]], numbers: list[list[float | None]]) -> bool:
    if any(number is None and not _is_nothing(text, None) for row, values in zip(body, numbers)
           for text, number in zip(row[1:], values)):
        return False
    columns = list(zip(*numbers))
    with_blanks = sum(None in column for column in columns)
    there = [[number for number in column if number is not None] for column in columns]
    if with_blanks > len(columns) / 2:
        return any(there)
    spans = [max(column) - min(column) for column in there if len(column) > 1]
    every = [number for column in there for number in column]
    return bool(spans) and len(columns) >= _NARROWEST and min(spans) >= _SCALE * (max(every) - min(every)) > 0


def _missing(table: SourceTable, numbers: list[float | None]) -> float | None:
    """The number that stands for unrated: a frequent one that lies farther from all others than they from each other."""
    there = [number for number in numbers if number is not None]
    counts = Counter(there)
    distinct = sorted(counts)
    if len(distinct) < 3:
        return None
    for odd, rest in ((distinct[-1], distinct[:-1]), (distinct[0], distinct[1:])):
        gap = min(abs(odd - rest[0]), abs(odd - rest[-1]))
        if counts[odd] >= _FEW * len(there) and gap > rest[-1] - rest[0]:
            return odd
    least = distinct[0]
    if len(there) == len(numbers) and least <= 0 and counts[least] > _MOST * len(there):
        share = 100 * counts[least] / len(there)
        raise UserError(f"{table.name}: {least:g} stands in {share:.0f} % of the cells. Say --missing {least:g} if it means unrated, or "
                        "--missing none if it is a rating.")
    return None


def stated_missing(text: str) -> float | None:
    """The number that was said to stand for unrated; None where none does. Raises UserError for what is neither."""
    if text.strip().casefold() == "none":
        return None
    number = _number(text)
    if number is None:
        raise UserError(f"--missing is '{shortened(text)}'. Give the number that stands for unrated, or none.")
    return number


def _first_column(body: list[list[str]], numbers: list[list[float | None]], *, header: bool, missing: float | None) -> str:
    first = [row[0].strip() for row in body]
    if not header and len(first) > 1:
        counts = [sum(number is not None and number != missing for number in row) for row in numbers]
        if [_number(text) for text in first] == counts:
            return "counts"
    distinct = len(set(first)) == len(first)
    whole = all(not reads_as_number(text) or "." not in text for text in first)
    return "labels" if header or (distinct and whole) else "values"


def _number(text: str) -> float | None:
    text = text.strip()
    if not reads_as_number(text):
        return None
    return float(text.replace(",", "."))


def _is_nothing(text: str, missing: float | None) -> bool:
    text = text.strip()
    return text.casefold() in _NOTHING or (missing is not None and _number(text) == missing)
