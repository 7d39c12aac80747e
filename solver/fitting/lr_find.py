"""The learning-rate range test: try all rates in one short run, and see where the loss falls fastest.

The rate rises exponentially from step to step; the loss first falls, then blows up (Smith 2017, "Cyclical
learning rates for training neural networks", sec. 3.3). It is for fits in batches, and runs the plain
path of `mini_batch` on the CPU, which has no say in the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.errors import UserError

LEAST_BATCH = 8         # ratings whose mean loss still says something
SMOOTHING = 0.9         # weight of the past in the running mean of the loss
BLOWN_UP = 2.0          # a smoothed loss so many times its least ends the test
SETTLED = 20            # steps after which the running mean no longer hangs on the first batches


@dataclass(frozen=True, eq=False)
class RateTest:
    """What the test saw: `rates` (n_steps,), the `losses` of their batches, and these `smoothed`.

    `suggestion` is a tenth of `at_least`, the rate at which the smoothed loss is least: there it still
    falls, and is far from blowing up. (Where it falls most steeply is the other usual choice; in the noise
    of batches of ratings that is anywhere.) `blew_up` says whether the loss did so in the end; if not,
    there may be better rates beyond the highest.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    blew_up: bool

    @property
    def at_least(self) -> float:
        """The rate at which the smoothed loss is least."""
        return float(self.rates[SETTLED:][self.smoothed[SETTLED:].argmin()])

    @property
    def suggestion(self) -> float:
        return self.at_least / 10

    def plot(self, path: str | Path) -> None:
        """Draw the loss over the rate to an image file, such as ``lr.png``. Raises UserError where it
        cannot be written."""
        from solver.judging.plots import drawing

        least, most = self.smoothed.min(), self.smoothed[0]
        room = 0.15 * max(most - least, 1e-3 * abs(most))
        with drawing(path) as axes:
            axes.plot(self.rates, self.losses, ".", color="0.75", markersize=4, label="loss of a batch")
            axes.plot(self.rates, self.smoothed, color="C0", label="smoothed")
            axes.axvline(self.suggestion, color="C2", linestyle="--", label=f"suggestion: {self.suggestion:.2g}")
            axes.set(xscale="log", xlabel="learning rate", ylabel="training loss",
                     ylim=(least - room, max(most, min(self.smoothed.max(), BLOWN_UP * most)) + room))
            axes.legend()


def find_lr(ratings: Ratings, settings: Settings, *, lowest: float = 1e-5, highest: float = 1000.0,
            steps: int = 300) -> RateTest:
    """Run the range test on `ratings` with all other options as in `settings`; the model is thrown away.

    `steps` batches, in as many epochs as they take, at rates from `lowest` to `highest`; it ends where
    the smoothed loss is twice its least, or no longer finite. Raises UserError for settings of a
    full batch or of tiny ones, and where already the lowest rate is too high.
    """
    import torch

    from solver.core.steps import FitTask
    from solver.methods.batches.mini_batch import MiniBatch
    from solver.threads import one_thread

    from .fit_ratings import SMALL, check_ratings
    from .start_values import start_values

    check_ratings(ratings, settings)
    if (settings.batch_size or 0) < LEAST_BATCH:
        raise UserError(f"The range test reads the losses of batches: give a batch_size of {LEAST_BATCH} or more, "
                        "such as 512.")
    if not 0 < lowest < highest < math.inf:
        raise UserError(f"The rates go from {lowest!r} to {highest!r}. Give two numbers above 0, the lower one first.")
    if steps <= SETTLED:
        raise UserError(f"steps is {steps!r}. Give a whole number above {SETTLED}.")
    settings = replace(settings, model=settings.model or "dot+bias")
    begun = MiniBatch(FitTask(ratings=ratings, start=start_values(ratings, settings), settings=settings))
    every_rate = lowest * (highest / lowest) ** np.linspace(0, 1, steps)
    losses, smoothed, mean, blew_up = [], [], 0.0, False
    order = torch.empty(0, dtype=torch.int64)
    with one_thread(len(ratings) < SMALL):
        for number, rate in enumerate(every_rate, 1):
            if not len(order):
                order = begun.new_order()
            batch, order = order[:settings.batch_size], order[settings.batch_size:]
            begun.set_rate(float(rate))
            loss = float(begun.step_on(batch)[0])
            if blew_up := not math.isfinite(loss):
                break
            losses.append(loss)
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            smoothed.append(mean / (1 - SMOOTHING ** number))  # as if the past had always been there
            if blew_up := number > SETTLED and smoothed[-1] > BLOWN_UP * min(smoothed[SETTLED:]):
                break
    if len(losses) <= SETTLED:
        raise UserError(f"The loss is no longer finite at the rate {rate:.3g}. Start from a lower one than {lowest:g}.")
    return RateTest(every_rate[:len(losses)], np.array(losses), np.array(smoothed), bool(blew_up))
