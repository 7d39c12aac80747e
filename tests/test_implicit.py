"""Implicit feedback: what is drawn, what is minimised, and that it finds what popularity cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from solver import CollabFilter, Ratings, Settings, UserError, fit, predict, predict_table, rmse, split_off
from solver.core.implicit import Negatives, with_negatives
from solver.core.steps import FitTask
from solver.fitting.start_values import start_values
from solver.fused.implicit_adamw import ImplicitAdamW
from solver.judging.ranking import ranking
from solver.methods.batches.mini_batch import MiniBatch
from solver.methods.steps_for import steps_for


def settings(**options) -> Settings:
    return Settings(**{"model": "bounded", "low": 0, "high": 1, "n_factors": 4, "loss": "cross-entropy",
                       "optimizer": "adamw", "batch_size": 64, "lr": 0.01, "weight_decay": 0.1, "epochs": 3,
                       "schedule": "one-cycle"} | options)


def happened(users: int = 100, items: int = 80, *, each: int = 15, seed: int = 0) -> Ratings:
    """`each` items for every user: some are popular, and tastes differ in two dimensions."""
    rng = np.random.default_rng(seed)
    score = 1.5 * rng.standard_normal((users, 2)) @ rng.standard_normal((2, items)) - np.log1p(np.arange(items))
    chosen = np.argsort(-score - rng.gumbel(size=score.shape), axis=1)[:, :each]
    return Ratings(tuple(range(users)), tuple(range(items)), np.repeat(np.arange(users), each), chosen.reshape(-1),
                   np.ones(users * each))


def pairs(ratings: Ratings) -> set[tuple[int, int]]:
    return set(zip(ratings.user_index.tolist(), ratings.item_index.tolist()))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- what is drawn

@examples(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 30))
def test_what_is_drawn_beside_a_pair_says_truly_whether_it_happened(seed, power, each):
    ratings = happened(20, 30, each=each, seed=seed)
    users, items, targets = Negatives(ratings, power=power).beside(
        torch.as_tensor(ratings.user_index), torch.as_tensor(ratings.item_index), 3, generator(seed))
    n = len(ratings)
    assert len(users) == len(items) == len(targets) == 4 * n
    assert users.view(4, n).eq(torch.as_tensor(ratings.user_index)).all()
    assert torch.equal(items[:n], torch.as_tensor(ratings.item_index)) and targets[:n].all()
    known = pairs(ratings)
    assert [(u, i) in known for u, i in zip(users.tolist(), items.tolist())] == targets.tolist()


def test_few_of_the_drawn_pairs_happened():
    ratings = happened(50, 100, each=10)
    _, drawn = Negatives(ratings, power=0.0).draw(torch.arange(50).repeat(400), generator())
    assert 0 < float(drawn.float().mean()) < 0.015  # a tenth of a tenth: drawn twice


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_items_are_drawn_by_a_power_of_their_count(power):
    counts = np.array([0, 1, 4, 25, 100])
    chosen = np.repeat(np.arange(5), counts)
    ratings = Ratings(tuple(range(131)), tuple(range(5)), np.arange(len(chosen)), chosen, np.ones(len(chosen)))
    items, _ = Negatives(ratings, power=power).draw(torch.full((200_000,), 130), generator())  # who has chosen nothing
    expected = np.maximum(counts, 1) ** power
    np.testing.assert_allclose(np.bincount(items, minlength=5) / 200_000, expected / expected.sum(), atol=0.005)


def test_judged_are_held_out_pairs_against_others_that_are_unknown_and_the_same_every_time():
    known, held = split_off(happened(), 0.2)
    one, same, other = (with_negatives(held, known, how_many=2, power=0.5, seed=seed) for seed in (1, 1, 2))
    assert len(one) == 3 * len(held) and pairs(held) <= pairs(one)
    both = pairs(known) | pairs(held)
    truth = [float(pair in both) for pair in zip(one.user_index.tolist(), one.item_index.tolist())]
    assert one.values.tolist() == truth and np.mean(truth) < 0.45
    assert np.array_equal(one.item_index, same.item_index) and not np.array_equal(one.item_index, other.item_index)


# ---- what is minimised

def test_the_loss_is_the_cross_entropy_of_the_zeros_and_ones():
    """Without negatives the ratings say both; one batch of all, one step."""
    rng = np.random.default_rng(0)
    ratings = Ratings.from_crosstab(rng.integers(0, 2, (6, 5)).astype(float), range(6), range(5))
    chosen = settings(negatives=0, batch_size=30, epochs=1)
    start = start_values(ratings, chosen)
    seen = MiniBatch(FitTask(ratings=ratings, start=start, settings=chosen)).step(last=True)
    first = predict(start, torch.as_tensor(ratings.user_index), torch.as_tensor(ratings.item_index), bounds=(0, 1))
    assert seen.loss == pytest.approx(log_loss(ratings.values, first.numpy()), rel=1e-6)
    assert seen.rmse == pytest.approx(np.sqrt(np.mean((first.numpy() - ratings.values) ** 2)), rel=1e-6)


def test_zeros_and_ones_are_learnt_and_predictions_are_probabilities():
    """Ones with a probability that depends on user and item: found from draws of it."""
    rng = np.random.default_rng(1)
    truth = 1 / (1 + np.exp(-(rng.normal(0, 1.5, (60, 1)) + rng.normal(0, 1.5, 50))))
    ratings = Ratings.from_crosstab((rng.random(truth.shape) < truth).astype(float), range(60), range(50))
    result = fit(ratings, None, settings(negatives=0, epochs=15, n_factors=1, lr=0.02, weight_decay=0.0))
    found = predict_table(result.factors, bounds=(0, 1)).numpy()
    assert found.min() > 0 and found.max() < 1
    assert np.abs(found - truth).mean() < 0.09 < np.abs(truth.mean() - truth).mean() / 2


@pytest.mark.parametrize("negatives", [1, 4])
def test_it_starts_at_the_share_of_pairs_that_happened(negatives):
    start = start_values(happened(), settings(negatives=negatives))
    table = predict_table(start, bounds=(0, 1))
    assert float(table.mean()) == pytest.approx(1 / (1 + negatives), abs=0.01)


def test_history_tells_the_rmse_of_probabilities_and_keeps_the_best_epoch():
    known, held = split_off(happened(), 0.2)
    chosen = settings(epochs=25, lr=0.05, weight_decay=0.0, n_factors=10)
    result = fit(known, None, chosen, holdout=held)
    errors = [epoch.holdout_rmse for epoch in result.history]
    assert result.holdout_rmse == min(errors) < errors[-1]  # it overfits in the end
    judged = with_negatives(held, known, how_many=4, power=0.5, seed=0)
    assert result.holdout_rmse == pytest.approx(rmse(result.factors, judged, bounds=(0, 1)), rel=1e-6)
    assert f"hold-out RMSE {result.holdout_rmse:.6g}" in result.stop


# ---- the fast path

def problem(**options) -> FitTask:
    chosen = settings(**options)
    known, held = split_off(happened(), 0.2)
    return FitTask(ratings=known, start=start_values(known, chosen), settings=chosen, holdout=held)


def test_adamw_on_the_cpu_is_fast():
    assert isinstance(steps_for(problem()), ImplicitAdamW)
    assert isinstance(steps_for(problem(optimizer="adam")), MiniBatch)
    assert isinstance(steps_for(problem(model="net", n_factors=5)), MiniBatch)


@pytest.mark.parametrize("size", [50, 64, 5000])
def test_the_fast_path_is_the_plain_one_where_the_same_is_drawn(monkeypatch, size):
    """1,200 pairs in batches of which the last is whole, short, or the only one; the plain path gets the fast one's draws."""
    given, drawn = problem(batch_size=size, weight_decay=0.5), []
    plain, fast = MiniBatch(given), ImplicitAdamW(given)
    learn = fast.rows.learn
    monkeypatch.setattr(fast.rows, "learn", lambda *mixed: drawn.append([torch.as_tensor(c) for c in mixed]) or learn(*mixed))

    def the_same(users, items, how_many, _):
        batch = [column[:len(users) * (1 + how_many)] for column in drawn[-1]]
        drawn[-1] = [column[len(batch[0]):] for column in drawn[-1]]
        assert torch.equal(batch[0][:len(users)].long(), users) and torch.equal(batch[1][:len(users)] - 100, items)
        return batch[0].long(), batch[1].long() - 100, batch[2] > 0

    monkeypatch.setattr(plain.negatives, "beside", the_same)
    for number in range(3):
        two, one = (steps.step(last=number == 2) for steps in (fast, plain))
        assert (two.loss, two.rmse, two.holdout_rmse) == pytest.approx((one.loss, one.rmse, one.holdout_rmse), rel=1e-4)
    apart = [two.factors().tensors()[name] - tensor for name, tensor in one.factors().tensors().items()]
    everywhere_touched = size == 5000  # else rows wait for batches, where the closed form neglects AdamW's ε
    assert max(float(part.abs().max()) for part in apart) < (2e-4 if everywhere_touched else 0.05)
    assert max(float((part ** 2).mean().sqrt()) for part in apart) < 4e-3


