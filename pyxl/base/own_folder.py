"""The user's own folder of collabsheet, for the log, locks and caches; nobody else may read it."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from solver.errors import UserError


def own_folder() -> Path:
    """``.collabsheet`` in the user's home, or, where the home is missing or read-only, a folder for temporary files.

    Others may neither read nor write it, and one that somebody else made is not taken. Raises UserError where neither can be made.
    """
    for folder in _places():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = os.lstat(folder)
            if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
                continue
            if stat.S_IMODE(found.st_mode) & 0o077:
                folder.chmod(0o700)
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
        except OSError:
            continue
    raise UserError("There is no folder of your own that can be written, neither .collabsheet in your home nor one for temporary "
                    "files. Make your home writable, or set TMPDIR to a folder that is.")


def _places() -> tuple[Path, ...]:
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    temporary: tuple[Path, ...] = ()
    with suppress(FileNotFoundError):
        temporary = (Path(tempfile.gettempdir()) / f"collabsheet-{user}",)
    try:
        return (Path.home() / ".collabsheet", *temporary)
    except RuntimeError:    # nobody knows where it is
        return temporary
