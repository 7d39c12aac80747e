"""What the loop drives: a way of getting better, epoch by epoch. One protocol, and who provides it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.models import Bounds

from .optimizers import OPTIMIZERS
from .settings import Settings


@dataclass(frozen=True, eq=False)
class Seen:
    """What an epoch saw.

    `loss` and `rmse` are those of the training ratings: exact at the point where the step began
    (full batch), or the mean over an epoch in which the factors moved (batches). `slope` is the
    largest |∂loss/∂θ| where it is known. `factors()` gives a copy of the factors that this
    belongs to, and may be called until the next step. `samples` are the draws over which predictions
    were averaged, where a method draws from a posterior.
    """

    loss: float
    rmse: float
    factors: Callable[[], Factors]
    slope: float = math.inf
    holdout_rmse: float | None = None
    samples: tuple[Factors, ...] = ()


class Steps(Protocol):
    """A fit under way. `step` moves on by an epoch; all data and factors stay on one device."""

    first: int         # number of the first epoch seen: 0 where the start values are looked at before a step
    epochs: int        # most epochs, where the settings do not say
    to_the_end: bool   # what is sought is where the epochs end, not the least training loss met on the way
    lr: float | None   # learning rate in use, to be named in advice

    def step(self, *, last: bool) -> Seen:
        """One epoch. Where the point is looked at before the step, the `last` one only looks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """All that a way of fitting is given."""

    ratings: Ratings                 # every user and item in them has a rating
    start: Factors                   # on the CPU; not to be changed
    settings: Settings
    device: str = "cpu"
    holdout: Ratings | None = None   # indices as in `ratings`
    clip: Bounds = None              # range to which predictions of the hold-out are clipped before they are judged
    on_batch: Callable[[int, int], None] | None = None  # (ratings done, of how many) within an epoch


def steps_for(problem: Problem) -> Steps:
    """The way of fitting that the settings ask for."""
    # imported here: each is loaded only when it is used
    method = OPTIMIZERS[problem.settings.optimizer]
    if method.samples:
        from solver.methods.gibbs import Gibbs
        return Gibbs(problem)
    if method.alternating:
        from solver.methods.als import AlternatingLeastSquares
        return AlternatingLeastSquares(problem)
    if problem.settings.batch_size is None:
        from solver.methods.full_batch import FullBatch
        return FullBatch(problem)
    return _steps_in_batches(problem)


def cpu_only(settings: Settings, device: str, ratings: Ratings) -> str | None:
    """Why a fit that is to run on a GPU, ``"cuda"`` or ``"mps"``, runs on the CPU instead; None where it does not."""
    if ratings.item_columns is not None:
        return "Item columns are learnt with on the CPU."
    if device == "mps" and OPTIMIZERS[settings.optimizer].alternating:
        return f"{settings.optimizer} takes decompositions that Apple's GPU lacks; the CPU is used."
    if one_by_one(settings) and not (device == "cuda" and find_spec("triton")):  # torch brings it along on Linux
        return "SGD a rating at a time runs on a GPU by CUDA and triton, which are not both here; the CPU is used."
    return None


def one_by_one(settings: Settings) -> bool:
    """Whether it is SGD rating by rating, for which there are kernels."""
    return (settings.optimizer == "sgd" and settings.batch_size == 1 and settings.loss == "squared"
            and settings.model in (None, "dot", "dot+bias", "bounded"))


def _steps_in_batches(problem: Problem) -> Steps:
    """The fused kernels where there is one for what is asked, else plain torch."""
    settings = problem.settings
    if one_by_one(settings):
        if problem.device == "cuda":
            from solver.gpu.stratified_sgd import StratifiedSGD
            return StratifiedSGD(problem)
        from solver.fused.sgd import FusedSGD
        return FusedSGD(problem)
    if settings.model != "net" and settings.optimizer == "adamw" and problem.device == "cpu":
        from solver.fused.lazy_adamw import LazyAdamW, is_lazy
        if is_lazy(settings):
            if settings.loss == "cross-entropy" and settings.negatives:
                from solver.fused.implicit_adamw import ImplicitAdamW
                return ImplicitAdamW(problem)
            return LazyAdamW(problem)
    if problem.device == "cuda":
        from solver.methods.graphed_batch import GraphedMiniBatch, can_be_recorded
        if can_be_recorded(problem):
            return GraphedMiniBatch(problem)
    from solver.methods.mini_batch import MiniBatch
    return MiniBatch(problem)
