"""Scenarios of Excel's scenario manager, and tables of inputs, solved row by row."""

from __future__ import annotations

import csv
import json

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.scenario import InputCells, Scenario, ScenarioList
from problem_books import SHEET, solver, write

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.fit.restore import restore_workbook
from pyxl.fit.solve_each_row import solve_inputs
from pyxl.grid.cells import Cell
from pyxl.live.live_fit import fit_live, restore_live
from pyxl.live.live_rows import solve_rows_live
from pyxl.problems.solve import ByFormulas
from solver import UserError

# Wyndor Glass (Hillier & Lieberman, section 3.1): (2, 6) and 36 at profits of 3 and 5
CELLS = {"A1": 0.0, "B1": 0.0, "A2": 3.0, "B2": 5.0, "C2": "=SUMPRODUCT(A1:B1,A2:B2)", "C3": "=A1", "C4": "=2*B1", "C5": "=3*A1+2*B1", "D3": 4.0,
         "F1": "A2", "G1": "price_b", "F2": 3.0, "G2": 5.0, "F3": 9.0, "G3": 1.0, "G4": 0.5}
NAMES = solver("C2", "A1:B1", ("C3", "<=", "D3"), ("C4", "<=", "12"), ("C5", "<=", "18"), goal="max")
SCENARIOS = {"Cheap a": {"A2": "1", "A1": "1", "B1": "2"}, "dear": {"A2": "9"}, "too much": {"D3": "-1"}, "over": {"C2": "5"}}


@pytest.fixture
def path(tmp_path):
    made = write(tmp_path / "plan.xlsx", CELLS, solver=NAMES)
    book = openpyxl.load_workbook(made)
    book.defined_names["price_b"] = DefinedName("price_b", attr_text=f"'{SHEET}'!$B$2")
    book[SHEET].scenarios = ScenarioList(sqref="C2", scenario=[
        Scenario(name=name, comment=f"on {name}", count=len(cells), inputCells=[InputCells(r=cell, val=value) for cell, value in cells.items()])
        for name, cells in SCENARIOS.items()])
    book.save(made)
    return made


def held(path, *cells):
    sheet = openpyxl.load_workbook(path)[SHEET]
    return [sheet[cell].value for cell in cells]


def test_a_scenario_is_shown_first_and_stays_with_the_result(path, tmp_path, capsys):
    assert main(["fit", str(path), "--scenario", "cheap a", "-o", str(tmp_path / "o.xlsx")]) == 0
    said = capsys.readouterr().out
    assert "11 → 32" in said and "Written with the result: A2 = 1." in said and "The search began at A1 = 1, B1 = 2." in said
    assert held(tmp_path / "o.xlsx", "A1", "B1", "A2", "B2", "D3") == [2, 6, 1, 5, 4]
    with open_workbook(tmp_path / "o.xlsx") as book:      # results are as fresh as the values, and the scenarios are still there
        assert book.grid(SHEET).values[Cell.parse("C2")] == 32 and len(book.scenarios) == 4
    fit_workbook(path, out=path, by_formulas=ByFormulas(scenario="dear"))
    assert held(path, "A1", "B1", "A2") == [4, 3, 9]
    restore_workbook(path, out=path)
    assert held(path, "A1", "B1", "A2") == [0, 0, 3]


