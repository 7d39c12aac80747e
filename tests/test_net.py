"""The embedding net: its equation, its start, what it learns, and that no sheet is offered it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import planted

from solver import CollabFilter, Factors, Ratings, Settings, UserError, fit, predict, predict_table, rmse, split_off
from solver.core.steps import FitTask
from solver.fitting.start_values import start_values
from solver.judging.baselines import bias_only
from solver.methods.batches.mini_batch import MiniBatch
from solver.model import net as net_module
from solver.model.net import NetFactors, embedding_size, start_net


def settings(**options) -> Settings:
    return Settings(**{"model": "net", "low": 0.0, "high": 6.0, "optimizer": "adamw", "batch_size": 16, "epochs": 3,
                       "schedule": "one-cycle", "embedding_sizes": (3, 2), "hidden": (7, 4)} | options)


def a_net(users: int = 12, items: int = 10, *, hidden=(7, 4), seed: int = 1) -> NetFactors:
    start = start_net(users, items, sizes=(3, 2), hidden=hidden, mean=0.4, seed=seed)
    return start.map(lambda tensor: tensor.double() * 3)


def by_hand(net: NetFactors, user: int, item: int, low: float, high: float) -> float:
    x = np.concatenate([net.user[user].numpy(), net.item[item].numpy()])
    for weight, bias in zip(net.weights[:-1], net.biases[:-1]):
        x = np.maximum(weight.numpy() @ x + bias.numpy(), 0)
    return float(low + (high - low) / (1 + np.exp(-(net.weights[-1].numpy() @ x + net.biases[-1].numpy())[0])))


# ---- the equation

@pytest.mark.parametrize("hidden", [(7,), (7, 4), (1, 1, 1)])
def test_predictions_are_the_equation_written_out(hidden):
    net = a_net(hidden=hidden)
    users, items = torch.tensor([0, 11, 5, 5]), torch.tensor([9, 0, 3, 4])
    expected = [by_hand(net, u, i, 0.5, 5.0) for u, i in zip(users, items)]
    np.testing.assert_allclose(predict(net, users, items, bounds=(0.5, 5.0)).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("at_once", [1, 300, 10**7])
def test_the_table_is_that_of_the_pairs_however_it_is_cut(monkeypatch, at_once):
    monkeypatch.setattr(net_module, "TABLE_NUMBERS", at_once)
    net = a_net()
    users, items = (part.reshape(-1) for part in np.indices((12, 10)))
    pairs = predict(net, torch.as_tensor(users), torch.as_tensor(items), bounds=(1.0, 5.0))
    np.testing.assert_allclose(predict_table(net, bounds=(1.0, 5.0)).reshape(-1), pairs, rtol=1e-13)


def test_rmse_of_a_net_is_that_of_its_predictions():
    ratings, net = planted(), a_net()
    table = predict_table(net, bounds=(0.0, 6.0)).numpy()
    assert rmse(net, ratings, bounds=(0.0, 6.0)) == pytest.approx(np.sqrt(np.nanmean((ratings.crosstab() - table) ** 2)))


def test_a_net_is_rebuilt_from_its_tensors():
    net = a_net()
    again = NetFactors.of(net.tensors())
    assert again.tensors().keys() == net.tensors().keys() == net.shapes(12, 10).keys()
    assert all(torch.equal(tensor, net.tensors()[name]) for name, tensor in again.tensors().items())
    doubled = net.map(lambda tensor: 2 * tensor)
    assert all(torch.equal(tensor, 2 * net.tensors()[name]) for name, tensor in doubled.tensors().items())
    assert {name: tuple(tensor.shape) for name, tensor in net.tensors().items()} == net.shapes(12, 10)


# ---- where it starts

@pytest.mark.parametrize("n, size", [(2, 2), (15, 7), (671, 61), (9066, 263), (100_000, 600), (10**7, 600)])
def test_sizes_follow_the_rule_of_thumb(n, size):
    """Sizes computed by fast.ai's own `emb_sz_rule`."""
    assert embedding_size(n) == size


