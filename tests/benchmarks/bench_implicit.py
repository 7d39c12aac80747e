"""Lists made from pairs that happened: NDCG@10 of held-out pairs, and CPU seconds of a fit.

    python tests/benchmarks/bench_implicit.py RATINGS.csv [RATINGS.csv …]

From each table of user, item and rating two sets of pairs are made, those rated 4 or more and all that are rated; users and items
with fewer than five pairs are left out, three times over. A fifth of the pairs is held out (seed 0), and each user's held-out items are ranked
among all that the user has nothing to do with. `implicit` (Frederickson) is measured beside it where it is installed, on one thread.
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

OURS = {"all pairs, quick": {"effort": "quick"}, "all pairs, good": {}, "all pairs, good, 128 factors": {"n_factors": 128},
        "drawn pairs": {"optimizer": "adamw"}, "drawn pairs, 20 epochs": {"optimizer": "adamw", "epochs": 20}}
IMPLICIT = {"als, 64 factors": ("als", {"factors": 64}), "als, 32 factors, regularization 5, alpha 10": ("als", {
    "factors": 32, "regularization": 5, "alpha": 10, "iterations": 20}), "bpr, 64 factors": ("bpr", {"factors": 64}),
    "bpr, lr 0.03, 200 epochs": ("bpr", {"factors": 64, "learning_rate": 0.03, "iterations": 200})}


def pairs_of(path: Path, least: float) -> Ratings:
    """The pairs rated so much or more, of users and items that have five."""
    frame = pd.read_csv(path).iloc[:, :3].set_axis(["user", "item", "rating"], axis=1)
    frame = frame[frame.rating >= least].drop_duplicates(["user", "item"])
    for _ in range(3):
        for side in ("user", "item"):
            frame = frame[frame.groupby(side)[side].transform("size") >= 5]
    return Ratings.from_triples(frame.user.tolist(), frame.item.tolist(), np.ones(len(frame)))


def fits(learnt: Ratings) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray], float]]:
    """(a name, the scores of some users, CPU seconds) of each way."""
    popular = np.bincount(learnt.item_index, minlength=learnt.n_items).astype(float)
    yield "popularity", lambda users: np.broadcast_to(popular, (len(users), learnt.n_items)), 0.0
    CollabFilter(feedback="implicit", effort="quick").fit(learnt)       # what is compiled on first use is not timed
    for name, how in OURS.items():
        began = time.process_time()
        model = CollabFilter(feedback="implicit", device="cpu", **how).fit(learnt)
        took, scores = time.process_time() - began, model.predict_crosstab().to_numpy()
        yield name, lambda users, scores=scores: scores[users], took
    if importlib.util.find_spec("implicit") is None:
        return say("implicit is not installed: pip install implicit, to measure it beside.")
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    matrix = csr_matrix((np.ones(len(learnt), np.float32), (learnt.user_index, learnt.item_index)), shape=(learnt.n_users, learnt.n_items))
    for name, (kind, how) in IMPLICIT.items():
        model = {"als": AlternatingLeastSquares, "bpr": BayesianPersonalizedRanking}[kind](random_state=0, num_threads=1, **how)
        began = time.process_time()
        model.fit(matrix, show_progress=False)
        took, scores = time.process_time() - began, model.user_factors @ model.item_factors.T
        yield f"implicit {name}", lambda users, scores=scores: scores[users], took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ratings", nargs="+", type=Path)
    rows = []
    for path in parser.parse_args().ratings:
        for what, least in (("rated 4 or more", 4.0), ("all that are rated", -np.inf)):
            pairs = pairs_of(path, least)
            apart = np.random.default_rng(0).random(len(pairs)) < 0.2
            learnt, held = pairs.take(~apart), pairs.take(apart)
            for name, scores_of, took in fits(learnt):
                ndcg = ranking(scores_of, learnt, held)["ndcg"]
                rows.append((f"{path.parent.name}, {what}", f"{len(learnt):,}", name, f"{ndcg:.4f}", f"{took:.2f}"))
                say(" ".join(rows[-1]))
    print(table(("pairs", "learnt from", "way", "NDCG@10", "CPU seconds"), rows))


if __name__ == "__main__":
    main()
