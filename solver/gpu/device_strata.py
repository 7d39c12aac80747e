"""Strata of very many blocks, made on the device: a GPU walks a stratum's blocks all at once.

Blocks are those of `strata`: users and items dealt into B groups each, stratum s the blocks (users of
group b, items of group (b + s) mod B). No two of a stratum share a row, and no two groups differ by
more ratings than the busiest row has, since rows are dealt to and fro, the busiest first: what
a group gains on another in one lap is at most the lap's largest count less its smallest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.sorting import stable_order, starts
from solver.fused.strata import dealt

FEWEST_OF_A_BLOCK = 16       # ratings of a block, in the mean: with fewer, most blocks wait for the largest
FEWEST_OF_A_COPY = 4096      # ratings of a row: with fewer, copies would learn too little in an epoch
PER_PROCESSOR = 16  # blocks that each of a GPU's multiprocessors walks at once, so that one computes while others load


@dataclass(frozen=True, eq=False)
class DeviceStrata:
    """Block b of stratum s is ``order[edges[s·B + b] : edges[s·B + b + 1]]``, B = `blocks`.

    `order` (n_ratings,) int64 are positions of ratings, `edges` (B² + 1,) int32.
    """

    order: Tensor
    edges: Tensor
    blocks: int


def device_strata(users: Tensor, items: Tensor, n_users: int, n_items: int, *, blocks: int | None = None,
                  processors: int = 1) -> DeviceStrata:
    """The ratings (users[j], items[j]) in blocks, on their device; within a block they stay in their order."""
    counts = [torch.bincount(index, minlength=n).cpu().numpy() for index, n in ((users, n_users), (items, n_items))]
    blocks = blocks or fitting_blocks(*counts, processors=processors)
    user_group, item_group = (torch.as_tensor(dealt(count, blocks), device=users.device).int() for count in counts)
    block = user_group.index_select(0, users)
    block += (item_group.index_select(0, items) - block).remainder_(blocks) * blocks
    order = stable_order(block, blocks * blocks)
    return DeviceStrata(order, starts(block.index_select(0, order), blocks * blocks), blocks)


def most_of_a_row(n_ratings: int, *, processors: int) -> int:
    """Ratings of a row beyond which it is walked as several (`row_copies`): a quarter of what a group of rows has."""
    return max(FEWEST_OF_A_COPY, n_ratings // (4 * PER_PROCESSOR * processors))


def fitting_blocks(user_counts: np.ndarray, item_counts: np.ndarray, *, processors: int) -> int:
    """B for a GPU of so many multiprocessors.

    An epoch takes as long as the longest block of each stratum, one after another. More blocks are
    more ratings at once, but nothing shortens the way through the busiest row (or copy of one, see
    `row_copies`), whose ratings are all walked in turn: beyond twice n / (its ratings) more blocks bring little.
    """
    n, busiest = int(user_counts.sum()), int(max(user_counts.max(), item_counts.max()))
    return max(1, min(math.isqrt(n // FEWEST_OF_A_BLOCK), 2 * n // busiest, PER_PROCESSOR * processors,
                      len(user_counts), len(item_counts)))
