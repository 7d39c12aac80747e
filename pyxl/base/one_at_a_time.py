"""One live fit of a workbook at a time, whatever process runs it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from solver.errors import UserError

from .own_folder import own_folder


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold the lock of the workbook `name` (its full path); UserError where another run holds it.

    The lock is the system's: it ends with its process, however that ends.
    """
    path = own_folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
    with path.open("w") as file:
        try:
            _lock(file)
        except OSError:
            raise UserError("A fit of this workbook is running. Stop it, or wait for its end.") from None
        yield


def _lock(file) -> None:
    """Raises OSError where somebody else has it."""
    if sys.platform == "win32":
        import msvcrt
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
