"""Learning on: a model that gets its ratings in parts is as good as one that gets them at once, and forgets nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_ratings import kinds
from trained_model import asked, run

from solver import CollabFilter, Ratings, read_ratings, split_off
from solver.collab.arrivals.going_on import beside


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return kinds()["stars"]


def test_films_in_ten_parts_are_predicted_as_well_as_at_once(shared):
    everything, _ = read_ratings(shared / "data" / "ml-latest-small" / "ratings.csv")
    learnt, held = split_off(everything, 0.1, seed=0)
    at_once, model = CollabFilter(effort="quick").fit(learnt), CollabFilter(effort="quick")
    for part in np.array_split(np.random.default_rng(0).permutation(len(learnt)), 10):
        model.partial_fit(learnt.take(part))
    with pytest.warns(UserWarning, match="No rating was learnt from"):
        assert model.n_ratings_ == len(learnt) and model.score(held) > at_once.score(held) - 0.002


def test_a_few_more_ratings_take_few_epochs_from_where_it_is(ratings, tmp_path):
    learnt, held = split_off(ratings, 0.1, seed=0)
    most, few = split_off(learnt, 0.04, seed=1)
    model = CollabFilter(8, effort="quick").fit(most)
    before = model.result_.factors
    model.save(tmp_path / "m")
    model.partial_fit(few)
    assert model.settings_.epochs < 10 and model.n_ratings_ == len(learnt)
    after = model.result_.factors
    assert np.corrcoef(before.item.numpy().ravel(), after.item.numpy().ravel())[0, 1] > 0.8        # no other draw
    assert model.score(held) > CollabFilter(8, effort="quick").fit(learnt).score(held) - 0.03    # as far as seeds lie apart here
    again = CollabFilter.load(tmp_path / "m").partial_fit(few)
    np.testing.assert_allclose(again.predict(held), model.predict(held), atol=1e-6)


@pytest.mark.parametrize("options", [{"effort": "quick"}, {"model": "dot", "optimizer": "als"}, {"effort": "best"}, {"model": "bounded"},
                                     {"feedback": "implicit"}, {"model": "net", "epochs": 1}])
def test_new_users_and_items_are_learnt_and_a_pair_rated_again_counts_as_last(ratings, options):
    model = CollabFilter(**({"n_factors": 3} if options.get("model") != "net" else {}), **options, holdout=0.2)
    model.partial_fit(ratings)
    held = {(u, i) for u, i in zip(model.holdout_ratings_.user_index, model.holdout_ratings_.item_index)}
    pair = ratings.users[ratings.user_index[0]], ratings.items[ratings.item_index[0]]
    more = pd.DataFrame([(*pair, 1.0), ("new", ratings.items[0], 1.0), ("new", "newer", 1.0), (ratings.users[0], "newer", 1.0)],
                        columns=["user", "item", "rating"])
    users = model.users_
    model.partial_fit(more)
    assert model.users_ == (*users, "new") and model.items_[-1] == "newer"
    kept = {(u, i) for u, i in zip(model.holdout_ratings_.user_index, model.holdout_ratings_.item_index)}
    assert len(kept & held) >= len(held) - 1        # what was held out stays so
    every = model.ratings_
    own = (every.user_index == users.index(pair[0])) & (every.item_index == model.items_.index(pair[1]))
    assert every.values[own].tolist() == [1.0] and len(every) == len(ratings) + 3
    assert len(model.recommend("new", 3)) == 3


def test_both_are_put_together(ratings):
    first = Ratings((1, 2), ("a", "b"), np.array([0, 1]), np.array([0, 1]), np.array([3.0, 4.0]))
    second = Ratings((2, 3), ("b", "c"), np.array([0, 1]), np.array([0, 1]), np.array([5.0, 1.0]))
    both, held = beside(first, np.array([True, True]), second, np.array([False, True]))
    assert (both.users, both.items) == ((1, 2, 3), ("a", "b", "c"))
    assert list(zip(both.user_index.tolist(), both.item_index.tolist(), both.values.tolist(), held.tolist())) == [
        (0, 0, 3.0, True), (1, 1, 5.0, False), (2, 2, 1.0, True)]


def test_train_learns_on(ratings, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"user": np.array(ratings.users)[ratings.user_index], "item": np.array(ratings.items)[ratings.item_index],
                          "rating": ratings.values.round(2)})
    frame[:-50].to_csv("r.csv", index=False)
    frame[-50:].to_csv("more.csv", index=False)
    asked(capsys, "train", "r.csv", "-o", "m", "--factors", 3, "--effort", "quick")
    said = asked(capsys, "train", "more.csv", "--learn-on", "m", "-o", "m", "--overwrite")
    model = CollabFilter.load("m")
    assert len(model.ratings_) == len(frame) and said["holdout_rmse"] and model.n_factors == 3
    code, _, err = run(capsys, "train", "more.csv", "--learn-on", "m", "-o", "n", "--factors", 9)
    assert code == 2 and "--learn-on goes on with the settings of the model. Leave out --factors" in err
