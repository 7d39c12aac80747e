"""How much warmer starts cost: ratings that come in parts, learnt on by `partial_fit`, against one fit of all of them.

    python tests/benchmarks/bench_learning_on.py [--data ../shared/data/ml-latest-small] [--splits 3]

A tenth of the ratings judges. `ten parts`: the others come in ten equal parts; `nine per cent`: the last of them at once;
`ten times 0.9 %`: the same in ten parts. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from records import ROOT, table  # noqa: E402
from systems import ratings_of  # noqa: E402

from solver import CollabFilter, Ratings, split_off  # noqa: E402

WAYS = {"ten parts": (0.1, 9), "nine per cent": (0.91, 1), "ten times 0.9 %": (0.91, 10)}     # first share, parts of the rest
EFFORTS = ("quick", "good")


def learnt_on(learnt: Ratings, effort: str, way: str, seed: int) -> CollabFilter:
    """A model that got the ratings in parts, drawn by seed."""
    share, parts = WAYS[way]
    order = np.random.default_rng(seed).permutation(len(learnt))
    begun = round(share * len(order))
    model = CollabFilter(effort=effort, device="cpu").fit(learnt.take(order[:begun]))
    for part in np.array_split(order[begun:], parts):
        model.partial_fit(learnt.take(part))
    return model


def measure(folder: Path, splits: int) -> list[tuple[str, ...]]:
    """A row for every data set, effort and way: both RMSE, their difference with its standard error, and seconds of a processor."""
    rows = []
    for data in ("ml-100k", "ml-latest-small"):
        ratings = replace(ratings_of(data, folder), item_columns=None)
        for effort in EFFORTS:
            found: dict[str, list[tuple[float, float, float]]] = {}
            for seed in range(splits):
                learnt, judging = split_off(ratings, 0.1, seed=seed)
                at_once = -CollabFilter(effort=effort, device="cpu").fit(learnt).score(judging)
                for way in WAYS:
                    began = time.process_time()
                    model = learnt_on(learnt, effort, way, seed)
                    found.setdefault(way, []).append((at_once, -model.score(judging), time.process_time() - began))
            for way, of_splits in found.items():
                once, parts, seconds = np.mean(of_splits, 0)
                differences = np.array([one[1] - one[0] for one in of_splits])
                error = differences.std(ddof=1) / np.sqrt(splits) if splits > 1 else 0.0
                rows.append((data, effort, way, f"{once:.4f}", f"{parts:.4f}", f"{parts - once:+.4f} ± {error:.4f}", f"{seconds:.1f}"))
                print(*rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ml-latest-small")
    parser.add_argument("--splits", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = measure(asked.data, asked.splits)
    print(table(("data", "effort", "ratings come in", "at once", "in parts", "difference", "CPU s"), rows, left=3))


if __name__ == "__main__":
    main()
