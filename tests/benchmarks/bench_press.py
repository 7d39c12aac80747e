"""How long it takes from a press of Fit to the first words and to the fitted sheet, and where the time goes.

    python tests/benchmarks/bench_press.py [TIMES]

The buttons of the example workbook (15 × 15 × 5) are pressed in a headless LibreOffice that is
running; the parts are those of a Python process of its own that does the same, one after the other,
in seconds and, since machines are busy, in seconds of its processor.

Presses after the first are done by the worker that stays (`pyxl/live/press_worker.py`) and load nothing;
the parts are those of a press without it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHEET = "bias"
# what the press of Fit does, step by step, in a fresh process: (what, seconds, of the processor)
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
book = pyxl.press.calling_book(sys.argv[2]); step("attach")
from pyxl.hosts.live_host import LiveHost
from pyxl.live.panel import Panel
host = LiveHost(book); panel = Panel(host, sys.argv[3]); panel.say("Fitting"); step("first words")
from solver import fit; step("import torch")
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
    from machine import about
    from office import until
    from pressed import Pressed

    import workbook
    from pyxl.engines import choose_engine

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    os.environ["PYTHONPATH"] = str(ROOT)    # of what the macros start
    choose_engine("libreoffice")
    app = xlwings.App(visible=False, add_book=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "films.xlsm"
        ratings, titles = workbook.example()
        workbook.build(ratings.top(users=15, items=15), path, titles=titles)
        opened = Pressed(app, path)
        presses, parts = [], []
        for _ in range(times + 1):
            presses.append(_pressed(opened, until))
            parts.append(_parts(app.impl.office.spec, path))
        opened.document.close(True)
    app.quit()
    print("; ".join(f"{what}: {said}" for what, said in about().items()))
    print(f"medians of {times}, after one for warming up, in seconds\n")
    for what, seconds in zip(("press to the macro's words", "press to Python's words", "press to fitted"), zip(*presses[1:])):
        print(f"{what:<28} {statistics.median(seconds):6.2f}")
    print(f"\n{'its parts':<28} {'all':>6} {'processor':>10}")
    for what in parts[0]:
        print(f"  {what:<26} " + " ".join(f"{statistics.median(part[what][of] for part in parts[1:]):{width}.2f}"
                                          for of, width in ((0, 6), (1, 10))))


def _pressed(opened, until) -> tuple[float, float, float]:
    """Seconds from a press of Fit to the macro's words, to Python's, and to the last ones."""
    opened.press("Randomize")
    opened.until("New start values")
    began = time.perf_counter()
    opened.press("Fit")
    seen = []
    for beginning in ("Starting", "Fitting", "RMSE"):
        until(lambda: opened.status().startswith(beginning), pause=0.01)
        seen.append(time.perf_counter() - began)
    return tuple(seen)


def _parts(spec: str, path: Path) -> dict[str, tuple[float, float]]:
    """Seconds of each step in a process of its own, and of the processor."""
    done = subprocess.run([sys.executable, "-P", "-c", PARTS, str(time.time()), str(path), SHEET], check=True, text=True,
                          stdout=subprocess.PIPE, env=os.environ | {"COLLABSHEET_OFFICE": spec})
    return {what: (seconds, of_processor) for what, seconds, of_processor in json.loads(done.stdout)}


if __name__ == "__main__":
    main()
