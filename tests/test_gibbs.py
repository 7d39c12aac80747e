"""Gibbs sampling: every conditional against what is known of it in closed form, and what the chain is for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import planted, settings, truth

from solver import Factors, Ratings, Settings, UserError, fit, rmse, split_off
from solver.core.steps import FitTask
from solver.fitting import fit_ratings as fitting
from solver.fitting.start_values import start_values
from solver.methods import gibbs
from solver.methods import ridge_regression as ridge
from solver.methods.gibbs import BURN_IN, CHAIN_SWEEPS, Gibbs, KeptSweeps, Units
from solver.methods.known_columns import KnownColumns, known_of_both
from solver.methods.normal_wishart import PRIOR_ROWS, Common, draw_common, first_precisions
from solver.methods.row_sets import Family
from solver.model.posterior import mean_prediction, standard_deviation

each_model = pytest.mark.parametrize("model", ["dot", "dot+bias"])


def chain(ratings: Ratings, *, holdout: Ratings | None = None, **options) -> Gibbs:
    chosen = settings(options.pop("model", "dot+bias"), optimizer="gibbs", **options)
    return Gibbs(FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen, holdout=holdout))


def sampled(ratings: Ratings, *, holdout: Ratings | None = None, start: Factors | None = None, **options):
    chosen = settings(options.pop("model", "dot+bias"), optimizer="gibbs", **options)
    return fit(ratings, start, chosen, holdout=holdout)


def wide_ratings(users: int = 400, items: int = 90, seed: int = 0) -> Ratings:
    """More than the compiled loops need to be chosen, users and items with a single rating among them."""
    rng = np.random.default_rng(seed)
    table = truth(users, items, 3, seed=seed) + 0.5 * rng.standard_normal((users, items))
    table[rng.random((users, items)) > np.linspace(0.02, 1, items)] = np.nan
    table[0], table[0, 5], table[:, 0], table[3, 0] = np.nan, 3.0, np.nan, 4.0
    return Ratings.from_crosstab(table, range(users), range(items))


# ---- the conditionals -------------------------------------------------------------------------

@pytest.mark.parametrize("rated", [1, 2, 12])  # fewer than the numbers in a row, and more
@pytest.mark.parametrize("compiled", [False, True])
def test_rows_given_the_other_side_have_the_right_mean_and_covariance(rated, compiled, monkeypatch):
    """Thousands of users who rated the same items alike: as many draws of one row at once."""
    monkeypatch.setattr(ridge, "COMPILED_FROM", 0 if compiled else 10**9)
    n, items, k, alpha = 20_000, 12, 2, 1.7
    rng = np.random.default_rng(1)
    given = rng.uniform(1, 5, rated)
    ratings = Ratings(tuple(range(n)), tuple(range(items)), np.repeat(np.arange(n), rated),
                      np.tile(np.arange(rated), n), np.tile(given, n))
    gibbs_chain = chain(ratings, n_factors=k)
    mean, root = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64), torch.tensor(
        [[0.9, 0.0, 0.0], [0.2, 0.5, 0.0], [-0.3, 0.1, 0.7]], dtype=torch.float64)
    centres = torch.linalg.solve(root, mean).expand(n, -1)
    monkeypatch.setattr(gibbs, "draw_common", lambda rows, known, precisions, generator: Common(centres, root, precisions))
    alpha_drawn = torch.tensor(alpha, dtype=torch.float64)
    middle, deviation = gibbs_chain._draw_rows(gibbs_chain.user, gibbs_chain.item, alpha_drawn)

    item = gibbs_chain.item.rows[:rated].numpy()
    features = np.column_stack([item[:, :k], np.ones(rated)])
    prior = np.linalg.inv(root.numpy() @ root.numpy().T)
    covariance = np.linalg.inv(prior + alpha * features.T @ features)
    targets = gibbs_chain.units.of_ratings(torch.tensor(given)).numpy() - item[:, k]
    expected = covariance @ (prior @ mean.numpy() + alpha * features.T @ targets)

    np.testing.assert_allclose(middle, np.tile(expected, (n, 1)), rtol=0, atol=1e-10)  # the mean is no draw
    size = np.sqrt(np.diag(covariance))
    assert np.abs(deviation.numpy().mean(0) / size).max() < 5 / np.sqrt(n)
    found = np.cov(deviation.numpy().T)
    assert np.abs((found - covariance) / np.outer(size, size)).max() < 6 / np.sqrt(n)


def test_what_rows_have_in_common_has_the_moments_of_its_normal_wishart():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(7, 3, generator=generator, dtype=torch.float64) * 2 + torch.tensor([1.0, 0.0, -3.0])
    n, d, draws = 7, 3, 6_000
    x = rows.numpy()
    mean = x.mean(0)
    scatter = (x - mean).T @ (x - mean)
    scale = np.linalg.inv(np.eye(d) + scatter + PRIOR_ROWS * n / (PRIOR_ROWS + n) * np.outer(mean, mean))
    known = KnownColumns.of((), n, dtype=rows.dtype, device="cpu")
    precisions, means, whitened = np.empty((draws, d, d)), np.empty((draws, d)), np.empty((draws, d))
    for j in range(draws):
        common = draw_common(rows, known, first_precisions(known), generator)
        root = common.root.numpy()
        precisions[j] = np.linalg.inv(root @ root.T)
        means[j] = root @ common.centres[0].numpy()
        whitened[j] = np.linalg.solve(root, means[j] - n * mean / (PRIOR_ROWS + n)) * np.sqrt(PRIOR_ROWS + n)
    expected = (d + n) * scale
    spread = np.sqrt((d + n) * (scale ** 2 + np.outer(np.diag(scale), np.diag(scale))))  # of an entry of a Wishart
    assert np.abs((precisions.mean(0) - expected) / spread).max() < 5 / np.sqrt(draws)
    assert np.abs(precisions.std(0) / spread - 1).max() < 0.05
    assert np.abs(means.mean(0) - n * mean / (PRIOR_ROWS + n)).max() < 5 * means.std(0).max() / np.sqrt(draws)
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(d), atol=0.05)  # R leads from N(0, I) to the rows' spread


def test_how_rows_follow_what_is_known_of_them_has_the_moments_of_its_posterior():
    """The mean of a row's usual place is F·Ŵ, and its covariance (F·G⁻¹·Fᵀ)_uu·E[Λ⁻¹], of a ridge regression on the columns."""
    generator = torch.Generator().manual_seed(0)
    n, d, draws, weight = 9, 2, 3_000, 1.5
    columns = np.random.default_rng(0).uniform(0.2, 1.0, (n, 3))
    rows = torch.randn(n, d, generator=generator, dtype=torch.float64) + 2 * torch.as_tensor(columns[:, :1])
    at = np.indices(columns.shape)
    known = KnownColumns.of([Family(at[0].ravel(), at[1].ravel(), columns.ravel(), 3)], n, dtype=rows.dtype, device="cpu")
    places = np.empty((draws, n, d))
    for j in range(draws):
        common = draw_common(rows, known, torch.tensor([weight], dtype=torch.float64), generator)
        places[j] = common.centres.numpy() @ common.root.numpy().T
    every, x = np.column_stack([np.ones(n), columns]), rows.numpy()
    inverse = np.linalg.inv(every.T @ every + np.diag([PRIOR_ROWS, weight, weight, weight]))
    fitted = every @ inverse @ every.T @ x
    scale = np.eye(d) + x.T @ x - x.T @ fitted                   # Λ⁻¹ is inverse Wishart: its mean is this / (d + n − d − 1)
    covariance = np.einsum("uf,fg,ug->u", every, inverse, every)[:, None, None] * scale / (n - 1)
    sizes = np.sqrt(np.einsum("udd->ud", covariance))
    assert np.abs((places.mean(0) - fitted) / sizes).max() < 5 / np.sqrt(draws)
    found = np.einsum("jud,jue->ude", places - fitted, places - fitted) / draws
    assert np.abs((found - covariance) / np.einsum("ud,ue->ude", sizes, sizes)).max() < 0.2


