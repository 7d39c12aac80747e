"""Settings: the one table of options of a fit. Button, sheet, command line, `CollabFilter` and Python share it.

A new option is a new field here, and the name of the option in the row of every model, loss, method or optimizer
that honours it where not all of them do. The command line, the sheet `start`, the run log and the documentation
are made from this table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from solver.errors import UserError
from solver.model.models import MODELS

from .method_table import LOSSES, METHODS
from .optimizers import OPTIMIZERS
from .options import Given, Names, Number, Option, Switch, Whole, Widths, option, option_of
from .schedules import SCHEDULES

DTYPES = ("float64", "float32")
STARTS = ("sheet", "random")
DECAYS_BY = ("rating", "count")
IMPLICIT_SETS = ("none", "users", "items", "both")
DEVICES = ("auto", "cpu", "cuda", "mps")


class NotHonoured(UserError):
    """A setting was given that nothing uses which was chosen with it; `option` is its name."""

    def __init__(self, option: str, sentence: str):
        super().__init__(sentence)
        self.option = option


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to fit.

    Raises UserError for a value that an option does not take, for settings that cannot be combined, and
    (`NotHonoured`) for a setting that the model, loss, method or optimizer does not use, unless it has its default.
    """

    model: str | None = option(
        None, Names(MODELS, optional=True), "What is predicted from the factors.",
        unset="the model of the start values, or dot+bias", given=Given.RATINGS)
    """On a sheet, the sheet decides."""

    low: float | None = option(
        None, Number(optional=True), "Lower end of the range of ratings of a bounded model.", unset="none", given=Given.NOWHERE)

    high: float | None = option(
        None, Number(optional=True), "Upper end of the range of ratings of a bounded model.", unset="none", given=Given.NOWHERE)

    n_factors: int = option(
        5, Whole(least=1), "Number of factors of every user and every item.", given=Given.RATINGS, flag="--factors")
    """It counts where no start values say how many there are."""

    embedding_sizes: tuple[int, int] | None = option(
        None, Widths(how_many=2, optional=True), "Widths of the embeddings of users and of items in the net.",
        unset="by the number of users and items", given=Given.RATINGS)
    """None: min(600, 1.6 · n^0.56) for n users or items, fast.ai's rule of thumb."""

    hidden: tuple[int, ...] | None = option(
        None, Widths(optional=True), "Widths of the hidden layers of the net.", unset="one layer of 100",
        given=Given.RATINGS)

    dropout: float | None = option(
        None, Number(least=0, below=1, example="0.2", optional=True),
        "Share of the outputs of each hidden layer that a step of the net leaves out.", unset="0", given=Given.RATINGS)
    """Srivastava et al. 2014."""

    loss: str = option("squared", Names(LOSSES), "The error that is minimised.", given=Given.NOWHERE)
    """``squared`` error of explicit ratings; or, for implicit feedback, where every pair present is one that happened and
    its value is 1, ``all-pairs``, the squared error with all other pairs as zeros, by als and the model dot; or ``cross-entropy``,
    whose prediction is a probability, that of a pair among those drawn. It needs a model bounded to 0 and 1."""

    unobserved: float = option(
        0.3, Number(above=0, example="0.1"), "What a pair that did not happen weighs, beside 1 of one that did, with implicit feedback by als.",
        given=Given.ESTIMATOR)
    """With the loss all-pairs. The smaller, the more the model dares to recommend what nobody like the user chose."""

    negatives: int = option(
        4, Whole(least=0), "Pairs that did not happen, drawn for every pair that did, with implicit feedback.",
        given=Given.ESTIMATOR)
    """With cross-entropy: their values are 0, and they are drawn anew for every batch. 0: the ratings are the zeros
    and ones themselves."""

    negatives_power: float = option(
        0.5, Number(least=0, most=1), "How strongly the drawn pairs prefer items with many ratings.",
        given=Given.ESTIMATOR)
    """Items are drawn in proportion to (an item's number of ratings)^this: 0 draws all alike, 1 as often as they were
    chosen (Mikolov et al. 2013 have 0.75)."""

    optimizer: str = option(
        "lbfgs", Names(OPTIMIZERS), "How the error is minimised: lbfgs is exact and needs no learning rate.",
        given=Given.EVERYWHERE)

    epochs: int | None = option(
        None, Whole(least=1, optional=True), "Most passes over the ratings; a fit ends earlier when it has converged.",
        unset="the optimizer's own limit", given=Given.EVERYWHERE)

    lr: float | None = option(
        None, Number(above=0, optional=True), "Learning rate: how far a step goes.", unset="the optimizer's own",
        given=Given.EVERYWHERE)

    weight_decay: float | None = option(
        0.0, Number(least=0, optional=True), "Pull to the average user and item: larger fits the ratings less.",
        unset="the number that predicts held-out ratings best (cross-validation)", given=Given.EVERYWHERE)
    """λ of the penalty λ·(‖p_u‖² + ‖q_i‖² + (b_u − b̄_U)² + (b_i − b̄_I)²) added to each squared error, b̄ the mean
    biases, for ratings in units of their standard deviation (`objective`). None: `choose_decay` finds the number; on the
    command line and in a cell the word `auto` says so. adamw takes it as decoupled decay instead (Loshchilov & Hutter
    2019)."""

    decay_by: str = option(
        "rating", Names(DECAYS_BY), "Whether every rating counts the whole weight decay, or those of busy rows less.",
        given=Given.RATINGS | Given.FIT)
    """What of `weight_decay` a row gets at each of its n ratings: all of it (``rating``), as the penalty says, or
    1/√n + 1.5/n of it (``count``), so that a row with few ratings is held close to the mean. ``count`` suits data
    whose users and items have few ratings and many alike."""

    batch_size: int | None = option(
        None, Whole(least=1, optional=True), "Number of ratings that a step sees, drawn anew every epoch.",
        unset="all of them", given=Given.EVERYWHERE)

    schedule: str = option(
        "constant", Names(SCHEDULES), "How the learning rate changes over a fit in batches.", given=Given.EVERYWHERE)

    momentum: float | None = option(
        None, Number(least=0, below=1, example="0.9", optional=True),
        "Share of the last step that the next step repeats.", unset="the optimizer's own", given=Given.EVERYWHERE)

    beta1: float | None = option(
        None, Number(least=0, below=1, example="0.9", optional=True),
        "How long the mean of gradients remembers: the larger, the longer.", unset="the optimizer's own",
        given=Given.EVERYWHERE)
    """The schedule one-cycle moves it by itself."""

    beta2: float | None = option(
        None, Number(least=0, below=1, example="0.99", optional=True),
        "How long the mean of squared gradients remembers: the larger, the longer.", unset="the optimizer's own",
        given=Given.EVERYWHERE)

    eps: float | None = option(
        None, Number(above=0, example="1e-8", optional=True),
        "Small number that keeps a step from being divided by 0.",
        unset="the optimizer's own", given=Given.EVERYWHERE)

    implicit_sets: str = option(
        "none", Names(IMPLICIT_SETS), "Whether it counts which items a user rated at all, and which users an item.",
        given=Given.RATINGS)
    """``users``: a user's row is expected where the set of the items that it rated says; ``items``: an item's where the
    set of its users says; ``both``; or ``none``. Only pairs that are learnt from enter the sets. Of newcomers, too, it counts
    what they rated at all."""

    learn_times: bool = option(
        False, Switch(), "Whether it counts on which day a rating was given: a user is then a little different on each day.",
        unset="no", given=Given.RATINGS)
    """The ratings need times. A prediction with a time is that of the user on this day, one without that of the user's latest day. So are
    lists, explanations and workbooks, and what a service predicts."""

    non_negative: bool = option(
        False, Switch(), "Whether all factors are kept at 0 or above, so that each can only add to a rating; biases are free.",
        unset="no", given=Given.RATINGS)
    """Lee & Seung 1999. By als, in sweeps over the factors of a row (Cichocki & Phan 2009)."""

    patience: int | None = option(
        None, Whole(least=1, optional=True), "Epochs without a better hold-out RMSE after which a fit ends.",
        unset="none: it goes on to the last epoch", given=Given.RATINGS)

    note_gradients: bool = option(
        False, Switch(), "Whether the gradient of each epoch is noted in the history: its norms, and how many derivatives are how large.",
        unset="no", given=Given.RATINGS | Given.FIT)
    """It changes no number of the fit. On all ratings at once, as on a sheet, it is there anyway and costs nothing; other
    methods take it at the end of each epoch, which is about one pass more."""

    dtype: str = option(
        "float64", Names(DTYPES), "Precision of factors that a fit draws itself.", given=Given.NOWHERE)
    """``float32`` is for large data."""

    seed: int = option(
        0, Whole(least=0, most=2**63 - 1), "Seed of random numbers: the same seed gives the same result.",  # torch's most
        given=Given.WORKBOOK | Given.TRAIN)

    start: str = option(
        "sheet", Names(STARTS), "Start from the parameters on the sheet, or from random ones.", given=Given.WORKBOOK)

    device: str = option("auto", Names(DEVICES), "Where to compute.", given=Given.EVERYWHERE)
    """``auto`` takes a GPU for a million ratings or more; ``mps`` lacks float64."""

    def __post_init__(self) -> None:
        for declared in OPTIONS.values():
            declared.check(getattr(self, declared.name))
        _refuse_what_cannot_be_combined(self)
        _refuse_what_is_not_honoured(self)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """(low, high) where the model is bounded, else None."""
        if self.model is None or not MODELS[self.model].bounded or self.low is None or self.high is None:
            return None
        return self.low, self.high

    @property
    def known_model(self) -> str:
        """The model, where it must be known. Raises UserError while it is not."""
        if self.model is None:
            raise UserError(f"No model is given. Choose one: {', '.join(MODELS)}.")
        return self.model

    @property
    def decay(self) -> float:
        """The weight decay, where it must be a number. Raises UserError while it is still to be chosen."""
        if self.weight_decay is None:
            raise UserError("weight_decay is None, and is chosen from ratings by `fit` alone. Give a number.")
        return self.weight_decay

    @property
    def method(self) -> str:
        """The way of fitting that these settings choose: a name of `METHODS`."""
        if OPTIMIZERS[self.optimizer].alternating:
            return self.optimizer
        if self.batch_size is None:
            return "full batch"
        by_rating = (self.optimizer == "sgd" and self.batch_size == 1 and self.loss == "squared"
                     and (self.model is None or MODELS[self.model].additive))
        return "rating by rating" if by_rating else "batches"

    @property
    def constants(self) -> dict[str, float]:
        """The optimizer's constants by name: what was given, and its own defaults for the others."""
        defaults = OPTIMIZERS[self.optimizer].defaults(batches=self.batch_size is not None)
        given = {name: getattr(self, name) for name in defaults}
        return {name: default if given[name] is None else float(given[name]) for name, default in defaults.items()}

    @property
    def most_epochs(self) -> int:
        """Epochs after which a fit ends, if nothing ends it before."""
        chosen = OPTIMIZERS[self.optimizer]
        if self.batch_size is not None:
            return self.epochs or chosen.batch_epochs
        of_model = None if self.model is None else MODELS[self.model].epochs
        return self.epochs or min(chosen.epochs, of_model or chosen.epochs)


