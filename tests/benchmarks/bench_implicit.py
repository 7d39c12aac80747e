"""Lists made from pairs that happened: NDCG@10 of held-out pairs, and CPU seconds of a fit.

    python tests/benchmarks/bench_implicit.py RATINGS.csv [RATINGS.csv …] [--splits N] [--tuned]

From each table of user, item and rating two sets of pairs are made, those rated 4 or more and all that are rated; users and items
with fewer than five pairs are left out, three times over. A fifth of the pairs is held out (seed 0), and each user's held-out items are ranked
among all that the user has nothing to do with. `implicit` (Frederickson) is measured beside it where it is installed, on one thread;
with `--tuned` its ALS and BPR by the best of a grid of settings, chosen by the very pairs that judge, which flatters them. More than one
split: the means.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from records import say, table  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402

from solver import CollabFilter, Ratings  # noqa: E402
from solver.judging.ranking import ranking  # noqa: E402

OURS = {"all pairs, quick": {"effort": "quick"}, "all pairs, good": {}, "all pairs, quick, 128 factors": {"effort": "quick", "n_factors": 128},
        "drawn pairs": {"optimizer": "adamw"}, "drawn pairs, 20 epochs": {"optimizer": "adamw", "epochs": 20}}
IMPLICIT = {"als": [{"factors": 64}], "bpr": [{"factors": 64}]}
TUNED = {
    "als": [{"factors": k, "alpha": alpha, "regularization": decay} for k in (64, 128) for alpha in (1, 2, 5, 10) for decay in (5, 10, 20, 50)],
    "bpr": [{"factors": k, "learning_rate": lr, "regularization": decay} for k in (16, 64, 128) for lr in (0.01, 0.03) for decay in (0.01, 0.03)]}


def pairs_of(path: Path, least: float) -> Ratings:
    """The pairs rated so much or more, of users and items that have five."""
    frame = pd.read_csv(path).iloc[:, :3].set_axis(["user", "item", "rating"], axis=1)
    frame = frame[frame.rating >= least].drop_duplicates(["user", "item"])
    for _ in range(3):
        for side in ("user", "item"):
            frame = frame[frame.groupby(side)[side].transform("size") >= 5]
    return Ratings.from_triples(frame.user.tolist(), frame.item.tolist(), np.ones(len(frame)))


Scores = Callable[[np.ndarray], np.ndarray]


def fits(learnt: Ratings, *, tuned: bool) -> Iterator[tuple[str, list[tuple[str, Scores, float]]]]:
    """(a way, and of each of its settings what they are, the scores of some users, and CPU seconds)."""
    popular = np.bincount(learnt.item_index, minlength=learnt.n_items).astype(float)
    yield "popularity", [("", lambda users: np.broadcast_to(popular, (len(users), learnt.n_items)), 0.0)]
    CollabFilter(feedback="implicit", effort="quick").fit(learnt)       # what is compiled on first use is not timed
    for name, how in OURS.items():
        began = time.process_time()
        model = CollabFilter(feedback="implicit", device="cpu", **how).fit(learnt)
        took, scores = time.process_time() - began, model.predict_crosstab().to_numpy()
        yield name, [("", lambda users, scores=scores: scores[users], took)]
    if importlib.util.find_spec("implicit") is None:
        return say("implicit is not installed: pip install implicit, to measure it beside.")
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    matrix = csr_matrix((np.ones(len(learnt), np.float32), (learnt.user_index, learnt.item_index)), shape=(learnt.n_users, learnt.n_items))
    for kind, every in (TUNED if tuned else IMPLICIT).items():
        found = []
        for how in every:
            model = {"als": AlternatingLeastSquares, "bpr": BayesianPersonalizedRanking}[kind](random_state=0, num_threads=1, **how)
            began = time.process_time()
            model.fit(matrix, show_progress=False)
            took, scores = time.process_time() - began, model.user_factors @ model.item_factors.T
            found.append((", ".join(f"{name} {value:g}" for name, value in how.items()), lambda users, scores=scores: scores[users], took))
        yield f"implicit {kind}{', best of a grid' * tuned}", found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ratings", nargs="+", type=Path)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--tuned", action="store_true", help="the best of a grid of settings of `implicit`, by the pairs that judge")
    given, rows = parser.parse_args(), []
    for path in given.ratings:
        for what, least in (("rated 4 or more", 4.0), ("all that are rated", -np.inf)):
            pairs, found = pairs_of(path, least), dict[str, list[tuple[float, float, str]]]()
            for seed in range(given.splits):
                apart = np.random.default_rng(seed).random(len(pairs)) < 0.2
                learnt, held = pairs.take(~apart), pairs.take(apart)
                for name, tried in fits(learnt, tuned=given.tuned):
                    best = max(((ranking(scores, learnt, held)["ndcg"], took, how) for how, scores, took in tried), key=lambda one: one[0])
                    found.setdefault(name, []).append(best)
            for name, of_splits in found.items():
                ndcg, took = (float(np.mean([one[place] for one in of_splits])) for place in (0, 1))
                rows.append((f"{path.parent.name}, {what}", f"{len(pairs):,}", name, of_splits[0][2], f"{ndcg:.4f}", f"{took:.2f}"))
                say(" ".join(rows[-1]))
    print(table(("pairs", "how many", "way", "settings", "NDCG@10", "CPU seconds"), rows))


if __name__ == "__main__":
    main()
