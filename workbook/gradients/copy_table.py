"""The table by which the macros of Step take a step: addresses that follow their blocks, and the names that macros look for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from xlsxwriter import Workbook

from pyxl.grid.block_names import STEP_ROLES, block_name, step_setting_name
from pyxl.grid.cells import Cell, Range, quoted
from workbook.write.styles import Styles


class StepPlan(Protocol):
    """What stands beside the blocks of a model sheet, whose buttons take steps."""

    @property
    def sheet(self) -> str: ...
    @property
    def settings(self) -> dict[str, Cell]: ...
    @property
    def fault(self) -> Cell: ...
    @property
    def table(self) -> Range: ...
    @property
    def area(self) -> Range: ...


def define_step_names(workbook: Workbook, plan: StepPlan, settings: Sequence[str]) -> None:
    """The names by which macros, and an update of the workbook, find what is there."""
    named = {"gradients": plan.area, "step_table": plan.table, "step_fault": Range.around([plan.fault]),
             "steps": Range.around([plan.settings["steps"]])}
    for name, where in {**{block_name(plan.sheet, role): named[role] for role in STEP_ROLES},
                        **{step_setting_name(plan.sheet, name): Range.around([plan.settings[name]]) for name in settings}}.items():
        workbook.define_name(name, f"={quoted(plan.sheet)}!{where.absolute}")


def put_address(sheet, cell: Cell, what: str, styles: Styles) -> None:
    """A formula of the table, an address or a number."""
    sheet.write_formula(cell.row - 1, cell.col - 1, what, styles.table_plain)


def address_of(where: Range, *, row: str = "") -> str:
    """The formula of a block's address, which follows the block when rows are inserted; or of one of its rows, counted from 1."""
    if row:
        first, last = where.first, Cell(where.top, where.right)
        return "=" + '&":"&'.join(f"ADDRESS(ROW({corner})+{row}-1,COLUMN({corner}),4)" for corner in (first, last))
    corners = (where.first, Cell(where.bottom, where.right))
    return "=" + '&":"&'.join(f"ADDRESS(ROW({corner}),COLUMN({corner}),4)" for corner in corners)
