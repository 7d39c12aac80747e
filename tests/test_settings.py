"""Every value that makes no sense gets a sentence that says what would."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
from planted import planted, settings

from solver import MODELS, OPTIMIZERS, Settings, UserError, fit
from solver.core.method_table import METHODS
from solver.core.settings import OPTIONS, NotHonoured, honoured_by, usable

NAN, INF = float("nan"), float("inf")
NOT_A_WHOLE_NUMBER = [2.5, 3.0, NAN, INF, "3", "", True, [3], {}]
NOT_A_NUMBER = [NAN, INF, -INF, "0.1", "", True, [0.1], 1j, 10 ** 400]
NOT_A_NAME = ["", "ADAM", "sgdd", None, 3, ["sgd"], {"sgd": 1}, NAN]

NET = dict(model="net", low=1, high=5, optimizer="adamw", batch_size=8)

BAD = [
    *[("model", value, r"Choose one of: dot, dot\+bias, bounded") for value in NOT_A_NAME if value is not None],
    *[("optimizer", value, "Choose one of: lbfgs, sgd, ") for value in NOT_A_NAME],
    *[("start", value, "Choose one of: sheet, random") for value in NOT_A_NAME],
    *[("device", value, "Choose one of: auto, cpu, cuda, mps") for value in NOT_A_NAME],
    *[("epochs", value, "whole number of 1 or more") for value in NOT_A_WHOLE_NUMBER + [0, -1]],
    *[("n_factors", value, "whole number of 1 or more") for value in NOT_A_WHOLE_NUMBER + [0, -1, None]],
    *[("seed", value, "whole number from 0 to ") for value in NOT_A_WHOLE_NUMBER + [-1, None, 2 ** 64]],
    *[("lr", value, "number above 0") for value in NOT_A_NUMBER + [0, -0.1]],
    *[("weight_decay", value, "number of 0 or more") for value in NOT_A_NUMBER + [-0.1]],
    *[("low", value, "Give a number.") for value in NOT_A_NUMBER],
    *[(name, value, "number from 0 to below 1") for name in ("momentum", "beta1", "beta2") for value in NOT_A_NUMBER + [-0.1, 1]],
    *[("eps", value, "number above 0") for value in NOT_A_NUMBER + [0]],
]


@pytest.mark.parametrize("option, value, advice", BAD)
def test_a_bad_value_is_named_and_the_good_ones_too(option, value, advice):
    with pytest.raises(UserError, match=advice) as error:
        Settings(**{"optimizer": "adam", option: value})
    assert str(error.value).startswith(f"{option} is {value!r}. ")


@pytest.mark.parametrize("low, high", [(None, None), (1, None), (None, 5), (5, 1), (3, 3)])
def test_a_bounded_model_needs_a_range(low, high):
    with pytest.raises(UserError, match="A bounded model needs a range.*low below high"):
        Settings(model="bounded", low=low, high=high)


def test_the_names_in_a_sentence_are_those_of_the_tables():
    with pytest.raises(UserError) as error:
        Settings(optimizer="?")
    assert all(name in str(error.value) for name in OPTIMIZERS)
    with pytest.raises(UserError) as error:
        Settings(model="?")
    assert all(name in str(error.value) for name in MODELS)


@pytest.mark.parametrize("good", [dict(epochs=np.int64(3), seed=np.int32(1)), dict(weight_decay=0),
                                  dict(optimizer="adam", lr=np.float32(0.1)),
                                  dict(optimizer="adam", lr=Fraction(1, 10)),
                                  dict(seed=2 ** 63 - 1), dict(weight_decay=np.float64(0.1)),
                                  dict(model="bounded", low=np.int64(1), high=5.0)])
def test_numbers_of_every_kind_are_taken(good):
    fit(planted(), None, Settings(**{"epochs": 2} | good))


def _who_use(option: str) -> str:
    """The optimizers that use an option, as the end of a sentence."""
    return f"{', '.join(honoured_by(option)['optimizer'])}."


NOT_USED = [
    (dict(model="dot", low=1), "low is 1, and the model dot does not use it. Leave low out, or choose a model that does: bounded, net."),
    (dict(model="dot+bias", hidden=(9,)), "hidden is (9,), and the model dot+bias does not use it. Leave hidden out, or choose a "
     "model that does: net."),
    (NET | dict(n_factors=9), "n_factors is 9, and the model net does not use it. Leave n_factors out, or choose a model that does: "
     "dot, dot+bias, bounded."),
    (dict(negatives=9), "negatives is 9, and the loss squared does not use it. Leave negatives out, or choose a loss that does: "
     "cross-entropy."),
    (dict(lr=0.1), "lr is 0.1, and lbfgs does not use it. Leave lr out, or choose an optimizer that does: "
     + _who_use("lr")),
    (dict(optimizer="adam", momentum=0.5), "momentum is 0.5, and adam does not use it. Leave momentum out, or choose an optimizer "
     "that does: " + _who_use("momentum")),
    (dict(optimizer="sgd", beta2=0.9), "beta2 is 0.9, and sgd does not use it. Leave beta2 out, or choose an optimizer that does: "
     + _who_use("beta2")),
    (dict(optimizer="als", batch_size=64), "batch_size is 64, and als does not use it. Leave batch_size out, or choose an optimizer "
     "that does: " + _who_use("batch_size")),
    (dict(optimizer="adam", schedule="step"), "schedule is 'step', and a fit on all ratings at once does not use it. Leave schedule "
     "out, or choose a batch_size, such as 512; or optimizer sgd with batch_size 1."),
    (dict(optimizer="adamw", batch_size=8, decay_by="count"), "decay_by is 'count', and a fit in batches does not use it. Leave "
     "decay_by out, or choose optimizer sgd with batch_size 1."),
    (dict(optimizer="gibbs", weight_decay=0.1), "weight_decay is 0.1, and gibbs does not use it. Leave weight_decay out, or choose "
     "another optimizer, such as lbfgs."),
    (dict(optimizer="adamw", batch_size=8, schedule="one-cycle", beta1=0.8), "beta1 is 0.8, and the schedule one-cycle moves beta1 "
     "by itself. Leave beta1 out, or choose another schedule."),
]


@pytest.mark.parametrize("given, sentence", NOT_USED)
def test_a_setting_that_nothing_uses_is_refused_and_what_uses_it_is_named(given, sentence):
    with pytest.raises(NotHonoured) as error:
        Settings(**given)
    assert str(error.value) == sentence and error.value.option in given


def test_a_default_is_never_refused():
    for name, optimizer in OPTIMIZERS.items():
        defaults = {option: declared.default for option, declared in OPTIONS.items()}
        assert Settings(**defaults | {"optimizer": name}).method in METHODS
        if optimizer.in_batches is not None:
            Settings(**defaults | {"optimizer": name, "batch_size": 3} | NET)


def test_a_patience_needs_a_hold_out():
    with pytest.raises(NotHonoured, match="patience is 3, and no ratings are held out to judge an epoch by"):
        fit(planted(), None, Settings(patience=3))


def test_what_was_stored_and_is_not_used_is_left_out_with_the_reason():
    settings, left_out = usable({"optimizer": "gibbs", "weight_decay": 0.15, "lr": 0.1, "seed": 3},
                                stored=("weight_decay", "lr"))
    assert settings == Settings(optimizer="gibbs", seed=3) and set(left_out) == {"weight_decay", "lr"}
    with pytest.raises(NotHonoured, match="lr is 0.1"):
        usable({"lr": 0.1, "weight_decay": 0.2}, stored=("weight_decay",))


@pytest.mark.parametrize("optimizer, batch_size", [(name, size) for name, row in OPTIMIZERS.items() if row.constants
                                                   for size in (None, 4) if size is None or row.in_batches is not None])
def test_every_constant_of_an_optimizer_moves_its_fit(optimizer, batch_size):
    """In batches too, where AdamW has a compiled path that must not forget one."""
    here = dict(optimizer=optimizer, batch_size=batch_size, epochs=6)
    usual = fit(planted(), None, settings(**here)).rmse_after
    own = OPTIMIZERS[optimizer].defaults(batches=batch_size is not None)
    for name, default in own.items():
        assert fit(planted(), None, settings(**here, **{name: default})).rmse_after == usual or name == "lr"
        other = {"lr": default / 3, "eps": 0.3}.get(name, default / 2)
        assert fit(planted(), None, settings(**here, **{name: other})).rmse_after != usual, name


def test_momentum_of_nought_is_plain_descent():
    plain, *others = (fit(planted(), None, settings(optimizer=name, lr=0.1, epochs=9, **more)).rmse_after
                      for name, more in (("sgd", {}), ("momentum", {"momentum": 0}), ("nesterov", {"momentum": 0.0})))
    assert others == [plain, plain]


def test_bounds_are_those_of_a_bounded_model_only():
    assert Settings(model="bounded", low=1, high=5).bounds == (1, 5)
    assert Settings(model="dot").bounds is None


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        Settings().seed = 3
