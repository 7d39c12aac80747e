"""Compiles or loads the kernels before a fit, so that compiling is not counted as fitting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.core.settings import Settings
from solver.core.steps import FitTask
from solver.data.ratings import Ratings
from solver.methods.steps_for import steps_for

from .start_values import start_values


def prepare_kernels(settings: Settings) -> bool:
    """Load the kernels that a fit with these settings would run on the CPU; True where they had to be compiled.

    That takes about a second a kernel, once on a machine: numba keeps what it compiled. Loading takes a few
    tenths of a second, once a process. Nothing happens for settings that no kernel is for.
    """
    two = Ratings((0, 1), (0, 1), np.array([0, 1]), np.array([0, 1]), np.array([1.0, 2.0]))
    settings = replace(settings, model=settings.model or "dot+bias", device="cpu")
    if settings.batch_size is None:
        return False
    steps = steps_for(FitTask(ratings=two, start=start_values(two, settings), settings=settings, holdout=two))
    kernels = [kernel for kernel in getattr(steps, "kernels", ()) if hasattr(kernel, "stats")]
    before = [sum(kernel.stats.cache_misses.values()) for kernel in kernels]
    steps.step(last=False)
    return before != [sum(kernel.stats.cache_misses.values()) for kernel in kernels]
