"""`fit` of a torch module of one's own: the lesson's DotProductBias, held against our factors and against a loop by hand."""

from __future__ import annotations

import pytest
import torch
from planted import planted
from torch import nn

from solver import Factors, Settings, UserError, fit, rmse, split_off
from solver.fitting.random_start import random_factors


class DotProductBias(nn.Module):
    """The lesson's module, from factors that are given; `x` holds users and items side by side."""

    def __init__(self, start: Factors):
        super().__init__()
        self.user_factors, self.item_factors = nn.Parameter(start.user.clone()), nn.Parameter(start.item.clone())
        self.user_bias, self.item_bias = nn.Parameter(start.user_bias.clone()), nn.Parameter(start.item_bias.clone())

    def forward(self, x):
        users, items = x[:, 0], x[:, 1]
        products = (self.user_factors[users] * self.item_factors[items]).sum(1)
        return products + self.user_bias[users] + self.item_bias[items]


class Net(nn.Module):
    """Two embeddings of their own sizes, batch normalisation, dropout, and one layer; two tensors in, a column out."""

    def __init__(self, users: int, items: int):
        super().__init__()
        self.users, self.items = nn.Embedding(users, 4), nn.Embedding(items, 3)
        self.layers = nn.Sequential(nn.BatchNorm1d(7), nn.Linear(7, 20), nn.ReLU(), nn.Dropout(0.2), nn.Linear(20, 1))

    def forward(self, users, items):
        return self.layers(torch.cat([self.users(users), self.items(items)], 1))


@pytest.fixture
def ratings():
    return planted()


@pytest.fixture
def start(ratings):
    return random_factors(ratings, n_factors=2, seed=3, model="dot+bias")


def predicted(module: nn.Module, ratings) -> torch.Tensor:
    pairs = torch.as_tensor(ratings.user_index, dtype=torch.int64), torch.as_tensor(ratings.item_index, dtype=torch.int64)
    with torch.no_grad():
        return module(torch.stack(pairs, 1))


def test_the_lessons_module_finds_what_our_factors_find(ratings, start):
    ours = fit(ratings, start, Settings(model="dot+bias", epochs=60))
    theirs = fit(ratings, DotProductBias(start), Settings(epochs=60))
    assert [epoch.rmse for epoch in theirs.history] == pytest.approx([epoch.rmse for epoch in ours.history], rel=1e-6)
    assert theirs.rmse_before == pytest.approx(ours.rmse_before, rel=1e-12)
    error = predicted(theirs.module, ratings).numpy() - ratings.values
    assert theirs.rmse_after == pytest.approx((error ** 2).mean() ** 0.5, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"])
def test_steps_on_all_ratings_are_those_of_torch(ratings, start, optimizer):
    settings = Settings(optimizer=optimizer, lr=0.01, weight_decay=0.02, epochs=7)
    found = fit(ratings, DotProductBias(start), settings).history[-1].rmse

    module, decay = DotProductBias(start), settings.weight_decay
    make = {"sgd": lambda p: torch.optim.SGD(p, lr=0.01, weight_decay=decay),
            "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=decay),
            "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=decay),
            "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, weight_decay=decay),
            "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=decay),
            "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=decay),
            "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=decay)}[optimizer]
    by_hand = make(list(module.parameters()))
    users, items = (torch.as_tensor(index, dtype=torch.int64) for index in (ratings.user_index, ratings.item_index))
    values = torch.as_tensor(ratings.values, dtype=torch.float64)
    for _ in range(7):
        by_hand.zero_grad()
        ((module(torch.stack([users, items], 1)) - values) ** 2).mean().backward()
        by_hand.step()
    expected = ((predicted(module, ratings) - values) ** 2).mean().sqrt().item()
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_net_in_batches_keeps_the_epoch_that_is_best_on_ratings_held_out(ratings):
    train, held = split_off(ratings, 0.2, seed=1)
    torch.manual_seed(0)
    net = Net(ratings.n_users, ratings.n_items)
    settings = Settings(optimizer="adamw", batch_size=16, epochs=30, schedule="one-cycle", seed=5)
    given = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    seen = []
    result = fit(train, net, settings, holdout=held, on_epoch=lambda epoch: seen.append(epoch.holdout_rmse))

    assert all(torch.equal(tensor, given[name]) for name, tensor in net.state_dict().items())    # it fits a copy
    assert result.rmse_after < result.rmse_before / 2
    assert result.holdout_rmse == min(seen)
    users, items = (torch.as_tensor(index, dtype=torch.int64) for index in (held.user_index, held.item_index))
    with torch.no_grad():
        error = result.module(users, items).squeeze(1).double().numpy() - held.values
    assert result.holdout_rmse == pytest.approx((error ** 2).mean() ** 0.5, rel=1e-6)
    again = fit(train, net, settings, holdout=held)
    assert again.holdout_rmse == result.holdout_rmse


def test_told_to_stop_it_keeps_the_best_so_far(ratings, start):
    result = fit(ratings, DotProductBias(start), Settings(optimizer="adam", epochs=500), on_epoch=lambda epoch: epoch.epoch == 20)
    assert result.stopped
    assert result.rmse_after < result.rmse_before
    assert len(result.history) == 21


@pytest.mark.parametrize(("module", "options", "said"), [
    (nn.Identity(), {}, "no parameter that may be learnt"),
    (nn.Linear(3, 1), {}, "two tensors (n,), or as one (n, 2) where forward takes one"),
    (Net(3, 3), {}, "IndexError"),
    (nn.Embedding(100, 4), {}, "gave 16 of type float32"),
    (Net(40, 40), {"n_factors": 9}, "n_factors is 9, and a module says that by itself"),
    (Net(40, 40), {"optimizer": "als"}, "als solves for factors"),
])
def test_what_cannot_be_fitted_is_refused_in_a_sentence(ratings, module, options, said):
    with pytest.raises(UserError, match=said.replace("(", r"\(").replace(")", r"\)")):
        fit(ratings, module, Settings(**options))


def test_a_module_that_predicts_what_factors_predict_has_their_rmse(ratings, start):
    assert fit(ratings, DotProductBias(start), Settings(epochs=1)).rmse_before == pytest.approx(rmse(start, ratings), rel=1e-12)