def test_the_fast_path_draws_as_the_plain_one_does():
    """Each pair has its own beside it, targets tell the truth, and items come in the same proportions."""
    given = problem(batch_size=64, negatives=3, negatives_power=0.75)
    fast, known = ImplicitAdamW(given), pairs(given.ratings)
    order = np.random.default_rng(0).permutation(len(given.ratings))
    users, items, targets = fast._mixed(order)
    assert len(users) == 4 * len(order)
    for begin in range(0, len(order), 64):
        chosen = order[begin:begin + 64]
        batch = slice(4 * begin, 4 * begin + 4 * len(chosen))
        assert np.array_equal(users[batch], np.tile(given.ratings.user_index[chosen], 4))
        assert np.array_equal(items[batch][:len(chosen)] - 100, given.ratings.item_index[chosen])
    assert [pair in known for pair in zip(users.tolist(), (items - 100).tolist())] == targets.astype(bool).tolist()
    often = [fast._mixed(order) for _ in range(40)]
    many = np.bincount(np.concatenate([items[targets == 0] for _, items, targets in often]) - 100, minlength=80)
    plain = Negatives(given.ratings, power=0.75)
    drawn, happened = plain.draw(torch.as_tensor(given.ratings.user_index).repeat(200), generator())
    expected = np.bincount(drawn[~happened], minlength=80)
    np.testing.assert_allclose(many / many.sum(), expected / expected.sum(), atol=0.004)


