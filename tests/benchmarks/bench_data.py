"""How near the made ratings come to the data sets that they look like.

    python tests/benchmarks/bench_data.py [--quick]

The originals' numbers are published ones: counts, mean and spread from the data sets' own descriptions,
RMSE as in the issue. A made set has the same counts by construction; the rest may differ.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from records import save, say, table  # noqa: E402
from synthetic import PRESETS, generate, planted  # noqa: E402

from solver import rmse, split_off  # noqa: E402
from solver.judging.baselines import bias_only  # noqa: E402

# name: mean, spread, ratings of the middle and the busiest user, of the middle and the most popular item, RMSE of biases
ORIGINALS = {
    "ml-100k": (3.530, 1.126, 65, 737, 27, 583, 0.944),
    "ml-1m": (3.582, 1.117, 96, 2314, 124, 3428, 0.909),
    "ml-10m": (3.512, 1.060, 69, 7359, 135, 34_864, None),
    "ml-25m": (3.534, 1.061, 71, 32_202, 6, 81_491, None),
}


def measure(*, quick: bool = False) -> list[dict]:
    """A record for every made set."""
    records = []
    for name in list(ORIGINALS)[:2 if quick else None]:
        shape = PRESETS[name]
        ratings = generate(shape)
        train, test = split_off(ratings, 0.1)
        users, items = np.bincount(ratings.user_index, minlength=shape.users), np.bincount(ratings.item_index, minlength=shape.items)
        records.append({
            "name": name, "ratings": len(ratings), "values": [
                float(ratings.values.mean(dtype=float)), float(ratings.values.std(dtype=float)), int(np.median(users)),
                int(users.max()), int(np.median(items)), int(items.max()),
                rmse(bias_only(train), test, clip=shape.scale[:2])],
            "truth": rmse(planted(shape), test, clip=shape.scale[:2])})
        say(f"{name}: {records[-1]}")
    return records


def report(records: list[dict]) -> dict[str, str]:
    """The table by the name that the template knows: a made set, and under it its original."""
    rows = []
    for record in records:
        rows.append((f"{record['name']}-like", f"{record['ratings']:,}", *map(_shown, record["values"]), _shown(record["truth"])))
        rows.append((f"{record['name']} itself", f"{record['ratings']:,}", *map(_shown, ORIGINALS[record["name"]]), ""))
    return {"data_table": table(("data", "ratings", "mean", "spread", "median user", "busiest", "median item", "most popular",
                                 "RMSE, biases", "RMSE, truth"), rows)}


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the two smaller ones")
    records = measure(quick=parser.parse_args().quick)
    save("data", records)
    print(report(records)["data_table"])


if __name__ == "__main__":
    main()
