"""The `start` sheet of our workbooks: settings read from its named cells, results written to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pyxl.grid.block_names import RESULTS, SETTINGS, result_name, setting_name
from pyxl.grid.cells import Cell, ErrorValue, Value, quoted
from pyxl.grid.sheet_names import area_named, prefix_of
from solver.errors import UserError

if TYPE_CHECKING:
    from solver import FitResult, Settings

# Of a new workbook. A fit without decay brings RMSE lowest and can predict 1,400 stars for a blank. Of .02, .05, .08,
# .1, .15, .2 and .3 only this beat biases alone on held-out ratings everywhere: on the example, and on films of
# ml-latest-small at 15 × 15, 40 × 25, 100 × 60 and 300 × 200. Few ratings want more, many of them less: 0.1.
WEIGHT_DECAY = 0.15


def sheet_settings(workbook, options: Mapping) -> Settings:
    """The Settings that the workbook's named cells hold; `options` go before them, the defaults
    stand in where neither says anything.

    Raises UserError that names the cell of a value that makes no sense.
    """
    from solver import Settings

    given = dict(options)
    if "optimizer" in options:
        given.setdefault("lr", None)  # a rate on the sheet was meant for the sheet's optimizer
    for option in SETTINGS:
        if option in given:
            continue
        where = area_named(workbook, setting_name(option))
        if where is None:
            continue
        sheet, cell = where[0], where[1].first
        value = workbook.grid(sheet).values.get(cell)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if isinstance(value, float) and value.is_integer() and option in ("epochs", "seed"):
            value = int(value)
        if isinstance(value, ErrorValue):
            raise UserError(f"{quoted(sheet)}!{cell} is {value}. Fix or clear it.")
        given[option] = value
        try:
            Settings(**given)
        except UserError as why:
            if not (option == "lr" and "finds its step" in str(why)):
                raise UserError(f"{quoted(sheet)}!{cell}: {why}") from why
            del given["lr"]  # a rate left over from another optimizer
    return Settings(**given)


def result_cells(workbook, sheet: str, result: FitResult) -> Iterator[tuple[str, Cell, Value]]:
    """Where the workbook wants the last result of a sheet, and what to write there."""
    prefix = prefix_of(workbook, sheet)
    if prefix is None:
        return
    values = {"rmse_before": result.rmse_before, "rmse_after": result.rmse_after,
              "epochs": float(result.epochs), "stop": result.stop}
    for what in RESULTS:
        where = area_named(workbook, result_name(prefix, what))
        if where is not None:
            yield where[0], where[1].first, values[what]
