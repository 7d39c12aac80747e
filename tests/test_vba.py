"""The container of the macros, read by others' readers (olefile, olevba) and held against the specifications' examples."""

from __future__ import annotations

import logging
import random
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as etree

import olefile
import pytest
import xlwings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oletools.olevba import VBA_Parser, decompress_stream
from planted import planted

import workbook
from pyxl.__main__ import main
from pyxl.doctor.package_consistency import package_faults
from solver.errors import UserError
from workbook.addins.excel_addin import excel_addin
from workbook.model_sheets.buttons import BUTTONS, MODULE, macro_source
from workbook.vba.compound_file import compound_file
from workbook.vba.compression import compress
from workbook.vba.project import encrypted, vba_project


def decompressed(data: bytes) -> bytes:
    return bytes(decompress_stream(bytearray(data)))


# -- compression ([MS-OVBA] 2.4.1) ---------------------------------------------------------------------

def test_the_examples_of_the_specification_come_out():
    """3.2.1 and 3.2.3. (In 3.2.2 Microsoft takes the farther of two equal matches, against its own 2.4.1.3.19.4.)"""
    assert compress(b"abcdefghijklmnopqrstuv.").hex().upper() == "0119B000616263646566676800696A6B6C6D6E6F70007172737475762E"
    assert compress(b"a" * 73).hex().upper() == "0103B002614500"


@given(st.lists(st.sampled_from([b"Sub ", b"End", b"\r\n", b"x", b" = ", b"\x85"]), max_size=200), st.integers(1, 50))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_comes_back(parts, times):
    text = b"".join(parts) * times
    assert decompressed(compress(text)) == text


@pytest.mark.parametrize("size", [1, 3, 8, 4095, 4096, 4097, 12_288])
def test_chunks_end_where_they_should(size):
    text = (b"the quick brown fox jumps over the lazy dog, %d times. " * 300)[:size]
    packed = compress(text)
    assert decompressed(packed) == text and (size < 100 or len(packed) < size / 3)


def test_what_is_no_text_is_refused():
    with pytest.raises(ValueError, match="cannot be compressed"):
        compress(random.Random(1).randbytes(4096))


# -- the compound file ([MS-CFB]) ----------------------------------------------------------------------

@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 20])
@pytest.mark.parametrize("size", [0, 1, 64, 4095, 4096, 70_000])
def test_streams_are_found_by_others(count, size):
    tree = {f"{'s' * (n % 4)}tream{n}": bytes([n]) * (size + n) for n in range(count)}
    tree["folder"] = {"inner": b"deep", **{f"Sheet{n}": b"x" * n for n in range(count)}}
    ole = olefile.OleFileIO(BytesIO(compound_file(tree)), raise_defects=olefile.DEFECT_POTENTIAL)
    assert not ole.parsing_issues
    for name, data in tree.items():
        if name != "folder":
            assert ole.openstream(name).read() == data
    for name, data in tree["folder"].items():
        assert ole.openstream(["folder", name]).read() == data
    for storage in (ole.root, next(entry for entry in ole.direntries if entry and entry.name == "folder")):
        assert len(black_heights(ole.direntries, storage.sid_child)) == 1


def black_heights(entries, top) -> set[int]:
    """How many black entries lie on the ways down from an entry: the same on all, and no red one below another."""
    if top == olefile.NOSTREAM:
        return {0}
    entry = entries[top]
    for side in (entry.sid_left, entry.sid_right):
        assert entry.color or side == olefile.NOSTREAM or entries[side].color
    return {height + entry.color for side in (entry.sid_left, entry.sid_right) for height in black_heights(entries, side)}


def test_a_large_file_is_refused():
    with pytest.raises(ValueError, match="6.8 MB"):
        compound_file({"large": bytes(7_200_000)})


# -- the project ([MS-OVBA] 2.3) -----------------------------------------------------------------------

@pytest.mark.parametrize("state, seed, stored", [(bytes(4), 0x07, "0705D8E3D8EDDBF1DBF1DBF1DBF1"),
                                                 (bytes(1), 0x0E, "0E0CD1ECDFF4E7F5E7F5E7"),
                                                 (b"\xff", 0x15, "1517CAF1D6F9D7F9D706")])
def test_protection_is_stored_as_in_the_example(state, seed, stored):
    """3.1.6: CMG, DPB and GC of a project without protection."""
    assert encrypted(state, "{917DED54-440B-4FD1-A5C1-74ACF261E600}", seed=seed) == stored


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "book.xlsm"
    workbook.build(planted(6, 7), path, n_factors=2)
    return path


def test_olevba_reads_the_macros_of_a_workbook(built, caplog):
    """It walks the records of the `dir` stream in their order and complains of each that is odd."""
    logging.getLogger("olevba").disabled = False
    with caplog.at_level(logging.WARNING):
        macros = {name: text for _, _, name, text in VBA_Parser(str(built)).extract_macros()}
    assert not [said for said in caplog.messages if "stomping" not in said]
    written = macros.pop(f"{MODULE}.bas")
    assert written.replace("\r\n", "\n").removeprefix(f'Attribute VB_Name = "{MODULE}"\n') == macro_source()
    assert macros.keys() == {"ThisWorkbook.cls", *(f"Sheet{n}.cls" for n in range(1, len(macros)))}
    assert all("VB_PredeclaredId = True" in text for text in macros.values())


