"""Ratings: triples and crosstabs are two faces of the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Ratings, UserError

TRIPLES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 5),
                             st.floats(-9, 9, allow_nan=False)), min_size=1, max_size=30)


def test_labels_are_numbered_as_they_appear():
    ratings = Ratings.from_triples(["eve", "ann", "eve"], [30, 10, 10], [4, 3, 5])
    assert (ratings.users, ratings.items) == (("eve", "ann"), (30, 10))
    assert ratings.user_index.tolist() == [0, 1, 0]
    assert ratings.item_index.tolist() == [0, 1, 1]
    assert ratings.values.dtype == np.float64
    assert (len(ratings), ratings.n_users, ratings.n_items) == (3, 2, 2)


def test_14_and_text_14_are_two_labels():
    ratings = Ratings.from_triples([14, "14"], ["x", "x"], [1, 2])
    assert ratings.users == (14, "14")


def test_a_crosstab_is_nan_where_nobody_rated():
    table = Ratings.from_triples(["a", "b"], ["x", "y"], [1, 2]).crosstab()
    np.testing.assert_array_equal(table, [[1, np.nan], [np.nan, 2]])


def test_of_a_pair_rated_twice_the_crosstab_shows_the_last():
    assert Ratings.from_triples(list("aa"), list("xx"), [1, 5]).crosstab().tolist() == [[5]]


@settings(max_examples=50, deadline=None)
@given(TRIPLES)
def test_a_crosstab_and_back_keeps_every_last_rating(triples):
    ratings = Ratings.from_triples(*zip(*triples))
    again = Ratings.from_crosstab(ratings.crosstab(), ratings.users, ratings.items)
    last = {(user, item): value for user, item, value in triples}
    assert {(again.users[u], again.items[i]): v for u, i, v in
            zip(again.user_index, again.item_index, again.values)} == last


def test_a_crosstab_keeps_users_and_items_that_nobody_rated():
    ratings = Ratings.from_crosstab([[np.nan, 3], [np.nan, np.nan]], ["a", "b"], ["x", "y"])
    assert (ratings.users, ratings.items, len(ratings)) == (("a", "b"), ("x", "y"), 1)


def test_top_keeps_those_with_most_ratings_in_their_order():
    users, items = list("aabbbccd"), list("xyxyzxzx")
    top = Ratings.from_triples(users, items, range(8)).top(users=2, items=2)
    assert (top.users, top.items) == (("a", "b"), ("x", "y"))  # a and c have two each: a was first
    assert top.values.tolist() == [0, 1, 2, 3]


@settings(max_examples=50, deadline=None)
@given(TRIPLES, st.integers(1, 6), st.integers(1, 6))
def test_top_keeps_no_one_with_fewer_ratings_than_one_it_drops(triples, users, items):
    ratings = Ratings.from_triples(*zip(*triples))
    top = ratings.top(users=users, items=items)
    for labels, kept, column in ((ratings.users, top.users, 0), (ratings.items, top.items, 1)):
        count = {label: sum(t[column] == label for t in triples) for label in labels}
        assert list(kept) == [label for label in labels if label in kept]
        dropped = [count[label] for label in labels if label not in kept]
        assert not dropped or min(count[label] for label in kept) >= max(dropped)
    inside = [v for u, i, v in triples if u in top.users and i in top.items]
    assert top.values.tolist() == inside


@pytest.mark.parametrize("users, items, what", [(["a", None], ["x", "y"], "Rating 2 names no user"),
                                                (["a", "b"], [float("nan"), 1], "Rating 1 names no item")])
def test_a_rating_without_a_label_is_refused(users, items, what):
    with pytest.raises(UserError, match=what):
        Ratings.from_triples(users, items, [1, 2])


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(UserError, match="2 users, 1 items and 2 ratings"):
        Ratings.from_triples(["a", "b"], ["x"], [1, 2])
