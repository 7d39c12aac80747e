"""A table of inputs solved row by row in a workbook that is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyxl.fit.solve_each_row import SolvedTable, add_results, solve_each_row
from pyxl.hosts.live_host import LiveHost
from pyxl.problems.solve import ByFormulas

from .one_run import alone

if TYPE_CHECKING:
    import xlwings


def solve_rows_live(book: xlwings.Book, inputs: str, *, sheets: Iterable[str] | None = None, by_formulas: ByFormulas = ByFormulas()) -> SolvedTable:
    """Solve the problem of an open xlwings book once for each row of the table `inputs`, with the results on a new sheet; nothing is saved.

    While it runs the status bar says which row it is at; anything in the sheet's stop cell, or Ctrl-C, stops it there and keeps the rows
    that were solved. Raises UserError.
    """
    host = LiveHost(book)
    with alone(host, None if sheets is None else list(sheets), "Not solved") as panels:
        panel = next(iter(panels.values()))

        def watch(name: str):
            panel.bar(f"Solving {name} …")
            return lambda step, x: panel.stop_asked()

        panel.clear_stop()
        solved = solve_each_row(host, inputs, sheets=sheets, by_formulas=by_formulas, on_step=watch)
        with host.one_undo_step("Solve a table"):
            add_results(host, solved)
        return solved
