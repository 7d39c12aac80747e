"""The search by flips beside a point that branch and bound left without a proof: held against every point there is."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array

from solver.programs import linear
from solver.programs.flips import better_by_flips
from solver.programs.highs import Answer, LinearModel, solve_model
from solver.programs.minimising import minimise
from solver.programs.program import Program

N = 12


def communities(seed: int) -> LinearModel:
    """Two groups whose scores within are to be large, as in a network of customers: z_i is not above what either group gives."""
    random = np.random.default_rng(seed)
    scores = random.integers(-9, 10, (N, N)).astype(float)
    scores, large = scores + scores.T, np.abs(scores + scores.T).sum(axis=1)
    first = np.hstack([np.diag(large) - scores, np.eye(N)])        # z <= score . x + large (1 - x_i)
    second = np.hstack([scores - np.diag(large), np.eye(N)])      # z <= score . (1 - x) + large x_i
    return LinearModel(np.concatenate([np.zeros(N), -np.ones(N)]), 0.0, csr_array(np.vstack([first, second])), np.full(2 * N, -np.inf),
                       np.concatenate([large, scores.sum(axis=1)]), np.concatenate([np.zeros(N), np.full(N, -1e4)]),
                       np.concatenate([np.ones(N), np.full(N, 1e4)]), np.arange(2 * N) < N)


def knapsacks(seed: int) -> LinearModel:
    random = np.random.default_rng(seed)
    return LinearModel(-random.integers(5, 60, N).astype(float), 3.0, csr_array(random.integers(5, 40, (3, N)).astype(float)), np.full(3, -np.inf),
                       np.full(3, 100.0), np.zeros(N), np.ones(N), np.ones(N, dtype=bool))


@pytest.mark.parametrize("model", [communities(1), communities(2), knapsacks(1), knapsacks(2)])
def test_flips_reach_the_proved_optimum_and_meet_all_rows(model):
    best = solve_model(model)
    assert best.state == "optimal"
    start = np.where(model.whole, 0.0, model.low)
    found = better_by_flips(model, start, seconds=0.3)
    assert model.value(found) == pytest.approx(model.value(best.y))
    activity = model.rows @ found
    assert (activity <= model.ceiling + 1e-9).all() and (found >= model.low).all() and (found <= model.high).all()
    assert better_by_flips(model, best.y, seconds=0.05) is None


def test_what_has_two_numbers_in_a_row_is_left_alone():
    model = LinearModel(np.ones(4), 0.0, csr_array([[1.0, 1.0, 1.0, 1.0]]), np.array([2.0]), np.array([np.inf]), np.zeros(4), np.ones(4),
                        np.array([True, True, False, False]))
    assert better_by_flips(model, np.array([1.0, 1.0, 0.0, 0.0]), seconds=0.05) is None


def test_a_point_without_a_proof_is_bettered_and_the_bound_stays(monkeypatch):
    """Branch and bound that ends where it began: the flips go on from there."""
    model = knapsacks(3)

    def stopped(model: LinearModel, *, seconds: float, **_) -> Answer:
        time.sleep(seconds)
        return Answer("stopped", np.zeros(N), -1e3, 5)
    monkeypatch.setattr(linear, "solve_model", stopped)
    rows = model.rows.toarray()
    program = Program(lambda x: (np.concatenate([[model.value(x)], rows @ x]), np.vstack([model.cost, rows])), np.zeros(N), model.low, model.high,
                      model.floor, model.ceiling, whole=model.whole, linear=model)
    found = minimise(program, seconds=0.5)
    points = np.array(list(product((0.0, 1.0), repeat=N)))
    met = points[(points @ rows.T <= 100).all(axis=1)]
    assert found.value == pytest.approx((met @ model.cost).min() + 3) and "by flips" in found.stop and found.bound == -1e3
