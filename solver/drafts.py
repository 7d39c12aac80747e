"""A folder for drafts beside their target; drafts that a killed process left are removed by the next one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import UserError

_PREFIX = ".~collabsheet-draft-"
_YOUNG = 60.0       # seconds in which a folder may have been made and not be locked yet


@contextlib.contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, which is gone at the end with all that is left in it.

    It is held by a lock of the system's, which dies with its process: so drafts of killed processes are told from
    those of living ones, and swept. Where folders cannot be locked (Windows, some network disks) nothing is swept.
    Raises OSError where the system lets no folder be made.
    """
    sweep_drafts(parent)
    folder = parent / (_PREFIX + secrets.token_hex(8))
    folder.mkdir()
    lock = None
    try:
        lock = _lock(folder)
        drafts = folder / "drafts"     # one further down: whoever saves there locks it in turn
        drafts.mkdir()
        yield drafts
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep_drafts(parent: Path) -> None:
    """Remove the drafts in `parent` whose process was killed."""
    for folder in parent.glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG or (lock := _lock(folder)) is None:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


@contextlib.contextmanager
def held_alone(folder: Path, refusal: str) -> Iterator[None]:
    """Keep other processes out of a folder; where folders cannot be locked nobody is kept out.

    Raises UserError with the sentence `refusal` where another process has it.
    """
    lock = _lock(folder)
    try:
        if lock is None and os.name == "posix":
            raise UserError(refusal)
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """The lock on a folder, or None where another process has it or there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
