"""Dot products of rated pairs on a CUDA GPU, in one Triton kernel: each row is read where it lies, and nothing else is written.

A pair asks for 8k bytes, mostly from the L2 cache where one side is a few thousand items: 100 million pairs with k = 65 are 52 GB.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

PAIRS, COLUMNS = 64, 32     # of one program; columns at a time


@triton.jit
def multiply_pairs(users, items, user_rows, item_rows, out, n, WIDTH: tl.constexpr, PAIRS: tl.constexpr, COLUMNS: tl.constexpr):
    """``out[j]`` = user_rows[users[j]] · item_rows[items[j]], rows of WIDTH numbers, for PAIRS pairs a program."""
    place = tl.program_id(0).to(tl.int64) * PAIRS + tl.arange(0, PAIRS)
    there = place < n
    p_at = user_rows + tl.load(users + place, mask=there, other=0).to(tl.int64)[:, None] * WIDTH
    q_at = item_rows + tl.load(items + place, mask=there, other=0).to(tl.int64)[:, None] * WIDTH
    products = tl.zeros((PAIRS, COLUMNS), out.dtype.element_ty)
    for first in tl.static_range(0, WIDTH, COLUMNS):
        column = first + tl.arange(0, COLUMNS)[None, :]
        inside = there[:, None] & (column < WIDTH)
        products += tl.load(p_at + column, mask=inside, other=0.0) * tl.load(q_at + column, mask=inside, other=0.0)
    tl.store(out + place, tl.sum(products, 1), mask=there)


def pair_products(user: Tensor, item: Tensor, users: Tensor, items: Tensor) -> Tensor:
    """x (n_pairs,) of the rows `users` of `user` (n_users, k) and `items` of `item` (n_items, k)."""
    out = user.new_empty(len(users))
    if len(users):
        multiply_pairs[(-(-len(users) // PAIRS),)](users, items, user.contiguous(), item.contiguous(), out, len(users),
                                                   WIDTH=user.shape[1], PAIRS=PAIRS, COLUMNS=COLUMNS)
    return out
