"""A store fitted by 1, 2 and 4 processes: is it the same model to the last bit, and what does it take?

    python tests/benchmarks/bench_processes.py [--ratings 25000000] [--processes 1 2 4] [--epochs 2]

The ratings are made (synthetic.py, "ml-25m"); each fit is the command that a user would type. CPU seconds are those of all its
processes. Nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1] / "helpers")]

from bench_billion import run_within  # noqa: E402
from killed import digest_of_folder  # noqa: E402
from records import BUILD, save, say  # noqa: E402
from synthetic import PRESETS, resized, write_csv  # noqa: E402

WAYS = {"sgd": ["--effort", "quick"], "als": ["--optimizer", "als", "--weight-decay", "0.05"], "gibbs": ["--effort", "best"]}
LIMIT = 16 << 30    # bytes of memory of a process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=25_000_000)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    chosen = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        folder = Path(name)
        write_csv(resized(PRESETS["ml-25m"], chosen.ratings), folder / "ratings.csv")
        records = [run_within(LIMIT, "prepare", str(folder / "ratings.csv"), "-o", str(folder / "store")) | {"ratings": chosen.ratings}]
        say(json.dumps(records[0]))
        (folder / "ratings.csv").unlink()
        for way in chosen.ways:
            for processes in chosen.processes:
                ran = run_within(LIMIT, "train", str(folder / "store"), "-o", str(folder / "m"), *WAYS[way], "--epochs", str(chosen.epochs),
                                 "--holdout", "0.01", "--rows-only", "--processes", str(processes))
                rows = folder / "m.passes"
                records.append(ran | {"way": way, "processes": processes, "rows": digest_of_folder(rows, "*.npy") if rows.exists() else None})
                say(json.dumps(records[-1]))
                shutil.rmtree(rows, ignore_errors=True)
                save("processes", records)


if __name__ == "__main__":
    main()
