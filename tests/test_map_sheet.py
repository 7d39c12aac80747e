"""The sheet `map`: the ends of the components and the dots of the chart, as Python has them."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace

import pytest
from planted import planted
from view_checks import check_map

from pyxl import open_workbook
from pyxl.grid.cells import Range
from solver import random_factors
from workbook.builder import build_with
from workbook.views.map_sheet import MOST_ENDS, MOST_LABELS, MapPlan
from workbook.write.content import content_of


def built(path, ratings, factors, n_factors):
    content = content_of(ratings, titles=None, n_factors=n_factors, seed=0, bounds=None)
    return build_with(content, path, parameters={"dot+bias": factors})["bias"], content


@pytest.mark.parametrize("users, items, k", [(9, 7, 1), (6, 4, 8), (3, 1, 2), (20, 45, 3)])
def test_one_factor_many_factors_few_items_and_many(tmp_path, office, users, items, k):
    ratings = planted(users, items, blanks=0.0 if items < 45 else 0.5)
    layout, content = built(tmp_path / "b.xlsx", ratings, random_factors(ratings, model="dot+bias", n_factors=k, seed=2), k)
    plan = check_map(tmp_path / "b.xlsx", layout, content, office)
    assert (plan.labelled, plan.ends) == (min(items, MOST_LABELS), min(items, MOST_ENDS))


def test_equals_at_an_end_and_items_that_nobody_rated(tmp_path, office):
    ratings = planted(7, 8, blanks=0.0)
    ratings = ratings.take(ratings.item_index != 2)
    factors = random_factors(ratings, model="dot+bias", n_factors=3, seed=4)
    factors.item[4] = factors.item[1] = 3 * factors.item[1]
    layout, content = built(tmp_path / "b.xlsx", ratings, factors, 3)
    plan = check_map(tmp_path / "b.xlsx", layout, content, office)
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
    assert re.findall(r"<c:tx><c:strRef><c:f>map!\$\w+\$(\d+)</c:f>", chart) == 2 * [str(cell.row) for cell in column.cells()]
    assert re.findall(r"<c:tx><c:strRef>.*?<c:v>(.*?)</c:v>", chart) == 2 * list(content.items)


def test_no_label_covers_another(tmp_path, office):
    """Each stands at one side of its dot, or nowhere where both are taken; items with more ratings choose first. A long name has two
    lines."""
    ratings, path = planted(12, 30, blanks=0.4), tmp_path / "b.xlsx"
    ratings = replace(ratings, items=tuple(f"{name}, {'a long title ' * 3}" if n % 2 else name for n, name in enumerate(ratings.items)))
    layout, content = built(path, ratings, random_factors(ratings, model="dot+bias", n_factors=2, seed=2), 2)
    plan = MapPlan(30, 2)
    columns = ("name", "component 1", "component 2", "side", "from", "to", "at its right", "at its left")
    where = {which: str(plan.dots(which)) for which in columns} | {"size": str(Range.around(plan.label_size))}
    live = office.recalculate(path, {"map": list(where.values())})["map"]
    with open_workbook(path) as book:
        stored = {which: [cell for row in book.grid("map").block(Range.parse(area)) for cell in row] for which, area in where.items()}
    found = {which: [cell for row in live[area] for cell in row] for which, area in where.items()}
    assert [[x if isinstance(x, float) else str(x) for x in found[which]] for which in where] == [
        pytest.approx([x if isinstance(x, float) else str(x) for x in stored[which]], abs=1e-9) for which in where]
    boxes = [(a, b, y, found["size"][1] * (1 + (len(name) > 35)))
             for name, a, b, y, side in zip(*(found[which] for which in ("name", "from", "to", "component 2", "side"))) if side]
    assert not [(one, two) for n, one in enumerate(boxes) for two in boxes[:n]
                if abs(one[2] - two[2]) <= (one[3] + two[3]) / 2 and one[0] < two[1] and two[0] < one[1]]
    assert {len(name) > 35 for name, side in zip(found["name"], found["side"]) if side} == {True, False}
    assert {1.0, 2.0} <= set(found["side"]) and found["side"][0]
    for side, column in ((1, "at its right"), (2, "at its left")):
        assert [isinstance(y, float) for y in found[column]] == [place == side for place in found["side"]]
