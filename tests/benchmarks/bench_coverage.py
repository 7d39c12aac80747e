"""How many ratings lie in intervals that are to hold 90 %: of all, and in each fifth of users by activity and items by popularity.

    python tests/benchmarks/bench_coverage.py [--data ../shared/data/ml-latest-small] [--splits 1] [--effort best]

A tenth of the ratings judges; of the others, a tenth is held out from the fit, which corrects the intervals. Fifths are of the
judging ratings, by how many ratings were learnt from of their users and of their items. "Exported" are those of the judging ratings
whose users and items are in an exported workbook (300 × 200): how many lie within the ± of its cells. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from records import ROOT, answer_task, run_task, save, say, table  # noqa: E402
from systems import DATA, ratings_of  # noqa: E402

from solver import CollabFilter, Ratings, split_off  # noqa: E402
from workbook.export import busiest, factors_in_cells, spreads_in_cells  # noqa: E402

LEVEL = 0.9
LONGEST = 1_800.0     # seconds of a task
EXPORTED = {"users": 300, "items": 200}
LATEST_FOLDER = ROOT.parent / "shared" / "data" / "ml-latest-small"


def measure(folder: Path, *, splits: int, effort: str, data: tuple[str, ...] = DATA) -> list[dict]:
    """A record for every data set."""
    records = []
    for name in data:
        found = run_task(__file__, {"data": name, "folder": str(folder), "splits": splits, "effort": effort}, seconds=LONGEST)
        if "failed" in found:
            say(f"{name}: {found['failed']}")
            continue
        records.append({"data": name} | found)
        say(f"{name}: {100 * found['all']:.1f} %")
    return records


def task(asked: dict) -> dict:
    """Shares of the judging ratings that lie in their intervals, the mean over the splits."""
    ratings = ratings_of(asked["data"], Path(asked["folder"]))
    found = []
    for seed in range(asked["splits"]):
        learnt, judging = split_off(replace(ratings, item_columns=None), 0.1, seed=seed)
        model = CollabFilter(effort=asked["effort"], holdout=0.1, device="cpu", random_state=0).fit(learnt)
        _, low, high = model.predict(judging, return_interval=LEVEL)
        inside = (judging.values >= low) & (judging.values <= high)
        shares = {"all": float(inside.mean()), "length": float((high - low).mean())}
        for side, counts in (("activity", model.user_counts_[judging.user_index]), ("popularity", model.item_counts_[judging.item_index])):
            fifths = np.searchsorted(np.quantile(counts, [0.2, 0.4, 0.6, 0.8]), counts, side="right")
            shares |= {f"{side} {fifth + 1}": float(inside[fifths == fifth].mean()) for fifth in range(5)}
        found.append(shares | in_cells(model, learnt, judging))
    return {name: float(np.mean([shares[name] for shares in found])) for name in found[0]}


def in_cells(model: CollabFilter, learnt: Ratings, judging: Ratings) -> dict[str, float]:
    """The share that lies within the ± of an exported workbook, of how many, and its own 90 % by the model."""
    part = busiest(learnt, **EXPORTED)
    users, items = ({label: n for n, label in enumerate(labels)} for labels in (part.users, part.items))
    pairs = [(users.get(judging.users[user]), items.get(judging.items[item]), n)
             for n, (user, item) in enumerate(zip(judging.user_index, judging.item_index))]
    u, i, n = np.array([pair for pair in pairs if None not in pair]).T
    spreads, factors = spreads_in_cells(model, part), factors_in_cells(model, part)
    predicted = np.clip(factors.raw_table().numpy()[u, i], *model.rating_range_)
    within = np.array(spreads.users)[u] * np.array(spreads.items)[i]
    off = np.abs(judging.values[n] - predicted)
    _, low, high = model.predict(judging.take(n), return_interval=LEVEL)
    fifths = np.searchsorted(np.quantile(within, [0.2, 0.4, 0.6, 0.8]), within, side="right")
    return {"exported": float((off <= within).mean()), "exported judged": float(len(n)), "exported length": float(2 * within.mean()),
            "exported by the model": float(((judging.values[n] >= low) & (judging.values[n] <= high)).mean()),
            **{f"exported {fifth + 1}": float((off <= within)[fifths == fifth].mean()) for fifth in range(5)}}


def report(records: list[dict]) -> str:
    """The table: shares in percent, from the least to the most active or popular fifth."""
    def fifths(one: dict, side: str) -> str:
        return " ".join(f"{100 * one[f'{side} {fifth}']:.1f}" for fifth in range(1, 6))

    return table(("data", "all, %", "fifths by activity, %", "fifths by popularity, %", "length", "exported, %", "fifths by ±, %", "of the model there, %"),
                 [(one["data"], f"{100 * one['all']:.1f}", fifths(one, "activity"), fifths(one, "popularity"), f"{one['length']:.2f}",
                   f"{100 * one['exported']:.1f}", fifths(one, "exported"), f"{100 * one['exported by the model']:.1f}")
                  for one in records])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=LATEST_FOLDER, help="folder of ml-latest-small")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--effort", default="best", metavar="quick|good|best")
    parser.add_argument("--only", action="append", choices=DATA, help="this data set only; may be repeated")
    chosen = parser.parse_args()
    records = measure(chosen.data, splits=chosen.splits, effort=chosen.effort, data=tuple(chosen.only or DATA))
    save("coverage", records)
    print(report(records))


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
