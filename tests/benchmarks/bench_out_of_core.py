"""Stores of ratings: CPU seconds a rating of preparing one and of a pass over it, beside the same pass in memory; bytes sent.

    python tests/benchmarks/bench_out_of_core.py [--ratings 5000000] [--processes 2] [--ways sgd als gibbs]

The ratings are made (synthetic.py). CPU seconds are those of the process and of its threads, so that a busy machine tells the same
as an idle one. Nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from records import BUILD, answer_task, run_task, save, say  # noqa: E402
from synthetic import PRESETS, resized, write_csv  # noqa: E402

from solver import Settings, fit, read_ratings  # noqa: E402

LONGEST = 1_200.0   # seconds for one task
PASSES = 3
SETTINGS = {
    "sgd": Settings(model="dot+bias", optimizer="sgd", batch_size=1, epochs=PASSES, n_factors=50, dtype="float32", decay_by="count",
                    weight_decay=0.3, lr=0.03, schedule="one-cycle"),
    "als": Settings(model="dot+bias", optimizer="als", epochs=PASSES, n_factors=50, dtype="float32", weight_decay=0.05),
    "gibbs": Settings(model="dot+bias", optimizer="gibbs", epochs=PASSES, n_factors=50, dtype="float32", implicit_sets="both"),
}


def measure(n_ratings: int, processes: int, ways: list[str]) -> list[dict]:
    """A record of the preparation, and of every method in memory, from the store, and by many processes."""
    BUILD.mkdir(parents=True, exist_ok=True)
    records = []
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        file = Path(folder) / "ratings.csv"
        write_csv(resized(PRESETS["ml-25m"], n_ratings), file)
        tasks = [{"do": "prepare"}, *({"do": do, "way": way} for way in ways for do in ("memory", "store")),
                 *({"do": "store", "way": way, "processes": processes} for way in ways)]
        for asked in tasks:
            found = run_task(__file__, asked | {"folder": folder}, seconds=LONGEST, threads=1)
            records.append({"kind": "out of core"} | asked | found)
            say(json.dumps(records[-1]))
    return records


def task(asked: dict) -> dict:
    folder = Path(asked["folder"])
    return {"prepare": _prepare, "memory": _in_memory, "store": _from_store}[asked["do"]](asked, folder)


def _prepare(asked: dict, folder: Path) -> dict:
    from solver.store.prepare_store import prepare_store

    store, _ = prepare_store(folder / "ratings.csv", folder / "store")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"ratings": store.n_ratings, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_megabytes": usage.ru_maxrss / 1024,
            "bytes_each": store.layout.bytes_each, "megabytes_of_csv": (folder / "ratings.csv").stat().st_size / 1e6}


def _in_memory(asked: dict, folder: Path) -> dict:
    ratings, _ = read_ratings(folder / "ratings.csv")
    moments: list[float] = []
    result = fit(ratings, None, SETTINGS[asked["way"]], on_epoch=lambda epoch: moments.append(time.process_time()))
    return _a_rating(moments, len(ratings)) | {"rmse": result.history[-1].rmse}


def _from_store(asked: dict, folder: Path) -> dict:
    from solver.distributed.fit_store import fit_store
    from solver.store.rating_store import open_store

    store, moments = open_store(folder / "store"), list[float]()
    seen = fit_store(store, folder / f"{asked['way']}-{asked.get('processes', 1)}", SETTINGS[asked["way"]], threads=1,
                     processes=asked.get("processes", 1), on_epoch=lambda epoch: moments.append(time.process_time()))
    found = {"rmse": seen.history[-1].rmse, "bytes_sent_in_a_pass": seen.sent}
    if asked.get("processes", 1) > 1:   # their CPU seconds are not ours
        return found
    return found | _a_rating(moments, store.n_ratings) | {
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _a_rating(moments: list[float], n: int) -> dict:
    """CPU nanoseconds a rating of the passes after the first, in which kernels are compiled."""
    return {"cpu_nanoseconds_a_rating": 1e9 * (moments[-1] - moments[0]) / (len(moments) - 1) / n}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=5_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    chosen = parser.parse_args()
    save("out_of_core", measure(chosen.ratings, chosen.processes, chosen.ways))


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
