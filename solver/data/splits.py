"""Splits ratings into those that a fit learns from and those that judge it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.errors import UserError

from .ratings import Ratings

SPLITS = ("random", "time")


def split_off(ratings: Ratings, share: float = 0.1, *, seed: int = 0, by: str = "random") -> tuple[Ratings, Ratings]:
    """(training ratings, hold-out ratings): `share` of them, drawn by `seed`, or the latest by time.

    Both know all users and items, so that their indices mean the same. Raises UserError for a share
    that leaves one side empty, and for a split by time of ratings without times.
    """
    if by not in SPLITS:
        raise UserError(f"A split by {by!r} is not known. Choose one of: {', '.join(SPLITS)}.")
    if not (isinstance(share, (int, float)) and 0 < share < 1):
        raise UserError(f"The hold-out share is {share!r}. Give a number between 0 and 1, such as 0.1.")
    n = len(ratings)
    held = round(n * share)
    if not 0 < held < n:
        raise UserError(f"A hold-out of {share:g} of {n} ratings leaves one side empty. Choose another share.")
    if by == "time":
        if ratings.times is None:
            raise UserError("The ratings have no times to split by. Split at random, or give a column of times.")
        order = np.argsort(ratings.times, kind="stable")  # the latest last
    else:
        order = np.random.default_rng(seed).permutation(n)
    apart = np.zeros(n, bool)
    apart[order[n - held:]] = True
    return ratings.take(~apart), ratings.take(apart)


def hold_out(ratings: Ratings, share: float, *, seed: int = 0) -> np.ndarray:
    """(n_ratings,) bool: which of few ratings to hold out, `share` of them drawn by `seed`.

    Unlike `split_off` it leaves every user and every item a rating to be learnt from, so that there may be
    fewer. Raises UserError for a share that is not from 0 to below 1.
    """
    if isinstance(share, bool) or not (isinstance(share, (int, float)) and 0 <= share < 1):
        raise UserError(f"The hold-out share is {share!r}. Give a number from 0 to below 1, such as 0.1.")
    of_user = np.bincount(ratings.user_index, minlength=ratings.n_users)
    of_item = np.bincount(ratings.item_index, minlength=ratings.n_items)
    apart, wanted = np.zeros(len(ratings), bool), round(len(ratings) * share)
    for place in np.random.default_rng(seed).permutation(len(ratings)):
        if wanted == 0:
            break
        user, item = ratings.user_index[place], ratings.item_index[place]
        if of_user[user] > 1 and of_item[item] > 1:
            of_user[user] -= 1
            of_item[item] -= 1
            apart[place], wanted = True, wanted - 1
    return apart


def folds(ratings: Ratings, n: int = 5, *, seed: int = 0, by: str = "random") -> Iterator[tuple[Ratings, Ratings]]:
    """`n` pairs (training ratings, hold-out ratings); every rating is held out exactly once. By ``"time"`` there are n + 1 parts of as
    many ratings, one after the other, and each but the first is held out from a fit of all before it."""
    if by not in SPLITS:
        raise UserError(f"A split by {by!r} is not known. Choose one of: {', '.join(SPLITS)}.")
    if not 2 <= n <= len(ratings):
        raise UserError(f"{n} folds of {len(ratings)} ratings make no sense. Choose 2 or more, up to a fold a rating.")
    if by == "time":
        if ratings.times is None:
            raise UserError("The ratings have no times to split by. Split at random, or give a column of times.")
        place = np.empty(len(ratings), np.int64)
        place[np.argsort(ratings.times, kind="stable")] = np.arange(len(ratings))
        for number in range(1, n + 1):
            since, until = (round(len(ratings) * at / (n + 1)) for at in (number, number + 1))
            yield ratings.take(place < since), ratings.take((place >= since) & (place < until))
        return
    fold = np.random.default_rng(seed).permutation(len(ratings)) % n
    for number in range(n):
        yield ratings.take(fold != number), ratings.take(fold == number)


def part(ratings: Ratings, enough: int) -> Ratings:
    """All ratings of some users, about `enough` in all: with them go the counts that users have."""
    if len(ratings) <= enough:
        return ratings
    chosen = np.random.default_rng(0).random(ratings.n_users) < enough / len(ratings)
    return ratings.take(chosen[ratings.user_index])
