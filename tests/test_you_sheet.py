"""The sheet `you`: what LibreOffice makes of typed ratings is what Python's fold-in makes of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xlwings
from asking import Book, built, exported
from exported_models import fitted, ratings_of

from pyxl import open_workbook
from pyxl.grid.block_names import result_name
from solver import CollabFilter, Ratings
from solver.collab.answers.recommend import decay_ridge, fold_in, members, newcomer_ridge, predictions_for, seen_by, top_n
from workbook.export import busiest
from workbook.views.recommend_sheet import HIGHEST, LOWEST
from workbook.views.you_plan import BEST, COUNT, YOU_DECAY, YouPlan


def plan_of(book: Book) -> YouPlan:
    k = book.factors.n_factors
    return YouPlan(n=book.ratings.n_items, k=k, d=k + (book.factors.user_bias is not None), users=book.ratings.n_users)


def typed(office, book: Book, ratings: dict, *, decay=None, cells=None, also=None) -> dict:
    """What the sheet shows with these ratings typed, by the number of the item from 0."""
    plan = plan_of(book)
    best = f"{BEST.moved(1, 0)}:{BEST.moved(10, 2)}"
    where = {"average": str(plan.average), "own": str(plan.own), "predicted": str(plan.predicted), "remarks": str(plan.remarks),
             "best": best, "count": str(COUNT), "says": str(COUNT.moved(0, 1)), "decay": str(YOU_DECAY.moved(0, 1)), "items": str(plan.items)} | (also or {})
    entries = {str(plan.ratings.first.moved(item, 0)): value for item, value in ratings.items()}
    found = office.recalculate(book.path, {"you": list(where.values())},
                               set={"you": entries | {str(YOU_DECAY): decay}} | (cells or {}))["you"]
    rows = {name: found[address] for name, address in where.items()}
    flat = {name: [row[0] for row in rows[name]] for name in ("average", "own", "predicted", "remarks", "items", *(also or ()))}
    return flat | {"best": [row for row in rows["best"] if row[0] != ""]} | {name: rows[name][0][0] for name in ("count", "says", "decay")}


def expected(book: Book, ratings: dict, decay: float | None = None) -> dict:
    """The same by Python: the newcomer's row, its predictions and its ten best."""
    features, base = seen_by(book.factors, "user")
    average = members(book.factors, "user")[(~np.isnan(book.table)).any(1)].mean(0)
    rated, values = list(ratings), np.array(list(ratings.values()), float)
    biases = book.factors.user_bias is not None
    scale = {"biases": biases, "spread": book.ratings.values.std()}
    ridge = newcomer_ridge(book.factors.n_factors, **scale) if decay is None \
        else decay_ridge(decay, len(rated), book.factors.n_factors, **scale)
    x = fold_in(features[rated], base[rated], values, typical=average, ridge=ridge)
    sums = predictions_for(x, features, base)
    low, high = book.ratings.values.min(), book.ratings.values.max()
    shown = np.clip(sums, low, high)
    best = [[n, book.headers[i], shown[i]] for n, i in enumerate(top_n(sums, 10, seen=rated), 1)]
    return {"average": average.tolist(), "own": x.tolist(), "predicted": shown.tolist(), "best": best}


def same(found: dict, wanted: dict) -> bool:
    def near(a, b):
        return a == b if isinstance(b, str) else a == pytest.approx(b, abs=1e-9)
    return all(len(found[name]) == len(wanted[name]) and all(map(near, found[name], wanted[name]))
               for name in ("average", "own", "predicted")) and len(found["best"]) == len(wanted["best"]) and all(
        near(a, b) for row, other in zip(found["best"], wanted["best"]) for a, b in zip(row, other, strict=True))


FEW, ONE = {0: 5.0, 3: 1.0, 7: 4.5}, {0: 5.0}


@pytest.mark.parametrize("name, decay, entries", [
    ("example", None, (ONE, FEW, {item: 1.0 + item % 9 / 2 for item in range(15)})), ("example", 0.05, (ONE, FEW)),
    ("large", None, (FEW,)), ("large", 0.05, (FEW,))])
def test_it_is_pythons_fold_in(request, office, name, decay, entries):
    book = request.getfixturevalue(f"{name}_book")
    for ratings in entries:
        found = typed(office, book, ratings, decay=decay)
        assert same(found, expected(book, ratings, decay)), ratings
        assert (found["count"], found["says"]) == (len(ratings), f"of {book.ratings.n_items} items.")
        assert found["items"] == book.headers and set(found["remarks"]) == {""}


