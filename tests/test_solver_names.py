"""Solver's models as other people's workbooks keep them: names for cells, unions, formulas in changing cells."""

from __future__ import annotations

import pytest
from packages import parts_of, read_parts, workbook_xml, worksheet, zipped
from problem_books import SHEET, solver, write

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import Constraint
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from pyxl.problems.solve import ByFormulas
from pyxl.xlsx.calc_chain import without_cells
from solver import minimise

CELLS = {"A1": 0.0, "A2": 0.0, "A3": 1.0, "B1": 3.0, "B2": 4.0, "B3": 5.0, "C1": "=SUMPRODUCT(A1:A3,B1:B3)", "C2": "=SUM(A1:A3)"}


def problem_of(path):
    with open_workbook(path) as book:
        return stored_problem(book, SHEET)


def test_names_stand_for_objective_changing_cells_and_constraints(tmp_path):
    path = write(tmp_path / "w.xlsx", CELLS, names={"Profit": "!$C$1", "Orders": "!$A$1:$A$3", "Used": "!$C$2"}, solver={
        "opt": "Profit", "adj": "Orders", "typ": "1", "neg": "1", "num": "1", "lhs1": "used", "rel1": "1", "rhs1": "10"})
    problem = problem_of(path)
    assert problem.told() == "maximise C1 by changing A1:A3, where C2 <= 10, nothing negative"


def test_a_constraint_on_several_areas_holds_in_each(tmp_path):
    names = solver("C1", "A1:A3", ("C2", "<=", "10"), goal="max") | {
        "num": "3", "lhs2": "!$A$1,!$A$3", "rel2": "4", "rhs2": '"integer"', "lhs3": "!$A$1:$A$2,!$A$3", "rel3": "1", "rhs3": "!$B$1:$B$2,!$B$3"}
    assert problem_of(write(tmp_path / "w.xlsx", CELLS, solver=names)).constraints[1:] == tuple(
        Constraint((SHEET, Range.parse(left)), relation, right and (SHEET, Range.parse(right))) for left, relation, right in (
            ("A1", "int", None), ("A3", "int", None), ("A1:A2", "<=", "B1:B2"), ("A3", "<=", "B3")))


def test_all_different_over_several_areas_is_refused(tmp_path, capsys):
    names = solver("C1", "A1:A3") | {"num": "1", "lhs1": "!$A$1,!$A$3", "rel1": "6", "rhs1": '"AllDifferent"'}
    assert main(["fit", str(write(tmp_path / "w.xlsx", CELLS, solver=names)), "-o", str(tmp_path / "o.xlsx")]) == 2
    assert "is no changing cell" in capsys.readouterr().err


@pytest.mark.parametrize("odd", ["INF", "-INF", "NaN"])
def test_what_python_reads_as_a_number_and_excel_as_a_name_is_no_number(tmp_path, odd):
    names = solver("C1", "A1:A3", ("C2", "<=", "4"), goal="value", value=3.0)
    assert problem_of(write(tmp_path / "w.xlsx", CELLS, solver=names | {"rhs1": odd})).constraints[0].right == odd
    names |= {"num": odd, "val": odd}
    assert problem_of(write(tmp_path / "w.xlsx", CELLS, solver=names)).told() == "bring C1 to 0 by changing A1:A3, where nothing negative"


@pytest.mark.parametrize("formula, best", [
    ("=IFERROR(A1/A2,0)", 9.0), ("=IFERROR(VLOOKUP(A1,A1:B9,2,FALSE),0)", None), ("=IFERROR(VLOOKUP(A1+A2,B1:B3,1,FALSE),0)", 5.0),
    ("=IF(A2=0,0,A1/A2)", 9.0)])
def test_an_error_at_the_start_is_no_proof_of_anything(tmp_path, formula, best):
    """Each is 0 at the start, by an error that is caught; it counted as constant, and the start as the proved optimum."""
    path = write(tmp_path / "w.xlsx", CELLS | {"D1": formula}, solver=solver(
        "D1", "A1:A2", ("A1:A2", "<=", "9"), ("A1:A2", "int", ""), goal="max"))
    with open_workbook(path) as book:
        posed = pose(book, problem_of(path))
    assert posed.kind.sort != "linear"
    if best is not None:
        minimum = minimise(posed.program)
        assert minimum.value == best and minimum.proved


# Changing cells that hold formulas

FORMULAS = {"A1": "=1/3", "A2": "=A1*2", "A3": "=1-A1-A2", "C1": "=4*A1^2+9*A2^2+A3^2"}


