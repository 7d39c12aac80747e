"""What is known of the rows of a store beside their ratings (`solver.methods.known_columns`): 1, and who rated what at all.

The columns of a block of users are made of its ratings whenever these are read, so that they need no memory of their own. Those
of the items, whose ratings are with all processes, are gathered once: every process has the ratings of the 512 users who rated most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.sparse_products import SparseTable
from solver.distributed.group import ProcessGroup
from solver.methods.known_columns import KnownColumns, column_table
from solver.methods.row_sets import set_columns, set_family
from solver.store.rating_store import RatingStore
from solver.store.read_ahead import blocks_ahead, held_out_part


@dataclass(frozen=True, eq=False)
class SetColumns:
    """In which column of the users' sets an item is, (n_items,), and of the items' sets a user, (n_users,): −1 for none; and how
    many ratings of each item are learnt from. `users` None: users have no sets, `items` None: items have none."""

    users: np.ndarray | None
    items: np.ndarray | None
    item_counts: np.ndarray
    dtype: torch.dtype

    def table_of_users(self, ratings: ByRow) -> SparseTable:
        """F of a block of users, whose ratings these are."""
        families = []
        if self.users is not None:
            counts = ratings.counts
            families = [set_family(np.repeat(np.arange(len(counts)), counts), ratings.others.numpy(), counts, self.users)]
        return column_table(families, len(ratings.counts), dtype=self.dtype, device="cpu")

    def sizes_of_users(self) -> tuple[int, ...]:
        return () if self.users is None else (int(self.users.max(initial=-1)) + 1,)

    def in_item_sets(self, ratings: ByRow, first: int) -> np.ndarray:
        """(2, n) items, and rows of users, of the ratings of a block that are in items' sets; its first user is `first`."""
        if self.items is None:
            return np.empty((2, 0), np.int64)
        users = first + np.repeat(np.arange(len(ratings.counts)), ratings.counts)
        some = self.items[users] >= 0
        return np.stack([ratings.others.numpy()[some].astype(np.int64), users[some]])

    def known_of_items(self, pairs: np.ndarray) -> KnownColumns:
        """What is known of the items, given the pairs (2, n) of all processes."""
        families = [] if self.items is None else [set_family(pairs[0], pairs[1], self.item_counts, self.items)]
        return KnownColumns.of(families, len(self.item_counts), dtype=self.dtype, device="cpu")


def set_columns_of(store: RatingStore, group: ProcessGroup, own: Iterable[int], *, holdout: float, sets: str, dtype: torch.dtype) -> SetColumns:
    """The columns of the sets of one side, of ``'both'`` or of ``'none'``, by the ratings that are learnt from."""
    users, items = np.array(store.user_counts, np.int64), np.array(store.item_counts, np.int64)
    if holdout and sets != "none":
        places = [(u, i) for u in own for i in range(store.blocks)]
        held_users, held_items = np.zeros_like(users), np.zeros_like(items)
        for (u, i), block in zip(places, blocks_ahead(store, places, held_out_part(holdout))):
            for held, side, number, rows in ((held_users, "users", u, block[0]), (held_items, "items", i, block[1])):
                starts = store.layout.user_starts if side == "users" else store.layout.item_starts
                held[starts[number]:starts[number + 1]] += np.bincount(rows, minlength=store.n_rows(side, number))
        for counts, held in ((users, held_users), (items, held_items)):
            group.add_up(held)
            counts -= held
    return SetColumns(set_columns(items) if sets in ("users", "both") else None, set_columns(users) if sets in ("items", "both") else None,
                      items, dtype)


def gathered_pairs(own: np.ndarray, group: ProcessGroup) -> np.ndarray:
    """(2, n) the pairs of all processes, those of the first one first."""
    lengths = np.zeros(group.size, np.int64)
    lengths[group.rank] = own.shape[1]
    group.add_up(lengths)
    pieces = []
    for rank, length in enumerate(lengths):
        piece = np.ascontiguousarray(own) if rank == group.rank else np.empty((2, int(length)), np.int64)
        if length:
            group.share(piece, rank)
        pieces.append(piece)
    return np.concatenate(pieces, 1)
