"""Where details go that no cell can show: one log file in the user's folder."""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path

_LARGEST = 1_000_000   # bytes above which the log is begun anew


def own_folder() -> Path:
    """The folder for what belongs to no workbook: ``.collabsheet`` in the user's home."""
    folder = Path.home() / ".collabsheet"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log_failure(what: str, why: BaseException) -> Path:
    """Note a failure with its traceback; the path of the log."""
    path = own_folder() / "collabsheet.log"
    mode = "w" if path.exists() and path.stat().st_size > _LARGEST else "a"
    with open(path, mode, encoding="utf-8") as log:
        log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {what}\n{''.join(traceback.format_exception(why))}\n")
    return path
