"""Alternating least squares on a store.

A pass solves all users given the items, a block of users at a time, and then all items given the users (`items_everywhere`). The
regressions, the penalty and the trace are those of `solver.methods.als`. Its shares of the ratings are here shares of all ratings,
held-out ones included.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow
from solver.distributed.group import ProcessGroup
from solver.distributed.start_rows import random_rows
from solver.distributed.store_task import StoreTask
from solver.kernels.system_kernel import solved_systems
from solver.methods.als import penalty_roots, pulled_centres, scaled_features, trace_weight
from solver.methods.ridge_regression import ridge_for
from solver.model.models import penalty_scales
from solver.store.rating_store import RatingStore
from solver.store.read_ahead import held_out_part, learnt_part, ratings_in_part
from solver.threads import one_thread

from .items_everywhere import ItemsEverywhere


class ChainedALS(ItemsEverywhere):
    """A process's part of alternating least squares."""

    def __init__(self, store: RatingStore, task: StoreTask, group: ProcessGroup):
        super().__init__(store, task, group)
        self.decay = task.settings.decay
        self.roots = penalty_roots(task.settings.n_factors, self.d, penalty_scales(store.spread, None), self.items)

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

    def _solved_users(self, block: int, features: Tensor, trace: float, mean_bias: float) -> Tensor:
        own = self.users[block]
        ratings = self.user_ratings(block)
        if self.biases:
            ratings = ByRow(ratings.starts, ratings.others, ratings.values - self.items[:, -1].index_select(0, ratings.others))
        ridge = ridge_for(ratings, n_features=self.d, threads=self.task.threads)
        counts = torch.as_tensor(ratings.counts, dtype=self.dtype)
        centres = self._centres(own, trace, mean_bias)
        solved = ridge.solve(features, ratings.values[None], centres[:, None], (self.decay + trace) * counts.clamp(min=1))[:, 0]
        return torch.where(counts[:, None] > 0, solved / self.roots, own)

    def _centres(self, own: Tensor, trace: float, mean_bias: float) -> Tensor:
        return pulled_centres(own, self.roots, decay=self.decay, trace=trace, mean_bias=mean_bias if self.biases else None)

    def _solve_items(self, mean_bias: float) -> float:
        """Solve all items given the users, in all processes; the squared error of all ratings learnt from after it."""
        features = {block: scaled_features(rows, self.roots, biases=self.biases) for block, rows in self.users.items()}
        trace = trace_weight(self.dtype, self.total({block: float((rows ** 2).sum()) for block, rows in features.items()}) /
                             self.store.n_users)
        solved, squares = torch.empty_like(self.items), np.zeros(1)

        def solve(block: int, systems: np.ndarray, centres: Tensor) -> None:
            nonlocal squares
            rows = self.item_rows(block)
            solved[rows], more = self._solved_items(systems, self.items[rows], centres, trace)
            squares += more

        self.add_up_items(features, lambda block: self._centres(self.items[self.item_rows(block)], trace, mean_bias), solve)
        self.shared(solved.numpy())
        self.items = solved
        self.group.add_up(squares)
        return float(squares[0])

    def _solved_items(self, systems: np.ndarray, own: Tensor, centres: Tensor, trace: float) -> tuple[Tensor, float]:
        """(the rows of an item block, the squared error of its ratings)"""
        counts = torch.from_numpy(systems[:, -2])
        step, _, squares = solved_systems(systems, self.d, (self.decay + trace) * counts.clamp(min=1), self.workers)
        return torch.where(counts[:, None] > 0, (centres + step) / self.roots, own), float(squares.sum())

    # -- what both need -------------------------------------------------------------------------------

    def _mean_user_bias(self) -> float:
        if not self.biases:
            return 0.0
        starts = self.store.layout.user_starts
        return self.total({block: self._weighed(rows[:, -1], self.store.user_counts[starts[block]:starts[block + 1]])
                           for block, rows in self.users.items()}) / self.store.n_ratings

    def _mean_item_bias(self) -> float:
        return self._weighed(self.items[:, -1], self.store.item_counts) / self.store.n_ratings if self.biases else 0.0

    def _weighed(self, bias: Tensor, counts: np.ndarray) -> float:
        return float(bias.double() @ torch.from_numpy(np.array(counts, np.float64)))

    def _held_out_squares(self) -> float:
        squares = dict.fromkeys(self.own, 0.0)
        for u, predicted, values in self.predicted_held_out(self.users, self.items):
            squares[u] += float(((predicted.clamp(*self.task.clip) - values) ** 2).sum())
        return self.total(squares)
