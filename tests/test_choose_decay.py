"""The weight decay that is chosen where none is given, and what decay pulls to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import planted, settings

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.grid.block_names import setting_name
from pyxl.grid.sheet_names import area_named
from solver import Ratings, Settings, UserError, fit, rmse
from solver.core.method_table import DECOUPLED_DECAY
from solver.data.splits import split_off
from solver.fitting.choose_decay import HARDLY_ANY, choose_decay, vanishing_decay
from solver.judging.baselines import bias_only
from workbook import build


def noise_around_biases(n: int = 15, m: int = 15, seed: int = 0) -> Ratings:
    """Ratings in which factors find nothing."""
    random = np.random.default_rng(seed)
    table = 3.5 + 0.4 * random.standard_normal((n, 1)) + 0.4 * random.standard_normal((1, m)) + 0.8 * random.standard_normal((n, m))
    return Ratings.from_crosstab(table, range(n), range(m))


@pytest.mark.parametrize("model", ["dot+bias", "bounded"])
def test_much_decay_leaves_the_average_and_not_zero(model):
    ratings = noise_around_biases()
    result = fit(ratings, None, settings(model, weight_decay=1e6))
    spread = float(ratings.values.std())
    assert result.rmse_after == pytest.approx(spread, rel=1e-3)     # the mean for all


@pytest.mark.parametrize("optimizer, model", [("lbfgs", "dot+bias"), ("als", "dot+bias"), ("lbfgs", "bounded")])
def test_the_unit_of_the_ratings_makes_no_difference(optimizer, model):
    ratings = planted(noise=0.5)
    percent = replace(ratings, values=20 * ratings.values)
    ends = {"low": 0, "high": 6} if model == "bounded" else {}
    one, other = (fit(r, None, Settings(model=model, optimizer=optimizer, n_factors=2, weight_decay=0.1,
                                        **{end: unit * value for end, value in ends.items()}))
                  for r, unit in ((ratings, 1), (percent, 20)))
    assert other.rmse_after == pytest.approx(20 * one.rmse_after, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_where_factors_find_nothing_the_fit_is_as_good_as_biases_alone(seed):
    learnt, held = split_off(noise_around_biases(20, 20, seed), 0.3, seed=seed)
    found = fit(learnt, None, Settings(model="dot+bias", n_factors=5, weight_decay=None))
    assert rmse(found.factors, held) <= 1.02 * rmse(bias_only(learnt), held)
    assert found.decay.reason in found.notes and "hardly more than biases do" in found.decay.reason


def test_where_factors_explain_the_ratings_little_decay_is_chosen():
    ratings = planted(40, 30, noise=0.1, blanks=0.4)
    learnt, held = split_off(ratings, 0.1)
    chosen = choose_decay(learnt, settings("dot+bias"))
    found = fit(learnt, None, settings("dot+bias", weight_decay=None))
    assert found.settings.weight_decay == chosen.weight_decay < 0.25 * vanishing_decay(learnt)
    assert rmse(found.factors, held) < 0.75 * rmse(bias_only(learnt), held)


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_ratings():
    ratings = planted(noise=0.5)
    shuffled = ratings.take(np.random.default_rng(1).permutation(len(ratings)))
    one, same, other = (choose_decay(r, settings("dot+bias", seed=seed)) for r, seed in ((ratings, 0), (shuffled, 0), (ratings, 1)))
    assert one == same and one.rmse != other.rmse


def test_of_many_ratings_only_decays_near_the_best_are_tried(monkeypatch):
    ratings = planted(60, 40, noise=0.2, blanks=0.4)
    every = choose_decay(ratings, settings("dot+bias", n_factors=30))
    monkeypatch.setattr("solver.fitting.choose_decay.ENOUGH", 1)
    some = choose_decay(ratings, settings("dot+bias", n_factors=30))
    assert some.surely and len(some.tried) <= 6 < len(every.tried) and 0.5 < some.weight_decay / every.weight_decay < 2
    assert [decay for decay, _ in some.tried] == sorted(decay for decay, _ in some.tried)


def test_beyond_the_vanishing_decay_there_are_no_factors():
    ratings = noise_around_biases()
    most = vanishing_decay(ratings)
    for share, some in ((0.8, True), (1.1, False)):
        found = fit(ratings, None, Settings(model="dot+bias", n_factors=3, weight_decay=share * most)).factors
        assert (float((found.user @ found.item.T).abs().max()) > 0.01) == some


def test_factors_that_vanished_come_back_when_the_decay_is_lowered():
    ratings = planted(noise=0.5)
    vanished = fit(ratings, None, settings("dot+bias", weight_decay=50.0))
    again = fit(ratings, vanished.factors, settings("dot+bias", weight_decay=0.01))
    fresh = fit(ratings, None, settings("dot+bias", weight_decay=0.01))
    assert again.rmse_after == pytest.approx(fresh.rmse_after, rel=0.05) and again.rmse_after < 0.7 * vanished.rmse_after
    assert again.rmse_before == vanished.rmse_after and "had all but vanished" in again.notes[0]


def test_a_way_of_fitting_without_a_penalty_takes_what_it_takes():
    adamw = fit(planted(), None, settings(optimizer="adamw", weight_decay=None, epochs=5))
    assert adamw.settings.weight_decay == DECOUPLED_DECAY and f"{DECOUPLED_DECAY:g} was taken" in adamw.notes[0]
    gibbs = fit(planted(), None, settings("dot+bias", optimizer="gibbs", weight_decay=None, epochs=5))
    assert gibbs.decay is None and not gibbs.notes


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_fit_in_batches_pulls_to_the_average_too(optimizer):
    ratings = planted(noise=0.5)
    start = fit(ratings, None, settings("dot+bias", epochs=3)).factors
    found = fit(ratings, start, settings("dot+bias", optimizer=optimizer, batch_size=8, weight_decay=1.0, epochs=60))
    assert found.factors.offset == 0.0
    assert float(found.factors.raw_table().mean()) == pytest.approx(float(ratings.values.mean()), abs=0.25)


def test_where_factors_find_nothing_hardly_any_are_left_and_a_fit_can_go_on_from_them():
    ratings = noise_around_biases()
    found = fit(ratings, None, settings("dot+bias", weight_decay=None))
    assert found.settings.weight_decay == pytest.approx(HARDLY_ANY * vanishing_decay(ratings)) and not found.decay.surely
    again = fit(ratings, found.factors, settings("dot+bias", weight_decay=found.settings.weight_decay))
    assert not again.notes and again.rmse_after == pytest.approx(found.rmse_after, rel=1e-6)


def test_the_word_auto_leaves_the_decay_to_be_chosen_on_the_command_line_and_in_its_cell(tmp_path, capsys):
    path = tmp_path / "book.xlsx"
    build(planted(12, 9, noise=0.5), path, n_factors=2)
    with open_workbook(path) as book:
        sheet, where = area_named(book, setting_name("weight_decay"))
        assert book.grid(sheet).values[where.first] == "auto"
        book.save({sheet: {where.first: 0.05}})
    for words, chosen in (([], False), (["--weight-decay", "auto"], True), (["--weight-decay", "0.1"], False)):
        assert main(["fit", str(path), "-o", str(tmp_path / "fitted.xlsx"), "--overwrite", "--sheet", "bias", *words]) == 0
        assert ("chosen by cross-validation" in capsys.readouterr().out) == chosen
    assert main(["fit", str(path), "--in-place", "--weight-decay", "much"]) == 2
    assert "'much' is not a number of 0 or more, or auto" in capsys.readouterr().err


def test_too_few_ratings_are_a_sentence():
    with pytest.raises(UserError, match="too few to choose a weight decay by cross-validation. Give a number"):
        fit(Ratings.from_triples("ab", "xy", [3.0, 4.0]), None, Settings(weight_decay=None))


def test_a_new_workbook_leaves_the_decay_blank_and_a_fit_says_which_it_took(tmp_path):
    path = tmp_path / "book.xlsx"
    build(planted(12, 9, noise=0.5), path, n_factors=2)
    results = fit_workbook(path, out=path, sheets=["bias", "bounded"])
    for result in results.values():
        assert result.settings.weight_decay == result.decay.weight_decay > 0 and not [n for n in result.notes if "report" in n]
    again = fit_workbook(path, sheets=["bias"], options={"weight_decay": 0.05})["bias"]
    assert again.settings.weight_decay == 0.05 and again.decay is None
