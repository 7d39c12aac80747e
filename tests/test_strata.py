"""Blocks of ratings that share no row: nothing is lost, nothing meets, and no block is out of proportion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.fused.strata import dealt
from solver.gpu.device_strata import FEWEST_OF_A_BLOCK, PER_PROCESSOR, device_strata, fitting_blocks


@st.composite
def ratings(draw):
    """(users, items, n_users, n_items): pairs in any order, often the same row, some rows empty."""
    n_users, n_items, count = draw(st.integers(1, 30)), draw(st.integers(1, 30)), draw(st.integers(1, 200))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    users, items = (torch.as_tensor((rng.random(count) ** 3 * n).astype(np.int32)) for n in (n_users, n_items))
    return users, items, n_users, n_items


def blocks_of(strata):
    edges = strata.edges.tolist()
    parts = [strata.order[first:after] for first, after in zip(edges[:-1], edges[1:])]
    return [parts[s * strata.blocks:(s + 1) * strata.blocks] for s in range(strata.blocks)]


@settings(deadline=None)
@given(ratings(), st.integers(1, 9))
def test_every_rating_is_in_one_block_and_no_two_blocks_of_a_stratum_share_a_row(given, blocks):
    users, items, n_users, n_items = given
    strata = device_strata(users, items, n_users, n_items, blocks=blocks)
    assert strata.order.sort().values.tolist() == list(range(len(users)))
    assert strata.edges[0] == 0 and strata.edges[-1] == len(users) and len(strata.edges) == blocks ** 2 + 1
    for stratum in blocks_of(strata):
        for rows in (users, items):
            met = [set(rows[part].tolist()) for part in stratum]
            assert sum(map(len, met)) == len(set().union(*met))


@settings(deadline=None)
@given(ratings(), st.integers(1, 9))
def test_within_a_block_ratings_stay_in_their_order_and_the_same_input_gives_the_same_blocks(given, blocks):
    users, items, n_users, n_items = given
    one, two = (device_strata(users, items, n_users, n_items, blocks=blocks) for _ in range(2))
    assert torch.equal(one.order, two.order) and torch.equal(one.edges, two.edges)
    assert all((part.diff() > 0).all() for stratum in blocks_of(one) for part in stratum)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200), st.integers(1, 20))
def test_no_two_groups_differ_by_more_than_the_busiest_row(counts, groups):
    sums = np.bincount(dealt(np.array(counts), groups), weights=counts, minlength=groups)
    assert sums.max() - sums.min() <= max(counts)


def test_more_blocks_only_while_they_are_worth_it():
    even = np.full(10_000, 100)                         # a million ratings, no row busier than others
    assert fitting_blocks(even, even, processors=1000) == (1_000_000 // FEWEST_OF_A_BLOCK) ** 0.5  # enough ratings in a block
    assert fitting_blocks(even, even, processors=4) == 4 * PER_PROCESSOR                # enough to do for the GPU
    busy = np.append(even[:-1], 100_000)
    assert fitting_blocks(even, busy, processors=1000) == 2 * 1_000_000 // 100_000     # the busiest row is the limit
    assert fitting_blocks(np.array([50, 50]), np.array([10] * 10), processors=1000) == 2
    assert fitting_blocks(np.array([1]), np.array([1]), processors=1000) == 1


@pytest.mark.parametrize("blocks", [16, 300])  # keys of 16 bits and of more are sorted in different ways
def test_blocks_of_many_ratings_are_alike(blocks):
    """With rows of equal weight a block is a sum of that many chances: its size is close to n / blocks²."""
    rng = np.random.default_rng(0)
    users, items = (torch.as_tensor(rng.integers(0, 5000, 900_000, dtype=np.int32)) for _ in range(2))
    sizes = device_strata(users, items, 5000, 5000, blocks=blocks).edges.diff().double()
    mean = 900_000 / blocks ** 2
    assert sizes.sum() == 900_000 and sizes.max() < mean + 8 * mean ** 0.5 and sizes.min() > mean - 8 * mean ** 0.5
