"""Aims 1 and 2: hold-out RMSE over seconds, ours beside what people use, measured in one run.

    python tests/benchmarks/bench_frontier.py [--data ../shared/data/ml-latest-small] [--quick]

Three fresh 90/10 splits of every data set, the same for all; only the fit is timed. A fit shorter
than a second is repeated and the median taken. Predictions are clipped to the scale of the ratings.
Peers come with `pip install -e '.[bench]'`; one that is not there is left out, with a line that says so.
Nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from frontier_plot import draw  # noqa: E402
from frontier_tables import report  # noqa: E402
from machine import when_and_where  # noqa: E402
from records import BUILD, PICTURES, ROOT, answer_task, run_task, save, say, seconds_text  # noqa: E402
from systems import DATA, SMALL, SYSTEMS, ratings_of  # noqa: E402

from solver import split_off  # noqa: E402

SPLITS = 3
REPEATS = 3         # of a fit shorter than …
SHORT = 1.0         # … this many seconds
LONGEST = 900.0     # for all splits of one system on one data set
LATEST_FOLDER = ROOT.parent / "shared" / "data" / "ml-latest-small"


def measure(*, folder: Path = LATEST_FOLDER, quick: bool = False, names: Sequence[str] = (), kept: Sequence[dict] = ()) -> list[dict]:
    """A record for every system on every data set: where `names` are given, of those whose names begin so, and of the others
    what is `kept`."""
    records = []
    for data in (SMALL,) if quick else DATA:
        if ratings_of(data, folder) is None:
            say(f"{data}: skipped, there is no ratings.csv in {folder.name}; name its folder with --data")
            continue
        for system in SYSTEMS:
            if data not in system.data or (quick and not system.quick):
                continue
            if names and not system.name.startswith(tuple(names)):
                records += [record for record in kept if (record["data"], record["system"]) == (data, system.name)]
                continue
            if system.missing:
                say(f"{system.name}: skipped, not installed; {system.missing}")
                continue
            task = {"data": data, "folder": str(folder), "system": system.name, "splits": 1 if quick else SPLITS}
            found = run_task(__file__, task, seconds=LONGEST, threads=system.threads)
            records.append({"data": data, "system": system.name, "family": system.family, **when_and_where()} | found)
            say(f"{data:16} {system.name:34} " + (found.get("failed") or f"{np.mean(found['rmse']):.4f} "
                f"{seconds_text(float(np.median(found['seconds'])))} s, of a processor "
                f"{seconds_text(float(np.median(found['processor_seconds'])))} s"))
    return records


def task(asked: dict) -> dict:
    """RMSE and seconds of one system on the splits of one data set."""
    system = next(system for system in SYSTEMS if system.name == asked["system"])
    ratings = ratings_of(asked["data"], Path(asked["folder"]))
    low, high = float(ratings.values.min()), float(ratings.values.max())
    errors, seconds, of_processor = [], [], []
    for seed in range(asked["splits"]):
        train, test = split_off(ratings, 0.1, seed=seed)
        fitter = system.make()
        fitter.prepare(train)
        if fitter.warm and seed == 0:
            fitter.fit()
        for found, taken in zip((seconds, of_processor), median_seconds(fitter.fit)):
            found.append(taken)
        predicted = np.clip(np.asarray(fitter.predict(test.user_index, test.item_index), np.float64), low, high)
        errors.append(float(np.sqrt(np.mean((predicted - test.values) ** 2))))
    return {"rmse": errors, "seconds": seconds, "processor_seconds": of_processor, "ratings": len(ratings)}


def median_seconds(fit) -> tuple[float, float]:
    """(by the clock, of the processor)."""
    taken: list[tuple[float, float]] = []
    while not taken or (len(taken) < REPEATS and taken[0][0] < SHORT):
        began = time.perf_counter(), time.process_time()
        fit()
        taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    by_clock, of_processor = np.median(taken, axis=0)
    return float(by_clock), float(of_processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=LATEST_FOLDER, help="folder of ml-latest-small")
    parser.add_argument("--quick", action="store_true", help="one split of the smallest data set, fast systems only")
    chosen = parser.parse_args()
    records = measure(folder=chosen.data, quick=chosen.quick)
    save("frontier", records)
    for text in report(records).values():
        print(text, end="\n\n")
    for picture in draw(records, BUILD if chosen.quick else PICTURES):
        say(f"drawn: {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
