"""Kills a process of ours at random moments of its work and starts it again, until it has ended by itself.

    python tests/helpers/killed.py store --kills 200
    python tests/helpers/killed.py fit --kills 100 --processes 2

writes stores, or fits models, that are killed so often in all, and says how many of them were lost or came out otherwise than
undisturbed ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_READY = "ready"    # what a process prints when it has loaded all it needs and begins its work

PREPARE = """
import sys
from solver.store.prepare_store import HowToPrepare, prepare_store
print("ready", flush=True)
prepare_store(sys.argv[2:], sys.argv[1], HowToPrepare(blocks=4, rows_at_once=2_000))
"""
FIT = """
import sys
if __name__ == "__main__":
    from solver.core.settings import Settings
    from solver.distributed.fit_store import fit_store
    from solver.store.rating_store import open_store
    print("ready", flush=True)
    ways = {"sgd": Settings(model="dot+bias", optimizer="sgd", batch_size=1, epochs=6, n_factors=8, dtype="float32"),
            "als": Settings(model="dot+bias", optimizer="als", epochs=6, n_factors=8, weight_decay=0.05),
            "gibbs": Settings(model="dot+bias", optimizer="gibbs", epochs=6, n_factors=8, implicit_sets="both")}
    fit_store(open_store(sys.argv[1]), sys.argv[2], ways[sys.argv[4]], holdout=0.1, processes=int(sys.argv[3]))
"""


def until_done(code: str, arguments: list[str], *, kills: int, longest: float, moments: random.Random) -> int:
    """Run Python code that begins by printing "ready", kill it after a random time up to `longest` seconds of its work, and
    so on `kills` times; then let it end. Gives how often it was killed: less where it ended before."""
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "killed_script.py"      # a file: processes that it starts import it
        script.write_text(code)
        while True:
            process = subprocess.Popen([sys.executable, str(script), *arguments], cwd=ROOT, start_new_session=True, text=True,
                                       env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                said = process.stdout.readline()
                if done < kills:
                    try:
                        process.wait(moments.uniform(0, longest))
                    except subprocess.TimeoutExpired:
                        process.kill()      # alone: what it started has to notice by itself
                        process.wait()
                        done += 1
                        continue
                _, errors = process.communicate()
                if process.returncode:
                    raise RuntimeError(f"It ended with {process.returncode}: {said}{errors}")
                return done
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.stdout.close()
                process.stderr.close()


def done_after_a_kill(code: str, arguments: list[str], result: Path, *, kills: int, longest: float, moments: random.Random) -> None:
    """As `until_done`, and begun anew with less time where a fast machine had made `result` before it was killed once."""
    while not until_done(code, arguments, kills=kills, longest=longest, moments=moments):
        shutil.rmtree(result)
        longest /= 3


def digest_of_folder(folder: Path, pattern: str = "*") -> str:
    """What the files in a folder hold whose names are like this, by their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob(pattern) if path.is_file()):
        digest.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def write_tables(folder: Path, *, files: int, rows: int) -> list[Path]:
    """Files of made ratings, `rows` in each; a pair may be rated in two of them."""
    moments, paths = random.Random(0), []
    for number in range(files):
        path = folder / f"ratings-{number}.csv"
        lines = (f"u{moments.randrange(300):03},{moments.randrange(200)},{moments.randrange(1, 11) / 2}" for _ in range(rows))
        path.write_text("user,item,rating\n" + "\n".join(lines) + "\n")
        paths.append(path)
    return paths


def _campaign(begin: Callable[[Path], tuple[str, list[str], Path]], kills: int, pattern: str, seed: int) -> dict:
    """Kill so often in all, a few times in each piece of work, and compare every result with an undisturbed one. How far it is
    is told on stderr after each piece."""
    moments, done, pieces, lost = random.Random(seed), 0, 0, 0

    def told() -> dict:
        return {"kills": done, "pieces of work": pieces, "lost or different": lost}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        code, arguments, result = begin(work)
        began = time.perf_counter()
        until_done(code, arguments, kills=0, longest=0, moments=moments)
        longest, sound = time.perf_counter() - began, digest_of_folder(result, pattern)
        while done < kills:
            shutil.rmtree(result, ignore_errors=True)       # nothing is there where the last piece was lost
            pieces += 1
            try:
                done += until_done(code, arguments, kills=min(5, kills - done), longest=longest, moments=moments)
                lost += digest_of_folder(result, pattern) != sound
            except RuntimeError as why:
                print(why, file=sys.stderr)
                lost += 1
            print(json.dumps(told()), file=sys.stderr, flush=True)
    return told()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("store", "fit"))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--seed", type=int, default=1, help="of the moments: runs with different ones add up")
    chosen = parser.parse_args()

    def store(work: Path) -> tuple[str, list[str], Path]:
        paths = write_tables(work, files=4, rows=10_000)
        return PREPARE, [str(work / "store"), *map(str, paths)], work / "store"

    def fit(work: Path) -> tuple[str, list[str], Path]:
        code, arguments, prepared = store(work)
        until_done(code, arguments, kills=0, longest=0, moments=random.Random(0))
        return FIT, [str(prepared), str(work / "fitted"), str(chosen.processes), chosen.optimizer], work / "fitted"

    print(json.dumps(_campaign({"store": store, "fit": fit}[chosen.what], chosen.kills, "*" if chosen.what == "store" else "*.npy", chosen.seed)))


if __name__ == "__main__":
    main()
