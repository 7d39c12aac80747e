"""Many writes as one step of the Undo of a program that can group them: LibreOffice. Excel undoes nothing that a program wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def unrecorded(manager) -> Iterator[None]:
    """What is written within is no step of Undo, which `manager` keeps (`undo_manager`)."""
    if manager is None:
        yield
        return
    manager.lock()
    try:
        yield
    finally:
        manager.unlock()


def record_one_step(native, manager, title: str, *, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Make one step of Undo of all that was written unrecorded: `before` writes, unrecorded too, what was there before,
    `after` what is to stay. Nothing is calculated between the two. `native` is the program's own workbook."""
    if manager is None:
        return
    calculates = native.isAutomaticCalculationEnabled()
    native.enableAutomaticCalculation(False)
    try:
        before()
    finally:    # whatever happened, what is to stay is written
        manager.enterUndoContext(title)
        try:
            after()
        finally:
            manager.leaveUndoContext()
            native.enableAutomaticCalculation(calculates)


def undo_manager(native):
    """Who keeps the steps of Undo of the program's own workbook (xlwings' ``api``); None where it groups none."""
    return native.getUndoManager() if hasattr(native, "getUndoManager") else None
