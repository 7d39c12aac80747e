"""The one loop: steps until converged, diverged, told to stop, or out of epochs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .errors import UserError
from .factors import Factors
from .objective import Objective
from .optimizers import OPTIMIZERS, Method
from .ratings import Ratings
from .settings import Settings

GRADIENT_ZERO = 1e-9     # largest |∂loss/∂θ| at which a fit counts as converged
NO_CHANGE = 1e-13        # relative change of the loss …
PATIENCE = 25            # … within so many epochs that counts as none


@dataclass(frozen=True)
class Epoch:
    """One line of a fit's history: RMSE of the rated pairs before the epoch's step."""

    epoch: int
    rmse: float
    seconds: float


@dataclass
class Descent:
    """The state of the loop: where it has been and the best it met."""

    history: list[Epoch]
    best: dict[str, Tensor]
    best_loss: float = math.inf
    best_rmse: float = math.inf
    best_epoch: int = 0
    stop: str = ""
    converged: bool = False
    stopped: bool = False


def descend(ratings: Ratings, leaves: dict[str, Tensor], settings: Settings, device: str,
             on_epoch) -> Descent:
    """Step until converged, diverged, told to stop, or out of epochs. Changes `leaves`."""
    method = OPTIMIZERS[settings.optimizer]
    objective = Objective.of(ratings, bounds=settings.bounds, device=device,
                             weight_decay=0.0 if method.decoupled else settings.weight_decay,
                             dtype=leaves["user"].dtype)
    lr = float(settings.lr) if settings.lr else _default_lr(method, ratings)
    optimizer = method.make(list(leaves.values()), lr, float(settings.weight_decay))
    limit = settings.epochs or method.epochs
    factors, seen = Factors(**leaves), []
    # Decay that is not in the loss: what is sought is where it ends, not the least loss on the way.
    to_the_end = method.decoupled and settings.weight_decay > 0

    def closure() -> Tensor:
        optimizer.zero_grad()
        mse = objective.mean_squared_error(factors)
        loss = mse + objective.penalty(factors)
        scaled = method.loss_scale * loss
        scaled.backward()
        if not seen:  # the first call of a step is at the point where the step begins
            slope = max(float(leaf.grad.abs().max()) for leaf in leaves.values())
            seen.extend((loss.item(), mse.item(), slope / method.loss_scale))
        return scaled

    state = Descent([], {name: leaf.detach().clone() for name, leaf in leaves.items()})
    losses: list[float] = []
    began = time.perf_counter()
    try:
        for epoch in range(limit + 1):
            here = {name: leaf.detach().clone() for name, leaf in leaves.items()}
            seen.clear()
            if epoch < limit:
                optimizer.step(closure)
            else:  # no step left: only look where the last one led
                closure()
            loss, mse, slope = seen
            if not math.isfinite(loss):
                state.stop = _diverged(epoch, state, settings, lr)
                break
            root = math.sqrt(mse)
            losses.append(loss)
            state.history.append(Epoch(epoch, root, time.perf_counter() - began))
            if loss < state.best_loss or to_the_end:
                state.best, state.best_loss = here, loss
                state.best_rmse, state.best_epoch = root, epoch
            if on_epoch and on_epoch(state.history[-1]):
                state.stop, state.stopped = f"Stopped at epoch {epoch}, as you asked; {_kept(state)}.", True
            elif slope <= GRADIENT_ZERO or _is_steady(losses):
                state.stop, state.converged = _arrived(state, loss, slope, lr)
            elif epoch == limit:
                state.stop = (f"Stopped after {limit} epochs, the most allowed; RMSE may still "
                              "fall: allow more epochs.")
            if state.stop:
                break
    except KeyboardInterrupt:
        state.stop, state.stopped = f"Stopped by Ctrl-C at epoch {len(state.history)}; {_kept(state)}.", True
        if not state.history:  # nothing was met that could be kept
            raise
    if not state.history:
        raise UserError("The start values give no finite prediction error. "
                        "Clear absurdly large factors, or start from random values.")
    return state


def _kept(state: Descent) -> str:
    return f"the best so far is kept: epoch {state.best_epoch}, RMSE {state.best_rmse:.6g}"


def _is_steady(losses: list[float]) -> bool:
    """Whether the loss stands still. That it has not fallen is not enough: it may be on a hill."""
    recent = losses[-PATIENCE:]
    return len(losses) > PATIENCE and max(recent) - min(recent) <= NO_CHANGE * losses[-1]


def _arrived(state: Descent, loss: float, slope: float, lr: float | None) -> tuple[str, bool]:
    """Why a loss that does not change ends the fit, and whether that is convergence."""
    epoch = state.history[-1].epoch
    if loss - state.best_loss > 1e-6 * loss:  # on a plateau above the best, as of a full sigmoid
        return (f"Stuck at epoch {epoch}: no step changes RMSE {state.history[-1].rmse:.6g} any more; "
                f"{_kept(state)}. {_advice(lr)}."), False
    if slope <= GRADIENT_ZERO:
        return f"Converged after {epoch} epochs: the gradient is zero to {GRADIENT_ZERO:g}.", True
    return f"Converged after {epoch} epochs: RMSE no longer changes.", True


def _advice(lr: float | None) -> str:
    return f"Lower lr from {lr:g}" if lr is not None else "Start from random values"


def _diverged(epoch: int, state: Descent, settings: Settings, lr: float | None) -> str:
    return (f"Diverged: the loss was no longer finite at epoch {epoch}; kept epoch "
            f"{state.best_epoch}, RMSE {state.best_rmse:.6g}. {_advice(lr)}.")


def _default_lr(method: Method, ratings: Ratings) -> float | None:
    if not method.per_row:
        return method.lr
    busiest = max(np.bincount(ratings.user_index).max(), np.bincount(ratings.item_index).max())
    return method.lr * len(ratings) / float(busiest)
