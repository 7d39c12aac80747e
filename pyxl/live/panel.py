"""What a model sheet shows of a live fit and hears of its user: the cells `status` and `stop`."""

from __future__ import annotations

from contextlib import suppress

from pyxl.base.one_at_a_time import stop_mark
from pyxl.grid.block_names import CONTROLS, control_name, result_name
from pyxl.grid.cells import Cell, Value
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.live_host import LiveHost
from pyxl.hosts.protection import Protected

_LONGEST = 1000   # characters of a status: nobody reads more in a cell


class Panel:
    """The status and stop cells of one sheet, and the program's status bar. A sheet without such
    cells has the status bar alone; its fit is stopped by a file, which the add-ins make."""

    def __init__(self, host: LiveHost, sheet: str):
        self._host, self._cells, self._stop_mark = host, _control_cells(host, sheet), stop_mark(host.place)

    @property
    def has_status(self) -> bool:
        """Whether the sheet has a cell in which its user reads what is said."""
        return "status" in self._cells

    def say(self, text: str) -> None:
        """Show a text, in the cell until the next one, and in the status bar."""
        self._write("status", text[:_LONGEST])
        self.bar(text)

    def bar(self, text: str | None) -> None:
        """Show a text in the status bar alone; None gives the bar back."""
        self._host.say_in_bar(text)

    def stop_asked(self) -> bool:
        """Whether the user put something into the stop cell, or pressed Stop in an add-in."""
        if self._stop_mark.exists():
            return True
        where = self._cells.get("stop")
        return where is not None and self._host.value(*where) not in (None, "", 0, False)

    def clear_stop(self) -> None:
        self._stop_mark.unlink(missing_ok=True)
        self._write("stop", None)

    def _write(self, what: str, value: Value) -> None:
        if where := self._cells.get(what):
            with suppress(Protected):   # a status matters less than the fit: the status bar shows it, too
                self._host.show(*where, value)


def _control_cells(host: LiveHost, sheet: str) -> dict[str, tuple[str, Cell]]:
    """Where the controls of a sheet are: what -> (sheet, cell). Macros find them in the same way: a sheet need not have a model of
    ours, as `hyper` has none, and `ratings` has a status alone."""
    found: dict[str, tuple[str, Cell]] = {}
    for name in host.names:
        for what in CONTROLS:
            if name.name.endswith(control_name("", what)) and not name.name.endswith(result_name("", what)):
                where = area_named(host, name.name)
                if where and where[0] == sheet:
                    found[what] = (sheet, where[1].first)
    return found
