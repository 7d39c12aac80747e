"""The state of one sheet's evaluation: known values, and cells whose formulas are still to be evaluated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np

from pyxl.formulas.language.formula_errors import CALC, NUM, VALUE
from pyxl.formulas.language.syntax.lambdas import Lambda
from pyxl.formulas.language.text_units import length
from pyxl.formulas.language.values import LONGEST_TEXT, pack
from pyxl.grid.cells import Cell, ErrorValue, Range, Value
from pyxl.grid.grid import Grid

SPARSE = 10_000  # cells of a range from which only those that hold something are looked at

Key = tuple[str, Cell]  # a formula's sheet and cell


class Pending(Exception):
    """Formulas that must be settled before the one under way can be; it is then begun again."""

    def __init__(self, needs: list[Key]):
        super().__init__()
        self.needs = needs


@dataclass
class SheetState:
    """Settled values, and for every cell still waiting, whose formula it awaits."""

    title: str
    grid: Grid
    values: dict[tuple[int, int], Value]     # by (row, column), which a Cell is too
    waiting: dict[tuple[int, int], Cell]
    last: tuple[int, int]                                    # the used range's last row and column
    blocks: dict[tuple[int, int, int], np.ndarray] = field(default_factory=dict)  # by top, left, right

    @classmethod
    def begun(cls, title: str, grid: Grid, overrides: Mapping[Cell, Value]) -> SheetState:
        """Constants and `overrides` are known, all formulas wait."""
        # Without text: inside an array formula's block, or a what-if table, whose stored value stands.
        waiting: dict[tuple[int, int], Cell] = {cell: cell for cell, formula in grid.formulas.items() if formula.text and not formula.array}
        for block, cell in grid.arrays.items():
            waiting.update(dict.fromkeys(block.cells(), cell))
        values: dict[tuple[int, int], Value] = {cell: value for cell, value in grid.values.items() if cell not in waiting}
        for cell, value in overrides.items():
            waiting.pop(cell, None)
            values[cell] = value
        held = values.keys() | waiting.keys()
        used = Range.around(held) if held else Range(1, 1, 1, 1)
        return cls(title, grid, values, waiting, (used.bottom, used.right))

    def without(self, changing: Iterable[Cell], depending: Iterable[Cell]) -> SheetState:
        """The same, where the cells `changing` are blank and those that depend on them wait again."""
        owners = {cell: owner for cell in depending if (owner := self.grid.owner(cell)) is not None}
        gone = {*changing, *owners}
        values: dict[tuple[int, int], Value] = {cell: value for cell, value in self.values.items() if cell not in gone}
        waiting = self.waiting | dict(owners)
        rows, cols = np.array(list(gone), dtype=int).reshape(-1, 2).T
        blocks = {(top, left, right): block for (top, left, right), block in self.blocks.items()
                  if not ((top <= rows) & (rows < top + len(block)) & (left <= cols) & (cols <= right)).any()}
        return SheetState(self.title, self.grid, values, waiting, self.last, blocks)

    def with_values(self, given: Mapping[Cell, Value]) -> SheetState:
        """A copy in which more cells are given, also where formulas wait."""
        waiting = dict(self.waiting)
        for cell in given:
            waiting.pop(cell, None)
        last = max([self.last[0], *(cell[0] for cell in given)]), max([self.last[1], *(cell[1] for cell in given)])
        values = {cell: python_value(value) for cell, value in given.items()}
        return SheetState(self.title, self.grid, self.values | values, waiting, last, dict(self.blocks))

    def block(self, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """The values of a range; raises Pending while a formula in it is unsettled."""
        known = self.blocks.get((top, left, right))
        height = bottom - top + 1
        if known is None or len(known) < height:
            # A longer block continues a shorter one, so that running totals stay cheap.
            start = top if known is None else top + len(known)
            more = self._gathered(start, left, bottom, right)
            known = self.blocks[top, left, right] = more if known is None else _stacked(known, more)
        return known if len(known) == height else known[:height]

    def _gathered(self, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        rows, cols = (max(0, min(end, last) - start + 1)
                      for start, end, last in ((top, bottom, self.last[0]), (left, right, self.last[1])))
        shape = bottom - top + 1, right - left + 1
        if rows * cols > SPARSE and rows * cols > len(self.values) + len(self.waiting):
            return self._gathered_sparsely(top, left, shape)
        cells = [(row, col) for row in range(top, top + rows) for col in range(left, left + cols)]
        if self.waiting:
            needs = {self.waiting[cell]: None for cell in cells if cell in self.waiting}
            if needs:
                raise Pending([(self.title, cell) for cell in needs])
        held = pack([self.values.get(cell) for cell in cells], (rows, cols))
        if held.shape == shape:
            return held
        block = np.empty(shape, dtype=object)  # blanks beyond what the sheet uses
        block[:rows, :cols] = held
        return block


    def _gathered_sparsely(self, top: int, left: int, shape: tuple[int, int]) -> np.ndarray:
        block = np.empty(shape, dtype=object)
        for (row, col), value in self._inside(top, left, top + shape[0] - 1, left + shape[1] - 1):
            block[row - top, col - left] = value
        return block

    def held(self, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """What the cells of a range hold, in reading order and as one row: a giant range costs no more than that."""
        values = [value for _, value in sorted(self._inside(top, left, bottom, right), key=itemgetter(0))]
        return pack(values, (1, len(values)))

    def _inside(self, top: int, left: int, bottom: int, right: int) -> list[tuple[tuple[int, int], Value]]:
        """The cells of a range that hold something; raises Pending while a formula in it is unsettled."""
        inside = [cell for cell in self.waiting if top <= cell[0] <= bottom and left <= cell[1] <= right]
        if inside:
            raise Pending([(self.title, owner) for owner in dict.fromkeys(map(self.waiting.__getitem__, inside))])
        return [(cell, value) for cell, value in self.values.items()
                if top <= cell[0] <= bottom and left <= cell[1] <= right]


def python_value(value) -> Value:
    """A value as `Value` has it."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return value if value is None or isinstance(value, str) else float(value)


def shown_value(result) -> Value:
    """What a cell shows of a formula's result: 0 for a blank, an error for what no cell can hold."""
    if isinstance(result, Lambda):  # a function that nobody calls
        return ErrorValue(CALC)
    value = python_value(result)
    if value is None:
        return 0.0
    if isinstance(value, float) and not math.isfinite(value):
        return ErrorValue(NUM)
    if isinstance(value, str) and length(value) > LONGEST_TEXT:
        return ErrorValue(VALUE)
    return value


def _stacked(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """One above the other; of two kinds of array the values keep theirs."""
    if upper.dtype != lower.dtype:
        upper, lower = upper.astype(object), lower.astype(object)
    return np.concatenate((upper, lower))
