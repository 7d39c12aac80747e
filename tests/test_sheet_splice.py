"""Edits spliced into sheet XML: exact bytes, random sheets, and everything that is refused."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import MAIN, STRICT, worksheet

from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.xlsx.parts.cell_xml import Cached
from pyxl.xlsx.parts.sheet_reader import read_sheet
from pyxl.xlsx.parts.sheet_splice import splice
from solver.errors import UserError


def spliced(xml, edits, *, chunk=1 << 20, **options):
    data = xml if isinstance(xml, bytes) else xml.encode()
    chunks = (data[n:n + chunk] for n in range(0, len(data), chunk))
    edits = {Cell.parse(key) if isinstance(key, str) else key: value for key, value in edits.items()}
    return b"".join(splice(chunks, edits, sheet="R", part="sheet1.xml", **options)).decode()


def rows_of(rows, edits, **around):
    """The rows of a sheet after splicing, its surroundings checked to be untouched."""
    whole = spliced(worksheet(rows, **around), edits)
    head, tail = worksheet("\0", **around).split("\0")
    assert whole.startswith(head) and whole.endswith(tail)
    return whole[len(head):len(whole) - len(tail)]


def test_one_cell_changes_and_every_other_byte_stays():
    rows = "<row r='1'  spans = '1:2' ><c r='A1' s='4'><v>1.50</v></c>\n<c r='B1'><v>2</v></c><!-- <c r='B1'/> --></row  >"
    assert rows_of(rows, {"B1": 0.1}) == rows.replace("<v>2</v>", "<v>0.1</v>")


@pytest.mark.parametrize("value, xml", [
    (1, "<c r=\"A1\" s=\"3\"><v>1</v></c>"), (1.0, '<c r="A1" s="3"><v>1</v></c>'),
    (0.1 + 0.2, '<c r="A1" s="3"><v>0.30000000000000004</v></c>'), (-0.0, '<c r="A1" s="3"><v>0</v></c>'),
    (1e-300, '<c r="A1" s="3"><v>1e-300</v></c>'), (2**60 + 1, '<c r="A1" s="3"><v>1.152921504606847e+18</v></c>'),
    (True, '<c r="A1" s="3" t="b"><v>1</v></c>'), (ErrorValue("#N/A"), '<c r="A1" s="3" t="e"><v>#N/A</v></c>'),
    ("a<b&c", '<c r="A1" s="3" t="inlineStr"><is><t>a&lt;b&amp;c</t></is></c>'),
    (" x", '<c r="A1" s="3" t="inlineStr"><is><t xml:space="preserve"> x</t></is></c>'),
    ("é\x01", '<c r="A1" s="3" t="inlineStr"><is><t>&#233;_x0001_</t></is></c>'),
    ("=1+1", '<c r="A1" s="3" t="inlineStr"><is><t>=1+1</t></is></c>'),
    (None, '<c r="A1" s="3"/>'), (np.float64(0.5), '<c r="A1" s="3"><v>0.5</v></c>'),
    (np.int64(7), '<c r="A1" s="3"><v>7</v></c>')], ids=repr)
def test_how_each_value_is_written(value, xml):
    assert rows_of('<row r="1"><c r="A1" s="3" t="s" vm="1"><v>0</v></c></row>', {"A1": value}) == f'<row r="1">{xml}</row>'


def test_results_of_formulas_are_refreshed_and_formulas_kept():
    rows = ('<row r="1"><c r="A1" t="str" cm="1"><f t="array" ref="A1:C1" >B2 &amp; "x"</f><v>old</v></c>'
            '<c r="B1"><v>0</v></c></row><row r="2"><c r="A2"><f t="shared" si="0"/></c></row>')
    edits = {"A1": Cached(2.5), "B1": Cached("t"), "C1": Cached(None), "A2": Cached(True)}
    assert rows_of(rows, edits) == (
        '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:C1" >B2 &amp; "x"</f><v>2.5</v></c>'
        '<c r="B1" t="inlineStr"><is><t>t</t></is></c></row>'
        '<row r="2"><c r="A2" t="b"><f t="shared" si="0"/><v>1</v></c></row>')


def test_inner_array_cells_without_an_element_get_one():
    rows = '<row r="1"><c r="A1"><f t="array" ref="A1:B2">X</f><v>1</v></c></row>'
    assert rows_of(rows, {"B1": Cached(2), "A2": Cached(3)}) == (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B2">X</f><v>1</v></c><c r="B1"><v>2</v></c></row>'
        '<row r="2"><c r="A2"><v>3</v></c></row>')


def test_missing_cells_and_rows_come_in_order_with_their_style():
    rows = '<row r="2" spans="2:3" s="7" customFormat="1"><c r="B2"><v>1</v></c></row><row r="4" ht="20"/><row r="6"/>'
    edits = {"A1": 1, "A2": 2, "D2": 3, "C3": 4, "B4": 5, "C6": None, "A7": None, "B9": 6}
    around = {"before": '<cols><col min="2" max="2" width="9" style="5"/></cols>'}
    assert rows_of(rows, edits, **around) == (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="2" spans="1:4" s="7" customFormat="1"><c r="A2" s="7"><v>2</v></c><c r="B2"><v>1</v></c>'
        '<c r="D2" s="7"><v>3</v></c></row>'
        '<row r="3"><c r="C3"><v>4</v></c></row>'
        '<row r="4" ht="20"><c r="B4" s="5"><v>5</v></c></row><row r="6"/>'
        '<row r="9"><c r="B9" s="5"><v>6</v></c></row>')


def test_rows_and_cells_without_addresses():
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    assert rows_of(rows, {"B1": 9, "C1": 8, "A2": 7}) == (
        '<row><c><v>1</v></c><c><v>9</v></c><c r="C1"><v>8</v></c></row><row><c><v>7</v></c></row>')


@pytest.mark.parametrize("data", ["<sheetData/>", "<sheetData></sheetData>", "<sheetData />"])
def test_an_empty_sheet_is_filled(data):
    xml = f'<worksheet xmlns="{MAIN}"><dimension ref="A1"/>{data}<pageMargins left="1"/></worksheet>'
    assert spliced(xml, {"B2": 1}) == (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1:B2"/><sheetData><row r="2"><c r="B2"><v>1</v></c></row>'
        '</sheetData><pageMargins left="1"/></worksheet>')


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
def test_prefixed_elements_get_prefixed_company(namespace):
    xml = (f'<x:worksheet xmlns:x="{namespace}"><x:sheetData><x:row r="1"><x:c r="A1"><x:f>B1</x:f><x:v>1</x:v></x:c>'
           '</x:row></x:sheetData></x:worksheet>')
    assert spliced(xml, {"A1": Cached("a"), "B1": "b", "A2": 1}) == (
        f'<x:worksheet xmlns:x="{namespace}"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:f>B1</x:f><x:v>a</x:v></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:t>b</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>')


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1000])
def test_the_size_of_the_chunks_does_not_matter(chunk):
    rows = "".join(f'<row r="{r}" spans="1:3"><c r="A{r}"><v>{r}</v></c><c r="B{r}" s="1"/><c r="C{r}"><f>A{r}+1</f><v>{r + 1}</v></c></row>'
                   for r in range(2, 9, 2))
    xml = worksheet(rows, before='<dimension ref="A2:C8"/>')
    edits = {"A1": "first", "A2": 5, "B4": 1.25, "C6": Cached(-1), "D6": 3, "E11": True}
    assert spliced(xml, edits, chunk=chunk) == spliced(xml, edits)


def test_latin1_sheets_keep_their_bytes():
    xml = f'<?xml version="1.0" encoding="ISO-8859-1"?><worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>é</t></is></c></row></sheetData></worksheet>'
    data = b"".join(splice([xml.encode("latin-1")], {Cell(1, 2): "漢"}, sheet="R", part="p"))
    grid = read_sheet([data], "R", part="p")
    assert grid.values == {Cell(1, 1): "é", Cell(1, 2): "漢"}


@pytest.mark.parametrize("mark, encoding", [(b"", "utf-16"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-16-be")])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_sheet_in_utf_16_is_written_in_utf_8(mark, encoding, chunk, quote):
    """Every reader of XML has to know both."""
    xml = worksheet('<row r="1"><c r="A1" t="inlineStr"><is><t>é😀</t></is></c></row>')
    data = mark + xml.replace('"UTF-8"', f"{quote}UTF-16{quote}").encode(encoding)
    after = spliced(data, {"B1": "漢"}, chunk=chunk)
    assert read_sheet([after.encode()], "R", part="p").values == {Cell(1, 1): "é😀", Cell(1, 2): "漢"}
    new = '<c r="B1" t="inlineStr"><is><t>&#28450;</t></is></c>'
    assert after.replace(new, "").lstrip("\ufeff") == xml.replace(' encoding="UTF-8"', "")


ROWS = ('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f t="array" ref="B1:C2">X</f><v>0</v></c><c r="C1"><v>0</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="1" ref="A3:A4">B3</f></c></row><row r="4"><c r="A4"><f t="shared" si="1"/></c></row>'
        '<row r="5"><c r="A5"><v>1</v></c><c r="B5"/><c r="C5"><f t="dataTable" ref="C5:C6" r1="A1"/><v>1</v></c></row>')
MERGED = '<mergeCells><mergeCell ref="A5:B5"/><mergeCell ref="F1:XFD1048576"/></mergeCells>'


@pytest.mark.parametrize("ref, value, sentence", [
    ("A1", 5, "R!A1 holds a formula, which is not overwritten. Choose another cell; nothing was saved."),
    ("A4", None, "R!A4 holds a formula"), ("A3", 1, "R!A3 holds a formula"),
    ("C1", 5, "R!C1 is part of the array formula in B1:C2, which is not overwritten. Choose another cell"),
    ("B2", 5, "R!B2 is part of the array formula in B1:C2"), ("B1", 5, "R!B1 is part of the array formula"),
    ("C6", 5, "R!C6 is part of the array formula in C5:C6"),
    ("B5", 5, "R!B5 is covered by the merged cells A5:B5. Unmerge them"), ("G2", 5, "R!G2 is covered by the merged cells F1:XFD"),
    ("A5", math.nan, r"R!A5 would get nan \(not a finite number\). Correct the value; nothing was saved."),
    ("A7", math.inf, "R!A7 would get inf"), ("A5", "x" * 32_768, "R!A5 would get a text of 32,768 characters"),
    ("A5", Fraction(1, 2), "R!A5 would get a Fraction"), ("A1", Cached(math.nan), "R!A1 would get nan"),
    ("A5", 10**400, "R!A5 would get a whole number that is too large"),
    ("A5", Cached(1), "R!A5 holds no formula"), ("D9", Cached(1), "R!D9 holds no formula"),
    ("K3", 5, "R!K3 belongs to the pivot table PivotTable2. Choose another cell"),
    (Cell(1048577, 1), 5, "Sheet 'R' ends at XFD1048576"), (Cell(1, 16385), 5, "Sheet 'R' ends at XFD1048576")])
def test_refusals_name_the_cell(ref, value, sentence):
    with pytest.raises(UserError, match=sentence):
        spliced(worksheet(ROWS, after=MERGED), {ref: value}, pivots=[("PivotTable2", Range.parse("K2:L9"))])


def test_the_top_left_of_merged_cells_may_be_written():
    assert '<c r="A5"><v>9</v></c>' in spliced(worksheet(ROWS, after=MERGED), {"A5": 9})


def test_a_protected_sheet_is_refused():
    with pytest.raises(UserError, match="Sheet 'R' is protected. Use Review > Unprotect Sheet in Excel"):
        spliced(worksheet("", after='<sheetProtection sheet="1" objects="1"/>'), {"A1": 1})
    assert spliced(worksheet("", after='<sheetProtection sheet="0"/>'), {"A1": 1})


@pytest.mark.parametrize("xml, sentence", [
    (worksheet('<row r="2"/><row r="1"/>'), "row 1 comes after row 2"),
    (worksheet('<row r="5"><c r="B5"/><c r="A5"/></row>'), "cell 'A5' is out of order in row 5"),
    (worksheet('<row><c><c/></c></row>'), "a <c> stands inside a <c>"), (worksheet('<c/><row/>'), "a <c> stands outside a <row>"),
    (worksheet("", after="<row/>"), "a <row> stands outside a <sheetData>"), (f'<worksheet xmlns="{MAIN}"><cols><sheetData/></cols></worksheet>', "its <sheetData> stands inside another"),
    (worksheet('<row><row/></row>'), "a <row> stands inside a <row>"), (worksheet('<row><c><is><row/></is></c></row>'), "a <row> stands inside a <c>"),
    (worksheet('<row r="5">').replace("</sheetData>", ""), "its XML cannot be read"),
    (worksheet("")[:-20], "its XML cannot be read"), ('<chartsheet xmlns="urn:x"/>', "not in the format of an Excel workbook"),
    (f'<worksheet xmlns="{MAIN}"/>', "found no place"), (worksheet('<row r="x"/>'), "its XML cannot be read"),
    (f'<!DOCTYPE a [<!ENTITY b "c">]><worksheet xmlns="{MAIN}"/>', "carries a DTD"),
    (worksheet("").replace("UTF-8", "UTF-16").encode("utf-16")[:-1], "it is not in UTF-16")])
def test_damaged_sheets_are_refused(xml, sentence):
    with pytest.raises(UserError, match=sentence):
        spliced(xml, {"C5": 1, "C9": 1})


@pytest.mark.parametrize("rows", ['<row><c><c/></c></row>', '<c><v>1</v></c>', '<row/><c/>', '<row><row/></row>', '<row><c><is><row/></is></c></row>'])
def test_rows_and_cells_that_are_misplaced_are_not_read(rows):
    """Some programs skip them, others count them."""
    with pytest.raises(UserError, match="stands (inside|outside)"):
        read_sheet([worksheet(rows).encode()], "R", part="p")


CELL = re.compile(r'<c r="([A-Z]+[0-9]+)".*?(?:/>|</c>)')
texts = st.text(st.characters(codec="utf-16", exclude_categories=()), max_size=8) | st.sampled_from(["_x0041_", "]]>", "=A1"])
values = st.one_of(st.none(), st.booleans(), st.integers(-2**53, 2**53), texts,
                   st.sampled_from(["#N/A", "#DIV/0!"]).map(ErrorValue), st.floats(allow_nan=False, allow_infinity=False))
places = st.builds(Cell, st.integers(1, 12), st.integers(1, 8))
OLD = ('<c r="{}" s="2"><v>1.5</v></c>', '<c r="{}"/>', '<c r="{}" t="b"><v>1</v></c>',
       '<c r="{}" t="inlineStr"><is><r><t>a/></t></r></is></c>')


@settings(max_examples=150, deadline=None)
@given(old=st.dictionaries(places, st.sampled_from(OLD)), empty_rows=st.sets(st.integers(1, 12)),
       edits=st.dictionaries(places, values, min_size=1), chunk=st.integers(1, 400))
def test_random_edits_of_random_sheets_read_back_and_leave_the_rest(old, empty_rows, edits, chunk):
    rows = ""
    for row in sorted({cell.row for cell in old} | empty_rows):
        cells = "".join(old[cell].format(cell) for cell in sorted(old) if cell.row == row)
        rows += f'<row r="{row}" spans="1:2">{cells}</row>' if cells else f'<row r="{row}" ht="9"/>'
    xml = worksheet(rows, before='<dimension ref="A1"/>', after="<!-- end -->")
    new = spliced(xml, edits, chunk=chunk)

    before, after = (read_sheet([text.encode()], "R", part="p") for text in (xml, new))
    expected = before.values | edits
    assert after.values == {cell: value for cell, value in expected.items() if value is not None}
    assert {cell: type(value) for cell, value in after.values.items()} == {
        cell: float if type(value) is int else type(value) for cell, value in expected.items() if value is not None}
    kept = {match[1]: match[0] for match in CELL.finditer(xml) if Cell.parse(match[1]) not in edits}
    assert kept.items() <= {match[1]: match[0] for match in CELL.finditer(new)}.items()
    assert re.findall(r'<row r="(\d+)"', new) == sorted(re.findall(r'<row r="(\d+)"', new), key=int)
    assert new.endswith(xml[xml.index("</sheetData>"):])
    filled = [cell for cell, value in edits.items() if value is not None]
    where = Range.parse(re.search('<dimension ref="(.*?)"', new)[1])
    assert all(cell in where for cell in filled)