OPTIONS: dict[str, Option] = {declared.name: option_of(declared) for declared in fields(Settings)}


def options_given(where: Given) -> dict[str, Option]:
    """The options that can be given there, in the order of the table."""
    return {name: declared for name, declared in OPTIONS.items() if declared.given & where}


def options_named(names: Iterable[str], where: Given) -> dict[str, Option]:
    """The options of these names. Raises UserError for a name of none that can be given there."""
    known = options_given(where)
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"There is no option {unknown[0]!r}. Options are: {', '.join(known)}.")
    return {name: known[name] for name in names}


def honoured_by(name: str) -> dict[str, tuple[str, ...]]:
    """The models, losses, methods and optimizers that honour an option, where not all of them do."""
    return {what: tuple(row for row in table if name in table[row].honours) for what, table in _TABLES.items()
            if any(name in row.honours for row in table.values())}


def usable(given: Mapping[str, Any], *, stored: Collection[str]) -> tuple[Settings, dict[str, NotHonoured]]:
    """The settings of these values, of which those named in `stored` may be left out where they are not honoured:
    values that were stored, or left over in cells, and that nobody gives now. Also why each was left out.

    Raises UserError as `Settings` does.
    """
    rest, left_out = dict(given), dict[str, NotHonoured]()
    while True:
        try:
            return Settings(**rest), left_out
        except NotHonoured as why:
            if why.option not in stored:
                raise
            del rest[why.option]
            left_out[why.option] = why


