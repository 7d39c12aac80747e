"""What lasts and where it runs: many fits in one process, threads, pools of processes, and odd surroundings.

`PYTHONPATH=.:helpers:.. python -m campaign.soak` in tests/ tries them all and prints a line for each; --fits says how many.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lesson_sheet

from campaign.verdict import Failed
from pyxl import fit_workbook

_ROOT = Path(__file__).parents[2]
_MEGABYTE = 1 << 20
_GROWTH = 30 * _MEGABYTE    # that many fits may cost, after the first few
_FIT = "import sys; from pyxl.__main__ import main; sys.exit(main(['fit', sys.argv[1], '-o', sys.argv[2]]))"


def _workbook(folder: Path) -> Path:
    path = folder / "w.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 5), k=2)
    return path


def fit_once(path: Path) -> float:
    """Fit the workbook, write nothing: the RMSE."""
    return fit_workbook(path)["Sheet1"].rmse_after


def resident() -> int:
    """Bytes of memory that this process holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def many_fits(folder: Path, count: int) -> str:
    """Memory stays flat over that many fits. Raises Failed."""
    path, sizes = _workbook(folder), []
    for n in range(count):
        fit_once(path)
        if n >= count // 4:
            sizes.append(resident())
    grown = max(0, sizes[-1] - sizes[0])
    if grown > _GROWTH:
        raise Failed(f"{len(sizes)} fits took {grown / _MEGABYTE:.0f} MB")
    return f"{count:,} fits; the last {len(sizes):,} grew by {grown / _MEGABYTE:.1f} MB"


def threads(folder: Path, count: int) -> str:
    """Eight threads that fit at once find what one finds."""
    path = _workbook(folder)
    alone = fit_once(path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fit_once, [path] * count))
    if any(abs(one - alone) > 1e-9 for one in found):
        raise Failed("threads found other numbers")
    return f"{count} fits in 8 threads"


def pool(folder: Path, method: str) -> str:
    """A pool of processes, started after a fit in this one, finds what this one finds."""
    path = _workbook(folder)
    alone = fit_once(path)
    with multiprocessing.get_context(method).Pool(2) as workers:
        found = workers.map_async(fit_once, [path] * 4).get(timeout=300)
    if any(abs(one - alone) > 1e-9 for one in found):
        raise Failed("processes found other numbers")
    return f"4 fits in 2 processes by {method}"


def in_surroundings(folder: Path, env: Mapping[str, str | None], options: Sequence[str] = ()) -> str:
    """A command in a process of its own, without a terminal, fits, and says what it did. `env` None takes a variable away."""
    path, out = _workbook(folder), folder / "out.xlsx"
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)]), **env}
    run = subprocess.run([sys.executable, *options, "-c", _FIT, path, out], stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
                         env={name: value for name, value in surroundings.items() if value is not None})
    if run.returncode or not out.exists() or b"RMSE" not in run.stdout or b"Traceback" in run.stderr:
        raise Failed(f"exit code {run.returncode}: {run.stdout[-300:]!r} {run.stderr[-300:]!r}")
    return "fitted"


def surroundings(folder: Path) -> dict[str, Callable[[], str]]:
    """By name, places in which a command is run."""
    no_home = folder / "no home"
    no_home.mkdir()
    no_home.chmod(0o500)
    places: dict[str, tuple[dict, tuple]] = {
        "no terminal": ({}, ()), "-OO": ({}, ("-OO",)), "a home nobody may write to": ({"HOME": str(no_home)}, ()),
        "no HOME": ({"HOME": None}, ()), "a TMPDIR that is not there": ({"TMPDIR": "/nowhere"}, ()),
        "locale C, no UTF-8": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": None}, ()),
        "locale tr_TR": ({"LC_ALL": "tr_TR.UTF-8"}, ()), "an unknown locale": ({"LC_ALL": "xx_YY"}, ()),
        "stdout in Latin-1": ({"PYTHONIOENCODING": "latin-1"}, ())}

    def attempt(name: str) -> Callable[[], str]:
        def run() -> str:
            with tempfile.TemporaryDirectory(dir=folder) as own:
                return in_surroundings(Path(own), *places[name])
        return run
    return {name: attempt(name) for name in places}


def main() -> int:
    """The exit code: 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign.soak", description=__doc__)
    parser.add_argument("--fits", type=int, default=2000)
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tried = {"many fits": lambda: many_fits(folder, args.fits), "threads": lambda: threads(folder, 40),
                 "spawn": lambda: pool(folder, "spawn"), "fork": lambda: pool(folder, "fork"), **surroundings(folder)}
        for what, attempt in tried.items():
            began = time.monotonic()
            try:
                said = attempt()
            except Exception as why:    # whatever goes wrong is a finding
                failed, said = True, f"FAILED: {type(why).__name__}: {why}"
            print(f"| {what} | {said} | {time.monotonic() - began:.0f} s |", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
