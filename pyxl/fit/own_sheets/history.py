"""Writes the errors of each epoch into the cells under a model sheet's chart, and what is noted of its gradient beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyxl.grid.block_names import GRADIENTS_BY_EPOCH, block_name, held_history_name, history_name
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named, prefix_of

if TYPE_CHECKING:
    from solver import Epoch


@dataclass(frozen=True)
class HistoryCells:
    """Where a model sheet wants its history: epoch and RMSE, where the workbook holds ratings out RMSE on them, and, where it shows
    gradients, the norms of that of an epoch and how many derivatives are how large."""

    sheet: str
    area: Range
    held: Range | None
    gradients: Range | None = None

    def of(self, epochs: Sequence[Epoch]) -> dict[Cell, Value]:
        """What to write there: a row an epoch, thinned to the rows there are; None in the rows that are left, so that nothing
        of a longer fit stays."""
        columns = [Range(self.area.top, col, self.area.bottom, col) for col in (self.area.left, self.area.right)]
        columns += [self.held] if self.held else []
        cells: dict[Cell, Value] = dict.fromkeys(cell for column in columns for cell in column.cells())
        for shift, epoch in enumerate(thinned(epochs, self.area.shape[0])):
            for column, value in zip(columns, (float(epoch.epoch), epoch.rmse, epoch.holdout_rmse)):
                cells[column.first.moved(shift, 0)] = value
        if self.gradients:
            cells |= dict.fromkeys(self.gradients.cells())
            for shift, epoch in enumerate(thinned(epochs, self.gradients.shape[0])):
                if epoch.gradient:
                    noted = (epoch.epoch, *epoch.gradient.norms.values(), *epoch.gradient.counts)
                    cells |= {self.gradients.first.moved(shift, place): float(value) for place, value in enumerate(noted)}
        return cells


def history_area(workbook: ReadableWorkbook, sheet: str) -> HistoryCells | None:
    """The cells for the history of a model sheet; None where it has none."""
    prefix = prefix_of(workbook, sheet)
    where = area_named(workbook, history_name(prefix)) if prefix else None
    if prefix is None or where is None:
        return None
    held = area_named(workbook, held_history_name(prefix))
    gradients = area_named(workbook, block_name(prefix, GRADIENTS_BY_EPOCH))
    return HistoryCells(*where, held[1] if held and held[0] == where[0] and held[1].shape[0] == where[1].shape[0] else None,
                        gradients[1] if gradients and gradients[0] == where[0] else None)


def thinned(epochs: Sequence[Epoch], most: int) -> list[Epoch]:
    """At most `most` of the epochs, two or more: at equal distances, and the last, whatever its own."""
    if not epochs:
        return []
    stride = max(1, -(-(len(epochs) - 1) // (most - 1)))
    kept = list(epochs[::stride])
    return kept if (len(epochs) - 1) % stride == 0 else [*kept, epochs[-1]]
