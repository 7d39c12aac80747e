"""A linear model while it grows: forms of its columns, the columns with their bounds, and the rows that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MOST_COLUMNS = 20_000    # of all columns; a larger model is left to other methods
LARGEST_M = 1e7          # of rows that choose: above, rounding of 0 and 1 would show in the cells
MOST_UNITS = 60          # values of a whole number that get a column each
STRICT = 1e-6            # how far "less than" is from equal, where the numbers are not whole


class NotExact(Exception):
    """A formula that has no such form."""


@dataclass(frozen=True)
class NeedsBound(Exception):
    """A changing cell, by its number, that would have to have a bound: ``'lower'`` or ``'upper'``."""

    cell: int
    end: str


@dataclass(frozen=True)
class Affine:
    """`constant` + Σ coefficient · column."""

    constant: float
    parts: dict[int, float]

    def __add__(self, other: Affine) -> Affine:
        parts = dict(self.parts)
        for column, coefficient in other.parts.items():
            parts[column] = parts.get(column, 0.0) + coefficient
        return Affine(self.constant + other.constant, {column: c for column, c in parts.items() if c})

    def __mul__(self, by: float) -> Affine:
        return Affine(self.constant * by, {column: c * by for column, c in self.parts.items()} if by else {})

    def __sub__(self, other: Affine) -> Affine:
        return self + other * -1.0


def constant_form(value: float) -> Affine:
    return Affine(value, {})


Row = tuple[Affine, float, float]   # floor ≤ affine ≤ ceiling


@dataclass
class GrowingModel:
    """The model while it grows."""

    low: list[float]
    high: list[float]
    whole: list[bool]
    n_cells: int
    rows: list[Row] = field(default_factory=list)
    strict: bool = False   # whether "less than" was taken for "less by STRICT"
    units: dict[int, dict[int, Affine]] = field(default_factory=dict)   # of a whole column: what is 1 where it has a value

    def new(self, low: float, high: float, *, whole: bool = False) -> Affine:
        if len(self.low) >= MOST_COLUMNS:
            raise NotExact
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return Affine(0.0, {len(self.low) - 1: 1.0})

    def binary(self) -> Affine:
        return self.new(0.0, 1.0, whole=True)

    def unit(self, column: int, value: float) -> Affine:
        """1 where a whole column has that value, else 0."""
        if column not in self.units:
            values = range(int(self.low[column]), int(self.high[column]) + 1)
            units = self.units[column] = {number: self.binary() for number in values}
            self.rows.append((sum(units.values(), constant_form(0.0)), 1.0, 1.0))
            self.rows.append((sum((unit * number for number, unit in units.items()), Affine(0.0, {column: -1.0})), 0.0, 0.0))
        return self.units[column].get(round(value), constant_form(0.0)) if abs(value - round(value)) < 1e-9 else constant_form(0.0)

    def at_least(self, left: Affine, right: Affine) -> None:
        self.rows.append((left - right, 0.0, np.inf))

    def ends(self, form: Affine) -> tuple[float, float]:
        """The least and the largest value within the bounds."""
        low = high = form.constant
        for column, c in form.parts.items():
            a, b = c * self.low[column], c * self.high[column]
            low, high = low + min(a, b), high + max(a, b)
        return low, high

    def least(self, form: Affine) -> float:
        return self._finite(form, self.ends(form)[0], -1.0)

    def largest(self, form: Affine) -> float:
        return self._finite(form, self.ends(form)[1], 1.0)

    def _finite(self, form: Affine, end: float, side: float) -> float:
        if abs(end) <= LARGEST_M:
            return end
        for column, c in form.parts.items():
            bound = self.high[column] if c * side > 0 else self.low[column]
            if column < self.n_cells and abs(bound) > LARGEST_M / 10:
                raise NeedsBound(column, "upper" if c * side > 0 else "lower")
        raise NotExact

    def all_boolean(self, form: Affine) -> bool:
        """Whether only columns that are 0 or 1 are in a form."""
        return all(self.whole[column] and self.low[column] >= 0 and self.high[column] <= 1 for column in form.parts)

    def grain(self, form: Affine) -> float:
        """What a form is at least, where it is more than 0."""
        if all(self.whole[column] for column in form.parts):
            numbers = np.array([form.constant, *form.parts.values()])
            for share in (1, 2, 4, 5, 10, 20, 100, 1000):
                if np.abs(numbers * share - np.round(numbers * share)).max() < 1e-9 * share:
                    return 1.0 / share
        self.strict = True
        return STRICT * max(1.0, abs(form.constant))