def test_the_weight_of_a_family_is_found_by_how_much_its_columns_tell():
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    n, d, f = 400, 3, 20
    columns = rng.normal(size=(n, 2 * f)) / np.sqrt(f)
    rows = torch.as_tensor(columns[:, :f] @ rng.normal(size=(f, d)) * 2 + rng.normal(size=(n, d)))    # the second family tells nothing
    at = np.indices((n, f))
    families = [Family(at[0].ravel(), at[1].ravel(), part.ravel(), f) for part in (columns[:, :f], columns[:, f:])]
    known = KnownColumns.of(families, n, dtype=rows.dtype, device="cpu")
    precisions, seen = first_precisions(known), []
    for _ in range(200):
        precisions = draw_common(rows, known, precisions, generator).precisions
        seen.append(precisions)
    told, nothing = torch.stack(seen[50:]).mean(0)
    assert 0.1 < told < 0.6 and nothing > 5      # 1/4 was planted


def test_the_sets_of_both_sides_are_one_over_the_root_of_their_sizes():
    ratings = Ratings((0, 1, 2), (0, 1), np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0]))
    chosen = settings(optimizer="gibbs", implicit_sets="both")
    users, items = known_of_both(ratings, chosen, dtype=torch.float64, device="cpu")
    root = 2 ** -0.5
    # the columns: 1, item 1 (rated by two), item 0; and 1, user 0, user 1, user 2
    expected = np.array([[1, root, root], [1, 1, 0], [1, 0, 0]]), np.array([[1, 1, 0, 0], [1, root, root, 0]])
    for known, table in zip((users, items), expected):
        found = known.table.times(torch.eye(table.shape[1], dtype=torch.float64))
        np.testing.assert_allclose(found, table, atol=1e-15)
        np.testing.assert_allclose(known.table.transposed_times(torch.eye(len(table), dtype=torch.float64)), table.T, atol=1e-15)
        np.testing.assert_allclose(known.gram, table.T @ table, atol=1e-15)


