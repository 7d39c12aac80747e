"""A rating is typed in one place, the sheet `ratings`, and stands on every sheet that shows it."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.grid.cells import Cell, Range
from pyxl.hosts.refresh_results import refreshed
from solver import Ratings, UserError
from workbook.data_sheets.ratings_sheet import SourcePlan
from workbook.model_sheets import crosstab_sheet

SHEETS = ("dotprod", "bias", "bounded")


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """(path, layouts, plan of the source, ratings) of a small workbook with ratings held out."""
    ratings, titles = workbook.example()
    part = ratings.top(users=9, items=8)
    path = tmp_path_factory.mktemp("source") / "book.xlsx"
    return path, workbook.build(part, path, n_factors=2, titles=titles, holdout=0.1), SourcePlan(9, 8), part


def edited(path, out, cells: dict[str, object]):
    """A copy in which somebody typed on the sheet `ratings`."""
    with open_workbook(path) as book:
        book.save({"ratings": {Cell.parse(cell): value for cell, value in cells.items()}}, out=out, overwrite=True)
    return out


def test_what_is_typed_at_the_source_stands_on_all_sheets(example, calc):
    """In a live LibreOffice: a rating is changed, cleared and held out; the rows of the source are sorted."""
    path, layouts, plan, _ = example
    book = calc.books.open(str(path))
    try:
        source, first = book.sheets["ratings"], plan.ratings.first
        for typed, shown in ((1.5, 1.5), (None, None), ("2.5?", None), (3.0, 3.0)):
            source.range(tuple(first)).value = typed
            for sheet in SHEETS:
                assert book.sheets[sheet].range(tuple(layouts[sheet].ratings.first)).value in (shown, shown or "")
            listed = {tuple(row) for row in book.sheets["embedding"].range("F3:H80").value if row[0] not in (None, "")}
            user, item = (book.sheets["bias"].range(tuple(cell)).value for cell in (Cell(2, 4), Cell(1, 5)))
            assert ((user, item, shown) in listed) == (shown is not None)
        wanted = [[book.sheets[sheet].range(tuple(cell)).value for cell in layouts[sheet].ratings.cells()] for sheet in SHEETS]
        rows = Range(plan.ratings.top, 1, plan.ratings.top + 8, 9)
        turned = source.range((rows.top, rows.left), (rows.bottom, rows.right)).value[::-1]
        source.range((rows.top, rows.left), (rows.bottom, rows.right)).value = turned
        assert wanted == [[book.sheets[sheet].range(tuple(cell)).value for cell in layouts[sheet].ratings.cells()] for sheet in SHEETS]
    finally:
        book.close()


def test_a_large_list_of_pairs_follows_and_says_what_it_lacks(tmp_path, office):
    """51 × 50: tables are array formulas, and `embedding` lists typed pairs."""
    rng = np.random.default_rng(0)
    table = np.where(rng.random((51, 50)) < 0.2, rng.integers(1, 11, (51, 50)) / 2, np.nan)
    table[0, :2] = 1.0, np.nan
    table[:, 0][np.isnan(table[:, 0])] = 2.0
    path, plan = tmp_path / "book.xlsx", SourcePlan(51, 50)
    layouts = workbook.build(Ratings.from_crosstab(table, range(1, 52), [f"film {n}" for n in range(50)]), path, n_factors=2)
    first, blank = plan.ratings.first, plan.ratings.first.moved(0, 1)
    warning = layouts["embedding"].rmse.moved(1, 0)
    typed = {str(first): 4.5, str(blank): 3.0}
    live = office.recalculate(path, {sheet: [str(layout.ratings.first)] for sheet, layout in layouts.items()} | {"embedding": [
        str(layouts["embedding"].ratings.first), str(warning)]}, set={"ratings": typed})
    assert {sheet: live[sheet][str(layout.ratings.first)] for sheet, layout in layouts.items()} == dict.fromkeys(layouts, [[4.5]])
    assert live["embedding"][str(warning)] == [["Ratings typed since the last update are not listed here: 1. Update lists them."]]
    results = fit_workbook(edited(path, tmp_path / "typed.xlsx", typed), sheets=["bias", "embedding"], options={"epochs": 3})
    assert any(f"ratings!{blank}: 1 rating that embedding does not list" in note for note in results["embedding"].notes)
    assert not any(str(blank) in note for note in results["bias"].notes)


@pytest.mark.parametrize("change", ["as it is", "users sorted", "items sorted", "a user less", "the last user less"])
def test_a_large_table_follows_the_labels_wherever_they_stand(tmp_path, monkeypatch, office, change):
    """One formula, which takes the source's cells as they stand while labels are in the same order, and else looks them up."""
    monkeypatch.setattr(crosstab_sheet, "MOST_FORMULAS", 20)
    rng, (n, m) = np.random.default_rng(1), (7, 6)
    table = np.where(rng.random((n, m)) < 0.6, rng.integers(1, 11, (n, m)) / 2, np.nan)
    path, plan = tmp_path / "book.xlsx", SourcePlan(n, m)
    users, items = [f"user {number}" for number in range(n)], list(range(1, m + 1))
    layout = workbook.build(Ratings.from_crosstab(table, users, items), path, n_factors=1)["dotprod"]
    down = {"users sorted": [*reversed(range(n))], "a user less": [0, 1, *range(3, n)], "the last user less": [*range(n - 1)]}.get(change, [*range(n)])
    across = [*reversed(range(m))] if change == "items sorted" else [*range(m)]
    corner = plan.ratings.first.moved(-1, -1)
    typed = {corner.moved(0, col): items[item] for col, item in enumerate(across, 1)}
    typed |= {corner.moved(row, col): None for row in range(1, n + 1) for col in range(m + 1)}
    for row, user in enumerate(down, 1):
        typed[corner.moved(row, 0)] = users[user]
        typed |= {corner.moved(row, col): float(table[user, item]) for col, item in enumerate(across, 1) if not np.isnan(table[user, item])}
    wanted, where = table.copy(), str(layout.ratings)
    wanted[sorted(set(range(n)) - set(down))] = np.nan
    with open_workbook(path) as book:
        results, _ = refreshed(book, {"ratings": typed})
        book.save({**results, "ratings": typed})
    with open_workbook(path) as book:
        ours = book.grid("dotprod").block(layout.ratings)
    for told in (ours, office.recalculate(path, {"dotprod": [where]})["dotprod"][where]):
        np.testing.assert_array_equal([[np.nan if cell in ("", None) else cell for cell in row] for row in told], wanted)


