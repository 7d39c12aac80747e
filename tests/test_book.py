"""What a workbook says of itself: sheets, names, calculation mode."""

import pytest
from packages import make_book, parts_of, relationships, workbook_xml, worksheet, zipped

from pyxl.grid.cells import Cell
from pyxl.grid.grid import DefinedName
from pyxl.xlsx import open_workbook
from solver.errors import UserError


def test_sheets_leave_out_chart_sheets_and_names_still_find_their_scope(tmp_path):
    sheets = {"a": worksheet(""), "Chart": "<chartsheet/>", "b &amp; c": worksheet("<row><c><v>1</v></c></row>")}
    inside = ('<definedNames>'
              '<definedName name="solver_adj" localSheetId="2" hidden="1">\'b &amp; c\'!$A$1</definedName>'
              '<definedName name="rate">0.5</definedName>'
              '<definedName name="lost" localSheetId="9">#REF!</definedName></definedNames>'
              '<calcPr calcId="1" calcMode="manual"/>')
    parts = parts_of(sheets, workbook=workbook_xml(sheets, inside=inside))
    parts["xl/_rels/workbook.xml.rels"] = relationships(
        ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "chartsheet", "worksheets/sheet2.xml"),
        ("rId3", "worksheet", "/xl/worksheets/sheet3.xml"))
    path = tmp_path / "w.xlsx"
    path.write_bytes(zipped(parts))
    with open_workbook(str(path)) as book:
        assert book.path == path
        assert book.sheets == ("a", "b & c")
        assert book.names == (DefinedName("solver_adj", "'b & c'!$A$1", "b & c", True), DefinedName("rate", "0.5"),
                              DefinedName("lost", "#REF!"))
        assert book.manual_calculation
        assert book.grid("b & c").values == {Cell(1, 1): 1.0}
        assert book.grid("b & c") is book.grid("b & c")
        with pytest.raises(UserError, match="no sheet 'Chart' in 'w.xlsx'; it has: a, b & c. Choose one of them."):
            book.grid("Chart")
        with pytest.raises(UserError, match="There is no sheet 'B'"):
            book.save({"B": {Cell(1, 1): 1}})


def test_automatic_calculation_is_the_default(tmp_path):
    with open_workbook(make_book(tmp_path / "w.xlsx")) as book:
        assert not book.manual_calculation
        assert book.names == ()


def test_the_course_workbooks(shared):
    with open_workbook(shared / "workbooks" / "course_collab_filter.xlsx") as book:
        assert book.sheets == ("dotprod", "movielens_emb", "bias", "word_emb")
        names = {(name.scope, name.name): name for name in book.names}
        assert names["dotprod", "solver_adj"].refers_to == "dotprod!$H$19:$V$23,dotprod!$B$25:$F$39"
        assert names["dotprod", "solver_opt"].refers_to == "dotprod!$V$41"
        assert names["bias", "solver_adj"].hidden
    with open_workbook(shared / "workbooks" / "course_graddesc.xlsm") as book:
        assert "basic SGD" in book.sheets
        for sheet in book.sheets:
            assert book.grid(sheet).sheet == sheet
