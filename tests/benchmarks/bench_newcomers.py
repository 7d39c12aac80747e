"""What newcomers gain by it that they rated something at all: hold-out RMSE with the sets' vectors and without.

    python tests/benchmarks/bench_newcomers.py --data ../shared/data/ml-latest-small [--splits 3]

A fifth of those with 30 ratings or more is held out entirely, users and then items, the rest is fitted with effort best. Of each one held out
1, 3, 5, 10 and 20 ratings are given (drawn at random, the fewer among the more), and all beyond the 20 judge the fold-in. The standard error
is that of the paired squared errors, clustered by who is held out. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from bench_side_columns import gain  # noqa: E402
from records import answer_task, run_task, save, say, table  # noqa: E402
from systems import LATEST, ratings_of  # noqa: E402

from solver import CollabFilter, Ratings  # noqa: E402

GIVEN = (1, 3, 5, 10, 20)
FEWEST = 30             # ratings of who is held out
LONGEST = 900.0         # seconds of a fit


def task(asked: dict) -> dict:
    """One fit: of each number of ratings given, squared errors without the sets and with them, and whose they are."""
    ratings, side = replace(ratings_of(LATEST, Path(asked["folder"])), item_columns=None), asked["side"]
    own, other = (ratings.user_index, ratings.item_index)[::1 if side == "user" else -1]
    others = ratings.items if side == "user" else ratings.users
    rng, counts = np.random.default_rng(asked["seed"]), np.bincount(own)
    apart = rng.permutation(np.flatnonzero(counts >= FEWEST))[:np.sum(counts >= FEWEST) // 5]
    model = CollabFilter(effort="best", device="cpu", random_state=0).fit(_only(ratings, ~np.isin(own, apart)))
    seen = model._seen_from(side)
    place = {label: at for at, label in enumerate(seen.others.labels)}
    found: dict[str, list] = {f"{n} {what}": [] for n in GIVEN for what in ("without", "with")} | {"whose": []}
    for who in apart.tolist():
        mine = rng.permutation([at for at in np.flatnonzero(own == who) if others[other[at]] in place])
        rated, values = np.array([place[others[other[at]]] for at in mine], int), ratings.values[mine].astype(float)
        judged = slice(max(GIVEN), None)
        found["whose"] += [who] * len(values[judged])
        for n in GIVEN:
            for what, sees in (("without", replace(seen, sets=None)), ("with", seen)):
                predicted = sees.predicted(sees.row(rated[:n], values[:n], None), rated[judged])
                found[f"{n} {what}"] += ((predicted - values[judged]) ** 2).tolist()
    return found


def _only(ratings: Ratings, kept: np.ndarray) -> Ratings:
    """These ratings, and of users and items those that have one."""
    users, user_index = np.unique(ratings.user_index[kept], return_inverse=True)
    items, item_index = np.unique(ratings.item_index[kept], return_inverse=True)
    return Ratings(tuple(ratings.users[n] for n in users), tuple(ratings.items[n] for n in items), user_index, item_index, ratings.values[kept])


def measure(folder: Path, *, splits: int) -> list[dict]:
    """A record for each side and number of ratings: RMSE without and with, the gain, its standard error."""
    records = []
    for side in ("user", "item"):
        fits = []
        for seed in range(splits):
            fitted = run_task(__file__, {"folder": str(folder), "side": side, "seed": seed}, seconds=LONGEST)
            if "failed" in fitted:
                say(f"{side}s: {fitted['failed']}")
            else:
                fits.append({name: np.array(numbers) for name, numbers in fitted.items()})
        for n in GIVEN:
            gains = [gain(fit[f"{n} without"], fit[f"{n} with"], fit["whose"]) for fit in fits]
            without, with_ = (float(np.mean([np.sqrt(fit[f"{n} {what}"].mean()) for fit in fits])) for what in ("without", "with"))
            records.append({"side": side, "given": n, "without": without, "with": with_, "gain": float(np.mean([one for one, _ in gains])),
                            "error": float(np.mean([error for _, error in gains]) / np.sqrt(len(gains)))})
    return records


def report(records: list[dict]) -> str:
    """The table of gains."""
    return table(("newcomers", "ratings given", "without sets", "with sets", "gain"),
                 [(f"{one['side']}s", one["given"], f"{one['without']:.4f}", f"{one['with']:.4f}", f"{one['gain']:+.4f} ± {one['error']:.4f}")
                  for one in records], left=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of ml-latest-small")
    parser.add_argument("--splits", type=int, default=3)
    chosen = parser.parse_args()
    records = measure(chosen.data, splits=chosen.splits)
    save("newcomers", records)
    print(report(records))


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