def test_with_nothing_typed_it_is_the_average_user(example_book, office):
    book = example_book
    found = typed(office, book, {})
    assert same(found, expected(book, {})) and found["own"] == found["average"]
    assert found["says"] == "Nothing is rated: this is the average user." and len(found["best"]) == 10
    with open_workbook(book.path) as opened:   # and so says the file before any office saw it
        values = opened.grid("you").values
    assert [values[cell] for cell in plan_of(book).own.cells()] == pytest.approx(found["own"], abs=1e-9)
    assert values[COUNT] == 0 and values[BEST.moved(1, 1)] == found["best"][0][1]


@pytest.mark.parametrize("decay", [None, 0.1])
def test_of_an_exported_model_it_is_what_the_model_folds_in(films_book, office, decay):
    """Though the workbook holds 40 of its users, the average is that of all; the offset is in the biases."""
    book = films_book
    items, offset = book.ratings.items, book.model.factors_.offset
    ratings = {0: 5.0, 4: 4.5, 8: 2.0, 21: 0.5}
    newcomer = book.model.fold_in({items[i]: r for i, r in ratings.items()}, weight_decay=decay)
    found = typed(office, book, ratings, decay=decay)
    assert found["own"] == pytest.approx([*newcomer.factors, newcomer.bias + offset / 2], abs=1e-9)
    assert found["predicted"] == pytest.approx(newcomer.predict(items).tolist(), abs=1e-9)
    ours = newcomer.recommend(len(book.model.items_))
    ours, title = ours[ours["item"].isin(items)].head(10), dict(zip(items, book.headers))
    assert [row[1] for row in found["best"]] == [title[item] for item in ours["item"]]
    assert [row[2] for row in found["best"]] == pytest.approx(ours["prediction"].tolist(), abs=1e-9)


def test_after_a_fit_of_an_exported_workbook_the_average_is_that_of_its_users(films_book, office):
    book = films_book
    with open_workbook(book.path) as opened:
        name = next(n.refers_to for n in opened.names if n.name == result_name("bias", "rmse_after"))
    cell = name.rpartition("!")[2].replace("$", "")
    found = typed(office, book, {2: 4.0}, cells={"start": {cell: 0.8}})
    rows = [*members(book.factors.without_offset(), "user").mean(0)]
    assert found["average"] == pytest.approx(rows, abs=1e-9)


@pytest.mark.parametrize("entry, remark", [
    ("good", "'good' is no number: it does not count."), ("4,5", "'4,5' is no number: it does not count."),
    (6.0, "6 lies outside 1 to 5: it does not count."), (-3.5, "-3.5 lies outside 1 to 5: it does not count.")])
def test_what_is_no_rating_is_a_sentence_beside_it_and_does_not_count(example_book, office, entry, remark):
    book = example_book
    found = typed(office, book, {1: 4.0, 2: entry})
    assert same(found, expected(book, {1: 4.0})) and found["count"] == 1
    assert found["remarks"] == ["", "", remark] + [""] * 12


def test_the_range_is_that_of_the_sheet_recommend(example_book, office):
    found = typed(office, example_book, {2: 6.0}, cells={"recommend": {str(LOWEST): 0.0, str(HIGHEST): 10.0}})
    assert found["count"] == 1 and set(found["remarks"]) == {""}


@pytest.mark.parametrize("decay", ["much", -1.0, 0.0])
def test_a_weight_decay_that_is_none_is_a_sentence_and_the_usual_one_is_taken(example_book, office, decay):
    found = typed(office, example_book, {1: 4.0}, decay=decay)
    assert same(found, expected(example_book, {1: 4.0})) and found["decay"].startswith("That is no number above 0")


def test_a_regression_without_a_solution_is_the_average_user_and_a_sentence(tmp_path, office):
    """All ratings in the workbook are alike: their spread, and so the ridge of the factors, is 0."""
    book = built(tmp_path / "b.xlsx", Ratings.from_crosstab([[3.0, np.nan], [3.0, 3.0]], [1, 2], [1, 2]), n_factors=3)
    bare = {"bias": {str(cell): 0.0 for cell in book.layout.item_factors.range.cells()}}
    found = typed(office, book, {0: 3.0}, cells=bare)
    assert found["own"] == found["average"] and found["says"].startswith("The regression has no solution")


