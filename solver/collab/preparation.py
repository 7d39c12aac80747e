"""Makes the settings, the range of ratings and the hold-out of a fit from an estimator's parameters and its ratings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np

from solver.core.method_table import ALL_PAIRS_DECAY, LOSSES, METHODS
from solver.core.optimizers import OPTIMIZERS
from solver.core.options import Given
from solver.core.settings import Settings, options_given
from solver.data.ratings import Ratings
from solver.data.splits import split_off
from solver.errors import UserError
from solver.fitting.choose_all_pairs import choose_all_pairs
from solver.fitting.effort import N_FACTORS, Chosen, choose_settings
from solver.model.models import MODELS

from .labels.frames import ratings_from
from .labels.id_labels import Labels, shown_label

FEEDBACK = ("explicit", "implicit")
_USUAL_IMPLICIT = {"lr": 0.01, "weight_decay": 0.3, "epochs": 10}   # best of a few on films and on planted pairs
IMPLICIT_SPREAD = 0.2   # stands for the spread of values that are all 1, where newcomers are folded in: best on films
_ALL_PAIRS = METHODS["als"].honours | LOSSES["all-pairs"].honours
_FACTORS_OF_ALL_PAIRS = 64     # unless their number is given: beside 50, better lists in the same time
_NO_METHOD = ("n_factors", "device", "seed", "learn_times", "non_negative", "note_gradients")     # options that do not say how to fit
_ALS = {"optimizer": "als", "weight_decay": 0.09, "epochs": 30}     # where nobody chose a way: best of a few on films
_MOST_PASSES = 100      # of als that nobody limited: on tiny data thousands more lower the training RMSE by 0.0002 at most
_MARGIN = 0.05   # of the ratings' range, by which a bounded model reaches beyond it: a sigmoid never gets to its ends


class FitOptions(Protocol):
    """The parameters of an estimator that say how to fit; those of `options_given(Given.ESTIMATOR)` stand beside them."""

    effort: str
    random_state: int | np.random.RandomState | np.random.Generator | None
    rating_range: tuple[float, float] | None
    holdout: float
    holdout_by: str
    feedback: str
    counts: float


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a fit is given, and sentences on what was left out."""

    learnt: Ratings
    held: Ratings | None
    rating_range: tuple[float, float]
    settings: Settings
    notes: tuple[str, ...]
    stated: bool = False            # whether the user said how to fit, and not only how wide or where
    factors_help: bool = True       # False where a trial has shown that biases alone predict better

    @property
    def spread(self) -> float:
        """The standard deviation of the ratings to learn from."""
        if self.settings.loss != "squared":
            return IMPLICIT_SPREAD
        return float(self.learnt.values.std(dtype=np.float64))


def prepare_fit(options: FitOptions, ratings: Ratings, holdout) -> Prepared:
    """Check the parameters against the ratings; set a hold-out apart. Raises UserError where they do not fit."""
    notes: list[str] = []
    if options.feedback not in FEEDBACK:
        raise UserError(f"feedback is {options.feedback!r}. Choose one of: {', '.join(FEEDBACK)}.")
    if options.feedback == "implicit":
        if options.rating_range is not None:
            raise UserError(f"rating_range is {options.rating_range!r}, and implicit feedback predicts chances from 0 to 1. Leave it out (--range).")
        ratings = _happened(ratings, notes, counts=options.counts)
    elif options.counts:
        raise UserError(f"counts is {options.counts!r}, and explicit ratings are no counts. Leave it out, or say feedback='implicit'.")
    seed = seed_of(options.random_state)
    learnt, held = _held_out(options, ratings, holdout, seed, notes)
    rating_range = (0.0, 1.0) if options.feedback == "implicit" else _range(options.rating_range, ratings)
    settings, factors_help = _settings(options, learnt, rating_range, seed)
    stated = any(getattr(options, name) is not None for name in options_given(Given.ESTIMATOR) if name not in _NO_METHOD)
    return Prepared(learnt, held, rating_range, settings, tuple(notes), stated, factors_help)


def seed_of(random_state) -> int:
    """The seed that a `random_state` stands for: itself, a draw from a numpy RandomState or Generator, or 0 for None."""
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        return int(random_state)
    raise UserError(f"random_state is {random_state!r}. Give a whole number of 0 or more, or None.")


