"""Who a model is for: who rates, how well each fifth is served, what is shown to how many, what recommending to oneself does,
and what other orders of a list cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.collab.answers.predictions import predict_rows
from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.judging import who_is_served as served

if TYPE_CHECKING:
    from solver.collab.collab_filter import CollabFilter

MOST_SCORES = 20_000_000          # users × items at once; of more users some are drawn
DISCOUNTS = (0.1, 0.3)            # stars, or what the ratings are in, less for each tenfold of ratings, in spreads of the ratings
LOOP_FACTORS = 16                 # of the models that are fitted in the loop


@dataclass(frozen=True)
class ServedList:
    """What one way of ordering recommends: exposure of the fifths of items by popularity, how much more popular than usual, the share
    of all items that anybody sees, and the price: the mean prediction, and the share of held-out liked items that are found."""

    order: str
    exposure: list[float]
    lift: float
    items_shown: float
    mean_prediction: float
    recall: float | None


@dataclass(frozen=True)
class ServedGroup:
    """Users or items with something in a column: how many, the share of the ratings that are theirs, the RMSE of these where any judge,
    and, of items, the share of all recommendations; of users, how much more popular than usual theirs are."""

    side: str
    name: str
    members: int
    ratings: float
    rmse: float | None
    recommended: float | None = None
    lift: float | None = None


@dataclass(frozen=True)
class Round:
    """A round of the feedback loop: exposure, the share of all items shown, and how many ratings there are by then."""

    number: int
    exposure: list[float]
    items_shown: float
    ratings: int


def bias_report(model: CollabFilter, *, n: int = 10, rounds: int = 10, seed: int = 0,
                item_columns: np.ndarray | None = None, groups: Mapping[str, tuple[np.ndarray, Sequence[str]]] | None = None) -> dict:
    """All of it as numbers by name. `item_columns` (n_items, g) are genres, say, by which lists are calibrated; `groups` are
    columns (n, g) and their names, of each ``user`` and ``item``: whoever is above 0 in one, or above its mean, is a group.

    Raises UserError for a model of pairs without ratings, and where there are fewer items than are recommended.
    """
    if model.feedback == "implicit":
        raise UserError("The model has learnt from pairs that happened, not from ratings. Train one with explicit feedback.")
    if len(model.items_) <= n:
        raise UserError(f"The model has {len(model.items_)} items, and {n} are to be recommended of them. Take a smaller n.")
    learnt, held = model.learnt_ratings_, model.holdout_ratings_
    users = _asked(learnt, seed)
    fifths = {"user": served.fifth_of_each(model.user_counts_), "item": served.fifth_of_each(model.item_counts_)}
    report: dict[str, object] = {"users": len(model.users_), "items": len(model.items_), "ratings": len(learnt), "n": n,
              "ratings_by_most_active_tenth": served.share_of_most_active(model.user_counts_),
              "ratings_of_most_popular_tenth": served.share_of_most_active(model.item_counts_)}
    judged = held if len(held) else learnt
    errors = model._predicted(judged.user_index, judged.item_index, judged.times)[0].clip(*model.rating_range_) - judged.values
    report |= {"judged_by": "held-out ratings" if len(held) else "the ratings learnt from",
               "rmse_by_activity": served.rmse_by_fifth(errors, fifths["user"][judged.user_index]),
               "rmse_by_popularity": served.rmse_by_fifth(errors, fifths["item"][judged.item_index])}
    scores = _unseen_scores(model, users, learnt)
    lists = _lists(model, users, scores, fifths["item"], n, item_columns)
    found = [_group(model, side, name, column, judged, errors, users, scores, n)
             for side, (columns, names) in (groups or {}).items() for name, column in zip(names, columns.T, strict=True)]
    loop = _loop(learnt, users, fifths["item"], n=n, rounds=rounds, seed=seed, noise=float(np.sqrt(np.mean(errors ** 2))),
                 rating_range=model.rating_range_)
    return report | {"lists": [asdict(one) for one in lists], "groups": [asdict(one) for one in found], "loop": [asdict(one) for one in loop]}


def _asked(learnt: Ratings, seed: int) -> np.ndarray:
    """The users that recommendations are made to: those with ratings, or some of them, drawn by seed."""
    users = np.unique(learnt.user_index)
    most = max(1, MOST_SCORES // learnt.n_items)
    return users if len(users) <= most else np.sort(np.random.default_rng(seed).choice(users, most, replace=False))


def _unseen_scores(model: CollabFilter, users: np.ndarray, known: Ratings) -> np.ndarray:
    """(n_users, n_items) scores, −∞ of what these users have rated and of items that nobody has."""
    scores = np.array(predict_rows(model._draws, users, np.arange(known.n_items), bounds=model.settings_.bounds), np.float64)
    scores[:, model.item_counts_ == 0] = -np.inf
    rows = np.searchsorted(users, known.user_index)
    rows[rows == len(users)] = 0
    mine = users[rows] == known.user_index
    scores[rows[mine], known.item_index[mine]] = -np.inf
    return scores


def _group(model: CollabFilter, side: str, name: str, column: np.ndarray, judged: Ratings, errors: np.ndarray, users: np.ndarray,
           scores: np.ndarray, n: int) -> ServedGroup:
    """What is told of those with something in a column: a category, or a number above 0 or above the mean, which is 0 in these columns."""
    inside, learnt, counts = column > 0, model.learnt_ratings_, model.item_counts_
    mine = inside[getattr(judged, f"{side}_index")]
    told = ServedGroup(side, f"{name} above the mean" if (column < 0).any() else name, int(inside.sum()),
                       float(inside[getattr(learnt, f"{side}_index")].mean()), float(np.sqrt(np.mean(errors[mine] ** 2))) if mine.any() else None)
    theirs = slice(None) if side == "item" else inside[users]
    shown = served.shown_of(served.best(scores[theirs], n), scores[theirs])
    if not len(shown):
        return told
    if side == "item":
        return replace(told, recommended=float(inside[shown].mean()))
    usual = served.mean_popularity(learnt.user_index, learnt.item_index, counts, learnt.n_users)[users][theirs]
    return replace(told, lift=served.popularity_lift(shown, usual, counts))


def _lists(model: CollabFilter, users: np.ndarray, scores: np.ndarray, item_fifths: np.ndarray, n: int, columns: np.ndarray | None) -> list[ServedList]:
    learnt, held, counts = model.learnt_ratings_, model.holdout_ratings_, model.item_counts_
    if not np.isfinite(scores).any():
        raise UserError("Every user has rated every item, so that nothing is left to recommend.")
    usual = served.mean_popularity(learnt.user_index, learnt.item_index, counts, learnt.n_users)[users]
    liked = _liked(held, users, learnt)
    orders = {"by prediction": served.best(scores, n)}
    for discount in DISCOUNTS:
        orders[f"popularity discounted by {discount:g}"] = served.best(served.discounted(scores, counts, discount * model.spread_), n)
    if columns is not None:
        shares = np.abs(columns) / np.maximum(np.abs(columns).sum(1, keepdims=True), 1e-12)
        wanted = np.zeros((learnt.n_users, shares.shape[1]))
        np.add.at(wanted, learnt.user_index, shares[learnt.item_index])
        wanted = (wanted / np.maximum(wanted.sum(1, keepdims=True), 1e-12))[users]
        orders["calibrated to the user's genres"] = served.calibrated(scores, shares, wanted, n, served.CALIBRATION)
    return [_served(order, chosen, scores, item_fifths, usual, counts, model.rating_range_, liked) for order, chosen in orders.items()]


def _served(order: str, chosen: np.ndarray, scores: np.ndarray, item_fifths: np.ndarray, usual: np.ndarray, counts: np.ndarray,
            rating_range: tuple[float, float], liked: np.ndarray | None) -> ServedList:
    shown, worth = served.shown_of(chosen, scores), np.take_along_axis(scores, chosen, 1)
    return ServedList(order, served.exposure(shown, item_fifths), served.popularity_lift(shown, usual, counts),
                      len(np.unique(shown)) / int((counts > 0).sum()), float(worth[np.isfinite(worth)].clip(*rating_range).mean()),
                      None if liked is None else served.share_found(chosen, liked))


def _liked(held: Ratings, users: np.ndarray, learnt: Ratings) -> np.ndarray | None:
    """(n_users, n_items) bool: what these users have rated the mean or more, and no fit has seen."""
    if not len(held):
        return None
    table = np.zeros((len(users), held.n_items), bool)
    wanted = (held.values >= learnt.values.mean()) & np.isin(held.user_index, users)
    table[np.searchsorted(users, held.user_index[wanted]), held.item_index[wanted]] = True
    return table


def _loop(learnt: Ratings, users: np.ndarray, item_fifths: np.ndarray, *, n: int, rounds: int, seed: int, noise: float,
          rating_range: tuple[float, float]) -> list[Round]:
    """Rounds in which each user takes one of the items recommended, drawn by seed, and rates it as predicted, but for noise; the next model
    learns from that, too."""
    from solver.collab.collab_filter import CollabFilter

    rng, now, found = np.random.default_rng(seed), learnt, []
    for number in range(1, rounds + 1):
        model = CollabFilter(LOOP_FACTORS, effort="quick", random_state=seed, rating_range=rating_range, device="cpu").fit(now)
        scores = _unseen_scores(model, users, now)
        chosen = served.best(scores, n)
        shown = served.shown_of(chosen, scores)
        if not len(shown):
            break       # everybody has rated everything
        found.append(Round(number, served.exposure(shown, item_fifths), len(np.unique(shown)) / int((item_fifths >= 0).sum()), len(now)))
        taken = chosen[np.arange(len(users)), rng.integers(n, size=len(users))]
        there = np.isfinite(scores[np.arange(len(users)), taken])      # who has rated nearly all has nothing left
        rated = np.clip(scores[np.arange(len(users)), taken] + noise * rng.standard_normal(len(users)), *rating_range)
        now = Ratings(now.users, now.items, np.append(now.user_index, users[there]), np.append(now.item_index, taken[there]),
                      np.append(now.values, rated[there]))
    return found
