"""Ratings of any size that look like those of films, with the truth behind them known.

    python tests/benchmarks/synthetic.py ml-1m --seed 0 -o ratings.csv

How many ratings a user gives is log-normal above a least number; how popular an item is falls with
its rank r as (r + shift)^-exponent (Zipf and Mandelbrot); nobody rates an item twice. A rating is

    r = μ + b_u + b_i + Σ_f w_f p_uf q_if + noise,     w_f ∝ f^-decay,

rounded to the scale and clipped to it; b_u, b_i, p, q and the noise are normal, and b_i leans on
popularity, since what is liked is watched. The presets LOOK LIKE known data sets: their counts of
users, items and ratings are those of the originals, the tails, the mean and the spread come near
theirs, and so do the RMSE of biases alone and of good factors. No rating in them is anybody's.

Blocks of users are made one after another, about a million ratings each, so that 100 million take
the memory of the result and little more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from solver import Factors, Ratings  # noqa: E402

BLOCK = 1_000_000  # ratings made at once
SLOTS = 1 << 21    # an item's share of them is its popularity
ROUNDS = 12        # of drawing items anew where one was drawn twice, before the rest is drawn from what is left


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the ratings are to look like; lengths in ratings, spreads in stars."""

    users: int
    items: int
    ratings: int
    least: int = 20              # ratings of the least busy user
    user_spread: float = 1.14    # σ of the log of a user's further ratings
    shift: float = 170.0         # of an item's rank: the larger, the flatter the head
    exponent: float = 1.75       # the larger, the shorter the tail
    scale: tuple[float, float, float] = (1.0, 5.0, 1.0)  # lowest, highest, step
    mean: float = 3.74            # of all ratings, before they are clipped
    user_bias: float = 0.45
    item_bias: float = 0.62
    leaning: float = 0.6         # correlation of an item's bias and the log of its popularity
    interaction: float = 0.52    # spread of Σ_f w_f p_uf q_if
    factors: int = 40
    decay: float = 0.8
    noise: float = 0.83


PRESETS = {
    "ml-100k": Shape(users=943, items=1682, ratings=100_000, shift=258, exponent=2.76, interaction=0.56, noise=0.84),
    "ml-latest-small": Shape(users=671, items=9066, ratings=100_004, shift=73, exponent=1.41, user_spread=1.36,
                             scale=(0.5, 5.0, 0.5), noise=0.80, user_bias=0.42, item_bias=0.5),
    "ml-1m": Shape(users=6040, items=3706, ratings=1_000_209, shift=167, exponent=1.75),
    "ml-10m": Shape(users=69_878, items=10_677, ratings=10_000_054, shift=177, exponent=1.94, user_spread=1.36,
                    scale=(0.5, 5.0, 0.5), noise=0.76, user_bias=0.42, item_bias=0.5),
    "ml-25m": Shape(users=162_541, items=59_047, ratings=25_000_095, shift=182, exponent=2.14, user_spread=1.39,
                    scale=(0.5, 5.0, 0.5), noise=0.76, user_bias=0.42, item_bias=0.5),
    "100m": Shape(users=480_189, items=17_770, ratings=100_480_507, shift=239, exponent=2.02, least=1,
                  user_spread=1.25),
}


def generate(shape: Shape, *, seed: int = 0) -> Ratings:
    """Ratings by user, labels 0, 1, 2 …; indices int32, values float32. The same seed, the same bits."""
    users, items = np.empty(shape.ratings, np.int32), np.empty(shape.ratings, np.int32)
    values = np.empty(shape.ratings, np.float32)
    done = 0
    for user, item, value in blocks(shape, seed=seed):
        part = slice(done, done := done + len(value))
        users[part], items[part], values[part] = user, item, value
    return Ratings(tuple(range(shape.users)), tuple(range(shape.items)), users, items, values)


def write_csv(shape: Shape, path: Path, *, seed: int = 0) -> None:
    """The same ratings as a file: user,item,rating."""
    import pyarrow as pa
    from pyarrow import csv
    schema = pa.schema([("user", pa.int32()), ("item", pa.int32()), ("rating", pa.float32())])
    with csv.CSVWriter(path, schema) as file:
        for columns in blocks(shape, seed=seed):
            file.write_table(pa.table([pa.array(column) for column in columns], schema=schema))


