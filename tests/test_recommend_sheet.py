"""The sheet `recommend`: LibreOffice's formulas list what Python recommends, for whoever is chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from asking import Book, built, exported
from exported_models import fitted, ratings_of

import workbook
from pyxl import open_workbook
from solver import CollabFilter, Ratings, predict_table, random_factors
from solver.collab.answers.intervals import conformal_quantile
from solver.collab.answers.recommend import top_n
from solver.judging.who_is_served import calibrated
from workbook.builder import build_with
from workbook.export import busiest
from workbook.views.recommend_sheet import CHOSEN_NUMBER, CHOSEN_USER, HIGHEST, LOWEST
from workbook.write.content import content_of

LIST = "A10:E19"


def asked(office, book: Book, user, *, cells=None, more=()) -> dict:
    """What the sheet shows with this user chosen: the list's rows, the sentence, and cells asked for."""
    found = office.recalculate(book.path, {"recommend": [LIST, "C5", str(CHOSEN_NUMBER), *more]},
                               set={"recommend": {str(CHOSEN_USER): user}} | (cells or {}))["recommend"]
    return {"rows": [row for row in found[LIST] if row[0] != ""], "says": found["C5"][0][0],
            "place": found[str(CHOSEN_NUMBER)][0][0]} | {where: found[where] for where in more}


def expected(book: Book, user: int) -> list[list]:
    """The rows by Python, of the user at this position."""
    sums = predict_table(book.factors).numpy()[user]
    shown = predict_table(book.factors, bounds=book.bounds).numpy()[user]
    low, high = book.model.rating_range_ if book.model else (book.ratings.values.min(), book.ratings.values.max())
    best, counts = top_n(sums, 10, seen=np.flatnonzero(~np.isnan(book.table[user]))), (~np.isnan(book.table)).sum(0)
    return [[n, book.headers[i], min(max(shown[i], low), high), counts[i], np.nanmean(book.table[:, i]) if counts[i] else ""]
            for n, i in enumerate(best, 1)]


def same(found: list[list], wanted: list[list]) -> bool:
    return len(found) == len(wanted) and all(
        a == b if isinstance(b, str) else a == pytest.approx(b, abs=1e-9) for row, other in zip(found, wanted)
        for a, b in zip(row, other, strict=True))


@pytest.mark.parametrize("name, users", [("example", range(15)), ("films", (0, 7, 39)), ("large", (0, 119))])
def test_the_list_is_what_python_recommends(request, office, name, users):
    book = request.getfixturevalue(f"{name}_book")
    for user in users:
        found, table = asked(office, book, book.ratings.users[user]), book.table[user]
        assert same(found["rows"], expected(book, user)), user
        assert found["place"] == user + 1
        n_rated = (~np.isnan(table)).sum()
        assert found["says"] == f"has rated {n_rated} of {len(table)} items" + (
            ": nothing is left to recommend." if n_rated == len(table) else ".")


def test_an_exported_model_recommends_what_the_model_does(films_book, office):
    """CollabFilter ranks all items; those of the sheet come in the same order and with the same numbers."""
    book = films_book
    for user in book.ratings.users[:4]:
        ours = book.model.recommend(user, len(book.model.items_))
        ours = ours[ours["item"].isin(book.ratings.items)].head(10)
        title = dict(zip(book.ratings.items, book.headers))
        found = asked(office, book, user)["rows"]
        assert [row[1] for row in found] == [title[item] for item in ours["item"]]
        assert [row[2] for row in found] == pytest.approx(ours["prediction"].tolist(), abs=1e-9)


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_models_without_biases_and_bounded_ones(tmp_path, office, model):
    ratings = ratings_of()
    book = exported(tmp_path / "b.xlsx", fitted(ratings, model), busiest(ratings, users=9, items=14))
    for user in (5, 8):
        assert same(asked(office, book, book.ratings.users[user])["rows"], expected(book, user))


def test_the_file_holds_the_results_before_any_office_saw_it(example_book):
    book = example_book
    with open_workbook(book.path) as opened:
        values = opened.grid("recommend").values
    blanks = int(np.isnan(book.table).sum(1).argmax())     # at first the user with the longest list
    assert values[CHOSEN_USER] == book.ratings.users[blanks]
    shown = [[values.get((row, col)) for col in range(1, 6)] for row in range(10, 20)]
    assert same([row for row in shown if row[0] != ""], expected(book, blanks))


def test_a_rating_typed_on_the_model_sheet_takes_the_item_off_the_list(example_book, office):
    book = example_book
    user, item = np.argwhere(np.isnan(book.table))[0]
    cell = str(book.layout.ratings.first.moved(int(user), int(item)))
    label = book.ratings.users[user]
    before, after = asked(office, book, label), asked(office, book, label, cells={"bias": {cell: 2.0}})
    assert book.headers[item] in [row[1] for row in before["rows"]]
    assert [row[1] for row in after["rows"]] == [row[1] for row in before["rows"] if row[1] != book.headers[item]]


