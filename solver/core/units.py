"""Divides ratings by their spread, so that a learning rate and a weight decay mean the same on every scale.

A fit in batches divides the ratings by a unit, their standard deviation. With r̂/unit = (p/√unit)·(q/√unit) +
b_u/unit + b_i/unit + offset/unit the model stays what it is; of a bounded model only the range is divided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.net import AnyFactors

from .settings import Settings
from .steps import FitTask, Seen, Steps


def unit_of(problem: FitTask) -> float:
    """The unit to compute in. It is 1 for full batches, the net and probabilities: their ratings are not divided."""
    settings = problem.settings
    if settings.batch_size is None or settings.model == "net" or settings.loss != "squared":
        return 1.0
    return float(problem.ratings.values.std(dtype=np.float64)) or 1.0


def in_units(problem: FitTask, unit: float) -> FitTask:
    """The same problem for ratings divided by `unit`."""
    def ratings(given: Ratings) -> Ratings:
        return replace(given, values=given.values / given.values.dtype.type(unit))

    if unit == 1.0:
        return problem
    settings = settings_in_units(problem.settings, unit)
    holdout = None if problem.holdout is None else ratings(problem.holdout)
    return replace(problem, ratings=ratings(problem.ratings), holdout=holdout, settings=settings,
                   start=times(problem.start, 1 / unit, settings.bounds is not None),
                   clip=problem.clip and (problem.clip[0] / unit, problem.clip[1] / unit))


def settings_in_units(settings: Settings, unit: float) -> Settings:
    """The same settings for ratings divided by `unit`."""
    if settings.bounds is None:
        return settings
    low, high = settings.bounds
    return replace(settings, low=low / unit, high=high / unit)


def times(factors: AnyFactors, unit: float, bounded: bool) -> AnyFactors:
    """The factors that predict `unit` times as much, on the CPU; those of a bounded model stand inside the sigmoid."""
    if unit == 1.0 or bounded or not isinstance(factors, Factors):
        return factors
    powers = {"user": 0.5, "item": 0.5, "user_bias": 1.0, "item_bias": 1.0}
    scaled = {name: array * unit ** powers[name] for name, array in factors.arrays().items()}
    if factors.given:  # what is given has no unit
        scaled["user"][:, :factors.given] *= unit ** 0.5
        scaled["item"][:, :factors.given] *= unit ** -0.5
    return factors.with_arrays(scaled, offset=factors.offset * unit)


@dataclass(eq=False)
class FromUnits:
    """Steps whose losses and RMSEs are converted back to the ratings' own scale. Factors stay in units: to convert
    them every epoch would take longer than some epochs do."""

    steps: Steps
    unit: float

    def __post_init__(self):
        self.first, self.epochs = self.steps.first, self.steps.epochs
        self.to_the_end, self.lr = self.steps.to_the_end, self.steps.lr

    def step(self, *, last: bool) -> Seen:
        seen, unit = self.steps.step(last=last), self.unit
        held = seen.holdout_rmse
        return replace(seen, loss=seen.loss * unit ** 2, rmse=seen.rmse * unit,
                       holdout_rmse=None if held is None else held * unit)
