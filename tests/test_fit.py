"""The loop: right gradients, the right optimum by an independent route, and honest endings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import ADDITIVE, MINIMISED, MINIMISERS, planted, settings, truth
from scipy.optimize import minimize

from solver import MODELS, Factors, Ratings, UserError, fit, predict_table, random_factors, rmse
from solver.core.objective import Objective
from solver.fitting import fit_ratings

each_model = pytest.mark.parametrize("model", ADDITIVE)


def start_for(ratings, chosen) -> Factors:
    return random_factors(ratings, model=chosen.model, n_factors=chosen.n_factors, seed=chosen.seed,
                          low=chosen.low, high=chosen.high)


def loss_in_numpy(theta, ratings, chosen) -> float:
    """The objective of one flat vector, written out rating by rating (Koren et al. 2009, eq. 5, with a free mean)."""
    users, items, spread = ratings.user_index, ratings.item_index, np.std(ratings.values)
    factors_scale, biases_scale = (spread ** 2, spread ** 2) if chosen.bounds else (spread, 1.0)
    n, m, k = ratings.n_users, ratings.n_items, chosen.n_factors
    p, q, rest = theta[:n * k].reshape(n, k), theta[n * k:(n + m) * k].reshape(m, k), theta[(n + m) * k:]
    losses = []
    for u, i, r in zip(ratings.user_index, ratings.item_index, ratings.values):
        x = p[u] @ q[i]
        if MODELS[chosen.model].biases:
            x += rest[u] + rest[n + i]
        if chosen.bounds:
            low, high = chosen.bounds
            x = low + (high - low) / (1 + np.exp(-x))
        size = factors_scale * (p[u] @ p[u] + q[i] @ q[i])
        if MODELS[chosen.model].biases:
            size += biases_scale * ((rest[u] - rest[users].mean()) ** 2 + (rest[n + i] - rest[n + items].mean()) ** 2)
        losses.append((x - r) ** 2 + chosen.weight_decay * size)
    return np.mean(losses)


def flat(factors: Factors) -> np.ndarray:
    return torch.cat([t.detach().reshape(-1) for t in factors.tensors().values()]).numpy()


@each_model
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_the_gradient_is_that_of_central_differences(model, decay):
    ratings, chosen = planted(5, 4), settings(model, weight_decay=decay)
    factors = start_for(ratings, chosen).map(lambda t: t.requires_grad_())
    objective = Objective.of(ratings, bounds=chosen.bounds, weight_decay=decay)
    (objective.mean_squared_error(factors) + objective.penalty(factors)).backward()
    analytic = torch.cat([t.grad.reshape(-1) for t in factors.tensors().values()]).numpy()

    theta, h = flat(factors), 1e-5
    numeric = [(loss_in_numpy(theta + h * e, ratings, chosen)
                - loss_in_numpy(theta - h * e, ratings, chosen)) / (2 * h) for e in np.eye(len(theta))]
    np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9)


@each_model
def test_scipy_arrives_at_the_same_optimum(model):
    """Another implementation, fed by the equation in numpy and finite differences of its own."""
    ratings, chosen = planted(6, 5, noise=0.5), settings(model, n_factors=1, weight_decay=0.01)
    start = start_for(ratings, chosen)
    oracle = minimize(loss_in_numpy, flat(start), args=(ratings, chosen), method="L-BFGS-B",
                      options={"maxiter": 5000, "maxfun": 500_000, "ftol": 1e-14, "gtol": 1e-8})
    ours = fit(ratings, start, chosen)
    assert ours.converged
    assert loss_in_numpy(flat(ours.factors), ratings, chosen) == pytest.approx(oracle.fun, rel=1e-6)


@each_model
def test_a_planted_table_is_recovered_blanks_included(model):
    """30 % are hidden; what is predicted there must be the truth, which no fit has seen."""
    table = truth(40, 30, 2)
    hidden = np.random.default_rng(0).random(table.shape) < 0.3
    ratings = Ratings.from_crosstab(np.where(hidden, np.nan, table), range(40), range(30))
    # A plane through the logit is not a plane; more factors and a little decay bend it into shape.
    exact = model != "bounded"
    result = fit(ratings, None, settings(model) if exact else
                 settings(model, n_factors=3, weight_decay=1e-6))
    found = predict_table(result.factors, bounds=result.settings.bounds).numpy()
    assert result.rmse_after < (1e-6 if exact else 0.01)
    assert np.abs(found - table)[hidden].max() < (1e-4 if exact else 0.25)


@each_model
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_blanks_never_enter_the_loss(model, optimizer):
    """The same ratings inside a table of twice the size, the rest of it blank: the same fit."""
    small = planted(8, 6)
    n, m = 2 * small.n_users, 2 * small.n_items
    table = np.full((n, m), np.nan)
    table[::2, ::2] = small.crosstab()
    large = Ratings.from_crosstab(table, range(n), range(m))
    chosen = settings(model, optimizer=optimizer, weight_decay=0.01, epochs=50)
    start = start_for(large, chosen)
    one = fit(large, start, chosen)
    two = fit(small, start.map(lambda t: t[::2]), chosen)
    assert [e.rmse for e in one.history] == [e.rmse for e in two.history]
    for name, tensor in two.factors.tensors().items():
        assert torch.equal(one.factors.tensors()[name][::2], tensor)
        assert torch.equal(one.factors.tensors()[name][1::2], start.tensors()[name][1::2])


@pytest.mark.parametrize("model, optimizer", MINIMISED)
def test_who_has_no_rating_keeps_the_start_values_under_decay_too(model, optimizer):
    base = planted(6, 5).crosstab()
    base[2], base[:, 3] = np.nan, np.nan
    ratings = Ratings.from_crosstab(base, range(6), range(5))
    chosen = settings(model, optimizer=optimizer, weight_decay=0.5, epochs=20)
    start = start_for(ratings, chosen)
    before = {name: t.clone() for name, t in start.tensors().items()}
    found = fit(ratings, start, chosen).factors.tensors()
    for name, tensor in start.tensors().items():
        assert torch.equal(tensor, before[name])  # the caller's own are not touched
        alone = 2 if name.startswith("user") else 3
        assert torch.equal(found[name][alone], tensor[alone])
        assert not torch.equal(found[name], tensor)


@pytest.mark.parametrize("model, optimizer", MINIMISED)
def test_the_result_tells_the_truth_about_its_factors(model, optimizer):
    ratings, chosen = planted(), settings(model, optimizer=optimizer, epochs=30)
    result = fit(ratings, None, chosen)
    assert result.rmse_before == result.history[0].rmse
    assert result.rmse_before == pytest.approx(
        rmse(start_for(ratings, chosen), ratings, bounds=chosen.bounds), rel=1e-12)
    assert result.rmse_after == pytest.approx(
        rmse(result.factors, ratings, bounds=chosen.bounds), rel=1e-12)
    assert result.rmse_after == min(epoch.rmse for epoch in result.history)
    assert [epoch.epoch for epoch in result.history] == list(range(31))
    assert (result.epochs, result.n_ratings, result.settings) == (30, len(ratings), chosen)
    assert result.stop == ("Stopped after 30 epochs, the most allowed; RMSE may still fall: "
                           "allow more epochs.")
    assert not result.converged and not result.stopped
    seconds = [epoch.seconds for epoch in result.history]
    assert seconds == sorted(seconds) and result.seconds == seconds[-1] > 0


def test_lbfgs_never_goes_up():
    errors = [epoch.rmse for epoch in fit(planted(), None, settings()).history]
    assert all(b <= a * (1 + 1e-9) for a, b in zip(errors, errors[1:]))


def test_without_decay_in_the_loss_adamw_keeps_where_decay_led():
    """The least loss on its way is that of hardly any decay, and not what was asked for."""
    ratings, chosen = planted(), settings(optimizer="adamw", weight_decay=5.0, epochs=2000)
    result = fit(ratings, None, chosen)
    assert result.rmse_after == result.history[-1].rmse > min(e.rmse for e in result.history)


def test_converged_says_so_and_a_second_fit_has_nothing_to_do():
    ratings = planted(noise=0.5)
    result = fit(ratings, None, settings())
    assert result.converged and result.stop.startswith(f"Converged after {result.epochs} epochs: ")
    again = fit(ratings, result.factors, settings())
    assert again.epochs <= 30 and again.rmse_after == pytest.approx(result.rmse_after, abs=1e-12)


def test_not_to_fall_for_a_while_is_not_to_have_converged():
    """At this rate adam is far above its start for more than 25 epochs, and then descends."""
    ratings = planted(noise=0.5)
    result = fit(ratings, None, settings("dot", optimizer="adam", lr=4.0))
    best_of_25 = min(epoch.rmse for epoch in result.history[1:26])
    assert best_of_25 > result.rmse_before           # uphill at first …
    assert result.rmse_after < result.rmse_before    # … and yet it did not give up


def test_a_plateau_above_the_best_is_no_convergence():
    """One step of 10 drives every sigmoid into its end, where the gradient is 0."""
    result = fit(planted(), None, settings("bounded", optimizer="rmsprop", lr=100.0))
    assert not result.converged
    assert result.stop.startswith("Stuck at epoch ") and result.stop.endswith("Lower lr from 100.")
    assert result.rmse_after <= result.rmse_before


@each_model
def test_divergence_names_the_rate_and_keeps_the_best(model):
    if model == "bounded":
        pytest.skip("a sigmoid cannot overflow")
    result = fit(planted(), None, settings(model, optimizer="sgd", lr=5000.0))
    best = min(result.history, key=lambda epoch: epoch.rmse)
    assert result.stop == (f"Diverged: the loss was no longer finite at epoch {len(result.history)}; "
                           f"kept epoch {best.epoch}, RMSE {best.rmse:.6g}. Lower lr from 5000.")
    assert result.rmse_after == best.rmse == pytest.approx(rmse(result.factors, planted()))
    assert not result.converged


def test_on_epoch_sees_every_epoch_and_can_stop():
    seen = []

    def watch(epoch):
        seen.append(epoch)
        return epoch.epoch == 7

    result = fit(planted(), None, settings(optimizer="adam"), on_epoch=watch)
    assert tuple(seen) == result.history and len(seen) == 8
    assert result.stopped and not result.converged
    best = min(seen, key=lambda epoch: epoch.rmse)
    assert result.stop == (f"Stopped at epoch 7, as you asked; the best so far is kept: "
                           f"epoch {best.epoch}, RMSE {best.rmse:.6g}.")
    assert result.rmse_after == best.rmse


@pytest.mark.parametrize("optimizer", MINIMISERS)
def test_ctrl_c_keeps_the_best_so_far(optimizer):
    def press_ctrl_c(epoch):
        if epoch.epoch == 5:
            raise KeyboardInterrupt

    result = fit(planted(), None, settings(optimizer=optimizer), on_epoch=press_ctrl_c)
    assert result.stop.startswith("Stopped by Ctrl-C at epoch ")
    assert result.stopped and len(result.history) == 6
    assert result.rmse_after == min(e.rmse for e in result.history) < result.rmse_before
    assert rmse(result.factors, planted()) == pytest.approx(result.rmse_after, rel=1e-12)


def test_ctrl_c_before_anything_was_met_is_just_ctrl_c(monkeypatch):
    def press_ctrl_c(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(Objective, "mean_squared_error", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        fit(planted(), None, settings())


@pytest.mark.parametrize("n, sentence", [(0, "There is no rating; a fit needs 2 or more."),
                                         (1, "There is only 1 rating; a fit needs 2 or more.")])
def test_fewer_than_two_ratings_teach_nothing(n, sentence):
    with pytest.raises(UserError) as error:
        fit(Ratings.from_triples(["a"] * n, ["x"] * n, [3.0] * n))
    assert str(error.value) == sentence


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_rating_that_is_not_finite_is_refused(value):
    ratings = Ratings.from_triples(["a", "b"], ["x", "y"], [3.0, value])
    with pytest.raises(UserError, match="A rating is not a finite number"):
        fit(ratings)


def test_threads_are_given_back():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        during = set()
        fit(planted(), None, settings(epochs=2), on_epoch=lambda _: during.add(torch.get_num_threads()))
        assert during == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_device_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    cpu = fit(planted(), None, settings(epochs=20))
    cuda = fit(planted(), None, settings(epochs=20, device="cuda"))
    assert cuda.notes == ("No cuda device was found; the CPU is used.",) and cpu.notes == ()
    assert cuda.rmse_after == cpu.rmse_after


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@each_model
def test_cuda_and_cpu_agree(model):
    ratings = planted(noise=0.5)
    cpu, cuda = (fit(ratings, None, settings(model, device=device)) for device in ("cpu", "cuda"))
    assert cuda.rmse_after == pytest.approx(cpu.rmse_after, abs=1e-9)
    assert all(t.device.type == "cpu" for t in cuda.factors.tensors().values())


def test_large_problems_may_use_all_threads(monkeypatch):
    monkeypatch.setattr(fit_ratings, "SMALL", 10)
    before, during = torch.get_num_threads(), set()
    try:
        torch.set_num_threads(2)
        fit(planted(), None, settings(epochs=2), on_epoch=lambda _: during.add(torch.get_num_threads()))
    finally:
        torch.set_num_threads(before)
    assert during == {2}


def test_a_full_gpu_falls_back_to_the_cpu_and_says_so(monkeypatch):
    """Injected: no GPU here could be filled. What follows is the real fit on the CPU."""
    on = fit_ratings._descend_on

    def full(device, *rest):
        if device == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return on(device, *rest)

    monkeypatch.setattr(fit_ratings, "_device", lambda *_: ("cuda", ()))
    monkeypatch.setattr(fit_ratings, "_descend_on", full)
    result = fit(planted(), None, settings(epochs=20))
    assert result.notes == ("The GPU's memory is full; the CPU was used.",)
    assert result.rmse_after < result.rmse_before


def test_start_values_of_another_model_are_refused():
    ratings = planted()
    with pytest.raises(UserError, match="'dot' has no biases, and the start values have some"):
        fit(ratings, start_for(ratings, settings("bounded")), settings("dot"))
    with pytest.raises(UserError, match="'bounded' has biases, and the start values have none"):
        fit(ratings, start_for(ratings, settings("dot")), settings("bounded"))


def test_without_a_model_the_start_values_say_which():
    ratings = planted()
    for model in ("dot", "dot+bias"):
        chosen = settings(model)
        told, untold = (fit(ratings, start_for(ratings, chosen), settings(m, epochs=5)) for m in (model, None))
        assert untold.settings.model == model and untold.rmse_after == told.rmse_after
    assert fit(ratings, settings=settings(None, epochs=5)).settings.model == "dot+bias"
