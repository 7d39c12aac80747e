"""Alternating least squares: all users given the items, then all items given the users, exactly.

With the factors of one side fixed, the objective (`objective`) is a ridge regression for each row of
the other, x_u = (p_u, b_u) against (q_i, 1), pulled to (0, b̄) by the penalty λ·n_u (Zhou, Wilkinson, Schreiber
& Pan 2008, "Large-scale parallel collaborative filtering for the Netflix prize"). The mean bias b̄ is taken
before each side is solved, which is one more alternation and never goes uphill. A trace of ‖x − x_old‖² is
added, which moves no optimum: where a row has fewer ratings than factors and λ is 0, of all the
solutions it picks the one that changes least. Ratings may have weights, and factors may be kept from
falling below 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from solver.core.objective import Judge, Objective
from solver.core.optimizers import OPTIMIZERS
from solver.core.pairs.by_row import ByRow, both_sides
from solver.core.steps import FitTask, Seen
from solver.model.net import additive

from .ridge_regression import ridge_for
from .weighted_regression import weighted_ridge_for

_Regressions = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]   # z of features, targets, present rows, centres and ridge

TRACE = {torch.float64: 1e-9, torch.float32: 1e-5}  # of the features' mean square: what rounding cannot lose


class AlternatingLeastSquares:
    """A pass over users and items an epoch; the loss is looked at before it."""

    first, to_the_end = 0, False
    lr: float | None = None

    def __init__(self, problem: FitTask):
        settings, start, device = problem.settings, additive(problem.start), problem.device
        self.epochs = OPTIMIZERS[settings.optimizer].epochs
        self.decay = settings.decay
        self.factors = start.map(lambda tensor: tensor.to(device))
        self.objective = Objective.of(problem.ratings, weight_decay=self.decay, device=device,
                                      dtype=start.user.dtype)
        held = problem.holdout
        self.judge = Judge.of(held, clip=problem.clip, device=device) if held else None
        targets = self.objective.targets
        self.by_user, self.by_item = both_sides(targets.by_pair, targets.values - start.offset, targets.weights)
        n_features, least = start.n_factors + (start.user_bias is not None), None
        if settings.non_negative:
            least = torch.full((n_features,), -math.inf, dtype=start.user.dtype, device=device)    # biases are free
            least[:start.n_factors] = 0
        self.user_rows, self.item_rows = (_rows_of(ratings, least, n_features=n_features) for ratings in (self.by_user, self.by_item))

    def step(self, *, last: bool) -> Seen:
        here = self.factors
        loss, mse, slope = self._look()
        if not last:
            user, item = _rows(here.user, here.user_bias), _rows(here.item, here.item_bias)
            means = self.objective.mean_biases(here)
            user = self._solve(user, item, self.by_user, self.user_rows, means.get("user_bias"))
            item = self._solve(item, user, self.by_item, self.item_rows, means.get("item_bias"))
            k = here.n_factors
            biases = {} if here.user_bias is None else {"user_bias": user[:, k], "item_bias": item[:, k]}
            self.factors = here.with_tensors({"user": user[:, :k], "item": item[:, :k], **biases})
        return Seen(loss, math.sqrt(mse) if mse >= 0 else math.nan, lambda: here, slope,
                    self.judge.rmse(here) if self.judge else None)

    def _look(self) -> tuple[float, float, float]:
        """Loss, squared error and largest slope at the present factors; in float32, whose rounding keeps any slope from
        becoming zero, that is not taken."""
        if self.factors.user.dtype == torch.float32:
            with torch.no_grad():
                mse = self.objective.mean_squared_error(self.factors)
                return float(mse + self.objective.penalty(self.factors)), float(mse), math.inf
        leaves = self.factors.map(lambda tensor: tensor.detach().requires_grad_())
        mse = self.objective.mean_squared_error(leaves)
        loss = mse + self.objective.penalty(leaves)
        loss.backward()
        return loss.item(), mse.item(), max(float(leaf.grad.abs().max()) for leaf in leaves.tensors().values() if leaf.grad is not None)

    def _solve(self, own: Tensor, other: Tensor, ratings: ByRow, rows: _Regressions, mean_bias: Tensor | None) -> Tensor:
        """The rows x of one side, given the other, as z = x ∘ √s: the penalty's scales s are in the features."""
        targets, k = ratings.values, self.factors.n_factors
        if mean_bias is not None:
            targets = targets - other[:, -1].index_select(0, ratings.others)
        roots = penalty_roots(k, own.shape[1], self.objective.scales, own)
        features = scaled_features(other, roots, biases=mean_bias is not None)
        trace = trace_weight(own.dtype, float((features ** 2).sum(1).mean()))
        counts = torch.as_tensor(ratings.counts, dtype=own.dtype, device=own.device)
        sizes = counts.clamp(min=1) if ratings.weights is None else torch.segment_reduce(
            ratings.weights, "sum", offsets=torch.as_tensor(ratings.starts, device=own.device), initial=0)
        centres = pulled_centres(own, roots, decay=self.decay, trace=trace, mean_bias=mean_bias)
        solved = rows(features, targets, own * roots, centres, (self.decay + trace) * sizes) / roots
        return torch.where(counts[:, None] > 0, solved, own)


def _rows_of(ratings: ByRow, least: Tensor | None, *, n_features: int) -> _Regressions:
    """The regressions of one side: those with weights and least values take longer, and are taken where there are some."""
    threads = torch.get_num_threads()
    if ratings.weights is None and least is None:
        plain = ridge_for(ratings, n_features=n_features, threads=threads)
        return lambda features, targets, own, centres, ridge: plain.solve(features, targets[None], centres[:, None], ridge)[:, 0]
    general = weighted_ridge_for(ratings, threads=threads)
    weights = torch.ones_like(ratings.values) if ratings.weights is None else ratings.weights
    return lambda features, targets, own, centres, ridge: general.solve(features, targets, weights, own, centres, ridge, None, least)


def penalty_roots(n_factors: int, n_features: int, scales: tuple[float, float], like: Tensor) -> Tensor:
    """(n_features,) √s of the penalty's scales of factors and of biases: rows are solved as z = x ∘ √s."""
    roots = torch.full_like(like[0], scales[0] ** 0.5)
    roots[n_factors:n_features] = scales[1] ** 0.5
    return roots


def scaled_features(other: Tensor, roots: Tensor, *, biases: bool) -> Tensor:
    """What the rows z of one side are multiplied by: the other side's (q, 1), or q without biases, over the roots."""
    features = other.clone()
    if biases:
        features[:, -1] = 1
    return features / roots


def trace_weight(dtype: torch.dtype, mean_square: float) -> float:
    """How much a row is held where it is: a trace of the features' mean square."""
    return TRACE[dtype] * mean_square


def pulled_centres(own: Tensor, roots: Tensor, *, decay: float, trace: float, mean_bias: Tensor | float | None) -> Tensor:
    """(n_rows, n_features) what each row z is pulled to: the average row by decay, where it is by the trace."""
    average = torch.zeros_like(own[0])
    if mean_bias is not None:
        average[-1] = mean_bias
    return (own * trace + average * decay) / (decay + trace) * roots


def _rows(factors: Tensor, bias: Tensor | None) -> Tensor:
    return factors if bias is None else torch.cat([factors, bias[:, None]], 1)
