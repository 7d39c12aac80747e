"""Whom a model serves: each number against one worked out by hand, and the command."""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted
from trained_model import asked, run

from solver import CollabFilter, UserError
from solver.collab.judged.bias_report import bias_report
from solver.judging import who_is_served as served


def test_fifths_and_shares_by_hand():
    counts = np.array([5, 0, 1, 9, 3, 2])
    assert served.fifth_of_each(counts).tolist() == [3, -1, 0, 4, 2, 1]
    assert served.share_of_most_active(counts, 0.2) == pytest.approx(9 / 20)
    assert served.rmse_by_fifth(np.array([1.0, 7.0, 2.0]), np.array([0, 0, 3])) == [5.0, None, None, 2.0, None]
    assert served.exposure(np.array([3, 0, 3, 4]), served.fifth_of_each(counts)) == [0, 0, 0.25, 0.25, 0.5]
    usual = served.mean_popularity(np.array([0, 0, 1]), np.array([0, 2, 4]), counts, 3)
    assert usual.tolist() == [3, 3, 0]
    assert served.popularity_lift(np.array([3, 0, 3, 4]), usual[:2], counts) == pytest.approx(6.5 / 3 - 1)
    assert served.share_found(np.array([[1, 0]]), np.array([[True, False, True]])) == 0.5


def test_a_discount_takes_popular_items_back():
    scores, counts = np.array([[4.0, 3.9, 1.0]]), np.array([999, 9, 0])
    assert served.best(scores, 1).tolist() == [[0]]
    assert served.best(served.discounted(scores, counts, 0.1), 1).tolist() == [[1]]
    np.testing.assert_allclose(served.discounted(scores, counts, 0.1), [[3.7, 3.8, 1.0]])


def test_a_calibrated_list_is_as_mixed_as_the_user_is_used_to():
    """Of ten good comedies and ten dramas that are a little worse, a user of both halves gets five of each; by predictions comedies only."""
    scores = np.array([[4 - 0.01 * n for n in range(20)]] * 2)
    columns = np.repeat([[1.0, 0.0], [0.0, 1.0]], 10, axis=0)
    shares = np.array([[0.5, 0.5], [1.0, 0.0]])
    half, one = served.calibrated(scores, columns, shares, 10, 0.9)
    assert (half >= 10).sum() == 5 and (one >= 10).sum() == 0
    assert served.calibrated(scores, columns, shares, 10, 0.0).tolist() == served.best(scores, 10).tolist()
    assert len(set(half.tolist())) == 10


@pytest.fixture(scope="module")
def model() -> CollabFilter:
    return CollabFilter(2, effort="quick", holdout=0.2).fit(planted(60, 50, blanks=0.5))


def test_the_report_is_seeded_and_holds_together(model):
    one, again = (bias_report(model, n=5, rounds=3, seed=1) for _ in range(2))
    assert one == again and len(one["loop"]) == 3
    assert [r["ratings"] for r in one["loop"]] == [len(model.learnt_ratings_) + 60 * n for n in range(3)]
    for part in (*one["lists"], *one["loop"]):
        assert sum(part["exposure"]) == pytest.approx(1) and 0 < part["items_shown"] <= 1
    plain, discounted = one["lists"][0], one["lists"][-1]
    assert plain["mean_prediction"] >= discounted["mean_prediction"] and plain["lift"] > discounted["lift"]
    assert one["loop"][0]["exposure"] != one["loop"][2]["exposure"]
    with pytest.raises(UserError, match="has 50 items, and 50 are to be recommended"):
        bias_report(model, n=50)


def test_groups_by_a_column_of_users_or_items(model):
    """Everybody in one group: all ratings, the RMSE and the lift of all; and half of the items."""
    half = np.arange(50)[:, None] < 25
    report = bias_report(model, n=5, rounds=0, groups={"user": (np.ones((60, 1)), ["all"]), "item": (np.hstack([half, ~half]) - 0.0, ["a", "b"])})
    every, a, b = report["groups"]
    held, errors = model.holdout_ratings_, model.holdout_ratings_.values - model.predict(model.holdout_ratings_)
    assert (every["members"], every["ratings"], every["lift"]) == (60, 1.0, report["lists"][0]["lift"])
    assert every["rmse"] == pytest.approx(np.sqrt(np.mean(errors ** 2)))
    assert a["ratings"] + b["ratings"] == pytest.approx(1) and a["recommended"] + b["recommended"] == pytest.approx(1)
    assert a["rmse"] == pytest.approx(np.sqrt(np.mean(errors[half[held.item_index, 0]] ** 2)))


def test_who_has_rated_nearly_all_is_recommended_what_is_left():
    dense = planted(15, 12, blanks=0.1)
    report = bias_report(CollabFilter(2, effort="quick").fit(dense), n=5, rounds=20, item_columns=np.eye(12)[:, :3])
    assert report["judged_by"] == "the ratings learnt from" and 0 < len(report["loop"]) < 20
    for part in (*report["lists"], *report["loop"]):
        assert sum(part["exposure"]) == pytest.approx(1)
    assert all(one["recall"] is None and one["mean_prediction"] > dense.values.min() for one in report["lists"])
    with pytest.raises(UserError, match="nothing is left to recommend"):
        bias_report(CollabFilter(2, effort="quick").fit(planted(15, 12, blanks=0.0)), n=5)


def test_the_command(model, tmp_path, capsys):
    model.save(tmp_path / "m")
    (tmp_path / "genres.csv").write_text("item,genres\n" + "".join(f"{item},{'Comedy' if n % 2 else 'Drama|Comedy'}\n" for n, item in enumerate(model.items_)))
    told = asked(capsys, "bias", tmp_path / "m", "-n", 5, "--rounds", 2, "--genres", tmp_path / "genres.csv")
    assert [one["order"] for one in told["lists"]][-1] == "calibrated to the user's genres" and len(told["loop"]) == 2
    assert [(one["side"], one["name"]) for one in told["groups"]] == [("item", "Comedy"), ("item", "Drama")]
    (tmp_path / "users.csv").write_text("user,age,sex\n" + "".join(f"{user},{20 + n},{'fm'[n % 2]}\n" for n, user in enumerate(model.users_)))
    code, out, _ = run(capsys, "bias", tmp_path / "m", "-n", 5, "--rounds", 1, "--user-columns", tmp_path / "users.csv")
    assert "users: age above the mean" in out and "users: sex=f" in out
    assert code == 0 and "most active tenth" in out and "popularity lift" in out
    code, _, err = run(capsys, "bias", tmp_path / "m", "-n", 0)
    assert code == 2 and "-n is 0" in err
