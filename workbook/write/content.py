"""What goes into a workbook, checked once and shared by every sheet."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver import Ratings, hold_out
from solver.errors import UserError
from solver.model.rating_bounds import default_bounds

from .display_labels import id_labels, item_headers, reads_as_pattern

_SCALES = ((1.0, 5.0, 1.0), (0.5, 5.0, 0.5), (0.0, 5.0, 0.5), (1.0, 10.0, 0.5), (0.0, 10.0, 0.5), (0.0, 100.0, 1.0))


@dataclass(frozen=True)
class Spreads:
    """Nine of ten ratings lie within user's number × item's number of their prediction: (n_users,), (n_items,), and a newcomer's."""

    users: tuple[float, ...]
    items: tuple[float, ...]
    newcomer: float


@dataclass(frozen=True)
class SetsOfItems:
    """What a trained model makes of that a newcomer rated items at all (`solver.collab.arrivals.set_vectors`): (d,) of any, (n_items, d) of each."""

    always: tuple[float, ...]
    items: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class DayRows:
    """A trained model's rows of each user's days: whose (n,) each is, by number from 0, which day, None for all days that are not there,
    biases (n,), where there are any, and factors (n, k). Days are as a sheet counts them where they are `dated`. `of_ratings` are those of
    the workbook's ratings, where these have times."""

    users: np.ndarray
    numbers: tuple[int | None, ...]
    biases: np.ndarray | None
    factors: np.ndarray
    dated: bool
    of_ratings: tuple[int, ...] | None


@dataclass(frozen=True)
class Genres:
    """The genres of items, or whatever each has or has not: their names, and (n_items, g) of each item 1 / the number of those that it has."""

    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Trained:
    """What a workbook keeps of the trained model that it was made from and that its own ratings, some of the
    model's, do not tell: the range and the standard deviation of all ratings; the average user's factors
    and, where there are biases, bias (k or k + 1 numbers); the offset, half of which each bias carries here; what says how
    far ratings may lie from predictions, where the model knows; where it learnt from sets, what they say of a newcomer; the items'
    genres, where it learnt with them; and its rows of days, where it learnt from times."""

    rating_range: tuple[float, float]
    spread: float
    average: tuple[float, ...]
    offset: float
    spreads: Spreads | None = None
    sets: SetsOfItems | None = None
    genres: Genres | None = None
    days: DayRows | None = None


@dataclass(frozen=True)
class NetWidths:
    """Widths of the net on a sheet: of users' and of items' embeddings, and of the hidden layer."""

    user: int
    item: int
    hidden: int


@dataclass(frozen=True, eq=False)
class Content:
    """Ratings without repeated pairs, what users and items are called, and the options of a build.

    Of the ratings `given`, those `apart` (n_given,) bool are held out: they are in no model sheet.
    `users` are ids; `items` are the headers: titles where there are any, else ids. `bounds` is
    (low, high) of the bounded model; `macros` says whether there are buttons, which start the Python
    at the path `python`; `caption` says where the parameters come from, and `trained` of which model.
    Where `net` has widths, there is a net of them on a sheet of its own. `gradients` says whether the
    steps of gradient descent stand beside the models, and `typed_scale` that somebody said which ratings there may be.
    """

    given: Ratings
    apart: np.ndarray
    users: list
    items: list
    item_ids: list
    titled: bool
    n_factors: int
    seed: int
    bounds: tuple[float, float]
    macros: bool = False
    python: str = sys.executable
    caption: str = "NB: these are initialized to random numbers; then Solver, or collabsheet, optimizes them."
    trained: Trained | None = None
    net: NetWidths | None = None
    gradients: bool = False
    typed_scale: tuple[float, float] | None = None

    @cached_property
    def ratings(self) -> Ratings:
        """Those that the model sheets show and learn from."""
        return self.given.take(~self.apart)

    @cached_property
    def held(self) -> Ratings:
        """Those held out, to judge the models by: user by user, in the order of the items, as sheets list them."""
        return self.given.take(np.flatnonzero(self.apart)[np.lexsort((self.given.item_index[self.apart], self.given.user_index[self.apart]))])

    @cached_property
    def table(self) -> np.ndarray:
        """(n_users, n_items) float64, NaN = unrated"""
        return self.ratings.crosstab()

    @cached_property
    def wild_labels(self) -> bool:
        """Whether MATCH, which takes ``*``, ``?`` and ``~`` in a text for patterns, would mistake a label for another."""
        return reads_as_pattern(self.users) or reads_as_pattern(self.items)

    @property
    def rating_range(self) -> tuple[float, float]:
        """The lowest and the highest rating, within which predictions are kept."""
        if self.trained:
            return self.trained.rating_range
        return float(self.given.values.min()), float(self.given.values.max())

    @property
    def stated_scale(self) -> tuple[float, float]:
        """The lowest and the highest rating that may be typed."""
        return self.typed_scale or usual_scale(np.concatenate([self.given.values, self.rating_range]))

    @property
    def scale(self) -> tuple[float, float, float]:
        """The lowest rating, the middle, the highest: the ends of every colour scale."""
        low, high = float(self.given.values.min()), float(self.given.values.max())
        if low == high:
            low, high = low - 1, high + 1
        return low, (low + high) / 2, high


