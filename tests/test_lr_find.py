"""The learning-rate range test: rates rise, the loss falls and blows up, and the suggestion is of use."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from planted import BOUNDS, planted

from solver import Settings, UserError, fit
from solver.fitting.lr_find import BLOWN_UP, SETTLED, RateTest, find_lr


def settings(**options) -> Settings:
    own = {} if options.get("model") == "net" else {"n_factors": 3}     # the net has widths of its own
    return Settings(**{"model": "dot+bias", "optimizer": "adamw", "batch_size": 16} | own | options)


def test_rates_rise_exponentially_and_the_test_ends_where_the_loss_blows_up():
    test = find_lr(planted(15, 15, noise=0.5, blanks=0.1), settings(), lowest=1e-5, highest=1e3, steps=300)
    np.testing.assert_allclose(test.rates[1:] / test.rates[:-1], 1e8 ** (1 / 299), rtol=1e-9)
    assert test.rates[0] == 1e-5 and len(test.rates) < 300 and test.blew_up
    least = test.smoothed[SETTLED:].min()
    assert test.smoothed[-2] <= BLOWN_UP * least < test.smoothed[-1]


def test_the_smoothed_loss_is_the_bias_corrected_running_mean():
    test = find_lr(planted(), settings())
    weights = 0.9 ** np.arange(len(test.losses))[::-1]
    for n in (1, 2, 20, len(test.losses)):
        assert test.smoothed[n - 1] == pytest.approx(np.average(test.losses[:n], weights=weights[-n:]))


def test_the_suggestion_is_a_tenth_of_the_rate_at_the_least_loss():
    rates, smoothed = np.geomspace(1e-4, 1, 40), np.linspace(5, 2, 40)
    smoothed[30], smoothed[3] = 1, 0.1      # the second is the noise of the first batches
    assert RateTest(rates, np.ones(40), smoothed, blew_up=True).suggestion == pytest.approx(rates[30] / 10)


@pytest.mark.parametrize("model", ["dot", "dot+bias", "bounded", "net"])
def test_the_suggestion_learns_more_than_rates_far_from_it(model):
    ratings = planted(40, 30, noise=0.2)
    bounds = BOUNDS if model in ("bounded", "net") else {}

    def chosen(**options) -> Settings:
        return settings(**({"model": model, "batch_size": 64} | bounds | options))
    rate = find_lr(ratings, chosen()).suggestion
    after = [fit(ratings, None, chosen(lr=lr, epochs=5, schedule="one-cycle")).history[-1].rmse
             for lr in (rate / 100, rate, rate * 100)]
    assert after[1] == min(after)


def test_it_works_for_implicit_feedback_and_for_any_method_in_batches():
    ratings = planted(30, 20)
    ones = type(ratings)(ratings.users, ratings.items, ratings.user_index, ratings.item_index, np.ones(len(ratings)))
    implicit = settings(model="bounded", low=0, high=1, loss="cross-entropy")
    assert 1e-4 < find_lr(ones, implicit).suggestion < 1
    assert find_lr(ratings, settings(optimizer="sgd")).blew_up


def test_a_range_that_ends_too_early_says_so():
    assert not find_lr(planted(), settings(), highest=1e-4, steps=40).blew_up


def test_the_same_seed_gives_the_same_test_and_nothing_is_changed():
    ratings = planted()
    one, two = (find_lr(ratings, settings()) for _ in range(2))
    np.testing.assert_array_equal(one.losses, two.losses)


def test_the_plot_is_an_image(tmp_path):
    find_lr(planted(), settings()).plot(tmp_path / "lr.png")
    assert (tmp_path / "lr.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(UserError, match="'lr.what' cannot be drawn: .*what"):
        find_lr(planted(), settings()).plot(tmp_path / "lr.what")
    with pytest.raises(UserError, match="'lr.png' cannot be drawn: no such file"):
        find_lr(planted(), settings()).plot(tmp_path / "nowhere" / "lr.png")


@pytest.mark.parametrize("how, sentence", [
    (dict(settings=Settings()), "reads the losses of batches: give a batch_size of 8 or more"),
    (dict(settings=Settings(optimizer="sgd", batch_size=1)), "give a batch_size of 8 or more"),
    (dict(lowest=0.0), "The rates go from 0.0 to 1000.0"), (dict(lowest=10.0, highest=1.0), "The rates go from 10.0"),
    (dict(steps=5), "steps is 5. Give a whole number above 20"),
    (dict(lowest=1e150, highest=1e300), "no longer finite at the rate .* Start from a lower one than 1e\\+150"),
])
def test_what_makes_no_sense_is_named(how, sentence):
    with pytest.raises(UserError, match=sentence):
        find_lr(planted(), **({"settings": settings(model="dot")} | how))


def test_matplotlib_is_loaded_only_to_draw():
    code = "import sys, solver.fitting.lr_find, solver.collab.judged.search, solver.judging.metrics; sys.exit('matplotlib' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
