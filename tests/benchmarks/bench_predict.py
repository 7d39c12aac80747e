"""Seconds in which a model predicts and judges a million given ratings, as `collabsheet evaluate` does.

    python tests/benchmarks/bench_predict.py

The bound is numpy's: the two rows of every pair gathered and multiplied, in float64, nothing else.
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


def _seconds(run) -> float:
    """The best of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


if __name__ == "__main__":
    main()
