"""Answers for many users at once are those for each of them, in their order; the commands write them as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_ratings import kinds
from trained_model import asked, run, trained  # noqa: F401  (fixture)

from solver import CollabFilter, NotFittedError, UserError, cross_validate
from solver.collab.answers import bulk

RATINGS = kinds()["stars"]


@pytest.fixture(scope="module", params=["quick", "best", "bounded"])
def model(request):
    chosen = {"model": "bounded"} if request.param == "bounded" else {"effort": request.param}
    return CollabFilter(4, **{"effort": "quick"} | chosen).fit(RATINGS)


def one_by_one(model, users, n, **options):
    parts = [model.recommend(user, n, **options).assign(user=user) for user in users]
    return pd.concat(parts, ignore_index=True)[["user", "item", "prediction"]]


@pytest.mark.parametrize("options", [{}, {"exclude_seen": False}, {"items": [3, 5, 70, 8, 9, 10]}, {"exclude": [0, 1, 2], "items": range(9)},
                                     {"items": []}])
@pytest.mark.parametrize("at_once", [1, 300, 8_000_000])
def test_many_are_answered_as_each_is_alone(model, options, at_once, monkeypatch):
    monkeypatch.setattr(bulk, "_AT_ONCE", at_once)
    users = [7, 3, 100, 3]
    pd.testing.assert_frame_equal(model.recommend(users, 5, **options), one_by_one(model, users, 5, **options), check_dtype=False)


def test_all_users_and_more_items_than_there_are(model):
    found = model.recommend(n=200)
    assert found.user.nunique() == 120 and len(found) == 120 * 80 - len(RATINGS)
    assert (found.groupby("user").prediction.diff().dropna() <= 1e-9).all() or model.settings_.bounds
    assert len(model.recommend(np.array([1, 2]), 3)) == 6 and len(model.recommend([], 3)) == 0


def test_equal_scores_keep_the_order_of_the_items():
    model = CollabFilter(2, effort="quick").fit(RATINGS)
    model._draws[0].factors.item[:] = model._draws[0].factors.item[0].clone()
    model._draws[0].factors.item_bias[:] = 0
    found = model.recommend(list(range(5)), 4, exclude_seen=False)
    assert found.item.tolist() == [0, 1, 2, 3] * 5


@pytest.mark.parametrize("options, sentence", [({"users": [1, 999]}, "There is no user 999."), ({"users": 1, "items": [999]}, "There is no item 999."),
                                               ({"users": 1, "exclude": [999]}, "There is no item 999."), ({"n": -1}, "n is -1.")])
def test_what_is_not_known_is_named(model, options, sentence):
    with pytest.raises(UserError, match=sentence):
        model.recommend(**options)


# What an estimator is expected to do

def test_errors_are_of_the_kinds_that_callers_catch():
    with pytest.raises(NotFittedError, match="has learnt nothing yet"):
        CollabFilter().recommend()
    assert issubclass(UserError, ValueError) and issubclass(NotFittedError, AttributeError)


def test_a_rating_beyond_the_scale_is_refused_where_a_newcomer_is_folded_in(model):
    with pytest.raises(UserError, match=r"The rating of 1 is 50, and the model knows ratings from 1 to 5. Give it on that scale"):
        model.fold_in({1: 50})


def test_a_generator_is_a_random_state_and_a_result_is_shown_in_a_line():
    first, second = (CollabFilter(2, effort="quick", random_state=np.random.default_rng(5)).fit(RATINGS) for _ in range(2))
    assert (first.factors_.user == second.factors_.user).all()
    assert "tensor" not in repr(first.result_) and len(repr(first.result_)) < 2000


def test_a_frame_is_cross_validated():
    frame = pd.DataFrame({"user": RATINGS.user_index, "item": RATINGS.item_index, "rating": RATINGS.values})
    assert cross_validate(frame, folds=2).rmse == pytest.approx(cross_validate(RATINGS, folds=2).rmse, rel=0.05)


# The commands

def test_recommend_to_several_users_and_to_all(trained, tmp_path, capsys):
    model = CollabFilter.load(trained / "model")
    said = asked(capsys, "recommend", trained / "model", "--user", 14, "--user", 3, "-n", 2)
    assert [(row["user"], row["item"]) for row in said["items"]] == list(model.recommend([14, 3], 2)[["user", "item"]].itertuples(index=False, name=None))
    (tmp_path / "users.txt").write_text("userId\n3\n014\n")
    said = asked(capsys, "recommend", trained / "model", "--users", tmp_path / "users.txt", "-n", 2, "-o", tmp_path / "r.csv")
    assert (said["users"], said["recommendations"]) == (2, 4)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "r.csv"), model.recommend([3, 14], 2), check_dtype=False)
    asked(capsys, "recommend", trained / "model", "--all", "-n", 3, "-o", tmp_path / "r.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "r.parquet"), model.recommend(n=3), check_dtype=False)
    asked(capsys, "recommend", trained / "model", "--user", 14, "-o", tmp_path / "one.csv")
    assert pd.read_csv(tmp_path / "one.csv").user.unique().tolist() == [14]


def test_candidates_come_from_files(trained, tmp_path, capsys):
    model = CollabFilter.load(trained / "model")
    best = model.recommend(14, 4).item.tolist()
    (tmp_path / "some.txt").write_text("\n".join(map(str, best[1:])))
    (tmp_path / "none.txt").write_text(f"{best[2]}\n")
    said = asked(capsys, "recommend", trained / "model", "--user", 14, "--items", tmp_path / "some.txt", "--exclude", tmp_path / "none.txt")
    assert [row["item"] for row in said["items"]] == [best[1], best[3]]


@pytest.mark.parametrize("words, sentence", [
    (("recommend", "MODEL", "--user", 777), "To somebody new, fold-in recommends from a few ratings."),
    (("recommend", "MODEL", "--users", "odd.txt"), "odd.txt: there is no user 777 in the model."),
    (("recommend", "MODEL", "--all", "-o", "r.docx"), "r.docx: a table is written as .csv or .parquet."),
    (("recommend", "MODEL", "--all", "-o", "odd.csv"), "odd.csv"), (("recommend", "MODEL", "--all", "--user", 1), "not allowed with"),
    (("predict", "MODEL", "odd.txt"), "odd.txt"),
])
def test_what_cannot_be_answered_is_refused_before_anything_is_written(trained, tmp_path, capsys, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    for name in ("odd.txt", "odd.csv"):
        (tmp_path / name).write_text("777\n")
    code, out, err = run(capsys, *(trained / "model" if word == "MODEL" else word for word in words))
    assert code == 2 and out == "" and sentence in err and err.count("\n") == 1


def test_predict_answers_pair_by_pair(trained, tmp_path, capsys):
    model = CollabFilter.load(trained / "model")
    users, items = model.users_[:3], model.items_[3:6]
    (tmp_path / "pairs.csv").write_text("user,item\n" + "".join(f"{u},{i}\n" for u, i in zip(users, items)) + f"99999,{items[0]}\n")
    said = asked(capsys, "predict", trained / "model", tmp_path / "pairs.csv", "-o", tmp_path / "p.csv")
    found = pd.read_csv(tmp_path / "p.csv")
    assert found.user.tolist() == [*users, 99999] and found.item.tolist() == [*items, items[0]]
    np.testing.assert_allclose(found.prediction[:3], model.predict(list(zip(users, items))))
    assert "does not know 1 user, such as 99999" in said["notes"][-1]
    assert asked(capsys, "predict", trained / "model", tmp_path / "pairs.csv")["predictions"][0]["user"] == users[0]
