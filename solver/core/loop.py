"""The one loop: epochs until converged, diverged, told to stop, or out of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from solver.errors import UserError, stopped_by
from solver.model.factors import Factors

from .gradients import GradientSeen
from .settings import Settings
from .steps import Seen, Steps

GRADIENT_ZERO = 1e-9     # largest |∂loss/∂θ| at which a fit counts as converged
_NO_CHANGE = 1e-13        # relative change of the loss …
_PATIENCE = 25            # … within so many epochs that counts as none


class Diverged(UserError):
    """The loss was never finite after a start that was."""


@dataclass(frozen=True)
class Epoch:
    """One line of a fit's history: RMSE of the ratings it learns from, and of those held out.

    Full batch, it is that before the epoch's step; in batches, the mean over the epoch. `gradient` is that of the loss of all
    ratings, where ``settings.note_gradients`` asks for it: full batch at the same point, in batches at the end of the epoch.
    """

    epoch: int
    rmse: float
    seconds: float
    holdout_rmse: float | None = None
    gradient: GradientSeen | None = None


@dataclass
class Descent:
    """The state of the loop: where it has been and the best it met."""

    history: list[Epoch] = field(default_factory=list)
    best: Any = None                # a copy of the best factors met, or of the best module
    samples: tuple[Factors, ...] = ()  # the draws that belong to the best, where a posterior is sampled
    noise: float | None = None         # … and the noise of a rating that they found
    best_loss: float = math.inf     # what `best` is chosen by: hold-out RMSE where there is one
    best_epoch: Epoch | None = None
    stop: str = ""
    converged: bool = False
    stopped: bool = False

    @property
    def kept(self) -> Epoch:
        """The epoch that `best` is of."""
        return self.best_epoch or self.history[0]


def descend(steps: Steps, settings: Settings,
            on_seen: Callable[[Epoch, Seen], bool | None] | None = None) -> Descent:
    """Step until converged, diverged, told to stop (a true value of `on_seen`), or out of epochs."""
    limit = settings.epochs or steps.epochs
    state, losses = Descent(), []
    began = time.perf_counter()
    try:
        for number in range(steps.first, limit + 1):
            seen = steps.step(last=number == limit)
            if not math.isfinite(seen.loss):
                state.stop = _diverged(number, state, steps)
                break
            losses.append(seen.loss)
            epoch = Epoch(number, seen.rmse, time.perf_counter() - began, seen.holdout_rmse, seen.gradient)
            state.history.append(epoch)
            _keep_if_best(state, seen, epoch, steps.to_the_end)
            if on_seen and on_seen(epoch, seen):
                state.stop, state.stopped = f"Stopped at epoch {number}, as you asked; {_kept(state)}.", True
            elif seen.slope <= GRADIENT_ZERO or (steps.first == 0 and _is_steady(losses)):
                state.stop, state.converged = _arrived(state, seen, steps.lr)
            elif settings.patience and number - state.kept.epoch >= settings.patience:
                state.stop = (f"Stopped at epoch {number}: hold-out RMSE has not fallen for {settings.patience} "
                              f"epochs; {_kept(state)}.")
            elif number == limit:
                state.stop, state.converged = _out_of_epochs(state, steps, limit)
            if state.stop:
                break
    except KeyboardInterrupt as interrupt:
        if not state.history:  # nothing was met that could be kept
            raise
        state.stop, state.stopped = (f"Stopped by {stopped_by(interrupt)} at epoch {state.history[-1].epoch + 1}; "
                                     f"{_kept(state)}."), True
    if not state.history and steps.first:
        raise Diverged(state.stop)
    if not state.history:
        raise UserError("The start values give no finite prediction error. "
                        "Clear absurdly large factors, or start from random values.")
    return state


def _keep_if_best(state: Descent, seen: Seen, epoch: Epoch, to_the_end: bool) -> None:
    judged_by = seen.loss if seen.holdout_rmse is None else seen.holdout_rmse
    if judged_by < state.best_loss or (to_the_end and seen.holdout_rmse is None):
        state.best, state.best_loss, state.best_epoch = seen.factors(), judged_by, epoch
        state.samples, state.noise = seen.samples, seen.noise


def _rmse_of(epoch: Epoch) -> str:
    return f"RMSE {epoch.rmse:.6g}" if epoch.holdout_rmse is None else f"hold-out RMSE {epoch.holdout_rmse:.6g}"


def _kept(state: Descent) -> str:
    return f"the best so far is kept: epoch {state.kept.epoch}, {_rmse_of(state.kept)}"


def _is_steady(losses: list[float]) -> bool:
    """Whether the loss stands still. That it has not fallen is not enough: it may be on a hill."""
    recent = losses[-_PATIENCE:]
    return len(losses) > _PATIENCE and max(recent) - min(recent) <= _NO_CHANGE * losses[-1]


def _arrived(state: Descent, seen: Seen, lr: float | None) -> tuple[str, bool]:
    """Why a loss that does not change ends the fit, and whether that is convergence."""
    epoch = state.history[-1].epoch
    if seen.holdout_rmse is None and seen.loss - state.best_loss > 1e-6 * seen.loss:
        # on a plateau above the best, as of a full sigmoid
        return (f"Stuck at epoch {epoch}: no step changes RMSE {seen.rmse:.6g} any more; "
                f"{_kept(state)}. {_advice(lr)}."), False
    if seen.slope <= GRADIENT_ZERO:
        return f"Converged after {epoch} epochs: the gradient is zero to {GRADIENT_ZERO:g}.", True
    return f"Converged after {epoch} epochs: RMSE no longer changes.", True


def _out_of_epochs(state: Descent, steps: Steps, limit: int) -> tuple[str, bool]:
    if steps.first == 0:
        return f"Stopped after {limit} epochs, the most allowed; RMSE may still fall: allow more epochs.", False
    kept = "" if state.kept.epoch == limit else f"; {_kept(state)}"
    return f"Finished all {limit} epochs{kept}.", True


def _advice(lr: float | None) -> str:
    return f"Lower lr from {lr:g}" if lr is not None else "Start from random values"


def _diverged(number: int, state: Descent, steps: Steps) -> str:
    kept = f"kept epoch {state.best_epoch.epoch}, {_rmse_of(state.best_epoch)}" if state.best_epoch else "nothing to keep"
    return f"Diverged: the loss was no longer finite at epoch {number}; {kept}. {_advice(steps.lr)}."
