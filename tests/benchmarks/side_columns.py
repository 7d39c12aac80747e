"""A model of ratings that may use an item's genres and a rating's time: what `bench_side_columns` compares.

    r̂ = μ + b_u + b_i + p_u · q̃_i + …     q̃_i = q_i + ḡ_i F                genre factors: rows F of the genres, as
                                                                        in FunkSVD with feature rows
        + ḡ_i · (c + w_u)                 user × genre biases
        + b_(i, bin(t))                   item-time biases, in 30 bins     (Koren 2010, eq. 6)
        + α_u · dev_u(t)                  user drift, dev = sign(t − t̄_u) |t − t̄_u|^0.4   (ibid., eq. 7)

ḡ_i (n_genres,) is 1 / their number for each genre of the item. Minimised by Adam on batches, one cycle,
with a penalty for every row that a rating uses: `decays` are that of factors and that of the parts above;
biases have `BIAS_DECAY`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from solver import Ratings  # noqa: E402
from solver.core.schedules import SCHEDULES  # noqa: E402

BINS, POWER = 30, 0.4
FACTORS, BATCH, RATE, BIAS_DECAY = 30, 1024, 8e-3, 0.02

PARTS = {
    "base": (),
    "user × genre biases": ("user_genre",),
    "genre factors": ("genre_factors",),
    "genres, both": ("user_genre", "genre_factors"),
    "item-time bins": ("item_time",),
    "user drift": ("user_drift",),
    "time, both": ("item_time", "user_drift"),
    "all": ("user_genre", "genre_factors", "item_time", "user_drift"),
}


@dataclass(frozen=True, eq=False)
class Columns:
    """What a rating's prediction may use, in tensors: users, items, values (n,), `bins` (n,) and `dev` (n,)."""

    users: Tensor
    items: Tensor
    values: Tensor
    bins: Tensor
    dev: Tensor

    def __getitem__(self, chosen: Tensor) -> Columns:
        return Columns(*(getattr(self, name)[chosen] for name in ("users", "items", "values", "bins", "dev")))


def columns(learnt: Ratings, held: Ratings) -> tuple[Columns, Columns]:
    """Both parts; bins and mean times are those of the ratings to learn from, so that nothing leaks."""
    edges = np.quantile(learnt.times, np.linspace(0, 1, BINS + 1)[1:-1])
    count = np.maximum(np.bincount(learnt.user_index, minlength=learnt.n_users), 1)
    mean_time = np.bincount(learnt.user_index, learnt.times, learnt.n_users) / count
    scale = np.ptp(learnt.times) or 1.0

    def of(ratings: Ratings) -> Columns:
        apart = (ratings.times - mean_time[ratings.user_index]) / scale
        return Columns(torch.as_tensor(ratings.user_index), torch.as_tensor(ratings.item_index),
                       torch.as_tensor(ratings.values, dtype=torch.float32),
                       torch.as_tensor(np.searchsorted(edges, ratings.times)),
                       torch.as_tensor(np.sign(apart) * np.abs(apart) ** POWER, dtype=torch.float32))

    return of(learnt), of(held)


class Model:
    """The equation above with some of its parts."""

    def __init__(self, learnt: Columns, genres: Tensor, n_users: int, *, parts: tuple[str, ...], seed: int):
        generator = torch.Generator().manual_seed(seed)
        n_items, n_genres = genres.shape

        def small(*shape: int) -> Tensor:
            return 0.05 * torch.randn(*shape, generator=generator)

        self.genres, self.mean = genres, learnt.values.mean()
        self.base = {"user": small(n_users, FACTORS), "item": small(n_items, FACTORS),
                     "user_bias": torch.zeros(n_users, 1), "item_bias": torch.zeros(n_items, 1)}
        every = {"user_genre": torch.zeros(n_users, n_genres), "genre_factors": torch.zeros(n_genres, FACTORS),
                 "item_time": torch.zeros(n_items * BINS, 1), "user_drift": torch.zeros(n_users, 1)}
        self.extra = {name: every[name] for name in parts}
        if "user_genre" in parts:
            self.extra["genre_bias"] = torch.zeros(n_genres, 1)
        for tensor in (*self.base.values(), *self.extra.values()):
            tensor.requires_grad_()

    def predict(self, at: Columns) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Predictions (n,), and what they used: BIAS_DECAY times the mean squares of biases, those of factors,
        and those of the extra parts."""
        p, q = self.base["user"][at.users], self.base["item"][at.items]
        b, c = self.base["user_bias"][at.users], self.base["item_bias"][at.items]
        of_biases = BIAS_DECAY * ((b ** 2).mean() + (c ** 2).mean())
        of_factors = ((p ** 2).sum() + (q ** 2).sum()) / len(p)
        extra, genres, of_extra = self.extra, self.genres[at.items], torch.zeros(())
        if "genre_factors" in extra:
            q = q + genres @ extra["genre_factors"]
            of_extra = of_extra + (extra["genre_factors"] ** 2).sum() / len(genres.T)
        x = self.mean + (p * q).sum(1) + b.squeeze(1) + c.squeeze(1)
        if "user_genre" in extra:
            taste = extra["user_genre"][at.users]
            x = x + (genres * (taste + extra["genre_bias"].T)).sum(1)
            of_extra = of_extra + (taste ** 2 * (genres > 0)).sum() / len(p)
        if "item_time" in extra:
            shift = extra["item_time"][at.items * BINS + at.bins].squeeze(1)
            x, of_extra = x + shift, of_extra + (shift ** 2).mean()
        if "user_drift" in extra:
            alpha = extra["user_drift"][at.users].squeeze(1)
            x, of_extra = x + alpha * at.dev, of_extra + (alpha ** 2).mean()
        return x, of_biases, of_factors, of_extra


def fitted(learnt: Columns, genres: Tensor, n_users: int, *, parts: tuple[str, ...],
           decays: tuple[float, float], epochs: int, seed: int) -> Model:
    """The model after so many epochs of Adam."""
    model = Model(learnt, genres, n_users, parts=parts, seed=seed)
    optimizer = torch.optim.Adam([*model.base.values(), *model.extra.values()], lr=RATE, betas=(0.9, 0.99))
    generator, n, done = torch.Generator().manual_seed(seed), len(learnt.values), 0
    steps = epochs * math.ceil(n / BATCH)
    for _ in range(epochs):
        for batch in torch.randperm(n, generator=generator).split(BATCH):
            at = learnt[batch]
            predicted, of_biases, of_factors, of_extra = model.predict(at)
            loss = ((predicted - at.values) ** 2).mean() + of_biases + decays[0] * of_factors + decays[1] * of_extra
            for group in optimizer.param_groups:
                factor, momentum = SCHEDULES["one-cycle"](done / steps)
                group["lr"], group["betas"] = RATE * factor, (momentum, 0.99)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += 1
    return model


def squared_errors(model: Model, held: Columns, clip: tuple[float, float]) -> np.ndarray:
    """(n,) of the held-out ratings, predictions clipped to the range."""
    with torch.no_grad():
        return ((model.predict(held)[0].clamp(*clip) - held.values) ** 2).double().numpy()
