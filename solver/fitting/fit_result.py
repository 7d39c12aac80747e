"""What a fit found. Without torch: a saved model is read and answers without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solver.core.loop import Epoch
from solver.core.settings import Settings
from solver.model.factors import Factors
from solver.model.net import AnyFactors

if TYPE_CHECKING:
    from .choose_decay import ChosenDecay


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

    @property
    def epochs(self) -> int:
        """Epochs gone through."""
        return self.history[-1].epoch
