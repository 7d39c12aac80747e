"""Undo a fit: the parameters as they were before the last one, back into the sheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyxl.hosts.file_host import FileHost
from pyxl.hosts.host import Host
from pyxl.xlsx import open_workbook, same_file

from .own_sheets import before_fit


def restore_workbook(path, *, out=None, overwrite: bool = False, sheets: Iterable[str] | None = None) -> dict[str, int]:
    """Put back the parameters that the workbook at `path` keeps from before its last fit, for the
    sheets named, or all that have some; how many cells changed, by sheet.

    `out` as for `fit_workbook`; None writes into the workbook itself. Raises UserError.
    """
    with open_workbook(path) as book:
        target = None if out is None or same_file(book.path, out) else Path(out)
        book.refuse_unless_savable(out=target, overwrite=overwrite)
        host = FileHost(book)
        restored = restore_on_host(host, sheets)
        host.save(out=target, overwrite=overwrite)
        return restored


def restore_on_host(host: Host, sheets: Iterable[str] | None = None) -> dict[str, int]:
    """The same in the workbook that `host` holds (see `press_fit`)."""
    changes = before_fit.restored(host, sheets)
    host.write(changes)
    host.recalculate()
    return {sheet: len(cells) for sheet, cells in changes.items()}
