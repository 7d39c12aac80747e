"""One word chooses the settings: on any scale, for sparse and noisy ratings too, and never worse than biases alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted import planted

from solver import Ratings, Settings, UserError, fit, read_ratings, recipe, rmse, split_off
from solver.fitting.effort import EFFORTS, FEWEST_TO_HOLD_OUT, part
from solver.judging.baselines import bias_only

KINDS = {  # users, items, ratings, noise, spread of what factors explain, (low, high, step)
    "stars": (400, 300, 20_000, 0.8, 0.6, (1, 5, 1)),
    "half stars": (300, 600, 20_000, 0.7, 0.5, (0.5, 5, 0.5)),
    "noisy": (600, 200, 15_000, 1.2, 0.5, (1, 10, 1)),
    "clean, 0 to 100": (200, 150, 15_000, 0.1, 0.7, (0, 100, 0)),
    "below zero": (300, 200, 15_000, 0.5, 0.6, (-10, 10, 0)),
}


def generated(users, items, n, noise, spread, scale, *, seed: int = 0) -> Ratings:
    """Ratings with a long tail of items and users, rank 5, biases; on 0.5 to 5 first, then on their scale."""
    rng = np.random.default_rng(seed)
    often, popular = np.exp(rng.normal(0, 1, users)), (np.arange(items) + 10.0) ** -1
    chance = np.outer(often / often.sum(), popular / popular.sum()).ravel()
    pairs = rng.choice(users * items, n, replace=False, p=chance)
    u, i = pairs // items, pairs % items
    p, q = rng.normal(size=(users, 5)), rng.normal(size=(items, 5))
    latent = 3.3 + 0.4 * rng.normal(size=users)[u] + 0.4 * rng.normal(size=items)[i] + \
        spread / np.sqrt(5) * (p[u] * q[i]).sum(1) + noise * rng.normal(size=n)
    low, high, step = scale
    values = low + (latent - 0.5) / 4.5 * (high - low)
    if step:
        values = low + step * np.round((values - low) / step)
    return Ratings(tuple(range(users)), tuple(range(items)), u, i, np.clip(values, low, high))


@pytest.mark.parametrize("effort", ["quick", "good"])
@pytest.mark.parametrize("kind", KINDS)
def test_quick_and_good_beat_biases_alone(effort, kind):
    train, held = split_off(generated(*KINDS[kind]), 0.1, seed=5)
    clip = KINDS[kind][-1][:2]
    result = fit(train, None, recipe(effort, train, n_factors=20))
    assert rmse(result.factors, held, clip=clip) < rmse(bias_only(train), held, clip=clip)


def test_good_is_at_least_as_good_as_quick_where_the_rule_of_quick_fits_least():
    train, held = split_off(generated(*KINDS["clean, 0 to 100"]), 0.1, seed=5)
    quick, good = (rmse(fit(train, None, recipe(effort, train, n_factors=20)).factors, held, clip=(0, 100))
                   for effort in ("quick", "good"))
    assert good < 0.95 * quick


@pytest.mark.parametrize("effort", ["quick", "good"])
def test_on_the_ratings_of_films_an_effort_keeps_its_promise(effort, shared):
    ratings, _ = read_ratings(shared / "data" / "ml-latest-small" / "ratings.csv")
    found = []
    for seed in range(3):
        train, held = split_off(ratings, 0.1, seed=seed)
        found.append(rmse(fit(train, None, recipe(effort, train, n_factors=50)).factors, held, clip=(0.5, 5)))
    assert np.mean(found) < {"quick": 0.866, "good": 0.864}[effort]  # biases alone: 0.884


@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_is_settings_for_large_data(effort):
    chosen = recipe(effort, generated(*KINDS["stars"]), n_factors=17)
    assert (chosen.n_factors, chosen.dtype, chosen.model) == (17, "float32", "dot+bias")
    assert isinstance(chosen, Settings)
    assert chosen == recipe(effort, generated(*KINDS["stars"]), n_factors=17)  # no chance in it


def test_the_scale_of_the_ratings_changes_nothing():
    ratings = generated(*KINDS["below zero"])
    wider = replace(ratings, values=30 * ratings.values + 1000)
    narrow, wide = (recipe("quick", r, n_factors=8) for r in (ratings, wider))
    assert wide.weight_decay == pytest.approx(narrow.weight_decay) and wide.lr == narrow.lr
    exact = {"dtype": "float64"}
    one, two = fit(ratings, None, replace(narrow, **exact)), fit(wider, None, replace(narrow, **exact))
    torch.testing.assert_close(30 * one.factors.raw_table() + 1000, two.factors.raw_table())


def test_the_noisier_the_ratings_the_stronger_the_decay():
    noisy, clean = (recipe("quick", generated(*KINDS[kind]), n_factors=5).weight_decay
                    for kind in ("noisy", "clean, 0 to 100"))
    assert noisy > 1.1 * clean


def test_more_ratings_take_fewer_epochs():
    few = generated(*KINDS["stars"])
    many = few.take(np.tile(np.arange(len(few)), 60))
    assert recipe("quick", many, n_factors=5).epochs < recipe("quick", few, n_factors=5).epochs == 16


@pytest.mark.parametrize("effort", ["quick", "good"])
def test_a_handful_of_ratings_is_enough(effort):
    ratings = planted(6, 5)
    assert len(ratings) < FEWEST_TO_HOLD_OUT
    result = fit(ratings, None, recipe(effort, ratings, n_factors=3))
    assert np.isfinite(result.rmse_after)
    same = replace(ratings, values=np.full(len(ratings), 3.0))
    assert fit(same, None, recipe(effort, same, n_factors=3)).rmse_after == pytest.approx(0, abs=0.02)


def test_a_part_has_all_ratings_of_some_users():
    ratings = generated(*KINDS["stars"])
    some = part(ratings, 5000)
    assert 3000 < len(some) < 7000 and some.users == ratings.users
    counts = np.bincount(ratings.user_index, minlength=400)
    of_some = np.bincount(some.user_index, minlength=400)
    assert (of_some[of_some > 0] == counts[of_some > 0]).all()
    assert part(ratings, 20_000) is ratings


def test_an_unknown_effort_ends_in_one_sentence():
    with pytest.raises(UserError, match="^effort is 'bestest'. Choose one of: quick, good, best.$"):
        recipe("bestest", planted(), n_factors=3)
