"""What each addition to `effort="best"` brings: hold-out RMSE with it and without, on the same splits.

    python tests/benchmarks/bench_gains.py --data ../shared/data/ml-latest-small [--splits 3] [--held latest] [--only times]

Additions are the sets of the items that each user rated, those of the users who rated each item, the items' genres, and the times
of the ratings. Held out is a tenth, at random or, with `--held latest`, the latest of each user. Times are tried on top of sets, and
on top of sets and genres; what is held out is predicted at its time, and, as the addition after that, as if its time were not known.
Shown is the hold-out RMSE, the mean over the splits, and its gain over what it stands on, with the standard error of the
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
from bench_side_columns import gain, split  # noqa: E402
from records import answer_task, run_task, save, say, table  # noqa: E402
from systems import LATEST, SMALL, ratings_of  # noqa: E402

from solver import CollabFilter  # noqa: E402

LONGEST = 900.0     # seconds of a fit


@dataclass(frozen=True)
class Addition:
    """A row of the table."""

    name: str
    sets: str
    genres: bool = False
    times: str = "no"          # learnt from: "yes", or "untold" of what is predicted
    over: str = "nothing"      # what it is compared with


ADDITIONS = (
    Addition("nothing", "none"),
    Addition("sets of the users", "users"),
    Addition("sets of the items", "items"),
    Addition("both sets", "both"),
    Addition("genres", "none", genres=True),
    Addition("both sets and genres", "both", genres=True),
    Addition("both sets and times", "both", times="yes", over="both sets"),
    Addition("both sets and times, times not told", "both", times="untold", over="both sets"),
    Addition("both sets, genres and times", "both", genres=True, times="yes", over="both sets and genres"),
    Addition("both sets, genres and times, times not told", "both", genres=True, times="untold", over="both sets and genres"),
)
HELD = {"random": "random", "latest": "each user's latest"}


def measure(data: str, folder: Path, *, splits: int, held: str, only: str | None) -> list[dict]:
    """A record for every addition: RMSE on every split, gain over what it stands on, its standard error, seconds of a fit."""
    found: dict[str, list[dict]] = {}
    wanted = [one for one in ADDITIONS if only is None or only in one.name]
    for addition in ADDITIONS:
        if (addition.genres or addition.times != "no") and data != LATEST:
            continue
        if addition not in wanted and addition.name not in {one.over for one in wanted}:
            continue
        for seed in range(splits):
            task = {"data": data, "folder": str(folder), "sets": addition.sets, "genres": addition.genres, "times": addition.times, "held": held,
                    "seed": seed}
            fitted = run_task(__file__, task, seconds=LONGEST)
            if "failed" in fitted:
                say(f"{addition.name}: {fitted['failed']}")
                continue
            found.setdefault(addition.name, []).append(fitted)
        say(f"{data}: {addition.name} {np.mean([one['rmse'] for one in found[addition.name]]):.4f}")
    records = []
    over = {one.name: one.over for one in ADDITIONS}
    for name, fits in found.items():
        gains = [gain(*(np.array(one["errors"]) for one in (before, fit)), np.array(fit["users"]))
                 for before, fit in zip(found.get(over[name], fits), fits)]
        records.append({"data": data, "held": held, "addition": name, "over": over[name] if over[name] in found else name, "rmse": [fit["rmse"] for fit in fits], "seconds": [fit["seconds"] for fit in fits],
                        "gain": float(np.mean([one for one, _ in gains])),
                        "error": float(np.mean([error for _, error in gains]) / np.sqrt(len(gains)))})
    return records


def task(asked: dict) -> dict:
    """One fit: the squared errors of its held-out ratings, and whose they are."""
    ratings = ratings_of(asked["data"], Path(asked["folder"]))
    if not asked["genres"]:
        ratings = replace(ratings, item_columns=None)
    learnt, held = split(ratings, by=HELD[asked["held"]], seed=asked["seed"])
    learns = asked["times"] != "no"
    model = CollabFilter(effort="best", implicit_sets=asked["sets"], learn_times=learns, device="cpu", random_state=0).fit(learnt)
    errors = (model.predict(replace(held, times=None) if asked["times"] == "untold" else held) - held.values) ** 2
    return {"rmse": float(np.sqrt(errors.mean())), "errors": errors.tolist(), "users": held.user_index.tolist(),
            "seconds": model.result_.seconds}


def report(records: list[dict]) -> str:
    """The table of gains."""
    return table(("data", "held out", "what is added", "over", "RMSE", "gain"),
                 [(one["data"], one["held"], one["addition"], *(("", f"{np.mean(one['rmse']):.4f}", "") if one["addition"] == one["over"] else
                   (one["over"], f"{np.mean(one['rmse']):.4f}", f"{one['gain']:+.4f} ± {one['error']:.4f}"))) for one in records], left=4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of ml-latest-small, or none for made ratings")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--held", choices=HELD, default="random", help="which tenth is held out")
    parser.add_argument("--only", metavar="WORD", help="only additions with this word in their name, and what they stand on")
    chosen = parser.parse_args()
    splits = chosen.splits if chosen.held == "random" else 1     # of each user's latest there is one
    records = measure(SMALL if chosen.data == "none" else LATEST, Path(chosen.data), splits=splits, held=chosen.held, only=chosen.only)
    if chosen.only is None and chosen.held == "random":
        save("gains", records)
    print(report(records))


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
