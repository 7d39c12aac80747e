"""The parts of a fit that the loop works with: its task, its steps, and the report of each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.models import Bounds
from solver.model.net import AnyFactors

from .gradients import GradientSeen
from .settings import Settings

Learnt_co = TypeVar("Learnt_co", covariant=True)     # what is learnt: factors, or a module


@dataclass(frozen=True, eq=False)
class Seen(Generic[Learnt_co]):
    """The report of one epoch.

    `loss` and `rmse` are those of the training ratings: exact at the point where the step began
    (full batch), or the mean over an epoch in which the factors moved (batches). `slope` is the
    largest |∂loss/∂θ| where it is known. `factors()` gives a copy of the factors that this
    belongs to, and may be called until the next step. `samples` are the draws over which predictions
    were averaged, where a method draws from a posterior, and `noise` is the standard deviation of a rating beside what is
    predicted, in the mean over these. `gradient` is told where the settings ask for it and the method computes one anyway.
    """

    loss: float
    rmse: float
    factors: Callable[[], Learnt_co]
    slope: float = math.inf
    holdout_rmse: float | None = None
    samples: tuple[Factors, ...] = ()
    noise: float | None = None
    gradient: GradientSeen | None = None


class Steps(Protocol):
    """A fit under way. `step` moves on by an epoch; all data and factors stay on one device."""

    first: int         # number of the first epoch seen: 0 where the start values are looked at before a step
    epochs: int        # most epochs, where the settings do not say
    to_the_end: bool   # what is sought is where the epochs end, not the least training loss met on the way

    @property
    def lr(self) -> float | None:
        """Learning rate in use, to be named in advice."""

    def step(self, *, last: bool) -> Seen[Any]:
        """One epoch. Where the point is looked at before the step, the `last` one only looks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FitTask:
    """Everything that a method of fitting needs."""

    ratings: Ratings                 # every user and item in them has a rating
    start: AnyFactors                # on the CPU; not to be changed
    settings: Settings
    device: str = "cpu"
    holdout: Ratings | None = None   # indices as in `ratings`
    clip: Bounds = None              # range to which predictions of the hold-out are clipped before they are judged
    on_batch: Callable[[int, int], None] | None = None  # (ratings done, of how many) within an epoch
