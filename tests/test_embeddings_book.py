"""The workbook of what an embedding is, recalculated by a real LibreOffice and held against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from pyxl.__main__ import main


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("embeddings") / "e.xlsx"
    assert main(["embeddings", "-o", str(path)]) == 0
    return path


def test_a_product_with_one_hot_rows_is_a_lookup(built, office):
    names = ["B6:D11", "F6:F10", "G6:L10", "N6:P10", "R6:T10", "V6:V10"]
    found = office.recalculate(built, {"one hot": names}, set={"one hot": {"F7": 6.0, "C11": -2.5}})["one hot"]
    table, which, hot, product, lookup, difference = (np.array(found[name]) for name in names)
    places = which.ravel().astype(int) - 1
    assert places.tolist() == [3, 5, 5, 0, 2] and table[5, 1] == -2.5
    np.testing.assert_array_equal(hot, np.eye(6)[places])
    np.testing.assert_allclose(product, hot @ table, atol=1e-15)
    np.testing.assert_array_equal(lookup, table[places])
    assert (difference == 0).all()


def test_words_are_looked_up_and_one_that_is_not_there_has_the_first_row(built, office):
    names = ["A6:A17", "B6:E17", "G6:G11", "H6:H11", "I6:L11", "I13:L13"]
    found = office.recalculate(built, {"words": names}, set={"words": {"G10": "Great"}})["words"]
    vocabulary, sentence = ([row[0] for row in found[name]] for name in ("A6:A17", "G6:G11"))
    table = np.array(found["B6:E17"])
    places = [vocabulary.index(word.lower()) if word.lower() in vocabulary else 0 for word in sentence]
    assert sentence[4] == "Great" and places[5] == 0 and [row[0] - 1 for row in found["H6:H11"]] == places
    np.testing.assert_array_equal(found["I6:L11"], table[places])
    np.testing.assert_allclose(found["I13:L13"][0], table[places].mean(0), atol=1e-15)


@pytest.mark.parametrize("angle", [0.0, 30.0, 117.5])
def test_turned_factors_predict_the_same(built, office, angle):
    names = ["B8:C13", "B17:C21", "E8:F13", "E17:F21", "H8:L13", "H17:L22", "I24"]
    found = office.recalculate(built, {"turn": names}, set={"turn": {"B5": angle}})["turn"]
    users, items, turned_users, turned_items, before, after, difference = (np.array(found[name]) for name in names)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[cos, sin], [-sin, cos]])
    np.testing.assert_allclose(turned_users, users @ turn, atol=1e-12)
    np.testing.assert_allclose(turned_items, items @ turn, atol=1e-12)
    np.testing.assert_allclose(before, users @ items.T, atol=1e-12)
    np.testing.assert_allclose(after, before, atol=1e-12)
    assert difference[0, 0] < 1e-24
