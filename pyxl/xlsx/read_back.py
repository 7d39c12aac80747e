"""Edits read back from the file that was written, before it replaces the old one."""

from __future__ import annotations

from collections.abc import Mapping

from pyxl.grid.cells import Cell, ErrorValue, Value
from pyxl.xlsx.parts.cell_xml import Edit, new_value, python_number
from pyxl.xlsx.parts.sheet_reader import read_sheet
from solver.errors import UserError

from .package import Package
from .workbook_part import read_workbook


def verify_edits(written: Package, edits: Mapping[str, Mapping[Cell, Edit]]) -> None:
    """Raise UserError unless the package, read as any workbook is, holds every edit; only edited cells are kept in memory."""
    sheets = read_workbook(written).sheets
    for sheet, cells in edits.items():
        if not cells:
            continue
        part = sheets[sheet]
        found = read_sheet(written.chunks(part), sheet, part=part, only=cells.keys()).values
        for cell, edit in cells.items():
            wanted = python_number(new_value(edit))
            if not _same(found.get(cell), wanted):
                raise UserError(f"'{written.name}' was not saved: {sheet}!{Cell(*cell)} would hold {found.get(cell)!r} where "
                                f"{wanted!r} was written. The workbook is as it was; please report this.")


def _same(found: Value, wanted: Value) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):     # TRUE is no 1
        return found is wanted
    if isinstance(wanted, str):     # half a sign is read as the sign for what is unreadable
        wanted = type(wanted)(wanted.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return found == wanted and isinstance(found, ErrorValue) == isinstance(wanted, ErrorValue)
