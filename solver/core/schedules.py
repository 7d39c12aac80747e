"""How the learning rate changes over a fit: one table of names.

A schedule is a function of the share t of the fit that is done, 0 ≤ t ≤ 1, and gives the learning
rate as a multiple of the one that was asked for, and the momentum (β₁ of the Adams), or None
where it stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], tuple[float, float | None]]


def _constant(t: float) -> tuple[float, float | None]:
    return 1.0, None


def _step(t: float) -> tuple[float, float | None]:
    """A tenth after half of the epochs, a hundredth after three quarters."""
    return (1.0 if t < 0.5 else 0.1 if t < 0.75 else 0.01), None


def _one_cycle(t: float) -> tuple[float, float | None]:
    """Up for a quarter and down to nothing for the rest, momentum the other way round.

    Smith 2018, "A disciplined approach to neural network hyper-parameters", with fast.ai's cosine arcs.
    """
    if t < 0.25:
        return _cosine(1 / 25, 1.0, t / 0.25), _cosine(0.95, 0.85, t / 0.25)
    return _cosine(1.0, 1e-5, (t - 0.25) / 0.75), _cosine(0.85, 0.95, (t - 0.25) / 0.75)


def _restarts(t: float) -> tuple[float, float | None]:
    """Cosine down to nothing over 1/7, 2/7 and 4/7 of the fit (Loshchilov & Hutter 2017, SGDR)."""
    for begin, end in ((0, 1 / 7), (1 / 7, 3 / 7), (3 / 7, 1.0)):
        if t < end:
            return _cosine(1.0, 0.0, (t - begin) / (end - begin)), None
    return 0.0, None


def _cosine(start: float, end: float, t: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


SCHEDULES: dict[str, Schedule] = {"constant": _constant, "step": _step, "one-cycle": _one_cycle,
                                  "cosine-restarts": _restarts}
