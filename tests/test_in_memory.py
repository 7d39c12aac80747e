"""Tables of other libraries mean what the same table of pandas means: fitted, predicted, scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from solver import CollabFilter, UserError
from solver.collab.labels.frames import pairs_from, ratings_from

LONG = pd.DataFrame({"user": [7, 7, 9, 9, 8], "item": ["b", "a", "b", "c", "a"], "rating": [4.0, 3, 5, 1, 2]})
EXPECTED = [(7, "b", 4.0), (7, "a", 3.0), (9, "b", 5.0), (9, "c", 1.0), (8, "a", 2.0)]


def triples(found):
    return [(found.users[u], found.items[i], v) for u, i, v in zip(found.user_index, found.item_index, found.values)]


@pytest.mark.parametrize("table", [
    pl.from_pandas(LONG), pa.Table.from_pandas(LONG), pa.RecordBatch.from_pandas(LONG), pl.from_pandas(LONG[["rating", "item", "user"]]),
    LONG.set_index(["user", "item"]), LONG.set_index(["user", "item"]).rating, LONG.set_index(["user", "item"]).rating.rename(None),
    LONG.set_index(["user", "item"]).rename_axis([None, None]),
    {7: {"b": 4.0, "a": 3.0}, 9: {"b": 5.0, "c": 1.0}, 8: {"a": 2.0}},
], ids=range(9))
def test_a_long_table_of_any_library_is_read(table):
    found, notes = ratings_from(table)
    assert triples(found) == EXPECTED and all(type(user) is int for user in found.users) and not notes


def test_pairs_to_predict_may_come_from_any_library():
    model = CollabFilter(2, effort="quick").fit(LONG)
    expected = model.predict(LONG)
    for table in (pl.from_pandas(LONG), pl.from_pandas(LONG[["user", "item"]]), pa.Table.from_pandas(LONG)):
        np.testing.assert_array_equal(model.predict(table), expected)
    assert model.score(pl.from_pandas(LONG)) == model.score(LONG)
    users, items = pairs_from(torch.tensor([[1, 2], [3, 4]]))
    assert (users.tolist(), items.tolist()) == ([1, 3], [2, 4])


def test_tensors_and_arrays_of_triples_are_read():
    numbers = np.array([[7, 1, 4.0], [7, 2, 3.0], [9, 1, 5.0]])
    for table in (numbers, torch.tensor(numbers), np.array([tuple(row) for row in numbers], dtype=[("user", int), ("item", int), ("rating", float)])):
        assert triples(ratings_from(table)[0]) == [(7, 1, 4.0), (7, 2, 3.0), (9, 1, 5.0)]


@pytest.mark.parametrize("kind", ["csr_matrix", "coo_array", "csc_array", "lil_matrix"])
def test_a_sparse_matrix_holds_its_stored_entries(kind):
    dense = np.array([[4.0, 0, 3], [0, 0, 0], [0, 5, 1]])
    found, notes = ratings_from(getattr(sparse, kind)(dense))
    assert triples(found) == [(0, 0, 4), (0, 2, 3), (2, 1, 5), (2, 2, 1)] or kind == "csc_array" and len(found) == 4
    assert (found.n_users, found.n_items) == (3, 3) and "3 users × 3 items" in notes[0]
    model = CollabFilter(2, effort="quick").fit(getattr(sparse, kind)(dense))
    assert model.n_ratings_ == 4 and len(model.recommend(0)) == 1


@pytest.mark.parametrize("names", [("user_id", "rating", "anime_id"), ("anime_id", "user_id", "rating"), ("show", "viewer", "user_rating")])
def test_columns_are_found_by_name_wherever_they_stand(names):
    """The names that were read wrongly, without a word."""
    plain = {"user_id": LONG.user, "viewer": LONG.user, "anime_id": LONG.item, "show": LONG.item, "rating": LONG.rating,
             "user_rating": LONG.rating}
    found, notes = ratings_from(pd.DataFrame({name: plain[name] for name in names}))
    assert triples(found) == EXPECTED and not notes


def test_columns_taken_by_their_places_are_refused_where_the_values_contradict():
    rows = [(u, u % 5 + 1, 1000 + 7 * u) for u in range(60)]
    with pytest.raises(UserError, match="looks more like ratings, few values on one scale. Call the columns user, item and rating"):
        ratings_from(pd.DataFrame([(row[2] % 50, row[1], row[2]) for row in rows]))
    with pytest.raises(UserError, match="different in each of the 60 rows"):
        ratings_from(pd.DataFrame([(n, n % 7, n % 5) for n in range(60)]))
    with pytest.raises(UserError, match="0 stands in 83 % of the cells. If it means unrated, write NaN"):
        ratings_from(np.eye(6))


@pytest.mark.parametrize("given, sentence", [
    (None, "What is given is None and no table of ratings. Give a table"),
    ("ratings.csv", "What is given is a text and no table of ratings. Read a file with read_ratings"),
    (7, "What is given is of type int and no table of ratings."), (torch.zeros(3), "One column is no table of ratings."),
])
def test_what_is_no_table_gets_its_sentence(given, sentence):
    with pytest.raises(UserError, match=sentence):
        CollabFilter().fit(given)


def test_several_negative_ids_are_hashes():
    found, _ = ratings_from(LONG.assign(user=-LONG.user))
    assert found.users == (-7, -9, -8)
