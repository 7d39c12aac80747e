"""Solver's models that stand in macros alone: SolverOk, SolverAdd and SolverOptions are read from the VBA project and solved."""

from __future__ import annotations

import json

import pytest
import xlsxwriter
from problem_books import solver, write

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.live.live_fit import fit_live
from pyxl.macros.macro_problem import macro_problem
from pyxl.macros.statements import procedures
from pyxl.macros.vba_modules import decompressed, module_sources
from workbook.vba.compression import compress
from workbook.vba.project import vba_project

# Wyndor Glass (Hillier & Lieberman, section 3.1): (2, 6), 36
CELLS = {"B1": 0.0, "C1": 0.0, "B2": 3.0, "C2": 5.0, "D2": "=SUMPRODUCT(B1:C1,B2:C2)", "B3": 1.0, "C3": 0.0, "B4": 0.0, "C4": 2.0, "B5": 3.0,
         "C5": 2.0, **{f"D{row}": f"=SUMPRODUCT($B$1:$C$1,B{row}:C{row})" for row in (3, 4, 5)}, "E3": 4.0, "E4": 12.0, "E5": 18.0}
NAMED = '''
Sub Plan()
    SolverReset   ' as the recorder writes it: not this SolverOk
    SolverOk SetCell:="$D$2", MaxMinVal:=1, ValueOf:=0, ByChange:="$B$1:$C$1", Engine:=2 _
        , EngineDesc:="Simplex LP"
    SolverAdd CellRef:="$D$3:$D$5", Relation:=1, FormulaText:="$E$3:$E$5"
    SolverOptions MaxTime:=30, AssumeNonNeg:=True
    SolverSolve UserFinish:=True
End Sub
'''
BY_PLACE = '''
Const Rows = "D3:D5"
Sub Plan()
    Set changing = Worksheets("plan").Range("b1:c1")
    Worksheets("plan").Activate: Call SolverReset
    Call SolverOk(Range("D2"), 1, 0, changing.Address(False))
    Application.Run "Solver.xlam!SolverAdd", Range(Rows).Address, 1, "=$E$3:" & "$E$5"
    SolverAdd [B1:C1], 4, "integer"
    SolverAdd Range("B1"), 1, 1
    SolverDelete Range("B1"), 1
    ok = SolverSolve(True)
End Sub
'''


def with_macros(path, source: str, cells=CELLS, *, sheets=("plan",)):
    project = path.with_suffix(".bin")
    project.write_bytes(vba_project({"Module1": source}, [f"Sheet{n}" for n, _ in enumerate(sheets, 1)]))
    with xlsxwriter.Workbook(path) as book:
        for title in sheets:
            sheet = book.add_worksheet(title)
            for address, value in cells.items() if title == "plan" else ():
                sheet.write(address, value)
        book.add_vba_project(str(project))
    return path


def test_what_is_compressed_is_read_back():
    text = ("a" * 5000 + "Sub b()\r\n" * 700 + "end").encode()
    assert decompressed(compress(text)) == text


def test_modules_are_read_as_olevba_reads_them(shared, caplog):
    from oletools.olevba import VBA_Parser
    path = shared / "workbooks" / "course_graddesc.xlsm"
    with open_workbook(path) as workbook:
        ours = dict(module_sources(workbook.vba))
    theirs = {name.rpartition(".")[0]: text for _, _, name, text in VBA_Parser(str(path)).extract_macros()}
    lines = lambda text: text.replace("\r\n", "\n").strip()  # noqa: E731
    assert len(ours) == 10 and all(lines(ours[name]) == lines(theirs[name]) for name in ours)


@pytest.mark.parametrize("source", [NAMED, BY_PLACE])
def test_a_macro_that_asks_solver_is_shown_and_solved(tmp_path, capsys, source):
    path = with_macros(tmp_path / "plan.xlsm", source, sheets=("notes", "plan"))
    assert main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "maximise D2 by changing B1:C1, where D3:D5 <= E3:E5" in said and "what the macro Module1.Plan asks of it was read there" in said
    assert ("B1:C1 int" in said) == (source is BY_PLACE) and ("'Max Time' is 30 s" in said) == (source is NAMED)
    out = tmp_path / "solved.xlsm"
    minimum = fit_workbook(path, out=out)["plan"].minimum
    assert minimum.x.tolist() == [2, 6] and minimum.value == 36 and minimum.proved
    with open_workbook(path) as before, open_workbook(out) as after:
        assert before.vba == after.vba


def test_in_an_open_workbook_they_are_read_as_they_were_saved(tmp_path, calc):
    book = calc.books.open(str(with_macros(tmp_path / "plan.xlsm", NAMED)))
    try:
        solved = fit_live(book)["plan"]
        assert book.sheets["plan"].range("B1:C1").value == [2, 6] and book.sheets["plan"].range("D2").value == 36
        assert any("what the macro Module1.Plan asks of it was read there" in note for note in solved.notes)
    finally:
        book.close()


def test_options_and_a_value_are_read(tmp_path, capsys):
    source = 'Sub Seek()\nSolverOptions AssumeNonNeg:=False\nSolverOk "D2", 3, -6, "B1:C1"\nSolverAdd "B1", 2, "-2"\nSolverSolve\nEnd Sub'
    path = with_macros(tmp_path / "plan.xlsm", source)
    assert main(["fit", str(path), "-o", str(tmp_path / "o.xlsm"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sheets"]["plan"]["after"] == pytest.approx(-6)


def test_what_is_stored_goes_first_and_what_is_computed_is_not_guessed(tmp_path):
    computed = "Sub Each()\nFor i = 1 To 9\nSolverOk Cells(i, 4), 1, 0, Cells(i, 2)\nSolverSolve\nNext\nEnd Sub"
    with open_workbook(with_macros(tmp_path / "plan.xlsm", computed)) as workbook:
        assert macro_problem(workbook, "plan") is None
    with open_workbook(write(tmp_path / "plain.xlsx", {"A1": 1.0, "B1": "=A1^2"}, solver=solver("B1", "A1"))) as workbook:
        assert workbook.vba is None


def test_a_damaged_project_says_nothing():
    good = vba_project({"Module1": NAMED}, ["Sheet1"])
    assert dict(module_sources(good))["Module1"].endswith("End Sub\r\n")
    for cut in range(0, len(good), 97):
        module_sources(good[:cut])
        module_sources(good[:cut] + bytes([good[cut] ^ 0x55]) + good[cut + 1:])
    assert module_sources(b"not at all") == ()


def test_comments_texts_and_other_macros_are_no_calls():
    source = "Sub A()\n' SolverOk \"A1\"\nMsgBox \"SolverOk A1\"\nRem SolverReset\nEnd Sub\nSub B()\nx = 5: SolverOk SetCell:=\"C\" & x, MaxMinVal:=2\nEnd Sub"
    found, = procedures("M", source)
    assert found.name == "B" and found.calls[0].arguments == {"setcell": "C5", "maxminval": 2.0}
