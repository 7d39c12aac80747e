"""A small store of made ratings, and the same ratings in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from solver import Ratings, Settings
from solver.distributed.store_task import StoreTask
from solver.store.prepare_store import HowToPrepare, prepare_store
from solver.store.rating_store import RatingStore


def made_store(folder: Path, *, users: int = 400, items: int = 250, n: int = 30_000) -> RatingStore:
    """Blocks of ratings from ½ to 5 that three factors and some noise have made; users and items are called 1, 2, 3 …"""
    rng = np.random.default_rng(0)
    pairs = rng.permutation(users * items)[:n]
    u, i = pairs // items, pairs % items
    p, q = rng.normal(0, 0.7, (users, 3)), rng.normal(0, 0.7, (items, 3))
    values = np.clip(np.round(2 * (3.3 + rng.normal(0, 0.4, users)[u] + (p[u] * q[i]).sum(1) + rng.normal(0, 0.4, n))) / 2, 0.5, 5)
    lines = "\n".join(f"{a},{b},{c}" for a, b, c in zip(u + 1, i + 1, values))
    (folder / "ratings.csv").write_text(f"user,item,rating\n{lines}\n")
    return prepare_store(folder / "ratings.csv", folder / "store", HowToPrepare(blocks=4))[0]


def task_of(store: RatingStore, settings: Settings, *, holdout: float = 0.0, threads: int = 1) -> StoreTask:
    """What a process of a fit of the store is told."""
    return StoreTask(store=str(store.folder), folder="", settings=settings, holdout=holdout, clip=store.rating_range, threads=threads)


def in_rows_of_the_store(store: RatingStore) -> Ratings:
    """All ratings in memory, users and items by their rows, in the order of the blocks."""
    blocks = [(u, i, store.block(u, i)) for u in range(store.blocks) for i in range(store.blocks)]
    users = np.concatenate([block[0] + store.layout.user_starts[u] for u, _, block in blocks])
    items = np.concatenate([block[1] + store.layout.item_starts[i] for _, i, block in blocks])
    return Ratings(tuple(range(store.n_users)), tuple(range(store.n_items)), users, items,
                   np.concatenate([block[2] for *_, block in blocks]).astype(np.float64))
