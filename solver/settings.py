"""Settings: every option of a fit, explained where it stands. Button, command line and Python
share them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from .errors import UserError
from .model import MODELS
from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES

DTYPES = ("float64", "float32")
STARTS = ("sheet", "random")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a fit may be told. Raises UserError for a value that makes no sense."""

    model: str | None = None
    """What is predicted: a name of `solver.MODELS`. None: what the start values are made for
    (dot+bias where there are none). On a sheet, the sheet decides."""

    low: float | None = None
    """Lower end of a bounded model's range of ratings."""

    high: float | None = None
    """Upper end of a bounded model's range of ratings."""

    n_factors: int = 5
    """Factors for every user and item, where no start values say how many."""

    optimizer: str = "lbfgs"
    """How the loss is minimised: a name of `solver.OPTIMIZERS`. lbfgs needs no learning rate."""

    epochs: int | None = None
    """Most passes over the ratings; None: the optimizer's own (a fit ends when it converged)."""

    lr: float | None = None
    """Learning rate; None: the optimizer's own. lbfgs finds its step by itself and takes none."""

    weight_decay: float = 0.0
    """λ of the penalty λ·(‖p_u‖² + ‖q_i‖² + b_u² + b_i²) added to each squared error: larger gives
    smaller factors, which fit the ratings less and blanks better; 0.02 to 0.1 is usual. adamw
    takes it as decoupled decay instead (Loshchilov & Hutter 2019)."""

    batch_size: int | None = None
    """Ratings a step sees, drawn anew every epoch; None: all of them (full batch), as on a sheet."""

    schedule: str = "constant"
    """How the learning rate changes over a fit in batches: a name of `solver.SCHEDULES`."""

    patience: int | None = None
    """Epochs without a better hold-out RMSE after which a fit ends; None: as many as there are."""

    dtype: str = "float64"
    """Precision of factors that a fit draws itself: ``float64``, or ``float32`` for large data."""

    seed: int = 0
    """Seed of random start values; the same seed gives the same result."""

    start: str = "sheet"
    """Start from the parameters that are there (``sheet``) or from new ones (``random``)."""

    device: str = "auto"
    """Where to compute: ``auto``, ``cpu``, ``cuda`` or ``mps`` (which lacks float64)."""

    def __post_init__(self):
        _one_of("model", self.model, (None, *MODELS))
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        _one_of("start", self.start, STARTS)
        _one_of("device", self.device, DEVICES)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("dtype", self.dtype, DTYPES)
        _whole("batch_size", self.batch_size, least=1, optional=True)
        _whole("patience", self.patience, least=1, optional=True)
        _whole("epochs", self.epochs, least=1, optional=True)
        _whole("n_factors", self.n_factors, least=1)
        _whole("seed", self.seed, least=0, most=2**63 - 1)  # what torch takes
        _number("lr", self.lr, above=0.0, optional=True)
        if not (_is_number(self.weight_decay) and self.weight_decay >= 0):
            raise UserError(f"weight_decay is {self.weight_decay!r}. Give a number of 0 or more.")
        if self.lr is not None and not OPTIMIZERS[self.optimizer].takes_lr:
            raise UserError(f"{self.optimizer} finds its step by itself: leave out lr, "
                            "or choose another optimizer, such as adam.")
        if self.batch_size is not None and OPTIMIZERS[self.optimizer].batch_lr is None:
            able = ", ".join(name for name, method in OPTIMIZERS.items() if method.batch_lr is not None)
            raise UserError(f"{self.optimizer} sees all ratings at once: leave out batch_size, or choose one of: {able}.")
        if self.batch_size is None and self.schedule != "constant":
            raise UserError(f"The schedule {self.schedule} is for fits in batches: give a batch_size, such as 512.")
        if self._bounded and not (
                _is_number(self.low) and _is_number(self.high) and self.low < self.high):
            raise UserError(f"A bounded model needs a range of ratings: low is {self.low!r} and "
                            f"high is {self.high!r}. Give two numbers, low below high.")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """(low, high) where the model is bounded, else None."""
        return (self.low, self.high) if self._bounded else None

    @property
    def _bounded(self) -> bool:
        return self.model is not None and MODELS[self.model].bounded


def _is_number(value) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int of hundreds of digits
        return False


def _one_of(option: str, value, names) -> None:
    if value not in tuple(names):  # a tuple: what cannot be hashed is a bad value too
        raise UserError(f"{option} is {value!r}. Choose one of: {', '.join(filter(None, names))}.")


def _whole(option: str, value, *, least: int, most: int | None = None,
           optional: bool = False) -> None:
    if optional and value is None:
        return
    if (isinstance(value, bool) or not isinstance(value, Integral) or value < least
            or (most is not None and value > most)):
        scope = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise UserError(f"{option} is {value!r}. Give a whole number {scope}.")


def _number(option: str, value, *, above: float, optional: bool = False) -> None:
    if optional and value is None:
        return
    if not _is_number(value) or value <= above:
        raise UserError(f"{option} is {value!r}. Give a number above {above:g}.")
