"""What is minimised: the mean squared error of the ratings that exist, plus weight decay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .factors import Factors
from .model import Bounds, predict
from .ratings import Ratings

CHUNK = 1_000_000  # ratings predicted at once


@dataclass(frozen=True, eq=False)
class Objective:
    """The mean, over the rated pairs only, of

        (r − r̂)² + λ · (‖p_u‖² + ‖q_i‖² + b_u² + b_i²),    λ = `weight_decay`

    (Koren, Bell & Volinsky 2009, eq. 5). A row's penalty counts once for each of its ratings, so
    that the same λ suits a small table and a large one.
    """

    users: Tensor       # (n_ratings,) int64
    items: Tensor       # (n_ratings,) int64
    values: Tensor      # (n_ratings,)
    user_share: Tensor  # (n_users,) each user's share of the ratings; they add up to 1
    item_share: Tensor  # (n_items,)
    bounds: Bounds
    weight_decay: float

    @classmethod
    def of(cls, ratings: Ratings, *, bounds: Bounds = None, weight_decay: float = 0.0,
           dtype: torch.dtype = torch.float64, device: str = "cpu") -> Objective:
        """The objective of these ratings, its data on `device`."""
        def share(index: np.ndarray, n: int) -> Tensor:
            return torch.as_tensor(np.bincount(index, minlength=n) / max(len(index), 1), dtype=dtype, device=device)

        return cls(torch.as_tensor(ratings.user_index, device=device),
                   torch.as_tensor(ratings.item_index, device=device),
                   torch.as_tensor(ratings.values, dtype=dtype, device=device),
                   share(ratings.user_index, ratings.n_users), share(ratings.item_index, ratings.n_items),
                   bounds, weight_decay)

    def mean_squared_error(self, factors: Factors) -> Tensor:
        predicted = predict(factors, self.users, self.items, bounds=self.bounds)
        return ((predicted - self.values) ** 2).mean()

    def penalty(self, factors: Factors) -> Tensor | float:
        if not self.weight_decay:
            return 0.0
        per_row = {"user": self.user_share, "user_bias": self.user_share,
                   "item": self.item_share, "item_bias": self.item_share}
        squares = (per_row[name] @ (t.reshape(len(t), -1) ** 2).sum(1) for name, t in factors.tensors().items())
        return self.weight_decay * sum(squares)


def rmse(factors: Factors, ratings: Ratings, *, bounds: Bounds = None, clip: Bounds = None) -> float:
    """Root mean squared error of the predictions of the given ratings, which may be clipped to a range first."""
    squares = 0.0
    with torch.no_grad():
        for first in range(0, len(ratings), CHUNK):  # a chunk at a time: gathered rows of all would not fit
            part = slice(first, first + CHUNK)
            users, items = (torch.as_tensor(index[part], device=factors.user.device)
                            for index in (ratings.user_index, ratings.item_index))
            predicted = predict(factors, users, items, bounds=bounds).cpu().double()
            if clip is not None:
                predicted = predicted.clamp(*clip)
            squares += float(((predicted - torch.as_tensor(ratings.values[part])) ** 2).sum())
    return float(np.sqrt(squares / len(ratings)))
