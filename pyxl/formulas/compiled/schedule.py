"""In which order formulas are compiled: on demand, those needed first; in levels where they need each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from pyxl.formulas.language.formula_errors import FormulaError, placed
from pyxl.grid.cells import Cell

from .cell_reader import Unsettled
from .groups import Group, arranged, distinct
from .lanes.lanes import Split
from .sheet_map import IS_CONSTANT, OPEN, WAITING, SheetMap


@dataclass(eq=False)
class Batch:
    """Cells of one group that are compiled together: their rows and columns (see `groups.arranged`).

    `memo` keeps what was found of the formula's nodes while the batch waits for others. Without `masks`
    a condition of constants splits the batch, so that no cell reads what it does not need.
    """

    group: Group
    lanes: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    masks: bool = True
    memo: dict = field(default_factory=dict)

    @classmethod
    def of(cls, group: Group, lanes: np.ndarray, *, masks: bool = True) -> Batch:
        rows, cols = group.rows[lanes], group.cols[lanes]
        order = np.lexsort((cols, rows))
        return cls(group, lanes[order], *arranged(rows[order], cols[order]), masks)

    @property
    def shape(self) -> tuple[int, int]:
        return np.broadcast_shapes(self.rows.shape, self.cols.shape)

    @property
    def first(self) -> Cell:
        return Cell(int(self.rows[0, 0]), int(self.cols[0, 0]))


class Scheduler:
    """Compiles cells and before them what they need, with a stack of its own as chains may be long.

    `compile(batch)` settles the cells of a batch, or raises Unsettled or Split. `constant(group)` is
    whether a group surely depends on no changing cell. `levels(batches)` gives these and all
    they need, in an order in which each needs only those before.
    """

    def __init__(self, maps: Callable[[str], SheetMap], compile: Callable[[Batch], None],
                 constant: Callable[[Group], bool], levels: Callable[[list[Batch]], Iterable[Batch]]):
        self._maps, self._compile, self._constant, self._levels = maps, compile, constant, levels

    def settle(self, sheet: str, rows: np.ndarray, cols: np.ndarray) -> None:
        """Compiles the cells; those that depend on no changing cell are left to the Calculator."""
        stack = self._batches(sheet, rows, cols)
        while stack:
            batch = stack.pop()
            known = self._maps(batch.group.sheet)
            segment = known.segment[known.cells(batch.group, batch.lanes)]
            if not (segment < 0).all():  # another batch, meanwhile
                if (left := batch.lanes[(segment < 0).any(1)]).size:
                    stack.append(Batch.of(batch.group, left, masks=batch.masks))
                continue
            try:
                self._compile(batch)
            except Split as split:
                keys = np.broadcast_to(split.keys, batch.shape).ravel()
                stack += [Batch.of(batch.group, batch.lanes[keys == key], masks=batch.masks)
                          for key in dict.fromkeys(keys.tolist())]
                self._mark(batch, OPEN)
            except Unsettled as needs:
                self._mark(batch, WAITING)
                stack.append(batch)
                needed = self._batches(needs.sheet, needs.rows, needs.cols)
                stack += self._in_levels(stack, needs) if needed is None else needed

    def _batches(self, sheet: str, rows: np.ndarray, cols: np.ndarray) -> list[Batch] | None:
        """The batches of open cells; None when some of them wait for the very batch that needs them."""
        known = self._maps(sheet)
        at = known.at(rows, cols)
        if (known.segment[at] == WAITING).any():
            return None
        open_ = known.segment[at] == OPEN
        groups, lanes = known.group[at][open_], known.lane[at][open_]
        batches = []
        for number in distinct(groups).tolist():
            group = known.groups[number - 1]
            if self._constant(group):
                known.segment[known.cells(group, np.arange(len(group.rows)))] = IS_CONSTANT
            else:
                batches.append(Batch.of(group, distinct(lanes[groups == number])))
        return batches

    def _in_levels(self, stack: list[Batch], needs: Unsettled) -> list[Batch]:
        known = self._maps(needs.sheet)
        at = known.at(needs.rows, needs.cols)
        waited = {(number, lane) for number, lane, segment in zip(
            known.group[at].tolist(), known.lane[at].tolist(), known.segment[at].tolist()) if segment == WAITING}
        groups = {known.groups[number - 1] for number, _ in waited}
        first = next(i for i, batch in enumerate(stack) if batch.group in groups and self._waits(batch))
        circle = stack[first:]
        del stack[first:]
        if not all(batch.masks for batch in circle):
            raise _circular(circle[0])
        for batch in circle:
            self._mark(batch, OPEN)
        return list(self._levels(circle))[::-1]

    def _waits(self, batch: Batch) -> bool:
        known = self._maps(batch.group.sheet)
        return bool((known.segment[known.cells(batch.group, batch.lanes)] == WAITING).any())

    def _mark(self, batch: Batch, state: int) -> None:
        known = self._maps(batch.group.sheet)
        known.segment[known.cells(batch.group, batch.lanes)] = state


def _circular(batch: Batch) -> FormulaError:
    return placed(FormulaError("the cell seems to need itself. Break the circle."), batch.group.sheet, batch.first)
