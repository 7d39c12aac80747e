"""Formulas between changing cells and outputs, compiled: values and exact derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.cell_reader import Reader, Segment
from pyxl.formulas.compiled.changing import Reach
from pyxl.formulas.compiled.interpret import Interpreter, Notes
from pyxl.formulas.compiled.lanes.guarded import many_points
from pyxl.formulas.compiled.lanes.lanes import CONSTANT, NUMBER, Lanes, alike
from pyxl.formulas.compiled.levels import Levels
from pyxl.formulas.compiled.schedule import Batch, Scheduler
from pyxl.formulas.compiled.sheet_map import SheetMap
from pyxl.formulas.compiled.torch_program import INPUT, Recorded, TorchProgram
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError, placed
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError
from solver.threads import one_thread

from .rules.choosing_rules import CHOOSING_RULES
from .rules.distribution_rules import DISTRIBUTION_RULES
from .rules.elementwise_rules import ELEMENTWISE_RULES
from .rules.finance_rules import FINANCE_RULES
from .rules.lambda_rules import LAMBDA_RULES
from .rules.matrix_rules import MATRIX_RULES
from .rules.place_rules import PLACE_RULES
from .rules.rewritten_functions import REWRITTEN_RULES
from .rules.sums.conditional_sum_rules import CONDITIONAL_SUM_RULES
from .rules.sums.statistics_rules import STATISTICS_RULES
from .rules.sums.sum_rules import SUM_RULES
from .rules.sums.total_rules import TOTAL_RULES

if TYPE_CHECKING:
    from pyxl.formulas.structure.nonlinear_terms import Structure

RULES = (CHOOSING_RULES | CONDITIONAL_SUM_RULES | DISTRIBUTION_RULES | ELEMENTWISE_RULES | FINANCE_RULES | LAMBDA_RULES
         | MATRIX_RULES | PLACE_RULES | REWRITTEN_RULES | STATISTICS_RULES | SUM_RULES | TOTAL_RULES)


MOST_AT_ONCE = 4_000_000   # numbers that a step of the program may have, of many points together
WIDE = 200_000  # cells computed at once from which several threads are faster


@dataclass(frozen=True, eq=False)
class Compiled:
    """Outputs as a function of the changing cells. An error value is NaN.

    `cells` are the changing cells in order and `start` (n_cells,) their values; `not_smooth` says,
    a sentence a formula, where derivatives do not exist.
    """

    cells: tuple[tuple[str, Cell], ...]
    start: np.ndarray
    not_smooth: tuple[str, ...]
    program: Recorded
    widest: int  # the most cells that are computed at once

    def outputs(self, x: Tensor) -> Tensor:
        """The outputs (n_outputs,) where the changing cells hold x (n_cells,), float64; differentiable."""
        return self.program.run(x)

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """The first output, and its derivative by every changing cell (n_cells,)."""
        at = torch.tensor(np.asarray(x, dtype=np.float64), requires_grad=True)
        with one_thread(self.widest < WIDE):
            value = self.outputs(at)[0]
            return value.item(), _gradient(value, at)

    def structure(self) -> Structure:
        """How the outputs depend on the changing cells: see `affine`. Raises NotFollowed."""
        from pyxl.formulas.structure.follow import follow

        return follow(self.program, self.start)

    def values(self, x: np.ndarray) -> np.ndarray:
        """All outputs (n_outputs,)."""
        with one_thread(self.widest < WIDE), torch.no_grad():
            return self.outputs(torch.tensor(np.asarray(x, dtype=np.float64))).numpy()

    def values_of_many(self, points: np.ndarray) -> np.ndarray:
        """All outputs (p, n_outputs) of many points (p, n_cells), computed together as far as the formulas allow."""
        together = max(1, MOST_AT_ONCE // max(1, self.widest))
        with one_thread(self.widest * min(together, len(points)) < WIDE), torch.no_grad(), many_points():
            return np.concatenate([self._together(torch.tensor(points[first:first + together]))
                                   for first in range(0, len(points), together)])

    def _together(self, points: Tensor) -> np.ndarray:
        try:
            return torch.vmap(self.outputs)(points).numpy()
        except RuntimeError:    # a function of torch that takes one point at a time
            return torch.stack([self.outputs(point) for point in points]).numpy()

    def values_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All outputs (n_outputs,), and their derivatives (n_outputs, n_cells)."""
        at = torch.tensor(np.asarray(x, dtype=np.float64), requires_grad=True)
        with one_thread(self.widest < WIDE):
            values = self.outputs(at)
            rows = [_gradient(value, at, again=i + 1 < len(values)) for i, value in enumerate(values)]
        return values.detach().numpy(), np.array(rows).reshape(len(values), len(at))


def _gradient(value: Tensor, at: Tensor, *, again: bool = False) -> np.ndarray:
    if not value.requires_grad:
        return np.zeros(len(at))
    found, = torch.autograd.grad(value, at, retain_graph=again, allow_unused=True)
    return np.zeros(len(at)) if found is None else found.numpy()


def compile_formulas(workbook: ReadableWorkbook, outputs: Sequence[tuple[str, Cell]], changing: Sequence[tuple[str, Range]], *,
                     calculator: Calculator | None = None) -> Compiled:
    """Compiles what leads from the changing cells to the output cells.

    `workbook` as for `Calculator`. A blank changing cell counts as 0. Raises UserError for changing cells and
    outputs that are none, FormulaError for a circle, and Unsupported, which names the function and the
    cell, for what cannot be compiled. `calculator`, of this book and without overrides, spares a second evaluation.
    """
    cells, start = _changing_cells(workbook, changing)
    return _Compilation(workbook, cells, calculator or Calculator(workbook)).compiled(outputs, start)