def test_the_source_alone_holds_ratings(example):
    path, layouts, *_ = example
    with open_workbook(path) as book:
        for sheet, layout in layouts.items():
            assert all(book.grid(sheet).owner(cell) for cell in layout.ratings.cells())


def test_validation_refuses_what_is_no_rating(example):
    rules = openpyxl.load_workbook(example[0])["ratings"].data_validations.dataValidation
    assert len(rules) == 1 and rules[0].type == "custom" and rules[0].errorStyle in (None, "stop")
    assert "source_low" in rules[0].formula1 and "source_high" in rules[0].formula1


@pytest.mark.parametrize("cells, sentence", [
    ({"B8": 55.0}, "ratings!B8 is 55; ratings here run from 0.5 to 5"),
    ({"B8": "good"}, "ratings!B8 holds 'good', not a rating"),
    ({"B18": 3.0}, "ratings!B18 is a rating of no user"),
    ({"A8": None}, "is a rating of no user"),
    ({"A200": "Ann"}, "ratings!A200 lies outside"),
])
def test_a_source_that_makes_no_sense_is_refused(example, tmp_path, cells, sentence):
    with pytest.raises(UserError, match=sentence):
        fit_workbook(edited(example[0], tmp_path / "odd.xlsx", cells), sheets=["bias"])


def test_a_label_that_comes_twice_is_refused(example, tmp_path):
    users = example[3].users
    with pytest.raises(UserError, match="ratings!A9 repeats the user of A8"):
        fit_workbook(edited(example[0], tmp_path / "odd.xlsx", {"A9": float(users[0])}), sheets=["bias"])


def test_ratings_of_somebody_new_are_not_dropped_without_a_word(example, tmp_path):
    typed = edited(example[0], tmp_path / "new.xlsx", {"A17": "Ann", "B17": 4.0, "C17": 2.0})
    notes = fit_workbook(typed, sheets=["bias"])["bias"].notes
    assert any("ratings!B17: 2 ratings of users or items that bias does not have" in note for note in notes)


def test_a_rating_typed_over_a_formula_is_refused(example, tmp_path):
    path, layouts, *_ = example
    book = openpyxl.load_workbook(path)
    book["bias"][str(layouts["bias"].ratings.first)] = 4.0
    book.save(tmp_path / "over.xlsx")
    with pytest.raises(UserError, match="is no formula any more"):
        fit_workbook(tmp_path / "over.xlsx", sheets=["bias"])
