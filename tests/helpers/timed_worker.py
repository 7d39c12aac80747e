"""A worker whose presses note how long their parts take, in place of the one that a press starts: ``python timed_worker.py NOTES``.

A line of JSON for each press: when it began and ended, and for each part seconds and those of the processor, without the parts within.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_running: list[list[float]] = []        # of the parts that run, one within the other: what was spent in parts within
_spent: dict[str, list[float]] = {}     # part -> seconds, of the processor


def timed(part: str, action: Callable) -> Callable:
    """The same action; what it takes is noted as a part's."""
    def run(*args, **kwargs):
        within = [0.0, 0.0]
        _running.append(within)
        began = time.perf_counter(), time.process_time()
        try:
            return action(*args, **kwargs)
        finally:
            took = [time.perf_counter() - began[0], time.process_time() - began[1]]
            _running.pop()
            for n in (0, 1):
                _spent.setdefault(part, [0.0, 0.0])[n] += took[n] - within[n]
                if _running:
                    _running[-1][n] += took[n]
    return run


def time_parts() -> None:
    """From now on the parts of a press in this process are timed."""
    import pyxl.press
    import solver
    from pyxl.fit import fittable_sheets
    from pyxl.hosts import live_host
    from pyxl.live.panel import Panel
    from pyxl.live.watch import Watch

    host = live_host.LiveHost
    for owner, name, part in ((pyxl.press, "calling_book", "find the workbook"), (live_host, "read_grid", "read the sheets"),
                              (fittable_sheets, "verified_model", "find and verify the model"), (solver, "fit", "fit"),
                              (Watch, "_update", "pictures on the way"), (host, "write", "write"), (host, "recalculate", "recalculate"),
                              (host, "_record_step", "one step of Undo"), (host, "value", "look at cells"), (host, "values", "look at cells"),
                              (Panel, "say", "words")):
        setattr(owner, name, timed(part, getattr(owner, name)))
    for name in ("names", "sheets", "tables"):
        found = vars(host)[name]
        found.func = timed("names and sheets", found.func)


def noted(notes: Path, do_press: Callable[[Sequence[str]], int]) -> Callable[[Sequence[str]], int]:
    """A press that adds its line to the notes."""
    def run(words: Sequence[str]) -> int:
        _spent.clear()
        began = time.time()
        code = timed("the rest", do_press)(words)
        with notes.open("a") as file:
            file.write(json.dumps({"what": words[0], "began": began, "ended": time.time(), "parts": _spent}) + "\n")
        return code
    return run


if __name__ == "__main__":
    from pyxl.live.press_worker import wait_for_presses
    from pyxl.press import press

    time_parts()
    sys.exit(wait_for_presses(noted(Path(sys.argv[1]), press)))