@pytest.mark.parametrize("typed, sentence", [
    (None, "Choose the user in the yellow cell."),
    ("nobody", "There is no user nobody on the sheet bias. Choose one of the list."),
    (4711, "There is no user 4711 on the sheet bias. Choose one of the list.")])
def test_who_is_not_there_is_one_sentence_and_no_error(example_book, office, typed, sentence):
    found = asked(office, example_book, typed, more=["G10:L24", "A10:E19"])
    assert (found["says"], found["rows"], found["place"]) == (sentence, [], "")
    shown = [value for where in ("G10:L24", "A10:E19") for row in found[where] for value in row]
    assert not [value for value in shown if str(value).startswith("#")]


def test_predictions_are_kept_within_the_two_cells(example_book, office):
    user = example_book.ratings.users[0]
    found = asked(office, example_book, user, cells={"recommend": {str(CHOSEN_USER): user, str(LOWEST): 2.0, str(HIGHEST): 2.5}})
    assert found["rows"] and all(2.0 <= row[2] <= 2.5 for row in found["rows"])


def test_who_rated_everything_and_ties_and_items_nobody_rated(tmp_path, office):
    """User u1 rated everything. Items are alike in the sheet's factors where they are in the model's; of equals
    the first comes first, in the sheet and in Python."""
    table = np.full((3, 6), np.nan)
    table[0], table[1, 0], table[2, 5] = [1, 2, 3, 4, 5, 3], 4, 2
    book = built(tmp_path / "b.xlsx", Ratings.from_crosstab(table, ["u1", "*", "=u3"], list("abcdef")), n_factors=2)
    block = book.layout.item_factors.range
    alike = {str(cell): 0.5 for cell in block.cells()} | {str(cell): 0.3 for cell in book.layout.item_bias.range.cells()}
    everything = asked(office, book, "u1")
    assert everything["rows"] == [] and everything["says"] == "has rated 6 of 6 items: nothing is left to recommend."
    tied = asked(office, book, "*", cells={"bias": alike})["rows"]
    assert [row[1] for row in tied] == list("bcdef") and len({round(row[2], 12) for row in tied}) == 1
    assert top_n(np.ones(6), 10, seen=[0]).tolist() == [1, 2, 3, 4, 5]
    blanked = {str(book.layout.ratings.first.moved(row, 5)): None for row in range(3)}
    unrated = asked(office, book, "=u3", cells={"bias": blanked})["rows"]
    assert [row[3:] for row in unrated if row[1] == "f"] == [[0, ""]]


@pytest.mark.parametrize("users, items, factors", [(1, 2, 1), (4, 1, 1), (2, 3, 7)])
def test_one_factor_one_user_one_item_more_factors_than_items(tmp_path, office, users, items, factors):
    table = np.full((users, items), np.nan)
    table[:, 0] = 3.0
    table[0, -1] = 4.0
    book = built(tmp_path / "b.xlsx", Ratings.from_crosstab(table, range(users), range(items)), n_factors=factors)
    for user in range(users):
        assert same(asked(office, book, user)["rows"], expected(book, user))


def test_numbers_and_titles_that_look_like_something_else(tmp_path, office):
    """A user 14 is found as a number and as a text; a title stays the text that it is."""
    ratings = Ratings.from_crosstab([[1.0, np.nan, 3], [2, 4, np.nan]], [14, "x14"], [1, 2, 3])
    book = built(tmp_path / "b.xlsx", ratings, n_factors=2, titles={2: "=1+1", 3: "300"})
    assert [row[1] for row in asked(office, book, 14)["rows"]] == ["=1+1"] == [row[1] for row in asked(office, book, "14")["rows"]]
    assert [row[1] for row in asked(office, book, "X14")["rows"]] == ["300"]


def test_the_sheet_survives_inserted_rows_and_columns(example_book, office, tmp_path):
    moved = office.insert(example_book.path, tmp_path / "moved.xlsx", rows=2, columns=1)
    found = office.recalculate(moved, {"recommend": ["B12:F21"]})["recommend"]["B12:F21"]
    user = int(np.isnan(example_book.table).sum(1).argmax())
    assert same([row for row in found if row[0] != ""], expected(example_book, user))


def test_a_trained_model_says_how_far_ratings_may_lie_from_what_is_recommended(tmp_path, office):
    """As its own intervals do; and for a newcomer as for those with fewest ratings."""
    ratings = ratings_of(60, 40)
    model = fitted(ratings, "dot+bias", holdout=0.1, random_state=0)
    book = exported(tmp_path / "b.xlsx", model, busiest(ratings, users=40, items=14))
    user = book.ratings.users[int(np.isnan(book.table).sum(1).argmax())]
    ours = dict(zip(book.headers, model.interval_halves([user], book.ratings.items, level=0.9)[0]))
    found = asked(office, book, user, more=["F10:F19"])
    assert found["rows"] and [row[0] for row in found["F10:F19"] if row[0] != ""] == pytest.approx([ours[row[1]] for row in found["rows"]], abs=1e-9)
    fewest = np.array(model.users_)[model.user_counts_ > 0][np.argsort(model.user_counts_[model.user_counts_ > 0], kind="stable")][:12]
    theirs = dict(zip(book.headers, np.exp(np.log(model.interval_halves(fewest, book.ratings.items, level=0.9)).mean(0))))
    you = office.recalculate(book.path, {"you": ["G9:I18"]})["you"]["G9:I18"]
    assert [row[2] for row in you] == pytest.approx([theirs[row[0]] for row in you], abs=1e-9)


