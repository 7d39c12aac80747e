"""What is left after every pass: the rows of every block in a file, and a manifest, written last, that names them.

    fit.json            the settings and the store of the fit; the last whole pass and the history up to it
    pass-0003/          users-0000.npy … items-0000.npy …: the rows of a block, as the fit keeps them
    draws-0002/         rows of an earlier pass, for a method that averages over several
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
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
    """What the manifest says: the task, the history up to the last whole pass, the bytes that all processes sent in that pass, and the
    folder of the store. All are empty when no pass was written."""

    task: dict[str, Any] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()
    sent: int = 0
    store: str = ""


def pass_folder(folder: Path, number: int) -> Path:
    """The folder of a pass."""
    return folder / f"pass-{number:04}"


def draws_folder(folder: Path, number: int) -> Path:
    """The folder of the rows of a pass that are kept until the end of the fit."""
    return folder / f"draws-{number:04}"


def write_rows(place: Path, side: str, block: int, rows: np.ndarray) -> None:
    """Write the rows of a block to the folder of a pass, whole."""
    place.mkdir(parents=True, exist_ok=True)
    write_array(_rows_file(place, side, block), rows)


def read_rows(place: Path, side: str, block: int) -> np.ndarray:
    """The rows of a block in the folder of a pass."""
    return np.load(_rows_file(place, side, block))


def _rows_file(place: Path, side: str, block: int) -> Path:
    return place / f"{side}-{block:04}.npy"


def write_fit(folder: Path, task: dict[str, Any], history: list[Epoch], sent: int, store: str, draws: Collection[int] = ()) -> None:
    """Note that the last pass of the history is whole, and remove the earlier ones except the `draws` with these numbers. `sent` is
    the number of bytes that all processes sent in the pass, `store` the folder of the store."""
    number = history[-1].epoch if history else 0
    write_json(folder / MANIFEST_OF_FIT, {"task": task, "pass": number, "history": [asdict(epoch) for epoch in history], "sent": sent, "store": store})
    stay = {pass_folder(folder, number), *(draws_folder(folder, kept) for kept in draws)}
    for other in (*folder.glob("pass-*"), *folder.glob("draws-*")):
        if other not in stay:
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
