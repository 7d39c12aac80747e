"""One live fit of a workbook at a time, whatever process runs it; and how another process asks it to stop."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solver.errors import UserError

from .own_folder import own_folder


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold the lock of the workbook `name` (its full path); UserError where another run holds it.

    The lock is the system's: it ends with its process, however that ends.
    """
    with _file_of(name, "lock").open("w") as file:
        try:
            _lock(file)
        except OSError:
            raise UserError("A fit of this workbook is running. Stop it, or wait for its end.") from None
        yield


def stop_mark(name: str) -> Path:
    """The file whose being there asks the fit of the workbook `name` to stop: for workbooks without a cell for that."""
    return _file_of(name, "stop")


def ask_to_stop(name: str) -> bool:
    """Ask the fit of the workbook `name` to stop; False where none is running."""
    try:
        with one_at_a_time(name):
            return False
    except UserError:
        stop_mark(name).touch()
        return True


def _file_of(name: str, ending: str) -> Path:
    return own_folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.{ending}"


def _lock(file) -> None:
    """Raises OSError where somebody else has it."""
    if sys.platform == "win32":
        import msvcrt
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