def test_every_sheet_has_its_module(built):
    with zipfile.ZipFile(built) as package:
        names = {re.search(rb'codeName="(\w+)"', package.read(name))[1].decode()
                 for name in package.namelist() if re.match(r"xl/(workbook|worksheets/sheet\d+)\.xml", name)}
        ole = olefile.OleFileIO(BytesIO(package.read("xl/vbaProject.bin")), raise_defects=olefile.DEFECT_POTENTIAL)
    streams = {path[-1] for path in ole.listdir() if path[0] == "VBA"}
    assert names | {MODULE, "dir", "_VBA_PROJECT"} == streams and not ole.parsing_issues
    project = ole.openstream("PROJECT").read().decode("cp1252")
    assert set(re.findall(r"^Document=(\w+)/&H00000000\r$", project, re.M)) == names
    assert re.findall(r"^Module=(\w+)\r$", project, re.M) == [MODULE]


def test_every_button_has_its_macro(built):
    subs = set(re.findall(r"^Sub (\w+)\(\)", macro_source(), re.M))
    assert subs == {macro for macro, _ in BUTTONS.values()}
    with zipfile.ZipFile(built) as package:
        drawings = [package.read(name).decode() for name in package.namelist() if name.endswith(".vml")]
    assert len(drawings) == 5   # one a model sheet, and that of the sheet ratings
    assert all(drawing.count("<x:SizeWithCells/>") == drawing.count('ObjectType="Button"') > 0 for drawing in drawings)
    found = sorted((set(re.findall(r"<x:FmlaMacro>\[0\]!(\w+)</x:FmlaMacro>", drawing)) for drawing in drawings), key=len)
    assert found == [{"UpdateWorkbook"}, subs, subs, subs, subs]


def test_the_same_workbook_is_built_twice():
    sources = {"A": "Sub A()\nEnd Sub\n"}
    assert vba_project(sources, ["Sheet1"]) == vba_project(sources, ["Sheet1"])
    with pytest.raises(UnicodeEncodeError):
        vba_project({"A": "' →"}, ["Sheet1"])


def test_the_add_in_of_excel_is_built_like_one_that_excel_saved(tmp_path, caplog):
    """xlwings brings one along: the same kind of package, the same relationship to the ribbon, whose buttons all have their macro."""
    assert main(["addin", "xlam", "-o", str(tmp_path / "collabsheet.xlam")]) == 0
    theirs = Path(xlwings.__file__).parent / "quickstart_addin_ribbon.xlam"
    of_both = []
    for path in (tmp_path / "collabsheet.xlam", theirs):
        with zipfile.ZipFile(path) as package:
            types, roots = (etree.fromstring(package.read(name)) for name in ("[Content_Types].xml", "_rels/.rels"))
            relation = next(relation for relation in roots if relation.get("Type").endswith("/ui/extensibility"))
            ribbon = etree.fromstring(package.read(relation.get("Target")))
            of_both.append(({override.get("PartName"): override.get("ContentType") for override in types if "PartName" in override.attrib}["/xl/workbook.xml"],
                            relation.get("Type"), ribbon.tag))
            actions = {button.get("onAction") for button in ribbon.findall(".//{*}button")}
            if path != theirs:
                asked, labels = actions, [button.get("label") for button in ribbon.findall(".//{*}button")]
    assert of_both[0] == of_both[1] and labels == ["Fit", "Stop", "Restore", "Inspect"]
    assert list(package_faults(tmp_path / "collabsheet.xlam")) == []
    logging.getLogger("olevba").disabled = False
    with caplog.at_level(logging.WARNING):
        macros = {name: text for _, _, name, text in VBA_Parser(str(tmp_path / "collabsheet.xlam")).extract_macros()}
    assert not [said for said in caplog.messages if "stomping" not in said]
    text = macros["CollabsheetRibbon.bas"]
    assert asked == {f"CollabsheetRibbon.{name}" for name in re.findall(r"^Sub (\w+)\(control As IRibbonControl\)", text, re.M)}
    assert f'PythonPath = "{sys.executable}"' in text
    procedures = re.findall(r"^(?:Private )?(?:Sub|Function) (\w+)", text, re.M)
    assert len(set(procedures)) == len(procedures) and {"RunFromExcel", "Through", "WithoutConsole", "ForShell", "Escaped"} <= set(procedures)
    with pytest.raises(UserError, match="code page 1252"):
        excel_addin("/home/łukasz/python")


def test_without_macros_there_are_none(tmp_path):
    workbook.build(planted(6, 7), tmp_path / "book.xlsx", n_factors=2)
    with zipfile.ZipFile(tmp_path / "book.xlsx") as package:
        assert not [name for name in package.namelist() if "vba" in name or name.endswith(".vml")]
