"""Every value that makes no sense gets a sentence that says what would."""

from __future__ import annotations

import ast
import inspect
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import numpy as np
import pytest
from planted import planted

from solver import MODELS, OPTIMIZERS, Settings, UserError, fit

NAN, INF = float("nan"), float("inf")
NOT_A_WHOLE_NUMBER = [2.5, 3.0, NAN, INF, "3", "", True, [3], {}]
NOT_A_NUMBER = [NAN, INF, -INF, "0.1", "", True, [0.1], 1j, 10 ** 400]
NOT_A_NAME = ["", "ADAM", "sgdd", None, 3, ["sgd"], {"sgd": 1}, NAN]

BAD = [
    *[("model", value, r"Choose one of: dot, dot\+bias, bounded") for value in NOT_A_NAME if value is not None],
    *[("optimizer", value, "Choose one of: lbfgs, sgd, ") for value in NOT_A_NAME],
    *[("start", value, "Choose one of: sheet, random") for value in NOT_A_NAME],
    *[("device", value, "Choose one of: auto, cpu, cuda, mps") for value in NOT_A_NAME],
    *[("epochs", value, "whole number of 1 or more") for value in NOT_A_WHOLE_NUMBER + [0, -1]],
    *[("n_factors", value, "whole number of 1 or more") for value in NOT_A_WHOLE_NUMBER + [0, -1, None]],
    *[("seed", value, "whole number from 0 to ") for value in NOT_A_WHOLE_NUMBER + [-1, None, 2 ** 64]],
    *[("lr", value, "number above 0") for value in NOT_A_NUMBER + [0, -0.1]],
    *[("weight_decay", value, "number of 0 or more") for value in NOT_A_NUMBER + [-0.1, None]],
]


@pytest.mark.parametrize("option, value, advice", BAD)
def test_a_bad_value_is_named_and_the_good_ones_too(option, value, advice):
    with pytest.raises(UserError, match=advice) as error:
        Settings(**{"optimizer": "adam", option: value})
    assert str(error.value).startswith(f"{option} is {value!r}. ")


@pytest.mark.parametrize("low, high", [(None, None), (1, None), (None, 5), (5, 1), (3, 3), (NAN, 5),
                                       (1, INF), ("1", "5"), (True, 5)])
def test_a_bounded_model_needs_a_range(low, high):
    with pytest.raises(UserError, match="A bounded model needs a range.*low below high"):
        Settings(model="bounded", low=low, high=high)


def test_lbfgs_takes_no_learning_rate():
    with pytest.raises(UserError, match="lbfgs finds its step by itself: leave out lr"):
        Settings(lr=0.1)


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


def test_bounds_are_those_of_a_bounded_model_only():
    assert Settings(model="bounded", low=1, high=5).bounds == (1, 5)
    assert Settings(model="dot", low=1, high=5).bounds is None


def test_settings_are_frozen_and_every_option_is_explained():
    with pytest.raises(FrozenInstanceError):
        Settings().seed = 3
    body = ast.parse(inspect.getsource(Settings)).body[0].body
    explained = {field.target.id for field, text in zip(body, body[1:])
                 if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)}
    assert explained == {field.name for field in fields(Settings)}
