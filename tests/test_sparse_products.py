"""Products of the rated pairs: those of gathered rows, values and gradients, in any order of ratings."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import planted
from planted import settings as chosen_for

from solver import predict, random_factors
from solver.core.objective import Judge, Objective
from solver.core.pairs.sparse_products import RatedPairs


@st.composite
def problems(draw):
    """(users, items, P, Q, weights): pairs in any order, some twice; rows with one rating, or none."""
    n, m, k, count = (draw(st.integers(1, most)) for most in (9, 9, 6, 40))
    users, items = (torch.tensor(draw(st.lists(st.integers(0, rows - 1), min_size=count, max_size=count)))
                    for rows in (n, m))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1000)))

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return users, items, normal(n, k), normal(m, k), normal(count)


def by_gathering(users, items, p, q):
    return (p[users] * q[items]).sum(1)


@settings(deadline=None)
@given(problems())
def test_values_and_gradients_are_those_of_gathered_rows(problem):
    users, items, p, q, weights = problem
    pairs = RatedPairs.of(users, items, len(p), len(q))
    ways = (pairs.products, weights[pairs.order]), (lambda *rows: by_gathering(users, items, *rows), weights)
    outcomes = []
    for products, w in ways:
        leaves = [rows.clone().requires_grad_() for rows in (p, q)]
        x = products(*leaves)
        (w * x ** 2).sum().backward()
        outcomes.append((x.detach(), *(leaf.grad for leaf in leaves)))
    ours, gathered = outcomes
    assert torch.equal(users[pairs.order].sort(stable=True).values, users[pairs.order])
    for found, expected in zip(ours, (gathered[0][pairs.order], *gathered[1:])):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_the_gradient_is_that_of_differences():
    users, items = torch.tensor([2, 0, 0, 1, 2, 2]), torch.tensor([1, 1, 3, 0, 1, 2])  # (2, 1) twice
    generator = torch.Generator().manual_seed(0)
    p, q = (torch.randn(n, 3, generator=generator, dtype=torch.float64, requires_grad=True) for n in (3, 4))
    assert torch.autograd.gradcheck(RatedPairs.of(users, items, 3, 4).products, (p, q))


def test_a_row_without_a_pair_has_no_slope():
    pairs = RatedPairs.of(torch.tensor([0, 2]), torch.tensor([1, 1]), 4, 3)
    p, q = (torch.ones(n, 2, dtype=torch.float64, requires_grad=True) for n in (4, 3))
    pairs.products(p, q).sum().backward()
    assert p.grad.tolist() == [[1, 1], [0, 0], [1, 1], [0, 0]] and q.grad.tolist() == [[0, 0], [2, 2], [0, 0]]


def large(dtype):
    rng = np.random.default_rng(0)
    users, items = (torch.as_tensor(rng.integers(0, n, 60_000, dtype=np.int32)) for n in (700, 300))
    p, q = (torch.as_tensor(rng.standard_normal((n, 52))).to(dtype) for n in (700, 300))
    return RatedPairs.of(users, items, 700, 300), p, q, users, items


def gradients(pairs, p, q):
    leaves = [rows.clone().requires_grad_() for rows in (p, q)]
    x = pairs.products(*leaves)
    (x ** 2).sum().backward()
    return x.detach(), *(leaf.grad for leaf in leaves)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_same_bits_on_any_number_of_threads(dtype):
    pairs, p, q, *_ = large(dtype)
    before, outcomes = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            outcomes += [gradients(pairs, p, q), gradients(pairs, p, q)]
    finally:
        torch.set_num_threads(before)
    for other in outcomes[1:]:
        assert all(torch.equal(a, b) for a, b in zip(outcomes[0], other))


def test_float32_is_float64_rounded():
    pairs, p, q, *_ = large(torch.float32)
    for single, double in zip(gradients(pairs, p, q), gradients(pairs, p.double(), q.double())):
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-4 * float(double.abs().max()))


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_the_hold_out_is_judged_alike_in_pieces_of_gathered_rows(model, monkeypatch):
    """Which is how it is judged where torch has no sparse products."""
    monkeypatch.setattr("solver.core.objective._CHUNK", 7)
    monkeypatch.setattr("solver.core.objective.FEW", 0)
    ratings, chosen = planted(9, 7, noise=0.5), chosen_for(model)
    factors = random_factors(ratings, model=model, n_factors=2, seed=0, low=chosen.low, high=chosen.high)
    at_once = Judge.of(ratings, bounds=chosen.bounds, clip=(2.0, 4.0))
    in_pieces = replace(at_once, targets=replace(at_once.targets, pairs=None))
    assert in_pieces.rmse(factors) == pytest.approx(at_once.rmse(factors), rel=1e-12)
    users, items = (torch.as_tensor(index) for index in (ratings.user_index, ratings.item_index))
    errors = predict(factors, users, items, bounds=chosen.bounds).clamp(2.0, 4.0).numpy() - ratings.values
    assert at_once.rmse(factors) == pytest.approx(np.sqrt(np.mean(errors ** 2)), rel=1e-12)


def test_nothing_is_said_about_the_state_of_sparse_tensors_in_torch():
    pairs, p, q, *_ = large(torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradients(pairs, p, q)


@pytest.mark.parametrize("model", ["dot", "dot+bias", "bounded"])
def test_the_objective_is_the_same_either_way(model, monkeypatch):
    """Loss and gradients by sparse products, to 1e-10, are those of the rows that a small problem gathers."""
    ratings, chosen = planted(40, 30, noise=0.5), chosen_for(model)
    outcomes = []
    for few in (0, 10_000):
        monkeypatch.setattr("solver.core.objective.FEW", few)
        factors = random_factors(ratings, model=model, n_factors=2, seed=0, low=chosen.low, high=chosen.high)
        leaves = factors.map(lambda tensor: tensor.requires_grad_())
        objective = Objective.of(ratings, bounds=chosen.bounds, weight_decay=0.1)
        loss = objective.mean_squared_error(leaves) + objective.penalty(leaves)
        loss.backward()
        outcomes.append((loss.detach(), *(leaf.grad for leaf in leaves.tensors().values())))
    for sparse, gathered in zip(*outcomes):
        torch.testing.assert_close(sparse, gathered, rtol=1e-10, atol=1e-12)
