"""Baselines: the mean, and damped biases, solved against plain loops and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted

from solver import Ratings, rmse, split_off
from solver.judging.baselines import bias_only, mean_only


def test_the_mean_predicts_every_pair_alike():
    ratings = planted()
    factors = mean_only(ratings)
    assert factors.offset == pytest.approx(ratings.values.mean())
    assert rmse(factors, ratings) == pytest.approx(ratings.values.std())


def test_biases_are_those_of_a_loop_over_the_ratings():
    ratings, damping = planted(seed=3), 5.0
    mean = sum(ratings.values) / len(ratings)
    rows = list(zip(ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist()))
    user, item = [0.0] * ratings.n_users, [0.0] * ratings.n_items
    for _ in range(2):
        for i in range(ratings.n_items):
            own = [r - mean - user[u] for u, j, r in rows if j == i]
            item[i] = sum(own) / (damping + len(own))
        for u in range(ratings.n_users):
            own = [r - mean - item[i] for v, i, r in rows if v == u]
            user[u] = sum(own) / (damping + len(own))
    factors = bias_only(ratings, damping=damping, sweeps=2)
    np.testing.assert_allclose(factors.user_bias, user, atol=1e-12)
    np.testing.assert_allclose(factors.item_bias, item, atol=1e-12)


def test_many_sweeps_minimise_the_penalised_squared_error():
    """Σ (r − μ − b_u − b_i)² + d (Σ b_u² + Σ b_i²) has one minimum, a linear system's solution."""
    ratings, damping = planted(seed=1), 3.0
    n, m = ratings.n_users, ratings.n_items
    design = np.zeros((len(ratings), n + m))
    design[np.arange(len(ratings)), ratings.user_index] = design[np.arange(len(ratings)), n + ratings.item_index] = 1
    best = np.linalg.solve(design.T @ design + damping * np.eye(n + m), design.T @ (ratings.values - ratings.values.mean()))
    found = bias_only(ratings, damping=damping, sweeps=200)
    np.testing.assert_allclose(np.concatenate([found.user_bias, found.item_bias]), best, atol=1e-10)


def test_who_has_no_rating_has_no_bias_and_who_has_one_has_a_small_one():
    ratings = Ratings((1, 2, 3), ("a", "b"), np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([5.0, 5.0, 1.0]))
    factors = bias_only(ratings, damping=5.0, sweeps=1)
    assert factors.user_bias[2] == 0
    assert -1 < factors.user_bias[1] < 0 < factors.user_bias[0] < 1


def test_without_damping_additive_ratings_are_predicted_exactly():
    table = np.array([1.0, 2, 3])[:, None] + np.array([0.5, 0, -0.5, 1])
    ratings = Ratings.from_crosstab(table, range(3), range(4))
    assert rmse(bias_only(ratings, damping=0.0, sweeps=2), ratings) < 1e-12


def test_biases_beat_the_mean_on_ratings_that_were_held_out():
    learnt, held = split_off(planted(60, 50, noise=0.2, seed=5), 0.2)
    assert rmse(bias_only(learnt), held) < 0.9 * rmse(mean_only(learnt), held)


def test_large_data_in_32_bits_give_the_same():
    ratings = planted(40, 30)
    small = Ratings(ratings.users, ratings.items, ratings.user_index.astype(np.int32), ratings.item_index.astype(np.int32),
                    ratings.values.astype(np.float32))
    np.testing.assert_allclose(bias_only(small).user_bias, bias_only(ratings).user_bias, atol=1e-6)
    assert bias_only(small).user_bias.numpy().dtype == np.float64
