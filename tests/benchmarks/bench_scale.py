"""Aim 3: seconds and memory of a pass over 0.1, 1, 10 and 25 million ratings, against the memory's bandwidth.

    python tests/benchmarks/bench_scale.py [--quick]

The ratings are made (synthetic.py), saved, and fitted in a process for each size and way of fitting, so
that the memory is that of the fit and its ratings alone. What the limit is stands in cost.py. At last
`collabsheet train` goes from the largest set as a CSV file to a saved model. Nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from cost import FACTORS, WAYS, bandwidth, bytes_least, bytes_most, forget_peak, memory, pass_seconds, seconds  # noqa: E402
from records import BUILD, PICTURES, ROOT, answer_task, run_task, save, say, seconds_text, table  # noqa: E402
from scale_plot import draw  # noqa: E402
from synthetic import PRESETS, generate, resized, write_csv  # noqa: E402

from solver import Ratings  # noqa: E402

SIZES = ("ml-100k", "ml-1m", "ml-10m", "ml-25m")
LONGEST = 600.0  # seconds for one task


def measure(*, quick: bool = False) -> list[dict]:
    """A record for every size and way of fitting, one of the bandwidth, one of `collabsheet train`."""
    records = [{"kind": "bandwidth", "bytes": bandwidth()}]
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        for size in SIZES[:2] if quick else SIZES:
            made = run_task(__file__, {"do": "make", "size": size, "folder": folder}, seconds=LONGEST)
            say(f"{size}: made, {made}")
            for number, way in enumerate(WAYS):
                for threads in (2, 1) if way is WAYS[0] and PRESETS[size].ratings > 1_000_000 else (2,):
                    found = run_task(__file__, {"do": "fit", "way": number, "folder": folder}, seconds=LONGEST, threads=threads)
                    name = way.name if threads > 1 else f"{way.name}, 1 thread"
                    records.append({"kind": "pass", "size": size, **found, "way": name})
                    say(f"{size}: {name}: {found}")
        found = run_task(__file__, {"do": "train", "size": size, "folder": folder}, seconds=2 * LONGEST)
        records.append({"kind": "train"} | found)
        say(f"collabsheet train: {found}")
    return records


def task(asked: dict) -> dict:
    folder = Path(asked["folder"])
    return {"make": _make, "fit": _fit, "train": _train}[asked["do"]](asked, folder)


def _make(asked: dict, folder: Path) -> dict:
    ratings = None

    def work() -> None:
        nonlocal ratings
        ratings = generate(PRESETS[asked["size"]])

    taken = seconds(work)
    for name in ("user_index", "item_index", "values"):
        np.save(folder / f"{name}.npy", getattr(ratings, name))
    (folder / "sizes.json").write_text(json.dumps([ratings.n_users, ratings.n_items]))
    return {"seconds": taken, "memory": memory(peak=True)}


def _fit(asked: dict, folder: Path) -> dict:
    way = WAYS[asked["way"]]
    users, items = json.loads((folder / "sizes.json").read_text())
    pass_seconds(way, generate(resized(PRESETS["ml-100k"], 5_000)), device="cpu")  # compile, or load what was
    columns = (np.load(folder / f"{name}.npy") for name in ("user_index", "item_index", "values"))
    ratings = Ratings(tuple(range(users)), tuple(range(items)), *columns)
    forget_peak()
    before = memory()
    return pass_seconds(way, ratings, device="cpu") | {
        "ratings": len(ratings), "before": before, "memory": memory(peak=True),
        "least": bytes_least(ratings), "most": bytes_most(ratings)}


def _train(asked: dict, folder: Path) -> dict:
    """`collabsheet train` from a CSV file: seconds and memory of the whole command."""
    file = folder / "ratings.csv"
    write_csv(PRESETS[asked["size"]], file)
    command = [sys.executable, "-m", "pyxl", "train", str(file), "-o", str(folder / "model"), "--json"]
    answer = ""

    def work() -> None:
        nonlocal answer
        answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    taken = seconds(work)
    told = json.loads(answer)
    return {"seconds": taken, "memory": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
            "megabytes": file.stat().st_size / 1e6, "ratings": told["ratings"], "fit": told["seconds"],
            "holdout_rmse": told["holdout_rmse"], "baseline_rmse": told["baseline_rmse"]}


def report(records: list[dict]) -> dict[str, str]:
    """The tables and sentences by the names that the template knows."""
    speed = next((record["bytes"] for record in records if record["kind"] == "bandwidth"), float("nan"))
    rows = []
    for record in records:
        if record["kind"] == "pass" and "failed" not in record:
            n = record["ratings"]
            rows.append((f"{n:,}", record["way"], seconds_text(record["pass"]), f"{1e9 * record['pass'] / n:.0f}",
                         f"{seconds_text(record['least'] / speed)} to {seconds_text(record['most'] / speed)}"
                         if record["way"] == WAYS[0].name else "",
                         f"{record['most'] / record['pass'] / speed:.0%}" if record["way"] == WAYS[0].name else "",
                         f"{(record['memory'] - record['before']) / 2**30:.2f}", f"{record['memory'] / 2**30:.2f}"))
    failed = [f"{r.get('size', 'collabsheet train')}, {r.get('way', '')}: {r['failed']}" for r in records if "failed" in r]
    return {"scale_table": table(("ratings", "way", "s / pass", "ns / rating", "limit s", "of bandwidth", "GiB more",
                                  "GiB in all"), rows, left=2),
            "scale_bandwidth": f"{speed / 1e9:.1f}", "scale_factors": str(FACTORS), "scale_train": _train_text(records),
            "scale_failed": "".join(f"\n- not measured: {line}" for line in failed)}


def _train_text(records: list[dict]) -> str:
    record = next((r for r in records if r["kind"] == "train" and "failed" not in r), None)
    if record is None:
        return "`collabsheet train` was not measured."
    return (f"`collabsheet train` takes a CSV file of {record['ratings']:,} ratings ({record['megabytes']:.0f} MB) to a saved "
            f"model in {seconds_text(record['seconds'])} s, {seconds_text(record['fit'])} s of them the fit, with "
            f"{record['memory'] / 2**30:.2f} GiB at most; hold-out RMSE {record['holdout_rmse']:.4f}, biases alone "
            f"{record['baseline_rmse']:.4f}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="0.1 and 1 million ratings only")
    chosen = parser.parse_args()
    records = measure(quick=chosen.quick)
    save("scale", records)
    for text in report(records).values():
        print(text, end="\n\n")
    say(f"drawn: {draw(records, BUILD if chosen.quick else PICTURES).name}")


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
