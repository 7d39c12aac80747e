"""AdamW on batches, compiled: only the rows of a batch are touched, see `adamw_table` for the equations.

The limit: in a batch of 512 of a hundred thousand ratings a rating touches about 1.4 rows. A touch
reads and writes a row, its momentum and its squares, 768 bytes each way at 50 factors in float32:
7 ns of L2 on one core of two (430 GB/s for both). Catching up and stepping each take a square
root and a division of `width` numbers; no core does 16 of either in fewer than about 10 cycles, which is
4 · 2 · 2 · 10 cycles or 40 ns a touch and binds: 56 ns a rating. Measured: 101 to 106, as hand-written C++.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from .parts.adamw_table import BETA, FLOOR, KEPT, LOG_BETA, LOG_KEPT, SQUARES, STEP, TAIL
from .parts.kernel_parts import AHEAD, EDITION, compiled, errors, inlined, score
from .parts.vectors import load_vector, prefetch, root, splat, store

LOG_ROOT = 0.5 * math.log(SQUARES)


@inlined
def catch_up(table, row, since, now, plan, chunks, keep, add):
    """Apply to a row what the steps after `since` up to `now` do to it without a gradient."""
    if now <= since:
        return
    number = table.dtype.type
    beta = math.exp(plan[now, LOG_BETA] - plan[since, LOG_BETA])
    kappa = math.exp(plan[now, LOG_KEPT] - plan[since, LOG_KEPT])
    half = math.exp((now - since) * LOG_ROOT)
    drift = kappa * plan[since, TAIL] - beta / half * plan[now, TAIL]
    kept, moved, floor = splat(number(kappa)), splat(number(drift)), splat(number(plan[since + 1, FLOOR]))
    fade, shrink = splat(number(beta)), splat(number(half * half))
    for c in range(chunks):
        p, m, v = load_vector(table, row, c), load_vector(table, row, chunks + c), load_vector(table, row, 2 * chunks + c)
        p = kept * p - moved * m / (root(v) + floor)
        store(table, row, c, p * keep + add if c == chunks - 1 else p)
        store(table, row, chunks + c, fade * m)
        store(table, row, 2 * chunks + c, shrink * v)


@inlined
def move(table, row, gradients, place, now, plan, chunks, keep, add):
    """Step `now` of a row that is up to date with the one before."""
    number = table.dtype.type
    alpha, beta = splat(number(plan[now, STEP])), splat(number(plan[now, BETA]))
    kappa, floor = splat(number(plan[now, KEPT])), splat(number(plan[now, FLOOR]))
    new, gamma, rest = splat(number(1 - plan[now, BETA])), splat(number(SQUARES)), splat(number(1 - SQUARES))
    for c in range(chunks):
        g, p = load_vector(gradients, place, c), load_vector(table, row, c)
        m = beta * load_vector(table, row, chunks + c) + new * g
        v = gamma * load_vector(table, row, 2 * chunks + c) + rest * (g * g)
        p = kappa * p - alpha * m / (root(v) + floor)
        store(table, row, c, p * keep + add if c == chunks - 1 else p)
        store(table, row, chunks + c, m)
        store(table, row, 2 * chunks + c, v)


@cache
def adamw_kernel(chunks: int, link: int):
    """The kernel for rows of 3 · 16 · chunks numbers."""
    link, edition = int(link), EDITION

    @compiled
    def adamw_pass(users, items, ratings, size, table, n_users, done, step, plan, fixed, gradients, places,
                   offset, low, span, sums):
        """See `reference.adamw_pass`."""
        edition
        number = table.dtype.type
        one = number(1)
        nothing = splat(number(0))
        keep_user, add_user = load_vector(fixed, 0, 0), load_vector(fixed, 1, 0)
        keep_item, add_item = load_vector(fixed, 2, 0), load_vector(fixed, 3, 0)
        rows = np.empty(len(gradients), np.int32)
        loss, squares = 0.0, 0.0
        for begin in range(0, len(users), size):
            end, step, n = min(begin + size, len(users)), step + 1, 0
            for j in range(begin, end):
                if j + AHEAD < len(users):
                    for c in range(3 * chunks):
                        prefetch(table, users[j + AHEAD], c)
                        prefetch(table, items[j + AHEAD], c)
                if done[users[j]] < step:  # not met in this batch
                    row = users[j]
                    catch_up(table, row, done[row], step - 1, plan, chunks, keep_user, add_user)
                    rows[n], places[row], done[row], n = row, n, step, n + 1
                if done[items[j]] < step:
                    row = items[j]
                    catch_up(table, row, done[row], step - 1, plan, chunks, keep_item, add_item)
                    rows[n], places[row], done[row], n = row, n, step, n + 1
            for place in range(n):
                for c in range(chunks):
                    store(gradients, place, c, nothing)
            share = one / number(end - begin)
            for j in range(begin, end):
                a, b = users[j], items[j]
                worse, square, slope = errors(link, score(table, a, b, chunks) + offset, ratings[j], low, span, one)
                loss += worse
                squares += square
                g, to_user, to_item = splat(slope * share), places[a], places[b]
                for c in range(chunks):
                    p, q = load_vector(table, a, c), load_vector(table, b, c)
                    store(gradients, to_user, c, g * q + load_vector(gradients, to_user, c))
                    store(gradients, to_item, c, g * p + load_vector(gradients, to_item, c))
            for place in range(n):
                row = rows[place]
                if row < n_users:
                    move(table, row, gradients, place, step, plan, chunks, keep_user, add_user)
                else:
                    move(table, row, gradients, place, step, plan, chunks, keep_item, add_item)
        sums[0], sums[1] = loss, squares

    return adamw_pass


@cache
def catch_up_kernel(chunks: int):
    """The kernel that brings every row up to date, where an epoch is to be judged."""
    edition = EDITION

    @compiled
    def catch_up_all(table, n_users, done, step, plan, fixed):
        """See `reference.catch_up_all`."""
        edition
        keep_user, add_user = load_vector(fixed, 0, 0), load_vector(fixed, 1, 0)
        keep_item, add_item = load_vector(fixed, 2, 0), load_vector(fixed, 3, 0)
        for row in range(len(table)):
            if row < n_users:
                catch_up(table, row, done[row], step, plan, chunks, keep_user, add_user)
            else:
                catch_up(table, row, done[row], step, plan, chunks, keep_item, add_item)
            done[row] = step

    return catch_up_all
