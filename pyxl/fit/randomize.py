"""New start values for a sheet: random ones, by the next seed."""

from __future__ import annotations

from dataclasses import replace

from pyxl.detect.verified_model import verified_model
from pyxl.grid.block_names import setting_name
from pyxl.grid.parameters import parameter_cells
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.host import Host
from solver.errors import UserError

from .own_sheets import before_fit
from .own_sheets.settings_cells import sheet_settings

_SEEDS = 2 ** 31    # a settings cell holds 0 … 2^31 − 1


def randomize(host: Host, sheet: str) -> tuple[int, float]:
    """Draw the parameters of a sheet anew and write them; (seed, RMSE with them).

    The seed is the one after that of the workbook's settings, where it is noted: a fit from random
    start values begins from the same. What was there is kept for `restore_on_host`. Raises UserError.
    """
    where = area_named(host, setting_name("seed"))
    if where is None:
        raise UserError(f"'{host.name}' has no cell {setting_name('seed')}, which holds the seed. "
                        "Name one in Formulas > Name Manager.")
    settings, _ = sheet_settings(host, {})
    seed = (settings.seed + 1) % _SEEDS
    ready = verified_model(host, sheet, replace(settings, seed=seed, start="random"))
    layout = ready.model.layout
    host.refuse_protected(layout.areas.values())
    host.write(before_fit.cells_to_keep(host, {layout.sheet: layout.areas}))
    host.write({sheet: parameter_cells(layout, ready.start), where[0]: {where[1].first: float(seed)}})
    host.recalculate()
    return seed, ready.rmse
