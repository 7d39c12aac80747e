"""A model is never worse than its start, nor than biases alone, whatever the ratings are."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from made_ratings import kinds
from ratings_files import table

from pyxl.__main__ import main
from solver import CollabFilter, Settings, rmse, split_off
from solver.fitting import effort as efforts
from solver.fitting import guarded_fit
from solver.judging.baselines import bias_only, mean_only

KINDS = kinds()


@pytest.mark.parametrize("effort", efforts.EFFORTS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_model_ends_above_its_start_or_biases_alone(kind, effort):
    ratings = KINDS[kind]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = CollabFilter(8, effort=effort).fit(ratings)
    error = np.sqrt(np.mean((model.predict(ratings) - ratings.values) ** 2))
    assert error <= ratings.values.std() * (1 + 1e-9)
    assert error <= 1.01 * rmse(bias_only(ratings), ratings, clip=model.rating_range_)
    odd = [str(warning.message) for warning in told if "biases alone" in str(warning.message)]
    assert odd == [note for note in model.notes_ if "biases alone" in note] and len(odd) <= 1


@pytest.mark.parametrize("kind", ["noise", "Cauchy", "plays", "one busy user"])
def test_by_a_hold_out_it_is_never_worse_than_biases_alone(kind):
    learnt, held = split_off(KINDS[kind], 0.2, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CollabFilter(8, effort="quick").fit(learnt, holdout=held)
    assert model.result_.holdout_rmse <= (1 + efforts.NO_WORSE) * rmse(bias_only(learnt), held, clip=model.rating_range_)
    assert model.result_.holdout_rmse <= rmse(mean_only(learnt), held, clip=model.rating_range_) * (1 + 1e-9)


def test_a_rate_that_is_too_high_is_lowered_and_that_is_said():
    with pytest.warns(UserWarning, match="a slower one was taken: lr 0.75, weight decay"):
        model = CollabFilter(4, effort="quick", lr=3.0).fit(KINDS["stars"])
    assert model.settings_.lr == 0.75 and "a slower one was taken" in model.notes_[-1]


def test_biases_alone_are_a_model_like_any_other(tmp_path):
    ratings = KINDS["noise"]
    with pytest.warns(UserWarning, match="slower ones too: biases alone were kept"):
        model = CollabFilter(4, effort="quick", lr=1e9).fit(ratings)
    assert model.settings_.model == "dot+bias" and not model.factors_.user.any() and model.factors_.user.shape == (120, 4)
    expected = np.clip(bias_only(ratings).raw_table().numpy(), *model.rating_range_)
    np.testing.assert_allclose(model.predict_crosstab().to_numpy(), expected)
    assert len(model.recommend(0, 3)) == 3 and len(model.fold_in({0: 1.0}).recommend(3)) == 3
    assert model.explain(0, 0).factors == (0, 0, 0, 0)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(CollabFilter.load(tmp_path / "m").predict(ratings), model.predict(ratings))


def test_effort_good_leaves_factors_out_where_a_trial_shows_that_they_do_not_help():
    chosen = efforts.choose_settings("good", KINDS["lognormal"], n_factors=8)
    assert not chosen.factors_help and efforts.choose_settings("good", KINDS["stars"], n_factors=8).factors_help
    with pytest.warns(UserWarning, match="Factors do not predict held-out ratings better.*logarithms are often predicted better"):
        CollabFilter(8).fit(KINDS["lognormal"])


def test_what_the_user_stops_is_taken_as_it_is():
    settings = Settings(model="dot+bias", n_factors=2, optimizer="sgd", batch_size=1, lr=0.06, weight_decay=0.1, epochs=5)
    result, odd = guarded_fit.guarded_fit(KINDS["stars"], settings, on_epoch=lambda epoch: True)
    assert result.stopped and odd is None


def test_the_command_says_it_as_a_note(tmp_path, capsys):
    ratings = KINDS["plays"]
    rows = zip(ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist())
    (tmp_path / "r.csv").write_text(table(rows))
    assert main(["train", str(tmp_path / "r.csv"), "-o", str(tmp_path / "m"), "--json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == "" and told["holdout_rmse"] <= (1 + efforts.NO_WORSE) * told["baseline_rmse"]
    assert any("biases alone" in note or "slower" in note for note in told["notes"])


def test_a_fit_that_is_good_is_the_plain_fit():
    from solver import fit
    ratings = KINDS["stars"]
    settings = efforts.recipe("quick", ratings, n_factors=4)
    result, odd = guarded_fit.guarded_fit(ratings, settings)
    assert odd is None and (result.factors.user == fit(ratings, None, settings).factors.user).all()
    assert result.settings == replace(settings, dtype=result.settings.dtype)
