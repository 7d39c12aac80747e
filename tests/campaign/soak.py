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
from functools import partial
from pathlib import Path

import lesson_sheet

from campaign.verdict import Failed
from pyxl import fit_workbook

_ROOT = Path(__file__).parents[2]
_MEGABYTE = 1 << 20
_GROWTH = 30 * _MEGABYTE    # that many fits may cost, after the first few
_FIT = "import sys; from pyxl.__main__ import main; sys.exit(main(['fit', sys.argv[1], '-o', sys.argv[2], '--epochs', '50']))"
_SHORT = {"epochs": 50}     # what a fit leaves behind, or finds beside others, does not depend on how long it takes


def _workbook(folder: Path) -> Path:
    path = folder / "w.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 5), k=2)
    return path


def fit_once(path: Path) -> float:
    """Fit the workbook, write nothing: the RMSE."""
    return fit_workbook(path, options=_SHORT)["Sheet1"].rmse_after


def resident() -> int:
    """Bytes of memory that this process holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """How many files, pipes and sockets this process holds open."""
    return len(os.listdir("/proc/self/fd"))


def _flat(count: int, attempt: Callable[[int], object]) -> str:
    """Memory and open files stay flat over that many attempts, after the first quarter. Raises Failed."""
    sizes, files = [], []
    for n in range(count):
        attempt(n)
        if n >= count // 4:
            sizes.append(resident())
            files.append(open_files())
    grown = max(0, sizes[-1] - sizes[0])
    if grown > _GROWTH:
        raise Failed(f"{len(sizes)} times took {grown / _MEGABYTE:.0f} MB")
    if files[-1] > files[0]:
        raise Failed(f"{files[0]} files were open, and {files[-1]} after {len(files)} times more")
    return f"the last {len(sizes):,} grew by {grown / _MEGABYTE:.1f} MB and no open file"


def many_fits(folder: Path, count: int) -> str:
    """Memory and open files stay flat over that many fits. Raises Failed."""
    path = _workbook(folder)
    return f"{count:,} fits; {_flat(count, lambda n: fit_once(path))}"


def live_books(folder: Path, count: int, *, app=None) -> str:
    """A workbook is opened in LibreOffice and closed that many times, fitted there at every tenth; nothing stays open, here or there."""
    import xlwings

    from pyxl.engines import choose_engine
    from pyxl.live.live_fit import fit_live

    path = folder / "live.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 5), k=2)
    if app is None:
        choose_engine("libreoffice")
    own = xlwings.App(visible=False, add_book=False) if app is None else None
    app = app or own

    def attempt(n: int) -> None:
        book = app.books.open(str(path))
        try:
            if n % 10 == 0:
                fit_live(book, options=_SHORT)
        finally:
            book.close()
    try:
        before, told = len(app.books), _flat(count, attempt)
        if len(app.books) > before:
            raise Failed(f"{len(app.books) - before} workbooks stayed open")
    finally:
        if own:
            own.quit()
    return f"{count} times opened and closed, {(count + 9) // 10} fits; {told}"


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


# Places in which a command is run: its environment, and the options of Python.
SURROUNDINGS: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "no terminal": ({}, ()), "-OO": ({}, ("-OO",)),
    "a home nobody may write to": ({"HOME": "/proc/nobody"}, ()),       # not even root makes a folder there
    "no HOME": ({"HOME": None}, ()), "a TMPDIR that is not there": ({"TMPDIR": "/nowhere"}, ()),
    "locale C, no UTF-8": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": None}, ()),
    "locale tr_TR": ({"LC_ALL": "tr_TR.UTF-8"}, ()), "an unknown locale": ({"LC_ALL": "xx_YY"}, ()),
    "stdout in Latin-1": ({"PYTHONIOENCODING": "latin-1"}, ())}


def at_once(folder: Path, *names: str) -> str:
    """The command, in all these surroundings at the same time."""
    env = {name: value for place in names for name, value in SURROUNDINGS[place][0].items()}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return in_surroundings(Path(own), env, [option for place in names for option in SURROUNDINGS[place][1]])


def main() -> int:
    """The exit code: 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign.soak", description=__doc__)
    parser.add_argument("--fits", type=int, default=2000)
    parser.add_argument("--opens", type=int, default=200, help="of a workbook in LibreOffice")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tried = {"many fits": lambda: many_fits(folder, args.fits), "threads": lambda: threads(folder, 40),
                 "spawn": lambda: pool(folder, "spawn"), "fork": lambda: pool(folder, "fork"),
                 **{name: partial(at_once, folder, name) for name in SURROUNDINGS}, "live": lambda: live_books(folder, args.opens)}
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
