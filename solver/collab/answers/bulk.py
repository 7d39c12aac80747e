"""Recommendations for many at once: one product of matrices a block of users, and the best of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from solver.data.rated import RatedItems

from .recommend import top_n

_AT_ONCE = 8_000_000    # scores held in memory: 64 MB

_CLOSE = 1e-9           # of their size, within which a product of matrices does not tell scores apart that are equal

BlockScores = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Wanted:
    """What is recommended: the `n` best of the positions `among` (m,) of items, in rising order, for each user; those that
    `seen` lists for a user are left out, where it is given."""

    n: int
    among: np.ndarray
    seen: RatedItems | None = None

    def best_of_one(self, user: int, scores: np.ndarray) -> np.ndarray:
        """Positions of the best items for one user, best first, by the scores (n_items,) of all; of equals the first comes
        first, and where fewer are left, there are as many as there are."""
        out = np.ones(len(scores), bool)
        out[self.among] = False
        if self.seen is not None:
            out[self.seen.by(user)] = True
        return top_n(scores, self.n, seen=np.flatnonzero(out))


def best_of_many(scores_of: BlockScores, scores_of_one: Callable[[int], np.ndarray], users: np.ndarray,
                 wanted: Wanted) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(positions of users, positions of items), a pair for every recommendation, block by block: what `best_of_one` gives
    user by user.

    ``scores_of(users, items)`` gives (len(users), len(items)) scores by one product; where these do not tell the best
    apart, ``scores_of_one(user)`` is asked, which gives equal items equal scores (n_items,) to the last bit.
    """
    at_once = max(1, _AT_ONCE // max(len(wanted.among), 1))
    for first in range(0, len(users), at_once):
        block = users[first:first + at_once]
        scores = np.array(scores_of(block, wanted.among), np.float64)
        if wanted.seen is not None:
            scores[_seen_in(block, wanted)] = -np.inf
        chosen, close = _best_of_rows(scores, wanted.n)
        for row in np.flatnonzero(close):
            chosen[row] = wanted.best_of_one(block[row], scores_of_one(block[row]))
        rows = np.repeat(np.arange(len(block)), [len(best) for best in chosen])
        found = [wanted.among[best] if not is_close else best for best, is_close in zip(chosen, close)]
        yield block[rows], np.concatenate(found) if found else np.empty(0, np.intp)


def _seen_in(users: np.ndarray, wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of a block's scores that belong to seen items."""
    lists = [wanted.seen.by(user) for user in users] if wanted.seen is not None else []
    rows = np.repeat(np.arange(len(users)), [len(items) for items in lists])
    items = np.concatenate(lists) if lists else np.empty(0, np.int64)
    columns = np.searchsorted(wanted.among, items)
    there = columns < len(wanted.among)
    there[there] = wanted.among[columns[there]] == items[there]
    return rows[there], columns[there]


def _best_of_rows(scores: np.ndarray, n: int) -> tuple[list[np.ndarray], np.ndarray]:
    """(columns of the `n` largest finite scores of each row, best first; whether some are too close to be told apart)"""
    import torch  # its choice of the best of many rows is the fastest

    n = min(n, scores.shape[1])
    more = min(n + 1, scores.shape[1])
    if not n:
        return [np.empty(0, np.intp)] * len(scores), np.zeros(len(scores), bool)
    values, columns = (found.numpy() for found in torch.topk(torch.from_numpy(scores), more, dim=1))
    with np.errstate(invalid="ignore"):     # −inf beside −inf
        close = (np.diff(values, axis=1) >= -_CLOSE * (1 + np.abs(values[:, :-1]))) & np.isfinite(values[:, 1:])
    there = np.isfinite(values[:, :n]).sum(1)
    return [row[:many] for row, many in zip(columns, there)], close.any(1)
