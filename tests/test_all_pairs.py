"""Implicit feedback by als over all pairs: what is minimised, by plain torch and by the kernel, with counts and without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from scipy.optimize import minimize

from pyxl.__main__ import main
from solver import CollabFilter, Ratings, Settings, UserError, cross_validate, fit, split_off
from solver.core.pairs.by_row import ByRow
from solver.core.steps import FitTask
from solver.fitting.choose_all_pairs import choose_all_pairs
from solver.fitting.start_values import start_values
from solver.judging.ranking import ranking
from solver.kernels.weighted_ridge_kernel import CompiledWeightedRidge
from solver.methods.all_pairs import AllPairs
from solver.methods.weighted_regression import BOUNDED_SWEEPS, PlainWeightedRidge


def settings(**options) -> Settings:
    return Settings(**{"model": "dot", "n_factors": 3, "loss": "all-pairs", "optimizer": "als", "weight_decay": 0.1, "epochs": 5} | options)


def plays(users: int = 120, items: int = 80, *, each: int = 12, seed: int = 0) -> Ratings:
    """How often everybody played `each` pieces: what suits them more often."""
    rng = np.random.default_rng(seed)
    score = 1.5 * rng.standard_normal((users, 2)) @ rng.standard_normal((2, items)) - np.log1p(np.arange(items))
    chosen = np.argsort(-score - rng.gumbel(size=score.shape), axis=1)[:, :each]
    times = 1 + rng.poisson(np.exp(np.clip(np.take_along_axis(score, chosen, 1), 0, 3)))
    return Ratings(tuple(range(users)), tuple(range(items)), np.repeat(np.arange(users), each), chosen.reshape(-1), times.reshape(-1).astype(float))


def ones(ratings: Ratings, **more) -> Ratings:
    return Ratings(ratings.users, ratings.items, ratings.user_index, ratings.item_index, np.ones(len(ratings)), **more)


# ---- what is minimised

@pytest.mark.parametrize("counted", [False, True])
def test_a_pass_is_the_least_of_the_whole_table_given_the_other_side(counted):
    """Against a general minimiser, on every pair of a small table, those that did not happen too."""
    found = plays(7, 5, each=2)
    weights = 1 + np.log1p(found.values) if counted else None
    pairs, chosen = ones(found, weights=weights), settings(n_factors=2, unobserved=0.2)
    task = FitTask(ratings=pairs, start=start_values(pairs, chosen), settings=chosen)
    steps = AllPairs(task)
    begun = steps.factors
    seen = steps.step(last=False)
    happened, w = np.zeros((7, 5)), np.zeros((7, 5))
    happened[pairs.user_index, pairs.item_index] = 1
    w[pairs.user_index, pairs.item_index] = 1 if weights is None else weights / weights.mean()
    decays = [0.1 * np.sqrt(happened.sum(axis) + 0.2 * size) for axis, size in ((1, 5), (0, 7))]

    def loss(user, item):
        x = user @ item.T
        return ((w * (1 - x) ** 2).sum() + 0.2 * (x ** 2).sum() + decays[0] @ (user ** 2).sum(1) + decays[1] @ (item ** 2).sum(1))

    item = begun.item.double().numpy()
    user = minimize(lambda flat: loss(flat.reshape(7, 2), item), np.zeros(14), tol=1e-14).x.reshape(7, 2)
    np.testing.assert_allclose(seen.factors().user.numpy(), user, atol=2e-6)
    after = seen.factors()
    assert seen.loss == pytest.approx(loss(after.user.numpy(), after.item.numpy()) / (w.sum() + 0.2 * 35), rel=1e-9)
    assert steps.step(last=True).loss < seen.loss


@pytest.mark.parametrize("least", [None, 0.0])
def test_the_kernel_does_what_plain_torch_does(least):
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 300, 40)
    starts = np.append(0, np.cumsum(counts))
    n, d = int(starts[-1]), 19
    sides = ByRow(starts, torch.as_tensor(rng.integers(0, 60, n).astype(np.int32)), torch.zeros(n, dtype=torch.float32))

    def drawn(*shape: int) -> torch.Tensor:
        return torch.as_tensor(rng.standard_normal(shape), dtype=torch.float32)

    features, own, centres, square = drawn(60, d).abs(), drawn(40, d).abs(), drawn(40, d).abs(), drawn(d, d)
    asked = (features, drawn(n), drawn(n).abs() + 0.5, own, centres, drawn(40).abs() + 1, square @ square.T, None if least is None else torch.full((d,), least, dtype=torch.float32))
    plain, fast = PlainWeightedRidge(sides).solve(*asked), CompiledWeightedRidge(sides, 2, sweeps=BOUNDED_SWEEPS).solve(*asked)
    np.testing.assert_allclose(fast.numpy(), plain.numpy(), rtol=1e-3, atol=1e-4)
    assert torch.equal(fast[counts == 0], own[counts == 0])
    if least is not None:
        assert fast.min() == 0


def test_what_nobody_chose_scores_nothing_and_the_same_seed_gives_the_same():
    found = ones(plays())
    kept = found.take(found.item_index != 2)
    one, same, other = (fit(kept, None, settings(seed=seed)) for seed in (1, 1, 2))
    assert not one.factors.item[2].any() and torch.equal(one.factors.user, same.factors.user)
    assert not torch.equal(one.factors.user, other.factors.user) and one.stop == "Finished all 5 epochs."


def test_a_pair_of_a_thousand_plays_counts_for_more_than_one_of_a_single():
    found = plays()
    model = CollabFilter(2, feedback="implicit", counts=5.0, effort="quick").fit(found)
    plain = CollabFilter(2, feedback="implicit", effort="quick").fit(found)
    often = found.values > np.quantile(found.values, 0.9)
    said = [m.predict(pd.DataFrame({"user": found.user_index, "item": found.item_index})) for m in (model, plain)]
    assert said[0][often].mean() > said[1][often].mean() and said[0][~often].mean() < said[1][~often].mean()
    assert any("say counts=1 (--counts)" in note for note in plain.notes_) and not model.notes_


# ---- what it is good for

def test_its_lists_are_better_than_popularity_and_than_drawn_pairs():
    known, held = split_off(ones(plays(300, 150, each=20)), 0.2)
    popular = np.bincount(known.item_index, minlength=150)
    model, drawn = (CollabFilter(8, feedback="implicit", **how).fit(known) for how in ({}, {"optimizer": "adamw"}))
    ours, theirs = (m.evaluate(held, metrics=("ndcg",))["ndcg"] for m in (model, drawn))
    by_count = ranking(lambda users: np.broadcast_to(popular, (len(users), 150)), known, held)["ndcg"]
    assert model.settings_.loss == "all-pairs" and ours > 1.2 * by_count and ours > theirs


def test_the_choice_is_made_on_lists_and_only_among_what_was_not_said():
    found = ones(plays(300, 150, each=20))
    chosen = CollabFilter(8, feedback="implicit").fit(found).settings_
    said = CollabFilter(8, feedback="implicit", weight_decay=0.17, unobserved=0.5).fit(found).settings_
    quick = CollabFilter(8, feedback="implicit", effort="quick").fit(found).settings_
    assert (quick.weight_decay, quick.unobserved) == (0.3, 0.3) and (said.weight_decay, said.unobserved) == (0.17, 0.5)
    assert 0.1 <= chosen.unobserved <= 0.9
    far_off = settings(n_factors=8, weight_decay=1.5, unobserved=0.3, dtype="float32")
    assert choose_all_pairs(found, far_off, among=frozenset({"weight_decay"})).weight_decay == pytest.approx(1.0)
    assert choose_all_pairs(found, far_off, among=frozenset()) == far_off


# ---- with all that a model can do

def test_a_newcomer_with_the_pairs_of_a_user_gets_the_row_of_that_user():
    found = ones(plays())
    model = CollabFilter(3, feedback="implicit", effort="quick", epochs=60).fit(found)
    liked = found.item_index[found.user_index == 5]
    newcomer = model.fold_in(dict.fromkeys(liked.tolist(), 1.0))
    np.testing.assert_allclose(newcomer.factors, model.factors_.user[5].double().numpy(), atol=1e-3)
    many = model.fold_in(pd.DataFrame({"user": "new", "item": liked}))
    np.testing.assert_allclose(many["new"].factors, newcomer.factors, atol=1e-9)
    assert len(model.fold_in({}).recommend(5)) == 5


def test_it_is_saved_gone_on_with_and_cross_validated(tmp_path):
    found = plays()
    model = CollabFilter(3, feedback="implicit", counts=1.0, effort="quick", holdout=0.1).fit(found)
    model.save(tmp_path / "model")
    again = CollabFilter.load(tmp_path / "model")
    assert again.recommend(5).equals(model.recommend(5)) and again.counts == 1.0
    assert model.result_.holdout_rmse == min(epoch.holdout_rmse for epoch in model.result_.history)
    before = again.predict_crosstab().loc[3, 70]
    again.partial_fit(pd.DataFrame({"user": [3], "item": [70], "rating": [40.0]}))
    assert again.predict_crosstab().loc[3, 70] > before and again.settings_.loss == "all-pairs"
    assert cross_validate(found, CollabFilter(3, feedback="implicit", counts=1.0, effort="quick"), metrics=["ndcg"], folds=2).mean("ndcg") > 0.1


def test_a_sparse_matrix_of_counts_is_learnt_from():
    found = plays()
    matrix = scipy.sparse.csr_matrix((found.values, (found.user_index, found.item_index)), shape=(120, 80))
    one, two = (CollabFilter(3, feedback="implicit", counts=1.0, effort="quick").fit(table) for table in (matrix, found))
    np.testing.assert_allclose(one.predict_crosstab(), two.predict_crosstab(), atol=1e-5)


def test_the_command_line_counts(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plays()
    pd.DataFrame({"user": found.user_index, "artist": found.item_index, "plays": found.values.astype(int)}).to_csv("plays.csv", index=False)
    assert main(["train", "plays.csv", "-o", "model", "--feedback", "implicit", "--counts", "--factors", "3"]) == 0
    assert "from those that did not" in capsys.readouterr().out
    model = CollabFilter.load("model")
    assert model.counts == 1.0 and model.settings_.loss == "all-pairs" and (model.ratings_.values > 1).any()
    assert main(["evaluate", "model", "--metrics", "ndcg"]) == 0
    assert main(["recommend", "model", "--user", "3"]) == 0
    assert main(["cross-validate", "plays.csv", "--feedback", "implicit", "--counts", "--factors", "3", "--folds", "2"]) == 0
    capsys.readouterr()
    for words, sentence in ((["--counts"], "explicit ratings are no counts"),
                            (["--counts", "--feedback", "implicit", "--optimizer", "adamw"], "Counts are learnt from by als alone")):
        assert main(["train", "plays.csv", "-o", "none", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["train", "plays.csv", "-o", "none", "--learn-on", "model", "--counts"]) == 2
    assert "goes on with the settings of the model. Leave out --counts" in capsys.readouterr().err


def test_weights_are_refused_where_nothing_uses_them():
    weighted = ones(plays(), weights=np.ones(1440))
    with pytest.raises(UserError, match="Weights of ratings are learnt with by .*, not by a fit in batches"):
        CollabFilter(2, feedback="implicit", optimizer="adamw").fit(weighted)
    with pytest.raises(UserError, match="their values are 1"):
        fit(plays(), None, settings())


@pytest.mark.parametrize("options, sentence", [
    ({"counts": -1.0}, "counts is -1.0. Give a number of 0 or more"), ({"counts": True}, "counts is True"),
    ({"counts": 1.0, "lr": 0.1}, "Leave out counts, or what chooses another method: lr"), ({"unobserved": 0.0}, "unobserved is 0.0")])
def test_what_cannot_be_is_said(options, sentence):
    with pytest.raises(UserError, match=sentence):
        CollabFilter(3, feedback="implicit", **options).fit(plays())