def test_the_precision_of_the_noise_is_gamma():
    running = chain(planted(20, 15))
    running.residual = torch.linspace(-2, 2, 60, dtype=torch.float64)
    draws = np.array([float(running._draw_precision()) for _ in range(6_000)])
    shape, rate = 1 + 60 / 2, 1 + float((running.residual ** 2).sum()) / 2
    assert draws.mean() == pytest.approx(shape / rate, rel=5 / np.sqrt(shape * len(draws)))
    assert draws.std() == pytest.approx(np.sqrt(shape) / rate, rel=0.05)


@each_model
def test_a_sweep_ends_with_the_residuals_of_the_rows_it_ends_with(model):
    running = chain(planted(20, 15), model=model)
    for _ in range(3):
        running.step(last=False)
    drawn = running.units.factors(running.user.rows, running.item.rows)
    pairs = running.train.pairs
    expected = (running.train.values - drawn.raw(pairs.users, pairs.items)) / running.units.spread
    torch.testing.assert_close(running.residual, expected, rtol=0, atol=1e-12)


@each_model
def test_units_there_and_back_change_no_prediction(model):
    ratings = planted()
    start = start_values(ratings, settings(model))  # without offset: half the mean in each bias
    for factors in (start, start_values(ratings, settings(model, optimizer="gibbs"))):
        units = Units.of(torch.as_tensor(ratings.values), factors)
        back = units.factors(*units.rows(factors))
        assert back.offset == factors.offset
        for name, tensor in factors.tensors().items():
            torch.testing.assert_close(back.tensors()[name], tensor)
        if model == "dot+bias":
            user, item = units.rows(factors)
            rows = user[:, :-1] @ item[:, :-1].T + user[:, -1:] + item[:, -1]
            torch.testing.assert_close(units.to_ratings(rows), factors.raw_table())


# ---- the fast way and the plain one -----------------------------------------------------------

