"""Whether this checkout is as quick as another one: kernels, building and a press of Fit, in seconds of the processor.

    git worktree add --detach /tmp/before REVISION
    python tests/benchmarks/bench_versions.py /tmp/before [--turns 3]

Both do the same in turns, each time in a process of its own, so that they meet the same load; each task is done once to warm up
and then twice. Shown is the least of all. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from records import table  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# what is done, by names that both have had since the first of them
TASKS = """
import json, sys, tempfile, time
import numpy as np
import workbook
from pyxl import fit_workbook
from solver import Ratings, Settings, fit

def made(users, items, n, seed=0):
    rng = np.random.default_rng(seed)
    pairs = np.sort(rng.permutation(users * items)[:n])
    u, i = pairs // items, pairs % items
    taste = (rng.standard_normal((users, 3))[u] * rng.standard_normal((items, 3))[i]).sum(1)
    return Ratings(tuple(range(users)), tuple(range(items)), u, i, np.clip(np.round(2 * (3.5 + 0.5 * taste)) / 2, 0.5, 5.0))

folder = tempfile.TemporaryDirectory()
book, out = f"{folder.name}/book.xlsx", f"{folder.name}/out.xlsx"
ratings, titles = workbook.example()
part, many, sheet = ratings.top(users=15, items=15), made(1500, 400, 50_000), made(100, 80, 4_000)
decay = {"weight_decay": 0.05}
sheets = Settings(**decay)
tasks = {
    "SGD, 50,000 ratings, 50 factors, 3 passes": lambda: fit(many, None, Settings(
        model="dot+bias", optimizer="sgd", batch_size=1, n_factors=50, epochs=3, lr=0.01, **decay)),
    "AdamW, 50,000 ratings, 50 factors, a pass": lambda: fit(many, None, Settings(
        model="dot+bias", optimizer="adamw", batch_size=1024, n_factors=50, epochs=1, **decay)),
    "ALS, 50,000 ratings, 16 factors, 3 passes": lambda: fit(many, None, Settings(
        model="dot+bias", optimizer="als", n_factors=16, epochs=3, **decay)),
    "L-BFGS, 100 × 80 × 20, 50 epochs": lambda: fit(sheet, None, Settings(model="dot+bias", n_factors=20, epochs=50, **decay)),
    "build the example workbook, 15 × 15 × 5": lambda: workbook.build(part, book, titles=titles, overwrite=True),
    "press Fit for all its sheets, as a file": lambda: fit_workbook(book, out=out, settings=sheets, overwrite=True),
    "press Fit for one of its sheets": lambda: fit_workbook(book, out=out, settings=sheets, sheets=["bias"], overwrite=True),
}
found = {}
for name, task in tasks.items():
    task()
    seconds = []
    for _ in range(2):
        began = time.process_time()
        task()
        seconds.append(time.process_time() - began)
    found[name] = min(seconds)
print(json.dumps(found))
"""


def measured(checkout: Path) -> dict[str, float]:
    """Seconds of the processor of each task, in a process that imports this checkout."""
    done = subprocess.run([sys.executable, "-P", "-c", TASKS], check=True, text=True, stdout=subprocess.PIPE, cwd=checkout,
                          env=os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})
    print(checkout, done.stdout.strip(), file=sys.stderr, flush=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    turns = [[measured(checkout) for checkout in (asked.before.resolve(), ROOT)] for _ in range(asked.turns)]
    before, now = ({name: min(turn[which][name] for turn in turns) for name in turns[0][0]} for which in (0, 1))
    print(table(("task", "before, s", "now, s", "now / before"),
                [(name, f"{before[name]:.2f}", f"{now[name]:.2f}", f"{now[name] / before[name]:.2f}") for name in before], left=1))


if __name__ == "__main__":
    main()