@pytest.mark.parametrize("users, items, factors", [(1, 2, 1), (4, 1, 1), (3, 3, 7)])
def test_one_factor_one_user_one_item_more_factors_than_items(tmp_path, office, users, items, factors):
    table = np.full((users, items), np.nan)
    table[:, 0] = 3.0
    table[0, -1] = 4.0
    if items == 1:
        table[-1, 0] = 2.0
    book = built(tmp_path / "b.xlsx", Ratings.from_crosstab(table, range(users), range(items)), n_factors=factors)
    for ratings in ({}, {0: 3.5}, dict.fromkeys(range(items), 3.0)):
        found = typed(office, book, ratings)
        assert same(found, expected(book, ratings))
    assert found["best"] == []      # everything is rated


def test_a_user_who_rated_nothing_is_left_out_of_the_average(example_book, office):
    book = example_book
    row = {str(book.layout.ratings.first.moved(4, col)): None for col in range(15)}
    found = typed(office, book, {}, cells={"bias": row})
    assert found["average"] == pytest.approx(np.delete(members(book.factors, "user"), 4, 0).mean(0).tolist(), abs=1e-9)


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_of_an_exported_model_without_biases_and_of_a_bounded_one(tmp_path, office, model):
    ratings = ratings_of()
    part = busiest(ratings, users=9, items=14)
    book = exported(tmp_path / f"{model}.xlsx", fitted(ratings, model), part)
    newcomer = book.model.fold_in({part.items[1]: 4.0, part.items[5]: 2.0})
    found = typed(office, book, {1: 4.0, 5: 2.0})
    # a model whose factors do not help is one of biases, whatever was asked for
    bias = [newcomer.bias + book.model.factors_.offset / 2] if book.model.factors_.user_bias is not None else []
    assert found["own"] == pytest.approx([*newcomer.factors, *bias], abs=1e-9)
    assert found["predicted"] == pytest.approx(newcomer.predict(part.items).tolist(), abs=1e-9)


def test_of_a_model_that_learnt_from_sets_it_counts_that_an_item_is_rated_at_all(tmp_path, office):
    ratings = ratings_of()
    model = CollabFilter(4, effort="best", epochs=6).fit(ratings)
    model.save(tmp_path / "model")
    model = CollabFilter.load(tmp_path / "model")
    part = busiest(ratings, users=9, items=14)
    book = exported(tmp_path / "sets.xlsx", model, part)
    typical = np.append(model.fold_in({}).factors, model.fold_in({}).bias)
    plan = dataclasses.replace(plan_of(book), sets=True)
    for given in ({}, {1: 4.0}, {1: 4.0, 5: 2.0, 13: 3.5}):
        newcomer = model.fold_in({part.items[n]: value for n, value in given.items()})
        found = typed(office, book, given, also={"expected": str(plan.expected)})
        assert found["own"] == pytest.approx([*newcomer.factors, newcomer.bias + model.factors_.offset / 2], abs=1e-9)
        assert found["predicted"] == pytest.approx(newcomer.predict(part.items).tolist(), abs=1e-9)
        # the columns of the set, as the sampler has them, times n / (n + 10)
        sets, n = model.set_vectors_["user"], len(given)
        vectors = dict(zip(sets.members.tolist(), sets.vectors))
        known = [vectors.get(model.items_.index(part.items[at]), 0 * sets.always) for at in given]
        moved = n / (n + 10) * (sets.always + sum(known) / max(n, 1) ** 0.5) if n else 0 * sets.always
        assert found["expected"] == pytest.approx([*(typical + moved)[:-1], (typical + moved)[-1] + model.factors_.offset / 2], abs=1e-9)
        assert found["average"] == pytest.approx([*typical[:-1], typical[-1] + model.factors_.offset / 2], abs=1e-9)
    assert np.abs(moved).max() > 0.001


def test_typed_into_an_open_workbook_it_follows_at_once(calc, example_book, tmp_path):
    """In a live LibreOffice: nobody fits, saves or asks for a recalculation."""
    plan = plan_of(example_book)
    path = tmp_path / "live.xlsx"
    path.write_bytes(example_book.path.read_bytes())
    xlwings.engines["libreoffice"].activate()
    book = calc.books.open(str(path))
    try:
        sheet = book.sheets["you"]
        for entries in ({2: 5.0}, {2: 5.0, 9: 1.0}, {2: 5.0, 9: 1.0, 10: 3.5}):
            for item, value in entries.items():
                sheet.range(str(plan.ratings.first.moved(item, 0))).value = value
            wanted = expected(example_book, entries)
            assert sheet.range(str(plan.own)).value == pytest.approx(wanted["own"], abs=1e-9)
            titles = sheet.range(f"{BEST.moved(1, 1)}:{BEST.moved(10, 1)}").value
            assert titles == [row[1] for row in wanted["best"]]
    finally:
        book.close()
