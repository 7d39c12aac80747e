"""Intervals hold as many ratings as they claim to, and say how they come to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from solver import CollabFilter, Ratings, UserError, split_off
from solver.collab.answers.intervals import FEWEST, Residuals, conformal_quantile, corrected, uncorrected


def uneven(seed: int = 0) -> Ratings:
    """Users rate more or less, and whoever rates more does so with less noise: by one width, light users are held too seldom."""
    rng = np.random.default_rng(seed)
    shares = np.linspace(0.05, 0.6, 250)[:, None]
    truth = 3 + rng.normal(0, 0.4, (250, 1)) + rng.normal(0, 0.4, 120)
    table = truth + (1.2 - 1.5 * shares) * rng.standard_normal(truth.shape)
    return Ratings.from_crosstab(np.where(rng.random(truth.shape) < shares, table, np.nan), range(250), range(120))


@pytest.fixture(scope="module")
def drawn() -> tuple[CollabFilter, Ratings]:
    """A model of draws that held some ratings out, and other ratings."""
    learnt, others = split_off(uneven(), 0.3, seed=1)
    return CollabFilter(2, effort="best", epochs=30, holdout=0.2, rating_range=(-5, 11)).fit(learnt), others


def test_the_conformal_quantile_is_that_of_one_more():
    ratios = np.arange(1.0, 20.0)     # 19 of them: a twentieth is the largest in one of twenty cases
    assert conformal_quantile(ratios, 0.95) == 19 and conformal_quantile(ratios, 0.9) == 18 and conformal_quantile(ratios, 0.99) == 19
    assert conformal_quantile(ratios[:0], 0.9) == 1


def test_ninety_percent_hold_ninety_percent_in_each_fifth(drawn):
    model, others = drawn
    predicted, low, high = model.predict(others, return_interval=0.9)
    inside = (others.values >= low) & (others.values <= high)
    assert abs(inside.mean() - 0.9) < 0.025
    counts = model.user_counts_[others.user_index]
    fifths = np.searchsorted(np.quantile(counts, [0.2, 0.4, 0.6, 0.8]), counts, side="right")
    assert all(abs(inside[fifths == fifth].mean() - 0.9) < 0.05 for fifth in range(5))
    lengths = [np.mean((high - low)[fifths == fifth]) for fifth in (0, 4)]
    assert lengths[0] > 1.3 * lengths[1]
    assert (low <= predicted).all() and (predicted <= high).all()
    wider = model.predict(others, return_interval=0.99)
    assert (wider[1] <= low).all() and (wider[2] >= high).all()


def test_a_saved_model_gives_the_same_intervals(drawn, tmp_path):
    model, others = drawn
    model.save(tmp_path / "m")
    for one, again in zip(model.predict(others, return_interval=0.8), CollabFilter.load(tmp_path / "m").predict(others, return_interval=0.8)):
        np.testing.assert_array_equal(one, again)


def test_the_noise_of_a_rating_belongs_to_its_spread(drawn):
    model, others = drawn
    _, spread = model.predict(others, return_std=True)
    _, whole = model.predict(others, return_std=True, noise=True)
    np.testing.assert_allclose(whole, np.hypot(spread, model.result_.noise), rtol=1e-12)
    assert 0.6 < model.result_.noise < 1.0      # planted are 1.1 to 0.3, the more the rarer


def test_without_held_out_ratings_draws_make_it_with_their_noise_alone():
    ratings = uneven()
    model = CollabFilter(2, effort="best", epochs=20).fit(ratings)
    pairs = pd.DataFrame({"user": [0, 1], "item": [2, 3]})
    predicted, low, high = model.predict(pairs, return_interval=0.9)
    _, whole = model.predict(pairs, return_std=True, noise=True)
    np.testing.assert_allclose(high - predicted, 1.6448536 * whole, rtol=1e-6)
    np.testing.assert_allclose(predicted - low, 1.6448536 * whole, rtol=1e-6)


def test_one_set_of_factors_has_intervals_from_held_out_ratings_only():
    learnt, others = split_off(uneven(), 0.3, seed=1)
    model = CollabFilter(2, effort="quick", holdout=0.2).fit(learnt)
    _, low, high = model.predict(others, return_interval=0.9)
    assert abs(((others.values >= low) & (others.values <= high)).mean() - 0.9) < 0.03
    assert low.min() >= model.rating_range_[0] and high.max() <= model.rating_range_[1]
    with pytest.raises(UserError, match=f"needs {FEWEST} ratings or more that were held out, and there are 0"):
        CollabFilter(2, effort="quick").fit(learnt).predict(others, return_interval=0.9)


@pytest.mark.parametrize("level", [0, 1, 90, "0.9", True, float("nan")])
def test_a_level_is_a_share(drawn, level):
    with pytest.raises(UserError, match="Give a share between 0 and 1, such as 0.9"):
        drawn[0].predict(drawn[1], return_interval=level)


def test_few_held_out_ratings_make_one_width_for_all():
    rng = np.random.default_rng(0)
    few = Residuals(rng.normal(size=100), np.ones(100), np.arange(100), np.arange(100))
    assert len(corrected(few, 0.9).user_factors) == 1
    assert corrected(few, 0.9).half(np.ones(1), np.ones(1), np.ones(1))[0] == pytest.approx(conformal_quantile(np.abs(few.errors), 0.9))
    assert uncorrected(0.95).half(np.full(1, 2.0), np.ones(1), np.ones(1))[0] == pytest.approx(3.92, abs=0.001)
