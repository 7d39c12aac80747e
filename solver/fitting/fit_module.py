"""`fit` of a torch module: anybody's own model, fitted by the same optimizers, loop and settings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from solver.core.loop import Epoch, descend
from solver.core.method_table import DECOUPLED_DECAY
from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import OPTIONS, NotHonoured, Settings
from solver.core.steps import Seen
from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.methods.batches.module_steps import ModuleSteps, calling, rmse_of_module
from solver.model.models import Bounds

SAID_BY_THE_MODULE = ("model", "n_factors", "low", "high", "embedding_sizes", "hidden", "dropout", "dtype", "start")
NOT_FOR_MODULES = ("loss", "negatives", "negatives_power", "decay_by", "non_negative", "note_gradients")


@dataclass(frozen=True, eq=False)
class ModuleFit:
    """What a fit of a module found.

    `module` is a copy of the module that was given, with the best parameters met, on the CPU, ready to predict. `rmse_before` and
    `rmse_after` are those of the module that was given and of `module`, on the ratings it learnt from; `holdout_rmse` is that of
    `module` on ratings held out. `stop` is a sentence that says why the fit ended; the rest is as in `FitResult`.
    """

    module: nn.Module = field(repr=False)
    settings: Settings
    n_ratings: int
    rmse_before: float
    rmse_after: float
    history: tuple[Epoch, ...] = field(repr=False)
    seconds: float
    stop: str
    converged: bool
    stopped: bool = False
    notes: tuple[str, ...] = ()
    holdout_rmse: float | None = None
    device: str = "cpu"


def fit_module(ratings: Ratings, module: nn.Module, settings: Settings, *, device: str, holdout: Ratings | None, clip: Bounds,
               on_epoch: Callable[[Epoch], bool | None] | None, on_batch: Callable[[int, int], None] | None) -> ModuleFit:
    """Minimise the squared error of `ratings` over the parameters of a copy of `module`; see `fit`.

    Raises UserError for a setting that a module does not use, and for a module that has nothing to learn, cannot be called with
    these users and items, or predicts something else than a number for each pair.
    """
    _refuse_what_is_not_used(settings)
    if ratings.weights is not None:
        raise UserError("A module learns from ratings that count alike. Leave their weights out.")
    notes: tuple[str, ...] = ()
    if settings.weight_decay is None:
        decay = DECOUPLED_DECAY if OPTIMIZERS[settings.optimizer].decoupled else 0.0
        settings, notes = replace(settings, weight_decay=decay), (f"No weight decay was given: {decay:g} was taken.",)
    with torch.random.fork_rng(devices=[]):     # dropout draws from torch's own generator, which is put back afterwards
        torch.manual_seed(int(settings.seed))
        learner = copy.deepcopy(module)
        _try(learner, ratings)
        steps = ModuleSteps(learner, ratings, settings, device=device, holdout=holdout, clip=clip, on_batch=on_batch)
        before = rmse_of_module(learner, steps.rated)

        def on_seen(epoch: Epoch, _: Seen) -> bool | None:
            return on_epoch(epoch) if on_epoch else None

        outcome = descend(steps, settings, on_seen)
    after = rmse_of_module(outcome.best, steps.rated)
    return ModuleFit(outcome.best.to("cpu"), settings, len(ratings), before, after, tuple(outcome.history),
                     outcome.history[-1].seconds, outcome.stop, outcome.converged, outcome.stopped, notes,
                     outcome.kept.holdout_rmse, device)


def _refuse_what_is_not_used(settings: Settings) -> None:
    for name in (*SAID_BY_THE_MODULE, *NOT_FOR_MODULES):
        if (value := getattr(settings, name)) != OPTIONS[name].default:
            why = ("a module says that by itself" if name in SAID_BY_THE_MODULE
                   else "a module is fitted to the squared error of all ratings alike")
            raise NotHonoured(name, f"{name} is {value!r}, and {why}. Leave {name} out.")
    if OPTIMIZERS[settings.optimizer].make is None:
        raise UserError(f"The optimizer {settings.optimizer} solves for factors, which a module need not have. "
                        "Choose another, such as lbfgs or adamw.")


def _try(module: nn.Module, ratings: Ratings) -> None:
    """Calls the module once with the largest users and items. Raises UserError where that fails."""
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise UserError("The module has no parameter that may be learnt. Give it nn.Parameter or layers that have some.")
    users, items = (torch.tensor([0, n - 1]) for n in (ratings.n_users, ratings.n_items))
    expected = (f"The module is called with users and items, whole numbers below {ratings.n_users} and {ratings.n_items}, as two "
                "tensors (n,), or as one (n, 2) where forward takes one")
    module.eval()
    try:
        with torch.no_grad():
            predicted = calling(module)(users, items)
    except Exception as error:  # whatever a module of others raises
        raise UserError(f"{expected}; it raised {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}. "
                        "Let it take them.") from error
    if len(predicted) != 2 or not predicted.is_floating_point():
        raise UserError(f"{expected}, and gives a number for each; of two pairs it gave {len(predicted)} of type "
                        f"{str(predicted.dtype).removeprefix('torch.')}.")