def test_inspect_lists_them(path, capsys):
    assert main(["inspect", str(path)]) == 0
    assert "scenario      Cheap a: A2, A1, B1" in capsys.readouterr().out
    assert main(["inspect", str(path), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["sheets"][SHEET]["scenarios"][0]
    assert first == {"name": "Cheap a", "comment": "on Cheap a", "values": {"A2": 1.0, "A1": 1.0, "B1": 2.0}}


def test_where_a_scenario_leaves_no_solution_nothing_is_written(path, tmp_path, capsys):
    assert main(["fit", str(path), "--scenario", "too much", "-o", str(tmp_path / "o.xlsx")]) == 3
    assert "C3 <= D3" in capsys.readouterr().err and not (tmp_path / "o.xlsx").exists()


@pytest.mark.parametrize("name, sentence", [("best", "has: Cheap a, dear, too much, over"), ("over", "C2, a cell of scenario 'over', holds a formula")])
def test_what_is_refused_is_said(path, name, sentence):
    with pytest.raises(UserError, match=sentence):
        fit_workbook(path, by_formulas=ByFormulas(scenario=name))


def test_scenarios_that_libreoffice_saved_are_read_too(path, tmp_path, office):
    moved = office.insert(path, tmp_path / "moved.xlsx", rows=1, columns=1)
    with open_workbook(moved) as book:
        found = {scenario.name: {str(cell): value for cell, value in scenario.values.items()} for scenario in book.scenarios}
    assert found["dear"] == {"B3": 9} or found["dear"] == {"A2": 9}      # it leaves the cells of some scenarios where they were
    assert set(found) == set(SCENARIOS)


def test_a_table_of_inputs_is_solved_row_by_row_and_the_model_stays(path, tmp_path, capsys):
    out = tmp_path / "o.xlsx"
    assert main(["fit", str(path), "--inputs", "F1:G4", "-o", str(out)]) == 0
    assert "optimum proved" in capsys.readouterr().out
    assert held(out, "A1", "B1", "A2", "B2") == held(path, "A1", "B1", "A2", "B2") == [0, 0, 3, 5]
    rows = list(openpyxl.load_workbook(out)[f"results {SHEET}"].values)
    assert rows == [("A2", "price_b", "C2", "A1", "B1", "result"), (3, 5, 36, 2, 6, "optimum proved"), (9, 1, 39, 4, 3, "optimum proved"),
                    (None, 0.5, 13.5, 4, 3, "optimum proved")]
    assert main(["fit", str(out), "--inputs", "G1:G2", "--in-place"]) == 0      # a shorter table takes the place of the longer one
    assert len([row for row in openpyxl.load_workbook(out)[f"results {SHEET}"].values if any(row)]) == 2


def test_a_table_may_be_a_file_and_so_may_the_results(path, tmp_path, capsys):
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("D3;price_b\n4;5\n-1;5\n2,5;1\n", encoding="utf-8")
    assert main(["fit", str(path), "--inputs", str(table), "--scenario", "dear", "-o", str(out)]) == 0
    header, *rows = csv.reader(out.open())
    assert header == ["D3", "price_b", "C2", "A1", "B1", "result"]
    assert [list(map(float, row[:5])) for row in (rows[0], rows[2])] == [[4, 5, 51, 4, 3], [2.5, 1, 27.75, 2.5, 5.25]]
    assert rows[1][:5] == ["-1.0", "5.0", "", "", ""] and "No point meets" in rows[1][5][:1].upper() + rows[1][5][1:]
    capsys.readouterr()
    assert main(["fit", str(path), "--inputs", str(table), "-o", str(out)]) == 2 and "exists" in capsys.readouterr().err


@pytest.mark.parametrize("text, sentence", [
    ("A2\n", "no row below its headers"), ("A2,X\n1,2\n", "the header 'X', where a cell is meant"), ("A2,A2\n1,2\n", "two columns mean the cell of 'A2'"),
    ("A2,B2\n1\n", "line 2 has 1 entries"), ("A2\nmany\n", "line 2 has 'many' for A2, where 'my sheet'!A2 holds a number"),
    ("C2\n1\n", "C2, a cell of the table of inputs, holds a formula")])
def test_a_table_that_is_none_is_refused(path, tmp_path, text, sentence):
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        solve_inputs(path, str(tmp_path / "in.csv"))


def test_what_does_not_go_together_is_said(path, capsys):
    assert main(["fit", str(path), "--inputs", "F1:G4", "--report", "-o", "x.xlsx"]) == 2
    assert "--inputs makes one for each row" in capsys.readouterr().err
    assert main(["fit", str(path), "--inputs", "nowhere", "-o", "x.xlsx"]) == 2
    assert "no table, range or name" in capsys.readouterr().err


def test_in_an_open_workbook(path, calc):
    book = calc.books.open(str(path))
    try:
        sheet = book.sheets[SHEET]
        fit_live(book, by_formulas=ByFormulas(scenario="Cheap a"))
        assert sheet.range("A1:B2").value == [[2, 6], [1, 5]] and sheet.range("C2").value == 32
        restore_live(book)
        assert sheet.range("A1:B2").value == [[0, 0], [3, 5]]
        solved = solve_rows_live(book, "F1:G4")
        assert sheet.range("A1:B2").value == [[0, 0], [3, 5]]
        assert book.sheets[f"results {SHEET}"].range("A3:F3").value == [9, 1, 39, 4, 3, "optimum proved"] == list(list(solved.lines())[1])
    finally:
        book.close()
