"""Methods × models: a new method is tested by adding its name to the table."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache

import pytest
import torch
from conftest import ROOT
from planted import ADDITIVE, MINIMISED, MINIMISERS, PAIRS, planted, settings

from solver import OPTIMIZERS, fit

RATINGS = planted(noise=0.5)
WIDE = planted(200, 12, noise=0.5)
WITH_RATE = [name for name, method in OPTIMIZERS.items() if "lr" in method.constants]

matrix = pytest.mark.parametrize("model", ADDITIVE)
every = pytest.mark.parametrize("optimizer", MINIMISERS)


@cache
def fitted(model: str, optimizer: str):
    return fit(RATINGS, None, settings(model, optimizer=optimizer))


@pytest.mark.parametrize("model, optimizer", MINIMISED)
def test_comes_near_the_optimum_within_its_own_epochs(model, optimizer):
    best, result = fitted(model, "lbfgs"), fitted(model, optimizer)
    assert result.rmse_before == best.rmse_before
    assert result.rmse_after < 0.5 * result.rmse_before  # it was not there already
    assert result.rmse_after == pytest.approx(best.rmse_after, rel=1e-3)
    assert result.epochs <= OPTIMIZERS[optimizer].epochs


@matrix
def test_lbfgs_arrives(model):
    result = fitted(model, "lbfgs")
    assert result.converged and result.epochs < 300


@pytest.mark.parametrize("model, optimizer", PAIRS)
def test_the_same_seed_gives_the_same_bits(model, optimizer):
    one, two = (fit(RATINGS, None, settings(model, optimizer=optimizer, seed=5, epochs=60))
                for _ in range(2))
    assert [epoch.rmse for epoch in one.history] == [epoch.rmse for epoch in two.history]
    for name, tensor in one.factors.tensors().items():
        assert torch.equal(tensor, two.factors.tensors()[name])


@every
def test_weight_decay_makes_the_factors_smaller(optimizer):
    def size(decay):
        found = fit(RATINGS, None, settings("dot", optimizer=optimizer, weight_decay=decay, epochs=500))
        return sum(float((t ** 2).sum()) for t in found.factors.tensors().values())
    assert size(0.5) < 0.95 * size(0.0)


@pytest.mark.parametrize("optimizer", WITH_RATE)
def test_an_absurd_rate_ends_in_a_sentence_and_not_in_nan(optimizer):
    result = fit(RATINGS, None, settings("dot", optimizer=optimizer, lr=1e200, epochs=50))
    assert not result.converged
    assert "Lower lr from 1e+200" in result.stop or "the most allowed" in result.stop
    assert math.isfinite(result.rmse_after) and result.rmse_after <= result.rmse_before
    assert all(torch.isfinite(t).all() for t in result.factors.tensors().values())


@pytest.mark.parametrize("optimizer", WITH_RATE)
def test_the_rate_that_is_asked_for_is_used(optimizer):
    def second_rmse(lr):
        return fit(RATINGS, None, settings(optimizer=optimizer, lr=lr, epochs=1)).history[1].rmse
    assert second_rmse(1e-6) != second_rmse(1e-5)
    start = fitted("dot+bias", "lbfgs").rmse_before
    assert abs(second_rmse(1e-9) - start) < 1e-6


@cache
def best_of_the_wide_table() -> float:
    return fit(WIDE, None, settings()).rmse_after


@pytest.mark.parametrize("optimizer", WITH_RATE)
def test_default_rates_suit_a_wide_table_too(optimizer):
    """The gradient of a mean shrinks with every user; the rate must make up for it."""
    result = fit(WIDE, None, settings(optimizer=optimizer, epochs=1500))
    assert result.rmse_after == pytest.approx(best_of_the_wide_table(), rel=0.05)


def test_the_table_is_read_without_loading_torch():
    code = ("import sys, solver; solver.OPTIMIZERS, solver.MODELS, solver.Settings; "
            "sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_fit_by_lbfgs_waits_for_no_import_that_it_does_not_need():
    """torch's compiler takes a second to load, pandas a third of one: as long as the rest of a press of Fit."""
    code = """
import sys
from solver import Ratings, Settings, fit
fit(Ratings.from_crosstab([[1, 2], [3, float("nan")]], "ab", "xy"), settings=Settings(n_factors=1))
sys.exit(str({"torch._dynamo", "pandas"} & sys.modules.keys() or ""))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.stderr.strip()
