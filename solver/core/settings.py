"""Settings: every option of a fit, explained where it stands. Button, command line and Python
share them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from solver.errors import UserError
from solver.model.models import MODELS

from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES

DTYPES = ("float64", "float32")
STARTS = ("sheet", "random")
LOSSES = ("squared", "cross-entropy")
DECAYS_BY = ("rating", "count")
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

    embedding_sizes: tuple[int, int] | None = None
    """Widths of a user's and of an item's embedding in the net; None: min(600, 1.6 · n^0.56) for n users
    or items, fast.ai's rule of thumb. The other models have `n_factors` for both."""

    hidden: tuple[int, ...] | None = None
    """Widths of the net's hidden layers; None: one of 100."""

    dropout: float | None = None
    """Share of each hidden layer's outputs that a step of the net leaves out, from 0 to below 1
    (Srivastava et al. 2014); None: 0."""

    loss: str = "squared"
    """What is minimised: ``squared`` error of explicit ratings, or ``cross-entropy`` for implicit
    feedback, where every pair present is one that happened: its value is 1, and the prediction is a
    probability, that of a pair among those drawn. It needs a model bounded to 0 and 1."""

    negatives: int = 4
    """With cross-entropy: pairs that did not happen, values 0, that a step sees beside every one that
    did; drawn anew for every batch. 0: the ratings are the zeros and ones themselves."""

    negatives_power: float = 0.5
    """Their items are drawn in proportion to (an item's number of ratings)^this: 0 draws all alike, 1 as
    often as they were chosen (Mikolov et al. 2013 have 0.75)."""

    optimizer: str = "lbfgs"
    """How the loss is minimised: a name of `solver.OPTIMIZERS`. lbfgs needs no learning rate."""

    epochs: int | None = None
    """Most passes over the ratings; None: the optimizer's own (a fit ends when it converged)."""

    lr: float | None = None
    """Learning rate; None: the optimizer's own. lbfgs finds its step by itself and takes none."""

    weight_decay: float = 0.0
    """λ of the penalty λ·(‖p_u‖² + ‖q_i‖² + b_u² + b_i²) added to each squared error: larger gives
    smaller factors, which fit the ratings less and blanks better; 0.02 to 0.1 is usual. adamw
    takes it as decoupled decay instead (Loshchilov & Hutter 2019), and gibbs, which finds out by itself how
    large factors are, does without."""

    decay_by: str = "rating"
    """What of `weight_decay` a row gets at each of its n ratings: all of it (``rating``), as the penalty says, or
    1/√n + 1.5/n of it (``count``), so that who has rated little is held close to the mean. ``count`` is for SGD
    rating by rating (batch_size 1), and suits data whose users and items have few ratings and many alike."""

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
        _one_of("loss", self.loss, LOSSES)
        _one_of("start", self.start, STARTS)
        _one_of("device", self.device, DEVICES)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("decay_by", self.decay_by, DECAYS_BY)
        _whole("batch_size", self.batch_size, least=1, optional=True)
        _whole("patience", self.patience, least=1, optional=True)
        _whole("negatives", self.negatives, least=0)
        if not (_is_number(self.negatives_power) and 0 <= self.negatives_power <= 1):
            raise UserError(f"negatives_power is {self.negatives_power!r}. Give a number from 0 to 1.")
        _widths("hidden", self.hidden)
        _widths("embedding_sizes", self.embedding_sizes, how_many=2)
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
        if OPTIMIZERS[self.optimizer].alternating and self.model not in (None, "dot", "dot+bias"):
            raise UserError(f"{self.optimizer} needs a model that is linear in each side, and the model is "
                            f"{self.model}: choose dot or dot+bias, or another optimizer, such as lbfgs.")
        if self.decay_by != "rating" and (self.optimizer, self.batch_size) != ("sgd", 1):
            raise UserError(f"decay_by={self.decay_by!r} is for SGD rating by rating: choose optimizer='sgd' with "
                            "batch_size=1, or leave decay_by out.")
        if self.batch_size is None and self.schedule != "constant":
            raise UserError(f"The schedule {self.schedule} is for fits in batches: give a batch_size, such as 512.")
        if self.dropout is not None and not (_is_number(self.dropout) and 0 <= self.dropout < 1):
            raise UserError(f"dropout is {self.dropout!r}. Give a number from 0 to below 1, such as 0.2.")
        if self.model == "net":
            if self.batch_size is None:
                raise UserError("The net is fitted in batches: give a batch_size, such as 512, "
                                "and an optimizer that takes it, such as adamw.")
        else:
            for option in ("embedding_sizes", "hidden", "dropout"):
                if getattr(self, option) is not None:
                    raise UserError(f"{option} is for the model net, and the model is {self.model}: leave it out, "
                                    "or choose model='net'.")
        if self._bounded and not (
                _is_number(self.low) and _is_number(self.high) and self.low < self.high):
            raise UserError(f"A bounded model needs a range of ratings: low is {self.low!r} and "
                            f"high is {self.high!r}. Give two numbers, low below high.")
        if self.loss == "cross-entropy" and (self.batch_size is None or self.bounds != (0, 1)):
            raise UserError("Cross-entropy is for probabilities, learnt in batches: choose the model bounded or net "
                            "with low=0 and high=1, and a batch_size, such as 512.")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """(low, high) where the model is bounded, else None."""
        return (self.low, self.high) if self._bounded else None

    @property
    def most_epochs(self) -> int:
        """Epochs after which a fit ends, if nothing ends it before."""
        method = OPTIMIZERS[self.optimizer]
        return self.epochs or (method.epochs if self.batch_size is None else method.batch_epochs)

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


def _widths(option: str, value, *, how_many: int | None = None) -> None:
    if value is None:
        return
    if not isinstance(value, tuple) or not value or (how_many and len(value) != how_many):
        raise UserError(f"{option} is {value!r}. Give a tuple of {how_many or 'one or more'} whole numbers, "
                        f"such as {(100, 50)[:how_many]}.")
    for width in value:
        _whole(f"A width in {option}", width, least=1)


def _number(option: str, value, *, above: float, optional: bool = False) -> None:
    if optional and value is None:
        return
    if not _is_number(value) or value <= above:
        raise UserError(f"{option} is {value!r}. Give a number above {above:g}.")
