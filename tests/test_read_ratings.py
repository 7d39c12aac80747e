"""Ratings out of text files: all that is understood. What is refused: test_read_ratings_refused.py."""

from __future__ import annotations

import gzip
import time

import numpy as np
import pytest
from ratings_files import GOOD, HEAD, read, refuse, table, write  # noqa: F401  (fixtures)

from solver import read_ratings

# What is understood

@pytest.mark.parametrize("sep", [",", ";", "\t", "|", "::"])
@pytest.mark.parametrize("head", [("user", "item", "rating"), None])
def test_every_separator_is_found_with_and_without_a_header(read, sep, head):
    triples, notes = read(table(sep=sep, head=head))
    assert triples == GOOD
    name = "tab" if sep == "\t" else sep
    assert notes == ([] if sep == "," else [
        f"ratings.csv was read with '{name}' between the columns, UTF-8: 3 ratings by 2 users of "
        "2 items. If that is wrong, say --sep, --encoding, --decimal or --layout."])
    assert read(table(sep=sep, head=head), sep=sep) == (GOOD, [])


@pytest.mark.parametrize("head", [("userId", "movieId", "rating"), ("User ID", "ITEM", "Stars"),
                                  ("reviewer", "product", "score"), ("customer_id", "title", "value"),
                                  (" user ", "Item-ID", "RATING")])
def test_columns_are_found_by_name_in_any_order_among_others(read, head):
    rows = [("x", rating, "2024-05-04", item, user) for user, item, rating in GOOD]
    named = ("note", head[2], "date", head[1], head[0])
    assert read(table(rows, head=named)) == (GOOD, [])


def test_an_id_is_preferred_to_a_title(read):
    rows = [(user, "Alien", item, rating) for user, item, rating in GOOD]
    assert read(table(rows, head=("userId", "title", "movieId", "rating"))) == (GOOD, [])


@pytest.mark.parametrize("columns", [["who", "what", "how"], [3, 1, 2], ["3", "1", "2"], "who,what,how",
                                     ["WHO", 1, "how"]])
def test_columns_can_be_told_by_name_or_by_position_from_1(read, columns):
    rows = [(item, rating, user) for user, item, rating in GOOD]
    assert read(table(rows, head=("what", "how", "who")), columns=columns) == (GOOD, [])


def test_positions_work_without_a_header(read):
    rows = [(rating, item, user) for user, item, rating in GOOD]
    assert read(table(rows, head=None), columns=[3, 2, 1]) == (GOOD, [])


def test_names_that_say_nothing_are_taken_by_position_and_that_is_said(read):
    triples, notes = read(table(head=("wer", "was", "wie")))
    assert triples == GOOD
    assert notes == ["ratings.csv: no column is called user, item or rating; 'wer' was taken for the "
                     "user, 'was' for the item, 'wie' for the rating. If that is wrong, say --columns."]


def test_text_ids_keep_their_commas_quotes_and_spaces(read):
    content = HEAD + '"Doe, Ann","The ""Big"" Sleep",4\n"Doe, Ann","Good, the  Bad",3\n'
    assert read(content)[0] == [("Doe, Ann", 'The "Big" Sleep', 4), ("Doe, Ann", "Good, the  Bad", 3)]


@pytest.mark.parametrize("ids, labels", [
    (["1", " 2", "-3 "], (1, 2, -3)),
    (["1.0", "2.0", "3.0"], (1, 2, 3)),              # a table that once had blanks
    (["1", "2", "x3"], ("1", "2", "x3")),
    (["007", "8", "9"], ("007", "8", "9")),          # int would lose the zeros
    (["1", "2", "1234567890123456"], ("1", "2", "1234567890123456")),  # a sheet would round it
    (["1_0", "2", "3"], ("1_0", "2", "3")),
    (["٣", "2", "1"], ("٣", "2", "1")),
    (["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@x"], ("=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@x")),
    (["nan", "None", "TRUE"], ("nan", "None", "TRUE")),
])
def test_ids_stay_what_they_are(write, ids, labels):
    content = HEAD + "".join(f"u{n},{label},{n}\n" for n, label in enumerate(ids))
    ratings, _ = read_ratings(write(content))
    assert ratings.items == labels
    assert [type(label) for label in ratings.items] == [type(label) for label in labels]


def test_labels_stand_in_order_of_first_appearance(write):
    ratings, _ = read_ratings(write(HEAD + "9,b,1\n3,a,2\n9,a,3\n"))
    assert (ratings.users, ratings.items) == ((9, 3), ("b", "a"))
    assert ratings.values.dtype == np.float64 and ratings.user_index.dtype == np.int64


@pytest.mark.parametrize("content", [
    b"\xef\xbb\xbf" + table().encode(), table().encode("utf-16"), gzip.compress(table().encode()),
    table().replace("\n", "\r\n").encode(), table().replace("\n", "\r").encode(),
    table().replace("\n", "\n\n  \n,,\n").encode(), table().rstrip("\n").encode(),
    b"\n\n" + table().encode()])
def test_encodings_line_ends_and_blank_lines(read, content):
    assert read(content)[0] == GOOD


def test_columns_without_a_name_need_not_be_filled(read):
    assert read("user,item,rating,,\n1,10,4\n1,20,3.5,\n2,10,5,,,,\n")[0] == GOOD


def test_a_text_over_several_lines_does_not_shift_the_numbers_of_lines(refuse):
    content = 'user,item,rating,text\n1,1,4,"two\nlines"\n1,2,good,x\n'
    assert refuse(content).startswith("ratings.csv, line 4: the rating is 'good'")


# 37: a decimal comma

def test_a_decimal_comma_is_found_and_said(read):
    triples, notes = read("\ufeffuser;item;rating\n1;10;4\n1;20;3,5\n2;10;5,0\n")
    assert triples == GOOD
    assert notes == ["ratings.csv was read with ';' between the columns, UTF-8 with a byte order mark, "
                     "decimal comma: 3 ratings by 2 users of 2 items. If that is wrong, say --sep, "
                     "--encoding, --decimal or --layout."]


@pytest.mark.parametrize("decimal", ["comma", ","])
def test_a_decimal_comma_can_be_told(read, decimal):
    assert read(HEAD + '1,10,4\n1,20,"3,5"\n2,10,"5,0"\n', decimal=decimal)[0] == GOOD


def test_another_decimal_sign_is_refused(refuse):
    assert refuse(table(), decimal="dot") == "decimal is 'dot'. Choose one of: comma, point."


def test_a_hundred_thousand_lines_are_read_in_a_moment(write):
    rng = np.random.default_rng(0)
    rows = zip(rng.integers(0, 999, 100_000), rng.integers(0, 999, 100_000), rng.integers(1, 6, 100_000))
    path = write(table(rows))
    began = time.perf_counter()
    read_ratings(path)
    assert time.perf_counter() - began < 3  # about 0.3 s; a million in about 3
