"""A fit of a store under way, pass after pass: what each process does, whatever the method."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from solver.core.loop import Diverged, Epoch
from solver.store.rating_store import RatingStore, open_store

from .group import ProcessGroup
from .pass_files import draws_folder, pass_folder, read_fit, read_rows, write_fit, write_rows
from .store_task import StoreTask


class Passes(Protocol):
    """A method of fitting a store: the part of it that one process does."""

    def begin(self) -> None:
        """Draw the start values."""

    def run_pass(self, number: int) -> tuple[float, float | None]:
        """One pass; (RMSE over it, RMSE of the ratings held out after it or None), the same in all processes."""

    def blocks_written(self) -> list[tuple[str, int]]:
        """(side, block) of all rows that this process writes after a pass; the side is ``'users'``, ``'items'`` or another name of rows
        that the next pass needs."""

    def blocks_held(self) -> list[tuple[str, int]]:
        """(side, block) of all rows that this process has before a pass."""

    def rows_of_block(self, side: str, block: int) -> np.ndarray:
        """The rows of a block, as they are written after a pass."""

    def put_rows(self, side: str, block: int, rows: np.ndarray) -> None:
        """Take the rows of a block as they were written."""

    def kept(self, number: int) -> list[tuple[str, int, np.ndarray]]:
        """(side, block, rows) of this process that are kept until the end of the fit, not only until the next pass."""

    def passes_kept(self, number: int) -> list[int]:
        """The numbers of the passes, up to this one, from which rows are kept."""


def passes_for(store: RatingStore, task: StoreTask, group: ProcessGroup) -> Passes:
    """The method that the settings choose."""
    if task.settings.optimizer == "als":
        from .chained.chained_als import ChainedALS
        return ChainedALS(store, task, group)
    if task.settings.optimizer == "gibbs":
        from .chained.chained_gibbs import ChainedGibbs
        return ChainedGibbs(store, task, group)
    from .ring_sgd import RingSGD
    return RingSGD(store, task, group)


def run_passes(task: StoreTask, group: ProcessGroup, on_epoch: Callable[[Epoch], None] | None = None) -> None:
    """Fit from the last whole pass on, in this process of the group. Raises Diverged where the error is no longer finite."""
    store, folder = open_store(task.store), Path(task.folder)
    passes = passes_for(store, task, group)
    noted = task.noted(store)
    before = read_fit(folder)
    begun = np.array([before.history[-1].epoch if before.history and before.task == noted else 0])
    group.share(begun, 0)   # all go on from the pass that the first process finds
    history = list(before.history[:int(begun[0])])
    sent_before = group.sent
    if history:
        for side, block in passes.blocks_held():
            passes.put_rows(side, block, read_rows(pass_folder(folder, int(begun[0])), side, block))
    else:
        passes.begin()
    began = time.perf_counter() - (history[-1].seconds if history else 0.0)
    for number in range(len(history) + 1, task.epochs + 1):
        sent_before = group.sent
        rmse, held_out = passes.run_pass(number)
        if not math.isfinite(rmse):
            raise Diverged(f"Diverged: the error was no longer finite in pass {number}. Lower --lr"
                           f"{'' if task.settings.lr is None else f' from {task.settings.lr:g}'}.")
        history.append(Epoch(number, rmse, time.perf_counter() - began, held_out))
        _write(passes, task, noted, history, group, sent_before)
        if on_epoch:
            on_epoch(history[-1])


def _write(passes: Passes, task: StoreTask, noted: dict, history: list[Epoch], group: ProcessGroup, sent_before: int) -> None:
    folder, sent = Path(task.folder), np.array([group.sent - sent_before])
    group.add_up(sent)
    number = history[-1].epoch
    for side, block in passes.blocks_written():
        write_rows(pass_folder(folder, number), side, block, passes.rows_of_block(side, block))
    for side, block, rows in passes.kept(number):
        write_rows(draws_folder(folder, number), side, block, rows)
    group.wait_for_all()
    if group.rank == 0:
        write_fit(folder, noted, history, int(sent[0]), task.store, passes.passes_kept(number))
    group.wait_for_all()    # no process begins the next pass before this one is noted as whole
