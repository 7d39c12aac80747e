"""Orders ratings into strata, so that threads never update the same row at once.

Users and items are dealt into as many groups each; a block is the ratings of a group of users for a group
of items, and a stratum a set of blocks that share no group (Gemulla et al. 2011, "Large-scale matrix
factorization with distributed stochastic gradient descent"). Blocks of a stratum touch different rows, so they
may be learnt at once, and what comes out is the same bit for bit however many threads there are. There are
few groups: each time a block begins its rows come into the caches anew, and with 64 groups an epoch of 10
million ratings took half as long again as with 8.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

ONE_BLOCK = 1_000_000   # ratings below which threads cost more than they bring
PIECES = 16             # of one block: as many changes of the learning rate in an epoch
_MANY = 10_000_000       # ratings from which there are 16 groups and not 8

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]  # users and items as row numbers, and ratings, (n_ratings,) each


def stratify(columns: Columns, counts: np.ndarray, n_users: int, *, kernels: ModuleType,
             seed: int) -> tuple[Columns, np.ndarray]:
    """The ratings block by block, shuffled within each, and the edges of the blocks.

    `counts` (rows,) are the ratings that each row has. Of the edges (strata, blocks + 1), edges[s, b] to
    edges[s, b + 1] is block b of stratum s. Few ratings are one block, and its pieces are the strata.
    """
    rng, n = np.random.default_rng(seed), len(columns[0])
    if n < ONE_BLOCK:
        order, cuts = rng.permutation(n), np.linspace(0, n, PIECES + 1).astype(np.int64)
        users, items, values = (column[order] for column in columns)
        return (users, items, values), np.stack([cuts[:-1], cuts[1:]], axis=1)
    groups = 8 if n < _MANY else 16
    group = np.concatenate([dealt(counts[:n_users], groups), dealt(counts[n_users:], groups)])
    edges, sorted_ = np.zeros(groups * groups + 1, np.int64), [np.empty_like(column) for column in columns]
    kernels.sort_kernel()(*columns, group, groups, edges, *sorted_)
    for first, after in zip(edges[:-1], edges[1:]):
        order = rng.permutation(after - first)  # in place and in a cache, not in one random walk through all
        for column in sorted_:
            column[first:after] = column[first:after][order]
    users, items, values = sorted_
    return (users, items, values), np.stack([edges[s * groups:(s + 1) * groups + 1] for s in range(groups)])


def dealt(counts: np.ndarray, groups: int) -> np.ndarray:
    """A group for each row, (n_rows,) int16: the busiest first, dealt to and fro, so that all groups have
    about as many ratings."""
    place = np.empty(len(counts), np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    lap, seat = divmod(place, groups)
    return np.where(lap % 2, groups - 1 - seat, seat).astype(np.int16)
