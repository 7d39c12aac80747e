"""Start values: by seed, of the ratings' size, and refused where nothing can come of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import ADDITIVE, planted, settings

from solver import MODELS, Factors, Ratings, UserError, fit, predict_table, random_factors


def start(ratings, model="dot+bias", **options):
    chosen = settings(model, **options)
    return random_factors(ratings, model=model, n_factors=chosen.n_factors, seed=chosen.seed,
                          low=chosen.low, high=chosen.high)


@pytest.mark.parametrize("model", ADDITIVE)
def test_shapes_and_type(model):
    factors = start(planted(7, 4), model, n_factors=3)
    assert {name: tuple(t.shape) for name, t in factors.tensors().items()} == (
        {"user": (7, 3), "item": (4, 3)}
        | ({"user_bias": (7,), "item_bias": (4,)} if MODELS[model].biases else {}))
    assert all(t.dtype == torch.float64 for t in factors.tensors().values())
    assert factors.n_factors == 3


@pytest.mark.parametrize("model", ADDITIVE)
def test_a_seed_gives_the_same_values_every_time_and_another_gives_others(model):
    ratings = planted()
    one, same, other = (start(ratings, model, seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(one.tensors()[n], t) for n, t in same.tensors().items())
    assert not torch.equal(one.user, other.user)


@pytest.mark.parametrize("model", ADDITIVE)
@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("scale, shift", [(1, 0), (100, 0), (0.01, 0), (1, 50), (-1, 0)])
def test_first_predictions_are_of_the_ratings_size(model, k, scale, shift):
    base = planted(30, 20)
    values = scale * base.values + shift
    ratings = Ratings(base.users, base.items, base.user_index, base.item_index, values)
    spread = values.max() - values.min()
    low, high = values.min() - 0.1 * spread, values.max() + 0.1 * spread
    factors = random_factors(ratings, model=model, n_factors=k, seed=0, low=low, high=high)
    bounds = (low, high) if MODELS[model].bounded else None
    first = predict_table(factors, bounds=bounds).numpy()
    assert abs(first.mean() - values.mean()) < 0.1 * abs(values.mean()) + 0.1 * spread
    assert first.std() < 0.5 * max(spread, abs(values.mean()))


def test_map_touches_every_tensor_and_leaves_the_old_ones():
    factors = start(planted())
    doubled = factors.map(lambda t: 2 * t)
    assert doubled.tensors().keys() == factors.tensors().keys()
    assert all(torch.equal(t, 2 * factors.tensors()[n]) for n, t in doubled.tensors().items())


def full(value: float, *shape: int) -> torch.Tensor:
    return torch.full(shape, value, dtype=torch.float64)


@pytest.mark.parametrize("changed, sentence", [
    ({"user": full(1, 11, 2)}, "'user' are 11 × 2; 12 users, 10 items and 2 factors need 12 × 2"),
    ({"item": full(1, 10, 3)}, "'item' are 10 × 3; .* need 10 × 2"),
    ({"item_bias": full(1, 9)}, "'item_bias' are 9; .* need 10"),
    ({"item_bias": None}, "biases for users or for items only"),
    ({"user": full(0, 12, 2), "item": full(0, 10, 2)}, "All start factors are 0"),
    ({"user": full(np.inf, 12, 2)}, "start values give no finite"),
    ({"user_bias": full(np.nan, 12)}, "start values give no finite"),
    ({"user": full(1e200, 12, 2)}, "start values give no finite"),
])
def test_start_values_that_lead_nowhere_are_refused(changed, sentence):
    ratings = planted(12, 10)
    with pytest.raises(UserError, match=sentence):
        fit(ratings, Factors(**(start(ratings).tensors() | changed)), settings())


def test_factors_that_start_alike_stay_alike_and_the_notes_say_so():
    ratings = planted(noise=0.5)
    alike = Factors(full(0.9, 12, 2), full(1.1, 10, 2))
    result = fit(ratings, alike, settings("dot"))
    assert torch.allclose(result.factors.user[:, 0], result.factors.user[:, 1])
    assert "start alike" in result.notes[0]
    one = fit(ratings, None, settings("dot", n_factors=1))
    assert result.rmse_after == pytest.approx(one.rmse_after, abs=1e-9)
