"""What a fit found. Without torch: a saved model is read and answers without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from solver.core.loop import Epoch
from solver.core.settings import Settings
from solver.data.days import Days
from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.net import AnyFactors

if TYPE_CHECKING:
    from .choose_decay import ChosenDecay


@dataclass(frozen=True, eq=False)
class ByDay:
    """Factors and draws whose users' rows are followed by a row for each day of each user, as `Days` says."""

    days: Days
    factors: Factors = field(repr=False)
    samples: tuple[Factors, ...] = field(repr=False)

    def latest(self) -> tuple[Factors, tuple[Factors, ...]]:
        """The factors and the draws with one row for each user, that of the latest day. Draws that share their users go on to share them."""
        rows, taken = self.days.latest, dict[int, np.ndarray]()

        def of_latest(array: np.ndarray) -> np.ndarray:
            where = array.ctypes.data
            if where not in taken:
                taken[where] = array[rows]
            return taken[where]

        def at_latest(every: Factors) -> Factors:
            return every.with_arrays({name: of_latest(array) for name, array in every.arrays().items() if name.startswith("user")})

        return at_latest(self.factors), tuple(map(at_latest, self.samples))


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit found.

    `factors` are the best met, on the CPU; `rmse_before` and `rmse_after` belong to the start
    values and to `factors`; `stop` is a sentence that says why the fit ended; `converged` says
    whether it had arrived and `stopped` whether the user ended it; `notes` are sentences about
    what was odd in the data or changed. `holdout_rmse` is that of `factors`, where ratings were held
    out. After a fit in batches, `rmse_before` and `rmse_after` are means over the first and over the
    kept epoch. Where a method draws from a posterior, `samples` are the draws, the
    history is that of their mean prediction (`posterior`), and `factors` come as near to it as one set can.
    `noise` is then the standard deviation of a rating around what the factors say of it, as far as training ratings show it.
    Where users differ from day to day, `factors` and `samples` are those of each user's latest day, and `by_day` has all of them.
    `device` is where it was computed. `decay` says how the weight decay in the `settings` was chosen, where none was given.
    """

    factors: AnyFactors = field(repr=False)
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
    samples: tuple[Factors, ...] = field(default=(), repr=False)
    device: str = "cpu"
    decay: ChosenDecay | None = None
    noise: float | None = None
    by_day: ByDay | None = None

    def answering(self, ratings: Ratings) -> tuple[tuple[AnyFactors, ...], np.ndarray]:
        """(the draws whose mean predicts these ratings, or the factors; (n,) the row of each rating's user in them)"""
        if self.by_day is None or ratings.times is None:
            return self.samples or (self.factors,), ratings.user_index
        return self.by_day.samples, self.by_day.days.rows(ratings.user_index, ratings.times)

    @property
    def epochs(self) -> int:
        """Epochs gone through."""
        return self.history[-1].epoch
