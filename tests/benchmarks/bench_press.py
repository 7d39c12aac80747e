"""How long it takes from a press of Fit to the first words and to the fitted sheet, warm and cold, and where the time goes.

    python tests/benchmarks/bench_press.py [TIMES]

The buttons of the example workbook (15 × 15 × 5) are pressed in a headless LibreOffice that is running; it prints the
tables of section 6 of docs/benchmarks.md. Warm: a worker waits, and has done a press of this workbook; the worker is one that
times its parts (tests/helpers/timed_worker.py). Cold: the worker was ended before each press; its parts are those of a Python
process of its own that does the same, one after the other. Seconds, and, since machines are busy, seconds of the processor;
messages are ways to the office and back, counted in one more press.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AIMS = {"the fitted sheet": (0.5, 2.5)}     # warm, cold
# what a cold press of Fit does, step by step, in a fresh process: (what, seconds, of the processor)
PARTS = """
import json, sys, time
steps, last, used = [], float(sys.argv[1]), 0.0
def step(what):
    global last, used
    steps.append((what, time.time() - last, time.process_time() - used)); last, used = time.time(), time.process_time()
step("start of Python")
import pyxl.press; step("import pyxl")
from pyxl.engines.bare_xlwings import import_bare_xlwings
import_bare_xlwings(); step("import xlwings")
book = pyxl.press.calling_book(sys.argv[2]); step("find the workbook")
from pyxl.hosts.live_host import LiveHost
from pyxl.live.panel import Panel
host = LiveHost(book); panel = Panel(host, sys.argv[3]); panel.say("Fitting"); step("names and first words")
from solver import fit; import torch.optim, solver.fitting.fit_ratings; step("import torch")
from pyxl.detect.verified_model import verified_model
from pyxl.fit.own_sheets.settings_cells import sheet_settings
from solver.model.array_factors import as_tensors
ready = verified_model(host, sys.argv[3], sheet_settings(host, {})[0]); step("read and verify")
result = fit(ready.ratings, as_tensors(ready.start), ready.settings); step("fit")
from pyxl.grid.parameters import parameter_cells
host.write({sys.argv[3]: parameter_cells(ready.model.layout, result.factors)}); host.recalculate(); step("write and recalculate")
print(json.dumps(steps))
"""


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(Path(__file__).parent)]
    import xlwings
    from counted_pipe import CountedPipe
    from machine import about
    from office import until
    from pressed import Pressed
    from timed_presses import BEGINNINGS, SHEET, fitted, randomized

    import workbook
    from pyxl.engines import choose_engine

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ |= {"PYTHONPATH": str(ROOT), "HOME": folder}     # of what the macros start; workers of ours alone
        choose_engine("libreoffice")
        app = xlwings.App(visible=False, add_book=False)
        python, path, office = home / "python", home / "films.xlsm", home / "office"
        python.write_text(f'#!/bin/sh\n[ -f "{office}" ] && COLLABSHEET_OFFICE=$(cat "{office}") && export COLLABSHEET_OFFICE\n'
                          f'exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        ratings, titles = workbook.example()
        workbook.build(ratings.top(users=15, items=15), path, titles=titles, python=str(python))
        opened = Pressed(app, path)

        cold, cold_parts = [], []
        for _ in range(times):
            randomized(opened)
            end_workers(home)
            cold.append(fitted(opened))
            cold_parts.append(_parts_of_a_process(app.impl.office.spec, path, SHEET))
        end_workers(home)
        notes = start_timed_worker(home)
        first = fitted(opened)
        warm = [fitted(opened) for _ in range(times) if randomized(opened)]
        until(lambda: len(timed_fits(notes)) > times)
        timed = timed_fits(notes)[-times:]
        end_workers(home)
        start_timed_worker(home)
        pipe = CountedPipe(app.impl.office.spec)
        office.write_text(pipe.own_spec)
        messages = messages_of_fits(opened, pipe)
        end_workers(home)
        opened.document.close(True)
        app.quit()
        pipe.close()

    print("; ".join(f"{what}: {said}" for what, said in about().items()))
    print(f"Medians of {times} presses, in seconds.\n")
    print("| from the press to | warm | aim | cold | aim |\n|---|--:|--:|--:|--:|")
    for what in BEGINNINGS:
        aims = AIMS.get(what, ("", ""))
        print(f"| {what} | {_median(one[what] for one in warm):.2f} | {aims[0]} | {_median(one[what] for one in cold):.2f} | {aims[1]} |")
    print("\n| of a warm press | all | processor |\n|---|--:|--:|")
    _tell("the macro, Python's start, the worker", [(note["began"] - took["at"], None) for took, note in zip(warm, timed)])
    for part in timed[0]["parts"]:
        _tell(part, [tuple(note["parts"].get(part, (0.0, 0.0))) for note in timed])
    print("\n| of a cold press | all | processor |\n|---|--:|--:|")
    for part in cold_parts[0]:
        _tell(part, [one[part] for one in cold_parts])
    print(f"\nThe first press of a workbook, with a worker: {first['the fitted sheet']:.2f} s. "
          f"Messages to the office: {messages[0]:,} of the first, {messages[1]:,} of a warm press.")


def messages_of_fits(opened, pipe) -> tuple[int, int]:
    """How many messages go to the office through a pipe that counts, in a press of Fit of a new process, and in the one that follows."""
    from timed_presses import fitted, quiet, randomized

    counts = []
    for _ in range(2):
        before = quiet(pipe)
        fitted(opened)
        counts.append(quiet(pipe) - before)
        randomized(opened)
    return counts[0], counts[1]


def timed_fits(notes: Path) -> list[dict]:
    """What the timed worker noted of its fits."""
    return [note for note in map(json.loads, notes.read_text().splitlines()) if note["what"] == "fit"] if notes.exists() else []


def end_workers(home: Path) -> None:
    """End the worker that was started in this home, and wait until it and its processes are gone."""
    from office import until

    def ours() -> list[int]:
        return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_worker(folder, home)]

    for process in ours():
        os.kill(process, signal.SIGKILL)
    until(lambda: not ours())
    (home / ".collabsheet" / "press" / "worker.json").unlink(missing_ok=True)


def start_timed_worker(home: Path) -> Path:
    """Start the worker that times its presses, and wait until it waits; the file of its notes."""
    from office import until

    notes = home / "notes.jsonl"
    subprocess.Popen([sys.executable, "-P", str(ROOT / "tests" / "helpers" / "timed_worker.py"), str(notes)], start_new_session=True)
    until((home / ".collabsheet" / "press" / "worker.json").exists)
    return notes


def _is_worker(folder: Path, home: Path) -> bool:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
        if not (b"wait" in words and b"pyxl.press" in words or any(word.endswith(b"timed_worker.py") for word in words)):
            return False
        return f"HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0")
    except OSError:     # it ended meanwhile, or is another user's
        return False


def _parts_of_a_process(spec: str, path: Path, sheet: str) -> dict[str, tuple[float, float]]:
    """Seconds of each step in a process of its own, and of the processor."""
    done = subprocess.run([sys.executable, "-P", "-c", PARTS, str(time.time()), str(path), sheet], check=True, text=True,
                          stdout=subprocess.PIPE, env=os.environ | {"COLLABSHEET_OFFICE": spec})
    return {what: (seconds, of_processor) for what, seconds, of_processor in json.loads(done.stdout)}


def _median(numbers: Iterable[float]) -> float:
    return statistics.median(numbers)


def _tell(part: str, took: list[tuple[float, float | None]]) -> None:
    processor = [of for _, of in took if of is not None]
    print(f"| {part} | {_median(seconds for seconds, _ in took):.3f} | {f'{_median(processor):.3f}' if processor else ''} |")


if __name__ == "__main__":
    main()
