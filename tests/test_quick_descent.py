"""The objective of a sheet written out in numpy, and L-BFGS for it: the same as torch's, to rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import planted

from solver import random_factors
from solver.core.loop import descend
from solver.core.objective import Objective
from solver.core.settings import Settings
from solver.core.steps import FitTask
from solver.data.ratings import spread_of
from solver.fitting.quick_descent import SheetObjective, lbfgs
from solver.methods.full_batch import FullBatch
from solver.model.models import MODELS

BOUNDS = {"dot": None, "dot+bias": None, "bounded": (0.5, 6.0)}


def given(model: str):
    """Ratings, start values of the model, and the objective of both kinds."""
    ratings, bounds = planted(noise=0.5, blanks=0.3), BOUNDS[model]
    low, high = bounds or (None, None)
    start = random_factors(ratings, model=model, n_factors=3, seed=4, low=low, high=high)
    return ratings, start, SheetObjective.of(ratings, bounds=bounds, spread=spread_of(ratings)), bounds


def test_every_model_that_a_sheet_holds_is_among_them():
    assert set(BOUNDS) == {name for name, model in MODELS.items() if model.additive}


@pytest.mark.parametrize("model", BOUNDS)
def test_loss_and_gradient_are_those_that_torch_differentiates(model):
    ratings, start, ours, bounds = given(model)
    leaves = start.map(lambda tensor: tensor.clone().requires_grad_())
    theirs = Objective.of(ratings, bounds=bounds, weight_decay=0.07)
    expected = theirs.mean_squared_error(leaves) + theirs.penalty(leaves)
    expected.backward()
    value, slopes = ours.loss({name: tensor.numpy().T for name, tensor in start.tensors().items()}, 0.07)
    assert value == pytest.approx(expected.item(), rel=1e-12)
    for name, leaf in leaves.tensors().items():
        np.testing.assert_allclose(slopes[name].T, leaf.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("model", BOUNDS)
def test_it_ends_no_higher_than_torch(model):
    ratings, start, ours, bounds = given(model)
    low, high = bounds or (None, None)
    settings = Settings(model=model, n_factors=3, weight_decay=0.07, epochs=60, low=low, high=high)
    theirs = descend(FullBatch(FitTask(ratings=ratings, start=start, settings=settings)), settings).best
    found = ours.least({name: tensor.numpy() for name, tensor in start.tensors().items()}, 0.07, epochs=60, tolerance=0.0)
    ends = [ours.loss({name: np.asarray(part).T for name, part in parts.items()}, 0.07)[0] for parts in (found, theirs.tensors())]
    assert ends[0] < ends[1] * 1.001
    assert all(torch.equal(kept, random) for kept, random in zip(start.tensors().values(), given(model)[1].tensors().values()))


def test_steps_end_in_the_valley_of_rosenbrock():
    def loss(x):
        a, b = 1 - x[0], x[1] - x[0] ** 2
        return float(a * a + 100 * b * b), np.array([-2 * a - 400 * x[0] * b, 200 * b])

    np.testing.assert_allclose(lbfgs(loss, np.array([-1.2, 1.0]), epochs=200, tolerance=0.0), [1, 1], atol=1e-6)
    assert lbfgs(loss, np.array([1.0, 1.0]), epochs=5, tolerance=0.0).tolist() == [1, 1]


def test_a_loss_that_is_no_number_ahead_is_not_gone_to():
    def loss(x):        # log x, defined above 0 only
        return (float(x[0] - np.log(x[0])), 1 - 1 / x) if x[0] > 0 else (float("nan"), x)

    np.testing.assert_allclose(lbfgs(loss, np.array([50.0]), epochs=100, tolerance=0.0), [1.0], atol=1e-6)
