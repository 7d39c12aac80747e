"""What a command takes from its start to its end, as a whole process: what it imports, reads, computes and writes.

    python tests/benchmarks/bench_starts.py [--data ../shared/data/ml-latest-small] [--runs 5] [--fresh]

CPU seconds, the least of some runs after one that fills the caches. With --fresh also those of one run as on a fresh machine: no compiled
modules of Python and no compiled kernels.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LATEST_FOLDER = ROOT.parent / "shared" / "data" / "ml-latest-small"

# what is shown, its arguments, and the most CPU seconds that it should take
COMMANDS = (
    ("--help", "--help", 0.2),
    ("recommend", "recommend model --user 3", 0.8),
    ("predict", "predict model ratings.csv -o predicted.csv --overwrite", None),
    ("inspect", "inspect demo.xlsx", 0.8),
    ("restore", "restore fitted.xlsx -o restored.xlsx --overwrite", 0.8),
    ("train, quick", "train ratings.csv -o model --effort quick --overwrite", 1.5),
    ("new, 15 × 15", "new ratings.csv -o new.xlsx --overwrite", 2.0),
    ("fit, the demo", "fit demo.xlsx -o fitted.xlsx --overwrite", 2.5),
)


def cpu_seconds(arguments: str, folder: Path, environment: dict[str, str]) -> float:
    """User and system time of one process; one that fails ends the benchmark."""
    process = subprocess.Popen([sys.executable, "-m", "pyxl", *arguments.split()], cwd=folder, env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"collabsheet {arguments} failed.")
    return used.ru_utime + used.ru_stime


def as_on_a_fresh_machine(environment: dict[str, str], empty: Path) -> dict[str, str]:
    """The same environment with empty folders for what Python and numba keep."""
    return environment | {"PYTHONPYCACHEPREFIX": str(empty / "python"), "NUMBA_CACHE_DIR": str(empty / "numba")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=LATEST_FOLDER, help="folder of ml-latest-small")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="also once as on a fresh machine")
    args = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(args.data / "ratings.csv", folder)
        cpu_seconds("demo -o made", folder, environment)
        shutil.copy(folder / "made" / "collabsheet-demo.xlsx", folder / "demo.xlsx")
        for prepared in ("fit demo.xlsx -o fitted.xlsx", "train ratings.csv -o model --effort quick"):
            cpu_seconds(prepared, folder, environment)
        fresh = "fresh" if args.fresh else ""
        print(f"{'command':16} {'aim':>5} {'least':>6} {'most':>6} {fresh:>6}")
        for called, arguments, aim in COMMANDS:
            seconds = [cpu_seconds(arguments, folder, environment) for _ in range(args.runs + 1)][1:]
            first = f"{cpu_seconds(arguments, folder, as_on_a_fresh_machine(environment, folder / called)):6.2f}" if args.fresh else ""
            print(f"{called:16} {aim or '':>5} {min(seconds):6.2f} {max(seconds):6.2f} {first}", flush=True)


if __name__ == "__main__":
    main()
