"""What fits by Ray and by Spark have in common: a folder that all machines see, with the ratings, their store and the passes in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from solver.collab.collab_filter import CollabFilter
from solver.collab.from_store import model_of_fit, refuse_too_large
from solver.core.loop import Epoch
from solver.core.settings import OPTIONS
from solver.distributed.fit_store import Launcher, fit_store
from solver.distributed.store_settings import store_settings
from solver.errors import UserError
from solver.store.prepare_store import HowToPrepare, prepare_store
from solver.store.rating_store import RatingStore, open_store
from solver.store.recognised import is_store

_STORE, _TABLE, _PASSES = "store", "ratings", "passes"


def fit_in_folder(folder: str | Path, write_table: Callable[[Path], None], launcher: Launcher, *, processes: int,
                  columns: Sequence[str] | None, resume: bool, effort: str, holdout: float, on_epoch: Callable[[Epoch], None] | None,
                  settings: dict[str, Any]) -> CollabFilter:
    """The model of a table that `write_table` writes to Parquet files in a new folder, fitted by the processes of a launcher.

    Raises UserError for settings that no pass over a store is made for, and where the folder holds something already and
    `resume` is not said.
    """
    folder = Path(folder)
    for name, value in settings.items():
        if name not in OPTIONS:
            raise UserError(f"There is no setting '{name}'. Choose from {', '.join(OPTIONS)}.")
        OPTIONS[name].check(value)
    store = _store(folder, write_table, columns, resume=resume, blocks=max(8, processes))
    chosen, notes = store_settings(store, effort, settings)
    refuse_too_large(store, chosen)
    fit = fit_store(store, folder / _PASSES, chosen, holdout=holdout, processes=processes, launcher=launcher, on_epoch=on_epoch)
    return model_of_fit(fit, effort=effort, notes=notes)


def _store(folder: Path, write_table: Callable[[Path], None], columns: Sequence[str] | None, *, resume: bool, blocks: int) -> RatingStore:
    if resume:
        if not is_store(folder / _STORE):
            raise UserError(f"There is no store in '{folder.name}' to go on with. Leave out resume: the ratings are written anew.")
        return open_store(folder / _STORE)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"The folder '{folder.name}' holds something already. Choose another one or, to go on with a fit of the same ratings "
                        "that was stopped there, say resume=True.")
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / _TABLE)
    parts = sorted((folder / _TABLE).glob("*.parquet"))
    if not parts:
        raise UserError("The table holds no rating. Give one with a row for every rating.")
    store, _ = prepare_store(parts, folder / _STORE, HowToPrepare(blocks=blocks), columns=columns)
    shutil.rmtree(folder / _TABLE)
    return store
