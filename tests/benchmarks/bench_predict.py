"""Seconds in which a model predicts and judges a million given ratings, as `collabsheet evaluate` does, and in which it
recommends ten items to every user of a set as large as MovieLens 1M.

    python tests/benchmarks/bench_predict.py

The bound of the former is numpy's: the two rows of every pair gathered and multiplied, in float64, nothing else. The latter are
seconds of a processor, of all threads together.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from pyxl.cli.models.trained_model import baselines, known_part  # noqa: E402
from solver import CollabFilter, Ratings  # noqa: E402

USERS, ITEMS, RATINGS = 60_000, 8_000, 1_000_000


def main() -> None:
    draw = np.random.default_rng(0)
    users, items = draw.integers(0, USERS, RATINGS), (ITEMS * draw.random(RATINGS) ** 2).astype(np.int64)
    ratings = Ratings(tuple(range(USERS)), tuple(f"film {n}" for n in range(ITEMS)), users, items,
                      draw.integers(1, 11, RATINGS) / 2)
    model = CollabFilter(20, effort="quick", epochs=1).fit(ratings)
    user, item = model.factors_.user.numpy(), model.factors_.item.numpy()
    bound = _seconds(lambda: np.einsum("nk,nk->n", user[users], item[items], dtype=np.float64))
    print(f"{RATINGS:,} ratings, {model.factors_.n_factors} factors; numpy alone {bound:.2f} s")
    for what, run in (("predict(ratings)", lambda: model.predict(ratings)), ("known_part", lambda: known_part(ratings, model, "")),
                      ("baselines", lambda: baselines(model, ratings))):
        seconds = _seconds(run)
        print(f"{what:<18} {seconds:6.2f} s  {seconds / bound:5.1f} × numpy")
    _all_users()


def _all_users() -> None:
    users, items, ratings = 6_040, 3_706, 1_000_000
    draw = np.random.default_rng(0)
    user, item = draw.integers(0, users, ratings), (items * draw.random(ratings) ** 2).astype(np.int64)
    planted = (draw.normal(size=(users, 4))[user] * draw.normal(size=(items, 4))[item]).sum(1)
    values = np.clip(np.round(3.5 + planted / 3 + 0.7 * draw.normal(size=ratings)), 1, 5)
    model = CollabFilter(50, effort="quick").fit(Ratings(tuple(range(users)), tuple(range(items)), user, item, values))
    seconds = _seconds(lambda: model.recommend(n=10), clock=time.process_time)
    print(f"recommend(n=10) for all {users:,} users, {items:,} items, {model.factors_.n_factors} factors: {seconds:.2f} s of a processor")


def _seconds(run, *, clock=time.perf_counter) -> float:
    """The best of three."""
    took = []
    for _ in range(3):
        began = clock()
        run()
        took.append(clock() - began)
    return min(took)


if __name__ == "__main__":
    main()
