"""A problem solved in an open workbook, in a real headless LibreOffice, and undone there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from problem_books import solver, write

from pyxl.live.live_fit import fit_live, restore_live
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement
from solver import UserError
from workbook.examples import write_examples


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """The log and the locks go to a folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def book(calc, tmp_path):
    opened = calc.books.open(str(next(path for path in write_examples(tmp_path) if path.stem == "portfolio")))
    yield opened
    opened.close()


def test_solvers_model_is_solved_in_the_open_sheet_and_undone(book):
    sheet = book.sheets["portfolio"]
    before = sheet.range("B6:G6").value
    result = fit_live(book)["portfolio"]
    assert result.minimum.converged and not result.notes
    assert sheet.range("B12").value == pytest.approx(result.minimum.value, abs=1e-9)
    assert sheet.range("B6:G6").value == result.minimum.x.tolist() and sheet.range("B10").value == pytest.approx(1, abs=1e-9)
    restore_live(book)
    assert sheet.range("B6:G6").value == before and sheet.range("B10").value == pytest.approx(1)


def test_a_stated_problem_too(book):
    stated = ByFormulas(problem=Statement("B11", ["B6:G6"], "max", ["SUM(B6:G6) = 1", "B6:G6 >= 0", "B12 <= B14*2"]))
    result = fit_live(book, by_formulas=replace(stated, report=True))["portfolio"]
    assert book.sheets["report portfolio"].range("A3").value == "portfolio!B11"
    sheet = book.sheets["portfolio"]
    assert result.minimum.feasible and sheet.range("B11").value == pytest.approx(result.minimum.value, abs=1e-9)
    assert sheet.range("B12").value == pytest.approx(0.15, abs=1e-8)
    restore_live(book)
    assert sheet.range("B6").value == pytest.approx(1 / 6)


def test_what_is_refused_is_said(book):
    with pytest.raises(UserError, match="depends on none"):
        fit_live(book, by_formulas=ByFormulas(problem=Statement("B12", ["B14"])))


@pytest.mark.parametrize("name, objective, cells", [("knapsack", "F7", "A6:A145"), ("staff_schedule", "B17", "I6:I12")])
def test_whole_numbers_are_found_in_the_open_sheet(calc, tmp_path, name, objective, cells):
    opened = calc.books.open(str(next(path for path in write_examples(tmp_path) if path.stem == name)))
    try:
        sheet = opened.sheets[0]
        result, = fit_live(opened).values()
        assert result.minimum.proved and sheet.range(objective).value == pytest.approx(result.minimum.value, abs=1e-9)
        assert sheet.range(cells).value == result.minimum.x.tolist()
    finally:
        opened.close()


def test_an_order_is_stopped_by_time_and_stands_in_the_open_sheet(calc, tmp_path):
    opened = calc.books.open(str(next(path for path in write_examples(tmp_path) if path.stem == "round_trip")))
    try:
        sheet, before = opened.sheets[0], opened.sheets[0].range("B32").value
        result, = fit_live(opened, by_formulas=ByFormulas(seconds=1.0)).values()
        assert sorted(sheet.range("A6:A30").value) == list(range(1, 26))
        assert sheet.range("B32").value == pytest.approx(result.minimum.value, abs=1e-9) and result.minimum.value < before / 2
    finally:
        opened.close()


def test_formulas_in_changing_cells_are_overwritten_in_the_open_sheet_where_that_is_asked(calc, tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": "=RAND()", "A2": "=1/3", "C1": "=(A1-3)^2+(A2-5)^2"}, solver=solver("C1", "A1:A2"))
    opened = calc.books.open(str(path))
    try:
        with pytest.raises(UserError, match="--overwrite-formulas"):
            fit_live(opened)
        fit_live(opened, by_formulas=ByFormulas(overwrite_formulas=True))
        cells = opened.sheets[0].range("A1:A2")
        assert cells.value == pytest.approx([3, 5]) and not any("=" in str(row) for row in cells.formula)
        assert opened.sheets[0].range("C1").formula.startswith("=")
    finally:
        opened.close()
