"""Alternating least squares: the same objective as the full-batch methods, solved row by row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import planted, settings

from solver import CollabFilter, Ratings, Settings, UserError, fit, rmse, split_off
from solver.core.objective import Objective
from solver.fitting.start_values import start_values
from solver.methods import ridge_regression as ridge

each_model = pytest.mark.parametrize("model", ["dot", "dot+bias"])


def loss(factors, ratings, decay: float) -> float:
    objective = Objective.of(ratings, weight_decay=decay)
    return float(objective.mean_squared_error(factors) + objective.penalty(factors))


@each_model
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_it_arrives_at_the_optimum_of_lbfgs(model, decay):
    ratings = planted(noise=0.5)
    best, found = (fit(ratings, None, settings(model, optimizer=optimizer, weight_decay=decay))
                   for optimizer in ("lbfgs", "als"))
    assert found.converged and found.stop.startswith("Converged after ")
    reached = loss(found.factors, ratings, decay)
    assert reached <= loss(best.factors, ratings, decay) * (1 + 1e-9)
    polished = fit(ratings, found.factors, settings(model, weight_decay=decay))  # lbfgs finds nothing left to gain
    assert loss(polished.factors, ratings, decay) == pytest.approx(reached, rel=1e-9)


def test_an_estimator_ends_where_further_passes_change_next_to_nothing():
    ratings = planted(noise=0.5)
    found, longer = CollabFilter(5, optimizer="als").fit(ratings), CollabFilter(5, optimizer="als", epochs=400).fit(ratings)
    assert found.result_.epochs == 100 < longer.result_.epochs
    np.testing.assert_allclose(found.predict(ratings), longer.predict(ratings), atol=0.001)


@each_model
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_no_pass_goes_uphill(model, decay):
    ratings, chosen = planted(noise=0.5), settings(model, optimizer="als", weight_decay=decay, epochs=1)
    factors, losses = start_values(ratings, chosen), []
    for _ in range(12):
        losses.append(loss(factors, ratings, decay))
        factors = fit(ratings, factors, chosen).factors
    assert all(b <= a * (1 + 1e-12) for a, b in zip(losses, losses[1:])) and losses[-1] < 0.7 * losses[0]


def test_items_are_at_their_optimum_after_every_pass():
    """Their gradient is 0, since they were solved last, but for the mean of the biases, which moves in the next pass."""
    ratings = planted(noise=0.5)
    found = fit(ratings, None, settings(optimizer="als", weight_decay=0.02, epochs=1)).factors
    leaves = found.map(lambda tensor: tensor.clone().requires_grad_())
    objective = Objective.of(ratings, weight_decay=0.02)
    (objective.mean_squared_error(leaves) + objective.penalty(leaves)).backward()
    level = leaves.item_bias.grad.sum() * objective.item_share
    assert float(leaves.item.grad.abs().max()) < 1e-8 and float((leaves.item_bias.grad - level).abs().max()) < 1e-8
    assert float(leaves.user.grad.abs().max()) > 1e-6


def test_with_fewer_ratings_than_factors_a_row_changes_least():
    """One rating, five factors: of all rows that meet it, the nearest to the start values."""
    ratings = Ratings.from_triples(["a", "b", "b"], ["x", "y", "x"], [4.0, 2.0, 3.0])
    start = start_values(ratings, settings("dot", n_factors=5))
    found = fit(ratings, start, settings("dot", n_factors=5, optimizer="als", epochs=1)).factors
    for user, rated in (("a", ["x"]), ("b", ["y", "x"])):
        u, i = ratings.users.index(user), [ratings.items.index(item) for item in rated]
        phi, t = start.item[i].numpy(), [ratings.crosstab()[u, j] for j in i]
        before = start.user[u].numpy()
        nearest = before + np.linalg.pinv(phi) @ (t - phi @ before)
        np.testing.assert_allclose(found.user[u], nearest, rtol=0, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("ratings, k", [(planted(9, 7, blanks=0.6), 1), (planted(5, 4, blanks=0.5), 12),
                                        (Ratings.from_triples(["a", "b"], ["x", "x"], [3.0, 3.0]), 2)])
@each_model
def test_few_ratings_and_many_factors_are_no_trouble(ratings, k, decay, model):
    result = fit(ratings, None, settings(model, n_factors=k, optimizer="als", weight_decay=decay, epochs=200))
    assert all(torch.isfinite(tensor).all() for tensor in result.factors.tensors().values())
    assert result.rmse_after <= result.rmse_before


@each_model
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-10), ("float32", 2e-4)])
def test_compiled_and_plain_are_the_same_fit(model, dtype, tolerance, monkeypatch):
    ratings, held = split_off(planted(120, 60, factors=3, blanks=0.6), 0.1)
    found = []
    for least in (0, 10**9):
        monkeypatch.setattr(ridge, "COMPILED_FROM", least)
        found.append(fit(ratings, None, settings(model, n_factors=3, optimizer="als", weight_decay=0.02, epochs=5,
                                                 dtype=dtype), holdout=held))
    fast, plain = found
    for a, b in zip(fast.history, plain.history):
        assert (a.rmse, a.holdout_rmse) == pytest.approx((b.rmse, b.holdout_rmse), abs=tolerance)
    for name, tensor in fast.factors.tensors().items():
        torch.testing.assert_close(tensor, plain.factors.tensors()[name], rtol=0, atol=tolerance)


def test_the_holdout_chooses_the_epoch():
    ratings, held = split_off(planted(40, 30, noise=1.0, blanks=0.5), 0.2)
    result = fit(ratings, None, settings(optimizer="als", n_factors=8, epochs=60), holdout=held)
    least = min(result.history, key=lambda epoch: epoch.holdout_rmse)
    assert result.holdout_rmse == least.holdout_rmse == pytest.approx(rmse(result.factors, held), rel=1e-12)
    assert least.epoch < 60


@pytest.mark.parametrize("options, sentence", [
    (dict(lr=0.1), "lr is 0.1, and als does not use it. Leave lr out"),
    (dict(model="bounded", low=1, high=5), "als needs a model that is linear in each side, and the model is bounded")])
def test_what_it_does_not_take_is_refused(options, sentence):
    with pytest.raises(UserError) as error:
        Settings(optimizer="als", **options)
    assert str(error.value).startswith(sentence)


def test_a_sheet_is_fitted_as_well_as_by_lbfgs(tmp_path):
    from pyxl import fit_workbook
    from workbook import build
    path = tmp_path / "book.xlsx"
    build(planted(), path, n_factors=2)
    best, found = (fit_workbook(path, sheets=["dotprod", "bias"], options={"optimizer": optimizer})
                   for optimizer in ("lbfgs", "als"))
    assert found.keys() == best.keys()
    for sheet, result in found.items():
        assert result.rmse_after == pytest.approx(best[sheet].rmse_after, rel=1e-4)
        assert not [note for note in result.notes if "please report" in note]
