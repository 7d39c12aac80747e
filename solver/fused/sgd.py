"""SGD a rating at a time on the CPU: the fastest method for many ratings."""

from __future__ import annotations

import math

import numpy as np

from solver.core.optimizers import OPTIMIZERS
from solver.core.schedules import SCHEDULES
from solver.core.settings import Settings
from solver.core.steps import FitTask, Seen
from solver.kernels import best_kernels
from solver.kernels.parts.packed import LANES, given_width, pack_factors
from solver.kernels.parts.target import Target
from solver.kernels.parts.workers import Workers, now_and_then
from solver.model.net import additive
from solver.threads import threads_of_torch

from .held_out_rmse import PackedJudge
from .strata import stratify


class FusedSGD:
    """The ratings are shuffled once; every epoch goes through the strata in a new random order, with the
    learning rate of the schedule at each. (Shuffling once converges as shuffling every epoch does:
    Mishchenko et al. 2020, "Random reshuffling".) `loss` leaves out the penalty.
    """

    first, to_the_end = 1, True

    def __init__(self, problem: FitTask, *, kernels=None):
        settings, ratings, kernels = problem.settings, problem.ratings, kernels or best_kernels()
        method = OPTIMIZERS[settings.optimizer]
        self.settings, self.news = settings, now_and_then(problem.on_batch)
        self.epochs = settings.epochs or method.batch_epochs
        self.lr = settings.constants["lr"]
        self.packed, self.target = pack_factors(additive(problem.start)), Target.of(settings)
        table = self.packed.table
        columns = self.packed.rows_of(ratings, slice(None))
        counts = self.packed.counts(*columns[:2])
        self.data, self.edges = stratify(columns, counts, ratings.n_users, kernels=kernels, seed=settings.seed)
        self.kernel = kernels.sgd_kernel(self.packed.width // LANES, self.target.link,
                                         given_width(additive(problem.start)) // LANES)
        self.decay = row_decay(settings, counts).astype(table.dtype)
        self.fixed = self.packed.fixed
        self.constants = [table.dtype.type(x) for x in (additive(problem.start).offset, self.target.low, self.target.span)]
        self.workers = Workers(threads_of_torch() if self.edges.shape[1] > 2 else 1)
        self.judge = problem.holdout and PackedJudge(problem.holdout, self.packed, self.target, kernels=kernels,
                                               clip=problem.clip, workers=self.workers)
        self.rng, self.epoch = np.random.default_rng(settings.seed + 1), 0

    @property
    def kernels(self) -> tuple:
        """The kernels that it runs."""
        return (self.kernel, *([self.judge.kernel] if self.judge else []))

    def step(self, *, last: bool) -> Seen:
        table, edges, n = self.packed.table, self.edges, len(self.data[0])
        sums, done = np.zeros((*edges[:, 1:].shape, 2)), 0
        for turn, stratum in enumerate(self.rng.permutation(len(edges))):
            rate = table.dtype.type(self._rate((self.epoch + turn / len(edges)) / self.epochs))

            def walk(first: int, after: int, stratum: int = stratum, rate: np.floating = rate) -> None:
                self.kernel(*self.data, edges[stratum], first, after, table, self.decay, self.fixed, rate, *self.constants,
                            sums[stratum])
            self.workers.share(edges.shape[1] - 1, walk)
            done += edges[stratum, -1] - edges[stratum, 0]
            self.news(int(done), n)
        self.epoch += 1
        loss, squares = sums.reshape(-1, 2).sum(0) / n
        return Seen(float(loss), math.sqrt(squares) if squares >= 0 else math.nan, self.packed.factors,
                    holdout_rmse=self.judge.rmse() if self.judge else None)

    def _rate(self, share_done: float) -> float:
        return self.lr * SCHEDULES[self.settings.schedule](share_done)[0]


def row_decay(settings: Settings, counts: np.ndarray) -> np.ndarray:
    """(n_rows,) the factor before a row in the gradient of its penalty λ·‖row‖² at one of its `counts` ratings: 2λ,
    or less of it where decay is by count.

    All ratings of a row together then weigh λ·(√n + 1.5): the noise of n ratings moves a row by about √n,
    and one and a half ratings' worth stands for what is known before any.
    """
    if settings.decay_by == "count":
        n = np.maximum(counts, 1)
        return 2 * settings.decay * (n ** -0.5 + 1.5 / n)
    return np.full(len(counts), 2.0 * settings.decay)
