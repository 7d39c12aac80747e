"""The pipe to the user's own LibreOffice: its name is a secret of the user's, and who listens there is looked at first.

On Unix such a pipe is a socket in the folder for temporary files, where anybody may put one of any name: a name that can be
guessed could be taken by another user, who would then read and change what we do.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from pyxl.base.own_folder import own_folder
from solver.errors import UserError

_FOLDERS = ("/tmp", "/var/tmp")     # where LibreOffice puts its pipes, whatever TMPDIR says
_NAME = re.compile(r"collabsheet[0-9a-f]{32}")


def own_pipe() -> str:
    """``pipe,name=…`` of the user's own office: drawn once and kept in the user's own folder. Raises UserError."""
    kept = own_folder() / "office-pipe"
    try:
        if _NAME.fullmatch(name := kept.read_text(encoding="ascii").strip()):
            return f"pipe,name={name}"
    except (OSError, ValueError):
        pass
    name = f"collabsheet{secrets.token_hex(16)}"
    try:
        handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(name)
    except OSError as error:
        raise UserError(f"{kept} cannot be written: {error.strerror}. It keeps where your LibreOffice listens: make it writable.") from None
    return f"pipe,name={name}"


def refuse_foreign_pipe(spec: str) -> None:
    """Raise UserError where the pipe of `spec` is another user's: who made it would get all that we say."""
    found = re.search(r"\bpipe,name=([^,;]+)", spec)
    if not found or not hasattr(os, "getuid"):
        return
    for folder in _FOLDERS:
        path = Path(folder) / f"OSL_PIPE_{os.getuid()}_{found[1]}"
        try:
            there = os.lstat(path)
        except OSError:
            continue
        if there.st_uid != os.getuid() or not stat.S_ISSOCK(there.st_mode):
            raise UserError(f"{path}, where your LibreOffice should listen, belongs to another user: refused as unsafe. "
                            "Have it removed, or start LibreOffice with another --accept and name that in COLLABSHEET_OFFICE.")
