"""How good predictions are: of ratings, and of an order. Plain functions on arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError

SCORES_AT_ONCE = 20_000_000     # scores held in memory while all items are ranked


def root_mean_squared_error(predicted: np.ndarray, actual: np.ndarray) -> float:
    """√ mean (r̂ − r)², of arrays of one length."""
    return float(np.sqrt(np.mean(_errors(predicted, actual) ** 2)))


def mean_absolute_error(predicted: np.ndarray, actual: np.ndarray) -> float:
    """mean |r̂ − r|, of arrays of one length."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """The share of pairs (a positive, a negative) in which the positive has the higher score, a tie
    counting half: the area under the ROC curve (Mann & Whitney 1947). Scores (n,) and (m,)."""
    positive, negative = np.asarray(positive), np.sort(np.asarray(negative))
    _some(positive, negative)
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).mean() / (2 * len(negative)))


def ranks(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """The place of each positive, the first being 1, among itself and all the negatives; with a tie,
    the middle of the places that it may have. Scores (n,) and (m,), result (n,) float64."""
    negative = np.sort(np.asarray(negative))
    above = len(negative) - np.searchsorted(negative, positive, side="right")
    level = len(negative) - np.searchsorted(negative, positive, side="left") - above
    return 1.0 + above + level / 2


def hit_rate(places: np.ndarray, n: int = 10) -> float:
    """The share of held-out items that stand among the first `n`; `places` (n_items,) as of `ranks`."""
    return float(np.mean(np.asarray(places) <= n))


def ndcg(places: np.ndarray, n: int = 10) -> float:
    """Normalised discounted cumulative gain of one list whose relevant items stand at `places`: the sum
    of 1 / log₂(1 + place) over those among the first `n`, over the most it could be (Järvelin &
    Kekäläinen 2002, binary relevance)."""
    places = np.asarray(places, dtype=np.float64)
    _some(places)
    gains = 1 / np.log2(1 + places[places <= n])
    return float(gains.sum() / (1 / np.log2(2 + np.arange(min(n, len(places))))).sum())


@dataclass(frozen=True)
class Ranking:
    """How well held-out pairs are told from the rest, each measure a mean over the users who have
    some: `auc`; `hit_rate`, the share of users with a held-out item among their first n; `ndcg` and
    `recall` of the first n; `n_users`, how many there were."""

    auc: float
    hit_rate: float
    ndcg: float
    recall: float
    n_users: int


def ranking(scores_of: Callable[[np.ndarray], np.ndarray], known: Ratings, held: Ratings, *, n: int = 10,
            negatives: int | None = None, seed: int = 0) -> Ranking:
    """Rank each user's held-out items among those that the user has nothing to do with.

    `scores_of(users)` gives the scores of all items for some users: (len(users), n_items). Items
    `known` of a user are left out of the list. `negatives` None ranks among all other items; a number
    draws that many of them by `seed`, which is cheaper and flatters (Krichene & Rendle 2020). A tie
    takes the middle of its places. Raises UserError where nothing is held out.
    """
    if not len(held):
        raise UserError("No pair is held out to rank. Hold some out.")
    rng = np.random.default_rng(seed)
    users = np.unique(held.user_index)
    known_of, held_of = _by_user(known), _by_user(held)
    rows = []
    at_once = max(1, SCORES_AT_ONCE // known.n_items)
    for first in range(0, len(users), at_once):
        part = users[first:first + at_once]
        for user, scores in zip(part, np.asarray(scores_of(part))):
            wanted = np.unique(held_of(user))
            other = np.ones(known.n_items, bool)
            other[known_of(user)] = other[wanted] = False
            others = np.flatnonzero(other)
            if not len(others):
                continue  # who has everything: there is no order to get wrong
            if negatives is not None:
                others = rng.choice(others, min(negatives, len(others)), replace=False)
            rows.append(_measures(scores[wanted], scores[others], n))
    if not rows:
        raise UserError("Every user with held-out pairs has all items, so that there is nothing to rank them among.")
    return Ranking(*np.mean(rows, axis=0).tolist(), len(rows))


def _measures(positive: np.ndarray, negative: np.ndarray, n: int) -> tuple[float, float, float, float]:
    among_negatives = ranks(positive, negative)
    # in the list of a user the positives stand among one another too
    places = among_negatives + np.argsort(np.argsort(among_negatives, kind="stable"), kind="stable")
    return (auc(positive, negative), float((places <= n).any()), ndcg(places, n),
            float((places <= n).sum() / min(n, len(places))))


def _by_user(ratings: Ratings) -> Callable[[int], np.ndarray]:
    order = np.argsort(ratings.user_index, kind="stable")
    ends = np.cumsum(np.bincount(ratings.user_index, minlength=ratings.n_users))

    def items_of(user: int) -> np.ndarray:
        return ratings.item_index[order[ends[user - 1] if user else 0:ends[user]]]

    return items_of


def _errors(predicted, actual) -> np.ndarray:
    predicted, actual = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if predicted.shape != actual.shape:
        raise UserError(f"There are {predicted.size} predictions and {actual.size} ratings. Give as many of each.")
    _some(actual)
    return predicted - actual


def _some(*arrays: np.ndarray) -> None:
    if not all(len(array) for array in arrays):
        raise UserError("There is nothing to measure: an array is empty.")
