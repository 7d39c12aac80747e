"""The sheet `map`: the ends of the components and the dots of the chart, as Python has them."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pytest
from planted import planted
from test_members_sheet import factors_in

from pyxl import open_workbook
from pyxl.grid.cells import ErrorValue, Range
from solver import principal_components, random_factors
from workbook.builder import build_with
from workbook.views.map_sheet import MOST_ENDS, MOST_LABELS, MapPlan
from workbook.write.content import Content, content_of


def check(path, layout, content: Content, office) -> MapPlan:
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


def built(path, ratings, factors, n_factors):
    content = content_of(ratings, titles=None, n_factors=n_factors, seed=0, bounds=None)
    return build_with(content, path, parameters={"dot+bias": factors})["bias"], content


@pytest.mark.parametrize("users, items, k", [(9, 7, 1), (6, 4, 8), (3, 1, 2), (20, 45, 3)])
def test_one_factor_many_factors_few_items_and_many(tmp_path, office, users, items, k):
    ratings = planted(users, items, blanks=0.0 if items < 45 else 0.5)
    layout, content = built(tmp_path / "b.xlsx", ratings, random_factors(ratings, model="dot+bias", n_factors=k, seed=2), k)
    plan = check(tmp_path / "b.xlsx", layout, content, office)
    assert (plan.labelled, plan.ends) == (min(items, MOST_LABELS), min(items, MOST_ENDS))


def test_equals_at_an_end_and_items_that_nobody_rated(tmp_path, office):
    ratings = planted(7, 8, blanks=0.0)
    ratings = ratings.take(ratings.item_index != 2)
    factors = random_factors(ratings, model="dot+bias", n_factors=3, seed=4)
    factors.item[4] = factors.item[1] = 3 * factors.item[1]
    layout, content = built(tmp_path / "b.xlsx", ratings, factors, 3)
    plan = check(tmp_path / "b.xlsx", layout, content, office)
    with open_workbook(tmp_path / "b.xlsx") as book:
        ends = book.grid("map").block(plan.upper(0)) + book.grid("map").block(plan.lower(0))
    assert "item 1" in [name for name, _ in ends] and "item 2" not in [name for name, _ in ends]


def test_every_named_dot_takes_its_label_from_a_cell(tmp_path):
    """The cells are live, and what the file keeps of them meanwhile are the titles."""
    ratings = planted(5, 6, blanks=0.0)
    layout, content = built(tmp_path / "b.xlsx", ratings, random_factors(ratings, model="dot+bias", n_factors=2, seed=2), 2)
    with zipfile.ZipFile(tmp_path / "b.xlsx") as package:
        charts = [package.read(name).decode() for name in package.namelist() if re.match(r"xl/charts/chart\d+\.xml", name)]
    [chart] = [text for text in charts if "<c:showSerName" in text]
    column = MapPlan(6, 2).dots("name")
    assert re.findall(r"<c:tx><c:strRef><c:f>map!\$\w+\$(\d+)</c:f>", chart) == [str(cell.row) for cell in column.cells()]
    assert re.findall(r"<c:tx><c:strRef>.*?<c:v>(.*?)</c:v>", chart) == list(content.items)
