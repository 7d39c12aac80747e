"""SGD rating by rating on a GPU: each program walks a block of ratings that shares no row with another.

The same arithmetic as `reference.sgd_kernel`, in float32. A program is one warp, which holds a row in its
registers. It stores rows that it may load again for the rating after the next, in other threads: the barrier
makes them seen there, which nothing else promises (Triton orders no accesses to global memory).
Rows of other programs' blocks are never changed, so the result is the same bit for bit.
"""

from __future__ import annotations

import triton
import triton.language as tl

from solver.kernels.parts.target import Link

_BOUNDED, _LOGISTIC = tl.constexpr(int(Link.BOUNDED)), tl.constexpr(int(Link.LOGISTIC))


@triton.jit(do_not_specialize=["turn"])
def walk_blocks(users, items, ratings, edges, sequence, rates, table, decay, sums, turn, offset, low, span,
         WIDTH: tl.constexpr, LANES: tl.constexpr, LINK: tl.constexpr):
    """Walk the blocks of stratum ``sequence[turn]``, one a program, at the learning rate ``rates[turn]``.

    `users` and `items` are rows of `table`, whose rows are WIDTH numbers as in `packed`; LANES is the power
    of two from WIDTH on. `sums` (blocks², 2) takes each block's loss and squared error.
    """
    block = tl.load(sequence + turn) * tl.num_programs(0) + tl.program_id(0)
    first, after = tl.load(edges + block), tl.load(edges + block + 1)
    rate = tl.load(rates + turn)
    column = tl.arange(0, LANES)
    inside = column < WIDTH
    loss, squares = 0.0, 0.0
    j = first
    a, b, rating = _rating(users, items, ratings, j, after)
    p, q = tl.load(table + a * WIDTH + column, mask=inside, other=0.0), tl.load(table + b * WIDTH + column, mask=inside, other=0.0)
    decay_p, decay_q = tl.load(decay + a), tl.load(decay + b)
    next_a, next_b, next_rating = _rating(users, items, ratings, j + 1, after)
    while j < after:
        j += 1
        # What the next rating needs is asked for before this one is computed; where it is a row of this one, it is mended below.
        next_p = tl.load(table + next_a * WIDTH + column, mask=inside, other=0.0)
        next_q = tl.load(table + next_b * WIDTH + column, mask=inside, other=0.0)
        next_decay_p, next_decay_q = tl.load(decay + next_a), tl.load(decay + next_b)
        later_a, later_b, later_rating = _rating(users, items, ratings, j + 1, after)
        keep_p, keep_q = 1.0 - rate * decay_p, 1.0 - rate * decay_q
        x = tl.sum(p * q) + offset
        if LINK == _BOUNDED:
            share = tl.sigmoid(x)
            error = low + span * share - rating
            slope = 2.0 * error * span * share * (1.0 - share)
            loss += error * error
        elif LINK == _LOGISTIC:
            error = tl.sigmoid(x) - rating
            slope = error
            loss += tl.maximum(x, 0.0) - x * rating + tl.log(1.0 + tl.exp(-tl.abs(x)))
        else:
            error = x - rating
            slope = 2.0 * error
            loss += error * error
        squares += error * error
        move = rate * slope
        moved_p = tl.where(column == WIDTH - 1, p, keep_p * p - move * q)   # the columns of ones stay
        moved_q = tl.where(column == WIDTH - 2, q, keep_q * q - move * p)
        tl.store(table + a * WIDTH + column, moved_p, mask=inside)
        tl.store(table + b * WIDTH + column, moved_q, mask=inside)
        tl.debug_barrier()
        p, q = tl.where(next_a == a, moved_p, next_p), tl.where(next_b == b, moved_q, next_q)
        a, b, rating, decay_p, decay_q = next_a, next_b, next_rating, next_decay_p, next_decay_q
        next_a, next_b, next_rating = later_a, later_b, later_rating
    tl.store(sums + 2 * block, loss)
    tl.store(sums + 2 * block + 1, squares)


@triton.jit
def _rating(users, items, ratings, j, after):
    there = j < after
    return (tl.load(users + j, mask=there, other=0).to(tl.int64), tl.load(items + j, mask=there, other=0).to(tl.int64),
            tl.load(ratings + j, mask=there, other=0.0))
