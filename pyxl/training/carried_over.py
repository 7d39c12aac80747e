"""What a training sheet carries over from the end of an epoch to the start of the next, read from its table."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.block_names import block_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_of
from solver.errors import UserError

from .training_names import TRAINING_ROLES


@dataclass(frozen=True)
class Carried:
    """The value of `source` goes to `target` when an epoch ends, that of `at_reset` when the sheet starts anew."""

    source: Cell
    target: Cell
    at_reset: Cell


@dataclass(frozen=True)
class TrainingSheet:
    """A sheet on which formulas go through all rows of data once, an epoch, and the cells that tie one epoch to the next."""

    sheet: str
    optimizer: str
    error: Cell
    log: Range
    epochs: Cell
    carried: tuple[Carried, ...]


def training_sheets(workbook: ReadableWorkbook) -> dict[str, TrainingSheet]:
    """The training sheets of a workbook of ours, found by its names. Raises UserError for a table that was damaged."""
    ends = tuple(f"_{role}" for role in TRAINING_ROLES)
    here: dict[str, dict[str, tuple[str, Range]]] = {}
    for name in workbook.names:
        where = area_of(name.refers_to)
        if name.scope is None and where and where[0] in workbook.sheets and name.name.endswith(ends):
            prefix, _, role = name.name.rpartition("_")
            here.setdefault(prefix, {})[role] = where
    found = {areas["carry"][0]: _read(workbook, prefix, areas) for prefix, areas in here.items() if areas.keys() >= set(TRAINING_ROLES)}
    return {sheet: found[sheet] for sheet in workbook.sheets if sheet in found}


def _read(workbook: ReadableWorkbook, prefix: str, areas: dict[str, tuple[str, Range]]) -> TrainingSheet:
    sheet, table = areas["carry"]
    grid = workbook.grid(sheet)
    carried = []
    for row in range(table.top, table.bottom + 1):
        target = grid.values.get(Cell(row, table.left + 1))
        if not isinstance(target, str):
            raise UserError(f"{quoted(sheet)}!{Cell(row, table.left + 1)} says where the next value goes ({block_name(prefix, 'carry')}), and "
                            f"holds {target!r}. Put the address of a cell there, such as C1.")
        carried.append(Carried(Cell(row, table.left + 2), Cell.parse(target), Cell(row, table.left + 3)))
    return TrainingSheet(sheet, prefix, areas["error"][1].first, areas["log"][1], areas["epochs"][1].first, tuple(carried))
