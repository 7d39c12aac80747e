"""Writes the error of each epoch into the cells under a model sheet's chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyxl.grid.block_names import history_name
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named, prefix_of

if TYPE_CHECKING:
    from solver import Epoch


def history_area(workbook: ReadableWorkbook, sheet: str) -> tuple[str, Range] | None:
    """(sheet, range) where a model sheet wants its history; None where it has no such cells."""
    prefix = prefix_of(workbook, sheet)
    return area_named(workbook, history_name(prefix)) if prefix else None


def history_cells(area: Range, epochs: Sequence[Epoch]) -> dict[Cell, Value]:
    """What to write there: epoch and RMSE, a row an epoch, thinned to the rows there are; None in
    the rows that are left, so that nothing of a longer fit stays."""
    cells: dict[Cell, Value] = dict.fromkeys(area.cells())
    for row, epoch in zip(range(area.top, area.bottom + 1), thinned(epochs, area.shape[0])):
        for col, value in zip(range(area.left, area.right + 1), (float(epoch.epoch), epoch.rmse)):
            cells[Cell(row, col)] = value
    return cells


def thinned(epochs: Sequence[Epoch], most: int) -> list[Epoch]:
    """At most `most` of the epochs, two or more: at equal distances, and the last, whatever its own."""
    if not epochs:
        return []
    stride = max(1, -(-(len(epochs) - 1) // (most - 1)))
    kept = list(epochs[::stride])
    return kept if (len(epochs) - 1) % stride == 0 else [*kept, epochs[-1]]
