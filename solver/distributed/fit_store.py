"""`fit_store`: a store in, factors out, by one process or by many that torch's elastic agent starts and starts again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solver.core.loop import Epoch
from solver.core.settings import Settings
from solver.disk import why_not_saved
from solver.drafts import held_alone
from solver.errors import UserError
from solver.model.factors import Factors
from solver.store.rating_store import RatingStore, open_store
from solver.store.whole_files import write_json

from .group import Alone, joined_group, under_torchrun
from .pass_files import pass_folder, read_fit, read_rows
from .passes import run_passes
from .store_task import StoreTask, not_for_stores

_FAILURE = "failed.txt"       # where a process leaves its sentence when starting it again would not help
_ROOM = 4_000                 # bytes that the file has from the start: when the sentence is written, the disk may be full
# launcher(the file of the task, how many): starts this many processes, each of which calls `do_task`, and returns when they have
# ended; raises LostProcess when they were lost
Launcher = Callable[[Path, int], None]
_OFTEN = 0.2            # seconds between two looks at how many passes the processes have written


@dataclass(frozen=True, eq=False)
class StoreFit:
    """A fit of a store, after its last pass: the rows are in `folder`. `sent` is the number of bytes that the processes sent
    to each other in the last pass."""

    store: RatingStore
    folder: Path
    task: StoreTask
    history: tuple[Epoch, ...]
    sent: int

    def factors(self) -> Factors:
        """The factors in the order of the labels, float32 or float64, all of them in memory. Where the fit made draws, those of the last draw."""
        return self.draws()[-1]

    def draws(self) -> tuple[Factors, ...]:
        """The factors of every draw from a posterior that was kept, in the order of the labels. A method without draws gives one set."""
        return tuple(replace(items, user=users.user, user_bias=users.user_bias) for users, items in zip(self.side("users"), self.side("items")))

    def side(self, side: str) -> tuple[Factors, ...]:
        """The same for one side, ``'users'`` or ``'items'``; the other side has no rows."""
        of_blocks = [self.block(side, block) for block in range(self.store.blocks)]
        rows, found, before = torch.from_numpy(np.array(self.store.rows(side), np.int64)), list[Factors](), tuple[Factors, ...]()
        for pieces in zip(*of_blocks):
            fields = [field for field in (side[:-1], f"{side[:-1]}_bias") if getattr(pieces[0], field) is not None]
            if pieces != before:    # draws that share rows go on sharing them
                found.append(pieces[0].with_tensors({field: torch.cat([getattr(piece, field) for piece in pieces])[rows] for field in fields}))
            else:
                found.append(found[-1])
            before = pieces
        return tuple(found)

    def block(self, side: str, block: int) -> tuple[Factors, ...]:
        """The same for one block of users or items, in the order of its rows."""
        from .chained.items_everywhere import rows_unpacked
        from .chained.kept_draws import draws_of_block
        from .ring_sgd import table_unpacked

        settings, number = self.task.settings, self.history[-1].epoch
        if settings.optimizer == "gibbs":
            return draws_of_block(self.folder, self.store, settings, number, side, block)
        unpacked = rows_unpacked if settings.optimizer == "als" else table_unpacked
        return (unpacked(read_rows(pass_folder(self.folder, number), side, block), side, self.store, settings),)

    @property
    def noise(self) -> float | None:
        """The standard deviation of a rating around the mean of the draws; None for a method without draws."""
        from .chained.kept_draws import noise_of

        return noise_of(self.folder, self.history[-1].epoch) if self.task.settings.optimizer == "gibbs" else None


def fit_store(store: RatingStore, folder: str | Path, settings: Settings, *, holdout: float = 0.0,
              clip: tuple[float, float] | None = None, processes: int = 1, threads: int | None = None,
              launcher: Launcher | None = None, on_epoch: Callable[[Epoch], None] | None = None) -> StoreFit:
    """Fit a store, leaving the rows of every pass in a folder; a call that was killed goes on from its last pass.

    `settings` choose SGD rating by rating, als or gibbs. `holdout` is the share of the ratings that the fit is judged by. Predictions
    are clipped to the range `clip` before they are judged; None means the store's own range. Under torchrun this process is one of
    torchrun's. Otherwise the call starts as many as `processes` says: here, or wherever the `launcher` starts them. The result
    depends neither on their number nor on the `threads` of each. Raises UserError for settings that no pass is made for.
    """
    folder = Path(folder)
    _refuse(store, settings, processes, holdout)
    threads = threads or max(1, (os.cpu_count() or 1) // processes)
    task = StoreTask(store=str(store.folder.absolute()), folder=str(folder.absolute()), settings=settings, holdout=holdout,
                clip=clip or store.rating_range, threads=threads)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if under_torchrun():
            with joined_group() as group:
                run_passes(task, group, on_epoch if group.rank == 0 else None)
        else:
            with held_alone(folder, f"Another run fits in '{folder.name}'. Wait for it to end, or stop it."):
                if processes == 1 and launcher is None:
                    run_passes(task, Alone(), on_epoch)
                else:
                    _run_processes(task, processes, launcher or _by_agent, on_epoch)
    except OSError as error:
        raise UserError(f"The pass could not be written to '{folder.name}': {why_not_saved(error)}, and run the same command again: it "
                        "goes on from the last pass.") from None
    found = read_fit(folder)
    return StoreFit(store, folder, task, found.history, found.sent)


def _refuse(store: RatingStore, settings: Settings, processes: int, holdout: float) -> None:
    if settings.method not in ("rating by rating", "als", "gibbs"):
        raise not_for_stores(settings.optimizer)
    if settings.learn_times:
        raise UserError("A store keeps no times. Leave out learn_times, or give the ratings as a table.")
    if not 0 <= holdout < 1:
        raise UserError(f"The hold-out share is {holdout!r}. Give a number from 0 to below 1, such as 0.1.")
    if not 1 <= processes <= store.blocks:
        raise UserError(f"processes is {processes}, and the store has {store.blocks} × {store.blocks} blocks. Give a whole number from 1 to "
                        f"{store.blocks}.")
    if store.n_ratings < 2 or store.rating_range[0] == store.rating_range[1]:
        raise UserError(f"All {store.n_ratings:,} ratings of the store are {store.rating_range[0]:g}; there is nothing to learn.")


class LostProcess(RuntimeError):
    """Processes of a fit ended before it was done, and starting them again did not help."""


def _run_processes(task: StoreTask, processes: int, launcher: Launcher, on_epoch: Callable[[Epoch], None] | None) -> None:
    folder = Path(task.folder)
    write_json(folder / "task.json", asdict(task))
    (folder / _FAILURE).write_bytes(b" " * _ROOM)
    (folder / "log").mkdir(exist_ok=True)
    try:
        with _told_of(folder, on_epoch):
            launcher(folder / "task.json", processes)
    except LostProcess as why:
        raise UserError((folder / _FAILURE).read_text().strip() or f"A process of the fit was lost again and again{why}. Run the same command again: it goes on from the last "
                        "pass.") from None


def tell_failure(folder: Path, sentence: str) -> None:
    """Leave a sentence for the process that started those of the fit in this folder."""
    with (folder / _FAILURE).open("r+b") as file:
        file.write(sentence.encode()[:_ROOM].ljust(_ROOM))


def _by_agent(task: Path, processes: int) -> None:
    """Start the processes on this machine by an agent, which starts all of them again when one is lost."""
    command = [sys.executable, "-m", "solver.distributed.agent", str(task), str(processes), str(os.getpid())]
    with (task.parent / "log" / "agent.txt").open("wb") as log:
        agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            code = agent.wait()
        except BaseException:
            agent.terminate()
            agent.wait()
            raise
    if code:
        raise LostProcess(f"; what it said is in '{task.parent.name}/log'")


@contextmanager
def _told_of(folder: Path, on_epoch: Callable[[Epoch], None] | None):
    """While the context lasts, report every pass that the processes have written."""
    done, told = threading.Event(), len(read_fit(folder).history)

    def tell_new() -> None:
        nonlocal told
        for epoch in read_fit(folder).history[told:]:
            told = epoch.epoch
            if on_epoch:
                on_epoch(epoch)

    def watch() -> None:
        while not done.wait(_OFTEN):
            tell_new()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        tell_new()


def stored_task(path: Path) -> StoreTask:
    """The task in a file, as a process of the fit reads it."""
    told = json.loads(path.read_bytes())
    return replace(StoreTask(**(told | {"settings": _settings(told["settings"])})), clip=tuple(told["clip"]))


def _settings(told: dict[str, Any]) -> Settings:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Settings(**given)


def stored_fit(folder: Path) -> StoreFit:
    """The fit whose passes are in a folder, after the last whole one. Raises UserError where there is none, and where its store is gone."""
    found = read_fit(folder)
    if not found.history:
        raise UserError(f"The folder '{folder.name}' holds no pass of a fit. Give the folder that `collabsheet train STORE --rows-only` left.")
    store, noted = open_store(found.store), found.task
    if store.identity != noted["store"]:
        raise UserError(f"The store '{store.folder.name}' is not the one that '{folder.name}' was fitted to. Fit it again.")
    low, high = noted["clip"]
    return StoreFit(store, folder, StoreTask(store=str(store.folder), folder=str(folder), settings=_settings(noted["settings"]),
                                             holdout=noted["holdout"], clip=(low, high)), found.history, found.sent)