def test_embeddings_of_user_and_item_have_sizes_of_their_own():
    ratings = planted(40, 10)
    start = start_values(ratings, settings(embedding_sizes=None))
    assert (start.user.shape, start.item.shape) == ((40, embedding_size(40)), (10, embedding_size(10)))
    assert [len(weight) for weight in start.weights] == [7, 4, 1]
    assert len(start_values(ratings, settings(hidden=None)).weights[0]) == 100


def test_first_predictions_are_near_the_mean_rating():
    ratings = planted(60, 50)
    start = start_values(ratings, settings(embedding_sizes=None, hidden=None))
    first = predict_table(start, bounds=(0.0, 6.0))
    assert float(first.mean()) == pytest.approx(ratings.values.mean(), abs=0.1)
    assert 0 < float(first.std()) < 0.5 * ratings.values.std()


@pytest.mark.parametrize("changed, sentence", [
    ({"user": torch.ones(11, 3)}, "'user' are 11 × 3; 12 users.* need 12 × 3"),
    ({"weight_0": torch.ones(7, 6)}, "'weight_0' are 7 × 6; .* need 7 × 5"),
    ({"bias_1": torch.ones(5)}, "'bias_1' are 5; .* need 4"),
])
def test_start_values_of_the_wrong_shape_are_refused(changed, sentence):
    with pytest.raises(UserError, match=sentence):
        fit(planted(), a_net().with_tensors(changed), settings())


def test_start_values_of_another_model_are_refused():
    ratings = planted()
    with pytest.raises(UserError, match="The model is 'net', and the start values are those of a 'dot' model"):
        fit(ratings, Factors(torch.ones(12, 3), torch.ones(10, 3)), settings())
    with pytest.raises(UserError, match="The model is 'dot', and the start values are those of a 'net' model"):
        fit(ratings, a_net(), Settings(model="dot"))


# ---- what it learns

def test_it_learns_what_no_biases_can_say():
    """On hidden ratings of a planted table whose rows go up where others go down."""
    rng = np.random.default_rng(0)
    taste, kind = rng.choice([-1, 1], (60, 2)), rng.choice([-1, 1], (50, 2))
    table = 3 + taste @ kind.T * 0.8 + 0.2 * rng.standard_normal((60, 50))
    table[rng.random(table.shape) < 0.4] = np.nan
    learnt, held = split_off(Ratings.from_crosstab(table, range(60), range(50)), 0.2)
    result = fit(learnt, None, settings(embedding_sizes=(8, 6), hidden=(20,), epochs=15, lr=0.02, batch_size=64),
                 holdout=held)
    assert result.holdout_rmse < 0.5 < 1.0 < rmse(bias_only(learnt), held)
    assert result.holdout_rmse == min(epoch.holdout_rmse for epoch in result.history)
    assert result.holdout_rmse == pytest.approx(rmse(result.factors, held, bounds=(0.0, 6.0)), rel=1e-6)


@pytest.mark.parametrize("dropout", [None, 0.3])
def test_the_same_seed_gives_the_same_bits_and_another_gives_others(dropout):
    one, same, other = (fit(planted(), None, settings(dropout=dropout, seed=seed)).factors for seed in (4, 4, 5))
    for name, tensor in one.tensors().items():
        assert torch.equal(tensor, same.tensors()[name])
        assert not torch.equal(tensor, other.tensors()[name])


def test_users_and_items_without_a_rating_keep_their_start_values():
    table = planted(12, 10).crosstab()
    table[2], table[:, 3] = np.nan, np.nan
    ratings = Ratings.from_crosstab(table, range(12), range(10))
    chosen = settings(weight_decay=0.5)
    start = start_values(ratings, chosen)
    found = fit(ratings, start, chosen).factors
    assert torch.equal(found.user[2], start.user[2]) and torch.equal(found.item[3], start.item[3])
    assert all(not torch.equal(tensor, start.tensors()[name]) for name, tensor in found.tensors().items())


def test_a_fit_goes_on_from_a_fitted_net():
    ratings = planted(30, 20)
    first = fit(ratings, None, settings(epochs=10, batch_size=64))
    more = fit(ratings, first.factors, settings(epochs=1, lr=0.002, batch_size=64))
    assert more.history[0].rmse < first.history[0].rmse


