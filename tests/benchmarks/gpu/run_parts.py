"""The parts of `on_a_gpu.sh`, one after another by worth, each in a process and with a time limit of its own.

A part that fails or hangs is named, with what it said; the next one goes on. `table.md` is written anew after each.
A dry run has all of them in one process, so that nothing is loaded twice.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parent)]

from figures import load_figures  # noqa: E402
from records import table  # noqa: E402

ALL_SECONDS = 470.0
TESTS = ("tests/test_cuda.py", "tests/test_sparse_products.py", "tests/test_fit.py::test_cuda_and_cpu_agree", "-k",
         "not interpreter and not compile")     # those two need no device


@dataclass(frozen=True)
class Task:
    """A part: its name, its command after `python`, and the most seconds that it may take."""

    name: str
    arguments: tuple[str, ...]
    seconds: float


def tasks(folder: Path, *, dry: bool) -> tuple[Task, ...]:
    def script(name: str, file: str, seconds: float, *more: str) -> Task:
        return Task(name, (str(HERE / file), "--folder", str(folder), *more, *(["--dry-run"] if dry else [])), seconds)

    scripts = (script("device", "device_part.py", 60),
               script("agreement", "agreement_part.py", 150),
               script("Gibbs", "large_fits_part.py", 90, "--what", "gibbs"),
               script("SGD", "large_fits_part.py", 80, "--what", "sgd"),
               script("ALS", "large_fits_part.py", 70, "--what", "als"),
               script("formulas", "formulas_part.py", 120))
    tests = Task("tests", ("-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--tb=short", *TESTS), 120)
    return scripts if dry else (*scripts[:4], tests, *scripts[4:])


def carry_out(task: Task, log: Path, *, seconds: float, here: bool = False) -> str:
    """Run it; what it says goes to the log and its end to our own output. How it ended, in a few words."""
    began = time.perf_counter()
    with log.open("a") as file:
        print(f"\n== {task.name} ==", file=file, flush=True)
        first = file.tell()
        code = _run_here(task, file) if here else _run_apart(task, file, seconds)
        took = f"{time.perf_counter() - began:.0f} s"
        ended = f"not done after {took}" if code is None else f"failed with {code} after {took}" if code else f"done after {took}"
        print(f"== {task.name}: {ended} ==", file=file)
    with log.open("rb") as read:
        read.seek(first)
        said = read.read().decode(errors="replace")
    print(f"\n== {task.name} ==\n{said[-2500:].rstrip()}", flush=True)
    return ended


def _run_apart(task: Task, file: TextIO, seconds: float) -> int | None:
    """The exit status of a process; None where it had to be ended."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
    running = subprocess.Popen([sys.executable, *task.arguments], stdout=file, stderr=subprocess.STDOUT, cwd=ROOT,
                               env=environment, start_new_session=True)
    try:
        return running.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return None


def _run_here(task: Task, file: TextIO) -> int:
    before, sys.argv = sys.argv, list(task.arguments)
    try:
        with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
            runpy.run_path(task.arguments[0], run_name="__main__")
        return 0
    except Exception:   # as a process would say it
        traceback.print_exc(file=file)
        return 1
    finally:
        sys.argv = before


def carry_out_all(chosen: Sequence[Task], folder: Path, *, seconds: float, here: bool = False) -> dict[str, str]:
    """How each of them ended, by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    began, ended = time.perf_counter(), {}
    for task in chosen:
        left = seconds - (time.perf_counter() - began)
        ended[task.name] = (carry_out(task, folder / "log.txt", seconds=min(task.seconds, left), here=here) if left > 5
                            else "left out: no time was left")
        (folder / "table.md").write_text(report(load_figures(folder), ended))
    return ended


def report(figures: list[dict], ended: dict[str, str]) -> str:
    """Every figure that has an aim, and how each part ended: two tables in Markdown."""
    rows = [(name_of(line), value_of(line), aim_of(line), "failed" if "failed" in line else "yes" if line["reached"] else "no")
            for line in figures if "reached" in line or "failed" in line]
    others = [(name_of(line), value_of(line), "", "") for line in figures if line["figure"] in ("machine", "bandwidth", "blocks", "ridge")]
    return (table(("figure", "found", "aim", "reached"), [*others, *rows], left=4) + "\n\n"
            + table(("part", "ended"), ended.items(), left=2) + "\n")


def name_of(line: dict) -> str:
    match line["figure"]:
        case "sheet":
            return f"RMSE of sheet {line['sheet']}, device less CPU"
        case "hold-out":
            return f"hold-out RMSE of {line['way']}, device less CPU"
        case "pass":
            return f"a pass of {line['what']}, {line['ratings']:,} ratings, {line['factors']} factors"
        case "blocks":
            return f"a pass of sgd, {line['blocks']} blocks"
        case "ridge":
            return f"regressions of the {line['side']}, {line['features']} features, {line['precision']}, {line['together']} at once"
        case "gradient":
            return f"gradient of the {line['what']}"
        case other:
            return other


def value_of(line: dict) -> str:
    match line:
        case {"failed": why}:
            return why
        case {"figure": "machine"}:
            return f"{line['card']}, driver {line['driver']}, torch {line['torch']}, CUDA {line['cuda']}"
        case {"figure": "bandwidth"}:
            return f"{line['bytes_a_second'] / 1e9:,.0f} GB/s"
        case {"figure": "hold-out"}:
            return f"{line['apart']:+.5f} (another seed {line['seeds_apart']:+.5f})"
        case {"figure": "pass"}:
            share = f", {line['of_bandwidth']:.0%} of bandwidth" if line["of_bandwidth"] else ""
            return f"{line['pass_ms']:.1f} ms, {line['bytes_a_second'] / 1e9:,.0f} GB/s{share}"
        case {"figure": "blocks"}:
            return f"{line['pass_ms']:.1f} ms"
        case {"figure": "ridge"}:
            return f"{line['ms']:.1f} ms, {line['error']:.0e} from float64"
        case {"figure": "gradient"}:
            return f"{line['device_ms']:.2f} ms, CPU {line['cpu_ms']:.2f} ms, apart {line['apart']:.1e}"
        case _:
            return f"{line['apart']:.1e}"


def aim_of(line: dict) -> str:
    aim = line.get("aim_ms", line.get("aim"))
    return "" if aim is None else f"{aim:g} ms" if "aim_ms" in line else f"{aim:g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("OUT") or ROOT / "build" / "gpu"))
    parser.add_argument("--dry-run", action="store_true", help="tiny, on the CPU")
    parser.add_argument("--only", action="append", metavar="PART", help="this part only; may be repeated")
    parser.add_argument("--seconds", type=float, default=ALL_SECONDS, help="for all parts together")
    chosen = parser.parse_args()
    parts = [task for task in tasks(chosen.folder.resolve(), dry=chosen.dry_run) if task.name in (chosen.only or (task.name,))]
    carry_out_all(parts, chosen.folder.resolve(), seconds=chosen.seconds, here=chosen.dry_run)
    print(f"\n{(chosen.folder / 'table.md').read_text()}\nFigures, log and table: {chosen.folder}")


if __name__ == "__main__":
    main()
