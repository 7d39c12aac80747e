"""The same passes as the kernels make, in plain numpy: to be read, to be tested against, and to fall
back on where numba cannot be loaded.

All work on a packed table (see `packed`): `users` and `items` (n,) are row numbers in it, `ratings`
(n,) the targets. A row's last columns are put right by `fixed`; `sums` takes what was met on the way.
"""

from __future__ import annotations

import numpy as np

from .parts.adamw_table import BETA, FLOOR, KEPT, LOG_BETA, LOG_KEPT, SQUARES, STEP, TAIL
from .parts.packed import LANES
from .parts.target import Link


def sgd_kernel(chunks: int, link: Link, given: int = 0):
    """Rating by rating; the first 16·given numbers of an item stay as they are."""
    width, first_learnt = LANES * chunks, LANES * given

    def sgd_pass(users, items, ratings, edges, first, after, table, decay, fixed, rate, offset, low, span, sums):
        """SGD over the ratings of the blocks first … after − 1; block b is edges[b] … edges[b + 1] − 1.

            p ← (1 − rate·decay_u) p − rate · ∂loss/∂x · q        q ← (1 − rate·decay_i) q − rate · ∂loss/∂x · p

        `decay` (rows,); `sums` (blocks, 2) gets each block's loss and squared error.
        """
        for block in range(first, after):
            loss = squares = 0.0
            for j in range(edges[block], edges[block + 1]):
                a, b = users[j], items[j]
                p, q = table[a, :width].copy(), table[b, :width].copy()
                worse, square, slope = errors(link, p @ q + offset, ratings[j], low, span)
                loss, squares = loss + worse, squares + square
                table[a, :width] = (1 - rate * decay[a]) * p - rate * slope * q
                table[b, first_learnt:width] = ((1 - rate * decay[b]) * q - rate * slope * p)[first_learnt:]
                _put_right(table, np.array([a]), np.array([True]), width, fixed)
                _put_right(table, np.array([b]), np.array([False]), width, fixed)
            sums[block] = loss, squares

    return sgd_pass


def adamw_kernel(chunks: int, link: Link):
    """Batch by batch, only the rows of the batch."""
    width = LANES * chunks

    def adamw_pass(users, items, ratings, size, table, n_users, done, step, plan, fixed, gradients, places,
                   offset, low, span, sums):
        """AdamW over batches of `size`, as `adamw_table` says, after `step` steps, on the gradient of a batch's mean loss.

        `done` (rows,) is the step up to which a row is up to date. `sums` gets loss and squared error.
        `gradients` and `places` are the kernel's work space and not needed here.
        """
        loss = squares = 0.0
        for begin in range(0, len(users), size):
            step += 1
            a, b = users[begin:begin + size], items[begin:begin + size]
            rows, place = np.unique(np.concatenate([a, b]), return_inverse=True)
            catch_up(table, rows, step - 1, n_users, done, plan, fixed, width)
            p, q = table[a, :width], table[b, :width]
            worse, square, slope = errors(link, (p * q).sum(1) + offset, ratings[begin:begin + size], low, span)
            loss, squares = loss + float(worse.sum()), squares + float(square.sum())
            g = np.zeros((len(rows), width), table.dtype)
            slope = (slope / len(a))[:, None]
            np.add.at(g, place, np.concatenate([slope * q, slope * p]))

            p, m, v = (table[rows, part * width:(part + 1) * width] for part in range(3))
            beta = plan[step, BETA]
            m, v = beta * m + (1 - beta) * g, SQUARES * v + (1 - SQUARES) * g ** 2
            p = plan[step, KEPT] * p - plan[step, STEP] * m / (np.sqrt(v) + plan[step, FLOOR])
            table[rows] = np.hstack([p, m, v])
            _put_right(table, rows, rows < n_users, width, fixed)
            done[rows] = step
        sums[:] = loss, squares

    return adamw_pass


def catch_up_kernel(chunks: int):
    """All rows at once."""
    def catch_up_all(table, n_users, done, step, plan, fixed):
        """Bring every row up to date with `step`."""
        catch_up(table, np.arange(len(table)), step, n_users, done, plan, fixed, LANES * chunks)

    return catch_up_all


def catch_up(table, rows, now, n_users, done, plan, fixed, width):
    """What the steps after done[rows] up to `now` do to rows without a gradient."""
    since = done[rows]
    rows, since = rows[since < now], since[since < now]
    p, m, v = (table[rows, part * width:(part + 1) * width] for part in range(3))
    beta = np.exp(plan[now, LOG_BETA] - plan[since, LOG_BETA])[:, None]
    kept = np.exp(plan[now, LOG_KEPT] - plan[since, LOG_KEPT])[:, None]
    squares = (SQUARES ** (now - since))[:, None]
    drift = kept * plan[since, TAIL][:, None] - beta / np.sqrt(squares) * plan[now, TAIL]
    p = kept * p - drift * m / (np.sqrt(v) + plan[since + 1, FLOOR][:, None])
    table[rows] = np.hstack([p, beta * m, squares * v])
    _put_right(table, rows, rows < n_users, width, fixed)
    done[rows] = now


def predict_kernel(chunks: int, link: Link):
    """Squared errors of given ratings."""
    width = LANES * chunks

    def square_sums(users, items, ratings, edges, first, after, table, offset, low, span, clip_low, clip_high, sums):
        """The sum of squared errors of each of the blocks first … after − 1, predictions clipped to a range."""
        for block in range(first, after):
            part = slice(edges[block], edges[block + 1])
            x = (table[users[part], :width] * table[items[part], :width]).sum(1) + offset
            predicted = x if link == Link.LINEAR else sigmoid(x) if link == Link.LOGISTIC else low + span * sigmoid(x)
            error = np.clip(predicted, clip_low, clip_high) - ratings[part]
            sums[block] = (error.astype(np.float64) ** 2).sum()

    return square_sums


def sort_kernel():
    """Ratings by block, those of a block in the order that they have."""
    def sort_by_block(users, items, ratings, group, groups, edges, to_users, to_items, to_ratings):
        """Write the ratings to the last three, sorted by block s·groups + b: stratum s, users of group b, items of
        group (b + s) mod groups. `group` (rows,); `edges` (groups² + 1,) gets the place where each block begins."""
        of_user, of_item = group[users], group[items]
        block = (of_item - of_user) % groups * groups + of_user
        edges[1:] = np.cumsum(np.bincount(block, minlength=groups * groups))
        order = np.argsort(block, kind="stable")
        to_users[:], to_items[:], to_ratings[:] = users[order], items[order], ratings[order]

    return sort_by_block


def errors(link, x, rating, low, span):
    """(loss, squared error, ∂loss/∂x), see `Link`."""
    if link == Link.LOGISTIC:
        error = sigmoid(x) - rating
        return np.maximum(x, 0) - x * rating + np.log1p(np.exp(-np.abs(x))), error ** 2, error
    if link == Link.BOUNDED:
        share = sigmoid(x)
        error = low + span * share - rating
        return error ** 2, error ** 2, 2 * error * span * share * (1 - share)
    error = x - rating
    return error ** 2, error ** 2, 2 * error


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _put_right(table, rows, are_users, width, fixed):
    """The columns of ones, and of zeros where there are no biases."""
    keep, add = (np.where(are_users[:, None], fixed[n], fixed[n + 2]) for n in (0, 1))
    table[rows, width - LANES:width] = table[rows, width - LANES:width] * keep + add