def refuse_weights(settings: Settings) -> None:
    """Raise UserError where the way of fitting that the settings choose does not learn with weights of ratings."""
    if not METHODS[settings.method].weighs:
        able = [method for method in METHODS.values() if method.weighs]
        raise UserError(f"Weights of ratings are learnt with by {' and '.join(method.called for method in able)}, not by {METHODS[settings.method].called}. "
                        f"Leave the weights out, or choose {'; or '.join(method.chosen_by for method in able)}.")


_TABLES: dict[str, Mapping[str, Any]] = {"model": MODELS, "loss": LOSSES, "optimizer": OPTIMIZERS, "method": METHODS}


def _refuse_what_is_not_honoured(settings: Settings) -> None:
    given = [name for name, value in asdict(settings).items() if value is not None and value != OPTIONS[name].default]
    for what in _TABLES:
        chosen = getattr(settings, what)
        if chosen is None:
            continue    # the model is not known yet
        for name in given:
            able = honoured_by(name).get(what, ())
            if able and chosen not in able:
                raise NotHonoured(name, f"{name} is {getattr(settings, name)!r}, and {_called(what, chosen)} does not "
                                        f"use it. Leave {name} out, or choose {_choice(what, able, chosen)}.")
    if settings.beta1 is not None and SCHEDULES[settings.schedule](0.0)[1] is not None:
        raise NotHonoured("beta1", f"beta1 is {settings.beta1!r}, and the schedule {settings.schedule} moves beta1 by "
                                   "itself. Leave beta1 out, or choose another schedule.")


