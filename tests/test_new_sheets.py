"""A sheet added to somebody else's workbook: well-formed, found by all readers, and nothing else touched."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

import openpyxl
import packages
import pytest

from pyxl.grid.cells import Cell
from pyxl.hosts.file_host import FileHost
from pyxl.xlsx import NewSheet, open_workbook
from solver import UserError

LISTS = {"[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml"}
CELLS = {Cell(1, 1): "=text, not a formula", Cell(2, 3): 1.5, Cell(2, 1): True, Cell(9, 2): "ä <&> \"q\""}


def with_sheets(source, out, *sheets: NewSheet, cells=CELLS):
    with open_workbook(source) as book:
        host = FileHost(book)
        for sheet in sheets:
            host.add_sheet(sheet)
            host.write({sheet.name: cells})
        host.save(out=out)
    return out


@pytest.fixture
def small(tmp_path):
    """Two sheets; the first is not numbered 1, as after somebody deleted one."""
    source = tmp_path / "small.xlsx"
    source.write_bytes(packages.zipped(packages.parts_of({"one": packages.worksheet('<row r="1"><c r="A1"><v>1</v></c></row>'),
                                              "two": packages.worksheet("")})))
    return source


def parts(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_there_stays_and_three_lists_grow(small, tmp_path):
    out = with_sheets(small, tmp_path / "o.xlsx", NewSheet("before_fit", hidden=True), NewSheet("Report & <more>", widths=(30, 8)))
    before, after = parts(small), parts(out)
    assert list(after)[:len(before)] == list(before)        # the same order, new parts behind
    assert {name for name in before if before[name] != after[name]} == LISTS
    assert set(after) - set(before) == {"xl/worksheets/sheet3.xml", "xl/worksheets/sheet4.xml"}
    for name in LISTS - {"xl/workbook.xml"}:                # a splice: what was there is there still, in one piece on either side
        assert all(piece in after[name] for piece in (before[name][:-30], before[name][-12:]))
    for name, content in after.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(content)


def test_every_reader_finds_it(small, tmp_path, office):
    out = with_sheets(small, tmp_path / "o.xlsx", NewSheet("before_fit", hidden=True), NewSheet("Report & <more>", widths=(30, 8)))
    with open_workbook(out) as book:
        assert book.sheets == ("one", "two", "before_fit", "Report & <more>")
        assert book.grid("before_fit").values == CELLS
    loaded = openpyxl.load_workbook(out)
    assert loaded.sheetnames == ["one", "two", "before_fit", "Report & <more>"]
    assert loaded["before_fit"].sheet_state == "hidden" and loaded["one"].sheet_state == "visible"
    assert loaded["Report & <more>"]["C2"].value == 1.5 and loaded["Report & <more>"]["A1"].data_type == "s"
    assert loaded["Report & <more>"].column_dimensions["A"].width == 30
    read = office.recalculate(out, {"before_fit": ["A1:C2"], "Report & <more>": ["B9"], "one": ["A1"]})
    assert read["before_fit"]["A1:C2"] == [["=text, not a formula", "", ""], [1.0, "", 1.5]] or \
        read["before_fit"]["A1:C2"][0][0] == "=text, not a formula"
    assert read["Report & <more>"]["B9"] == [['ä <&> "q"']] and read["one"]["A1"] == [[1.0]]


def test_a_second_save_writes_into_the_sheet(small, tmp_path):
    """In place, and twice: the sheet is added once."""
    for value in (1.0, 2.0):
        with open_workbook(small) as book:
            host = FileHost(book)
            host.add_sheet(NewSheet("kept", hidden=True))
            host.write({"kept": {Cell(1, 1): value}})
            host.save()
            assert host.sheets == ("one", "two", "kept") and host.value("kept", Cell(1, 1)) == value
    assert len([name for name in parts(small) if "worksheets" in name]) == 3


def test_the_strict_format_and_prefixes_are_spoken_as_they_are(tmp_path):
    """Of ISO 29500 strict every namespace is another; a prefix is legal XML, which some programs write."""
    strict = {name: content if isinstance(content, bytes) else
              content.replace(packages.MAIN, packages.STRICT).replace("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                                                                      "http://purl.oclc.org/ooxml/officeDocument/relationships")
              for name, content in packages.parts_of({"one": packages.worksheet("")}).items()}
    (tmp_path / "strict.xlsx").write_bytes(packages.zipped(strict))
    out = parts(with_sheets(tmp_path / "strict.xlsx", tmp_path / "s.xlsx", NewSheet("new")))
    assert b"purl.oclc.org/ooxml/spreadsheetml/main" in out["xl/worksheets/sheet2.xml"]
    assert out["xl/_rels/workbook.xml.rels"].count(b"purl.oclc.org/ooxml/officeDocument/relationships/worksheet") == 2

    prefixed = packages.parts_of({"one": packages.worksheet("")})
    prefixed["xl/workbook.xml"] = (f'{packages.XML}<x:workbook xmlns:x="{packages.MAIN}" xmlns:q="{packages.OFFICE}"><x:sheets>'
                                   '<x:sheet name="one" sheetId="7" q:id="rId1"/></x:sheets></x:workbook>')
    (tmp_path / "prefixed.xlsx").write_bytes(packages.zipped(prefixed))
    out = with_sheets(tmp_path / "prefixed.xlsx", tmp_path / "p.xlsx", NewSheet("new"))
    assert b'<x:sheet xmlns:r=' in parts(out)["xl/workbook.xml"] and b'sheetId="8"' in parts(out)["xl/workbook.xml"]
    with open_workbook(out) as book:
        assert book.sheets == ("one", "new") and book.grid("new").values == CELLS


@pytest.mark.parametrize("name", ["", "a" * 32, "a/b", "ONE", "[x]", "'x"])
def test_names_that_no_sheet_can_have_are_refused(small, name):
    with open_workbook(small) as book, pytest.raises(UserError, match="no new sheet"):
        FileHost(book).add_sheet(NewSheet(name))


def test_a_protected_structure_is_left_alone(tmp_path):
    locked = packages.parts_of({"one": packages.worksheet("")})
    locked["xl/workbook.xml"] = packages.workbook_xml(["one"]).replace("<sheets>", '<workbookProtection lockStructure="1"/><sheets>')
    (tmp_path / "locked.xlsx").write_bytes(packages.zipped(locked))
    with open_workbook(tmp_path / "locked.xlsx") as book, pytest.raises(UserError, match="Unprotect"):
        FileHost(book).add_sheet(NewSheet("kept", hidden=True))


def test_the_lessons_workbooks_take_a_sheet(shared, tmp_path):
    for name in ("course_collab_filter.xlsx", "course_graddesc.xlsm"):
        source = shared / "workbooks" / name
        out = with_sheets(source, tmp_path / name, NewSheet("kept", hidden=True))
        before, after = parts(source), parts(out)
        assert {part for part in before if before[part] != after[part]} == LISTS
        with open_workbook(out) as book, open_workbook(source) as old:
            assert book.sheets == (*old.sheets, "kept") and book.names == old.names
            assert book.grid("kept").values == CELLS