def content_of(ratings: Ratings, *, titles: Mapping | None, n_factors: int, seed: int,
               bounds: tuple[float, float] | None, holdout: float = 0.0) -> Content:
    """Check what is to be built. Of a pair rated twice the last rating counts, as in a crosstab.

    `holdout` is the share of ratings to hold out, drawn by `seed`. Raises UserError for no or
    non-finite ratings, labels that look the same in a sheet, bounds that do not hold the ratings,
    and a share that is none.
    """
    if not len(ratings):
        raise UserError("There is no rating: a workbook needs at least one. Check the ratings file.")
    if not np.isfinite(ratings.values).all():
        odd = ratings.values[~np.isfinite(ratings.values)][0]
        raise UserError(f"A rating is {odd}, not a finite number. Correct or remove it.")
    if isinstance(n_factors, bool) or not isinstance(n_factors, int) or n_factors < 1:
        raise UserError(f"n_factors is {n_factors!r}. Give a whole number of 1 or more.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed is {seed!r}. Give a whole number of 0 or more.")
    ratings = _last_of_each_pair(ratings)
    titled = titles is not None and any(item in titles for item in ratings.items)
    return Content(ratings, hold_out(ratings, holdout, seed=seed), id_labels(ratings.users, "user"),
                   item_headers(ratings.items, titles), id_labels(ratings.items, "item"), titled, n_factors, seed,
                   _checked(bounds, ratings.values) if bounds else default_bounds(ratings.values))


def usual_scale(values: np.ndarray) -> tuple[float, float]:
    """The ends of the usual scale that has the step of these ratings and that they fill by half; else the lowest and the
    highest of them."""
    least, most = float(values.min()), float(values.max())
    for low, high, step in _SCALES:
        if low <= least and most <= high and 2 * (most - least) >= high - low and np.array_equal(values, np.round(values / step) * step):
            return low, high
    return least, most


def _checked(bounds: tuple[float, float], values: np.ndarray) -> tuple[float, float]:
    low, high = map(float, bounds)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise UserError(f"bounds are {low:g} and {high:g}. Give two numbers, the lower one first.")
    outside = values[(values < low) | (values > high)]
    if len(outside):
        raise UserError(f"A rating is {outside[0]:g}, outside the bounds {low:g} to {high:g}. "
                        "Correct it or widen the bounds.")
    return low, high


def _last_of_each_pair(ratings: Ratings) -> Ratings:
    pair = ratings.user_index * ratings.n_items + ratings.item_index
    _, from_the_end = np.unique(pair[::-1], return_index=True)
    keep = np.sort(len(pair) - 1 - from_the_end)
    return Ratings(ratings.users, ratings.items, ratings.user_index[keep],
                   ratings.item_index[keep], ratings.values[keep], None if ratings.times is None else ratings.times[keep])
