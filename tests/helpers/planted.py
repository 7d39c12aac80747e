"""Ratings with a known truth behind them, small enough to be fitted in an instant."""

from __future__ import annotations

import numpy as np

from solver import MODELS, OPTIMIZERS, Ratings, Settings

BOUNDS = {"low": 0.0, "high": 6.0}  # wider than the ratings, so that a best fit exists
ADDITIVE = [name for name, model in MODELS.items() if model.additive]  # the models that a sheet can hold
PAIRS = [(model, optimizer) for optimizer, method in OPTIMIZERS.items() for model in ADDITIVE
         if not (method.alternating and MODELS[model].bounded)]  # who can fit what
MINIMISED = [(model, optimizer) for model, optimizer in PAIRS if not OPTIMIZERS[optimizer].samples]
MINIMISERS = [name for name, method in OPTIMIZERS.items() if not method.samples]


def truth(users: int, items: int, factors: int, *, seed: int = 0) -> np.ndarray:
    """A (users, items) table of that rank, about 1 to 5."""
    rng = np.random.default_rng(seed)
    size = np.sqrt(3 / factors)
    return (size * rng.uniform(0.7, 1.3, (users, factors))) @ (
        size * rng.uniform(0.7, 1.3, (items, factors))).T


def planted(users: int = 12, items: int = 10, *, factors: int = 2, noise: float = 0.3,
            blanks: float = 0.2, seed: int = 0) -> Ratings:
    """A table of low rank with noise on it and blanks in it."""
    rng = np.random.default_rng(seed + 1)
    table = truth(users, items, factors, seed=seed) + noise * rng.standard_normal((users, items))
    table[rng.random((users, items)) < blanks] = np.nan
    return Ratings.from_crosstab(table, [f"user {i}" for i in range(users)],
                                 [f"item {j}" for j in range(items)])


def random_ratings(users: int, items: int, *, seed: int = 0) -> Ratings:
    """Half stars for about two thirds of the pairs, and for at least one."""
    draw = np.random.default_rng(seed)
    table = draw.integers(1, 11, (users, items)) / 2
    blank = draw.random((users, items)) < 1 / 3
    blank[0, 0] = False
    table[blank] = np.nan
    return Ratings.from_crosstab(table, range(101, 101 + users), [f"i{j}" for j in range(items)])


def settings(model: str = "dot+bias", **options) -> Settings:
    """Settings for `planted`: two factors, and for a bounded model its range."""
    return Settings(**({"model": model, "n_factors": 2} | (BOUNDS if model == "bounded" else {})
                       | options))
