"""What is minimised: the mean squared error of the ratings that exist, plus weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from solver.data.ratings import Ratings, spread_of
from solver.errors import UserError
from solver.model.factors import Factors
from solver.model.models import Bounds, into_range, penalty_scales, predict
from solver.model.net import AnyFactors, NetFactors, additive
from solver.model.wide_rows import wide_rows

from .pairs.sparse_products import RatedPairs

FEW = 5_000     # ratings below which gathered rows are faster than sparse products, as on a sheet
_CHUNK = 65_536  # ratings whose rows are gathered at once, where no loss is differentiated: what a cache holds


@dataclass(frozen=True, eq=False)
class Targets:
    """Ratings on a device, to be predicted again and again. They may be sorted anew."""

    users: Tensor            # (n_ratings,) integers
    items: Tensor            # (n_ratings,)
    values: Tensor           # (n_ratings,)
    pairs: RatedPairs | None  # None where torch has no sparse products
    weights: Tensor | None = None   # (n_ratings,), 1 in the mean; None: all ratings count alike

    @classmethod
    def of(cls, ratings: Ratings, *, dtype: torch.dtype = torch.float64,
           device: torch.device | str = "cpu") -> Targets:
        users, items = (torch.as_tensor(index, device=device) for index in (ratings.user_index, ratings.item_index))
        values = torch.as_tensor(ratings.values, dtype=dtype, device=device)
        weights = None if ratings.weights is None else torch.as_tensor(ratings.weights / ratings.weights.mean(), dtype=dtype, device=device)
        if users.device.type not in ("cpu", "cuda"):
            return cls(users, items, values, None, weights)
        pairs = RatedPairs.of(users, items, ratings.n_users, ratings.n_items)
        return cls(pairs.users, pairs.items, values.index_select(0, pairs.order), pairs,
                   None if weights is None else weights.index_select(0, pairs.order))

    @property
    def by_pair(self) -> RatedPairs:
        """The pairs, where a method cannot do without. Raises UserError where torch has no sparse products."""
        if self.pairs is None:
            raise UserError(f"Torch has no sparse products on {self.users.device}, which this optimizer needs. Choose the device cpu.")
        return self.pairs

    def weighted(self, errors: Tensor) -> Tensor:
        """Errors (n_ratings,), each times the weight of its rating."""
        return errors if self.weights is None else self.weights * errors

    def predicted(self, factors: AnyFactors, bounds: Bounds) -> Tensor:
        """Predicted ratings (n_ratings,), in the order of `values`."""
        if self.pairs is not None and self._at_once(factors):
            return into_range(self.pairs.products(*wide_rows(additive(factors))) + factors.offset, bounds)
        return predict(factors, self.users, self.items, bounds=bounds)

    def parts(self, factors: AnyFactors) -> Iterator[Targets]:
        """Yields these targets in pieces, where every prediction needs a row of memory of its own; else all at once."""
        if self._at_once(factors):
            yield self
        else:
            for first in range(0, len(self.values), _CHUNK):
                some = slice(first, first + _CHUNK)
                yield Targets(self.users[some], self.items[some], self.values[some], None,
                              None if self.weights is None else self.weights[some])

    def _at_once(self, factors: AnyFactors) -> bool:
        return self.pairs is not None and isinstance(factors, Factors) and len(self.values) >= FEW


@dataclass(frozen=True, eq=False)
class Objective:
    """The mean, over the rated pairs only, of

        (r − r̂)² + λ · (s_f · (‖p_u‖² + ‖q_i‖²) + s_b · ((b_u − b̄_U)² + (b_i − b̄_I)²)),    λ = `weight_decay`

    (Koren, Bell & Volinsky 2009, eq. 5, with a free mean). A row's penalty counts once for each of its ratings, so
    that the same λ suits a small table and a large one. b̄_U and b̄_I are the mean biases of the users and of the
    items, every row as often as it has ratings: decay pulls everybody to the average user and the average item, and
    costs the level of all ratings nothing. It is the same as r̂ = μ + p_u·q_i + c_u + c_i with a μ that is free and
    penalised c, but a sheet needs no cell for μ. A model without biases has no average to pull to but 0.
    The net's objective has ‖W‖² of its layers beside ‖p_u‖² + ‖q_i‖², every rating's prediction taking them, and no biases' part:
    else the layers would grow as the embeddings shrink.
    Where ratings have weights, 1 in the mean, each part of the sum is times its rating's: a rating of weight 2 is as good as two.
    The scales s_f and s_b (`penalty_scales`) make λ mean the same for ratings in stars and in percent.
    """

    targets: Targets
    user_share: Tensor  # (n_users,) each user's share of the ratings; they add up to 1
    item_share: Tensor  # (n_items,)
    bounds: Bounds
    weight_decay: float
    scales: tuple[float, float] = (1.0, 1.0)    # of the factors' and of the biases' penalty

    @classmethod
    def of(cls, ratings: Ratings, *, bounds: Bounds = None, weight_decay: float = 0.0,
           dtype: torch.dtype = torch.float64, device: str = "cpu") -> Objective:
        """The objective of these ratings, its data on `device`."""
        targets = Targets.of(ratings, dtype=dtype, device=device)

        def share(index: Tensor, n: int) -> Tensor:
            return torch.bincount(index, targets.weights, minlength=n).to(dtype) / max(len(index), 1)

        return cls(targets, share(targets.users, ratings.n_users), share(targets.items, ratings.n_items),
                   bounds, weight_decay, penalty_scales(spread_of(ratings), bounds))

    def mean_squared_error(self, factors: AnyFactors) -> Tensor:
        return self.targets.weighted((self.targets.predicted(factors, self.bounds) - self.targets.values) ** 2).mean()

    def penalty(self, factors: AnyFactors) -> Tensor | float:
        if not self.weight_decay:
            return 0.0
        of_factors, of_biases = self.scales
        total = of_factors * sum(share @ (rows ** 2).sum(1) for share, rows in
                                 ((self.user_share, factors.user), (self.item_share, factors.item)))
        if isinstance(factors, NetFactors):
            total = total + of_factors * torch.stack([(weights ** 2).sum() for weights in factors.weights]).sum()
        for name, mean in self.mean_biases(factors).items():
            total = total + of_biases * (self.share(name) @ (getattr(factors, name) - mean) ** 2)
        return self.weight_decay * total

    def mean_biases(self, factors: AnyFactors) -> dict[str, Tensor]:
        """b̄_U and b̄_I by field name, every row as often as it has ratings; none where there are no biases."""
        return {name: self.share(name) @ bias for name, bias in factors.tensors().items() if name.endswith("_bias")}

    def share(self, name: str) -> Tensor:
        """The shares of the ratings that the rows of a field of `Factors` have."""
        return self.user_share if name.startswith("user") else self.item_share


@dataclass(frozen=True, eq=False)
class Judge:
    """Root mean squared error of the predictions of given ratings, taken every epoch on the factors' device.

    `clip` is the range to which predictions are clipped before they are judged. Ratings with weights count by these.
    """

    targets: Targets
    bounds: Bounds
    clip: Bounds

    @classmethod
    def of(cls, ratings: Ratings, *, bounds: Bounds = None, clip: Bounds = None,
           device: torch.device | str = "cpu") -> Judge:
        dtype = torch.float32 if torch.device(device).type == "mps" else torch.float64  # Apple's GPUs lack float64
        return cls(Targets.of(ratings, dtype=dtype, device=device), bounds, clip)

    @torch.no_grad()
    def rmse(self, factors: AnyFactors) -> float:
        squares: Tensor | float = 0.0
        for part in self.targets.parts(factors):
            predicted = part.predicted(factors, self.bounds).to(part.values.dtype)
            if self.clip is not None:
                predicted = predicted.clamp(*self.clip)
            squares = squares + part.weighted((predicted - part.values) ** 2).sum()  # waits for nothing: a sum on the device
        return math.sqrt(float(squares) / len(self.targets.values))


def rmse(factors: AnyFactors, ratings: Ratings, *, bounds: Bounds = None, clip: Bounds = None) -> float:
    """Root mean squared error of the predictions of the given ratings, which may be clipped to a range first."""
    return Judge.of(ratings, bounds=bounds, clip=clip, device=factors.user.device).rmse(factors)