def test_drawing_for_many_batches_at_once_changes_nothing_but_the_draws():
    one, two = (steps(problem(epochs=8)) for steps in (MiniBatch, ImplicitAdamW))
    for number in range(8):
        plain, fast = one.step(last=number == 7), two.step(last=number == 7)
    assert fast.loss == pytest.approx(plain.loss, rel=0.03)
    assert fast.holdout_rmse == pytest.approx(plain.holdout_rmse, rel=0.02)


@pytest.mark.parametrize("options", [{}, {"optimizer": "adam"}, {"model": "net", "n_factors": 5, "hidden": (5,), "dropout": 0.2}])
def test_the_same_seed_gives_the_same_bits_and_another_gives_others(options):
    one, same, other = (fit(happened(30, 20, each=5), None, settings(seed=seed, **options)).factors for seed in (3, 3, 4))
    assert all(torch.equal(tensor, same.tensors()[name]) for name, tensor in one.tensors().items())
    assert not torch.equal(one.user, other.user)


# ---- what it is good for

def by_popularity(known: Ratings):
    counts = np.bincount(known.item_index, minlength=known.n_items)
    return lambda users: np.broadcast_to(counts, (len(users), len(counts)))


@pytest.mark.parametrize("options", [{}, {"model": "net", "n_factors": 5, "hidden": (20,), "embedding_sizes": (8, 8)}])
def test_its_order_is_better_than_popularity(options):
    known, held = split_off(happened(200, 100), 0.2)
    found = fit(known, None, settings(epochs=25, **options), holdout=held)
    table = predict_table(found.factors, bounds=(0, 1)).numpy()
    ours, popular = (ranking(scores, known, held) for scores in (lambda users: table[users], by_popularity(known)))
    assert ours["auc"] > popular["auc"] + 0.05 and ours["ndcg"] > 1.2 * popular["ndcg"] and ours["hit_rate"] > popular["hit_rate"]


def test_an_item_that_nobody_chose_comes_last():
    """It is drawn as a negative, and so is learnt from; its start value would put it before half of the others."""
    ratings = happened(60, 40, each=12)
    kept = ratings.take(ratings.item_index != 2)
    factors = fit(kept, None, settings(epochs=20)).factors
    table = predict_table(factors, bounds=(0, 1)).numpy()
    counts = np.bincount(kept.item_index, minlength=40)
    assert counts[2] == 0 and (table[:, 2] < table[:, counts > 3].mean(1)).mean() > 0.9
    assert table.mean(0).argmin() == 2


# ---- what may be said

