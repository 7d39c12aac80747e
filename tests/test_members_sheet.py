"""The sheets `items` and `users`: LibreOffice's numbers are Python's, and odd cases have an answer.

The example, films with titles and 300 × 200 are in `test_check_sheet`, which looks at the same workbooks.
"""

from __future__ import annotations

import pytest
from planted import planted
from told_notes import beyond_the_decay
from view_checks import assert_alike, check_members, expected, factors_in

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.detect.detect import detect
from pyxl.detect.model_sheet import NoModel
from pyxl.grid.parameters import parameter_cells
from solver import random_factors
from workbook.builder import build_with
from workbook.views.members.members_plan import members_plan
from workbook.write.content import content_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("members")


@pytest.mark.parametrize("users, items, k", [(9, 7, 1), (6, 4, 8), (3, 1, 2), (1, 2, 1), (5, 6, 2)])
def test_one_factor_many_factors_and_few_members(folder, office, users, items, k):
    ratings = planted(users, items, blanks=0.0)
    path = folder / f"{users}x{items}x{k}.xlsx"
    layouts = workbook.build(ratings, path, n_factors=k)
    check_members(path, layouts["bias"], ratings, office)


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_of_other_models(folder, office, model):
    """Without biases the mean prediction ranks; the sheets say so."""
    ratings = planted(8, 6)
    content = content_of(ratings, titles=None, n_factors=2, seed=0, bounds=None)
    low, high = content.bounds
    factors = random_factors(ratings, model=model, n_factors=2, seed=1, low=low, high=high)
    path = folder / f"{model}.xlsx"
    layouts = build_with(content, path, parameters={model: factors})
    check_members(path, next(iter(layouts.values())), ratings, office)
    with open_workbook(path) as book:
        said = book.grid("items").values
    assert ("no biases" if model == "dot" else "inside the sigmoid") in said[(2, 1)]


def test_ties_and_those_whom_nobody_rated(folder, office):
    """Equals stand in the sheet's order, and so do equal neighbours; who is unrated comes last, with no numbers."""
    ratings = planted(7, 8, blanks=0.0)
    ratings = ratings.take((ratings.item_index != 2) & (ratings.item_index != 5))
    content = content_of(ratings, titles=None, n_factors=3, seed=0, bounds=None)
    factors = random_factors(ratings, model="dot+bias", n_factors=3, seed=4)
    factors.item[4], factors.item_bias[4] = factors.item[1], factors.item_bias[1]      # two films alike,
    factors.item[7], factors.item_bias[6] = factors.item[1], factors.item_bias[1]      # a third but for its bias
    factors.item[3] = factors.item[[0, 1, 4, 6, 7]].mean(0)                            # and one at the mean, in no direction
    layouts = build_with(content, folder / "ties.xlsx", parameters={"dot+bias": factors})
    check_members(folder / "ties.xlsx", layouts["bias"], ratings, office)
    plan = members_plan(8, 3)
    with open_workbook(folder / "ties.xlsx") as book:
        table = book.grid("items").block(plan.printed)[6:]
    assert [row[1] for row in table[-2:]] == ["item 2", "item 5"] and table[-1][2:3] + table[-1][4:] == [""] * 14
    of_first = next(row for row in table if row[1] == "item 1")
    assert [of_first[7], of_first[9]] == ["item 4", "item 7"]
    assert next(row for row in table if row[1] == "item 3")[7:] == [""] * 10


def test_all_alike_have_no_components(folder, office):
    ratings = planted(5, 4, blanks=0.0)
    content = content_of(ratings, titles=None, n_factors=2, seed=0, bounds=None)
    factors = random_factors(ratings, model="dot+bias", n_factors=2, seed=4)
    factors.item[:] = factors.item[0].clone()
    layouts = build_with(content, folder / "alike.xlsx", parameters={"dot+bias": factors})
    check_members(folder / "alike.xlsx", layouts["bias"], ratings, office)


def test_nothing_is_fitted_on_them(folder):
    layouts = workbook.build(planted(6, 5), folder / "views.xlsx")
    with open_workbook(folder / "views.xlsx") as book:
        for sheet in ("items", "users"):
            with pytest.raises(NoModel, match="shows what a model sheet holds"):
                detect(book, sheet)
    results = fit_workbook(folder / "views.xlsx", options={"epochs": 3, "weight_decay": 0.01})
    assert results.keys() == layouts.keys() and not any(beyond_the_decay(result.notes) for result in results.values())


def test_a_typed_factor_is_followed(folder, office):
    """A factor typed by hand changes places, components and neighbours, as Python says."""
    ratings = planted(6, 5, blanks=0.0)
    layout = workbook.build(ratings, folder / "typed.xlsx", n_factors=2)["bias"]
    factors = factors_in(folder / "typed.xlsx", layout)
    factors.item_bias[3], factors.item[3] = 9.0, -factors.item[3]
    cells = {str(cell): value for cell, value in parameter_cells(layout, factors).items()}
    plan = members_plan(5, 2)
    found = office.recalculate(folder / "typed.xlsx", {"items": [str(plan.printed)]}, set={"bias": cells})["items"]
    assert_alike(found[str(plan.printed)][6:], expected(ratings, factors, list(ratings.items), "items"))
    assert found[str(plan.printed)][6][1] == "item 3"
