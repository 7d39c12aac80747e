"""What methods share that take one side of a store after the other: users stay with their process, every process has all items.

Users are solved a block at a time. Items, too, are solved a block at a time: the systems of equations of the block go from process
to process, each adds the part of its users' ratings, and the last one solves them. So the parts are added in the order of the user
blocks, whichever process has these, and the result is the same to the last bit for any number of processes. While a process adds to
one item block, the process before it adds to the next. In the end all processes get the items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.sorting import stable_order
from solver.core.settings import Settings
from solver.distributed.group import ProcessGroup
from solver.distributed.start_rows import one_side
from solver.distributed.store_task import StoreTask, own_blocks
from solver.kernels.normal_equations_kernel import SystemPiece, add_systems, system_size
from solver.kernels.parts.ridge_parts import aligned_features
from solver.kernels.parts.workers import Workers
from solver.model.factors import Factors
from solver.model.models import MODELS
from solver.store.rating_store import RatingStore, StoredBlock
from solver.store.read_ahead import blocks_ahead, held_out_part, learnt_part

_AT_ONCE = 1 << 16     # ratings that are predicted at once


class ItemsEverywhere:
    """The rows (p, b), or p without biases, of a process's users and of all items, in the precision of the settings."""

    def __init__(self, store: RatingStore, task: StoreTask, group: ProcessGroup):
        self.store, self.task, self.group = store, task, group
        settings = task.settings
        self.own, self.biases = own_blocks(store.blocks, group), MODELS[settings.known_model].biases
        self.dtype = getattr(torch, settings.dtype)
        self.d = settings.n_factors + self.biases
        self.users: dict[int, Tensor] = {}
        self.items = torch.zeros(store.n_items, self.d, dtype=self.dtype)
        self.workers = Workers(task.threads)

    def in_units(self, values: Tensor) -> Tensor:
        """Ratings in the units of the method: as they are."""
        return values

    def user_ratings(self, user_block: int) -> ByRow:
        """All ratings of a block of users, user by user."""
        starts = self.store.layout.item_starts
        pieces = list(blocks_ahead(self.store, [(user_block, i) for i in range(self.store.blocks)], learnt_part(self.task.holdout)))
        users, values = (np.concatenate([piece[column] for piece in pieces]) for column in (0, 2))
        items = np.concatenate([piece[1] + np.int32(starts[i]) for i, piece in enumerate(pieces)])
        del pieces
        return self._by_row(users, items, values, self.store.n_rows("users", user_block))

    def _by_row(self, rows: np.ndarray, others: np.ndarray, values: np.ndarray, n: int) -> ByRow:
        order = stable_order(torch.from_numpy(rows), n)
        return ByRow(np.append(0, np.cumsum(np.bincount(rows, minlength=n))), torch.from_numpy(others)[order],
                     self.in_units(torch.from_numpy(values)[order].to(self.dtype)))

    def add_up_items(self, features: Mapping[int, Tensor], centres_of: Callable[[int], Tensor],
                     solve: Callable[[int, np.ndarray, Tensor], None]) -> None:
        """Add up the systems of all items given the users: `solve` is called in the last process, with an item block, its systems
        and its centres. `features` are those of each of the own blocks of users."""
        places = [(u, i) for i in range(self.store.blocks) for u in self.own]
        blocks = blocks_ahead(self.store, places, learnt_part(self.task.holdout))
        aligned = {user_block: aligned_features(rows) for user_block, rows in features.items()}
        rank, last = self.group.rank, self.group.size - 1
        for block in range(self.store.blocks):
            centres = centres_of(block)
            systems = np.zeros((len(centres), system_size(self.d)), self.items.numpy().dtype)
            if rank:
                self.group.receive(systems, rank - 1)
            pieces = [self._piece(next(blocks), user_block, aligned[user_block], len(centres)) for user_block in self.own]
            add_systems(pieces, centres, systems, self.workers)
            if rank < last:
                self.group.send(systems, rank + 1)
            else:
                solve(block, systems, centres)
        next(blocks, None)      # ends its reader

    def _piece(self, block: StoredBlock, user_block: int, features: Tensor, n: int) -> SystemPiece:
        users, items, values = block
        ratings = self._by_row(items, users, values, n)
        targets = ratings.values
        if self.biases:
            targets = targets - self.users[user_block][:, -1].index_select(0, ratings.others)
        return SystemPiece(ratings, features, targets)

    def shared(self, array: np.ndarray) -> None:
        """Give all processes an array of the last one's, in place."""
        self.group.share(array, self.group.size - 1)

    def added_in_order(self, pieces: Iterable[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """The sum of the pieces of all blocks of users, in their order; `pieces` are those of the own blocks."""
        total, rank = np.zeros(shape), self.group.rank
        if rank:
            self.group.receive(total, rank - 1)
        for piece in pieces:
            total += piece
        if rank < self.group.size - 1:
            self.group.send(total, rank + 1)
        self.shared(total)
        return total

    def total(self, of_block: Mapping[int, float]) -> float:
        """The sum of single numbers over all user blocks, in their order, whichever process has them."""
        every = np.zeros(self.store.blocks)
        for block, value in of_block.items():
            every[block] = value
        self.group.add_up(every)
        return float(every.sum())

    def predicted_held_out(self, users: Mapping[int, Tensor], items: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
        """(user block, predictions in the units of the method, ratings) of the ratings held out of the own blocks, some at a time."""
        places, part = [(u, i) for u in self.own for i in range(self.store.blocks)], held_out_part(self.task.holdout)
        for (u, i), block in zip(places, blocks_ahead(self.store, places, part)):
            own, other = users[u], items[self.item_rows(i)]
            for first in range(0, len(block[2]), _AT_ONCE):
                a, b, values = (torch.from_numpy(column[first:first + _AT_ONCE]) for column in block)
                p, q, k = own[a], other[b], self.task.settings.n_factors
                predicted = (p[:, :k] * q[:, :k]).sum(1)
                yield u, (predicted + p[:, -1] + q[:, -1] if self.biases else predicted).double(), values.double()

    def item_rows(self, block: int) -> slice:
        """Where the rows of an item block are among all items."""
        starts = self.store.layout.item_starts
        return slice(int(starts[block]), int(starts[block + 1]))

    def blocks_written(self) -> list[tuple[str, int]]:
        """(side, block) of the rows that this process writes after a pass."""
        return [(side, block) for side in ("users", "items") for block in self.own]

    def blocks_held(self) -> list[tuple[str, int]]:
        """(side, block) of the rows that this process has before a pass."""
        return [*(("users", block) for block in self.own), *(("items", block) for block in range(self.store.blocks))]

    def rows_of_block(self, side: str, block: int) -> np.ndarray:
        """The rows of a block, as they are written after a pass."""
        return (self.users[block] if side == "users" else self.items[self.item_rows(block)]).numpy()

    def put_rows(self, side: str, block: int, rows: np.ndarray) -> None:
        """Take the rows of a block as they were written."""
        if side == "users":
            self.users[block] = torch.from_numpy(rows)
        else:
            self.items[self.item_rows(block)] = torch.from_numpy(rows)

    def kept(self, number: int) -> list[tuple[str, int, np.ndarray]]:
        """(side, block, rows) of a pass that stay until the end, beside those of the last pass: none."""
        return []

    def passes_kept(self, number: int) -> list[int]:
        """The passes up to this one of which something is kept: none."""
        return []


def rows_unpacked(rows: np.ndarray, side: str, store: RatingStore, settings: Settings) -> Factors:
    """The factors of a block's rows; the other side has no rows."""
    tensor, k, biases = torch.from_numpy(rows), settings.n_factors, MODELS[settings.known_model].biases
    return one_side(side, tensor[:, :k], 0.0, biases=biases, bias=tensor[:, k] if biases else None)
