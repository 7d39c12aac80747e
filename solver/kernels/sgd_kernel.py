"""Stochastic gradient descent, rating by rating, compiled.

The limit: a rating reads and writes two rows of `width` numbers. At 50 factors in float32 that is
2·256 bytes in and as many out, 1 kB, and 450 flops. Rows that lie in L2 (430 GB/s on the machine of
2 cores where this was measured) allow 4.8 ns a rating on one core, 414 GFLOP/s 2.2, and rows that come from
memory every time (46 GB/s) 22. Measured on one core: 7.8 ns at 90,000 ratings (20 bounded), 17 at 25 million,
where two cores come to 9.3. What is left is the chain of a dot product, its sum, the error and the update, of
which a core overlaps three or four ratings.
"""

from __future__ import annotations

from functools import cache

from .parts.kernel_parts import AHEAD, EDITION, compiled, errors, score
from .parts.vectors import load_vector, prefetch, splat, store


@cache
def sgd_kernel(chunks: int, link: int, given: int = 0):
    """The kernel for rows of 16·chunks numbers, 16·given of an item's are given: one that knows their length is a
    third faster."""
    last, link, edition = chunks - 1, int(link), EDITION

    @compiled
    def sgd_pass(users, items, ratings, edges, first, after, table, decay, fixed, rate, offset, low, span, sums):
        """See `reference.sgd_pass`."""
        edition
        one = ratings.dtype.type(1)
        keep_user, add_user = load_vector(fixed, 0, 0), load_vector(fixed, 1, 0)
        keep_item, add_item = load_vector(fixed, 2, 0), load_vector(fixed, 3, 0)
        for block in range(first, after):
            loss, squares = 0.0, 0.0
            for j in range(edges[block], edges[block + 1]):
                if j + AHEAD < len(users):
                    for c in range(chunks):
                        prefetch(table, users[j + AHEAD], c)
                        prefetch(table, items[j + AHEAD], c)
                a, b = users[j], items[j]
                worse, square, slope = errors(link, score(table, a, b, chunks) + offset, ratings[j], low, span, one)
                loss += worse
                squares += square
                move = splat(-rate * slope)
                keep_p, keep_q = splat(one - rate * decay[a]), splat(one - rate * decay[b])
                for c in range(given):
                    store(table, a, c, move * load_vector(table, b, c) + keep_p * load_vector(table, a, c))
                for c in range(given, last):
                    p, q = load_vector(table, a, c), load_vector(table, b, c)
                    store(table, a, c, move * q + keep_p * p)
                    store(table, b, c, move * p + keep_q * q)
                p, q = load_vector(table, a, last), load_vector(table, b, last)
                store(table, a, last, (move * q + keep_p * p) * keep_user + add_user)
                store(table, b, last, (move * p + keep_q * q) * keep_item + add_item)
            sums[block, 0], sums[block, 1] = loss, squares

    return sgd_pass
