"""The additive models, compared with numpy that is written as the equations stand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import ADDITIVE, BOUNDS, planted, settings

from solver import predict, predict_table, random_factors, rmse


@pytest.fixture(params=ADDITIVE)
def case(request):
    """(ratings, factors, bounds, the table of predictions by numpy)"""
    ratings, chosen = planted(), settings(request.param)
    factors = random_factors(ratings, model=request.param, n_factors=2, seed=1, **BOUNDS)
    plain = {name: t.numpy() for name, t in factors.tensors().items()}
    table = np.array([[sum(p * q) for q in plain["item"]] for p in plain["user"]])
    if "user_bias" in plain:
        table = table + plain["user_bias"][:, None] + plain["item_bias"]
    if chosen.bounds:
        low, high = chosen.bounds
        table = low + (high - low) / (1 + np.exp(-table))
    return ratings, factors, chosen.bounds, table


def test_the_table_is_the_equation(case):
    _, factors, bounds, table = case
    np.testing.assert_allclose(predict_table(factors, bounds=bounds).numpy(), table, rtol=1e-14)


def test_pairs_are_entries_of_the_table(case):
    ratings, factors, bounds, table = case
    pairs = predict(factors, torch.as_tensor(ratings.user_index), torch.as_tensor(ratings.item_index),
                    bounds=bounds)
    np.testing.assert_allclose(pairs.numpy(), table[ratings.user_index, ratings.item_index],
                               rtol=1e-14)


def test_rmse_is_that_of_the_rated_pairs_only(case):
    ratings, factors, bounds, table = case
    expected = np.sqrt(np.nanmean((ratings.crosstab() - table) ** 2))
    assert rmse(factors, ratings, bounds=bounds) == pytest.approx(expected, rel=1e-14)


def test_bounded_predictions_stay_in_the_range_however_large_the_factors():
    ratings = planted()
    factors = random_factors(ratings, model="bounded", n_factors=2, seed=0, **BOUNDS)
    table = predict_table(factors.map(lambda t: 1e6 * t), bounds=(1.0, 5.0))
    assert table.min() >= 1.0 and table.max() <= 5.0
