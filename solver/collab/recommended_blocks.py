"""Recommendations to everybody from a fit of a store, without a model folder: a Parquet file for every block of users.

In memory are all items, a block of users and their ratings. Blocks are shared out among processes, and among machines; a call that
was killed goes on with the blocks that are missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from solver.data.rated import RatedItems
from solver.disk import why_not_saved
from solver.distributed.fit_store import StoreFit, stored_fit
from solver.distributed.pass_files import MANIFEST_OF_FIT
from solver.errors import UserError
from solver.model.factors import Factors
from solver.store.read_ahead import held_out_part
from solver.store.tasks import Tasks
from solver.store.whole_files import write_json, write_whole

from .answers.bulk import Wanted, best_of_many
from .answers.predictions import Everybody, predict_for_user, predict_pairs, predict_rows

_ABOUT = "_recommended.json"    # what the files were made from; readers of Parquet pass over names that begin so


@dataclass(frozen=True, kw_only=True)
class HowToRecommend:
    """`n` items for each user, what they rated left out or not; of the blocks of users the ones that `part` of `parts` machines
    have, counted from 1, by so many `processes`."""

    n: int = 10
    exclude_seen: bool = True
    part: int = 1
    parts: int = 1
    processes: int = 1


def recommend_blocks(passes: Path, folder: Path, how: HowToRecommend = HowToRecommend()) -> Iterator[tuple[int, int]]:
    """Write what `CollabFilter.recommend` gives all users, block by block; (how many blocks are done, how many there are).

    `passes` is what `fit_store` left. Raises UserError where the folder holds anything but what this very call began.
    """
    fit = stored_fit(passes)
    blocks = range(fit.store.blocks * (how.part - 1) // how.parts, fit.store.blocks * how.part // how.parts)
    try:
        _begin(folder, {"fit": fit.task.noted(fit.store), "pass": fit.history[-1].epoch, "n": how.n, "exclude_seen": how.exclude_seen})
        missing = [block for block in blocks if not _file(folder, block).exists()]
        with Tasks(min(how.processes, max(len(missing), 1))) as tasks:
            for done, _ in enumerate(tasks.each(partial(_write_block, passes, folder, how), missing), 1):
                yield len(blocks) - len(missing) + done, len(blocks)
    except OSError as error:
        raise UserError(f"The recommendations in '{folder.name}' were not finished: {why_not_saved(error)}, and run the same command again: "
                        "it goes on from where it was.") from None


def _begin(folder: Path, about: dict) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"'{folder.name}' is a file. Give a folder for the recommendations.")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _ABOUT).exists():
        if json.loads((folder / _ABOUT).read_bytes()) != json.loads(json.dumps(about)):
            raise UserError(f"The folder '{folder.name}' holds recommendations of another fit, or with other options. Choose another folder, "
                            "or remove it.")
    elif any(folder.iterdir()):
        raise UserError(f"The folder '{folder.name}' holds other files. Choose another folder.")
    write_json(folder / _ABOUT, about)


def _file(folder: Path, block: int) -> Path:
    return folder / f"users-{block:04}.parquet"


def _write_block(passes: Path, folder: Path, how: HowToRecommend, block: int) -> None:
    everything = _opened(passes, (passes / MANIFEST_OF_FIT).stat().st_mtime_ns)
    frame = everything.recommended(block, how.n, exclude_seen=how.exclude_seen)
    write_whole(_file(folder, block), lambda file: frame.to_parquet(file, index=False))


@lru_cache(1)
def _opened(passes: Path, _changed: int) -> _Everything:
    return _Everything.of(stored_fit(passes))


@dataclass(frozen=True, eq=False)
class _Everything:
    """What all blocks of users share. `items` are all items in the order of their labels, those without a rating that was learnt from at the mean of
    the others, as `CollabFilter` has them, by every draw; `item_at` the position among the labels of every row; `learnt` how many ratings each
    row of a user has that were learnt from; `typical` the mean user of every draw."""

    fit: StoreFit
    items: tuple[Everybody, ...]
    labels: np.ndarray
    item_at: np.ndarray
    learnt: np.ndarray
    typical: tuple[dict[str, np.ndarray], ...]

    @classmethod
    def of(cls, fit: StoreFit) -> _Everything:
        store, (users, items) = fit.store, _learnt_from(fit)
        item_rows = np.asarray(store.rows("items"))
        labels, at = np.empty(store.n_items, object), np.empty(store.n_items, np.int64)
        labels[:], at[item_rows] = store.labels("items"), np.arange(store.n_items)
        every, starts = tuple(Everybody.of(draw, {"item": items[item_rows]}) for draw in fit.side("items")), store.layout.user_starts
        sums: tuple[dict[str, np.ndarray], ...] = tuple({} for _ in every)
        for block in range(store.blocks):
            rated = users[starts[block]:starts[block + 1]] > 0
            for of_draw, draw in zip(sums, fit.block("users", block)):
                for name, array in _of_users(draw).items():
                    of_draw[name] = of_draw.get(name, 0) + array[rated].sum(0, dtype=np.float64)
        n_rated = max(int((users > 0).sum()), 1)
        return cls(fit, every, labels, at, users, tuple({name: total / n_rated for name, total in of_draw.items()} for of_draw in sums))

    def recommended(self, block: int, n: int, *, exclude_seen: bool) -> pd.DataFrame:
        """Columns user, item and prediction: the best of each user of the block, the users in the order of their labels."""
        store, settings, clip = self.fit.store, self.fit.task.settings, self.fit.task.clip
        first, after = (int(row) for row in store.layout.user_starts[block:block + 2])
        rows = np.asarray(store.rows("users"))
        positions = np.flatnonzero((rows >= first) & (rows < after))
        own = rows[positions] - first
        unrated = self.learnt[first:after][own] == 0
        draws = []
        for factors, items, typical in zip(self.fit.block("users", block), self.items, self.typical):
            arrays = {name: array[own] for name, array in _of_users(factors).items()}
            for name, array in arrays.items():
                array[unrated] = typical[name]
            draws.append(Everybody(items.factors.with_arrays(arrays), {**items.typical, **typical}))
        everybody, seen = np.arange(len(own)), self._rated(block, own) if exclude_seen else None
        found = list(best_of_many(lambda users, items: predict_rows(draws, users, items), lambda user: predict_for_user(draws, user, store.n_items),
                                  everybody, Wanted(n, np.arange(store.n_items), seen)))
        of, best = (np.concatenate([part[side] for part in found]) if found else np.empty(0, np.intp) for side in (0, 1))
        values, _ = predict_pairs(draws, of, best, bounds=settings.bounds)
        labels = np.empty(len(own), object)
        labels[:] = store.labels_at("users", positions)
        return pd.DataFrame({"user": pd.Series(labels[of].tolist()), "item": pd.Series(self.labels[best].tolist()), "prediction": np.clip(values, *clip)})

    def _rated(self, block: int, own: np.ndarray) -> RatedItems:
        """What each user of the block has rated, users and items by their positions among the labels."""
        pieces = [self.fit.store.block(block, i) for i in range(self.fit.store.blocks)]
        starts = self.fit.store.layout.item_starts
        at = np.empty(len(own), np.int64)
        at[own] = np.arange(len(own))
        users = at[np.concatenate([piece[0] for piece in pieces])]
        items = self.item_at[np.concatenate([piece[1] + starts[i] for i, piece in enumerate(pieces)])]
        order = np.lexsort((items, users))
        return RatedItems(np.append(0, np.cumsum(np.bincount(users, minlength=len(own)))), items[order].astype(np.int32),
                          np.concatenate([piece[2] for piece in pieces])[order])


def _of_users(factors: Factors) -> dict[str, np.ndarray]:
    return {name: array for name, array in factors.arrays().items() if name in ("user", "user_bias")}


def _learnt_from(fit: StoreFit) -> tuple[np.ndarray, np.ndarray]:
    """(n_users,) and (n_items,) by row: how many ratings were learnt from. Reads what was held out."""
    store, part = fit.store, held_out_part(fit.task.holdout)
    users, items = np.array(store.user_counts), np.array(store.item_counts)
    if fit.task.holdout:
        for u, u_first in enumerate(store.layout.user_starts[:-1]):
            for i, i_first in enumerate(store.layout.item_starts[:-1]):
                whose, what, _ = store.block(u, i, part(int(store.counts[u, i])))
                users[u_first:u_first + store.n_rows("users", u)] -= np.bincount(whose, minlength=store.n_rows("users", u)).astype(users.dtype)
                items[i_first:i_first + store.n_rows("items", i)] -= np.bincount(what, minlength=store.n_rows("items", i)).astype(items.dtype)
    return users, items
