"""A billion ratings under a limit of memory: made, prepared and trained, each by the command a user would type.

    python tests/benchmarks/bench_billion.py [--ratings 1000000000] [--folder DIR] [--gibibytes 4]

The ratings (synthetic.py, "100m" with more users) go to Parquet files, a block of users after another. `collabsheet prepare` and
`collabsheet train --rows-only` then run with RLIMIT_DATA set, so that whatever would take more memory fails. A billion take 45 GB of
disk while they are prepared. What is there already in the folder is not made again. Nothing here fails.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from records import BUILD, ROOT, save, say  # noqa: E402
from synthetic import PRESETS, blocks, resized  # noqa: E402

A_FILE = 25     # blocks of about a million ratings
FACTORS = 4     # of the made ratings: more take longer to make, and not to train


def made_files(folder: Path, n_ratings: int) -> list[Path]:
    """The ratings as Parquet files."""
    import pyarrow as pa
    from pyarrow import parquet

    shape = replace(resized(PRESETS["100m"], n_ratings), factors=FACTORS)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "all").exists():
        return sorted(folder.glob("*.parquet"))
    writer, schema = None, pa.schema([("user", pa.int32()), ("item", pa.int32()), ("rating", pa.float32())])
    for number, columns in enumerate(blocks(shape)):
        if number % A_FILE == 0:
            if writer:
                writer.close()
            writer = parquet.ParquetWriter(folder / f"ratings-{number // A_FILE:03}.parquet", schema)
        writer.write_table(pa.table([pa.array(column) for column in columns], schema=schema))
    writer.close()
    (folder / "all").touch()
    return sorted(folder.glob("*.parquet"))


def run_within(limit: int, *command: str) -> dict:
    """CPU and clock seconds and the largest memory of a command of ours, all of its processes under a limit of bytes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run([sys.executable, "-m", "pyxl", *command], cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"command": " ".join(["collabsheet", command[0]]), "code": ran.returncode, "seconds": time.perf_counter() - began,
            "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "peak_megabytes": after.ru_maxrss / 1024,
            "said": (ran.stdout + ran.stderr).strip().splitlines()[-12:]}


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=1_000_000_000)
    parser.add_argument("--folder", type=Path, default=BUILD / "billion")
    parser.add_argument("--gibibytes", type=float, default=4)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    chosen = parser.parse_args()
    folder, limit = chosen.folder, int(chosen.gibibytes * 2**30)
    began = time.perf_counter()
    files = made_files(folder / "ratings", chosen.ratings)
    say(f"{len(files)} files, {bytes_in(folder / 'ratings') / 1e9:.2f} GB, made in {time.perf_counter() - began:.0f} s")
    records = [run_within(limit, "prepare", *map(str, files), "-o", str(folder / "store"), "--readers", str(chosen.readers))]
    records[0] |= {"ratings": chosen.ratings, "bytes_a_rating": bytes_in(folder / "store") / chosen.ratings}
    say(json.dumps(records[0], indent=1))
    if not records[0]["code"]:
        records.append(run_within(limit, "train", str(folder / "store"), "-o", str(folder / "model"), "--effort", "quick", "--epochs", str(chosen.epochs),
                                  "--holdout", "0.01", "--rows-only"))
        say(json.dumps(records[1], indent=1))
    save("billion", records)


if __name__ == "__main__":
    main()
