"""The made ratings of the benchmarks are what they say: alike by seed, long-tailed, with a truth to be found."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

sys.path.append(str(Path(__file__).parent / "benchmarks"))

import synthetic
from synthetic import PRESETS, Shape, blocks, generate, planted, resized, write_csv

from solver import Settings, fit, read_ratings, rmse, split_off
from solver.judging.baselines import bias_only

SMALL = Shape(users=300, items=200, ratings=12_000, interaction=0.8, factors=3, noise=0.4)


def columns(ratings):
    return ratings.user_index, ratings.item_index, ratings.values


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, again, other = (columns(generate(SMALL, seed=seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, again))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other))


@settings(max_examples=40, deadline=None)
@given(users=some.integers(1, 40), items=some.integers(1, 30), share=some.floats(0, 1), seed=some.integers(0, 2**32))
def test_as_many_ratings_as_asked_for_of_distinct_pairs_on_the_scale(users, items, share, seed):
    n = max(1, round(share * users * items))
    shape = Shape(users=users, items=items, ratings=n, scale=(0.5, 5.0, 0.5))
    ratings = generate(shape, seed=seed)
    assert len(ratings) == n and len(set(zip(*(index.tolist() for index in columns(ratings)[:2])))) == n
    assert ratings.user_index.max() < users and ratings.item_index.max() < items
    assert np.isin(ratings.values, np.arange(1, 11) / 2).all()
    assert [column.dtype for column in columns(ratings)] == [np.int32, np.int32, np.float32]


@pytest.mark.parametrize("block", [500, 5_000])
def test_blocks_are_whole_users_in_order_and_none_is_lost(monkeypatch, block):
    monkeypatch.setattr(synthetic, "BLOCK", block)
    parts = list(blocks(SMALL))
    assert len(parts) > 1 and sum(len(values) for _, _, values in parts) == SMALL.ratings
    for (before, _, _), (after, _, _) in zip(parts, parts[1:]):
        assert before.max() < after.min()


def test_a_long_tail_of_users_and_items_and_nobody_below_the_least():
    shape = PRESETS["ml-100k"]
    ratings = generate(shape)
    users, items = (np.bincount(index, minlength=n) for index, n in
                    ((ratings.user_index, shape.users), (ratings.item_index, shape.items)))
    assert users.min() == shape.least and 55 < np.median(users) < 75 and users.max() > 5 * users.mean()
    assert np.sort(items)[-shape.items // 10:].sum() > 0.35 * len(ratings)  # a tenth of the items, over a third of the ratings
    assert np.median(items) < 0.5 * items.mean()


def test_presets_have_the_mean_and_the_spread_of_their_originals():
    for name, mean, spread in (("ml-100k", 3.530, 1.126), ("ml-1m", 3.582, 1.117), ("ml-latest-small", 3.544, 1.058)):
        values = generate(PRESETS[name]).values
        assert values.mean() == pytest.approx(mean, abs=0.06) and values.std() == pytest.approx(spread, abs=0.05)


def test_biases_alone_predict_the_look_alike_as_badly_as_the_original():
    train, test = split_off(generate(PRESETS["ml-100k"]), 0.1)
    assert rmse(bias_only(train), test, clip=(1, 5)) == pytest.approx(0.944, abs=0.01)


def test_the_truth_explains_all_but_the_noise_and_a_fit_finds_much_of_it():
    """Rounding to whole stars adds 1/12 to the noise's variance; the scale is too wide to clip anything."""
    shape = replace(SMALL, users=150, items=100, ratings=5_000, scale=(-9.0, 15.0, 1.0))
    ratings = generate(shape)
    train, test = split_off(ratings, 0.1)
    truth, biases = rmse(planted(shape), ratings), rmse(bias_only(train), test)
    assert truth == pytest.approx(np.sqrt(shape.noise ** 2 + 1 / 12), abs=0.03)
    found = fit(train, settings=Settings(n_factors=3, weight_decay=0.05, seed=0, epochs=60))
    assert rmse(found.factors, test) < biases - 0.5 * (biases - truth)


def test_a_file_holds_the_same_ratings(tmp_path):
    shape = resized(PRESETS["ml-latest-small"], 2_000)
    write_csv(shape, tmp_path / "ratings.csv", seed=5)
    read, made = read_ratings(tmp_path / "ratings.csv")[0], generate(shape, seed=5)
    assert np.array_equal(read.values, made.values)
    assert [read.users[i] for i in read.user_index] == made.user_index.tolist()
    assert [read.items[i] for i in read.item_index] == made.item_index.tolist()


def test_resized_keeps_how_much_a_user_rates():
    shape = resized(PRESETS["ml-1m"], 10_000)
    assert shape.ratings == 10_000 and shape.users == 60 and shape.items == PRESETS["ml-1m"].items
