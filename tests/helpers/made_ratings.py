"""Thirty-odd kinds of ratings, made: heavy tails, constants, two values, tiny, huge, negative, hardly any."""

from __future__ import annotations

import numpy as np

from solver import Ratings

N_USERS, N_ITEMS, N = 120, 80, 3000


def kinds(seed: int = 0) -> dict[str, Ratings]:
    """Ratings of every kind by name; all but the small ones are of the same users and items."""
    r = np.random.default_rng(seed)
    pairs = r.permutation(N_USERS * N_ITEMS)[:N]
    users, items = pairs // N_ITEMS, pairs % N_ITEMS
    p, q = r.normal(0, .7, (N_USERS, 3)), r.normal(0, .7, (N_ITEMS, 3))
    user_bias, item_bias = r.normal(0, .5, N_USERS)[users], r.normal(0, .6, N_ITEMS)[items]
    stars = 3.5 + user_bias + item_bias + (p[users] * q[items]).sum(1) + r.normal(0, .6, N)
    noise, chance, row = r.normal(size=N), r.random(N), np.arange(N)
    values = {
        "stars": np.clip(np.round(stars), 1, 5), "half stars": np.clip(np.round(2 * stars) / 2, .5, 5), "percent": np.clip(20 * stars, 0, 100),
        "jokes": np.clip(4 * (stars - 3.5), -10, 10), "negative": -stars, "around 0": stars - 3.5,
        "plays": np.exp(2.2 * (stars - 3.5) + 1.5 * noise + 3).round() + 1, "lognormal": np.exp(3 * noise), "Pareto": r.pareto(.8, N) + 1,
        "Cauchy": r.standard_cauchy(N), "hours": np.abs(r.standard_t(1.2, N)) * 10, "money": np.exp(4 * (user_bias + item_bias)) * 10,
        "both ways": np.sign(noise) * np.exp(2 * np.abs(noise)), "powers of ten": 10.0 ** r.integers(0, 7, N),
        "one outlier": np.where(row == 7, 1e6, stars), "some outliers": np.where(chance < .01, stars * 1e4, stars),
        "mostly 1": r.geometric(.9, N) + (chance < .002) * 5000.0, "two values": (stars > 3.5) * 1.0, "rare ones": (chance < .01) * 1.0,
        "almost constant": np.where(row < 3, 2.0, 1.0), "tiny": stars * 1e-9, "huge": stars * 1e9, "1e30": stars * 1e30, "1e-30": stars * 1e-30,
        "far from 0": stars + 1e7, "noise": noise, "noise in stars": r.integers(1, 6, N) * 1.0,
        "users of other scales": stars * np.exp(2 * user_bias), "items of other scales": stars * np.exp(3 * item_bias),
    }
    made = {name: _ratings(users, items, of) for name, of in values.items()}
    return made | {
        "one user": _ratings(np.zeros(N_ITEMS, int), np.arange(N_ITEMS), stars[:N_ITEMS]),
        "one item": _ratings(np.arange(N_USERS), np.zeros(N_USERS, int), stars[:N_USERS]),
        "a rating each": _ratings(np.arange(60), np.arange(60), stars[:60]),
        "three ratings": _ratings(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1.0, 5, 3])),
        "one busy user": _ratings(np.where(chance < .5, 0, users), items, stars),
    }


def _ratings(users: np.ndarray, items: np.ndarray, values: np.ndarray) -> Ratings:
    return Ratings(tuple(range(users.max() + 1)), tuple(range(items.max() + 1)), users, items, np.asarray(values, float))