def formula_book(tmp_path):
    return write(tmp_path / "w.xlsx", FORMULAS, solver=solver("C1", "A1:A2", ("A3", ">=", "0")))


def test_formulas_in_changing_cells_are_refused_with_the_flag_that_overwrites_them(tmp_path, capsys):
    path = formula_book(tmp_path)
    before = path.read_bytes()
    assert main(["fit", str(path), "--in-place"]) == 2
    assert f"{SHEET}!A1, a changing cell, holds a formula, =1/3 (1 more hold one)." in (told := capsys.readouterr().err.replace("'", ""))
    assert "--overwrite-formulas" in told and path.read_bytes() == before


def test_formulas_in_changing_cells_are_overwritten_where_that_is_asked(tmp_path):
    path = formula_book(tmp_path)
    found = fit_workbook(path, out=tmp_path / "o.xlsx", by_formulas=ByFormulas(overwrite_formulas=True))[SHEET]
    assert "A1 held the formula =1/3, and 1 more" in found.notes[0]
    with open_workbook(tmp_path / "o.xlsx") as book:
        grid = book.grid(SHEET)
    assert sorted(map(str, grid.formulas)) == ["A3", "C1"]      # the others stay
    assert [grid.values[cell] for cell in (Cell(1, 1), Cell(2, 1))] == found.minimum.x.tolist()
    assert grid.values[Cell(3, 1)] == pytest.approx(1 - found.minimum.x.sum())
    assert found.minimum.value == pytest.approx(1 / (1 / 4 + 1 / 9 + 1)) and not found.minimum.violation


def shared_book(tmp_path):
    """RAND() filled down A1:A4 as a shared formula, of which Solver may change A1 and A2; C1 = (A1−3)² + (A2−5)²; a calculation chain."""
    cell = '<row r="{0}"><c r="A{0}"><f t="shared" {1}si="0">{2}</f><v>0.25</v></c>{3}</row>'
    rows = cell.format(1, 'ref="A1:A4" ', "B1+1", '<c r="C1"><f>(A1-3)^2+(A2-5)^2</f><v>1</v></c>') + "".join(
        cell.format(n, "", "", "") for n in (2, 3, 4))
    names = "".join(f'<definedName name="solver_{name}" localSheetId="0" hidden="1">{text}</definedName>' for name, text in (
        ("adj", "S!$A$1:$A$2"), ("opt", "S!$C$1"), ("typ", "2"), ("num", "0")))
    chain = '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="A1" i="1"/><c r="C1"/><c r="A4"/><c r="A3"/><c r="A2"/></calcChain>'
    parts = parts_of({"S": worksheet(rows)}, workbook=workbook_xml(["S"], inside=f"<definedNames>{names}</definedNames>"),
                     more={"xl/calcChain.xml": chain})
    rels = "xl/_rels/workbook.xml.rels"
    parts[rels] = parts[rels].replace("</Relationships>", '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
                                      'relationships/calcChain" Target="calcChain.xml"/></Relationships>')
    (tmp_path / "shared.xlsx").write_bytes(zipped(parts))
    return tmp_path / "shared.xlsx"


def test_a_shared_formula_stays_with_those_that_keep_it(tmp_path):
    path = shared_book(tmp_path)
    fit_workbook(path, out=tmp_path / "o.xlsx", by_formulas=ByFormulas(overwrite_formulas=True))
    with open_workbook(tmp_path / "o.xlsx") as book:
        grid = book.grid("S")
    chain = read_parts(tmp_path / "o.xlsx")["xl/calcChain.xml"].decode()
    assert {str(cell): formula.text for cell, formula in grid.formulas.items()} == {"A3": "B3+1", "A4": "B4+1", "C1": "(A1-3)^2+(A2-5)^2"}
    assert [grid.values[Cell(n, 1)] for n in (1, 2)] == pytest.approx([3, 5]) and grid.values[Cell(3, 1)] == 0.25
    assert "A1" not in chain and "A2" not in chain and '<c r="C1" i="1"/>' in chain and '<c r="A3"/>' in chain


def test_the_calculation_chain_loses_what_holds_no_formula_any_more():
    chain = b'<x:calcChain><x:c r="A1" i="2"/><x:c r="A2" l="1"/><x:c i="3" r="A1"></x:c><x:c r="B1"/></x:calcChain>'
    assert without_cells(chain, {("2", "A1"), ("3", "A1")}) == b'<x:calcChain><x:c r="A2" l="1" i="2"/><x:c r="B1" i="3"/></x:calcChain>'
