"""The sheets `items`, `users` and `map` of a workbook, held against what Python computes from the same parameters."""

from __future__ import annotations

import numpy as np

from pyxl import open_workbook
from pyxl.grid.cells import ErrorValue, Range
from solver import Factors, Ratings, predict_table, principal_components
from solver.collab.answers.recommend import similar
from workbook.views.map_sheet import MapPlan
from workbook.views.members.members_plan import members_plan
from workbook.write.content import Content

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
        near, cosines = similar(rows, place, 5 if known else 0, rated=counts > 0, among=counts > 0)
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


def check_members(path, layout, ratings: Ratings, office, *, items: list | None = None) -> None:
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


def check_map(path, layout, content: Content, office) -> MapPlan:
    """All that stands on the sheet, as LibreOffice recalculates it and as we stored it, against Python."""
    factors = factors_in(path, layout)
    plan = MapPlan(len(content.items), factors.n_factors)
    counts = np.bincount(content.ratings.item_index, minlength=plan.n)
    found = principal_components(factors.item.numpy(), among=counts > 0)
    order = np.argsort(-counts, kind="stable")
    scores = np.where((counts > 0)[:, None], found.scores, np.nan)
    wanted = {str(plan.dots("name")): [[content.items[i]] for i in order]}
    for component in (0, 1):
        wanted[str(plan.share(component))] = [[found.shares[component]]]
        wanted[str(plan.dots(f"component {component + 1}"))] = [["#N/A" if np.isnan(x) else x] for x in scores[order, component]]
        wanted[str(plan.loadings(component))] = [[f"factor {n}", x] for n, x in enumerate(found.loadings[:, component], 1)]
        rated, column = np.flatnonzero(counts), scores[:, component]
        for block, sign in ((plan.upper(component), -1), (plan.lower(component), 1)):
            first = rated[np.argsort(sign * column[rated], kind="stable")][:plan.ends] if found.shares[component] else []
            wanted[str(block)] = [[content.items[i], column[i]] for i in first] + [["", ""]] * (plan.ends - len(first))
    recalculated = office.recalculate(path, {"map": list(wanted)})["map"]
    with open_workbook(path) as book:
        stored = {where: book.grid("map").block(Range.parse(where)) for where in wanted}
    for told in (recalculated, stored):
        for where, rows in wanted.items():
            plain = [[str(x) if isinstance(x, ErrorValue) else x for x in row] for row in told[where]]
            assert [[isinstance(x, str) and x for x in row] for row in plain] == [[isinstance(x, str) and x for x in row] for row in rows]
            np.testing.assert_allclose([x for row in plain for x in row if not isinstance(x, str)],
                                       [x for row in rows for x in row if not isinstance(x, str)], rtol=0, atol=1e-9)
    return plan