def _called(what: str, chosen: str) -> str:
    if what == "method":
        return METHODS[chosen].called
    return chosen if what == "optimizer" else f"the {what} {chosen}"


def _choice(what: str, able: tuple[str, ...], chosen: str) -> str:
    if chosen in OPTIMIZERS and what == "method":   # als and gibbs are methods of their own
        return "another optimizer, such as lbfgs"
    if what == "method":
        return "; or ".join(METHODS[name].chosen_by for name in able if name != "formulas")
    return f"{'an' if what == 'optimizer' else 'a'} {what} that does: {', '.join(able)}"


def _refuse_what_cannot_be_combined(settings: Settings) -> None:
    """Raise UserError for a choice that needs another one."""
    optimizer, model = settings.optimizer, settings.model
    if OPTIMIZERS[optimizer].alternating and model not in (None, "dot", "dot+bias"):
        raise UserError(f"{optimizer} needs a model that is linear in each side, and the model is "
                        f"{model}: choose dot or dot+bias, or another optimizer, such as lbfgs.")
    if settings.implicit_sets != "none" and model not in (None, "dot", "dot+bias"):
        raise NotHonoured("implicit_sets", f"implicit_sets is {settings.implicit_sets!r}, and sets are learnt from by models that are linear in each "
                                           f"side: choose dot or dot+bias instead of {model}, or leave implicit_sets out.")
    low, high = settings.low, settings.high
    if model is not None and MODELS[model].bounded and (low is None or high is None or low >= high):
        raise UserError(f"A bounded model needs a range of ratings: low is {low!r} and "
                        f"high is {high!r}. Give two numbers, low below high.")
    if settings.loss == "all-pairs" and (settings.method != "als" or model not in (None, "dot")):
        raise UserError("All pairs are learnt from by als, with the model dot: choose these, or the loss cross-entropy.")
    if settings.loss == "cross-entropy" and (settings.batch_size is None or settings.bounds != (0, 1)):
        raise UserError("Cross-entropy is for probabilities, learnt in batches: choose the model bounded or net "
                        "with low=0 and high=1, and a batch_size, such as 512.")
