"""The log file in the user's folder, for details that do not fit into a cell."""

from __future__ import annotations

import traceback
from datetime import datetime

from solver.errors import UserError

from .own_folder import own_folder

_LARGEST = 1_000_000   # bytes above which the log is begun anew


def log_failure(what: str, why: BaseException) -> str:
    """Note a failure with its traceback; where that stands. A log that cannot be written hides no failure."""
    try:
        path = own_folder() / "collabsheet.log"
        mode = "w" if path.exists() and path.stat().st_size > _LARGEST else "a"
        with open(path, mode, encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {what}\n{''.join(traceback.format_exception(why))}\n")
    except (OSError, UserError):
        return "nowhere, as no log can be written here"
    return str(path)
