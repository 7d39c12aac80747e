"""What each addition to `effort="best"` brings: hold-out RMSE with it and without, on the same splits.

    python tests/benchmarks/bench_gains.py --data ../shared/data/ml-latest-small [--splits 3]

Additions are the sets of the items that each user rated, those of the users who rated each item, and the items' genres.
Shown is the hold-out RMSE, the mean over the splits, and its gain over nothing added, with the standard error of the
paired squared errors, clustered by user. `--data none` tries made ratings, in which a missing rating says nothing, so that
sets should bring nothing and cost nothing. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from bench_side_columns import gain  # noqa: E402
from records import answer_task, run_task, save, say, table  # noqa: E402
from systems import LATEST, SMALL, ratings_of  # noqa: E402

from solver import CollabFilter, split_off  # noqa: E402

LONGEST = 900.0     # seconds of a fit


@dataclass(frozen=True)
class Addition:
    """A row of the table."""

    name: str
    sets: str
    genres: bool = False


ADDITIONS = (
    Addition("nothing", "none"),
    Addition("sets of the users", "users"),
    Addition("sets of the items", "items"),
    Addition("both sets", "both"),
    Addition("genres", "none", genres=True),
    Addition("both sets and genres", "both", genres=True),
)


def measure(data: str, folder: Path, *, splits: int) -> list[dict]:
    """A record for every addition: RMSE on every split, gain over nothing added, its standard error, seconds of a fit."""
    found: dict[str, list[dict]] = {}
    for addition in ADDITIONS:
        if addition.genres and data != LATEST:
            continue
        for seed in range(splits):
            task = {"data": data, "folder": str(folder), "sets": addition.sets, "genres": addition.genres, "seed": seed}
            fitted = run_task(__file__, task, seconds=LONGEST)
            if "failed" in fitted:
                say(f"{addition.name}: {fitted['failed']}")
                continue
            found.setdefault(addition.name, []).append(fitted)
        say(f"{data}: {addition.name} {np.mean([one['rmse'] for one in found[addition.name]]):.4f}")
    records = []
    for name, fits in found.items():
        gains = [gain(*(np.array(one["errors"]) for one in (nothing, fit)), np.array(fit["users"]))
                 for nothing, fit in zip(found["nothing"], fits)]
        records.append({"data": data, "addition": name, "rmse": [fit["rmse"] for fit in fits], "seconds": [fit["seconds"] for fit in fits],
                        "gain": float(np.mean([one for one, _ in gains])),
                        "error": float(np.mean([error for _, error in gains]) / np.sqrt(len(gains)))})
    return records


def task(asked: dict) -> dict:
    """One fit: the squared errors of its held-out ratings, and whose they are."""
    ratings = ratings_of(asked["data"], Path(asked["folder"]))
    if not asked["genres"]:
        ratings = replace(ratings, item_columns=None)
    learnt, held = split_off(ratings, 0.1, seed=asked["seed"])
    model = CollabFilter(effort="best", implicit_sets=asked["sets"], device="cpu", random_state=0).fit(learnt)
    errors = (model.predict(held) - held.values) ** 2
    return {"rmse": float(np.sqrt(errors.mean())), "errors": errors.tolist(), "users": held.user_index.tolist(),
            "seconds": model.result_.seconds}


def report(records: list[dict]) -> str:
    """The table of gains."""
    return table(("data", "what is added", "RMSE", "gain"),
                 [(one["data"], one["addition"], f"{np.mean(one['rmse']):.4f}",
                   f"{one['gain']:+.4f} ± {one['error']:.4f}" if one["addition"] != "nothing" else "") for one in records], left=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of ml-latest-small, or none for made ratings")
    parser.add_argument("--splits", type=int, default=3)
    chosen = parser.parse_args()
    records = measure(SMALL if chosen.data == "none" else LATEST, Path(chosen.data), splits=chosen.splits)
    save("gains", records)
    print(report(records))


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
