"""What `collabsheet doctor` finds in a workbook that Excel would call damaged, and what it leaves alone."""

from __future__ import annotations

import shutil

import pytest
from packages import RELS, parts_of, read_parts, relationships, with_part, worksheet, zipped

from pyxl.__main__ import main
from pyxl.doctor.package_consistency import package_faults
from workbook.examples import write_examples

STYLES = ('<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellStyleXfs count="3"><xf/><xf/><xf/></cellStyleXfs>'
          '<cellXfs count="2"><xf/><xf/></cellXfs></styleSheet>')
STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>a</t></si></sst>'
CELLS = '<row r="1"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1"><f>1+1</f><v>2</v></c></row>'


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.xlsx"
    path.write_bytes(zipped(parts_of({"R": worksheet(CELLS), "S": worksheet("")}, strings=STRINGS, styles=STYLES)))
    return path


def edited(part: str, old: str, new: str):
    def change(source, target):
        assert old.encode() in read_parts(source)[part]
        return with_part(source, target, part, lambda content: content.replace(old.encode(), new.encode()))
    return change


def without(part: str):
    def change(source, target):
        target.write_bytes(zipped({name: content for name, content in read_parts(source).items() if name != part}))
        return target
    return change


def added(part: str, content: str):
    def change(source, target):
        target.write_bytes(zipped(read_parts(source) | {part: content}))
        return target
    return change


def renamed(ending: str):
    def change(source, target):
        return shutil.copyfile(source, target.with_suffix(ending))
    return change


SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
NAMES = "</sheets><definedNames>{}</definedNames>"
FAULTS = [
    (edited("[Content_Types].xml", "/xl/worksheets/sheet2.xml", "/xl/worksheets/sheet9.xml"), "names '/xl/worksheets/sheet9.xml', which is missing"),
    (edited("[Content_Types].xml", "/xl/worksheets/sheet2.xml", "/xl/worksheets/sheet1.xml"), "gives '/xl/worksheets/sheet1.xml' two types"),
    (added("xl/odd.bin", "x"), "gives no type to 'xl/odd.bin'"),
    (without("xl/sharedStrings.xml"), "leads to 'xl/sharedStrings.xml', which is missing"),
    (edited("xl/_rels/workbook.xml.rels", 'Id="rId2"', 'Id="rId1"'), "uses the id 'rId1' twice"),
    (added("xl/worksheets/_rels/sheet7.xml.rels", f'<Relationships xmlns="{RELS}"/>'), "relationships of 'xl/worksheets/sheet7.xml', which is missing"),
    (edited(BOOK, 'name="S"', 'name="r"'), "Two sheets are called 'r'"), (edited(BOOK, 'name="S"', 'name="S/T"'), "No sheet may be called 'S/T'"),
    (edited(BOOK, 'sheetId="2"', 'sheetId="1"'), "Two sheets have the number 1"), (edited(BOOK, 'r:id="rId2"', 'r:id="rId9"'), "The sheet 'S' has no part"),
    (edited(BOOK, "</sheets>", NAMES.format('<definedName name="a b">1</definedName>')), "No defined name may be 'a b'"),
    (edited(BOOK, "</sheets>", NAMES.format('<definedName name="AB12">1</definedName>')), "No defined name may be 'AB12'"),
    (edited(BOOK, "</sheets>", NAMES.format('<definedName name="R1C1">1</definedName>')), "No defined name may be 'R1C1'"),
    (edited(BOOK, "</sheets>", NAMES.format('<definedName name="x">1</definedName><definedName name="X">2</definedName>')), "The name 'x' is defined twice"),
    (edited(BOOK, "</sheets>", NAMES.format('<definedName name="x" localSheetId="²">1</definedName>')), "belongs to sheet number ², which is not there"),
    (edited(SHEET, 's="1"', 's="2"'), "R: A1 takes style 2 of 2"), (edited(SHEET, "<v>0</v>", "<v>1</v>"), "R: A1 shows text 1 of 1"),
    (edited(SHEET, 'r="B1"', 'r="A1"'), "R: the cell 'A1' is out of order in row 1"),
    (edited(SHEET, "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A3:B4"/><mergeCell ref="B4:C5"/></mergeCells>'), "A3:B4 and B4:C5 overlap"),
    (edited(SHEET, "</sheetData>", '</sheetData><drawing r:id="rId1"/>'), "its drawing needs the relationship 'rId1', which is not there"),
    (renamed(".xlsm"), "It ends in '.xlsm' and says that it is"),
]


@pytest.mark.parametrize("change, sentence", FAULTS, ids=[sentence for _, sentence in FAULTS])
def test_what_does_not_fit_together_is_found(sound, tmp_path, change, sentence):
    faults = list(package_faults(change(sound, tmp_path / "w.xlsx")))
    assert any(sentence in fault for fault in faults), faults


def test_a_calculation_chain_that_lists_a_constant(sound, tmp_path):
    chain = '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="B1" i="1"/><c r="{}"/></calcChain>'
    for cell, faults in (("B1", []), ("A1", ["'xl/calcChain.xml' lists R!A1, which holds no formula."])):
        parts = read_parts(sound) | {"xl/calcChain.xml": chain.format(cell)}
        links = relationships(("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "worksheet", "worksheets/sheet2.xml"),
                              ("rId3", "calcChain", "calcChain.xml"), ("rIdS", "sharedStrings", "sharedStrings.xml"), ("rIdT", "styles", "styles.xml"))
        (tmp_path / "w.xlsx").write_bytes(zipped(parts | {"xl/_rels/workbook.xml.rels": links}))
        assert list(package_faults(tmp_path / "w.xlsx")) == faults


def test_sound_workbooks_raise_no_alarm(sound, tmp_path, example_book):
    for path in (sound, *write_examples(tmp_path / "examples")):
        assert list(package_faults(path)) == []


def test_what_excel_itself_leaves_is_no_damage(sound, tmp_path):
    """Rubbish of its own under a name that no part may have; folders as entries; a module of Excel 95, which is listed without a part; a name of one quote."""
    for change in (added("[trash]/0000.dat", "x"), added("xl/worksheets", ""), edited(BOOK, "</sheets>", NAMES.format('<definedName name="“">1</definedName>')), edited(BOOK, "</sheets>", '<sheet name="Module1" sheetId="9" state="veryHidden" r:id=""/></sheets>')):
        assert list(package_faults(change(sound, tmp_path / "w.xlsx"))) == []


def test_rows_and_cells_of_an_extension_are_not_the_sheets(sound, tmp_path):
    extension = ('<extLst xmlns:n="urn:new"><ext uri="u"><n:row r="1"><n:c r="A1" s="99" t="s"><n:v>99</n:v></n:c></n:row>'
                 '<n:mergeCell ref="?"/></ext></extLst>')
    assert list(package_faults(edited(SHEET, "</worksheet>", extension + "</worksheet>")(sound, tmp_path / "w.xlsx"))) == []


def test_real_workbooks_raise_no_alarm(shared):
    paths = sorted((shared / "workbooks").rglob("*.xls[xm]"))
    assert len(paths) > 20
    assert {path.name: list(package_faults(path)) for path in paths} == {path.name: [] for path in paths}


def test_the_doctor_says_it(sound, tmp_path, capsys):
    broken = edited(SHEET, 's="1"', 's="7"')(sound, tmp_path / "w.xlsx")
    main(["doctor", str(broken)])
    assert "Excel may call it damaged: R: A1 takes style 7 of 2." in capsys.readouterr().out
