"""Ratings sorted by block, compiled: one pass counts, one puts every rating where it belongs.

The limit: 12 bytes a rating are read twice and written once, 36 bytes, 0.8 ns at 46 GB/s. A random walk through
the ratings, which gathering them in sorted order is, takes ten times as long.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .parts.kernel_parts import EDITION, compiled


@cache
def sort_kernel():
    """The kernel, for row numbers of 32 bits."""
    edition = EDITION

    @compiled
    def sort_by_block(users, items, ratings, group, groups, edges, to_users, to_items, to_ratings):
        """See `reference.sort_by_block`."""
        edition
        for j in range(len(users)):
            of_user, of_item = np.int64(group[users[j]]), np.int64(group[items[j]])
            edges[(of_item - of_user + groups) % groups * groups + of_user + 1] += 1
        for block in range(len(edges) - 1):
            edges[block + 1] += edges[block]
        free = edges.copy()
        for j in range(len(users)):
            of_user, of_item = np.int64(group[users[j]]), np.int64(group[items[j]])
            block = (of_item - of_user + groups) % groups * groups + of_user
            to = free[block]
            to_users[to], to_items[to], to_ratings[to] = users[j], items[j], ratings[j]
            free[block] = to + 1

    return sort_by_block
