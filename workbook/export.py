"""A trained model as a workbook: its busiest users and items, with live formulas over its own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from pyxl.grid.layout import Layout
from solver.collab.answers.intervals import FEWEST, conformal_quantile
from solver.errors import UserError
from solver.model.models import MODELS, predict_table
from solver.model.net import additive
from workbook.write.content import DayRows, Genres, SetsOfItems, Spreads, Trained, content_of

from .builder import build_with

if TYPE_CHECKING:
    from solver import CollabFilter, Factors, Ratings

_DAY_OF_1970 = 25_569    # as a sheet counts days
_NEWCOMERS = 100        # users with fewest ratings that a newcomer is like, at most
CAPTION = "NB: these are a trained model's numbers. A fit here changes them for these ratings alone."


def busiest(ratings: Ratings, *, users: int, items: int) -> Ratings:
    """The part of the users and items with most ratings. Raises UserError where nobody of them rated any."""
    part = ratings.top(users=users, items=items)
    if not len(part):
        raise UserError(f"The {part.n_users} users and {part.n_items} items with most ratings have none in common. "
                        "Take more --users or --items.")
    return part


def export(model: CollabFilter, part: Ratings, path, *, titles: Mapping | None = None,
           overwrite: bool = False) -> dict[str, Layout]:
    """Write a workbook with the model's parameters for the users and items of `part`, some of its ratings.

    What its formulas predict is what the model predicts before clipping. Only the sheets of this
    kind of model are there. Raises UserError for a net, which no sheet's formulas say, and as `build`.
    """
    settings = model.settings_
    if not MODELS[settings.known_model].additive:
        raise UserError(f"The model is a {settings.model}, and no sheet's formulas say that. "
                        "Train another one: --model dot, dot+bias or bounded.")
    factors = factors_in_cells(model, part)
    content = content_of(part, titles=titles, n_factors=factors.n_factors, seed=settings.seed, bounds=settings.bounds)
    content = replace(content, caption=CAPTION, trained=replace(_trained(model, part), days=_days(model, content.ratings)))
    return build_with(content, path, parameters={settings.known_model: factors}, overwrite=overwrite)


def _trained(model: CollabFilter, part: Ratings) -> Trained:
    nobody = model.fold_in({})  # a newcomer without ratings is the average user
    average = nobody.factors.tolist()
    if model.factors_.user_bias is not None:
        average.append(nobody.bias + model.factors_.offset / 2)  # as `without_offset` has it
    return Trained(model.rating_range_, model.spread_, tuple(average), model.factors_.offset, spreads_in_cells(model, part), _sets(model, part), _genres(model, part))


def _sets(model: CollabFilter, part: Ratings) -> SetsOfItems | None:
    sets = model.set_vectors_.get("user")
    if sets is None:
        return None
    return SetsOfItems(tuple(sets.always.tolist()), tuple(map(tuple, sets.of(_positions(part.items, model.items_).numpy()).tolist())))


def _genres(model: CollabFilter, part: Ratings) -> Genres | None:
    """What of the item columns is there or not: of a column of other numbers, a year's say, no list is mixed."""
    given = len(model.item_columns_)
    every = model.factors_.item[:, :given].double().numpy()
    lengths = np.sqrt((every != 0).sum(1, keepdims=True))
    alike = [len(numbers) > 0 and np.allclose(numbers, numbers[0], rtol=1e-3) for column in (every * lengths).T for numbers in (column[column != 0],)]
    if not given or not all(alike):
        return None
    there = every[_positions(part.items, model.items_).numpy()] != 0
    shares = there / np.maximum(there.sum(1, keepdims=True), 1)
    return Genres(tuple(map(str, model.item_columns_)), tuple(map(tuple, shares.tolist())))


