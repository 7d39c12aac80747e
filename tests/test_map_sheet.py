"""The sheet `map`: the ends of the components and the dots of the chart, as Python has them."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from planted import planted
from view_checks import check_map

from pyxl import fit_workbook, open_workbook
from pyxl.grid.cells import Range
from pyxl.grid.sheet_names import area_named
from solver import principal_components, random_factors
from workbook.builder import build_with
from workbook.views.map_sheet import MOST_ENDS, MOST_LABELS, MapPlan
from workbook.views.on_the_map.map_trails import POSITIONS
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
    assert re.findall(r"<c:tx><c:strRef><c:f>map!\$\w+\$(\d+)</c:f>", chart) [:12] == 2 * [str(cell.row) for cell in column.cells()]
    assert re.findall(r"<c:tx><c:strRef>.*?<c:v>(.*?)</c:v>", chart) == 2 * list(content.items) + 2 * list(content.users)


def test_people_and_the_way_of_each_item_in_the_last_fit(tmp_path, office):
    """Where a cell asks for people they stand in the direction of their tastes; a way that does not end at its dot is not drawn."""
    ratings, path = planted(8, 6, blanks=0.2), tmp_path / "b.xlsx"
    layout, _ = built(path, ratings, random_factors(ratings, model="dot+bias", n_factors=3, seed=2), 3)
    factors = fit_workbook(path, out=path, options={"epochs": 300, "weight_decay": 0.05})["bias"].factors
    with open_workbook(path) as book:
        items = [int(row[0]) - 1 for row in book.grid("map").block(area_named(book, "map_trail_items")[1])]
        raw = area_named(book, "bias_trails")[1]
    found = principal_components(factors.item.numpy(), among=np.bincount(ratings.item_index, minlength=6) > 0)
    drawn = raw.moved(0, 2)
    people = Range(raw.top, drawn.right + 2, raw.top + 7, drawn.right + 7)
    asked = {"map": [str(raw), str(drawn), str(people)]}
    live = office.recalculate(path, asked, set={"map": {"B4": "yes"}})["map"]
    ways = np.array([row if isinstance(row[0], float) else [np.nan] * 2 for row in live[str(raw)]] + [[np.nan] * 2]).reshape(6, POSITIONS + 1, 2)
    np.testing.assert_allclose(ways[:, POSITIONS - 1], found.scores[items], rtol=0, atol=1e-9)
    assert np.isfinite(ways[:, :POSITIONS]).all() and np.isnan(ways[:, POSITIONS]).all() and np.abs(ways[:, 0] - ways[:, POSITIONS - 1]).max() > 0.1
    assert [row for row in live[str(drawn)] if isinstance(row[1], float)] == [row for row in live[str(raw)] if isinstance(row[1], float)]
    along = factors.user.numpy() @ found.loadings
    scale = np.abs(found.scores).max() / np.abs(along).max()
    for number, _, *places in live[str(people)]:
        assert places == pytest.approx([*along[int(number) - 1], *(along[int(number) - 1] * scale)], abs=1e-9)
    moved = office.recalculate(path, asked, set={"bias": {str(layout.item_factors.range.first): 9.0}})["map"]
    shown = [row for row in moved[str(drawn)] if isinstance(row[0], float)]
    assert shown and all(row == [0.0, None] for row in shown)      # between the ways, and a chart sees numbers
    assert {tuple(map(str, row[4:])) for row in moved[str(people)]} == {("0.0", "#N/A")}


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
