"""The sheets `items` and `users`: LibreOffice's numbers are Python's, and odd cases have an answer.

The example, films with titles and 300 × 200 are in `test_check_sheet`, which looks at the same workbooks.
"""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.detect.detect import NoModel, detect
from pyxl.grid.parameters import parameter_cells
from solver import Factors, Ratings, predict_table, principal_components, random_factors
from solver.collab.recommend import similar
from workbook.builder import build_with
from workbook.views.members_plan import members_plan
from workbook.write.content import content_of

LINE = {"items": "item", "users": "user"}


def factors_in(path, layout) -> Factors:
    """The parameters that stand on a model sheet."""
    import torch
    with open_workbook(path) as book:
        values = book.grid(layout.sheet).values

    def block(role):
        where = getattr(layout, role)
        return where and torch.tensor([[values[cell] for cell in row] for row in where.cells()], dtype=torch.float64)
    biases = [block(f"{side}_bias") for side in ("user", "item")]
    return Factors(block("user_factors"), block("item_factors"), *(bias if bias is None else bias[:, 0] for bias in biases))


def expected(ratings: Ratings, factors: Factors, labels: list, side: str) -> list[list]:
    """The ranking row by row: rank, name, score, ratings, mean, two components, neighbours and their cosines."""
    one = LINE[side]
    index = getattr(ratings, f"{one}_index")
    counts = np.bincount(index, minlength=len(labels))
    sums = np.bincount(index, ratings.values, minlength=len(labels))
    rows, bias = getattr(factors, one).numpy(), getattr(factors, f"{one}_bias")
    scores = predict_table(factors).numpy().mean(0 if one == "item" else 1) if bias is None else bias.numpy()
    found = principal_components(rows, among=counts > 0)
    order = np.lexsort((-np.where(counts, scores, 0), counts == 0))
    table = []
    for rank, place in enumerate(order, 1):
        known = counts[place] > 0
        near, cosines = similar(rows, place, 5 if known else 0, among=counts > 0)
        pairs = [x for n, c in zip(near, cosines) for x in (labels[n], c)]
        row = [rank, labels[place], scores[place] if known else "", counts[place],
               sums[place] / counts[place] if known else "", *(found.scores[place] if known else ("", ""))]
        table.append(row + pairs + [""] * (2 * min(5, len(labels) - 1) - len(pairs)))
    return table


def assert_alike(found: list[list], wanted: list[list]) -> None:
    assert [[x if isinstance(x, str) else None for x in row] for row in found] == \
        [[x if isinstance(x, str) else None for x in row] for row in wanted]

    def numbers(table):
        return np.array([[np.nan if isinstance(x, str) else x for x in row] for row in table], float)
    np.testing.assert_allclose(numbers(found), numbers(wanted), rtol=0, atol=1e-9)


def check(path, layout, ratings: Ratings, office, *, items: list | None = None) -> None:
    """Both sheets, as LibreOffice recalculates them and as we stored them, against Python."""
    factors = factors_in(path, layout)
    labels = {"items": items or list(ratings.items), "users": list(ratings.users)}
    plans = {side: members_plan(len(labels[side]), factors.n_factors) for side in LINE}
    where = {side: [str(plan.printed), str(plan.loadings), str(plan.shares)] for side, plan in plans.items()}
    recalculated = office.recalculate(path, where)
    with open_workbook(path) as book:
        stored = {side: {a: book.grid(side).block(plan) for a, plan in zip(where[side], (
            plans[side].printed, plans[side].loadings, plans[side].shares))} for side in LINE}
    for side, (printed, loadings, shares) in where.items():
        wanted = expected(ratings, factors, labels[side], side)
        index = getattr(ratings, f"{LINE[side]}_index")
        components = principal_components(getattr(factors, LINE[side]).numpy(), among=np.bincount(
            index, minlength=len(labels[side])) > 0)
        for told in (recalculated[side], stored[side]):
            assert_alike(told[printed][6:], wanted)
            np.testing.assert_allclose(np.array(told[loadings], float), components.loadings, rtol=0, atol=1e-9)
            np.testing.assert_allclose(np.array(told[shares], float)[0], components.shares, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("members")


@pytest.mark.parametrize("users, items, k", [(9, 7, 1), (6, 4, 8), (3, 1, 2), (1, 2, 1), (5, 6, 2)])
def test_one_factor_many_factors_and_few_members(folder, office, users, items, k):
    ratings = planted(users, items, blanks=0.0)
    path = folder / f"{users}x{items}x{k}.xlsx"
    layouts = workbook.build(ratings, path, n_factors=k)
    check(path, layouts["bias"], ratings, office)


@pytest.mark.parametrize("model", ["dot", "bounded"])
def test_of_other_models(folder, office, model):
    """Without biases the mean prediction ranks; the sheets say so."""
    ratings = planted(8, 6)
    content = content_of(ratings, titles=None, n_factors=2, seed=0, bounds=None)
    low, high = content.bounds
    factors = random_factors(ratings, model=model, n_factors=2, seed=1, low=low, high=high)
    path = folder / f"{model}.xlsx"
    layouts = build_with(content, path, parameters={model: factors})
    check(path, next(iter(layouts.values())), ratings, office)
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
    factors.item[3] = 0                                                                # and one that points nowhere
    layouts = build_with(content, folder / "ties.xlsx", parameters={"dot+bias": factors})
    check(folder / "ties.xlsx", layouts["bias"], ratings, office)
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
    check(folder / "alike.xlsx", layouts["bias"], ratings, office)


def test_nothing_is_fitted_on_them(folder):
    layouts = workbook.build(planted(6, 5), folder / "views.xlsx")
    with open_workbook(folder / "views.xlsx") as book:
        for sheet in LINE:
            with pytest.raises(NoModel, match="shows what a model sheet holds"):
                detect(book, sheet)
    results = fit_workbook(folder / "views.xlsx", options={"epochs": 3})
    assert results.keys() == layouts.keys() and not any(result.notes for result in results.values())


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
