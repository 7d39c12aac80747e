"""`collabsheet recalculate`: every formula evaluated afresh and held against its stored result."""

from __future__ import annotations

import json
import zipfile

import pytest
import xlsxwriter

from pyxl.__main__ import main
from pyxl.fit.compare_results import compare_results
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook


@pytest.fixture
def book(tmp_path):
    """Formulas whose stored results are right, wrong, not there, drawn anew, read from elsewhere and not evaluated."""
    path = tmp_path / "book.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("my sheet")
    workbook.define_name("drawn", "=RAND()")
    sheet.write("A1", 2)
    for cell, formula, stored in (("B1", "A1*2", 4), ("B2", "A1*3", 5), ("B3", '"a"&A1', "a2"), ("B4", "1/0", "#DIV/0!"),
                                  ("B5", "RAND()", 0.25), ("B6", "B5*4", 1), ("B7", "A1/3", 0.6666666666), ("B8", "A1=2", True),
                                  ("B9", "[1]S!A1+1", 8), ("B10", "drawn", 0.5), ("B11", "CUBESET(A1)", 1),
                                  ("B12", "CUBESET(A1)+B1", 1), ("B13", "B2", 5), ("B14", '"RAND()"', "RAND()")):
        sheet.write_formula(cell, "=" + formula, value=stored)
    sheet.write_array_formula("D1:D2", "{=A1*{1;10}}", value=2)
    sheet.write_number("D2", 21)
    workbook.close()
    return path


EXPECTED = {"equal": 8, "volatile": 2,
            "different": [{"cell": "'my sheet'!D2", "stored": 21.0, "ours": 20.0},
                          {"cell": "'my sheet'!B2", "stored": 5.0, "ours": 6.0},
                          {"cell": "'my sheet'!B13", "stored": 5.0, "ours": 6.0}],
            "refused": {"the function CUBESET is not evaluated here. Use another, or recalculate the workbook in Excel.": 2,
                        "it reads another workbook, which is not followed: its stored result is used": 1}}


def test_what_is_equal_different_refused_and_volatile(book, capsys):
    assert main(["recalculate", str(book), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sorted(found["different"], key=str) == sorted(EXPECTED["different"], key=str)
    assert {**found, "different": EXPECTED["different"]} == EXPECTED
    assert main(["recalculate", str(book)]) == 0
    assert "16 formula cells: 8 equal their stored results, 3 differ" in (said := capsys.readouterr().out)
    assert "'my sheet'!B2   5       6" in said


def test_a_copy_gets_fresh_results_and_nothing_else_changes(book, tmp_path, capsys):
    out = tmp_path / "fresh.xlsx"
    assert main(["recalculate", str(book), "-o", str(out)]) == 0
    assert main(["recalculate", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not found["different"] and found["equal"] == 11 and found["volatile"] == 2
    with open_workbook(out) as fresh:
        values = fresh.grid("my sheet").values
    assert [values[Cell(row, 2)] for row in (2, 5, 9, 11, 13)] == [6.0, 0.25, 8.0, 1.0, 6.0]
    with zipfile.ZipFile(book) as before, zipfile.ZipFile(out) as after:
        changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]
    assert main(["recalculate", str(book), "-o", str(out)]) == 2 and "--overwrite" in capsys.readouterr().err


def test_a_formula_without_a_stored_result_differs_from_nothing(tmp_path, capsys):
    import openpyxl
    path = tmp_path / "openpyxl.xlsx"
    made = openpyxl.Workbook()
    made.active["A1"] = "=1+1"
    made.save(path)
    assert main(["recalculate", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["different"] == [{"cell": "Sheet!A1", "stored": None, "ours": 2.0}]


def test_public_workbooks_hold_what_we_compute(shared):
    different = {}
    for path in sorted((shared / "workbooks" / "public").glob("*.xls?")):
        with open_workbook(path) as book:
            if found := compare_results(book).different:
                different[path.name] = [(str(one), one.stored, one.ours) for one in found[:3]]
    assert not different
