"""Formulas that cannot be compiled, evaluated point by point: slower, and with slopes by differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.grid.cells import Cell
from pyxl.grid.readable_workbook import ReadableWorkbook

from .constraint_lines import SheetCell

_STEP = 1e-6     # of a number, relative above 1, for a slope


class Evaluated:
    """Outputs as a function of the changing cells, as `pyxl.formulas.compile_formulas.Compiled` has them.

    All that depends on no changing cell is evaluated once. An error value, or a text, is NaN.
    """

    def __init__(self, workbook: ReadableWorkbook, calculator: Calculator, outputs: Sequence[SheetCell], changing: Sequence[SheetCell],
                 start: np.ndarray):
        """Raises FormulaError for what cannot be evaluated either."""
        for place in outputs:
            calculator.value(*place)
        self.start, self.not_smooth = start, ()
        self._outputs, self._changing = tuple(outputs), tuple(changing)
        by_sheet: dict[str, list[Cell]] = {}
        for sheet, cell in changing:
            by_sheet.setdefault(sheet, []).append(cell)
        self._base = calculator.without(by_sheet, dependents(workbook, by_sheet))

    def values(self, x: np.ndarray) -> np.ndarray:
        """All outputs (n_outputs,)."""
        given: dict[str, dict[Cell, float]] = {}
        for (sheet, cell), number in zip(self._changing, x.tolist()):
            given.setdefault(sheet, {})[cell] = number
        calculator = self._base.with_values(given)
        found = (calculator.value(*place) for place in self._outputs)
        return np.array([0.0 if value is None else value if type(value) is float else np.nan for value in found])

    def values_of_many(self, points: np.ndarray) -> np.ndarray:
        """All outputs (p, n_outputs) of many points (p, n_cells)."""
        return np.array([self.values(x) for x in points]).reshape(len(points), len(self._outputs))

    def values_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All outputs (n_outputs,), and finite differences (n_outputs, n_cells)."""
        steps = _STEP * np.maximum(1.0, np.abs(x))
        moved = np.concatenate([x + np.diag(steps), x - np.diag(steps)])
        up, down = np.split(self.values_of_many(moved), 2)
        return self.values(x), ((up - down) / (2 * steps[:, None])).T

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """The first output, and its differences by every changing cell (n_cells,)."""
        values, slopes = self.values_and_jacobian(x)
        return float(values[0]), slopes[0]
