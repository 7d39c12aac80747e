"""What is minimised: the mean squared error of the ratings that exist, plus weight decay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .factors import Factors
from .model import Bounds, predict
from .ratings import Ratings


@dataclass(frozen=True, eq=False)
class Objective:
    """``loss(θ) = mean((r̂ − r)²) + ½ · weight_decay · Σθ²`` over the rated pairs only.

    The penalty is the one whose gradient is ``weight_decay · θ``, as in torch.optim.
    """

    users: Tensor       # (n_ratings,) int64
    items: Tensor       # (n_ratings,) int64
    values: Tensor      # (n_ratings,)
    bounds: Bounds
    weight_decay: float

    @classmethod
    def of(cls, ratings: Ratings, *, bounds: Bounds = None, weight_decay: float = 0.0,
           dtype: torch.dtype = torch.float64, device: str = "cpu") -> Objective:
        """The objective of these ratings, its data on `device`."""
        return cls(torch.as_tensor(ratings.user_index, device=device),
                   torch.as_tensor(ratings.item_index, device=device),
                   torch.as_tensor(ratings.values, dtype=dtype, device=device),
                   bounds, weight_decay)

    def mean_squared_error(self, factors: Factors) -> Tensor:
        predicted = predict(factors, self.users, self.items, bounds=self.bounds)
        return ((predicted - self.values) ** 2).mean()

    def penalty(self, factors: Factors) -> Tensor | float:
        if not self.weight_decay:
            return 0.0
        return 0.5 * self.weight_decay * sum((t ** 2).sum() for t in factors.tensors().values())


def rmse(factors: Factors, ratings: Ratings, *, bounds: Bounds = None) -> float:
    """Root mean squared error of the predictions of the given ratings."""
    with torch.no_grad():
        objective = Objective.of(ratings, bounds=bounds, dtype=factors.user.dtype)
        return float(np.sqrt(objective.mean_squared_error(factors).item()))
