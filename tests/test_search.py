"""Cross-validation and grid search, against the same done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import planted

from solver import CollabFilter, Ratings, Settings, UserError, fit, folds, predict_table, rmse, split_off
from solver.collab.judged.search import cross_validate, grid_search
from solver.fitting.effort import recipe
from solver.judging.baselines import bias_only

FAST = Settings(model="dot+bias", n_factors=2, optimizer="lbfgs", weight_decay=0.02, epochs=40)


def test_every_fold_is_a_fit_that_never_saw_its_ratings():
    ratings = planted(20, 15)
    found = cross_validate(ratings, FAST, folds=4, seed=3)
    expected = []
    for learnt, held in folds(ratings, 4, seed=3):
        table = predict_table(fit(learnt, None, FAST).factors).numpy()
        table = table.clip(learnt.values.min(), learnt.values.max())
        expected.append(np.sqrt(np.mean((table[held.user_index, held.item_index] - held.values) ** 2)))
    np.testing.assert_allclose(found.folds.rmse, expected, rtol=1e-12)
    assert found.folds.fold.tolist() == [1, 2, 3, 4]
    assert found.rmse == pytest.approx(np.mean(expected))
    assert found.standard_error == pytest.approx(np.std(expected, ddof=1) / 2)


def test_the_biases_alone_stand_beside_it():
    ratings = planted(40, 30, noise=0.1)
    found = cross_validate(ratings, FAST, folds=3)
    by_hand = [rmse(bias_only(learnt), held, clip=(learnt.values.min(), learnt.values.max()))
               for learnt, held in folds(ratings, 3, seed=0)]
    assert found.bias_only == pytest.approx(np.mean(by_hand))
    assert found.rmse < found.bias_only - 2 * found.standard_error  # there is more than biases in it


def test_an_estimator_is_judged_like_its_settings_and_stays_unfitted():
    ratings = planted(30, 20)
    model = CollabFilter(3, epochs=3, random_state=7, optimizer="adamw", model="dot+bias")
    by_model = cross_validate(ratings, model, folds=2)
    assert not hasattr(model, "factors_")
    chosen = CollabFilter(**model.get_params()).fit(ratings).settings_
    np.testing.assert_allclose(by_model.folds.rmse, cross_validate(ratings, chosen, folds=2).folds.rmse, rtol=0.02)


def test_a_search_finds_the_planted_number_of_factors():
    ratings = planted(50, 40, factors=3, noise=0.02)
    found = grid_search(ratings, replace(FAST, epochs=100), n_factors=(1, 3), weight_decay=(0.001, 0.5), folds=2)
    assert (found.best.n_factors, found.best.weight_decay) == (3, 0.001)
    assert found.best.epochs == 100 and found.best.optimizer == FAST.optimizer
    assert len(found.results) == 4 and found.results.rmse.is_monotonic_increasing
    first = found.results.iloc[0]
    assert first.rmse == cross_validate(ratings, found.best, folds=2).rmse < found.bias_only


def test_its_choice_holds_on_ratings_that_the_search_never_saw():
    ratings = planted(60, 40, factors=3, noise=0.1)
    kept, new = split_off(ratings, 0.2, seed=5)
    found = grid_search(kept, FAST, n_factors=(1, 3), weight_decay=(0.001, 0.5))
    worst = found.results.iloc[-1]
    errors = [rmse(fit(kept, None, Settings(model="dot+bias", epochs=40, n_factors=int(k), weight_decay=decay)).factors, new)
              for k, decay in ((found.best.n_factors, found.best.weight_decay), (worst.n_factors, worst.weight_decay))]
    assert errors[0] < errors[1]


def test_the_same_seed_gives_the_same_folds_and_the_defaults_work():
    ratings = planted(20, 15)
    one, same, other = (cross_validate(ratings, folds=2, seed=seed).folds.rmse for seed in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)
    usual = recipe("quick", ratings, n_factors=50)
    found = grid_search(ratings, n_factors=(2, 4), folds=2)
    assert set(found.results.weight_decay) == {0.5 * usual.weight_decay, usual.weight_decay, 2 * usual.weight_decay}
    assert replace(found.best, n_factors=50, weight_decay=usual.weight_decay) == usual


def test_draws_from_a_posterior_are_judged_by_their_mean():
    ratings = planted(30, 20, noise=0.5)
    gibbs = Settings(model="dot+bias", n_factors=2, optimizer="gibbs", epochs=30)
    learnt, held = next(folds(ratings, 2, seed=0))
    samples = fit(learnt, None, gibbs).samples
    mean = sum(predict_table(sample) for sample in samples).numpy() / len(samples)
    mean = mean.clip(learnt.values.min(), learnt.values.max())[held.user_index, held.item_index]
    found = cross_validate(ratings, gibbs, folds=2).folds.rmse[0]
    assert found == pytest.approx(np.sqrt(np.mean((mean - held.values) ** 2)), rel=1e-6)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(UserError, match="There is nothing to search"):
        grid_search(planted(), FAST, n_factors=())
    with pytest.raises(UserError, match="1 folds of "):
        cross_validate(planted(), FAST, folds=1)
    with pytest.raises(UserError, match="lbfgs|weight_decay is -1"):
        grid_search(planted(), FAST, weight_decay=(-1,))
    happened = planted()
    happened = Ratings(happened.users, happened.items, happened.user_index, happened.item_index, np.ones(len(happened)))
    for model in (CollabFilter(feedback="implicit"),
                  Settings(model="bounded", low=0, high=1, loss="cross-entropy", optimizer="adamw", batch_size=8)):
        with pytest.raises(UserError, match="says nothing of implicit feedback"):
            cross_validate(happened, model)