def blocks(shape: Shape, *, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(users, items, values) of about BLOCK ratings, user by user."""
    counts, popularity = _counts(shape, seed), _popularity(shape, seed)
    truth = planted(shape, seed=seed)
    user, item = truth.user.numpy(), truth.item.numpy()
    bias, item_bias = truth.user_bias.numpy(), truth.item_bias.numpy()
    slots = np.repeat(np.arange(shape.items), np.maximum(1, np.round(SLOTS * popularity)).astype(int))
    low, high, step = shape.scale
    ends = np.cumsum(counts)
    cuts = np.searchsorted(ends, np.arange(BLOCK, shape.ratings, BLOCK)) + 1
    edges = np.unique(np.concatenate([[0], cuts, [shape.users]]))
    for number, (first, last) in enumerate(zip(edges[:-1], edges[1:])):
        rng = np.random.default_rng((seed, 3, number))
        key = _distinct_pairs(counts[first:last], slots, popularity, rng)
        u, i = first + key // shape.items, key % shape.items
        value = truth.offset + bias[u] + item_bias[i]
        value += shape.noise * rng.standard_normal(len(u), np.float32)
        for f in range(shape.factors):  # a factor at a time: two gathered rows a rating would take gigabytes
            value += user[:, f][u] * item[:, f][i]
        yield (u.astype(np.int32), i.astype(np.int32),
               np.clip(low + step * np.round((value - low) / step), low, high).astype(np.float32))


def planted(shape: Shape, *, seed: int = 0) -> Factors:
    """The truth: what the ratings would be without noise, rounding and clipping. float32."""
    import torch
    rng = np.random.default_rng((seed, 1))
    weights = np.arange(1, shape.factors + 1) ** -shape.decay
    weights *= shape.interaction / np.sqrt((weights ** 2).sum())

    def normal(*size):
        return rng.standard_normal(size, np.float32)

    share = _popularity(shape, seed)
    liked = np.log(share) - np.log(share).mean()
    liked /= max(liked.std(), 1e-9)  # a single item is of average popularity
    item_bias = shape.item_bias * (shape.leaning * liked + np.sqrt(1 - shape.leaning ** 2) * normal(shape.items))
    arrays = (normal(shape.users, shape.factors) * np.sqrt(weights), normal(shape.items, shape.factors) * np.sqrt(weights),
              shape.user_bias * normal(shape.users), item_bias - share @ item_bias)
    # column after column in memory, as `blocks` reads them
    return Factors(*(torch.from_numpy(np.asfortranarray(a, dtype=np.float32)) for a in arrays), offset=shape.mean)


def _counts(shape: Shape, seed: int) -> np.ndarray:
    """(users,) ratings each user gives; they add up to `shape.ratings`, and nobody rates over half of all."""
    rng = np.random.default_rng((seed, 0))
    most = max(shape.items // 2, -(-shape.ratings // shape.users))
    least = min(shape.least, shape.ratings // shape.users)
    further = np.exp(shape.user_spread * rng.standard_normal(shape.users))
    counts = np.full(shape.users, least)
    while missing := shape.ratings - counts.sum():  # the share of those who are at the most goes to the others
        share = np.where(counts < most, further, 0.0)
        ideal = np.cumsum(share) / share.sum() * missing
        counts = np.minimum(most, counts + np.diff(np.round(ideal), prepend=0).astype(int))
    return counts


def _popularity(shape: Shape, seed: int) -> np.ndarray:
    """(items,) shares that add up to 1; in no order."""
    rank = 1 + np.random.default_rng((seed, 2)).permutation(shape.items)
    share = (rank + shape.shift) ** -float(shape.exponent)
    return share / share.sum()


def _distinct_pairs(counts: np.ndarray, slots: np.ndarray, popularity: np.ndarray, rng) -> np.ndarray:
    """Sorted keys user · n_items + item: `counts[user]` different items for every user."""
    n_items = len(popularity)
    keys, missing = np.empty(0, np.int64), counts
    for _ in range(ROUNDS):
        new = np.repeat(np.arange(len(counts)) * n_items, missing)
        new += slots[rng.integers(len(slots), size=len(new))]
        keys = np.sort(np.concatenate([keys, new]))
        keys = keys[np.diff(keys, prepend=-1) > 0]
        missing = counts - np.bincount(keys // n_items, minlength=len(counts))
        if not missing.any():
            return keys
    rest = []
    for user in np.flatnonzero(missing):  # few and busy: a race among the items left, the popular ones faster
        finish = rng.exponential(size=n_items) / popularity
        finish[keys[slice(*np.searchsorted(keys, (user * n_items, (user + 1) * n_items)))] % n_items] = np.inf
        rest.append(user * n_items + np.argpartition(finish, missing[user] - 1)[:missing[user]])
    return np.sort(np.concatenate([keys, *rest]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ratings", type=int, help="so many, with users in proportion; default: the preset's")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a CSV file")
    chosen = parser.parse_args()
    shape = PRESETS[chosen.preset]
    if chosen.ratings:
        shape = resized(shape, chosen.ratings)
    write_csv(shape, chosen.output, seed=chosen.seed)
    print(f"{chosen.output}: {shape.ratings:,} ratings, {shape.users:,} users, {shape.items:,} items")


def resized(shape: Shape, ratings: int) -> Shape:
    """The same with another number of ratings, as of a part of the users."""
    return replace(shape, ratings=ratings, users=max(2, round(shape.users * ratings / shape.ratings)))


if __name__ == "__main__":
    main()
