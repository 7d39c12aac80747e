"""Lazy AdamW: a step touches only the rows of its batch, and the result is that of dense AdamW."""

from __future__ import annotations

import math

import numpy as np

from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.core.steps import FitTask, Seen
from solver.kernels import best_kernels
from solver.kernels.parts.adamw_table import adamw_table, closed_form_holds
from solver.kernels.parts.packed import LANES, pack_factors
from solver.kernels.parts.target import Target
from solver.kernels.parts.workers import Workers, now_and_then
from solver.model.factors import Factors
from solver.model.net import additive

from .held_out_rmse import PackedJudge

PIECE = 200_000  # ratings, about: between two looks at Ctrl-C


def is_lazy(settings: Settings) -> bool:
    """Whether the skipped steps of these settings have a closed form; else every step must touch every row."""
    return closed_form_holds(settings)


class LazyAdamW:
    """One thread: a batch is over in the time it takes to wake another."""

    first, to_the_end = 1, True

    def __init__(self, problem: FitTask, *, kernels=None):
        settings, ratings, kernels = problem.settings, problem.ratings, kernels or best_kernels()
        method = OPTIMIZERS[settings.optimizer]
        self.size, self.news = settings.batch_size or len(ratings), now_and_then(problem.on_batch)
        self.epochs = settings.epochs or method.batch_epochs
        self.lr = settings.constants["lr"]
        self.packed, target = pack_factors(additive(problem.start), parts=3), Target.of(settings)
        self.rows = AdamWRows(self.packed, target, size=self.size, kernels=kernels, plan=adamw_table(
            settings, steps=self.epochs * math.ceil(len(ratings) / self.size)))
        self.data = self.packed.rows_of(ratings, slice(None))
        self.judge = problem.holdout and PackedJudge(problem.holdout, self.packed, target, kernels=kernels,
                                               clip=problem.clip, workers=Workers(1))
        self.rng = np.random.default_rng(settings.seed)

    @property
    def kernels(self) -> tuple:
        """The kernels that it runs."""
        return (self.rows.adamw, self.rows.catch, *([self.judge.kernel] if self.judge else []))

    def step(self, *, last: bool) -> Seen:
        n = len(self.data[0])
        order = self.rng.permutation(n)
        data = [column[order] for column in self.data]
        piece = self.size * max(1, PIECE // self.size)
        sums = np.zeros(2)
        for begin in range(0, n, piece):
            sums += self.rows.learn(*(column[begin:begin + piece] for column in data))
            self.news(min(begin + piece, n), n)
        self.rows.catch_up()
        loss, squares = sums / n
        return Seen(float(loss), math.sqrt(squares) if squares >= 0 else math.nan, self.packed.factors,
                    holdout_rmse=self.judge.rmse() if self.judge else None)


class AdamWRows:
    """A packed table with momentum and squares beside every row, and the steps it has gone through."""

    def __init__(self, packed, target: Target, *, size: int, plan: np.ndarray, kernels):
        table, chunks = packed.table, packed.width // LANES
        self.packed, self.size, self.plan, self.steps = packed, size, plan, 0
        self.adamw, self.catch = kernels.adamw_kernel(chunks, target.link), kernels.catch_up_kernel(chunks)
        self.done, self.places = np.zeros(len(table), np.int64), np.zeros(len(table), np.int32)
        self.gradients = packed.room(min(2 * size, len(table)))
        self.fixed = packed.fixed
        self.constants = [table.dtype.type(x) for x in (packed.like.offset, target.low, target.span)]

    def learn(self, users: np.ndarray, items: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Steps on batches of these, in this order: (2,) sums of the loss and of the squared errors met.

        `users` and `items` are row numbers (int32), `targets` in the table's precision; the last batch may be short.
        """
        sums = np.zeros(2)
        self.adamw(users, items, targets, self.size, self.packed.table, self.packed.n_users, self.done, self.steps,
                   self.plan, self.fixed, self.gradients, self.places, *self.constants, sums)
        self.steps += -(-len(users) // self.size)
        return sums

    def catch_up(self) -> None:
        """Apply to every row what it has missed: the table is then what AdamW on all rows gives."""
        self.catch(self.packed.table, self.packed.n_users, self.done, self.steps, self.plan, self.fixed)

    def factors(self) -> Factors:
        """A copy, after `catch_up`."""
        return self.packed.factors()
