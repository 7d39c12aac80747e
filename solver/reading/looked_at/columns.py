"""Columns of a table, however it is stored: distinct texts, and which of them each row has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .times import Times


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

    def where(self, is_it) -> np.ndarray:
        """(n_rows,) bool: the rows for whose text the function `is_it` is true."""
        return np.array([is_it(text) for text in self.texts], bool)[self.codes]

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
        return np.isnan(self.values)

    def take(self, rows: np.ndarray) -> Numbers:
        """The column with the given rows (bool) only."""
        return self if rows.all() else Numbers(self.values[rows])


@dataclass(frozen=True, eq=False)
class TableRows:
    """The columns that were looked for, the (n_rows,) number of the line each row was read from,
    and the times, where there is such a column. Where the file holds numbers in the last column, they are `numbers`."""

    columns: list[Column]
    lines: np.ndarray
    times: Times | None
    numbers: Numbers | None = None

    @property
    def values(self) -> Column | Numbers:
        """The last column, as numbers where the file holds numbers."""
        return self.columns[-1] if self.numbers is None else self.numbers


class Growing:
    """Rows as they are read, a block at a time.

    `numeric` is the column that may hold numbers and not texts. `offset` is added to the number of every row: the rows
    of the files before this one.
    """

    def __init__(self, n_columns: int, *, timed: bool, numeric: int | None = None):
        self.texts: list[dict[str, int]] = [{} for _ in range(n_columns)]
        self.times = Times() if timed else None
        self.numeric, self.offset = numeric, 0
        self._codes: list[list[np.ndarray]] = [[] for _ in range(n_columns)]
        self._lines: list[np.ndarray] = []
        self._numbers: list[np.ndarray] = []

    def add(self, codes: Sequence[np.ndarray], lines: np.ndarray, numbers: np.ndarray | None = None) -> None:
        """The codes of the next rows, a column at a time, and their lines. With `numbers` (n,) float64, NaN where there
        is none, the codes of the numeric column do not count."""
        codes = list(codes)
        if self.numeric is not None and len(lines):
            texts_so_far = any(map(len, self._codes[self.numeric]))
            if numbers is None and self._numbers:       # texts after numbers: all become texts
                self._codes[self.numeric] = [self._codes_of_numbers(part) for part in self._numbers]
                self._numbers = []
            elif numbers is not None and texts_so_far:
                codes[self.numeric] = self._codes_of_numbers(numbers)
            elif numbers is not None:
                self._numbers.append(numbers)
                codes[self.numeric] = np.empty(0, np.int32)
        for pieces, piece in zip(self._codes, codes):
            pieces.append(piece)
        if self.offset and len(lines):
            lines = lines + (np.int32 if self.offset + int(lines[-1]) < 2**31 else np.int64)(self.offset)
        self._lines.append(lines)

    def codes_of(self, column: int, texts: Sequence[str]) -> np.ndarray:
        """(n,) int32: the codes of these texts in the column; new ones are numbered as they come."""
        known = self.texts[column]
        return np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int32, len(texts))

    @property
    def last_line(self) -> int:
        """The largest number of a row so far."""
        return max((int(part[-1]) for part in self._lines if len(part)), default=self.offset)

    def rows(self) -> TableRows:
        """All that was added; it is handed over, not kept: what is added next begins anew."""
        columns = [Column(list(texts), _joined(pieces)) for texts, pieces in zip(self.texts, self._codes)]
        numbers = Numbers(np.concatenate(self._numbers)) if self._numbers else None
        self._numbers.clear()
        for texts in self.texts:
            texts.clear()       # in place: a reader may hold them
        return TableRows(columns, _joined(self._lines), self.times, numbers)

    def _codes_of_numbers(self, numbers: np.ndarray) -> np.ndarray:
        distinct, index = np.unique(numbers, return_inverse=True)
        texts = ["" if number != number else repr(float(number)) for number in distinct]
        return self.codes_of(int(self.numeric or 0), texts)[index]


def _joined(pieces: list[np.ndarray]) -> np.ndarray:
    joined = np.concatenate([*pieces, np.empty(0, np.int32)])
    pieces.clear()  # memory: there is one copy of a long column, not two
    return joined
