"""The `start` sheet of our workbooks: settings read from its named cells, results written to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pyxl.grid.block_names import RESULTS, SETTINGS, result_name, setting_name
from pyxl.grid.cells import Cell, ErrorValue, Value, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named, prefix_of
from solver.core.optimizers import OPTIMIZERS
from solver.core.options import AUTO, Whole
from solver.core.settings import OPTIONS, Settings, usable
from solver.errors import UserError

if TYPE_CHECKING:
    from solver import FitResult

_CONSTANTS = frozenset(name for optimizer in OPTIMIZERS.values() for name in optimizer.constants)


def sheet_settings(workbook: ReadableWorkbook, options: Mapping) -> tuple[Settings, tuple[str, ...]]:
    """The Settings that the workbook's named cells hold, and notes on cells that were not used.

    `options` go before the cells, and the defaults stand in where neither says anything. A cell whose setting is not
    honoured beside the others was left over, and is not used. Raises UserError that names the cell of a value that
    makes no sense.
    """
    given, cells = dict(options), {}
    others = _CONSTANTS if "optimizer" in options else ()   # those on the sheet were meant for the sheet's optimizer
    for name in SETTINGS:
        where = area_named(workbook, setting_name(name))
        if where is None or name in options or name in others:
            continue
        place = f"{quoted(where[0])}!{where[1].first}"
        value = workbook.grid(where[0]).values.get(where[1].first)
        optional = OPTIONS[name].values.optional
        if value is None or (isinstance(value, str) and value.strip().casefold() in ("", AUTO)[:1 + optional]):
            if optional:
                given[name] = None      # a blank weight decay is to be chosen, which is not the default of Python
            continue
        if isinstance(value, ErrorValue):
            raise UserError(f"{place} is {value}. Fix or clear it.")
        if isinstance(value, float) and value.is_integer() and isinstance(OPTIONS[name].values, Whole):
            value = int(value)
        try:
            OPTIONS[name].check(value)
        except UserError as why:
            raise UserError(f"{place}: {why}") from why
        given[name], cells[name] = value, place
    settings, left_out = usable(given, stored=cells)
    return settings, tuple(f"{cells[name]} was not used: {why}" for name, why in left_out.items())


def result_cells(workbook: ReadableWorkbook, sheet: str, result: FitResult) -> Iterator[tuple[str, Cell, Value]]:
    """Where the workbook wants the last result of a sheet, and what to write there."""
    prefix = prefix_of(workbook, sheet)
    if prefix is None:
        return
    values: dict[str, Value] = {
              "rmse_before": result.rmse_before, "rmse_after": result.rmse_after,
              "epochs": float(result.epochs),
              "stop": result.stop if result.decay is None else f"{result.stop} {result.decay.reason}"}
    for what in RESULTS:
        where = area_named(workbook, result_name(prefix, what))
        if where is not None:
            yield where[0], where[1].first, values[what]
