"""Columns of a table, however it is stored: distinct texts, and which of them each row has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from .times import Times


class RatingsTable(Protocol):
    """A file of ratings that was looked at. Every format of `formats` gives one."""

    @property
    def name(self) -> str:
        """The name of the file or folder, as messages show it."""

    @property
    def unit(self) -> str:
        """What messages count: ``line`` or ``row``."""

    @property
    def comma_separates(self) -> bool:
        """Whether commas separate the columns: a number with a decimal comma is then most likely a mistake."""

    def at(self, row: int) -> str:
        """``'ratings.csv, line 17'``: how a message about a row begins. Rows count from 1."""

    def first_line(self) -> tuple[str, ...]:
        """The names of the columns, or the fields of the first line; () for an empty file."""

    def way_of_writing(self, *, separator_given: bool, decimal_comma: bool) -> str:
        """How the file is written, where a reader had to find that out, as in ``';' between the columns, UTF-8``; else ''."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its distinct texts in order of first appearance, and which of them each row has.

    Ratings tables repeat few texts over many rows; so each is looked at once.
    """

    texts: list[str]
    codes: np.ndarray       # (n_rows,) int32, into texts

    def first_rows(self) -> np.ndarray:
        """(n_texts,) the row on which each text stands first."""
        first = np.empty(len(self.texts), np.int64)
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]  # the last assignment stays
        return first

    def blank(self) -> np.ndarray:
        """(n_rows,) bool: the rows that hold nothing."""
        return self.where(lambda text: not text.strip())

    def where(self, is_it: Callable[[str], bool]) -> np.ndarray:
        """(n_rows,) bool: the rows for whose text the function `is_it` is true."""
        of_texts = np.array([is_it(text) for text in self.texts], bool)
        rows: np.ndarray = of_texts[self.codes]
        return rows

    def take(self, rows: np.ndarray) -> Column:
        """The column with the given rows (bool) only."""
        if rows.all():
            return self
        codes, kept = pd.factorize(self.codes[rows])
        return Column([self.texts[code] for code in kept], codes.astype(np.int32))


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers, where the file holds numbers and not texts."""

    values: np.ndarray      # (n_rows,) float64, NaN where there is none

    def blank(self) -> np.ndarray:
        """(n_rows,) bool: the rows that hold nothing."""
        blank: np.ndarray = np.isnan(self.values)
        return blank

    def take(self, rows: np.ndarray) -> Numbers:
        """The column with the given rows (bool) only."""
        return self if rows.all() else Numbers(self.values[rows])


@dataclass(frozen=True, eq=False)
class TableRows:
    """The columns that were looked for, the (n_rows,) number of the line each row was read from,
    and the times, where there is such a column.

    `numbers` is the column of numbers, where the file stores it as numbers; the texts of that column are then none.
    """

    columns: list[Column]
    lines: np.ndarray
    times: Times | None
    numbers: Numbers | None = None


class Growing:
    """Rows as they are read, a block at a time."""

    def __init__(self, n_columns: int, *, timed: bool):
        self.texts: list[dict[str, int]] = [{} for _ in range(n_columns)]
        self.times = Times() if timed else None
        self._codes: list[list[np.ndarray]] = [[] for _ in range(n_columns)]
        self._lines: list[np.ndarray] = []

    def add(self, codes: Sequence[np.ndarray], lines: np.ndarray) -> None:
        """The codes of the next rows, a column at a time, and their lines."""
        for pieces, piece in zip(self._codes, codes):
            pieces.append(piece)
        self._lines.append(lines)

    def codes_of(self, column: int, texts: Sequence[str]) -> np.ndarray:
        """(n,) int32: the codes of these texts in the column; new ones are numbered as they come."""
        known = self.texts[column]
        return np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int32, len(texts))

    def rows(self) -> TableRows:
        """All that was added; it is handed over, not kept."""
        columns = [Column(list(texts), _joined(pieces)) for texts, pieces in zip(self.texts, self._codes)]
        return TableRows(columns, _joined(self._lines), self.times)


def _joined(pieces: list[np.ndarray]) -> np.ndarray:
    joined = np.concatenate([*pieces, np.empty(0, np.int32)])
    pieces.clear()  # memory: there is one copy of a long column, not two
    return joined
