"""`cross-validate`, `search`, `learning-curve` and `lr-find`: what Python finds, on the command line; splits by time; halving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_ratings import kinds
from trained_model import asked, run

from solver import CollabFilter, UserError, cross_validate, learning_curve
from solver.collab.judged.settings_search import Between, search_settings
from solver.data.splits import folds

RATINGS = kinds()["stars"]
QUICK = {"n_factors": 3, "effort": "quick", "epochs": 3}


@pytest.fixture
def ratings_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"user": RATINGS.user_index, "item": RATINGS.item_index, "rating": RATINGS.values,
                  "timestamp": 978300000 + np.arange(len(RATINGS))}).to_csv("r.csv", index=False)


def test_by_time_each_part_is_learnt_from_those_before_it():
    timed = replace(RATINGS, times=np.random.default_rng(0).permutation(len(RATINGS)).astype(float))
    parts = list(folds(timed, 4, by="time"))
    assert len(parts) == 4 and all(learnt.times.max() < held.times.min() for learnt, held in parts)
    assert [len(held) for _, held in parts] == [600] * 4 and len(parts[-1][0]) == 2400
    for wrong, by, sentence in ((RATINGS, "time", "have no times"), (timed, "place", "A split by 'place' is not known")):
        with pytest.raises(UserError, match=sentence):
            list(folds(wrong, 4, by=by))


def test_cross_validate_says_what_python_finds(ratings_file, capsys):
    said = asked(capsys, "cross-validate", "r.csv", "--folds", 3, "--factors", 3, "--epochs", 3, "--metrics", "rmse,ndcg", "-o", "cv.csv")
    # the file has another order of users and items than they are counted by, so only the size of the error is the same
    expected = cross_validate(RATINGS, CollabFilter(**QUICK), folds=3, metrics=("rmse", "ndcg"))
    assert said["means"]["rmse"] == pytest.approx(expected.rmse, rel=0.05) and 0 < said["means"]["ndcg"] < 1
    assert len(pd.read_csv("cv.csv")) == 3
    code, out, _ = run(capsys, "cross-validate", "r.csv", "--folds", 3, "--factors", 3, "--epochs", 2, "--split", "time")
    assert code == 0 and "rmse: " in out and "biases alone" in out
    ones = asked(capsys, "cross-validate", "r.csv", "--folds", 2, "--factors", 3, "--epochs", 1, "--feedback", "implicit")
    assert list(ones["means"]) == ["ndcg"]
    for command in (("cross-validate", "r.csv"), ("search", "r.csv", "--try", "factors=2"), ("evaluate", "model")):
        for option in (("-n", 5), ("--liked", 3)):     # of lists, and none is judged
            code, _, err = run(capsys, *command, *option)
            assert code == 2 and err.startswith(f"{option[0]} says how lists are judged, and rmse"), err
    code, _, err = run(capsys, "cross-validate", "r.csv", "--metrics", "ndcg", "-n", 0)
    assert code == 2 and "-n is 0" in err
    code, _, err = run(capsys, "cross-validate", "r.csv", "--metrics", "ndgc")
    assert code == 2 and "The metric 'ndgc' is not known" in err


def test_search_finds_what_is_planted_and_says_how_to_train(ratings_file, capsys):
    code, out, _ = run(capsys, "search", "r.csv", "--try", "weight-decay=0.8,500", "--try", "factors=2,3", "--epochs", 4, "-o", "s.csv")
    frame = pd.read_csv("s.csv")
    assert code == 0 and len(frame) == 4 and frame.weight_decay[0] == 0.8 and frame.rmse.is_monotonic_increasing
    assert "Best: train with --weight-decay 0.8 --factors " in out
    drawn = asked(capsys, "search", "r.csv", "--try", "weight-decay=0.1:10", "--trials", 3, "--factors", 2, "--epochs", 1)
    assert len({row["weight_decay"] for row in drawn["results"]}) == 3
    for told, sentence in (("colour=red", "Give a setting and its values"), ("factors=few", "is a whole number"), ("factors", "Give a setting and its values")):
        code, _, err = run(capsys, "search", "r.csv", "--try", told)
        assert code == 2 and sentence in err, err


def test_halving_tries_all_on_a_part_and_the_best_on_everything():
    found = search_settings(RATINGS, CollabFilter(**QUICK), {"weight_decay": [0.5, 1, 2, 100, 300, 900]}, trials=6, folds=2, halving=True)
    sizes = found.results.ratings.tolist()
    assert found.best["weight_decay"] <= 2 and len(sizes) == 6 and sizes[0] == len(RATINGS) > min(sizes) and sizes.count(len(RATINGS)) == 2
    low, high = Between(1, 64), Between(0.01, 10.0)
    rng = np.random.default_rng(0)
    assert all(isinstance(low.draw(rng), int) and 0.01 <= high.draw(rng) <= 10 for _ in range(50))
    with pytest.raises(UserError, match="There is no setting 'colour' to search"):
        search_settings(RATINGS, CollabFilter(), {"colour": [1]})
    with pytest.raises(UserError, match="There is nothing to search"):
        search_settings(RATINGS, CollabFilter(), {})


def test_lr_find_suggests_a_rate_draws_and_writes_a_sheet(ratings_file, capsys, tmp_path, office):
    said = asked(capsys, "lr-find", "r.csv", "--factors", 3, "--plot", "lr.png", "-o", "lr.xlsx")
    smoothed = f"D10:D{9 + len(said['losses'])}"
    sheet = office.recalculate(tmp_path / "lr.xlsx", {"lr": [smoothed, "B6", "B8"]})["lr"]
    assert [row[0] for row in sheet[smoothed]] == pytest.approx(said["losses"], rel=1e-9)
    assert sheet["B6"] == [[pytest.approx(said["at_least"], rel=1e-9)]] and sheet["B8"] == [[pytest.approx(said["suggestion"], rel=1e-9)]]
    code, _, err = run(capsys, "lr-find", "r.csv", "-o", "lr.xlsx")
    assert code == 2 and "lr.xlsx" in err
    assert 1e-4 < said["suggestion"] < 10 and (tmp_path / "lr.png").stat().st_size > 5_000
    code, _, err = run(capsys, "lr-find", "r.csv", "--lr", 0.1)
    assert code == 2 and "Leave out --lr." in err


def test_a_learning_curve_falls_where_it_can_be_learnt(ratings_file, capsys, tmp_path):
    told = []
    found = learning_curve(RATINGS, CollabFilter(**QUICK), shares=(1, 0.2, 0.5), on_share=lambda *one: told.append(one)).results
    assert found.share.tolist() == [0.2, 0.5, 1.0] and found.ratings.tolist() == [400, 1000, 2000]
    assert found.held_out.is_monotonic_decreasing and found.held_out.iloc[-1] < found.bias_only.iloc[0]
    assert (found.training < found.held_out).all() and told == list(zip(found.share, found.held_out))
    # a share of 1 is cross-validation, but for the range that predictions are clipped to
    assert found.held_out.iloc[-1] == pytest.approx(cross_validate(RATINGS, CollabFilter(**QUICK), folds=3).rmse, rel=1e-6)
    said = asked(capsys, "learning-curve", "r.csv", "--factors", 3, "--epochs", 3, "--shares", "0.3,1", "--plot", "c.png", "-o", "c.csv")
    assert [row["ratings"] for row in said["shares"]] == [600, 2000] and "more ratings would help further" in said["reason"]
    assert len(pd.read_csv("c.csv")) == 2 and (tmp_path / "c.png").stat().st_size > 5_000


@pytest.mark.parametrize("told, sentence", [(("--shares", "0.5,2"), "Give shares above 0 and up to 1"), (("--shares", "half"), "Give shares above 0"),
                                            (("--shares", "0.001"), "fewer than 10"), (("--folds", "1"), "1 folds of 3000 ratings make no sense"),
                                            (("--plot", "c.txt"), "cannot be drawn")])
def test_a_learning_curve_of_no_shares_is_refused(ratings_file, capsys, told, sentence):
    code, _, err = run(capsys, "learning-curve", "r.csv", *told)
    assert code == 2 and sentence in err, err


def test_noise_has_no_learning_curve_and_pairs_have_none(ratings_file):
    noise = replace(RATINGS, values=np.random.default_rng(0).integers(1, 6, len(RATINGS)).astype(float))
    assert "changed by no more than chance does" in learning_curve(noise, CollabFilter(2, effort="quick", epochs=2), shares=(0.9, 1)).reason
    with pytest.raises(UserError, match="ratings of implicit feedback are all 1"):
        learning_curve(RATINGS, CollabFilter(feedback="implicit"))
