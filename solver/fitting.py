"""Ratings, start values and Settings in, a FitResult out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .errors import UserError
from .factors import Factors
from .loop import Epoch, descend
from .ratings import Ratings
from .settings import Settings
from .start_values import check_start, random_factors

SMALL = 1_000_000        # ratings below which threads and GPUs cost more than they bring


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit found.

    `factors` are the best met, on the CPU; `rmse_before` and `rmse_after` belong to the start
    values and to `factors`; `stop` is a sentence that says why the fit ended; `converged` says
    whether it had arrived and `stopped` whether the user ended it; `notes` are sentences about
    what was odd in the data or changed.
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

    @property
    def epochs(self) -> int:
        """Steps taken."""
        return len(self.history) - 1


def fit(ratings: Ratings, start: Factors | None = None, settings: Settings = Settings(), *,
        on_epoch: Callable[[Epoch], bool | None] | None = None) -> FitResult:
    """Minimise the squared error of `ratings` over the factors, from `start`.

    `start` None draws start values by ``settings.seed``. `on_epoch` is called before every step;
    a true return value stops the fit, and so does Ctrl-C: the best factors so far are kept.
    Users and items without a rating keep their start values. Raises UserError when there is
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
        start = random_factors(ratings, model=settings.model, n_factors=settings.n_factors,
                               seed=settings.seed, low=settings.low, high=settings.high)
    notes = check_start(start, ratings, model=settings.model)
    rated_users, user_index = np.unique(ratings.user_index, return_inverse=True)
    rated_items, item_index = np.unique(ratings.item_index, return_inverse=True)
    rated = Ratings(tuple(ratings.users[n] for n in rated_users), tuple(ratings.items[n] for n in rated_items),
                    user_index, item_index, ratings.values)
    rows = {"user": rated_users, "user_bias": rated_users,
            "item": rated_items, "item_bias": rated_items}
    rows = {name: torch.as_tensor(index) for name, index in rows.items()}

    parameters = {name: tensor.detach()[rows[name]] for name, tensor in start.tensors().items()}

    device, device_notes = _device(settings, len(ratings))
    with _one_thread(len(ratings) < SMALL):
        try:
            outcome = _descend_on(device, rated, parameters, settings, on_epoch)
        except torch.cuda.OutOfMemoryError:
            device_notes = ("The GPU's memory is full; the CPU was used.",)
            outcome = _descend_on("cpu", rated, parameters, settings, on_epoch)

    found = {}
    for name, tensor in start.tensors().items():
        found[name] = tensor.detach().cpu().clone()
        found[name][rows[name]] = outcome.best[name].cpu().to(tensor.dtype)
    return FitResult(Factors(**found), settings, len(ratings), outcome.history[0].rmse,
                     outcome.best_rmse, tuple(outcome.history), outcome.history[-1].seconds,
                     outcome.stop, outcome.converged, outcome.stopped,
                     notes + device_notes)


def _descend_on(device: str, ratings: Ratings, parameters: dict[str, Tensor], settings: Settings, on_epoch):
    leaves = {name: tensor.to(device, _dtype(tensor, device), copy=True).requires_grad_()
              for name, tensor in parameters.items()}
    return descend(ratings, leaves, settings, device, on_epoch)


def _dtype(tensor: Tensor, device: str) -> torch.dtype:
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
