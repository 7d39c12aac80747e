"""Weights of ratings, and factors that are kept at 0 or above: by whom they are honoured, and what they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from planted import planted, settings
from scipy.optimize import minimize

from pyxl.__main__ import main
from solver import CollabFilter, Ratings, Settings, UserError, fit, read_ratings, rmse, split_off
from solver.core.objective import Objective
from solver.data.ratings import spread_of
from solver.fitting.choose_decay import choose_decay, vanishing_decay
from solver.fitting.quick_descent import SheetObjective
from solver.fitting.start_values import start_values
from solver.judging.baselines import bias_only, mean_only
from solver.methods import ridge_regression, weighted_regression


def weighted(ratings: Ratings, *, seed: int = 0) -> Ratings:
    return replace(ratings, weights=np.random.default_rng(seed).integers(1, 4, len(ratings)).astype(float))


def repeated(ratings: Ratings) -> Ratings:
    """Every rating as often as its weight says."""
    often = np.repeat(np.arange(len(ratings)), ratings.weights.astype(int))
    return replace(ratings.take(often), weights=None)


@pytest.fixture(params=["plain torch", "the kernel"])
def way(request, monkeypatch):
    """Both ways to solve the regressions, at any size."""
    if request.param == "the kernel":
        for module in (ridge_regression, weighted_regression):
            monkeypatch.setattr(module, "COMPILED_FROM", 0)


def close(one, other, tolerance: float) -> None:
    for name, tensor in one.tensors().items():
        np.testing.assert_allclose(tensor.numpy(), other.tensors()[name].numpy(), rtol=0, atol=tolerance, err_msg=name)


# ---- a weight of 2 is a rating given twice

@pytest.mark.parametrize("model", ["dot", "dot+bias"])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_weight_of_two_is_a_rating_given_twice(way, model, decay):
    ratings = weighted(planted(noise=0.5))
    chosen = settings(model, optimizer="als", weight_decay=decay, epochs=6)
    start = start_values(ratings, chosen)
    once, often = fit(ratings, start, chosen), fit(repeated(ratings), start, chosen)
    close(once.factors, often.factors, 1e-6)
    assert once.rmse_after == pytest.approx(often.rmse_after, rel=1e-7)
    assert not torch.allclose(once.factors.user, fit(replace(ratings, weights=None), start, chosen).factors.user, atol=1e-3)


def test_only_the_ratio_of_weights_counts():
    ratings, chosen = weighted(planted()), settings(optimizer="als", weight_decay=0.05, epochs=5)
    tenfold = replace(ratings, weights=10 * ratings.weights)
    close(fit(ratings, None, chosen).factors, fit(tenfold, None, chosen).factors, 1e-9)


@pytest.mark.parametrize("model", ["dot+bias", "bounded", "net"])
def test_a_fit_on_all_ratings_at_once_knows_weights_too(model):
    ratings = weighted(planted(noise=0.5))
    low_high = {"low": 0.0, "high": 6.0, "hidden": (4,)} if model == "net" else {}
    chosen = settings(model, weight_decay=0.05, epochs=8, **low_high) if model != "net" else Settings(model="net", weight_decay=0.05, epochs=8, **low_high)
    start = start_values(ratings, chosen)
    close(fit(ratings, start, chosen).factors, fit(repeated(ratings), start, chosen).factors, 1e-5)


def test_lbfgs_finds_nothing_left_to_gain_where_als_has_arrived():
    ratings = weighted(planted(noise=0.5))
    objective = Objective.of(ratings, weight_decay=0.05)
    found = fit(ratings, None, settings(optimizer="als", weight_decay=0.05)).factors
    polished = fit(ratings, found, settings(weight_decay=0.05)).factors
    loss = [float(objective.mean_squared_error(factors) + objective.penalty(factors)) for factors in (found, polished)]
    assert loss[0] == pytest.approx(loss[1], rel=1e-9)


def test_what_fits_are_judged_by_counts_them_too():
    ratings = weighted(planted(noise=0.5))
    for baseline in (mean_only, bias_only):
        close(baseline(ratings), baseline(repeated(ratings)), 1e-12)
        assert rmse(baseline(ratings), ratings) == pytest.approx(rmse(baseline(ratings), repeated(ratings)), rel=1e-12)


# ---- the estimator

def table(ratings: Ratings) -> pd.DataFrame:
    return pd.DataFrame({"user": np.take(ratings.users, ratings.user_index), "item": np.take(ratings.items, ratings.item_index),
                         "rating": ratings.values})


def test_the_estimator_takes_them_with_a_table_columns_and_ratings(tmp_path):
    ratings = weighted(planted(40, 30))
    rows, w = table(ratings), ratings.weights
    one = CollabFilter(2).fit(rows, sample_weight=w)
    assert one.settings_.optimizer == "als" and one.learnt_ratings_.weights.sum() == w.sum()
    columns = CollabFilter(2).fit(rows[["user", "item"]], rows["rating"], sample_weight=list(w))
    np.testing.assert_array_equal(columns.predict(rows), one.predict(rows))
    given, inside = CollabFilter(2).fit(replace(ratings, weights=None), sample_weight=w), CollabFilter(2).fit(ratings)
    np.testing.assert_array_equal(given.predict(rows), inside.predict(rows))
    assert np.abs(CollabFilter(2, optimizer="als").fit(rows).predict(rows) - one.predict(rows)).max() > 0.01
    one.save(tmp_path / "model")
    again = CollabFilter.load(tmp_path / "model")
    np.testing.assert_array_equal(again.ratings_.weights, one.ratings_.weights)
    again.partial_fit(rows.head(3).assign(rating=5.0), sample_weight=[7.0, 8.0, 9.0])
    assert sorted(again.ratings_.weights)[-3:] == [7.0, 8.0, 9.0] and len(again.ratings_) == len(ratings)


def test_of_a_pair_given_twice_the_weight_goes_with_the_rating_that_is_kept():
    rows = pd.concat([table(planted()), table(planted()).head(1)])
    w = np.append(np.ones(len(rows) - 1), 5.0)
    model = CollabFilter(2).fit(rows, sample_weight=w)
    assert sorted(model.ratings_.weights)[-1] == 5.0 and len(model.ratings_) == len(rows) - 1


def test_counts_and_weights_of_pairs_that_happened_are_multiplied():
    ratings = planted(20, 15)
    pairs = replace(ratings, values=np.ones(len(ratings)), weights=None)
    one = CollabFilter(2, feedback="implicit", effort="quick").fit(pairs, sample_weight=np.full(len(pairs), 3.0))
    other = CollabFilter(2, feedback="implicit", effort="quick").fit(pairs)
    close(one.factors_, other.factors_, 1e-6)


@pytest.mark.parametrize("weights, sentence", [
    ([1.0], r"shape \(1,\), and there are"), (np.zeros(93), "The weight of rating 1 is 0. Give a number above zero"), ("many", "sample_weight"),
    (["a"] * 93, "not a number"), (np.append(np.ones(92), np.nan), "The weight of rating 93 is nan")])
def test_weights_that_are_none_are_refused(weights, sentence):
    rows = table(planted()).head(93)
    with pytest.raises(UserError, match=sentence):
        CollabFilter(2).fit(rows, sample_weight=weights)


def test_who_does_not_learn_with_weights_says_who_does():
    ratings = weighted(planted())
    for options in ({"optimizer": "sgd", "batch_size": 1}, {"optimizer": "gibbs"}, {"optimizer": "adamw", "batch_size": 16}):
        with pytest.raises(UserError, match="Weights of ratings are learnt with by a fit on all ratings at once and als, not by .* "
                                            "Leave the weights out, or choose no batch_size; or optimizer als."):
            fit(ratings, None, settings(**options))
    with pytest.raises(UserError, match="A module learns from ratings that count alike"):
        fit(ratings, torch.nn.Bilinear(1, 1, 1))
    with pytest.raises(UserError, match="has no row for every rating"):
        CollabFilter(2).fit(pd.DataFrame(planted().crosstab(), index=list("abcdefghijkl")), sample_weight=np.ones(12))


# ---- factors of 0 or more

@pytest.mark.parametrize("model", ["dot", "dot+bias"])
def test_the_rows_are_the_best_of_those_not_below_zero(way, model):
    """Against a general minimiser within bounds: nothing is left to gain."""
    ratings = weighted(planted(8, 7, noise=1.0))
    chosen = settings(model, n_factors=3, optimizer="als", weight_decay=0.05, non_negative=True, epochs=2000)
    found = fit(ratings, None, chosen).factors
    assert min(found.user.min(), found.item.min()) == 0
    objective, names = Objective.of(ratings, weight_decay=0.05), list(found.tensors())
    sizes = [found.tensors()[name].numel() for name in names]

    def loss(flat):
        parts = torch.as_tensor(flat).split(sizes)
        leaves = {name: part.reshape(found.tensors()[name].shape).clone().requires_grad_() for name, part in zip(names, parts)}
        factors = found.with_tensors(leaves)
        total = objective.mean_squared_error(factors) + objective.penalty(factors)
        total.backward()
        return total.item(), torch.cat([leaf.grad.reshape(-1) for leaf in leaves.values()]).numpy()

    flat = torch.cat([tensor.reshape(-1) for tensor in found.tensors().values()]).numpy()
    bounds = [(None if name.endswith("_bias") else 0, None) for name, size in zip(names, sizes) for _ in range(size)]
    best = minimize(loss, flat, jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500})
    assert loss(flat)[0] <= best.fun * (1 + 1e-5)


def tastes(users: int = 60, items: int = 40) -> Ratings:
    """Three groups, each of which likes a third of the items: biases know nothing of it."""
    rng = np.random.default_rng(0)
    ones = np.arange(users)[:, None] % 3 == np.arange(items) % 3
    table = 2 + 2 * ones + 0.4 * rng.standard_normal((users, items))
    table[rng.random((users, items)) < 0.4] = np.nan
    return Ratings.from_crosstab(table, [f"user {n}" for n in range(users)], [f"item {n}" for n in range(items)])


def test_non_negative_factors_are_fitted_saved_and_recommended_from(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    known, held = split_off(tastes(), 0.2)
    table(known).to_csv("known.csv", index=False)
    assert main(["train", "known.csv", "-o", "model", "--factors", "3", "--non-negative"]) == 0
    assert main(["recommend", "model", "--user", "user 3"]) == 0
    model = CollabFilter.load("model")
    assert model.settings_.non_negative and model.settings_.optimizer == "als" and model.non_negative
    assert float(model.factors_.user.min()) == 0 <= float(model.factors_.item.min()) and float(model.factors_.user.max()) > 0
    assert model.evaluate(held)["rmse"] < 0.6 * rmse(bias_only(known), held)
    model.partial_fit(table(held))
    assert min(float(model.factors_.user.min()), float(model.factors_.item.min())) >= 0


def test_implicit_feedback_knows_them_too():
    ratings = planted(30, 20)
    pairs = replace(ratings, values=np.ones(len(ratings))).take(ratings.values > 3.5)
    model = CollabFilter(3, feedback="implicit", non_negative=True).fit(pairs)
    assert model.settings_.loss == "all-pairs" and min(float(model.factors_.user.min()), float(model.factors_.item.min())) == 0
    assert len(model.recommend(pairs.users[0], n=3)) == 3


def test_factors_that_begin_below_zero_and_rows_without_ratings_are_not_below_it():
    ratings = planted()
    chosen = settings(optimizer="als", weight_decay=0.05, non_negative=True, epochs=3)
    start = start_values(ratings, chosen)
    found = fit(ratings.take(ratings.item_index != 2), start.map(lambda tensor: -tensor), chosen).factors
    assert min(found.user.min(), found.item.min()) >= 0 and torch.equal(found.item[2], start.item[2].abs())


def test_who_cannot_keep_factors_from_falling_below_zero_says_who_can(tmp_path, monkeypatch, capsys):
    with pytest.raises(UserError, match="non_negative is True, and a fit on all ratings at once does not use it. Leave non_negative out, or "
                                        "choose optimizer als."):
        Settings(non_negative=True)
    with pytest.raises(UserError, match="non_negative is 1. Give true or false."):
        CollabFilter(2, non_negative=1).fit(planted())
    monkeypatch.chdir(tmp_path)
    table(planted(20, 15)).to_csv("r.csv", index=False)
    assert main(["prepare", "r.csv", "-o", "store"]) == 0
    assert main(["train", "store", "-o", "model", "--optimizer", "als", "--non-negative"]) == 2
    assert "A fit of a store has no limits for factors. Leave out --non-negative" in capsys.readouterr().err


# ---- a column of weights, and the decay that is chosen with weights

def test_the_objective_of_a_chosen_decay_counts_a_weight_of_two_twice():
    ratings = weighted(planted(noise=0.5))
    parts = {name: tensor.numpy().T.copy() for name, tensor in start_values(ratings, settings("dot+bias")).tensors().items()}
    once, often = (SheetObjective.of(of, bounds=None, spread=spread_of(ratings)).loss(parts, 0.1) for of in (ratings, repeated(ratings)))
    assert once[0] == pytest.approx(often[0], rel=1e-12) and vanishing_decay(ratings) == pytest.approx(vanishing_decay(repeated(ratings)), rel=1e-6)
    for name in parts:
        np.testing.assert_allclose(once[1][name], often[1][name], atol=1e-12)


def test_a_decay_is_chosen_by_the_ratings_that_count():
    good, noise = planted(40, 30, noise=0.1, blanks=0.4), np.random.default_rng(0)
    spoilt = noise.random(len(good)) < 0.4
    values = np.where(spoilt, noise.uniform(1, 5, len(good)), good.values)
    alike, told = replace(good, values=values), replace(good, values=values, weights=np.where(spoilt, 1e-3, 1.0))
    assert choose_decay(replace(good, weights=np.full(len(good), 3.0)), settings("dot+bias")).weight_decay == pytest.approx(
        choose_decay(good, settings("dot+bias")).weight_decay, rel=1e-6)
    # where noise counts as much as the rest, hardly any factors are left
    assert choose_decay(told, settings("dot+bias")).weight_decay < 0.5 * choose_decay(alike, settings("dot+bias")).weight_decay


def weighted_file(path) -> Ratings:
    ratings = weighted(planted(noise=0.5))
    frame = pd.DataFrame({"user": ratings.user_index, "item": ratings.item_index, "rating": ratings.values, "trust": ratings.weights})
    {".csv": frame.to_csv, ".parquet": frame.to_parquet, ".xlsx": frame.to_excel}[path.suffix](path, index=False)
    return ratings


@pytest.mark.parametrize("name, column", [("r.csv", "trust"), ("r.csv", 4), ("r.parquet", "Trust"), ("r.xlsx", "trust")])
def test_a_column_of_weights_is_read_from_any_format(tmp_path, name, column):
    there = weighted_file(tmp_path / name)
    read, _ = read_ratings(tmp_path / name, weight_column=column)
    np.testing.assert_array_equal(read.weights, there.weights)
    pairs, _ = read_ratings(tmp_path / name, columns=("user", "item"), weight_column=column, unrated=1.0)
    np.testing.assert_array_equal(pairs.weights, there.weights)


@pytest.mark.parametrize("line, column, sentence", [
    ("1,2,3,x", "trust", "line 3: the weight is 'x', no number above 0"), ("1,2,3,0", "trust", "line 3: the weight is '0'"),
    ("1,2,3,", "trust", "line 3: there is no weight"), ("1,2,3,1", "rating", "is read as the rating, too"), ("1,2,3,1", "tryst", "has no column 'tryst'")])
def test_a_weight_that_is_none_is_refused_or_skipped(tmp_path, line, column, sentence):
    (tmp_path / "r.csv").write_text(f"user,item,rating,trust\n1,1,5,2\n{line}\n2,2,4,0.5\n")
    with pytest.raises(UserError, match=sentence):
        read_ratings(tmp_path / "r.csv", weight_column=column)
    if "line 3" in sentence:
        read, notes = read_ratings(tmp_path / "r.csv", weight_column=column, bad_lines="skip")
        assert read.weights.tolist() == [2.0, 0.5] and len(read) == 2 and sentence in notes[-1]


def test_train_learns_with_a_column_of_weights_and_says_who_cannot(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ratings = weighted_file(tmp_path / "r.csv")
    assert main(["train", "r.csv", "-o", "m", "--weight-column", "trust", "--factors", "3", "--holdout", "0"]) == 0
    model = CollabFilter.load("m")
    read, _ = read_ratings("r.csv")
    expected = CollabFilter(3).fit(read, sample_weight=ratings.weights)
    np.testing.assert_allclose(model.predict(read), expected.predict(read), atol=1e-6)
    assert np.abs(model.predict(read) - CollabFilter(3, optimizer="als", epochs=30, weight_decay=0.09).fit(read).predict(read)).max() > 1e-3
    assert main(["train", "r.csv", "-o", "n", "--weight-column", "trust", "--optimizer", "sgd"]) == 2
    assert "Weights of ratings are learnt with by" in capsys.readouterr().err