def test_embeddings_can_be_penalised_by_methods_that_do_not_decay_themselves():
    def size(decay: float) -> float:
        found = fit(planted(), None, settings(optimizer="adam", weight_decay=decay, epochs=20, schedule="constant")).factors
        return float((found.user ** 2).sum() + (found.item ** 2).sum())
    assert size(0.5) < 0.5 * size(0.0)


# ---- dropout

def steps(**options) -> MiniBatch:
    chosen, ratings = settings(**options), planted()
    return MiniBatch(FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen))


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    thinned = steps(dropout=0.3)._thinned(torch.ones(100_000))
    assert thinned.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert float((thinned == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(thinned.mean()) == pytest.approx(1.0, abs=0.01)


def test_dropout_is_for_learning_only():
    users, items = torch.arange(10), torch.arange(10)
    under_way = steps(dropout=0.5, hidden=(50,))
    assert not torch.equal(under_way.raw(users, items), under_way.raw(users, items))
    assert torch.equal(under_way.parameters.raw(users, items), under_way.parameters.raw(users, items))


def test_no_dropout_is_dropout_of_nothing():
    one, two = (fit(planted(), None, settings(dropout=dropout)) for dropout in (None, 0.0))
    assert [epoch.rmse for epoch in one.history] == [epoch.rmse for epoch in two.history]


# ---- what may be said

@pytest.mark.parametrize("options, sentence", [
    (dict(batch_size=None, schedule="constant", dropout=0.1), "dropout is 0.1, and a fit on all ratings at once does not use it"),
    (dict(optimizer="lbfgs"), "batch_size is 16, and lbfgs does not use it"),
    (dict(low=None, high=None), "needs a range of ratings"),
    (dict(hidden=()), "hidden is \\(\\). Give a tuple of one or more whole numbers"),
    (dict(hidden=(10, 0)), "A width in hidden is 0"),
    (dict(hidden=100), "hidden is 100. Give a tuple"),
    (dict(embedding_sizes=(3,)), "embedding_sizes is \\(3,\\). Give a tuple of 2 whole numbers"),
    (dict(embedding_sizes=(3, 2.5)), "A width in embedding_sizes is 2.5"),
    (dict(dropout=1.0), "dropout is 1.0. Give a number from 0 to below 1"),
    (dict(dropout="0.1"), "dropout is '0.1'"),
])
def test_options_that_make_no_sense_are_named(options, sentence):
    with pytest.raises(UserError, match=sentence):
        settings(**options)


@pytest.mark.parametrize("option", [dict(hidden=(10,)), dict(dropout=0.1), dict(embedding_sizes=(3, 2))])
def test_options_of_the_net_are_refused_by_the_other_models(option):
    with pytest.raises(UserError, match=f"{next(iter(option))} is .*, and the model dot does not use it. .*: net"):
        Settings(model="dot", **option)


def test_a_sheet_that_is_no_net_is_not_fitted_as_one(tmp_path):
    import workbook
    from pyxl.fit.press_fit import fit_workbook

    workbook.build(planted(), tmp_path / "b.xlsx")
    before = (tmp_path / "b.xlsx").read_bytes()
    with pytest.raises(UserError, match="model is 'net', but on a sheet the sheet decides"):
        fit_workbook(tmp_path / "b.xlsx", out=tmp_path / "b.xlsx", settings=settings())
    assert (tmp_path / "b.xlsx").read_bytes() == before


# ---- with the face of scikit-learn

def test_collab_filter_fits_the_net_and_keeps_it(tmp_path):
    ratings = planted(30, 20)
    model = CollabFilter(model="net", hidden=[20, 10], dropout=0.1, random_state=3, epochs=4).fit(ratings)
    assert isinstance(model.factors_, NetFactors) and model.settings_.hidden == (20, 10)
    assert [len(weight) for weight in model.factors_.weights] == [20, 10, 1]
    table = model.predict_crosstab()
    assert table.shape == (30, 20) and model.rating_range_[0] <= table.min().min() <= table.max().max() <= model.rating_range_[1]
    model.save(tmp_path / "net")
    np.testing.assert_array_equal(CollabFilter.load(tmp_path / "net").predict_crosstab(), table)
    seen = {item for user, item in zip(ratings.user_index, ratings.item_index) if user == 0}
    assert set(model.recommend("user 0", 20).item) == {ratings.items[i] for i in range(20) if i not in seen}
