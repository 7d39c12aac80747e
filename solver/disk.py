"""What was written, and why the operating system did not write a file, in words that say what to do."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .errors import UserError

_REASONS: dict[int | None, str] = {     # by errno; an error that the system did not raise has none
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "your disk quota is used up. Free some space",
    errno.EFBIG: "the disk does not take a file of this size. Free some space, or choose another folder",
    errno.EACCES: "permission denied. Choose a folder you may write to, or close the program that holds the file",
    errno.EPERM: "permission denied. Choose a folder you may write to",
    errno.EROFS: "the disk is read-only. Choose another folder",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
    errno.EIO: "the disk reports an error. Choose another disk",
}


def refuse_unless_file(path: str | Path) -> None:
    """Raise UserError for a pipe or a device, which could be read once only and would be waited for; a missing file passes."""
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:      # ValueError: a name with a NUL in it
        raise UserError(f"'{_short(path.name)}' cannot be read: {_why(error)}.") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UserError(f"'{path.name}' is a pipe or a device, and files are read more than once. Write what comes out of it to a "
                        "file first, and give that (a table may stay packed: .csv.gz).")


def _why(error: Exception) -> str:
    reason = _REASONS.get(getattr(error, "errno", None)) or (getattr(error, "strerror", None) or str(error)).lower()
    return reason.rstrip(".")


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:60]}…"


def why_not_saved(error: OSError) -> str:
    """What stood in the way, and what to do about it: for the middle of a sentence."""
    return _REASONS.get(error.errno, f"{(error.strerror or str(error)).lower()}. Choose another folder")


_written: ContextVar[list[str] | None] = ContextVar("written", default=None)


@contextmanager
def written_files() -> Iterator[list[str]]:
    """Gives the list to which the name of every file or folder is added that is put in its place meanwhile."""
    names: list[str] = []
    before = _written.set(names)
    try:
        yield names
    finally:
        _written.reset(before)


def note_written(path: str | Path) -> None:
    """Note that a file or folder is in its place now, for whoever has to say what was done when something fails later."""
    names, name = _written.get(), Path(path).name
    if names is not None and name not in names:
        names.append(name)
