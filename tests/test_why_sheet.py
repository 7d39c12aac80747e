"""The sheet `why`: in LibreOffice the parts are Python's, and add up to the prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asking import Book, exported
from exported_models import fitted, ratings_of

from pyxl import open_workbook
from pyxl.grid.cells import Range
from solver.collab.answers.recommend import explain
from workbook.export import busiest
from workbook.views.waterfall import waterfall_columns
from workbook.views.why_sheet import EXPLAINED_USER, ITEM, ITEM_NUMBER, PART, USER_NUMBER, WHY_HEAD


def asked(office, book: Book, user, item) -> dict:
    """The parts by name, the user's and the item's factors, and the two sentences."""
    last = WHY_HEAD + 6 + book.factors.n_factors
    table, sentences = f"A{WHY_HEAD + 1}:E{last}", f"{EXPLAINED_USER.moved(0, 1)}:{ITEM.moved(0, 1)}"
    numbers = f"{USER_NUMBER}:{ITEM_NUMBER}"
    found = office.recalculate(book.path, {"why": [table, sentences, numbers]}, set={"why": {str(EXPLAINED_USER): user, str(ITEM): item}})["why"]
    rows = {row[0]: row for row in found[table] if row[0]}
    return {"parts": {name: row[4] for name, row in rows.items()}, "factors": [row[2:4] for name, row in rows.items() if name.startswith("factor")],
            "says": [row[0] for row in found[sentences]], "numbers": [row[0] for row in found[numbers]]}


def same(found: dict, parts, factors: list) -> bool:
    """Whether the sheet has these parts (an Explanation)."""
    wanted = [*([parts.offset, parts.user_bias, parts.item_bias] if "mean" in found["parts"] else []), *parts.factors,
              parts.raw, parts.prediction]
    shown = [value for name, value in found["parts"].items() if name != "rating"]
    assert shown == pytest.approx(wanted, abs=1e-9)
    assert sum(shown[:-2]) == pytest.approx(parts.raw, abs=1e-9) and found["says"] == ["", ""]
    return [value for row in found["factors"] for value in row] == pytest.approx([value for pair in factors for value in pair], abs=1e-9)


def test_the_waterfall_steps_from_part_to_part(example_book, office):
    """Each column of the chart spans from where the parts before it end to where it ends, on both sides of 0."""
    k = example_book.factors.n_factors
    parts = Range(WHY_HEAD + 2, PART, WHY_HEAD + 3 + k, PART)     # all but the mean
    user, item = pairs(example_book)[0]
    columns = {name: str(where) for name, where in waterfall_columns(parts, USER_NUMBER.col - 1).items()}
    found = office.recalculate(example_book.path, {"why": [str(parts), *columns.values()]}, set={"why": {
        str(EXPLAINED_USER): example_book.ratings.users[user], str(ITEM): example_book.headers[item]}})["why"]
    added = np.array(found[str(parts)])[:, 0]
    ends = np.cumsum(added)
    begins = ends - added
    column = {name: np.array(found[where])[:, 0] for name, where in columns.items()}
    above = column["unseen"].clip(0) + column["up"] + column["down"]
    below = column["unseen"].clip(None, 0) + column["up, below 0"] + column["down, below 0"]
    np.testing.assert_allclose(above[:-1], np.maximum(begins, ends).clip(0), rtol=0, atol=1e-9)
    np.testing.assert_allclose(below[:-1], np.minimum(begins, ends).clip(None, 0), rtol=0, atol=1e-9)
    assert (column["up"] + column["up, below 0"] != 0)[:-1].tolist() == (added > 0).tolist() and column["sum"][-1] == pytest.approx(ends[-1], abs=1e-9)


def pairs(book: Book) -> list[tuple[int, int]]:
    """A rated and an unrated one."""
    return [tuple(map(int, np.argwhere(mask)[len(np.argwhere(mask)) // 2])) for mask in (np.isnan(book.table), ~np.isnan(book.table))]


@pytest.mark.parametrize("name", ["example", "large"])
def test_the_parts_are_pythons(request, office, name):
    """A workbook's equation has no mean: the sheet takes it out of the biases, where the means of these are."""
    book = request.getfixturevalue(f"{name}_book")
    factors = book.factors
    means = factors.user_bias.mean(), factors.item_bias.mean()
    centred = replace(factors, user_bias=factors.user_bias - means[0], item_bias=factors.item_bias - means[1],
                      offset=float(sum(means)))
    for user, item in pairs(book):
        found = asked(office, book, book.ratings.users[user], book.headers[item])
        rating = book.table[user, item]
        parts = explain(centred, user, item, clip=(book.ratings.values.min(), book.ratings.values.max()))
        assert same(found, parts, list(zip(factors.user[user].tolist(), factors.item[item].tolist())))
        assert found["parts"]["rating"] == ("none" if np.isnan(rating) else rating) and found["numbers"] == [user + 1, item + 1]


def test_of_an_exported_model_they_are_what_the_model_explains(films_book, office):
    book = films_book
    for user, item in pairs(book):
        found = asked(office, book, book.ratings.users[user], book.headers[item])
        parts = book.model.explain(book.ratings.users[user], book.ratings.items[item])
        assert same(found, parts, list(zip(book.factors.user[user].tolist(), book.factors.item[item].tolist())))


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_models_without_biases_and_bounded_ones(tmp_path, office, model):
    ratings = ratings_of()
    book = exported(tmp_path / "b.xlsx", fitted(ratings, model), busiest(ratings, users=9, items=14))
    for user, item in pairs(book):
        found = asked(office, book, book.ratings.users[user], book.headers[item])
        parts = book.model.explain(book.ratings.users[user], book.ratings.items[item])
        assert same(found, parts, list(zip(book.factors.user[user].tolist(), book.factors.item[item].tolist())))
        assert ("mean" in found["parts"]) == (book.factors.user_bias is not None)


@pytest.mark.parametrize("user, item, sentences", [
    ("nobody", None, ["There is no user nobody on the sheet bias. Choose one of the list.", "Choose the item in the yellow cell."]),
    (None, "Alien", ["Choose the user in the yellow cell.", "There is no item Alien on the sheet bias. Choose one of the list."])])
def test_what_is_not_there_is_one_sentence_and_no_error(example_book, office, user, item, sentences):
    found = asked(office, example_book, user, item)
    assert found["says"] == sentences and set(found["parts"].values()) == {""}


def test_the_file_shows_at_first_a_pair_that_is_not_rated(example_book):
    with open_workbook(example_book.path) as opened:
        values = opened.grid("why").values
    user, item = example_book.ratings.users.index(values[EXPLAINED_USER]), example_book.headers.index(values[ITEM])
    assert np.isnan(example_book.table[user, item])
    assert values[USER_NUMBER] == user + 1 and "none" in values.values()
