"""Ratings, start values and Settings in, a FitResult out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from .errors import UserError
from .factors import Factors
from .loop import Descent, Epoch, descend
from .model import Bounds
from .ratings import Ratings
from .rows import Rows
from .settings import Settings
from .start_values import check_start, start_values
from .steps import Problem, steps_for

SMALL = 1_000_000        # ratings below which threads and GPUs cost more than they bring


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit found.

    `factors` are the best met, on the CPU; `rmse_before` and `rmse_after` belong to the start
    values and to `factors`; `stop` is a sentence that says why the fit ended; `converged` says
    whether it had arrived and `stopped` whether the user ended it; `notes` are sentences about
    what was odd in the data or changed. `holdout_rmse` is that of `factors`, where ratings were held
    out. After a fit in batches, `rmse_before` and `rmse_after` are means over the first and over the
    kept epoch.
    """

    factors: Factors
    settings: Settings
    n_ratings: int
    rmse_before: float
    rmse_after: float
    history: tuple[Epoch, ...]
    seconds: float
    stop: str
    converged: bool
    stopped: bool = False
    notes: tuple[str, ...] = ()
    holdout_rmse: float | None = None

    @property
    def epochs(self) -> int:
        """Epochs gone through."""
        return self.history[-1].epoch


def fit(ratings: Ratings, start: Factors | None = None, settings: Settings = Settings(), *,
        holdout: Ratings | None = None, clip: Bounds = None,
        on_epoch: Callable[[Epoch], bool | None] | None = None,
        on_batch: Callable[[int, int], None] | None = None) -> FitResult:
    """Minimise the squared error of `ratings` over the factors, from `start`.

    `start` None draws start values by ``settings.seed``. `holdout` ratings, of the same users and
    items, are not learnt from: their RMSE is taken every epoch, and the epoch where it is least is
    kept; `clip` is the range to which their predictions are clipped first. `on_epoch` is called
    with every epoch (full batch, before its step); a true return value stops the fit, and so does
    Ctrl-C: the best factors so far are kept. `on_batch(done, of)` tells how far an epoch in batches
    is. Users and items without a rating keep their start values. Raises UserError when there is
    nothing to learn or the start values are not finite.
    """
    if len(ratings) < 2:
        raise UserError(f"There is only {len(ratings)} rating; a fit needs 2 or more."
                        if len(ratings) else "There is no rating; a fit needs 2 or more.")
    if not np.isfinite(ratings.values).all():
        raise UserError("A rating is not a finite number. Correct or clear it.")
    if settings.model is None:
        settings = replace(settings, model="dot" if start is not None and start.user_bias is None else "dot+bias")
    if start is None:
        start = start_values(ratings, settings)
    notes = check_start(start, ratings, model=settings.model)
    rows = Rows.of(ratings, holdout)
    device, device_notes = _device(settings, len(ratings))
    problem = Problem(ratings=rows.of_ratings(ratings), start=rows.of_factors(start), settings=settings,
                      holdout=holdout and rows.of_ratings(holdout), clip=clip, on_batch=on_batch)
    with _one_thread(len(ratings) < SMALL):
        try:
            outcome = _descend_on(device, problem, on_epoch)
        except torch.cuda.OutOfMemoryError:
            device_notes = ("The GPU's memory is full; the CPU was used.",)
            outcome = _descend_on("cpu", problem, on_epoch)

    return FitResult(rows.back(outcome.best, start), settings, len(ratings), outcome.history[0].rmse,
                     outcome.best_epoch.rmse, tuple(outcome.history), outcome.history[-1].seconds,
                     outcome.stop, outcome.converged, outcome.stopped,
                     notes + device_notes, holdout_rmse=outcome.best_epoch.holdout_rmse)


def _descend_on(device: str, problem: Problem, on_epoch) -> Descent:
    start = problem.start.map(lambda tensor: tensor.to(_dtype(tensor, device)))
    return descend(steps_for(replace(problem, device=device, start=start)), problem.settings, on_epoch)


def _dtype(tensor: torch.Tensor, device: str) -> torch.dtype:
    return torch.float32 if device == "mps" else tensor.dtype  # Apple's GPUs lack float64


def _device(settings: Settings, n_ratings: int) -> tuple[str, tuple[str, ...]]:
    """The device to compute on, and a note where it is not the one asked for."""
    if settings.device == "cpu" or (settings.device == "auto" and n_ratings < SMALL):
        return "cpu", ()
    if settings.device in ("auto", "cuda") and torch.cuda.is_available():
        return "cuda", ()
    if settings.device == "mps" and torch.backends.mps.is_available():
        return "mps", ("Apple's GPU computes in float32: RMSE is exact to about 6 digits.",)
    if settings.device == "auto":
        return "cpu", ()
    return "cpu", (f"No {settings.device} device was found; the CPU is used.",)


@contextmanager
def _one_thread(wanted: bool):
    """A small problem is slower on several threads; whatever was set is restored."""
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
