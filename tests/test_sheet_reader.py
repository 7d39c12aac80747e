"""Sheet XML in all its dialects -> Grid."""

import math

import pytest
from packages import MAIN, STRICT, make_book, relationships, worksheet

from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.grid.grid import Formula
from pyxl.xlsx import open_workbook
from pyxl.xlsx.parts.number_formats import meaning
from solver.errors import UserError

STRINGS = (f'<sst xmlns="{MAIN}"><si><t>plain</t></si>'
           '<si><r><rPr><b/></rPr><t>rich </t></r><r><t>text</t></r></si>'
           '<si><t>漢字</t><rPh sb="0" eb="2"><t>かんじ</t></rPh></si>'
           '<si><t xml:space="preserve"> _x0041_&amp;_x005F_x0041_ </t></si></sst>')


def grid_of(tmp_path, rows="", **parts):
    with open_workbook(make_book(tmp_path / "w.xlsx", rows, **parts)) as book:
        return book.grid("R")


def at(grid, ref):
    return grid.values.get(Cell.parse(ref))


def test_every_kind_of_value(tmp_path):
    grid = grid_of(tmp_path, '<row r="2">'
                   '<c r="A2"><v>1.5</v></c><c r="B2" t="n"><v>1E-3</v></c><c r="C2" t="b"><v>1</v></c>'
                   '<c r="D2" t="b"><v>0</v></c><c r="E2" t="e"><v>#N/A</v></c><c r="F2" t="str"><f>"x"</f><v>x</v></c>'
                   '<c r="G2" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r><rPh sb="0" eb="1"><t>no</t></rPh></is></c>'
                   '<c r="H2" s="3"/><c r="I2"><v></v></c><c r="J2" t="str"><f>""</f><v></v></c></row>')
    values = [at(grid, f"{letter}2") for letter in "ABCDEFGHIJ"]
    assert values == [1.5, 0.001, True, False, "#N/A", "x", "inline", None, None, ""]
    assert isinstance(values[0], float) and isinstance(values[2], bool) and isinstance(values[4], ErrorValue)
    assert Cell.parse("H2") not in grid.values and Cell.parse("I2") not in grid.values
    assert grid.used == Range.parse("A2:J2")


def test_shared_strings_rich_phonetic_and_escaped(tmp_path):
    cells = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(4))
    grid = grid_of(tmp_path, f"<row>{cells}</row>", strings=STRINGS)
    assert [at(grid, f"{letter}1") for letter in "ABCD"] == ["plain", "rich text", "漢字", " A&_x0041_ "]


def test_stored_nan_and_infinity_are_kept_for_the_checker(tmp_path):
    grid = grid_of(tmp_path, "<row><c><v>NaN</v></c><c><v>INF</v></c><c><v>-INF</v></c></row>")
    assert math.isnan(at(grid, "A1"))
    assert (at(grid, "B1"), at(grid, "C1")) == (math.inf, -math.inf)


def test_what_stands_among_extensions_is_no_value(tmp_path):
    inside = "<extLst><ext uri=\"u\"><v>9</v><f>2+2</f><is><t>x</t></is></ext></extLst>"
    grid = grid_of(tmp_path, f'<row><c><v>1</v>{inside}</c><c>{inside}</c><c t="inlineStr"><is><t>in</t></is>{inside}</c><c><f>1+1</f><v>2</v>{inside}</c></row>')
    assert [at(grid, f"{letter}1") for letter in "ABCD"] == [1, None, "in", 2]
    assert {str(cell): formula.text for cell, formula in grid.formulas.items()} == {"D1": "1+1"}


def test_cells_and_rows_without_addresses(tmp_path):
    grid = grid_of(tmp_path, '<row><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row>'
                             '<row r="5"><c><v>4</v></c></row><row><c><v>5</v></c></row>')
    assert {str(cell): value for cell, value in grid.values.items()} == {"A1": 1, "D1": 2, "E1": 3, "A5": 4, "A6": 5}


def test_ordinary_and_shared_formulas_carry_their_anchor(tmp_path):
    grid = grid_of(tmp_path, '<row r="1"><c r="B1"><f>A1*2</f><v>4</v></c>'
                             '<c r="C1"><f t="shared" si="0" ref="C1:C3">A1+$B$1</f><v>6</v></c></row>'
                             '<row r="2"><c r="C2"><f t="shared" si="0"/><v>7</v></c></row>'
                             '<row r="3"><c r="C3"><f t="shared" si="0"></f></c></row>')
    c1 = Cell.parse("C1")
    assert grid.formulas[Cell.parse("B1")] == Formula("A1*2", Cell.parse("B1"))
    assert [grid.formulas[Cell(row, 3)] for row in (1, 2, 3)] == [Formula("A1+$B$1", c1)] * 3
    assert at(grid, "C2") == 7 and at(grid, "C3") is None
    assert grid.used == Range.parse("B1:C3")


def test_the_text_of_a_formula_is_escaped_as_others_are(tmp_path):
    grid = grid_of(tmp_path, '<row r="1"><c r="A1" t="str"><f>"_x005F_x000F_"&amp;"_x0041_"</f><v>_x005F_x000F_A</v></c></row>')
    assert grid.formulas[Cell.parse("A1")].text == '"_x000F_"&"A"' and at(grid, "A1") == "_x000F_A"


