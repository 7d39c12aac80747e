"""The commands that ask a trained model: what they print is what the model says, or one sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from trained_model import ITEMS, QUICK, RATINGS, asked, lines, run, trained  # noqa: F401  (a fixture)

from solver import CollabFilter

COMMANDS = ("train", "recommend", "similar", "evaluate", "explain", "fold-in", "export")


def test_recommend_is_what_the_model_recommends(trained, capsys):
    model = CollabFilter.load(trained / "model")
    said = asked(capsys, "recommend", trained / "model", "--user", 14, "-n", 4, "--titles", trained / "movies.csv")
    best = model.recommend(14, 4)
    assert [row["item"] for row in said["items"]] == best["item"].tolist()
    assert [row["prediction"] for row in said["items"]] == best["prediction"].tolist()
    assert all(row["title"] == f"Film {row['item']}" for row in said["items"]) and said["user"] == 14
    code, out, _ = run(capsys, "recommend", trained / "model", "--user", "14", "-n", 4, "--titles", trained / "movies.csv")
    assert code == 0 and [line.split()[0] for line in out.splitlines()[2:]] == [str(item) for item in best["item"]]
    assert f"Film {best['item'][0]}" in out
    seen = {int(line.split(",")[1]) for line in lines() if line.startswith("14,")}
    every = [row["item"] for row in asked(capsys, "recommend", trained / "model", "--user", 14, "-n", 99)["items"]]
    assert set(every) == set(range(101, 101 + ITEMS)) - seen
    assert len(asked(capsys, "recommend", trained / "model", "--user", 14, "-n", 99, "--seen")["items"]) == ITEMS


def test_similar_items_and_users(trained, capsys):
    model = CollabFilter.load(trained / "model")
    said = asked(capsys, "similar", trained / "model", "--item", "105", "-n", 3)
    assert [row["item"] for row in said["items"]] == model.similar_items(105, 3)["item"].tolist() and said["item"] == 105
    said = asked(capsys, "similar", trained / "model", "--user", "7", "-n", 3)
    assert [row["user"] for row in said["users"]] == model.similar_users(7, 3)["user"].tolist()
    known = asked(capsys, "similar", trained / "model", "--item", "105", "-n", 99, "--min-ratings", 27)["items"]
    assert {row["item"] for row in known} == {i for i, n in zip(model.items_, model.item_counts_) if n >= 27 and i != 105}
    assert 0 < len(known) < ITEMS - 1
    code, _, err = run(capsys, "similar", trained / "model", "--item", "105", "--min-ratings", "-2")
    assert code == 2 and "min_ratings is -2. Give a whole number" in err
    code, _, err = run(capsys, "similar", trained / "model")
    assert code == 2 and "--item" in err and "--user" in err


def test_evaluate_measures_what_the_model_knows_and_counts_the_rest(trained, tmp_path, capsys):
    model = CollabFilter.load(trained / "model")
    one, two = (next(item for item in model.items_ if not model.was_learnt([(user, item)])[0]) for user in (1, 2))
    (tmp_path / "t.csv").write_text(f"user,item,rating\n1,{one},4\n2,{two},2\n1,999,5\n777,101,1\n777,999,3\n")
    said = asked(capsys, "evaluate", trained / "model", tmp_path / "t.csv")
    errors = model.predict([(1, one), (2, two)]) - [4, 2]
    assert said["rmse"] == pytest.approx(np.sqrt(np.mean(errors ** 2)), abs=1e-12)
    assert said["mae"] == pytest.approx(np.abs(errors).mean(), abs=1e-12)
    assert (said["ratings"], said["known"], said["unknown_users"], said["unknown_items"]) == (5, 2, 2, 2)
    mean = model.learnt_ratings_.values.mean()
    assert said["mean_rmse"] == pytest.approx(np.sqrt(np.mean((mean - np.array([4, 2])) ** 2)), abs=1e-9)
    assert said["biases_rmse"] != said["mean_rmse"]
    code, out, _ = run(capsys, "evaluate", trained / "model", tmp_path / "t.csv")
    assert code == 0 and f"{said['rmse']:.4f}" in out and "Over 2 of 5 ratings" in out
    lists = asked(capsys, "evaluate", trained / "model", tmp_path / "t.csv", "--metrics", "ndcg,rmse,coverage", "-n", 3, "--liked", 3)
    assert lists["rmse"] == said["rmse"] and 0 <= lists["ndcg"] <= 1 and 0 < lists["coverage"] <= 1 and "mae" not in lists
    code, out, _ = run(capsys, "evaluate", trained / "model", tmp_path / "t.csv", "--metrics", "ndcg")
    assert code == 0 and "NDCG" in out and "biases" not in out
    code, _, err = run(capsys, "evaluate", trained / "model", tmp_path / "t.csv", "--metrics", "ndcg,cake")
    assert code == 2 and err.startswith("The metric 'cake' is not known. Choose some of: rmse, mae, precision, ")
    (tmp_path / "t.csv").write_text("user,item,rating\nx,101,4\ny,102,2\n")
    code, _, err = run(capsys, "evaluate", trained / "model", tmp_path / "t.csv")
    assert code == 2 and "no rating is of a user and an item that the model knows" in err

def test_evaluate_judges_by_what_was_held_out_and_leaves_out_what_was_learnt(trained, capsys):
    model = CollabFilter.load(trained / "model")
    held, learnt = model.holdout_ratings_, model.learnt_ratings_
    assert len(held) + len(learnt) == len(model.ratings_) and len(learnt) == model.n_ratings_ and len(held) > 10
    assert model.was_learnt(learnt).all() and not model.was_learnt(held).any() and not model.was_learnt([(777, 101)])[0]
    said = asked(capsys, "evaluate", trained / "model")
    assert said["rmse"] == pytest.approx(model.result_.holdout_rmse) == pytest.approx(model.evaluate()["rmse"])
    assert said["known"] == len(held) and said["rmse"] != said["biases_rmse"]
    same = asked(capsys, "evaluate", trained / "model", trained / "ratings.csv")     # the table that it was trained on
    assert same["rmse"] == pytest.approx(said["rmse"]) and f"has learnt from {len(learnt)} of these ratings" in same["notes"][-1]
    with pytest.warns(UserWarning, match="learnt from all of these ratings: this tells how well it remembers"):
        model.evaluate(learnt)
    with pytest.warns(UserWarning, match=f"The model has learnt from {len(learnt)} of {len(model.ratings_)} pairs; they are left out"):
        assert model.evaluate(model.ratings_)["rmse"] == pytest.approx(said["rmse"])
    every = CollabFilter(2, effort="quick").fit(model.ratings_)
    with pytest.raises(ValueError, match="has learnt from all ratings that it was given. Fit with holdout"):
        every.evaluate()



def test_explain_adds_up(trained, capsys):
    said = asked(capsys, "explain", trained / "model", "--user", 3, "--item", 110)
    assert said["offset"] + said["user_bias"] + said["item_bias"] + sum(said["factors"]) == pytest.approx(said["raw"], abs=1e-12)
    assert said["prediction"] == pytest.approx(CollabFilter.load(trained / "model").predict([(3, 110)])[0], abs=1e-9)
    code, out, _ = run(capsys, "explain", trained / "model", "--user", 3, "--item", 110, "--titles", trained / "movies.csv")
    assert code == 0 and "Film 110" in out and f"{said['user_bias']:.4f}" in out and f"{said['prediction']:.4f}" in out


def test_fold_in_recommends_to_a_newcomer(trained, tmp_path, capsys):
    model = CollabFilter.load(trained / "model")
    (tmp_path / "mine.csv").write_text("movieId,rating\n101,5\n102,1\n103,4.5\n")
    said = asked(capsys, "fold-in", trained / "model", tmp_path / "mine.csv", "-n", 5)
    newcomer = model.fold_in({101: 5, 102: 1, 103: 4.5})
    assert [row["item"] for row in said["items"]] == newcomer.recommend(5)["item"].tolist()
    assert said["factors"] == newcomer.factors.tolist() and said["ratings"] == 3
    (tmp_path / "film.csv").write_text("user;rating\n1;5\n2;4,5\n99;3\n")
    said = asked(capsys, "fold-in", trained / "model", tmp_path / "film.csv", "-n", 5, "--new-item")
    assert [row["user"] for row in said["users"]] == model.fold_in({1: 5, 2: 4.5}, side="item").recommend(5)["user"].tolist()
    assert any("does not know 1 of the 3 users, such as 99" in note for note in said["notes"])


@pytest.mark.parametrize("content, sentence", [
    ("item,rating\n101,good\n", "m.csv, line 2: the rating is 'good', not a number."),
    ("item,rating\n101,4\n101,5\n", "m.csv, lines 2 and 3 both rate the item 101;"),
    ("item,rating\n,4\n", "m.csv, line 2 names no item."), ("item,rating\n", "m.csv holds no rating."),
    ("item,rating\n5,4\n6,4\n", "the model knows none of the 2 items, such as 5."), ("", "m.csv is empty."),
    ("101\n102\n", "m.csv has 1 column")])
def test_a_newcomers_table_that_is_none_is_one_sentence(trained, tmp_path, capsys, content, sentence):
    (tmp_path / "m.csv").write_text(content)
    code, out, err = run(capsys, "fold-in", trained / "model", tmp_path / "m.csv")
    assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1


@pytest.mark.parametrize("argv, sentence", [
    (("recommend", "MODEL", "--user", 777), "There is no user 777."), (("recommend", "MODEL", "--user", "Bob"), "There is no user 'Bob'."),
    (("recommend", "MODEL", "--user", 1, "-n", 0), "-n is 0."), (("similar", "MODEL", "--item", 1), "There is no item 1."),
    (("explain", "MODEL", "--user", 1, "--item", 1), "There is no item 1."),
    (("recommend", "nosuch", "--user", 1), "nosuch"), (("evaluate", "nosuch", "t.csv"), "nosuch"),
    (("evaluate", "MODEL", "nosuch.csv"), "There is no file 'nosuch.csv'."),
    (("recommend", "MODEL", "--user", 1, "--titles", "nosuch.csv"), "There is no file 'nosuch.csv'."),
    (("recommend", "MODEL"), "--user")])
def test_what_cannot_be_answered_is_one_sentence(trained, capsys, argv, sentence):
    argv = [trained / "model" if a == "MODEL" else a for a in argv]
    code, out, err = run(capsys, *argv)
    assert code == 2 and sentence in err and err.count("\n") == 1 and "Traceback" not in err
    code, out, _ = run(capsys, *argv, "--json")
    assert code == 2 and sentence in json.loads(out)["error"]


@pytest.mark.parametrize("given, label", [("A007", "A007"), ("a007", "A007"), ("Bob", "Bob"), ("14", "14"), ("014", "14")])
def test_labels_that_are_texts_stay_texts(tmp_path, capsys, given, label):
    (tmp_path / "r.csv").write_text(RATINGS.replace("\n1,", "\nA007,").replace("\n2,", "\nBob,"))
    assert asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", *QUICK)["users"] == 40
    assert asked(capsys, "recommend", tmp_path / "m", "--user", given)["user"] == label


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_needs_no_torch(command):
    code = f"import sys; from pyxl.__main__ import main\ntry: main(['{command}', '--help'])\nexcept SystemExit as left: " \
           "sys.exit('torch' in sys.modules or left.code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and f"Example:\n  collabsheet {command} " in done.stdout