def _days(model: CollabFilter, part: Ratings) -> DayRows | None:
    """The model's rows of the days of these users, after them the row of all other days of each."""
    by_day = model.result_.by_day
    if by_day is None:
        return None
    days, positions, place = by_day.days, _positions(part.users, model.users_).numpy(), _places(part.users, model.users_)
    known = np.flatnonzero(place[days.users] >= 0)
    rows = torch.as_tensor(np.concatenate([days.n_users + known, positions]))
    every = model.factors_by_day_
    factors = every.with_tensors({name: (tensor[rows] if name.startswith("user") else tensor).double()
                                  for name, tensor in every.tensors().items()}).without_offset()
    dated = days.per_day != 1.0
    since = _DAY_OF_1970 if dated else 0
    return DayRows(np.concatenate([place[days.users[known]], np.arange(len(positions))]),
                   (*(int(day) + since for day in days.numbers[known]), *[None] * len(positions)),
                   None if factors.user_bias is None else factors.user_bias.numpy(), factors.user.numpy(), dated,
                   None if part.times is None else tuple(int(time // days.per_day) + since for time in part.times))


def spreads_in_cells(model: CollabFilter, part: Ratings) -> Spreads | None:
    """How far ratings may lie from predictions, as the product that comes nearest to the model's own intervals, in logarithms; of
    a model without draws it is their very product. That of draws holds too few ratings as it is, for cells predict by one set of factors:
    held-out ratings of these users and items correct it, where there are enough. A newcomer is like the users with fewest ratings."""
    try:
        halves = np.log(model.interval_halves(part.users, part.items, level=0.9))
    except UserError:       # nothing was held out, and there are no draws
        return None
    users, items = halves.mean(1) - halves.mean() / 2, halves.mean(0) - halves.mean() / 2
    rated = np.flatnonzero(model.user_counts_)
    fewest = rated[np.argsort(model.user_counts_[rated], kind="stable")[:max(1, min(len(rated) // 5, _NEWCOMERS))]]
    theirs = np.log(model.interval_halves([model.users_[row] for row in fewest], part.items, level=0.9))
    users, items, newcomer = np.exp(users), np.exp(items), np.exp((theirs - items).mean())
    wider = _missed(model, part, users, items) if model.result_.samples else 1.0
    return Spreads(tuple((wider * users).tolist()), tuple(items.tolist()), float(wider * newcomer))


def _missed(model: CollabFilter, part: Ratings, users: np.ndarray, items: np.ndarray) -> float:
    """By what to widen user's number × item's number, so that nine of ten held-out ratings lie as near to what cells predict."""
    held = model.holdout_ratings_
    u, i = _places(part.users, held.users)[held.user_index], _places(part.items, held.items)[held.item_index]
    there = (u >= 0) & (i >= 0)
    if there.sum() < FEWEST:
        return 1.0
    predicted = predict_table(factors_in_cells(model, part), bounds=model.settings_.bounds).numpy()[u[there], i[there]]
    off = np.abs(held.values[there] - predicted.clip(*model.rating_range_))
    return conformal_quantile(off / (users[u[there]] * items[i[there]]), 0.9)


def factors_in_cells(model: CollabFilter, part: Ratings) -> Factors:
    """The parameters of these users and items, float64, with nothing beside them."""
    rows = {"user": _positions(part.users, model.users_), "item": _positions(part.items, model.items_)}
    factors = additive(model.factors_)
    return factors.with_tensors({name: tensor[rows[name.partition("_")[0]]].double()
                                 for name, tensor in factors.tensors().items()}).without_offset()


def _places(labels: tuple, among: tuple) -> np.ndarray:
    """(n,) for each of the others among which they are the number of this label, −1 for none."""
    places = np.full(len(among), -1)
    places[_positions(labels, among).numpy()] = np.arange(len(labels))
    return places


def _positions(labels: tuple, among: tuple) -> torch.Tensor:
    wanted = set(labels)
    place = {label: position for position, label in enumerate(among) if label in wanted}
    return torch.tensor([place[label] for label in labels])