def test_what_is_held_out_is_rated_too(tmp_path, office):
    """It stands on no model sheet, but the user knows it: CollabFilter leaves held-out ratings out as well."""
    ratings, titles = workbook.example()
    part = ratings.top(users=15, items=15)
    content = content_of(part, titles=titles, n_factors=3, seed=1, bounds=None, holdout=0.1)
    factors = random_factors(content.ratings, model="dot+bias", n_factors=3, seed=1)
    layouts = build_with(content, tmp_path / "b.xlsx", parameters={"dot+bias": factors})
    book = Book(tmp_path / "b.xlsx", layouts, part, content.items, factors)
    users = sorted(set(content.held.user_index.tolist()))
    assert len(content.held) > 10
    unsure = [np.sqrt(1 + 4 / (counts + 4)) for counts in ((~np.isnan(content.table)).sum(1), (~np.isnan(content.table)).sum(0))]
    of_held = predict_table(factors).numpy()[content.held.user_index, content.held.item_index]
    nine = conformal_quantile(np.abs(content.held.values - of_held) / (unsure[0][content.held.user_index] * unsure[1][content.held.item_index]), 0.9)
    for user in users[:3]:
        found = asked(office, book, part.users[user], more=["H10:H24", "F10:F19"])
        held = content.held.item_index[content.held.user_index == user]
        assert [n for n, row in enumerate(found["H10:H24"]) if row == ["held out"]] == sorted(held.tolist())
        unseen = np.flatnonzero(np.isnan(part.crosstab()[user]))
        best = top_n(predict_table(factors).numpy()[user], 10, seen=np.setdiff1d(np.arange(15), unseen))
        assert [row[1] for row in found["rows"]] == [content.items[i] for i in best]
        assert [row[0] for row in found["F10:F19"] if row[0] != ""] == pytest.approx((nine * unsure[0][user] * unsure[1][best]).tolist(), abs=1e-9)
        assert found["says"] == f"has rated {15 - len(unseen)} of 15 items" + ("." if len(unseen) else ": nothing is left to recommend.")


def test_where_genres_are_known_a_second_list_is_as_mixed_as_what_the_user_rates(tmp_path, office):
    """The same items in the same order as by Python, at the weight that stands in the yellow cell."""
    ratings, rng = ratings_of(), np.random.default_rng(2)
    genres = pd.DataFrame((rng.random((ratings.n_items, 4)) < 0.4) * 1.0, index=list(ratings.items), columns=["Comedy", "Drama", "Horror", "War"])
    genres.iloc[3] = 0.0
    model = CollabFilter(3, effort="quick", epochs=4).fit(ratings, item_columns=genres)
    part = busiest(ratings, users=30, items=25)
    book = exported(tmp_path / "book.xlsx", model, part)
    shares = genres.loc[list(part.items)].to_numpy()
    shares = shares / np.maximum(shares.sum(1, keepdims=True), 1)
    user = 20      # has rated a third of the items
    sums, rated = predict_table(book.factors).numpy()[user], ~np.isnan(book.table[user])
    wanted = shares[rated].sum(0) / shares[rated].sum()
    order = calibrated(np.where(rated, -np.inf, sums)[None], shares, wanted[None], 10, 0.9)[0]
    found = office.recalculate(book.path, {"recommend": ["A26:D35", "C38:E42"]},
                               set={"recommend": {str(CHOSEN_USER): part.users[user], "B23": 0.9}})["recommend"]
    assert [row[1] for row in found["A26:D35"]] == [book.headers[i] for i in order]
    assert [row[3] for row in found["A26:D35"]] == [1 + (sums[~rated] > sums[i]).sum() for i in order]
    mixes, best = np.array(found["C38:E42"][:4], float).T, list(top_n(sums, 10, seen=np.flatnonzero(rated)))
    np.testing.assert_allclose(mixes, [wanted, shares[best].mean(0), shares[order].mean(0)], atol=1e-9)
    there = wanted > 0
    distances = [(wanted * np.log(wanted / (0.99 * q + 0.01 * wanted)))[there].sum() for q in mixes[1:]]
    np.testing.assert_allclose(np.array(found["C38:E42"][4][1:], float), distances, atol=1e-9)
    assert list(order) != best and distances[1] < distances[0]