@each_model
def test_compiled_and_plain_are_the_same_chain(model, monkeypatch):
    ratings, held = split_off(wide_ratings(), 0.1)
    found = []
    for least in (0, 10**9):
        monkeypatch.setattr(ridge, "COMPILED_FROM", least)
        found.append(sampled(ratings, holdout=held, model=model, n_factors=3, epochs=6, implicit_sets="both"))
    fast, plain = found
    for a, b in zip(fast.history, plain.history):
        assert (a.rmse, a.holdout_rmse) == pytest.approx((b.rmse, b.holdout_rmse), abs=1e-10)
    for a, b in zip(fast.samples, plain.samples):
        for name, tensor in a.tensors().items():
            torch.testing.assert_close(tensor, b.tensors()[name], rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_number_of_threads_gives_the_same_bits(dtype, monkeypatch):
    monkeypatch.setattr(fitting, "SMALL", 0)
    monkeypatch.setattr(ridge, "COMPILED_FROM", 0)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(sampled(wide_ratings(), n_factors=3, epochs=6, dtype=dtype, implicit_sets="both"))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert [e.rmse for e in other.history] == [e.rmse for e in found[0].history]
        for a, b in zip(other.samples, found[0].samples):
            assert all(torch.equal(tensor, b.tensors()[name]) for name, tensor in a.tensors().items())


# ---- what comes of it -------------------------------------------------------------------------

def test_predictions_are_on_average_within_a_hundredth_of_tuned_least_squares_and_need_no_penalty():
    """Over ten tables 0.4 % more RMSE, ± 0.3 %, than the best of five penalties, chosen by the held-out ratings themselves;
    the penalty 0.1 alone has 15 % more."""
    more = []
    for seed in range(10):
        ratings, held = split_off(planted(60, 50, factors=3, noise=0.7, blanks=0.5, seed=seed), 0.2, seed=seed)
        drawn = sampled(ratings, holdout=held, n_factors=6, epochs=40)
        penalised = [fit(ratings, None, settings(n_factors=6, optimizer="als", weight_decay=decay, epochs=20))
                     for decay in (0.1, 0.2, 0.3, 0.45, 0.7)]
        more.append(drawn.holdout_rmse / min(rmse(result.factors, held) for result in penalised) - 1)
    assert np.mean(more) < 0.01
    assert drawn.holdout_rmse < 0.85  # the noise alone is 0.7


@pytest.mark.parametrize("compiled", [False, True])
def test_standard_deviations_say_how_far_the_truth_may_be(compiled, monkeypatch):
    """Of the true values, which no rating shows without noise, 95 % should be within 2 deviations."""
    monkeypatch.setattr(ridge, "COMPILED_FROM", 0 if compiled else 10**9)
    users, items, noise = 60, 50, 0.6
    rng = np.random.default_rng(3)
    table = 3 + rng.normal(0, 0.4, (users, 1)) + rng.normal(0, 0.4, items) + (
        rng.normal(0, 0.6, (users, 2)) @ rng.normal(0, 0.6, (items, 2)).T)
    seen = np.where(rng.random(table.shape) < 0.4, table + noise * rng.standard_normal(table.shape), np.nan)
    result = sampled(Ratings.from_crosstab(seen, range(users), range(items)), n_factors=2, epochs=160)
    u, i = (torch.as_tensor(index.ravel()) for index in np.indices(table.shape))
    mean, deviation = (moment(result.samples, u, i).numpy().reshape(table.shape)
                       for moment in (mean_prediction, standard_deviation))
    z = (mean - table) / deviation
    for which in (np.isnan(seen), ~np.isnan(seen)):  # blanks are as honest as what was rated
        assert 0.91 < (np.abs(z[which]) < 2).mean() < 0.985
        assert 0.55 < (np.abs(z[which]) < 1).mean() < 0.80
    assert deviation[np.isnan(seen)].mean() > deviation[~np.isnan(seen)].mean()


def test_the_history_is_that_of_the_mean_prediction_of_the_samples():
    ratings, held = split_off(planted(30, 20), 0.2)
    result = sampled(ratings, holdout=held, epochs=20)
    best = min(result.history, key=lambda epoch: epoch.holdout_rmse)
    assert len(result.samples) == 2 * (best.epoch - BURN_IN)
    for part, told in ((ratings, best.rmse), (held, best.holdout_rmse)):
        mean = mean_prediction(result.samples, torch.as_tensor(part.user_index), torch.as_tensor(part.item_index))
        assert float(((mean - torch.as_tensor(part.values)) ** 2).mean().sqrt()) == pytest.approx(told, abs=1e-12)


def test_the_result_tells_the_truth_about_its_factors():
    ratings, held = split_off(planted(30, 20), 0.2)
    result = sampled(ratings, holdout=held, epochs=20)
    assert result.rmse_after == pytest.approx(rmse(result.factors, ratings), rel=1e-12)
    assert result.holdout_rmse == pytest.approx(rmse(result.factors, held), rel=1e-12)
    assert result.rmse_before == pytest.approx(rmse(start_values(ratings, result.settings), ratings), rel=1e-12)
    assert result.stop.startswith("Finished all 20 epochs") and result.converged
    assert result.factors.n_factors == 2


def test_predictions_for_the_holdout_are_clipped_first():
    ratings, held = split_off(planted(30, 20, noise=1.0), 0.2)
    free = fit(ratings, None, settings(optimizer="gibbs", epochs=12), holdout=held)
    clipped = fit(ratings, None, settings(optimizer="gibbs", epochs=12), holdout=held, clip=(2.9, 3.1))
    assert clipped.history[-1].holdout_rmse != free.history[-1].holdout_rmse
    assert clipped.holdout_rmse == pytest.approx(rmse(clipped.factors, held, clip=(2.9, 3.1)), rel=1e-12)


def test_ratings_on_another_scale_give_the_same_fit_on_that_scale():
    one = planted(30, 20)
    ten = Ratings(one.users, one.items, one.user_index, one.item_index, 20 * one.values - 100)
    a, b = sampled(one, epochs=10), sampled(ten, epochs=10)
    torch.testing.assert_close(20 * a.factors.raw_table() - 100, b.factors.raw_table(), rtol=0, atol=1e-7)


@each_model
def test_users_and_items_without_a_rating_keep_given_start_values(model):
    base = planted(8, 6).crosstab()
    base[2], base[:, 3] = np.nan, np.nan
    ratings = Ratings.from_crosstab(base, range(8), range(6))
    start = start_values(ratings, settings(model))
    before = {name: tensor.clone() for name, tensor in start.tensors().items()}
    result = sampled(ratings, start=start, model=model, epochs=10)
    for found in (result.factors, *result.samples):
        assert found.offset == 0.0
        for name, tensor in found.tensors().items():
            alone = 2 if name.startswith("user") else 3
            assert torch.equal(tensor[alone], before[name][alone]) and not torch.equal(tensor, before[name])
    assert all(torch.equal(tensor, before[name]) for name, tensor in start.tensors().items())


def test_whom_nobody_rated_is_predicted_like_the_others_on_average():
    base = truth(60, 40, 2) + np.linspace(-1, 1, 60)[:, None]
    base[:, 7] = np.nan
    result = sampled(Ratings.from_crosstab(base, range(60), range(40)), epochs=40)
    table = result.factors.raw_table().numpy()
    rated = np.delete(base, 7, axis=1)
    assert np.abs(table[:, 7] - rated.mean(1)).mean() < 0.35 * np.abs(rated.mean() - rated.mean(1)).mean()


@pytest.mark.parametrize("ratings, k", [(planted(9, 7, blanks=0.6), 1), (planted(5, 4, blanks=0.5), 12),
                                        (Ratings.from_triples(["a", "b"], ["x", "x"], [3.0, 3.0]), 2)])
@each_model
def test_few_ratings_and_many_factors_are_no_trouble(ratings, k, model):
    result = sampled(ratings, model=model, n_factors=k, epochs=10, implicit_sets="both")
    assert result.factors.n_factors == k
    for found in (result.factors, *result.samples):
        assert all(torch.isfinite(tensor).all() for tensor in found.tensors().values())


def test_kept_samples_are_thinned_to_what_memory_allows(monkeypatch):
    monkeypatch.setattr(gibbs, "MOST_SWEEPS", 5)
    assert len(sampled(planted(), epochs=BURN_IN + 20).samples) == 2 * 5
    assert len(sampled(planted(), epochs=BURN_IN + 21).samples) == 2 * 5
    monkeypatch.setattr(gibbs, "MOST_MEMORY", 3 * (2 * 12 + 10) * 3 * 8)  # two draws of 12 users, one of 10 items
    assert len(sampled(planted(), epochs=BURN_IN + 20).samples) == 2 * 3


@pytest.mark.parametrize("users, items", [(12, 10), (10, 12)])
def test_the_two_draws_of_a_sweep_share_the_smaller_side(users, items):
    samples = sampled(planted(users, items), epochs=BURN_IN + 3).samples
    few, many = ("item", "user") if users > items else ("user", "item")
    for one, other in zip(samples[::2], samples[1::2]):
        assert getattr(one, few).data_ptr() == getattr(other, few).data_ptr()
        assert not torch.equal(getattr(one, many), getattr(other, many))


def test_who_rates_what_tells_more_than_the_ratings_alone():
    """People mostly rate what they like: so was it planted, and so the sets say what the few ratings of an item leave open."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        liking = rng.normal(size=(200, 2)) @ rng.normal(size=(600, 2)).T
        rated = rng.random(liking.shape) < 0.4 / (1 + np.exp(3 - 3 * liking))
        table = np.where(rated, 3 + 0.5 * liking + rng.normal(0, 1, liking.shape), np.nan)
        ratings, held = split_off(Ratings.from_crosstab(table, range(200), range(600)), 0.2, seed=seed)
        without, with_ = (sampled(ratings, holdout=held, n_factors=3, epochs=25, implicit_sets=sets).history[-1].holdout_rmse
                          for sets in ("none", "both"))
        assert with_ < without - 0.002


def test_ctrl_c_keeps_the_draws_so_far():
    def press_ctrl_c(epoch):
        if epoch.epoch == BURN_IN + 3:
            raise KeyboardInterrupt

    result = fit(planted(), None, settings(optimizer="gibbs", epochs=50), on_epoch=press_ctrl_c)
    assert result.stopped and result.stop.startswith("Stopped by Ctrl-C at epoch ")
    assert len(result.samples) == 2 * 3
    assert result.rmse_after == pytest.approx(rmse(result.factors, planted()), rel=1e-12)


def test_ctrl_c_before_any_draw_is_kept_keeps_the_last_one():
    def press_ctrl_c(epoch):
        raise KeyboardInterrupt

    result = fit(planted(), None, settings(optimizer="gibbs", epochs=50), on_epoch=press_ctrl_c)
    assert result.samples == () and len(result.history) == 1
    assert result.rmse_after == pytest.approx(result.history[0].rmse, rel=1e-12)


@pytest.mark.parametrize("options, sentence", [
    (dict(lr=0.1), "lr is 0.1, and gibbs does not use it. Leave lr out"),
    (dict(weight_decay=0.1), "weight_decay is 0.1, and gibbs does not use it. Leave weight_decay out"),
    (dict(model="bounded", low=1, high=5), "gibbs needs a model that is linear in each side")])
def test_what_it_does_not_take_is_refused(options, sentence):
    with pytest.raises(UserError) as error:
        Settings(optimizer="gibbs", **options)
    assert str(error.value).startswith(sentence)


def test_a_sheet_is_fitted_and_agrees_with_itself(tmp_path):
    from pyxl import fit_workbook
    from workbook import build
    path = tmp_path / "book.xlsx"
    build(planted(), path, n_factors=2)
    results = fit_workbook(path, out=tmp_path / "out.xlsx", sheets=["dotprod", "bias"],
                           options={"optimizer": "gibbs", "epochs": 40})
    assert len(results) == 2
    for sheet, result in results.items():
        assert result.rmse_after < result.rmse_before and result.factors.offset == 0.0
        assert not [note for note in result.notes if "please report" in note], sheet


def test_a_long_chain_is_given_up_for_another_one():
    kept = KeptSweeps.of(72, size=1, most=2**20, chains=3)
    assert [sweep for sweep in range(1, 73) if kept.begins(sweep)] == [1, 25, 49]
    assert kept.up_to(72) == [*range(5, 25), *range(29, 49), *range(53, 73)]
    ratings = planted(12, 10)
    held = sampled(ratings, epochs=2 * CHAIN_SWEEPS)
    assert len(held.samples) == 2 * 2 * (CHAIN_SWEEPS - BURN_IN)
    task = FitTask(ratings=ratings, start=start_values(ratings, settings("dot+bias", optimizer="gibbs", n_factors=2)),
                   settings=settings("dot+bias", optimizer="gibbs", n_factors=2))
    steps = Gibbs(task)
    began = [rows.clone() for rows in steps.began]
    steps.step(last=False)
    steps._begin_anew()
    for side, rows in zip((steps.user, steps.item), began):
        assert not torch.equal(side.rows[:, :2], rows[:, :2])
        assert sorted(side.rows[:, :2].tolist()) == sorted(rows[:, :2].tolist()) and torch.equal(side.rows[:, 2], rows[:, 2])
