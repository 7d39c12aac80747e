"""Formulas that are long to match, too large to compute or crash: an error value or a sentence, at once."""

from __future__ import annotations

import zipfile

import pytest
import xlsxwriter

from pyxl.__main__ import main
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.formulas.compile_formulas import compile_formulas
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.wildcards import found_from, wildcard
from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.xlsx import open_workbook


@pytest.fixture
def evaluated(tmp_path):
    """The values of formulas, those of column A, beside some cells and one at the sheet's last corner."""
    def evaluate(*formulas, corner=7, **cells):
        workbook = xlsxwriter.Workbook(tmp_path / "book.xlsx")
        sheet = workbook.add_worksheet("S")
        for row, formula in enumerate(formulas):
            sheet.write_formula(row, 0, formula)
        for cell, value in cells.items():
            sheet.write(cell, value)
        if corner is not None:
            sheet.write("XFD1048576", corner)
        workbook.close()
        with open_workbook(tmp_path / "book.xlsx") as book:
            calculator = Calculator(book)
            return [calculator.value("S", Cell(row, 1)) for row in range(1, len(formulas) + 1)]
    return evaluate


def test_wildcards_need_no_second_try():
    assert not wildcard("*a*a*a*a*a*a*a*a*a*a*a*b")("a" * 30_000)
    assert found_from("*a*a*a*a*a*a*a*a*b", "a" * 30_000, 0) is None
    assert found_from("a?c*e", "xxabcdexx", 0) == 2 and found_from("~*", "ab*", 0) == 2
    for pattern, text, fits in (("a*b*c", "a1b2c", True), ("a*b*c", "abc", True), ("a*bc*c", "abc", False), ("*", "", True),
                                ("a*a", "a", False), ("?*", "", False), ("*b", "bab", True), ("A?C", "abc", True),
                                ("~?", "?", True), ("a**b", "ab", True), ("~~*", "~x", True), ("x*", "X\ny", True)):
        assert wildcard(pattern)(text) is fits, (pattern, text)


def test_what_no_cell_can_hold_is_an_error_value(evaluated):
    found = evaluated('=REPT("x",32767)&REPT("x",32767)', "=ROW(1:1048576)*COLUMN(A:XFD)", '=LEN(TEXT(1E300,"#,##0.000"))',
                      "=ROUND(1E300,300)", "=IFERROR(SUM(ROW(1:1048576)*COLUMN(A:XFD)),1)", "=CONCATENATE(A1)", corner=None)
    assert found[:2] == ["#VALUE!", "#NUM!"] and isinstance(found[0], ErrorValue)
    assert found[2:5] == [405.0, 1e300, 1.0] and found[5] == "#VALUE!"


@pytest.mark.parametrize("formula", ["=SEQUENCE({1;2})", "=TAKE({1,2},{1,2})", "=TOCOL(2,B1:C2)", "=SORTBY({1;2},{1;2},{1;1})", "=EXPAND(1,{2;2})",
                                     "=1*LAMBDA(1)", "=LAMBDA(1)>2", '=LAMBDA(1)&"a"', "=SUM(LAMBDA(1))"])
def test_an_array_or_a_lambda_where_one_value_is_wanted_is_said(evaluated, formula):
    with pytest.raises(FormulaError, match="stands where one value is wanted"):
        evaluated(formula, B1=1, B2=2, C1=3, C2=4)


def test_a_whole_sheet_costs_what_is_in_it(evaluated):
    assert evaluated("=SUM(B1:XFD1048576)", "=COUNT(B:XFD)", "=SUM(B1:XFD1048575)", "=AVERAGE(B:C)", "=SUMPRODUCT(B:B,C:C)",
                     "=MATCH(3,C:C,0)", "=COUNTIF(B:B,\">1\")", B3=2, C3=3) == [12.0, 3.0, 5.0, 2.5, 6.0, 3.0, 1.0]
    with pytest.raises(FormulaError, match="^S!A1: S!B1:XFD1048576 has too many cells to be evaluated here"):
        evaluated('=MATCH(1,INDEX(B1:XFD1048576*1,0,1),0)')


def test_who_reads_a_whole_sheet_is_found_at_once(tmp_path):
    workbook = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    sheet = workbook.add_worksheet("S")
    sheet.write("XFD1048576", 1)
    sheet.write_formula("A1", "=SUM(B1:XFD1048576)")
    workbook.close()
    with open_workbook(tmp_path / "book.xlsx") as book:
        assert dependents(book, {"S": [Cell(9, 9)]}) == {"S": [Cell(1, 1)]}


def test_a_model_of_whole_columns_is_looked_at_at_once(tmp_path):
    workbook = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    sheet = workbook.add_worksheet("S")
    for row in range(5):
        sheet.write_row(row, 0, [row + 1, 2 - row, row % 3])
        for col in range(3):
            sheet.write_formula(row, 5 + col, "=SUMPRODUCT(A:A,B:B)")
    sheet.write_formula("J1", "=SUMXMY2(A1:C5,F1:H5)")
    sheet.write_formula("J2", "=SUM(K1:XFD1048576)")
    workbook.close()
    assert not inspect_workbook(tmp_path / "book.xlsx")["S"]["recognised"]
    with open_workbook(tmp_path / "book.xlsx") as book:
        compiled = compile_formulas(book, [("S", Cell(1, 10))], [("S", Range.parse("A1:B5"))])
        assert compiled.value_and_gradient(compiled.start)[0] == Calculator(book).value("S", Cell(1, 10))


@pytest.mark.parametrize("part, old, new", [
    ("xl/workbook.xml", 'localSheetId="0"', 'localSheetId="²"'), ("xl/styles.xml", 'numFmtId="0"', 'numFmtId="²"'),
    ("xl/tables/table1.xml", 'totalsRowShown="0"', 'headerRowCount="²"'),
    ("xl/worksheets/sheet1.xml", 'spans="1:2"', 'spans="²:2"')])
def test_a_digit_that_is_none(tmp_path, capsys, part, old, new):
    path, odd = tmp_path / "book.xlsx", tmp_path / "odd.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("S")
    sheet.add_table("A1:B3")
    sheet.write_formula("A5", "=1+1", value=3)
    workbook.define_name("S!x", "=S!$A$1")
    workbook.close()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(odd, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            target.writestr(name, content)
    assert main(["recalculate", str(odd), "-o", str(tmp_path / "out.xlsx")]) == 0, capsys.readouterr().err