@pytest.mark.parametrize("options, sentence", [
    (dict(model="dot", low=None, high=None), "Cross-entropy is for probabilities"),
    (dict(high=5), "choose the model bounded or net with low=0 and high=1"),
    (dict(batch_size=None, schedule="constant"), "and a batch_size, such as 512"),
    (dict(loss="hinge"), "loss is 'hinge'. Choose one of: squared, cross-entropy, all-pairs"),
    (dict(loss="all-pairs"), "All pairs are learnt from by als, with the model dot"),
    (dict(unobserved=0.1), "the loss cross-entropy does not use it"),
    (dict(negatives=-1), "negatives is -1. Give a whole number of 0 or more"),
    (dict(negatives=1.5), "negatives is 1.5"),
    (dict(negatives_power=2), "negatives_power is 2. Give a number from 0 to 1"),
])
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(UserError, match=sentence):
        settings(**options)


def test_values_that_are_not_those_of_implicit_feedback_are_named():
    ratings = Ratings.from_triples(["a", "b", "b"], ["x", "x", "y"], [1.0, 4.5, 1.0])
    with pytest.raises(UserError, match="The rating of user 'b' for item 'x' is 4.5, but cross-entropy with negatives "
                                        "takes every pair as one that happened, value 1"):
        fit(ratings, None, settings())
    with pytest.raises(UserError, match="is 4.5, but cross-entropy is for values from 0 to 1"):
        fit(ratings, None, settings(negatives=0))


# ---- with the face of scikit-learn

@pytest.mark.parametrize("how, loss", [({}, "all-pairs"), ({"optimizer": "adamw"}, "cross-entropy")])
def test_collab_filter_recommends_what_is_liked_and_not_yet_known(how, loss):
    known, held = split_off(happened(200, 100), 0.2)
    frame = pd.DataFrame({"user": known.user_index, "item": known.item_index, "rating": 3.0})
    model = CollabFilter(8, feedback="implicit", epochs=25, **how).fit(frame)
    assert any("every pair counts as one that happened" in note for note in model.notes_)
    assert model.rating_range_ == (0.0, 1.0) and model.settings_.loss == loss
    popular = np.argsort(-np.bincount(known.item_index, minlength=100))
    ours = theirs = 0
    for user in range(200):
        seen, liked = (set(part.item_index[part.user_index == user].tolist()) for part in (known, held))
        best = model.recommend(user, 5)
        assert not seen & set(best.item) and best.prediction.between(0, 1).all()
        assert best.prediction.is_monotonic_decreasing
        ours += len(liked & set(best.item))
        theirs += len(liked & set([item for item in popular if item not in seen][:5]))
    assert ours > 1.2 * theirs


@pytest.mark.parametrize("options", [{"batch_size": 64}, {"model": "net", "n_factors": None}, {"effort": "quick", "lr": 0.01},
                                     {"effort": "best", "negatives": 3}])
def test_collab_filter_chooses_settings_for_it(options):
    model = CollabFilter(**{"n_factors": 4} | options, feedback="implicit").fit(happened(40, 30, each=8))
    assert model.settings_.optimizer == "adamw" and model.settings_.bounds == (0, 1)
    assert model.predict_crosstab().min().min() >= 0 and model.predict_crosstab().max().max() <= 1


def test_collab_filter_scores_the_order_that_it_gives():
    known, held = split_off(happened(100, 60), 0.2)
    model = CollabFilter(6, feedback="implicit", epochs=15, optimizer="adamw").fit(known)
    table = model.predict_crosstab().to_numpy()
    assert model.score(held) == pytest.approx(ranking(lambda users: table[users], known, held)["auc"], abs=1e-3)
    assert 0.6 < model.score(held) < model.score(known) < 1
    with pytest.warns(UserWarning, match="1 of 2 pairs are of users or items that the model does not know"):
        model.score(pd.DataFrame({"user": [0, 0], "item": [held.item_index[0], "new"]}))


@pytest.mark.parametrize("how", [{}, {"optimizer": "adamw"}])
def test_a_newcomer_is_folded_in_and_finds_what_their_like_like(how):
    everyone = happened(220, 60, each=20)
    old = everyone.take(everyone.user_index < 200)
    model = CollabFilter(6, feedback="implicit", epochs=20, **how).fit(old)
    popular = np.bincount(old.item_index, minlength=60)
    row = {item: n for n, item in enumerate(model.items_)}
    ours = theirs = 0
    for user in range(200, 220):
        liked = everyone.item_index[everyone.user_index == user]
        told, rest = liked[::2].tolist(), set(liked[1::2].tolist())
        best = model.fold_in(dict.fromkeys(told, 1.0)).recommend(8)
        assert set(best.item) <= row.keys() - set(told)
        ours += len(rest & set(best.item))
        theirs += len(rest & set([item for item in np.argsort(-popular) if item not in told][:8]))
    assert ours > 1.1 * theirs