def _happened(ratings: Ratings, notes: list[str], *, counts: float = 0.0) -> Ratings:
    """Pairs that happened, their values 1; with `counts` they weigh 1 + counts · log(1 + value)."""
    if isinstance(counts, bool) or not (isinstance(counts, Real) and 0 <= counts < math.inf):
        raise UserError(f"counts is {counts!r}. Give a number of 0 or more, such as 1: a pair that happened n times weighs "
                        "1 + counts · log(1 + n).")
    if len(ratings) and ratings.values.min() <= 0:
        n = int(ratings.values.argmin())
        raise UserError(f"The value of user {shown_label(ratings.users[ratings.user_index[n]])} for item "
                        f"{shown_label(ratings.items[ratings.item_index[n]])} is {ratings.values[n]:g}; implicit feedback "
                        "lists only pairs that happened. Leave the others out.")
    if not (ratings.values != 1).any():
        return ratings
    if counts:
        weights = 1 + counts * np.log1p(ratings.values.astype(np.float64))
        weights = weights if ratings.weights is None else weights * ratings.weights
        return replace(ratings, values=np.ones_like(ratings.values), weights=weights)
    note = ("Implicit feedback: every pair counts as one that happened, whatever its value. Where values say how often, say counts=1 "
            "(--counts).")
    notes += [note] * (note not in notes)
    return replace(ratings, values=np.ones_like(ratings.values))


def _range(given, ratings: Ratings) -> tuple[float, float]:
    if not len(ratings):
        raise UserError("There is no rating; a fit needs 2 or more.")
    least, most = float(ratings.values.min()), float(ratings.values.max())
    if given is None:
        if least == most and len(ratings) > 1:
            raise UserError(f"All {len(ratings):,} ratings are {least:g}; there is nothing to learn. "
                            "Check the column of ratings, or say feedback='implicit' if each pair is one that "
                            "happened.")
        return least, most
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        low = high = 0.0
    if not (np.isfinite([low, high]).all() and low < high):
        raise UserError(f"rating_range is {given!r}. Give the lowest and the highest rating, such as (1, 5).")
    outside = (ratings.values < low) | (ratings.values > high)
    if outside.any():
        n = int(outside.argmax())
        raise UserError(f"The rating of user {shown_label(ratings.users[ratings.user_index[n]])} for item "
                        f"{shown_label(ratings.items[ratings.item_index[n]])} is {ratings.values[n]:g} and lies outside "
                        f"{low:g} to {high:g}. Correct it, or widen rating_range.")
    return low, high


def _held_out(options: FitOptions, ratings: Ratings, holdout, seed: int, notes: list[str]) -> tuple[Ratings, Ratings | None]:
    holdout = options.holdout if holdout is None else holdout
    if isinstance(holdout, Real):
        if not isinstance(holdout, bool) and holdout == 0:
            return ratings, None
        return split_off(ratings, float(holdout) if not isinstance(holdout, bool) else holdout, seed=seed,
                         by=options.holdout_by)
    given, _ = ratings_from(holdout, unrated=1.0 if options.feedback == "implicit" else None)
    if options.feedback == "implicit":
        given = _happened(given, notes, counts=options.counts)
    users, items = (Labels(known, what).positions(list(labels))[index] for known, what, labels, index in
                    ((ratings.users, "user", given.users, given.user_index),
                     (ratings.items, "item", given.items, given.item_index)))
    known = (users >= 0) & (items >= 0)
    if not known.any():
        raise UserError("No held-out rating is of a user and an item that have ratings to learn from. "
                        "Hold out other ratings.")
    if not known.all():
        notes.append(f"{(~known).sum():,} of {len(given):,} held-out ratings are of users or items without a rating "
                     "to learn from; they were not used to judge by.")
    return ratings, Ratings(ratings.users, ratings.items, users[known], items[known], given.values[known],
                            times=None if given.times is None else given.times[known],
                            weights=None if given.weights is None else given.weights[known])


