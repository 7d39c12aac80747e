"""Programs: smooth functions minimised within bounds and constraints, against published and closed solutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solver import Program, UserError, minimise
from solver.programs.scipy_methods import SCIPY_METHODS, method_for
from solver.programs.trials import Trials

INF = np.inf


def program(functions, start, *, low=-INF, high=INF, floor=(), ceiling=(), **options) -> Program:
    """`functions(x)` gives f and the constraint functions as torch scalars."""
    def evaluate(x):
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        values = functions(t)
        slopes = [torch.autograd.grad(v, t, retain_graph=True)[0].numpy() for v in values]
        return np.array([v.item() for v in values]), np.stack(slopes)

    n = len(start)
    return Program(evaluate, np.array(start, float), np.broadcast_to(np.array(low, float), n).copy(),
                   np.broadcast_to(np.array(high, float), n).copy(), np.array(floor, float), np.array(ceiling, float), **options)


def rosenbrock(x):
    return [(1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2]


def hs71(x):
    """Hock & Schittkowski 1981, problem 71."""
    return [x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], x.prod(), (x * x).sum()]


def hs71_program(start):
    return program(hs71, start, low=1, high=5, floor=[25, 40], ceiling=[INF, 40])


RISKS = torch.tensor([[0.04, 0.006, 0.01], [0.006, 0.01, 0.002], [0.01, 0.002, 0.0225]], dtype=torch.float64)
RETURNS = torch.tensor([0.1, 0.05, 0.07], dtype=torch.float64)


def portfolio(x):
    return [x @ RISKS @ x, x.sum(), RETURNS @ x]


def test_rosenbrock():
    found = minimise(program(rosenbrock, [-1.2, 1]))
    assert found.x == pytest.approx([1, 1], abs=1e-6) and found.converged
    assert found.value_before == pytest.approx(24.2) and len(found.history) == found.steps > 10
    values = [step.value for step in found.history]
    assert values == sorted(values, reverse=True)  # the best so far, step by step
    assert "gradient is zero" in found.stop


def test_bounds_are_kept_exactly_at_every_point_tried():
    tried = []

    def watched(x):
        tried.append(x.detach().numpy().copy())
        return rosenbrock(x)

    found = minimise(program(watched, [-1.2, 1], low=[-2, -2], high=[0.5, 2]))
    assert found.x.tolist() == [0.5, pytest.approx(0.25, abs=1e-7)] and found.converged
    assert (np.array(tried) <= [0.5, 2]).all() and (np.array(tried) >= -2).all()
    # one more of x₀ allowed would change f by its slope there: 2(x₀ − 1) at the valley's floor
    assert found.sensitivity.reduced_gradient == pytest.approx([-1, 0], abs=1e-5)


@pytest.mark.parametrize("start", [[1, 5, 5, 1], [1, 1, 1, 1], [5, 5, 5, 5]], ids=str)
@pytest.mark.parametrize("method", ["slsqp", "lagrangian"])
def test_hs71_from_inside_and_outside(start, method, monkeypatch):
    monkeypatch.setattr("solver.programs.minimising.method_for", lambda _: method)
    found = minimise(hs71_program(start))
    assert found.value == pytest.approx(17.0140172891, abs=1e-8) and found.converged and found.feasible
    assert found.x == pytest.approx([1, 4.7429996, 3.8211500, 1.3794083], abs=1e-6) and found.x[0] == 1
    # published multipliers of IPOPT for this problem: 0.5522937 and −0.1614686
    assert found.sensitivity.multipliers == pytest.approx([0.5522937, -0.1614686], abs=1e-6)


@pytest.mark.parametrize("method", ["slsqp", "lagrangian"])
def test_every_method_for_constraints_finds_the_portfolio(method, monkeypatch):
    """Least risk of a return of 0.075 with weights that add up to 1: a linear system says it."""
    wanted = program(portfolio, [1 / 3] * 3, low=0, floor=[1, 0.075], ceiling=[1, INF])
    monkeypatch.setattr("solver.programs.minimising.method_for", lambda _: method)
    found = minimise(wanted)
    a = np.vstack([np.ones(3), RETURNS.numpy()])
    exact = np.linalg.solve(np.block([[2 * RISKS.numpy(), -a.T], [a, np.zeros((2, 2))]]), [0, 0, 0, 1, 0.075])
    close = {"slsqp": 1e-8, "lagrangian": 1e-6}[method]
    assert found.x == pytest.approx(exact[:3], abs=close) and found.feasible and found.sensitivity.binding.all()
    assert found.sensitivity.multipliers == pytest.approx(exact[3:], abs=100 * close)


def test_what_method_is_taken():
    assert method_for(program(rosenbrock, [0, 0])) == "l-bfgs"
    assert method_for(program(rosenbrock, [0, 0], high=[INF, 3])) == "l-bfgs-b"
    assert method_for(hs71_program([1] * 4)) == "slsqp"
    assert method_for(many_shares(120)) == "lagrangian" and {"l-bfgs", "l-bfgs-b", "slsqp", "lagrangian"} == set(SCIPY_METHODS)


def many_shares(n: int) -> Program:
    """Shares x ≥ 0 of n things with Σ x = 1 and least Σ (i + 1)·x_i² : x_i is proportional to 1/(i + 1)."""
    weights = torch.arange(1, n + 1, dtype=torch.float64)
    return program(lambda x: [(weights * x * x).sum(), x.sum()], [1 / n] * n, low=0, floor=[1], ceiling=[1])


def test_many_numbers_with_a_constraint():
    found = minimise(many_shares(200))
    exact = 1 / np.arange(1, 201)
    assert found.x == pytest.approx(exact / exact.sum(), abs=1e-6) and found.converged and found.violation < 1e-9


def test_max_is_the_min_of_the_negative():
    found = minimise(program(lambda x: [3 - (x - 2).square().sum()], [0.0, 9.0], goal="max"))
    assert found.x == pytest.approx([2, 2], abs=1e-7) and found.value == pytest.approx(3) and found.converged


@pytest.mark.parametrize("target, stop", [(7, "Reached"), (-7, "-7 was not reached")])
def test_a_wanted_value_is_reached_or_approached(target, stop):
    found = minimise(program(rosenbrock, [-1.2, 1], goal="value", target=target))
    assert found.value == pytest.approx(max(target, 0), abs=1e-8) and stop in found.stop
    assert found.converged == (target > 0)


def test_a_value_is_reached_within_constraints():
    found = minimise(program(portfolio, [1 / 3] * 3, low=0, floor=[1, 0], ceiling=[1, INF], goal="value", target=0.02))
    assert found.value == pytest.approx(0.02, abs=1e-9) and found.x.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("start", [0.001, 4.999])
def test_a_step_out_of_the_domain_is_taken_back(start):
    """−ln x − ln(5 − x) + x is not a number outside of 0 … 5."""
    found = minimise(program(lambda x: [x[0] - torch.log(x[0]) - torch.log(5 - x[0])], [start]))
    assert found.converged and found.x == pytest.approx([(7 - 29 ** 0.5) / 2], abs=1e-7)


def test_constraint_functions_may_leave_their_domain_too():
    found = minimise(program(lambda x: [(x - 2).square().sum(), torch.log(x).sum()], [0.5, 0.5], floor=[-5], ceiling=[0]))
    assert found.x == pytest.approx([1, 1], abs=1e-6) and found.feasible


def test_a_start_that_is_no_number_is_a_sentence():
    with pytest.raises(UserError, match="not finite at the start"):
        minimise(program(lambda x: [torch.log(x).sum()], [-1.0]))


def test_what_has_no_end_is_said():
    found = minimise(program(lambda x: [x[0] - x[1]], [0.0, 0.0]))
    assert "no minimum" in found.stop and not found.converged and np.isfinite(found.x).all()
    assert "no maximum" in minimise(program(rosenbrock, [-1.2, 1], goal="max")).stop


def test_constraints_that_contradict_each_other_are_said():
    found = minimise(program(lambda x: [x.square().sum(), x.sum(), x.sum()], [0.0, 0.0], floor=[3, -INF], ceiling=[INF, 1]))
    assert not found.feasible and not found.converged and "contradict" in found.stop
    assert found.violation > 0.3


def test_sizes_of_very_different_magnitude():
    """A·exp(−k·t) + C with A a million and k a thousandth."""
    t = torch.linspace(0, 2000, 30, dtype=torch.float64)
    wanted = 1.2e6 * torch.exp(-t * 2e-3) + 5e4
    found = minimise(program(lambda x: [(x[0] * torch.exp(-x[1] * t) + x[2] - wanted).square().sum()], [1e6, 1e-3, 1e4]))
    assert found.converged and found.x == pytest.approx([1.2e6, 2e-3, 5e4], rel=1e-6)


def test_a_kink_is_said():
    found = minimise(program(lambda x: [torch.maximum(x - np.pi, 2 * (np.pi - x)).sum()], [1.0, 7.5]))
    assert found.x == pytest.approx([np.pi] * 2, abs=1e-9) and "kink" in found.stop


def test_more_starts_find_the_better_valley():
    def rastrigin(x):
        return [20 + (x * x - 10 * torch.cos(2 * np.pi * x)).sum()]

    def wanted():
        return program(rastrigin, [3.3, -2.2], low=-5, high=5)

    alone, best, again = minimise(wanted()), minimise(wanted(), starts=15, seed=0), minimise(wanted(), starts=15, seed=0)
    assert alone.value > 0.9 and best.value == pytest.approx(0, abs=1e-9)
    assert best.x.tolist() == again.x.tolist() and best.value_before == alone.value_before
    assert best.stop.startswith("The best of 15 starts, number ")


def test_stop_and_ctrl_c_keep_the_best():
    def interrupted(calls):
        def functions(x):
            calls.append(1)
            if len(calls) == 20:
                raise KeyboardInterrupt
            return rosenbrock(x)
        return functions

    asked = minimise(program(rosenbrock, [-1.2, 1]), on_step=lambda step, x: step.number == 5)
    assert asked.stopped and asked.steps == 5 and asked.value < asked.value_before and "as you asked" in asked.stop
    broken = minimise(program(interrupted([]), [-1.2, 1]))
    assert broken.stopped and broken.value < broken.value_before and "Ctrl-C" in broken.stop
    few = minimise(program(rosenbrock, [-1.2, 1]), steps=5)
    assert few.steps == 5 and not few.stopped and not few.converged and "most allowed" in few.stop


def test_a_search_that_creeps_ends_without_being_told(monkeypatch):
    monkeypatch.setattr("solver.programs.minimising.MOST_STEPS", 7)
    assert minimise(program(rosenbrock, [-1.2, 1])).stop == "Stopped after 7 steps, the most allowed; the objective may still get better: allow more."


def test_the_watcher_is_given_the_best_so_far():
    seen = []
    found = minimise(program(rosenbrock, [-1.2, 1]), on_step=lambda step, x: seen.append((step.value, rosenbrock(torch.tensor(x()))[0])))
    assert all(value == pytest.approx(float(f), abs=1e-12) for value, f in seen) and len(seen) == found.steps


def test_the_program_is_checked():
    with pytest.raises(UserError, match="min, max, value"):
        program(rosenbrock, [0, 0], goal="least")
    with pytest.raises(UserError, match="above the upper"):
        program(rosenbrock, [0, 0], low=2, high=1)
    with pytest.raises(UserError, match="1 or more"):
        minimise(program(rosenbrock, [0, 0]), starts=0)


def test_scaled_points_come_back_exactly():
    trials = Trials(program(rosenbrock, [1e6, 1e-3], low=[0, 0], high=[3e6, 0.1]), np.array([1e6, 1e-3]), limit=5)
    assert trials.at(trials.high).x.tolist() == [3e6, 0.1] and trials.at(trials.low).x.tolist() == [0, 0]
