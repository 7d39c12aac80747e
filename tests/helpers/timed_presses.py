"""Presses of Fit and Randomize that are waited for: what the benchmark of presses measures with."""

from __future__ import annotations

import time

from office import until

from pyxl.base.one_at_a_time import one_at_a_time
from solver import UserError

SHEET = "bias"
BEGINNINGS = {"the macro's words": "Starting", "Python's words": "Fitting", "the fitted sheet": "RMSE"}


def fitted(opened) -> dict[str, float]:
    """Seconds from a press of Fit to the macro's words, to Python's, and to the last ones; and when it was pressed."""
    seen, began = {"at": time.time()}, time.perf_counter()
    opened.press("Fit", SHEET)
    left = dict(BEGINNINGS)
    while left:
        said = until(lambda: (words := opened.words(SHEET)).startswith(tuple(left.values())) and words, pause=0.005)
        while left and said.startswith(tuple(left.values())):   # words that were replaced between two looks were there, too
            seen[next(iter(left))] = time.perf_counter() - began
            left.pop(next(iter(left)))
    return seen


def quiet(pipe) -> int:
    """How many messages went through a pipe, once none follows: the process of a press ends after its last words."""
    def grew() -> bool:
        before = pipe.messages
        time.sleep(0.3)
        return pipe.messages > before

    until(lambda: not grew(), pause=0)
    return pipe.messages


def randomized(opened) -> bool:
    """Have new start values; True, once they are there and the workbook is free for the next press."""
    def free() -> bool:
        try:
            with one_at_a_time(opened.book.fullname):
                return True
        except UserError:
            return False

    opened.press("Randomize", SHEET)
    until(lambda: opened.words(SHEET).startswith("New start values"), pause=0.02)
    return until(free, pause=0.02)
