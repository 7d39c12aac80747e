"""AdamW on batches of implicit feedback: observed pairs with drawn negatives."""

from __future__ import annotations

import math

import numpy as np
import torch

from solver.core.implicit import slots, with_negatives
from solver.core.optimizers import OPTIMIZERS
from solver.core.steps import FitTask, Seen
from solver.data.rated import RatedItems
from solver.kernels import best_kernels
from solver.kernels.parts.adamw_table import adamw_table
from solver.kernels.parts.packed import pack_factors
from solver.kernels.parts.target import Target
from solver.kernels.parts.workers import Workers, now_and_then
from solver.model.net import additive

from .drawn_negatives import mix_kernel
from .held_out_rmse import PackedJudge
from .lazy_adamw import PIECE, AdamWRows


class ImplicitAdamW:
    """What `MiniBatch` does with cross-entropy, through the kernel of `LazyAdamW`; negatives are drawn for
    many batches at once."""

    first, to_the_end = 1, True

    def __init__(self, problem: FitTask, *, kernels=None):
        settings, ratings, kernels = problem.settings, problem.ratings, kernels or best_kernels()
        method, target = OPTIMIZERS[settings.optimizer], Target.of(settings)
        self.size, self.how_many, self.news = settings.batch_size or len(ratings), settings.negatives, now_and_then(problem.on_batch)
        self.epochs = settings.epochs or method.batch_epochs
        self.lr = settings.constants["lr"]
        self.packed = pack_factors(additive(problem.start), parts=3)
        self.rows = AdamWRows(self.packed, target, size=self.size * (1 + self.how_many), kernels=kernels, plan=adamw_table(
            settings, steps=self.epochs * math.ceil(len(ratings) / self.size)))
        self.users, self.items = (index.astype(np.int32, copy=False) for index in (ratings.user_index, ratings.item_index))
        self.slots, self.chosen = slots(ratings, power=settings.negatives_power), RatedItems.of(ratings)
        self.mix = mix_kernel()
        held = problem.holdout and with_negatives(problem.holdout, ratings, how_many=self.how_many,
                                                  power=settings.negatives_power, seed=settings.seed)
        self.judge = held and PackedJudge(held, self.packed, target, kernels=kernels, clip=problem.clip, workers=Workers(1))
        self.generator = torch.Generator().manual_seed(int(settings.seed))
        self.rng = np.random.default_rng(settings.seed)

    def step(self, *, last: bool) -> Seen:
        n = len(self.users)
        order = torch.randperm(n, generator=self.generator).numpy()
        piece = self.size * max(1, PIECE // (self.size * (1 + self.how_many)))
        sums = np.zeros(2)
        for begin in range(0, n, piece):
            sums += self.rows.learn(*self._mixed(order[begin:begin + piece]))
            self.news(min(begin + piece, n), n)
        self.rows.catch_up()
        loss, squares = sums / (n * (1 + self.how_many))
        return Seen(float(loss), math.sqrt(squares) if squares >= 0 else math.nan, self.packed.factors,
                    holdout_rmse=self.judge.rmse() if self.judge else None)

    def _mixed(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row numbers of users and items, and targets: batch after batch, in each the pairs and then the drawn ones."""
        n, many = len(chosen) * (1 + self.how_many), len(chosen) * self.how_many
        first, again = (self.rng.integers(len(self.slots), size=many, dtype=np.int32) for _ in range(2))
        users, items = np.empty(n, np.int32), np.empty(n, np.int32)
        targets = np.empty(n, self.packed.table.dtype)
        self.mix(self.users[chosen], self.items[chosen], self.size, self.how_many, first, again, self.slots,
                 self.chosen.starts, self.chosen.items, self.packed.n_users, users, items, targets)
        return users, items, targets
