"""What is left after every pass: the rows of every block in a file, and a manifest, written last, that names them.

    fit.json            what is fitted, from what; the last whole pass and the history up to it
    pass-0003/          users-0000.npy … items-0000.npy …: the rows of a block, as the fit keeps them
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from solver.core.loop import Epoch
from solver.errors import UserError
from solver.store.whole_files import write_array, write_json

MANIFEST_OF_FIT = "fit.json"


@dataclass(frozen=True)
class FitSoFar:
    """What the manifest says: what is fitted, the history up to the last whole pass, the bytes that all processes sent in it, and the
    folder of the store; nothing, where no pass was written."""

    task: dict[str, Any] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()
    sent: int = 0
    store: str = ""


def pass_folder(folder: Path, number: int) -> Path:
    """The folder of a pass."""
    return folder / f"pass-{number:04}"


def write_rows(folder: Path, number: int, side: str, block: int, rows: np.ndarray) -> None:
    """Write the rows of a block after a pass, whole."""
    write_array(_rows_file(folder, number, side, block), rows)


def read_rows(folder: Path, number: int, side: str, block: int) -> np.ndarray:
    """The rows of a block after a pass."""
    return np.load(_rows_file(folder, number, side, block))


def _rows_file(folder: Path, number: int, side: str, block: int) -> Path:
    return pass_folder(folder, number) / f"{side}-{block:04}.npy"


def write_fit(folder: Path, task: dict[str, Any], history: list[Epoch], sent: int, store: str) -> None:
    """Say that the last pass of the history is whole; those before it are removed. `sent` are the bytes that all processes
    sent in it, `store` is the folder of the store."""
    number = history[-1].epoch if history else 0
    write_json(folder / MANIFEST_OF_FIT, {"task": task, "pass": number, "history": [asdict(epoch) for epoch in history], "sent": sent, "store": store})
    for other in folder.glob("pass-*"):
        if other != pass_folder(folder, number):
            shutil.rmtree(other, ignore_errors=True)


def read_fit(folder: Path) -> FitSoFar:
    """What was written after the last whole pass. Raises UserError for a manifest that is damaged."""
    try:
        noted = json.loads((folder / MANIFEST_OF_FIT).read_bytes())
        return FitSoFar(noted["task"], tuple(Epoch(**epoch) for epoch in noted["history"]), noted["sent"], noted.get("store", ""))
    except FileNotFoundError:
        return FitSoFar()
    except (ValueError, KeyError, TypeError):
        raise UserError(f"The {MANIFEST_OF_FIT} in '{folder.name}' is damaged. Remove the folder, and fit again.") from None
