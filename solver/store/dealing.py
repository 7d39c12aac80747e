"""The last steps to a store: users and items are dealt to blocks, the ratings of every part go to their blocks, and every block
is written. A pair rated twice keeps its last rating, and the seed shuffles the order within a block."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.fused.strata import dealt

from .rating_store import RECORDS, RecordLayout, StoredBlock
from .whole_files import digest_of, write_arrays, write_whole

_DEALT = "dealt"    # in a part: its ratings, block by block


@dataclass(frozen=True, eq=False)
class Dealing:
    """Which row each label of one side has. All blocks have about as many ratings. Within a block the busiest labels come first, so
    that the rows used most lie together in the caches."""

    rows: np.ndarray     # (n,) int32 by the place of the label
    starts: np.ndarray   # (blocks + 1,) rows at which blocks begin

    @classmethod
    def of(cls, counts: np.ndarray, blocks: int) -> Dealing:
        group = dealt(counts, blocks)
        order = np.lexsort((-counts, group))
        rows = np.empty(len(counts), np.int32)
        rows[order] = np.arange(len(counts), dtype=np.int32)
        return cls(rows, np.append(0, np.cumsum(np.bincount(group, minlength=blocks))))

    def placed(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(the block of each of these, its row, counted from the block's first)"""
        rows = self.rows[labels]
        block = np.searchsorted(self.starts, rows, side="right") - 1
        return block, rows - self.starts[block].astype(np.int32)


def label_counts(parts: list[Path], side: str, n: int) -> np.ndarray:
    """(n,) how many ratings each label of a side has in all parts."""
    counts = np.zeros(n, np.int64)
    for part in parts:
        places = np.load(part / f"{side}_places.npy", mmap_mode="r")
        counts[places] += np.bincount(_codes(part, side), minlength=len(places))
    return counts


def _codes(part: Path, side: str) -> np.ndarray:
    return np.load(part / f"{side}.npy", mmap_mode="r")


def deal_part(part: Path, users: Dealing, items: Dealing) -> None:
    """Write the ratings of a part block by block, in the order in which they were read. A part that was dealt before stays as it is."""
    if (part / _DEALT).is_dir():
        return
    (user_block, own_users), (item_block, own_items) = (
        dealing.placed(np.load(part / f"{side}_places.npy")[_codes(part, side)])
        for dealing, side in ((users, "users"), (items, "items")))
    blocks = len(users.starts) - 1
    block = user_block * blocks + item_block
    order = np.argsort(block.astype(np.uint16 if blocks < 256 else np.uint32), kind="stable")
    edges = np.append(0, np.cumsum(np.bincount(block, minlength=blocks * blocks)))
    write_arrays(part / _DEALT, users=own_users[order], items=own_items[order],
                 values=np.load(part / "values.npy")[order].astype(np.float32), edges=edges)


@dataclass(frozen=True, eq=False)
class WrittenBlock:
    """What was written of a block: the digest of its file, how many ratings it has, how many were replaced by a later one, the sums
    of the ratings and of their squares, and how many ratings each user and each item of the block has."""

    digest: str
    n: int
    replaced: int
    sums: tuple[float, float]
    users: np.ndarray
    items: np.ndarray
    of_value: np.ndarray    # (distinct,) how many of each rating; empty where they are too many


def write_block(folder: Path, parts: list[Path], layout: RecordLayout, user_block: int, item_block: int, seed: int) -> WrittenBlock:
    """Write the file of a block; where the file is there already, only take its figures."""
    path = folder / RECORDS / layout.file(user_block, item_block)
    n_users, n_items = (int(starts[at + 1] - starts[at]) for starts, at in
                        ((layout.user_starts, user_block), (layout.item_starts, item_block)))
    number = user_block * layout.blocks + item_block
    block, replaced = _unrepeated(_gathered(parts, number), n_items)
    order = np.random.default_rng((seed, number)).permutation(len(block[0]))
    users, items, values = (column[order] for column in block)
    if not path.exists():
        columns = layout.packed((users, items, values))
        write_whole(path, lambda file: [file.write(column.tobytes()) for column in columns])
    wide = values.astype(np.float64)
    of_value = np.empty(0, np.int64) if layout.distinct is None else np.bincount(
        np.searchsorted(layout.distinct, values), minlength=len(layout.distinct))
    return WrittenBlock(digest_of(path), len(values), replaced, (float(wide.sum()), float((wide ** 2).sum())),
                        np.bincount(users, minlength=n_users), np.bincount(items, minlength=n_items), of_value)


def _gathered(parts: list[Path], number: int) -> StoredBlock:
    columns: tuple[list[np.ndarray], ...] = ([], [], [])
    for part in parts:
        first, after = np.load(part / _DEALT / "edges.npy", mmap_mode="r")[number:number + 2]
        if first < after:
            for pieces, name in zip(columns, ("users", "items", "values")):
                pieces.append(np.load(part / _DEALT / f"{name}.npy", mmap_mode="r")[first:after])
    users, items = (np.concatenate([np.empty(0, np.int32), *pieces]) for pieces in columns[:2])
    return users, items, np.concatenate([np.empty(0, np.float32), *columns[2]])


def _unrepeated(block: StoredBlock, n_items: int) -> tuple[StoredBlock, int]:
    """(the last rating of each pair, how many ratings a later one of the same pair replaced)"""
    users, items, values = block
    pairs = users * np.int64(max(n_items, 1)) + items
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return block, 0
    order = np.argsort(pairs, kind="stable")
    last = np.append(pairs[order][1:] != pairs[order][:-1], True)
    stays = np.sort(order[last])
    return (users[stays], items[stays], values[stays]), int((~last).sum())
