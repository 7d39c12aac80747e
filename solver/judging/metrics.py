"""How good predictions are: of ratings, and of an order. Plain functions on arrays, and the one table of them.

`solver.judging.ranking` makes the lists that metrics of an order judge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from solver.errors import UserError


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


def precision(places: np.ndarray, n: int = 10) -> float:
    """The share of the first `n` places of one list at which relevant items stand; `places` are all of theirs."""
    return float((np.asarray(places) <= n).sum() / n)


def recall(places: np.ndarray, n: int = 10) -> float:
    """The share of the relevant items of one list that stand among the first `n`; `places` are all of theirs."""
    _some(places)
    return hit_rate(places, n)


def average_precision(places: np.ndarray, n: int = 10) -> float:
    """The precision at the place of each relevant item among the first `n`, summed, over the most relevant items that
    can stand there. Its mean over users is known as MAP."""
    places = np.sort(np.asarray(places, dtype=np.float64))
    _some(places)
    found = places[places <= n]
    return float((np.arange(1, len(found) + 1) / found).sum() / min(n, len(places)))


def reciprocal_rank(places: np.ndarray, n: int = 10) -> float:
    """1 / (place of the first relevant item), or 0 where it is not among the first `n`. Its mean over users is known
    as MRR."""
    _some(places)
    first = np.min(places)
    return float(1 / first) if first <= n else 0.0


def ndcg(places: np.ndarray, n: int = 10) -> float:
    """Normalised discounted cumulative gain of one list whose relevant items stand at `places`: the sum
    of 1 / log₂(1 + place) over those among the first `n`, over the most it could be (Järvelin &
    Kekäläinen 2002, binary relevance)."""
    places = np.asarray(places, dtype=np.float64)
    _some(places)
    gains = 1 / np.log2(1 + places[places <= n])
    return float(gains.sum() / (1 / np.log2(2 + np.arange(min(n, len(places))))).sum())


@dataclass(frozen=True, eq=False)
class UserRanking:
    """One user's list: the items that the user has nothing to do with, ordered by their scores, and where the relevant
    ones stand in it.

    `places` (n_relevant,) are theirs, the first being 1, and `among` their places among the others alone; a tie takes
    the middle of its places. `first` are the item numbers at the first n places.
    """

    places: np.ndarray
    among: np.ndarray
    n_others: int
    first: np.ndarray

    @property
    def auc(self) -> float:
        """The share of pairs (relevant, other) in which the relevant item stands higher, a tie counting half."""
        return float(1 - (self.among - 1).mean() / self.n_others)


@dataclass(frozen=True, eq=False)
class AllRankings:
    """The lists of all users, and how many of the `n_users` are known to have chosen each item, (n_items,)."""

    users: Collection[UserRanking]
    chosen: np.ndarray
    n_users: int

    def coverage(self) -> float:
        """The share of all items that stand among the first n of somebody."""
        return len(np.unique(np.concatenate([user.first for user in self.users]))) / len(self.chosen)

    def novelty(self) -> float:
        """−log₂(share of users who have chosen an item), mean over the first n items of each user: 0 where everybody
        has chosen them (Castells, Hurley & Vargas 2015). An item that nobody has chosen counts as chosen by one."""
        surprise = -np.log2(np.maximum(self.chosen, 1) / self.n_users)
        return float(np.mean([surprise[user.first].mean() for user in self.users]))


@dataclass(frozen=True)
class Metric:
    """A row of the table: one sentence on what it measures, whether `more` of it is better, and one function.

    `of_ratings(predicted, actual)` judges predicted ratings, `of_user(list, n)` the first n items of one user, of which
    the mean over users is taken, and `of_all(lists, n)` the lists of all users together.
    """

    help: str
    more: bool
    of_ratings: Callable[[np.ndarray, np.ndarray], float] | None = None
    of_user: Callable[[UserRanking, int], float] | None = None
    of_all: Callable[[AllRankings, int], float] | None = None


METRICS = {
    "rmse": Metric("Root of the mean squared error of predicted ratings.", False, of_ratings=root_mean_squared_error),
    "mae": Metric("Mean absolute error of predicted ratings.", False, of_ratings=mean_absolute_error),
    "precision": Metric("Share of the first n items that the user likes.", True,
                        of_user=lambda user, n: precision(user.places, n)),
    "recall": Metric("Share of the items that the user likes that are among the first n.", True,
                     of_user=lambda user, n: recall(user.places, n)),
    "hit_rate": Metric("Share of users with an item that they like among the first n.", True,
                       of_user=lambda user, n: float((user.places <= n).any())),
    "ndcg": Metric("Normalised discounted cumulative gain of the first n items.", True,
                   of_user=lambda user, n: ndcg(user.places, n)),
    "map": Metric("Mean average precision of the first n items.", True,
                  of_user=lambda user, n: average_precision(user.places, n)),
    "mrr": Metric("Mean of 1 / (place of the first item that the user likes), within the first n.", True,
                  of_user=lambda user, n: reciprocal_rank(user.places, n)),
    "auc": Metric("Share of pairs of a liked and another item in which the liked one stands higher.", True,
                  of_user=lambda user, n: user.auc),
    "coverage": Metric("Share of all items that are among the first n of somebody.", True,
                       of_all=lambda lists, n: lists.coverage()),
    "novelty": Metric("How little known the first n items are: mean of -log2(share of users who chose them).", True,
                      of_all=lambda lists, n: lists.novelty()),
}


def check_metrics(names: Collection[str]) -> None:
    """Raise UserError for a name that is no metric."""
    for name in names:
        if name not in METRICS:
            raise UserError(f"The metric {name!r} is not known. Choose some of: {', '.join(METRICS)}.")


def _errors(predicted, actual) -> np.ndarray:
    predicted, actual = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if predicted.shape != actual.shape:
        raise UserError(f"There are {predicted.size} predictions and {actual.size} ratings. Give as many of each.")
    _some(actual)
    return predicted - actual


def _some(*arrays: np.ndarray) -> None:
    if not all(len(array) for array in arrays):
        raise UserError("There is nothing to measure: an array is empty.")
