"""What a sheet shows while it is fitted, for a page that has it in view; and what a fit changed, for a program in which the workbook is open."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import json_ready
from pyxl.fit.watcher import OnlyEpochs
from pyxl.grid.parameters import parameter_cells
from pyxl.grid.problem import SheetRange
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.refresh_results import Changes
from pyxl.problems.pose import Posed
from pyxl.problems.solve import changed_cells
from pyxl.xlsx import WorkbookFile, open_workbook

if TYPE_CHECKING:
    import numpy as np

    from pyxl.fit.fittable_sheets import Fittable
    from solver import Epoch, Step
    from solver.model.net import AnyFactors

_EVERY, _SHARE = 0.3, 0.15      # seconds between two looks at least, and the share of the time that looks may take


class LiveSheet(OnlyEpochs):
    """Passes epochs on, and tells a few times a second which shown cells of the sheet have changed since it last told.

    The numbers are those that the sheet's own formulas have with the parameters of that moment.
    """

    def __init__(self, ready: Fittable, book: WorkbookFile, on_each: Callable[[str, Epoch | Step], bool | None],
                 tell_cells: Callable[[list[list[Any]]], None], *, rows: int, columns: int):
        super().__init__(ready.sheet, on_each)
        self._ready, self._host, self._tell_cells = ready, FileHost(book), tell_cells
        self._rows, self._columns = rows, columns
        if isinstance(ready, Posed):
            self._host.overwrite_formulas(ready.overwritten)
        self._told = dict(self._host.present(ready.sheet))
        self._next = time.monotonic() + _EVERY
        self._factors: Callable[[], AnyFactors] | None = None

    def look(self, factors: Callable[[], AnyFactors]) -> None:
        self._factors = factors

    def on_epoch(self, epoch: Epoch) -> bool | None:
        if not isinstance(self._ready, Posed) and self._factors and time.monotonic() >= self._next:
            layout = self._ready.model.layout
            self._show({layout.sheet: dict(parameter_cells(layout, self._factors()))})
        return super().on_epoch(epoch)

    def on_step(self, step: Step, x: Callable[[], np.ndarray]) -> bool | None:
        if isinstance(self._ready, Posed) and time.monotonic() >= self._next:
            self._show(changed_cells(self._ready, lambda sheet: self._host.grid(sheet).values, x()))
        return super().on_step(step, x)

    def _show(self, changes: Changes) -> None:
        began = time.monotonic()
        self._host.write(changes)
        now = self._host.present(self.sheet)
        moved = [[cell.row, cell.col, json_ready(value)] for cell, value in now.items() if cell.row <= self._rows and cell.col <= self._columns
                 and isinstance(value, float) and self._told.get(cell) != value]
        self._told = dict(now)
        if moved:
            self._tell_cells(moved)
        self._next = time.monotonic() + max(_EVERY, (time.monotonic() - began) / _SHARE)


def parameters_written(before: Path, after: Path, blocks: Mapping[str, Mapping[str, SheetRange]]) -> dict[str, list[dict[str, Any]]]:
    """The blocks of parameters whose numbers changed, for each fitted sheet: ``sheet``, ``range``, and the numbers before and after, row by row."""
    with open_workbook(before) as old, open_workbook(after) as new:
        found: dict[str, list[dict[str, Any]]] = {}
        for fitted, areas in blocks.items():
            for sheet, area in dict.fromkeys(areas.values()):
                was, now = (json_ready(book.grid(sheet).block(area)) for book in (old, new))
                if was != now:
                    found.setdefault(fitted, []).append({"sheet": sheet, "range": str(area), "before": was, "after": now})
        return found