def _changing_cells(workbook: ReadableWorkbook, changing: Sequence[tuple[str, Range]]) -> tuple[tuple[tuple[str, Cell], ...], np.ndarray]:
    cells = tuple(dict.fromkeys((sheet, cell) for sheet, area in changing for cell in area.cells()))
    start = []
    for sheet, cell in cells:
        grid = workbook.grid(sheet)
        if (owner := grid.owner(cell)) is not None:
            raise UserError(f"{quoted(sheet)}!{cell} is to be changed but holds a formula, "
                            f"={grid.formulas[owner].text}. Give cells that hold numbers.")
        value = grid.values.get(cell)
        if isinstance(value, (str, bool)):
            raise UserError(f"{quoted(sheet)}!{cell} is to be changed but holds '{value}'. Put a number there.")
        start.append(0.0 if value is None else float(value))
    return cells, np.array(start)


class _Compilation:
    """One compilation under way."""

    def __init__(self, workbook: ReadableWorkbook, cells: tuple[tuple[str, Cell], ...], calculator: Calculator):
        self._workbook, self._cells = workbook, cells
        self._calculator, self._program = calculator, TorchProgram()
        self._notes: Notes = {}
        self._sheet_maps: dict[str, SheetMap] = {}
        self._places: dict[str, list[int]] = {}  # of every sheet's changing cells among all
        for place, (sheet, _) in enumerate(cells):
            self._places.setdefault(sheet, []).append(place)
        self._reader = Reader(self._calculator, self._program, self._map)
        self._reader.segments.append(Segment(INPUT, len(cells), np.zeros(len(cells)), alike(NUMBER, (len(cells),))))
        reach = Reach(self._calculator, self._map)
        self._scheduler = Scheduler(self._map, self._compile, reach.constant,
                                    Levels(self._calculator, self._map, reach.constant))

    def compiled(self, outputs: Sequence[tuple[str, Cell]], start: np.ndarray) -> Compiled:
        together = self._together(outputs)
        noted = sorted((sheet, cell, what) for (sheet, _, what), cell in self._notes.items())
        notes = (f"{quoted(sheet)}!{cell}: {what}." for sheet, cell, what in noted)
        widest = max(segment.size for segment in self._reader.segments)
        return Compiled(self._cells, start, tuple(notes), self._program.recorded(together), widest)

    def _together(self, outputs: Sequence[tuple[str, Cell]]) -> int:
        """The tensor of all outputs, in order. Those of a sheet are compiled and read together, so that a column of constraints
        is a few steps."""
        if not outputs:
            return self._program.constant(np.zeros(0))
        places: dict[str, list[int]] = {}
        for place, (sheet, _) in enumerate(outputs):
            places.setdefault(sheet, []).append(place)
        tensors = []
        for sheet, chosen in places.items():
            cells = [outputs[place][1] for place in chosen]
            self._program.place = sheet, cells[0]
            rows, cols = np.array(cells, dtype=int).T[:, :, None]
            self._scheduler.settle(sheet, rows, cols)
            found = self._reader.cells(sheet, rows[:, :, None, None], cols[:, :, None, None])
            for cell, value, kind in zip(cells, found.const.ravel().tolist(), found.kinds.ravel().tolist()):
                if kind == CONSTANT and type(value) is not float:
                    raise UserError(f"{quoted(sheet)}!{cell} holds {'nothing' if value is None else repr(value)}, "
                                    "where a number is needed. Name a cell with a number.")
            tensors.append(self._program.constant(found.const.astype(float)) if found.tensor is None else found.tensor)
        order = torch.from_numpy(np.argsort([place for chosen in places.values() for place in chosen]))
        return self._program.step(lambda *found: torch.cat([t.reshape(-1) for t in found])[order.to(found[0].device)], *tensors)

    def _map(self, sheet: str) -> SheetMap:
        if sheet not in self._sheet_maps:
            places = np.array(self._places.get(sheet, []), dtype=int)
            rows, cols = np.array([self._cells[place][1] for place in places], dtype=int).reshape(-1, 2).T
            known = self._sheet_maps[sheet] = SheetMap(self._workbook.grid(sheet), (rows, cols))
            known.segment[known.at(rows, cols)] = 1
            known.slot[known.at(rows, cols)] = places
        return self._sheet_maps[sheet]

    def _compile(self, batch: Batch) -> None:
        """Settles the cells of a batch. Raises Unsettled or Split."""
        group, tree = batch.group, batch.group.tree
        self._program.place = group.sheet, batch.first
        interpreter = Interpreter(batch, self._reader, self._program, RULES, self._notes,
                                  array=group.block is not None, origin=group.anchor)
        try:
            result = interpreter.value(tree)
        except FormulaError as error:
            raise placed(error, group.sheet, batch.first) from None
        except RecursionError:
            raise FormulaError(f"{quoted(group.sheet)}!{batch.first}: the formula or the names in it are nested "
                               "too deeply. Split it over several cells.") from None
        self._store(batch, interpreter.filling(result, group.block or (1, 1)))

    def _store(self, batch: Batch, result: Lanes) -> None:
        shape = (*batch.shape, *result.shape[2:])
        size = int(np.prod(shape))
        const, kind = (np.broadcast_to(values, shape).reshape(-1) for values in (result.const, result.kinds))
        tensor = self._program.step(lambda t: t.expand(shape).reshape(-1), result.tensor) if result.tensor is not None else None
        self._reader.segments.append(Segment(tensor, size, const, kind))
        known = self._map(batch.group.sheet)
        at = known.cells(batch.group, batch.lanes)
        known.segment[at] = len(self._reader.segments)
        known.slot[at] = np.arange(size).reshape(len(batch.lanes), -1)
