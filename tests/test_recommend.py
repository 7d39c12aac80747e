"""What fitted factors are for: each answer against the equation written out, or another library's optimum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from solver import Factors, UserError, predict
from solver.collab.answers.recommend import explain, fold_in, members, newcomer_ridge, predictions_for, seen_by, similar, top_n

BOUNDS = (0.5, 5.5)


def factors_of(users=6, items=40, k=3, *, biases=True, offset=3.4, seed=0) -> Factors:
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return torch.as_tensor(0.5 * rng.standard_normal(shape))

    return Factors(normal(users, k), normal(items, k), *((normal(users), normal(items)) if biases else ()),
                   offset=offset if biases else 0.0)


def newcomer(factors, n, *, side="user", seed=1):
    """What a newcomer with n ratings is folded in from."""
    rng = np.random.default_rng(seed)
    features, base = seen_by(factors, side)
    rated = rng.permutation(len(base))[:n]
    return features[rated], base[rated], rng.uniform(1, 5, n), members(factors, side).mean(0)


# Choosing

SCORES = st.lists(st.sampled_from([-1.5, 0.0, 0.25, 1.0, 3.0, 3.5]), max_size=30)


@given(SCORES, st.integers(0, 40), st.data())
def test_top_n_is_the_head_of_a_stable_sort_of_the_unseen(scores, n, data):
    seen = data.draw(st.lists(st.integers(0, len(scores) - 1), unique=True)) if scores else []
    unseen = [i for i in range(len(scores)) if i not in seen]
    expected = sorted(unseen, key=lambda i: -scores[i])[:n]  # Python's sort is stable: ties by position
    assert top_n(np.array(scores), n, seen=seen).tolist() == expected


def test_who_rated_everything_is_recommended_nothing():
    assert top_n(np.arange(5.0), 3, seen=range(5)).tolist() == []


def test_top_n_leaves_the_predictions_alone_and_never_chooses_nan():
    predictions = np.array([1.0, np.nan, 3.0])
    assert top_n(predictions, 3, seen=[2]).tolist() == [0]
    np.testing.assert_array_equal(predictions, [1.0, np.nan, 3.0])


def test_similar_is_the_cosine_by_its_definition():
    rows = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    found, cosines = similar(rows, 7, 29)
    a = rows.astype(float) - rows.astype(float).mean(0)
    expected = {j: a[7] @ a[j] / np.linalg.norm(a[7]) / np.linalg.norm(a[j]) for j in range(30) if j != 7}
    assert found.tolist() == sorted(expected, key=expected.get, reverse=True)
    np.testing.assert_allclose(cosines, [expected[j] for j in found], rtol=1e-6)


def test_a_row_at_the_mean_lies_in_no_direction():
    rows = np.array([[6.0, 7], [5, 7], [7, 7], [2, 7]])
    assert [part.tolist() for part in similar(rows, 1, 3)] == [[], []]
    assert [part.tolist() for part in similar(rows, 0, 9)] == [[2, 3], [1.0, -1.0]]
    assert [part.tolist() for part in similar(np.full((4, 2), 0.1), 0, 3)] == [[], []]


def test_the_mean_is_that_of_the_rated():
    rows = np.array([[1.0, 1], [3, 1], [2, 5], [100, 100]])
    found, cosines = similar(rows, 0, 3, rated=np.array([True, True, True, False]), among=np.array([True, True, True, False]))
    own, two, three = rows[:3] - rows[:3].mean(0)
    assert found.tolist() == [1, 2]
    np.testing.assert_allclose(cosines, [own @ x / np.linalg.norm(own) / np.linalg.norm(x) for x in (two, three)])


def test_what_all_have_in_common_makes_nobody_alike():
    rows = np.random.default_rng(1).standard_normal((40, 3)) + 100.0
    _, cosines = similar(rows, 0, 39)
    assert cosines.max() > 0.9 and cosines.min() < -0.9


def test_equals_come_in_their_order_and_only_from_among():
    rows = np.array([[1.0], [2], [3], [-10], [4]])
    assert similar(rows, 2, 3)[0].tolist() == [0, 1, 4]
    assert similar(rows, 2, 3, among=np.array([False, True, True, True, True]))[0].tolist() == [1, 4, 3]


# Rows, and what they see

@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("bounds", [None, BOUNDS])
@pytest.mark.parametrize("side", ["user", "item"])
def test_rows_and_what_they_see_make_the_models_own_predictions(biases, bounds, side):
    factors = factors_of(biases=biases)
    features, base = seen_by(factors, side)
    everyone = torch.arange(len(base))
    for row, x in enumerate(members(factors, side)):
        pairs = (torch.full_like(everyone, row), everyone)
        expected = predict(factors, *(pairs if side == "user" else pairs[::-1]), bounds=bounds)
        np.testing.assert_allclose(predictions_for(x, features, base, bounds=bounds), expected, rtol=0, atol=1e-12)


def test_equal_items_get_equal_predictions_to_the_last_bit():
    item = torch.randn(1, 17, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    factors = Factors(torch.randn(1, 17, dtype=torch.float64), item.expand(1001, 17))
    assert len(set(predictions_for(members(factors, "user")[0], *seen_by(factors, "user")))) == 1


# A newcomer

@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("side", ["user", "item"])
@pytest.mark.parametrize("n, decay, k", [(20, 0.05, 3), (3, 0.1, 8), (1, 1.0, 1), (40, 0.0, 3)])
def test_a_newcomer_is_the_ridge_solution_by_its_formula(biases, side, n, decay, k):
    """x = x̄ + (FᵀF + λnI)⁻¹ Fᵀ(r − o − b − F x̄), as MMULT and MINVERSE compute it on a sheet."""
    features, base, values, typical = newcomer(factors_of(40, 40, k, biases=biases), n, side=side)
    found = fold_in(features, base, values, typical=typical, ridge=decay * n)
    gram = features.T @ features + decay * n * np.eye(len(typical))
    expected = typical + np.linalg.inv(gram) @ features.T @ (values - base - features @ typical)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bounds", [None, BOUNDS])
@pytest.mark.parametrize("n, decay", [(25, 0.02), (2, 0.1)])
def test_scipy_finds_no_better_newcomer(bounds, n, decay):
    features, base, values, typical = newcomer(factors_of(k=3), n)

    def loss(x):
        errors = values - predictions_for(x, features, base, bounds=bounds)
        return (errors ** 2).sum() + decay * n * ((x - typical) ** 2).sum()

    found = fold_in(features, base, values, typical=typical, ridge=decay * n, bounds=bounds)
    oracle = minimize(loss, typical, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000})
    assert loss(found) <= oracle.fun * (1 + 1e-12)
    np.testing.assert_allclose(found, oracle.x, atol=1e-5)


@pytest.mark.parametrize("n, ridge", [(30, 0.5), (4, 2.0), (100, 0.0)])
def test_a_bounded_newcomer_lies_where_the_gradient_is_zero(n, ridge):
    features, base, values, typical = newcomer(factors_of(items=100, k=4), n)
    x = fold_in(features, base, values, typical=typical, ridge=ridge, bounds=BOUNDS)
    low, high = BOUNDS
    share = 1 / (1 + np.exp(-(features @ x + base)))
    errors, slopes = values - low - (high - low) * share, (high - low) * share * (1 - share)
    gradient = features.T @ (errors * slopes) - ridge * (x - typical)
    assert np.abs(gradient).max() < 1e-10


@pytest.mark.parametrize("bounds", [None, BOUNDS])
def test_without_ratings_a_newcomer_is_the_average(bounds):
    features, base, values, typical = newcomer(factors_of(), 0)
    for ridge in (0.0, 5.0, newcomer_ridge(3, biases=True, spread=1.0)):
        x = fold_in(features, base, values, typical=typical, ridge=ridge, bounds=bounds)
        np.testing.assert_allclose(x, typical, atol=1e-14)


@pytest.mark.parametrize("bounds", [None, BOUNDS])
def test_too_few_ratings_without_decay_give_the_solution_nearest_to_the_average(bounds):
    features, base, values, typical = newcomer(factors_of(k=6), 3)
    x = fold_in(features, base, values, typical=typical, ridge=0.0, bounds=bounds)
    np.testing.assert_allclose(predictions_for(x, features, base, bounds=bounds), values, atol=1e-9)
    beside = np.linalg.svd(features)[2][3:]  # directions in which no rating is felt
    np.testing.assert_allclose(beside @ (x - typical), 0, atol=1e-7)


def test_items_with_the_same_factors_do_not_break_it():
    factors = factors_of(k=2, offset=0.0, biases=False)
    features = np.repeat(factors.item[:1].numpy(), 5, axis=0)
    x = fold_in(features, np.zeros(5), np.full(5, 2.0), typical=np.zeros(2), ridge=0.0)
    np.testing.assert_allclose(features @ x, 2.0)


def test_a_bounded_newcomer_beyond_the_range_is_refused_without_decay_and_found_with_it():
    features, base, _, typical = newcomer(factors_of(items=60), 30)
    beyond = np.full(30, 6.0)
    with pytest.raises(UserError, match="Give a weight_decay above 0"):
        fold_in(features, base, beyond, typical=typical, ridge=0.0, bounds=BOUNDS)
    assert np.isfinite(fold_in(features, base, beyond, typical=typical, ridge=0.1, bounds=BOUNDS)).all()


@settings(max_examples=30)
@given(st.floats(0.01, 100), st.integers(1, 30))
def test_the_newcomer_does_not_depend_on_the_unit_of_the_ratings(unit, n):
    """Ratings in percent instead of stars: factors √unit as large, biases and offset unit times."""
    one, other = factors_of(), factors_of()
    other = Factors(unit ** 0.5 * other.user, unit ** 0.5 * other.item, unit * other.user_bias,
                    unit * other.item_bias, unit * other.offset)
    found = []
    for factors, scale in ((one, 1.0), (other, unit)):
        features, base, values, typical = newcomer(factors, n)
        x = fold_in(features, base, scale * values, typical=typical, ridge=newcomer_ridge(3, biases=True, spread=scale))
        found.append(predictions_for(x, *seen_by(factors, "user")))
    np.testing.assert_allclose(found[1], unit * found[0], rtol=1e-9)


# The parts of a prediction

@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("bounds", [None, BOUNDS])
def test_the_parts_add_up_to_the_prediction(biases, bounds):
    factors = factors_of(biases=biases, k=7)
    for user, item in ((0, 0), (5, 39)):
        parts = explain(factors, user, item, bounds=bounds)
        pair = torch.tensor([user]), torch.tensor([item])
        assert parts.offset + parts.user_bias + parts.item_bias + sum(parts.factors) == parts.raw
        assert parts.raw == pytest.approx(float(factors.raw(*pair)), abs=1e-12)
        assert parts.prediction == pytest.approx(float(predict(factors, *pair, bounds=bounds)), abs=1e-12)
        assert len(parts.factors) == 7 and (biases or parts.user_bias == parts.item_bias == 0)


def test_an_explained_prediction_is_clipped_and_its_parts_are_not():
    parts = explain(factors_of(offset=9.0), 0, 0, clip=(1, 5))
    assert parts.prediction == 5 and parts.raw > 5
