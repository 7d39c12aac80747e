"""One word chooses the settings: on any scale, for sparse and noisy ratings too, and never worse than biases alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted import planted

from solver import CollabFilter, Ratings, Settings, UserError, fit, random_factors, read_ratings, recipe, rmse, split_off
from solver.collab.answers.recommend import members, seen_by
from solver.fitting.effort import EFFORTS, FEWEST_TO_HOLD_OUT, part
from solver.judging.baselines import bias_only
from solver.methods.rows_by_sets import rows_by_sets

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


def of_sets(*, tell: float, seed: int = 0) -> Ratings:
    """Users and items of two kinds: users rate more of their own kind, and like it more by twice `tell` stars."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, 2, 200), rng.integers(0, 2, 1_500)
    kind = np.where(users[:, None] == items, 1, -1)
    u, i = np.nonzero(rng.random(kind.shape) < 0.02 + 0.015 * kind)
    values = 3 + 0.3 * rng.normal(size=200)[u] + 0.3 * rng.normal(size=1_500)[i] + tell * kind[u, i]
    return Ratings(tuple(range(200)), tuple(range(1_500)), u, i, values + rng.normal(0, 0.5, len(u)))


def test_good_learns_from_the_sets_of_the_items_where_they_tell_something():
    for tell, sets in ((1.0, "items"), (0.0, "none")):
        assert recipe("good", of_sets(tell=tell), n_factors=5).implicit_sets == sets
        assert recipe("quick", of_sets(tell=tell), n_factors=5).implicit_sets == "none"
    ratings = of_sets(tell=1.0)
    model = CollabFilter(5).fit(ratings)
    assert model.settings_.implicit_sets == "items" and set(model.set_vectors_) == {"item"}
    more = Ratings(ratings.users, ratings.items, np.arange(9), np.arange(9), np.full(9, 3.0))
    assert model.partial_fit(more).settings_.implicit_sets == "items"
    assert CollabFilter(5, model="bounded").fit(ratings).settings_.implicit_sets == "none"
    with pytest.raises(UserError, match="sets are learnt from by models that are linear in each side"):
        CollabFilter(5, model="bounded", implicit_sets="items").fit(ratings)


@pytest.mark.parametrize("side, given", [("item", 0), ("item", 2), ("user", 0)])
@pytest.mark.parametrize("model", ["dot", "dot+bias"])
def test_rows_by_sets_are_two_regressions(model, side, given):
    rng, ratings = np.random.default_rng(3), planted(40, 30, blanks=0.5)
    ratings = replace(ratings, item_columns=rng.normal(size=(30, given)) if given else None)
    before = random_factors(ratings, model=model, n_factors=4, seed=1)
    before = replace(before.map(lambda tensor: tensor.double() + 0.1 * torch.randn(tensor.shape, dtype=torch.float64)), given=given)
    after = rows_by_sets(before, side, ratings)
    table = ratings.crosstab() - before.offset
    (x, new), (f, base) = (members(one, side) for one in (before, after)), seen_by(before, side)
    table, base = table if side == "user" else table.T, base - before.offset
    rated = ~np.isnan(table)
    counts = rated.sum(1)
    weights = counts / (counts + 5)
    mean = weights @ x[:, given:] / weights.sum()
    sets = rated / np.sqrt(counts)[:, None]
    vectors = np.linalg.solve(sets.T @ (weights[:, None] * sets) + 2 * np.eye(sets.shape[1]), sets.T @ (weights[:, None] * (x[:, given:] - mean)))
    for row, expected in enumerate(mean + sets @ vectors):
        phi, seen = f[rated[row], given:], rated[row]
        errors = table[row, seen] - base[seen] - f[seen, :given] @ x[row, :given] - phi @ expected
        wanted = expected + np.linalg.solve(phi.T @ phi + 12 * np.eye(len(expected)), phi.T @ errors)
        np.testing.assert_allclose(new[row, given:], wanted, atol=1e-9)
    np.testing.assert_array_equal(new[:, :given], x[:, :given])
    other = "user" if side == "item" else "item"
    np.testing.assert_array_equal(members(after, other), members(before, other))


def test_an_unknown_effort_ends_in_one_sentence():
    with pytest.raises(UserError, match="^effort is 'bestest'. Choose one of: quick, good, best.$"):
        recipe("bestest", planted(), n_factors=3)
