"""Problems with MIN, MAX, ABS, IF and comparisons of linear formulas, said exactly as a linear model with whole numbers.

Every term that is not linear (see `pyxl.formulas.structure`) becomes a column t of its own with rows that hold it where
the formula does. A row is left out where nothing gains by t being too small, or too large: the largest of several rows that is
made small needs no whole number. Otherwise a term takes columns that are 0 or 1 and the usual rows "t ≤ a + M (1 − b)", with the
least M that the bounds of the changing cells allow (Williams 2013, Model Building in Mathematical Programming, chapter 9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .constraint_lines import SheetCell

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from pyxl.formulas.structure.nonlinear_terms import Structure
    from solver import LinearModel

MOST_COLUMNS = 20_000    # of all columns; a larger model is left to other methods
LARGEST_M = 1e7          # of rows that choose: above, rounding of 0 and 1 would show in the cells
MOST_UNITS = 60          # values of a whole number that get a column each
STRICT = 1e-6            # how far "less than" is from equal, where the numbers are not whole
_TURNED = {"<": ">", "<=": ">="}


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


_Row = tuple[Affine, float, float]   # floor ≤ affine ≤ ceiling


@dataclass
class _Columns:
    """The model while it grows."""

    low: list[float]
    high: list[float]
    whole: list[bool]
    n_cells: int
    rows: list[_Row] = field(default_factory=list)
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


def exact_model(structure: Structure, objective: csr_array, rows: Sequence[csr_array], *, goal: str, low: np.ndarray, high: np.ndarray,
                floor: np.ndarray, ceiling: np.ndarray, whole: np.ndarray) -> tuple[LinearModel, bool]:
    """The model whose first columns are the changing cells and whose first rows are `rows`, forms as `structure` has them; and
    whether it is exact to the last: where "less than" was taken for "less by 1e-6" it is not.

    Raises NotExact, and NeedsBound where nothing is missing but a bound of a cell.
    """
    from scipy.sparse import csr_array

    from solver import LinearModel

    reached = structure.reached_by([objective, *rows])
    n, needs = structure.n_cells, _needs(structure, reached, objective, rows, goal, floor, ceiling)
    if not all(np.isfinite(arg.data).all() for terms in reached for arg in terms.args):   # an error value in a branch
        raise NotExact
    columns = _Columns(low.tolist(), high.tolist(), whole.tolist(), n)
    known: dict[int, Affine] = {number: Affine(0.0, {number - 1: 1.0}) for number in range(1, n + 1)}

    def affine(form: csr_array, row: int) -> Affine:
        found = constant_form(0.0)
        parts: dict[int, float] = {}
        constant_part = 0.0
        for place in range(form.indptr[row], form.indptr[row + 1]):
            number, c = int(form.indices[place]), float(form.data[place])
            if number == 0:
                constant_part += c
            elif len((column := known[number]).parts) == 1 and not column.constant:
                (only, k), = column.parts.items()
                parts[only] = parts.get(only, 0.0) + c * k
            else:
                found = found + column * c
        return found + Affine(constant_part, {column: c for column, c in parts.items() if c})

    _tightened(columns, [(affine(row, 0), a, b) for row, a, b in zip(rows, floor, ceiling) if (row.indices <= n).all()])
    for terms in reached:
        rule = _RULES.get(terms.operation)
        if rule is None:
            raise NotExact
        for number in range(terms.count):
            column = terms.first + number
            if terms.segments is None:
                args = [affine(arg, number) for arg in terms.args]
            else:
                args = [affine(terms.args[0], int(row)) for row in np.flatnonzero(terms.segments == number)]
            known[column] = rule(columns, terms, args, *needs[column].tolist())
    cost = affine(objective, 0)
    together = [(affine(row, 0), a, b) for row, a, b in zip(rows, floor, ceiling)] + columns.rows
    entries = [(number, column, c) for number, (form, _, _) in enumerate(together) for column, c in form.parts.items()]
    at, coefficients = np.array([entry[:2] for entry in entries], dtype=int).reshape(-1, 2), np.array([entry[2] for entry in entries])
    costs = np.zeros(len(columns.low))
    costs[list(cost.parts)] = list(cost.parts.values())
    constants = np.array([form.constant for form, _, _ in together])
    # the cells keep the bounds they were given: those that follow from the rows are for the size of M alone
    return LinearModel(costs, cost.constant, csr_array((coefficients, (at[:, 0], at[:, 1])), shape=(len(together), len(costs))),
                       np.array([a for _, a, _ in together]) - constants, np.array([b for _, _, b in together]) - constants,
                       np.concatenate([low, columns.low[n:]]), np.concatenate([high, columns.high[n:]]),
                       np.array(columns.whole, dtype=bool)), not columns.strict


def needed_bound(why: NeedsBound, cells: Sequence[SheetCell], told: Callable[[SheetCell], str]) -> str:
    """A sentence on what is missing."""
    return (f"With {'an upper' if why.end == 'upper' else 'a lower'} bound of {told(cells[why.cell])} the optimum could be proved: "
            "add it as a constraint.")


def _needs(structure: Structure, reached, objective: csr_array, rows, goal: str, floor: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """For every column (width, 2): whether a value of it that is too small, or too large, would do harm."""
    needs = np.zeros((structure.forms.shape[1], 2), dtype=bool)

    def harm(form: csr_array, below: bool, above: bool) -> None:
        """Where a form must not be too small (`below`) or too large (`above`)."""
        for column, c in zip(form.indices, form.data):
            needs[column] |= (below, above) if c > 0 else (above, below)

    harm(objective, goal in ("min", "value"), goal in ("max", "value"))
    for row, a, b in zip(rows, floor, ceiling):
        harm(row, bool(np.isfinite(b)), bool(np.isfinite(a)))
    for terms in reversed(reached):
        below, above = map(bool, np.any(needs[terms.first:terms.first + terms.count], axis=0))
        if terms.operation in ("max", "min", "all", "any"):
            harm(terms.args[0], below, above)
        elif terms.operation == "if":
            condition, yes, no = terms.args
            harm(condition, *_harm_of_choice(yes - no, below, above))
            harm(yes, below, above)
            harm(no, below, above)
        else:
            for arg in terms.args:
                harm(arg, True, True)
    return needs


def _harm_of_choice(difference: csr_array, below: bool, above: bool) -> tuple[bool, bool]:
    """The same of the condition of ``IF(condition, 5, 3)``, which it goes with, or against."""
    if (difference.indices > 0).any():
        return True, True
    return (below, above) if (difference.data >= 0).all() else (above, below) if (difference.data <= 0).all() else (True, True)


def _tightened(columns: _Columns, rows: list[_Row]) -> None:
    """Bounds of the cells that follow from the rows, each row by itself, again and again."""
    for _ in range(4):
        moved = False
        for form, floor, ceiling in rows:
            low, high = columns.ends(form)
            for column, c in form.parts.items():
                a, b = sorted((c * columns.low[column], c * columns.high[column]))
                # what the others leave of the row for this column
                top = ceiling - (low - a) if np.isfinite(low) else ceiling - _others(columns, form, column, 0)
                bottom = floor - (high - b) if np.isfinite(high) else floor - _others(columns, form, column, 1)
                new_low, new_high = (bottom / c, top / c) if c > 0 else (top / c, bottom / c)
                if np.isfinite(new_high) and new_high < columns.high[column] - 1e-9:
                    columns.high[column], moved = max(new_high, columns.low[column]), True
                if np.isfinite(new_low) and new_low > columns.low[column] + 1e-9:
                    columns.low[column], moved = min(new_low, columns.high[column]), True
                low, high = columns.ends(form)
        if not moved:
            return


def _others(columns: _Columns, form: Affine, column: int, side: int) -> float:
    return columns.ends(Affine(form.constant, {other: c for other, c in form.parts.items() if other != column}))[side]


# -- a rule an operation: the column of a term, and the rows that hold it ------------------------------------------

def _maximum(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    ends = [columns.ends(arg) for arg in args]
    floor = max(low for low, _ in ends)
    args = [arg for arg, (low, high) in zip(args, ends) if high > floor or low >= floor]
    if len(args) == 1:
        return args[0]
    t = columns.new(floor, max(high for _, high in ends))
    if below:
        for arg in args:
            columns.at_least(t, arg)
    if above:    # one of them is chosen, and t is not above it
        largest, chosen = max(columns.largest(arg) for arg in args), [columns.binary() for _ in args]
        for arg, b in zip(args, chosen):
            columns.at_least(arg + (constant_form(1.0) - b) * (largest - columns.least(arg)), t)
        total = sum(chosen, constant_form(0.0))
        columns.rows.append((total, 1.0, 1.0))
    return t


def _minimum(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    return _maximum(columns, terms, [arg * -1.0 for arg in args], above, below) * -1.0


def _absolute(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    a, = args
    low, high = columns.ends(a)
    if low >= 0 or high <= 0:
        return a if low >= 0 else a * -1.0
    t = columns.new(0.0, max(-low, high))
    if below:
        columns.at_least(t, a)
        columns.at_least(t, a * -1.0)
    if above:
        b = columns.binary()
        columns.at_least(a + (constant_form(1.0) - b) * (-2.0 * columns.least(a)), t)
        columns.at_least(a * -1.0 + b * (2.0 * columns.largest(a)), t)
    return t


def _compared(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    d, = args
    sign = terms.operation
    if sign in _TURNED:
        d, sign = d * -1.0, _TURNED[sign]
    if sign == "<>":
        return constant_form(1.0) - _equal(columns, d, above, below)
    if sign == "=":
        return _equal(columns, d, below, above)
    least, largest = columns.ends(d)
    if least > 0 or largest < 0 or sign == ">=" and least >= 0 or sign == ">" and largest <= 0:
        return constant_form(float(least >= 0))
    z = columns.binary()
    if below:    # where it holds z is 1
        most = 0.0 if sign == ">" else -columns.grain(d)
        columns.at_least(constant_form(most) + z * (columns.largest(d) - most), d)
    if above:    # where z is 1 it holds
        wanted = columns.grain(d) if sign == ">" else 0.0
        columns.at_least(d, constant_form(wanted) - (constant_form(1.0) - z) * (wanted - columns.least(d)))
    return z


def _equal(columns: _Columns, d: Affine, below: bool, above: bool) -> Affine:
    if len(d.parts) == 1:
        (column, c), = d.parts.items()
        if columns.whole[column] and columns.high[column] - columns.low[column] < MOST_UNITS:
            return columns.unit(column, -d.constant / c)
    z = columns.binary()
    if above:
        columns.at_least((constant_form(1.0) - z) * columns.largest(d), d)
        columns.at_least(d, (constant_form(1.0) - z) * columns.least(d))
    if below:
        more, less, grain = columns.binary(), columns.binary(), columns.grain(d)
        columns.at_least(d, constant_form(grain) - (constant_form(1.0) - more) * (grain - columns.least(d)))
        columns.at_least(constant_form(-grain) + (constant_form(1.0) - less) * (grain + columns.largest(d)), d)
        columns.rows.append((z + more + less, 1.0, np.inf))
    return z


def _chosen(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    condition, yes, no = args
    return no + _product(columns, terms, [condition, yes - no], below, above)


def _product(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    """Of a form of columns that are 0 or 1, and another one."""
    a, b = args
    if not a.parts or not b.parts:
        return b * a.constant if not a.parts else a * b.constant
    if not columns.all_boolean(a):
        a, b = b, a
    if not columns.all_boolean(a):
        raise NotExact
    found = b * a.constant
    for column, c in a.parts.items():
        found = found + _switched(columns, Affine(0.0, {column: 1.0}), b) * c
    return found


def _switched(columns: _Columns, z: Affine, a: Affine) -> Affine:
    """z · a, where z is 0 or 1."""
    if a.parts == z.parts:    # z · (z + k) is z (1 + k)
        return z * (1.0 + a.constant)
    low, high = columns.least(a), columns.largest(a)
    boolean = len(a.parts) == 1 and not a.constant and columns.all_boolean(a) and set(a.parts.values()) == {1.0}
    t = columns.new(min(low, 0.0), max(high, 0.0), whole=boolean)
    off = constant_form(1.0) - z
    columns.at_least(z * high, t)
    columns.at_least(t, z * low)
    columns.at_least(a - off * low, t)
    columns.at_least(t, a - off * high)
    return t


def _all(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    if not all(map(columns.all_boolean, args)):
        raise NotExact
    if len(args) == 1:
        return args[0]
    t, total = columns.binary(), sum(args, constant_form(0.0))
    for arg in args:
        columns.at_least(arg, t)
    columns.at_least(t, total - constant_form(len(args) - 1.0))
    return t


def _any(columns: _Columns, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    return constant_form(1.0) - _all(columns, terms, [constant_form(1.0) - arg for arg in args], above, below)


_RULES: dict[str, Callable[..., Affine]] = {
    "max": _maximum, "min": _minimum, "abs": _absolute, "if": _chosen, "product": _product, "all": _all, "any": _any,
    **dict.fromkeys(("<", "<=", ">", ">=", "=", "<>"), _compared)}
