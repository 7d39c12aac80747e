"""Twins of public and of people's own files: what would be read wrongly without a word is read rightly and told, or refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from ratings_files import refuse, table, write  # noqa: F401  (fixtures)

from solver import CollabFilter, read_ratings
from solver.reading.looked_at.rating_notations import notation_of

RANDOM = np.random.default_rng(5)
PAIRS = [(u, i) for u in range(1, 31) for i in range(1, 13) if RANDOM.random() < 0.5]
RATED = [(u, i, int(RANDOM.integers(1, 6))) for u, i in PAIRS]


def ratings_by_pair(ratings):
    return {(str(ratings.users[u]), str(ratings.items[i])): float(v) for u, i, v in
            zip(ratings.user_index, ratings.item_index, ratings.values)}


EXPECTED = {(str(u), str(i)): float(r) for u, i, r in RATED}
AGREE = ("strongly disagree", "Disagree", "neutral", "agree", "Strongly Agree")


@pytest.mark.parametrize("written, said", [
    (lambda r: "★" * r + "☆" * (5 - r), "stars"), (lambda r: "*" * r, "stars"), (lambda r: f"{r}/5", "shares of 5"),
    (lambda r: f"{r} out of 5", "shares of 5"), (lambda r: f"{r} stars", "numbers with a unit"),
    (lambda r: AGREE[r - 1], "answers from 'strongly disagree' to 'strongly agree'"),
])
def test_stars_shares_and_answers_are_numbers_and_that_is_told(write, written, said):
    ratings, notes = read_ratings(write(table([(u, i, written(r)) for u, i, r in RATED])))
    assert ratings_by_pair(ratings) == EXPECTED
    assert f"the ratings are written as {said}; " in notes[-1] and "was read as" in notes[-1]


@pytest.mark.parametrize("texts, numbers", [
    (["80%", "60 %"], [80, 60]), (["4/5", "7/10"], [8, 7]), (["3½", "4"], None), (["★★½", "★★★★"], [2.5, 4]),
    (["like", "dislike"], [1, 0]), (["TRUE", "FALSE"], [1, 0]), (["Yes", "maybe"], None), (["6/5", "4/5"], None),
    (["it was ok", "it was amazing", "did not like it"], [2, 5, 1]), (["good"], None),
])
def test_texts_are_one_notation_or_none(texts, numbers):
    notation = notation_of(texts)
    assert (numbers is None) == (notation is None)
    if notation:
        assert [notation.number(text) for text in texts] == numbers


def test_a_notation_beside_a_mistake_is_refused_as_ever(refuse):
    assert refuse(table([(1, 10, "4/5"), (1, 20, "3/5"), (2, 10, "good")])).startswith("ratings.csv, line 2: the rating is '4/5', not a number")


def test_grouped_thousands_are_read_where_it_shows_and_asked_for_where_not(write, refuse):
    shows, _ = read_ratings(write(table([(1, 10, '"1,234,567"'), (1, 20, "939"), (2, 10, '"2,000"')])))
    assert sorted(shows.values) == [939, 2000, 1234567]
    german, _ = read_ratings(write(table([(1, 10, "1.234,5"), (1, 20, "939"), (2, 10, "2.000")], sep=";")))
    assert sorted(german.values) == [939, 1234.5, 2000]
    either = table([(1, 10, "2.159"), (1, 20, "939"), (2, 10, "4.982")], sep=";")
    assert "the rating 2.159 may be 2,159 or 2.159. Say --decimal comma if the point groups thousands" in refuse(either)
    assert sorted(read_ratings(write(either), decimal="comma")[0].values) == [939, 2159, 4982]
    assert sorted(read_ratings(write(either), decimal="point")[0].values) == [2.159, 4.982, 939]
    three_digits = table([(1, 10, "2.159"), (1, 20, "5"), (2, 10, "4.982")], sep=";")
    assert sorted(read_ratings(write(three_digits))[0].values) == [2.159, 4.982, 5]


@pytest.mark.parametrize("mark, others", [(0, (5, 6, 7, 8, 9, 10)), (-1, (1, 2, 3, 8, 9, 10)), (0, (1, 2, 3, 4, 5))])
def test_a_number_that_may_mean_unrated_is_asked_for(write, refuse, mark, others):     # Book-Crossing, Anime, Goodreads
    rows = [(u, i, mark if (u + i) % 2 else others[(u * i) % len(others)]) for u, i in PAIRS]
    sentence = refuse(table(rows))
    assert f"ratings.csv: {mark} stands in " in sentence
    assert sentence.endswith(f"Say --missing {mark} if it means unrated, or --missing none if it is a rating.")
    rated, notes = read_ratings(write(table(rows)), missing=str(mark))
    assert set(rated.values) == {r for *_, r in rows} - {mark} and f"with {mark}, which means unrated, were left out" in " ".join(notes)
    every, notes = read_ratings(write(table(rows)), missing="none")
    assert len(every) == len(rows) and not notes
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    assert f"{mark} stands in " in " ".join(CollabFilter(2, effort="quick").fit(frame).notes_)


@pytest.mark.parametrize("values", [(0, 1, 2), (-1, 0, 1), (0, 1), (0, 1, 2, 3, 4, 5)])
def test_scales_that_have_a_zero_are_read(write, values):
    rows = [(u, i, values[n % len(values)]) for n, (u, i) in enumerate(PAIRS)]
    assert len(read_ratings(write(table(rows)))[0]) == len(rows)


def test_of_a_pair_rated_twice_the_latest_is_kept_wherever_it_stands(write):
    rows = [(u, i, r, 200) for u, i, r in RATED] + [(u, i, 6 - r, 100) for u, i, r in RATED]
    ratings, notes = read_ratings(write(table(rows, head=("user", "item", "rating", "timestamp"))))
    assert ratings_by_pair(ratings) == EXPECTED and "the latest rating was kept" in notes[-1]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])
    model = CollabFilter(2, effort="quick").fit(frame)
    assert ratings_by_pair(model.ratings_) == EXPECTED and "the latest rating was kept" in model.notes_[0]


def test_dates_and_texts_in_the_place_of_ids_and_ratings_are_asked_for(write, refuse):
    first = table([(f"2024-01-{1 + n % 28:02}", *row) for n, row in enumerate(RATED)], head=None)
    assert refuse(first) == ("ratings.csv: column 1 was taken for the user because of its place, but it holds dates. "
                             "Say with --columns which are user, item, rating: 2,3,4,1.")
    assert ratings_by_pair(read_ratings(write(first), columns="2,3,4,1")[0]) == EXPECTED
    form = table([(f"2024/01/{1 + n % 28:02} 10:00", f"p{u}", f"d{i}", r) for n, (u, i, r) in enumerate(RATED)],
                 head=("Timestamp", "Respondent", "Dish", "How was it?"))
    assert refuse(form).endswith("2,3,4,1.")
    plays = table([(f"a{u}", f"m{i}", f"Artist {i}", 7 * r + 31 * u * i) for u, i, r in RATED], sep="\t", head=None)     # last.fm 360K
    assert refuse(plays).endswith("was taken for the rating because of its place, but it holds texts. "
                                  "Say with --columns which are user, item, rating: 1,2,4.")
    dated, _ = read_ratings(write(table([(*row, "2005-09-06") for row in RATED], head=None)))
    assert dated.times is not None


def test_columns_told_by_number_are_positions_whatever_the_first_line_holds(write):
    rows = [(3, 1, 2, 9), (2, 2, 1, 5), (1, 3, 2, 7), (3, 3, 3, 4)]
    ratings, _ = read_ratings(write(table(rows, head=None)), columns="1,2,3")
    assert ratings_by_pair(ratings) == {(str(u), str(i)): float(r) for u, i, r, _ in rows}


def test_lines_above_a_table_that_are_no_comment_are_known(write):
    sized = "%%MatrixMarket matrix coordinate integer general\n%\n30 12 " + f"{len(RATED)}\n" + table(RATED, sep=" ", head=None)
    assert ratings_by_pair(read_ratings(write(sized))[0]) == EXPECTED
    assert ratings_by_pair(read_ratings(write("sep=;\n" + table(RATED, sep=";")))[0]) == EXPECTED


def test_one_json_object_holds_all(write):
    rows = [dict(zip(("user", "item", "rating"), row)) for row in RATED]
    by_user: dict = {}
    for u, i, r in RATED:
        by_user.setdefault(str(u), {})[str(i)] = r
    for held in ({"page": 1, "ratings": rows}, {name: [row[name] for row in rows] for name in rows[0]}, by_user):
        for indent in (None, 1):
            ratings, notes = read_ratings(write(json.dumps(held, indent=indent)))
            assert ratings_by_pair(ratings) == EXPECTED and "was read with" in notes[0]


# Crosstabs as people keep them

def grid(path, *, above=(), total=False, numbered=False):
    """A workbook of a crosstab of RATED, with rows of titles above it, totals, or numbers of the rows."""
    cells = {(u, i): r for u, i, r in RATED}
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        head = [*[""] * numbered, "", *[f"f{i}" for i in range(1, 13)], *["Total", "Average"] * total]
        rows = [head]
        for u in range(1, 31):
            own = [cells.get((u, i), "") for i in range(1, 13)]
            there = [value for value in own if value != ""]
            rows.append([*[u] * numbered, f"u{u}", *own, *[sum(there), round(sum(there) / len(there), 2)] * total])
        if total:
            rows.append(["Total", *[sum(r for _, i, r in RATED if i == item) for item in range(1, 13)]])
        for number, row in enumerate([*above, *rows]):
            sheet.write_row(number, 0, row)
    return path


NAMED = {(f"u{u}", f"f{i}"): r for (u, i), r in EXPECTED.items()}


@pytest.mark.parametrize("how, said", [
    ({"above": [("Ratings of our film club",), (), ("Spring", 2024)]}, "in every column of a crosstab"),
    ({"total": True}, "the total or mean 'Total' left out, the total or mean 'Average' left out"),
    ({"numbered": True}, "the numbers of the rows left out"),
])
def test_titles_totals_and_numbers_of_rows_are_no_ratings(tmp_path, how, said):
    ratings, notes = read_ratings(grid(tmp_path / "club.xlsx", **how))
    assert ratings_by_pair(ratings) == NAMED and said in notes[0]


def test_a_column_beyond_the_scale_of_all_others_is_asked_for(refuse):
    rows = [[70 + n % 9, *RANDOM.integers(1, 6, 8)] for n in range(12)]
    content = "\n".join(",".join(map(str, row)) for row in rows)
    assert refuse(content, layout="crosstab").startswith("ratings.csv: the numbers of '1' in the crosstab, 70 among them, lie beyond those")


def test_a_table_of_many_numbers_is_not_taken_for_a_rating_a_row(write, refuse):
    """Once the count was the user, joke 1 the item and joke 2 the rating, without a word."""
    values = RANDOM.integers(-9, 10, (30, 12)) + 0.25
    jokes = "\n".join(",".join([str(count), *(f"{v:g}" for v in row), *["99"] * 8]) for count, row in zip(RANDOM.integers(5, 9, 30), values)) + "\n"
    assert "all of its 21 columns hold numbers, as those of a crosstab do" in refuse(jokes) and "or say --layout crosstab" in refuse(jokes)
    read, _ = read_ratings(write(jokes), layout="crosstab", missing="99")
    assert (read.n_users, read.values.min()) == (30, values.min())


def test_a_survey_says_which_of_its_columns_are_in_the_way(refuse):
    films = [f"How do you like… [Film {n}]" for n in range(1, 11)]
    rows = [",".join([f"2024-03-{1 + u % 28:02d} 09:05", f"p{u}@x.org", *(str(RANDOM.integers(1, 6)) for _ in films), "fine"]) for u in range(30)]
    said = refuse("\n".join([",".join(["Timestamp", "Email Address", *films, "Any comments?"]), *rows]) + "\n")
    assert "others do not: 'Timestamp', 'Email Address', 'Any comments?'" in said and "keep one column that names the users" in said


@pytest.mark.parametrize("names", ["user id,film name,rating (1-5)", "Nutzer,Film,Wertung", "uid,mid,like", "Usuario,Pelicula,Puntuacion [1-10]"])
def test_names_in_other_languages_and_with_brackets_are_known(write, names):
    ratings, notes = read_ratings(write("\n".join([names, *(f"{u},{i},{r}" for u, i, r in RATED)]) + "\n"))
    assert ratings_by_pair(ratings) == EXPECTED and not notes
