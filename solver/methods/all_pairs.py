"""Alternating least squares of implicit feedback: every pair of a user and an item counts, not only those that happened.

    Σ w_ui (1 − p_u·q_i)²  +  α Σ (p_u·q_i)²  +  λ Σ_u √(n_u + α·n_items) ‖p_u‖²  +  λ Σ_i √(n_i + α·n_users) ‖q_i‖²
    over pairs that happened  over all pairs

(Hu, Koren & Volinsky 2008; with this penalty and the weight α of what did not happen, Rendle, Krichene, Zhang & Koren 2021). The sum
over all pairs takes no longer than its matrix Σ_i q qᵀ, which all users share. w is the weight of a pair, 1 in the mean; λ is
`weight_decay`, α is `unobserved`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from solver.core.objective import Targets
from solver.core.pairs.by_row import both_sides
from solver.core.steps import FitTask, Seen
from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.net import additive

from .weighted_regression import weighted_ridge_for

_EPOCHS = 12        # after which nothing is gained that a hold-out shows
_TRACE = 1e-6       # of the mean square of the factors: what rounding cannot lose, where there is no penalty


class AllPairs:
    """A pass over users and items an epoch; the loss is looked at after it."""

    first, to_the_end, epochs = 1, True, _EPOCHS
    lr: float | None = None

    def __init__(self, problem: FitTask):
        settings, start, ratings = problem.settings, additive(problem.start), problem.ratings
        self.unobserved, self.decay = float(settings.unobserved), settings.decay
        self.known = self._pairs(ratings, problem)
        self.held = problem.holdout and self._pairs(problem.holdout, problem)
        self.by_user, self.by_item = both_sides(self.known.by_pair, self.known.values)
        self.ones = torch.ones_like(self.known.values)
        self.least = torch.zeros_like(start.user[0], device=problem.device) if settings.non_negative else None
        self.user_ridge, self.item_ridge = (weighted_ridge_for(side, threads=torch.get_num_threads()) for side in (self.by_user, self.by_item))
        # of a row to which nothing happened the best is 0
        self.factors = start.map(lambda tensor: tensor.to(problem.device)).with_tensors({
            name: rows.to(problem.device) * torch.as_tensor(side.counts > 0, dtype=rows.dtype, device=problem.device)[:, None]
            for name, rows, side in (("user", start.user, self.by_user), ("item", start.item, self.by_item))})

    @staticmethod
    def _pairs(ratings: Ratings, problem: FitTask) -> Targets:
        weights = np.ones(len(ratings)) if ratings.weights is None else ratings.weights / ratings.weights.mean()
        return Targets.of(replace(ratings, values=weights, weights=None), dtype=additive(problem.start).user.dtype, device=problem.device)

    def step(self, *, last: bool) -> Seen:
        before = self.factors
        user = self._solve(before.user, before.item, self.by_user, self.user_ridge)
        here = self.factors = Factors(user, self._solve(before.item, user, self.by_item, self.item_ridge))
        everything = float(((here.user.T @ here.user) * (here.item.T @ here.item)).sum())
        size = self.unobserved * len(here.user) * len(here.item)
        x, w = self.known.predicted(here, None), self.known.values
        error = float((w * (1 - x) ** 2).sum()) + self.unobserved * everything
        total = float(w.sum()) + size
        penalty = sum(float((self._decays(side, len(other)) * (rows ** 2).sum(1)).sum()) for rows, side, other in (
            (here.user, self.by_user, here.item), (here.item, self.by_item, here.user)))
        held = None
        if self.held:
            y, v = self.held.predicted(here, None), self.held.values
            rest = max(everything - float((x ** 2).sum()), 0.0)
            held = math.sqrt((float((v * (1 - y) ** 2).sum()) + self.unobserved * rest) / (float(v.sum()) + size))
        return Seen((error + penalty) / total, math.sqrt(error / total) if error >= 0 else math.nan, lambda: here, holdout_rmse=held)

    def _solve(self, own: Tensor, other: Tensor, side, ridge) -> Tensor:
        trace = _TRACE * float((other ** 2).sum(1).mean())
        return ridge.solve(other, self.ones, side.values, own, None, self._decays(side, len(other)) + trace,
                           self.unobserved * (other.T @ other), self.least)

    def _decays(self, side, n_others: int) -> Tensor:
        """(n_rows,) what ‖x‖² of each row costs."""
        counts = torch.as_tensor(side.counts, dtype=side.values.dtype, device=side.values.device)
        return self.decay * (counts + self.unobserved * n_others).sqrt()
