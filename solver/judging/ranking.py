"""Held-out pairs judged by any metrics of the table: of predicted ratings, or of the order of all items."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError

from .metrics import METRICS, AllRankings, UserRanking, check_metrics, ranks

SCORES_AT_ONCE = 20_000_000     # scores held in memory while all items are ranked

ScoresOf = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ranking(Mapping[str, float]):
    """How well held-out pairs are told from the rest: `measures` by name, as `METRICS` explains them, and `n_users`, how
    many users have held-out pairs. A mapping: ``found["ndcg"]``."""

    measures: Mapping[str, float]
    n_users: int

    def __getitem__(self, name: str) -> float:
        return self.measures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)


def ranking(scores_of: ScoresOf, known: Ratings, held: Ratings, *, n: int = 10, negatives: int | None = None,
            seed: int = 0) -> Ranking:
    """Rank each user's held-out items among those that the user has nothing to do with, and judge the lists by all
    metrics of an order.

    `scores_of(users)` gives the scores of all items for some users: (len(users), n_items). Items
    `known` of a user are left out of the list. `negatives` None ranks among all other items; a number
    draws that many of them by `seed`, which is cheaper and flatters (Krichene & Rendle 2020). A tie
    takes the middle of its places. Raises UserError where nothing is held out.
    """
    if not len(held):
        raise UserError("No pair is held out to rank. Hold some out.")
    if n < 1:
        raise UserError(f"n is {n!r}. Give a whole number of 1 or more.")
    users = list(_lists(scores_of, known, held, n, negatives, np.random.default_rng(seed)))
    if not users:
        raise UserError("Every user with held-out pairs has all items, so that there is nothing to rank them among.")
    lists = AllRankings(users, np.bincount(known.item_index, minlength=known.n_items), known.n_users)
    of_users = {name: float(np.mean([metric.of_user(user, n) for user in users]))
                for name, metric in METRICS.items() if metric.of_user}
    of_all = {name: metric.of_all(lists, n) for name, metric in METRICS.items() if metric.of_all}
    return Ranking({name: (of_users | of_all)[name] for name in METRICS if not METRICS[name].of_ratings}, len(users))


def measured(metrics: Collection[str], *, predicted: Callable[[], np.ndarray], scores_of: ScoresOf, known: Ratings,
             held: Ratings, n: int = 10, liked: float | None = None) -> dict[str, float]:
    """These metrics of held-out ratings, by name.

    ``predicted()`` gives predictions of `held`, and ``scores_of(users)`` scores of all items; each is asked for where
    a metric needs it. Metrics of an order take held-out ratings of `liked` or more for items that the user likes; None:
    of the mean of the `known` ratings or more. Raises UserError for an unknown metric, and where nobody likes anything.
    """
    check_metrics(metrics)
    found: dict[str, float] = {}
    if any(METRICS[name].of_ratings for name in metrics):
        guesses = predicted()
        found |= {name: of(guesses, held.values) for name in metrics if (of := METRICS[name].of_ratings)}
    if len(found) < len(set(metrics)):
        least = float(known.values.mean(dtype=np.float64)) if liked is None else liked
        likes = held.values >= least
        if not likes.any():
            raise UserError(f"No held-out rating is {least:g} or more, so that there is no item that a user likes. "
                            "Take a lower rating for liked.")
        found |= ranking(scores_of, known, held.take(likes), n=n)
    return {name: found[name] for name in metrics}


def _lists(scores_of: ScoresOf, known: Ratings, held: Ratings, n: int, negatives: int | None,
           rng: np.random.Generator) -> Iterator[UserRanking]:
    users = np.unique(held.user_index)
    known_of, held_of = _by_user(known), _by_user(held)
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
            yield _list_of(scores, wanted, others, n)


def _list_of(scores: np.ndarray, wanted: np.ndarray, others: np.ndarray, n: int) -> UserRanking:
    among = ranks(scores[wanted], scores[others])
    # in the list of a user the relevant items stand among one another too
    places = among + np.argsort(np.argsort(among, kind="stable"), kind="stable")
    items = np.concatenate([wanted, others])
    top = np.argpartition(-scores[items], min(n, len(items)) - 1)[:n]
    return UserRanking(places, among, len(others), items[top])


def _by_user(ratings: Ratings) -> Callable[[int], np.ndarray]:
    order = np.argsort(ratings.user_index, kind="stable")
    ends = np.cumsum(np.bincount(ratings.user_index, minlength=ratings.n_users))

    def items_of(user: int) -> np.ndarray:
        return ratings.item_index[order[ends[user - 1] if user else 0:ends[user]]]

    return items_of