def _settings(options: FitOptions, ratings: Ratings, rating_range: tuple[float, float],
              seed: int) -> tuple[Settings, bool]:
    """(what `effort` chooses for these ratings, and in its place what was said; whether factors help, as far as was tried)"""
    given = {name: getattr(options, name) for name in options_given(Given.ESTIMATOR)}
    said: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if value is not None}
    if options.feedback == "implicit":
        said = ({"model": "dot", "loss": "all-pairs"} if _of_all_pairs(said) else {"model": "bounded", "loss": "cross-entropy"}) | said
        if options.counts and said["loss"] != "all-pairs":
            raise UserError("Counts are learnt from by als alone. Leave out counts, or what chooses another method: "
                            f"{', '.join(name for name in said if name not in _ALL_PAIRS and name != 'loss')}.")
    elif ratings.weights is not None or said.get("non_negative"):
        said = ({} if "optimizer" in said else _ALS) | said     # what an effort chooses honours neither
    n_factors = said.get("n_factors", _FACTORS_OF_ALL_PAIRS if said.get("loss") == "all-pairs" else N_FACTORS)
    choice = choose_settings("quick" if options.effort == "good" else options.effort, ratings, n_factors=n_factors)
    if options.effort == "good" and _suits(choice.settings, said):  # it tries what it chooses from: in vain, where it is not taken
        choice = choose_settings("good", ratings, n_factors=n_factors)
    chosen = choice.settings
    model = said.get("model", chosen.model)
    if model not in ("dot", "dot+bias"):
        chosen = replace(chosen, implicit_sets="none")
    if model in MODELS and MODELS[model].bounded:
        margin = 0.0 if options.feedback == "implicit" else _MARGIN * (rating_range[1] - rating_range[0])
        said |= {"low": rating_range[0] - margin, "high": rating_range[1] + margin}
    if model not in MODELS or "n_factors" in MODELS[model].honours:
        said["n_factors"] = n_factors
    if not _suits(chosen, said):
        choice = Chosen(chosen)
        optimizer = "als" if said.get("loss") == "all-pairs" else "adamw"
        chosen = Settings(dtype=chosen.dtype, **_usual(said.get("optimizer", optimizer), said, len(ratings)) | {"model": chosen.model} | said)
        if chosen.loss == "all-pairs" and options.effort != "quick":
            chosen = choose_all_pairs(ratings, chosen, among=frozenset({"weight_decay", "unobserved"} - said.keys()))
    return replace(chosen, seed=seed, **said), choice.factors_help


def _of_all_pairs(said: dict) -> bool:
    """Whether als can do what was said, with all pairs: nothing of what only other methods have."""
    return said.keys() <= _ALL_PAIRS and said.get("model", "dot") == "dot" and said.get("optimizer", "als") == "als"


def _suits(chosen: Settings, said: dict) -> bool:
    """Whether a choice can hold beside what was said: it is one for squared error, with an optimizer and a batch."""
    name = said.get("model", chosen.model)
    model = None if name is None else MODELS.get(name)      # an unknown one is refused where it is used
    linear = model is None or (model.additive and not (model.bounded and OPTIMIZERS[chosen.optimizer].alternating))
    return linear and all(said.get(name, getattr(chosen, name)) == getattr(chosen, name)
                          for name in ("optimizer", "batch_size", "loss"))


def _usual(optimizer: str, said: dict, n_ratings: int) -> dict:
    """Settings that are usual for an optimizer that no effort chose, and for the model and loss that were said."""
    method = OPTIMIZERS.get(optimizer)
    if method is None or method.samples:  # a posterior needs no penalty
        return {"optimizer": optimizer}
    if said.get("loss") == "all-pairs":
        return {"optimizer": optimizer, "weight_decay": ALL_PAIRS_DECAY}
    if method.in_batches is None:
        return {"optimizer": optimizer, "weight_decay": 0.05} | ({"epochs": _MOST_PASSES} if method.alternating else {})
    if method.decoupled:
        usual = {"optimizer": optimizer, "weight_decay": 0.1, "batch_size": 512, "schedule": "one-cycle"}
        if said.get("loss") == "cross-entropy":
            return usual | _USUAL_IMPLICIT | {"batch_size": min(_batch_size(n_ratings), 512)}
        if said.get("model") == "net":
            epochs = min(max(round(300_000 / max(n_ratings, 1)), 3), 10)
            return usual | {"lr": 0.002, "epochs": epochs, "batch_size": _batch_size(n_ratings)}
        return usual
    return {"optimizer": optimizer, "weight_decay": 0.05, "batch_size": 512}


def _batch_size(n_ratings: int) -> int:
    """A power of 2 near a two-hundredth of the ratings, so that small data too make some hundred steps."""
    return 2 ** min(max(round(math.log2(max(n_ratings, 1) / 200)), 4), 12)
