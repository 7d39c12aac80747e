"""The landscape of an error over two cells: its heights are the sheet's own, and the way is that of the last fit."""

from __future__ import annotations

import json

import numpy as np
import openpyxl
import pytest
from planted import random_ratings

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.fit.landscape import landscape
from solver import UserError
from solver.judging.plots import contours
from workbook.examples import write_examples


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("landscape") / "book.xlsx"
    layouts = workbook.build(random_ratings(6, 5), path, n_factors=2)
    before = openpyxl.load_workbook(path)["bias"]
    first, second = list(layouts["bias"].user_factors.range.cells())[:2]
    start = [before[str(cell)].value for cell in (first, second)]
    fit_workbook(path, sheets=["bias"], out=path, options={"epochs": 30, "weight_decay": 0.1})
    return path, (f"bias!{first}", f"bias!{second}"), start, str(layouts["bias"].rmse)


def test_heights_are_those_of_the_sheet_and_the_way_ends_here(fitted, tmp_path, capsys, office):
    path, cells, start, rmse = fitted
    out = tmp_path / "landscape.xlsx"
    assert main(["landscape", str(path), "--cells", *cells, "-o", str(out), "--points", "9", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    seen = landscape(path, cells, points=9)
    assert told["objective"] == seen.objective == f"bias!{rmse}" and told["way"] == seen.way.tolist() and not told["notes"]
    np.testing.assert_allclose(seen.way[[0, -1]], [start, seen.here[:2]], rtol=0, atol=1e-12)
    assert seen.xs[0] < seen.way[:, 0].min() and seen.ys[-1] > seen.way[:, 1].max()
    with open_workbook(path) as book:
        assert seen.here[2] == pytest.approx(next(value for cell, value in book.grid("bias").values.items() if str(cell) == rmse), abs=1e-9)
    sheet = openpyxl.load_workbook(out)["landscape"]
    for row, col in ((0, 0), (3, 7), (8, 8)):
        typed = {"bias": {cells[0][5:]: seen.xs[col], cells[1][5:]: seen.ys[row]}}
        ((height,),) = office.recalculate(path, {"bias": [rmse]}, set=typed)["bias"][rmse]
        assert sheet.cell(17 - row, 13 + col).value == pytest.approx(height, abs=1e-9) == pytest.approx(seen.heights[row, col], abs=1e-9)
    assert main(["landscape", str(path), "--cells", *cells, "-o", str(out)]) == 2 and "landscape.xlsx" in capsys.readouterr().err


def test_a_problem_of_solver_has_a_landscape_without_a_way(tmp_path):
    paths = {path.name: path for path in write_examples(tmp_path)}
    seen = landscape(paths["portfolio.xlsx"], ("B6", "C6"), sheet="portfolio", points=5)
    assert seen.way.shape == (0, 2) and seen.heights.shape == (5, 5) and "no way to show" in seen.notes[0]


@pytest.mark.parametrize("cells, options, sentence", [
    (("bias!B20", "bias!B20"), {}, "1 different cells"), (("B20",), {}, "two directions"), (("B20", "C20"), {}, "On which sheet"),
    (("start!B2", "start!B3"), {}, "Say --objective"), (("bias!B20", "bias!C20"), {"points": 2}, "shows nothing")])
def test_what_is_refused(fitted, cells, options, sentence):
    with pytest.raises(UserError, match=sentence):
        landscape(fitted[0], cells, **options)


def test_contours_of_a_bowl_are_circles():
    axis = np.linspace(-2, 2, 41)
    found = contours(axis, axis, axis[None, :] ** 2 + axis[:, None] ** 2)
    for level, pieces in found:
        if level < 4:
            np.testing.assert_allclose((pieces[0] ** 2).sum(1), level, atol=0.02)
    assert contours(axis, axis, np.ones((41, 41))) == [] and 5 <= len(found) <= 11
