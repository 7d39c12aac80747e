"""Alternating least squares on a store: users stay with their process, every process has all items.

A pass solves all users given the items, a block of users at a time. Then, an item block at a time, it adds up the items'
systems of equations and solves them given the users. The systems go from process to process, each adding what its users'
ratings say, and the last one solves them: so they are added up in the order of the user blocks, whoever has these, and the
result is the same for any number of processes, to the last bit. While a process adds to one item block, the process before
it adds to the next. At last all get the items.

The regressions, the penalty and the trace are those of `solver.methods.als`; what it calls shares of the ratings are here
those of all ratings, also of the ones that are held out.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.sorting import stable_order
from solver.core.settings import Settings
from solver.kernels.normal_equations_kernel import SystemAdder, system_size, unpacked_systems
from solver.kernels.parts.workers import Workers
from solver.methods.als import penalty_roots, pulled_centres, scaled_features, trace_weight
from solver.methods.ridge_regression import ridge_for
from solver.model.factors import Factors
from solver.model.models import MODELS, penalty_scales
from solver.store.rating_store import RatingStore, StoredBlock
from solver.store.read_ahead import blocks_ahead, held_out_part, learnt_part, ratings_in_part
from solver.threads import one_thread

from .group import ProcessGroup
from .start_rows import one_side, random_rows
from .store_task import StoreTask, own_blocks

_AT_ONCE = 1 << 16      # ratings that are predicted, or rows that are solved, at once


class ChainedALS:
    """The rows (p, b), or p without biases, of a process's users and of all items, in the precision of the settings."""

    def __init__(self, store: RatingStore, task: StoreTask, group: ProcessGroup):
        self.store, self.task, self.group = store, task, group
        settings = task.settings
        self.own, self.biases = own_blocks(store.blocks, group), MODELS[settings.known_model].biases
        self.dtype = getattr(torch, settings.dtype)
        self.decay, self.d = settings.decay, settings.n_factors + self.biases
        self.users: dict[int, Tensor] = {}
        self.items = torch.zeros(store.n_items, self.d, dtype=self.dtype)
        self.roots = penalty_roots(settings.n_factors, self.d, penalty_scales(store.spread, None), self.items)
        self.workers = Workers(task.threads)

    def begin(self) -> None:
        """Draw the start values."""
        for side, block in self.blocks_held():
            self.put_rows(side, block, random_rows(self.task.settings, self.store.mean, self.store.spread, side, block,
                                                   self.store.n_rows(side, block)))

    @one_thread()   # the regressions have threads of their own
    def run_pass(self, number: int) -> tuple[float, float | None]:
        """One pass; (RMSE of the ratings learnt from after it, RMSE of the ratings held out or None)."""
        means = self._mean_user_bias(), self._mean_item_bias()
        features = scaled_features(self.items, self.roots, biases=self.biases)
        trace = trace_weight(self.dtype, float((features ** 2).sum(1).mean()))
        for block in self.own:
            self.users[block] = self._solved_users(block, features, trace, means[0])
        squares = self._solve_items(means[1])
        learnt, held = (ratings_in_part(self.store, part) for part in (learnt_part(self.task.holdout), held_out_part(self.task.holdout)))
        rmse = math.sqrt(max(squares, 0.0) / learnt) if math.isfinite(squares) else math.nan
        return rmse, math.sqrt(self._held_out_squares() / held) if held else None

    # -- users ----------------------------------------------------------------------------------------

    def _solved_users(self, block: int, features: Tensor, trace: float, mean_bias: float) -> Tensor:
        own = self.users[block]
        ratings = self._user_ratings(block)
        if self.biases:
            ratings = ByRow(ratings.starts, ratings.others, ratings.values - self.items[:, -1].index_select(0, ratings.others))
        ridge = ridge_for(ratings, n_features=self.d, threads=self.task.threads)
        counts = torch.as_tensor(ratings.counts, dtype=self.dtype)
        centres = pulled_centres(own, self.roots, decay=self.decay, trace=trace, mean_bias=mean_bias if self.biases else None)
        solved = ridge.solve(features, ratings.values[None], centres[:, None], (self.decay + trace) * counts.clamp(min=1))[:, 0]
        return torch.where(counts[:, None] > 0, solved / self.roots, own)

    def _user_ratings(self, user_block: int) -> ByRow:
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
                     torch.from_numpy(values)[order].to(self.dtype))

    # -- items ----------------------------------------------------------------------------------------

    def _solve_items(self, mean_bias: float) -> float:
        """Solve all items given the users, in all processes; the squared error of all ratings learnt from after it."""
        features = {block: scaled_features(rows, self.roots, biases=self.biases) for block, rows in self.users.items()}
        trace = trace_weight(self.dtype, self._total({block: float((rows ** 2).sum()) for block, rows in features.items()}) /
                             self.store.n_users)
        places = [(u, i) for i in range(self.store.blocks) for u in self.own]
        blocks = blocks_ahead(self.store, places, learnt_part(self.task.holdout))
        rank, last, squares = self.group.rank, self.group.size - 1, np.zeros(1)
        solved = torch.empty_like(self.items)
        for block in range(self.store.blocks):
            rows = self._item_rows(block)
            own = self.items[rows]
            centres = pulled_centres(own, self.roots, decay=self.decay, trace=trace, mean_bias=mean_bias if self.biases else None)
            systems = np.zeros((len(own), system_size(self.d)), self.items.numpy().dtype)
            if rank:
                self.group.receive(systems, rank - 1)
            for user_block in self.own:
                self._add(systems, next(blocks), user_block, features[user_block], centres)
            if rank < last:
                self.group.send(systems, rank + 1)
            else:
                solved[rows], more = self._solved_items(systems, own, centres, trace)
                squares += more
        next(blocks, None)      # ends its reader
        self.group.share(solved.numpy(), last)
        self.items = solved
        self.group.add_up(squares)
        return float(squares[0])

    def _add(self, systems: np.ndarray, block: StoredBlock, user_block: int, features: Tensor, centres: Tensor) -> None:
        users, items, values = block
        ratings = self._by_row(items, users, values, len(centres))
        targets = ratings.values
        if self.biases:
            targets = targets - self.users[user_block][:, -1].index_select(0, ratings.others)
        SystemAdder(ratings, self.workers).add(features, targets, centres, systems)

    def _solved_items(self, systems: np.ndarray, own: Tensor, centres: Tensor, trace: float) -> tuple[Tensor, float]:
        """(the rows of an item block, the squared error of its ratings)"""
        solved, squares = own.clone(), 0.0
        for first in range(0, len(own), _AT_ONCE // self.d):
            some = slice(first, first + _AT_ONCE // self.d)
            gram, right, counts, before = unpacked_systems(torch.from_numpy(systems[some]), self.d)
            ridged = gram.clone()
            ridged.diagonal(dim1=1, dim2=2).add_(((self.decay + trace) * counts.clamp(min=1))[:, None])
            root, _ = torch.linalg.cholesky_ex(ridged)
            step = torch.cholesky_solve(right[:, :, None], root)[:, :, 0]
            # Σ (e − φ·s)² = Σ e² − 2 s·Φᵀe + sᵀ ΦᵀΦ s
            squares += float((before - 2 * (step * right).sum(1) + (step * (gram @ step[:, :, None])[:, :, 0]).sum(1)).double().sum())
            solved[some] = torch.where(counts[:, None] > 0, (centres[some] + step) / self.roots, own[some])
        return solved, squares

    # -- what both need -------------------------------------------------------------------------------

    def _mean_user_bias(self) -> float:
        if not self.biases:
            return 0.0
        starts = self.store.layout.user_starts
        return self._total({block: self._weighed(rows[:, -1], self.store.user_counts[starts[block]:starts[block + 1]])
                            for block, rows in self.users.items()}) / self.store.n_ratings

    def _mean_item_bias(self) -> float:
        return self._weighed(self.items[:, -1], self.store.item_counts) / self.store.n_ratings if self.biases else 0.0

    def _weighed(self, bias: Tensor, counts: np.ndarray) -> float:
        return float(bias.double() @ torch.from_numpy(np.array(counts, np.float64)))

    def _total(self, of_block: dict[int, float]) -> float:
        """The sum over all user blocks, in their order, whoever has them."""
        every = np.zeros(self.store.blocks)
        for block, value in of_block.items():
            every[block] = value
        self.group.add_up(every)
        return float(every.sum())

    def _held_out_squares(self) -> float:
        places = [(u, i) for u in self.own for i in range(self.store.blocks)]
        part, squares = held_out_part(self.task.holdout), dict.fromkeys(self.own, 0.0)
        low, high = self.task.clip
        for (u, i), (users, items, values) in zip(places, blocks_ahead(self.store, places, part)):
            own, other = self.users[u], self.items[self._item_rows(i)]
            for first in range(0, len(values), _AT_ONCE):
                a, b = (torch.from_numpy(index[first:first + _AT_ONCE]) for index in (users, items))
                p, q = own[a], other[b]
                predicted = (p[:, :self.task.settings.n_factors] * q[:, :self.task.settings.n_factors]).sum(1)
                if self.biases:
                    predicted = predicted + p[:, -1] + q[:, -1]
                error = predicted.double().clamp(low, high) - torch.from_numpy(values[first:first + _AT_ONCE])
                squares[u] += float((error ** 2).sum())
        return self._total(squares)

    def _item_rows(self, block: int) -> slice:
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
        return (self.users[block] if side == "users" else self.items[self._item_rows(block)]).numpy()

    def put_rows(self, side: str, block: int, rows: np.ndarray) -> None:
        """Take the rows of a block as they were written."""
        if side == "users":
            self.users[block] = torch.from_numpy(rows)
        else:
            self.items[self._item_rows(block)] = torch.from_numpy(rows)


def rows_unpacked(rows: np.ndarray, side: str, store: RatingStore, settings: Settings) -> Factors:
    """The factors of a block's rows; there are none of the other side."""
    tensor, k, biases = torch.from_numpy(rows), settings.n_factors, MODELS[settings.known_model].biases
    return one_side(side, tensor[:, :k], 0.0, biases=biases, bias=tensor[:, k] if biases else None)
