"""A crosstab in a file, users × items with blanks where nobody rated, read as the long table that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.column_roles import find_by_name
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.rating_names import RATING_ROLES
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import LAYOUTS, SourceTable, Told

from .crosstab_signs import (
    NARROWEST_CROSSTAB,
    WORDS_FOR_SUMS,
    columns_that_sum_up,
    is_unrated,
    looks_like_crosstab,
    names_columns,
    number_for_unrated,
    number_in_cell,
    numbers_rows,
    refuse_other_scale,
    stated_missing,
    what_first_column_is,
)
from .text_rows import add_rows


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
            if self.sums and own.strip().casefold() in WORDS_FOR_SUMS:
                continue    # the row that sums up, beside columns that do
            for at, (item, text) in enumerate(zip(self.items, values)):
                if at not in self.sums and not is_unrated(text, self.missing):
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
    if told.layout == "long" or not first or not (stated or len(first) >= NARROWEST_CROSSTAB):
        return None
    if not stated and None not in find_by_name(first, RATING_ROLES):
        return None
    sample = [[*row, *[""] * (len(first) - len(row))] for row in table.sample()]
    header = names_columns(first)
    numbered = header and numbers_rows(first, sample[1:])
    if numbered:
        first, sample = first[1:], [row[1:] for row in sample]
    body = sample[1:] if header else sample
    numbers = [[number_in_cell(text) for text in row[1:len(first)]] for row in body]
    if not body or (not stated and not looks_like_crosstab(body, numbers)):
        return None
    every = [number for row in numbers for number in row]
    missing = stated_missing(told.missing) if told.missing is not None else number_for_unrated(table, every)
    corner = find_by_name(first[:1], RATING_ROLES)
    labels = what_first_column_is(body, numbers, header=header, named=not first[0] or corner[:2] != [None, None], missing=missing)
    if labels == "values":
        items: Sequence[str] = first if header else [str(n) for n in range(1, len(first) + 1)]
    else:
        items = first[1:] if header else [str(n) for n in range(1, len(first))]
    blank = next((at for at, item in enumerate(items) if not item), None)
    if blank is not None and any(any(row[blank + (labels != "values"):]) for row in body):
        raise UserError(f"{table.name}: column {blank + 1 + (labels != 'values') + numbered} of the crosstab has no name. Name it.")
    sums = () if labels == "values" else columns_that_sum_up(body, numbers, missing)
    own = [number_in_cell(row[0]) for row in body] if labels == "values" else None
    refuse_other_scale(table, items, [[first, *row] for first, row in zip(own, numbers)] if own else numbers, missing, sums)
    return CrosstabTable(table, tuple(items), header, labels, missing, swapped=header and corner[1] == 0, numbered=numbered, sums=sums)