def test_array_formula_and_data_table(tmp_path):
    grid = grid_of(tmp_path, '<row><c><f t="array" ref="A1:B1">MMULT(D1:E1,G1:H2)</f><v>1</v></c><c><v>2</v></c></row>'
                             '<row><c><f t="dataTable" ref="A2:A3" dt2D="0" dtr="0" r1="F1"/><v>9</v></c></row>')
    assert grid.arrays == {Range.parse("A1:B1"): Cell(1, 1), Range.parse("A2:A3"): Cell(2, 1)}
    assert grid.formulas[Cell(1, 1)].text == "MMULT(D1:E1,G1:H2)"
    assert grid.formulas[Cell(2, 1)].text == "TABLE(,F1)"
    assert Cell(1, 2) not in grid.formulas and at(grid, "B1") == 2


@pytest.mark.parametrize("xml", [
    worksheet('<row r="1"><c r="A1"><v>7</v></c></row>', namespace=STRICT),
    f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>7</x:v></x:c></x:row>'
    '</x:sheetData></x:worksheet>',
    f'<!-- c --><worksheet xmlns="{MAIN}"><sheetData><row><!-- <c> --><c><v><![CDATA[7]]></v></c></row>'
    '</sheetData><extLst><y:c xmlns:y="urn:other" r="A1"><y:v>8</y:v></y:c></extLst></worksheet>',
], ids=["strict", "prefixed", "comments"])
def test_other_spellings_of_the_same_sheet(tmp_path, xml):
    assert grid_of(tmp_path, xml=xml).values == {Cell(1, 1): 7.0}


def test_formats_of_numbers_only(tmp_path):
    styles = (f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
              '<numFmt numFmtId="165" formatCode="0.0%"/><numFmt numFmtId="166" formatCode="0&quot; days&quot;"/></numFmts>'
              '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
              '<cellXfs>' + "".join(f'<xf numFmtId="{n}"/>' for n in (0, 14, 9, 164, 165, 166)) + '</cellXfs></styleSheet>')
    cells = "".join(f'<c s="{n}"><v>1</v></c>' for n in range(6)) + '<c s="1" t="str"><v>a text</v></c><c s="2"/>'
    grid = grid_of(tmp_path, f"<row>{cells}</row>", styles=styles)
    assert {str(cell): kind for cell, kind in grid.formats.items()} == {
        "B1": "date", "C1": "percent", "D1": "date", "E1": "percent"}


@pytest.mark.parametrize("code, kind", [
    ("General", None), ("0.00", None), ('0" d%"', None), ("[Red]0.0", None), ("0\\%", None), ("#,##0.00 %", "percent"),
    ("[$-409]d-mmm-yy", "date"), ("[h]:mm", "date"), ("m/d/yy h:mm", "date"), ("@", None)])
def test_what_a_format_code_means(code, kind):
    assert meaning(code) == kind


def test_iso_dates_of_strict_files(tmp_path):
    grid = grid_of(tmp_path, '<row><c t="d"><v>2024-02-29T12:00:00</v></c></row>')
    assert grid.values == {Cell(1, 1): 45351.5} and grid.formats == {Cell(1, 1): "date"}


def test_what_stands_in_the_way_of_writing(tmp_path):
    pivot = (f'<pivotTableDefinition xmlns="{MAIN}" name="PivotTable2"><location ref="B5:C9" rowPageCount="1" '
             'colPageCount="1"/></pivotTableDefinition>')
    grid = grid_of(tmp_path, xml=worksheet(
        '<row r="1" hidden="1"/><row r="2"/><row r="3" hidden="true"><c><v>1</v></c></row>',
        after='<sheetProtection sheet="1"/><mergeCells><mergeCell ref="B2:C2"/><mergeCell ref="A4:A6"/></mergeCells>'),
        more={"xl/worksheets/_rels/sheet1.xml.rels": relationships(("rId1", "pivotTable", "../pivotTables/pivotTable1.xml")),
              "xl/pivotTables/pivotTable1.xml": pivot})
    assert grid.protected
    assert grid.hidden_rows == {1, 3}
    assert grid.merged == (Range.parse("B2:C2"), Range.parse("A4:A6"))
    assert grid.pivots == (("PivotTable2", Range.parse("B5:C9")), ("PivotTable2", Range.parse("B3:C3")))


@pytest.mark.parametrize("rows, found", [
    ('<row r="1"><c r="XFE1"><v>1</v></c></row>', "XFE1"),
    ('<row r="1"><c r="A2"><v>1</v></c></row>', "'A2' in row 1"),
    ('<row r="1048577"/>', "row 1048577"), ('<row r="one"/>', "'one'"),
    ('<row r="1"><c r="A1" t="s"><v>5</v></c></row>', "A1 with a text that the workbook lacks"),
    ('<row r="1"><c r="A1"><v>4,5</v></c></row>', "A1 with the number '4,5'")])
def test_impossible_cells_get_a_sentence(tmp_path, rows, found):
    with pytest.raises(UserError, match=r" is damaged: .* let it repair it") as error:
        grid_of(tmp_path, rows)
    assert found in str(error.value)


def test_corner_cells(tmp_path):
    grid = grid_of(tmp_path, '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    assert grid.used == Range.parse("A1:XFD1048576")


def test_the_course_workbook(shared):
    with open_workbook(shared / "workbooks" / "course_collab_filter.xlsx") as book:
        dotprod, long = book.grid("dotprod"), book.grid("movielens_emb")
        assert book.grid("dotprod") is dotprod
    assert at(dotprod, "V41") == pytest.approx(2.80606206, abs=1e-8)
    assert dotprod.formulas[Cell.parse("V41")].text == "SQRT(SUMXMY2(H2:V16,H25:V39)/COUNT(H2:V16))"
    ratings = [value for row in dotprod.block(Range.parse("H2:V16")) for value in row]
    assert sum(isinstance(value, float) for value in ratings) == 206
    assert {name for name, _ in long.pivots} == {"PivotTable1", "PivotTable2"}
    assert long.arrays[Range.parse("M3:Q3")] == Cell.parse("M3")
