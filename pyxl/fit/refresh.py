"""Recalculates a workbook, and compares a sheet with what Python computes."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.detect.verified_model import verified_model
from pyxl.detect.verify import agrees
from pyxl.grid.cells import quoted
from pyxl.hosts.host import Host
from solver.errors import UserError

from .own_sheets.settings_cells import sheet_settings


@dataclass(frozen=True)
class Refreshed:
    """What a sheet shows now: `n_blanks` pairs of a user and an item are predicted and not rated."""

    rmse: float
    n_ratings: int
    n_blanks: int


def refresh(host: Host, sheet: str) -> Refreshed:
    """Calculate every formula again and verify the sheet. Raises UserError where one cannot be
    calculated, or where the sheet is no model that we know."""
    problems = host.recalculate()
    if problems:
        raise UserError(problems[0])
    ready = verified_model(host, sheet, sheet_settings(host, {"start": "sheet"})[0])
    layout = ready.model.layout
    shown = host.value(sheet, layout.rmse)
    if layout.measure == "rmse" and not (isinstance(shown, float) and agrees(shown, ready.rmse)):
        raise UserError(f"{quoted(sheet)}!{layout.rmse} shows {shown} where Python computes {ready.rmse:.9g}: "
                        "please report this workbook.")
    users, items = layout.user_factors.shape[0], layout.item_factors.shape[0]
    return Refreshed(ready.rmse, len(ready.ratings), users * items - len(ready.ratings))
