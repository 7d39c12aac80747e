"""Bad input as it is met on the command line: one sentence on stderr, exit code 2, every file as it was.

The numbers are those of the list in ../shared/bad-input.md. `test_bad_input.py` and its neighbours try more of them in Python.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile

import lesson_sheet
import pytest

from pyxl.__main__ import main
from pyxl.grid.cells import Cell, Range

# of lesson_sheet at this size: ratings F2:L7, ids E2:E7 and F1:L1, item factors F10:L12, user factors B14:D19, RMSE L21
ROWS, COLUMNS, K = 6, 7, 3


def cell(address, write, *what):
    where = Cell.parse(address)
    return lambda sheet, places: getattr(sheet, write)(where.row - 1, where.col - 1, *what)


def blank(addresses, but=None):
    def edit(sheet, places):
        for where in Range.parse(addresses).cells():
            if str(Cell(*where)) != but:
                sheet.table.get(where[0] - 1, {}).pop(where[1] - 1, None)
    return edit


def all_equal(sheet, places):
    for where in Range.parse(places["ratings"]).cells():
        sheet.write(where[0] - 1, where[1] - 1, 4)


ON_A_SHEET = {
    "1": (cell("H3", "write_string", "good"), "Sheet1!H3 holds 'good', not a number."),
    "2": (cell("H3", "write_string", "4,5"), "Sheet1!H3 is the text '4,5'."),
    "3": (cell("H3", "write_string", "4 "), "Sheet1!H3 is the text '4 ', a number with a space around it."),
    "6": (cell("H3", "write", True), "Sheet1!H3 is TRUE, not a rating."),
    "7": (cell("H3", "write_formula", "=NA()", None, "#N/A"), "Sheet1!H3 is #N/A."),
    "10": (cell("E5", "write", "user 1"), "Sheet1!E5 repeats user 'user 1' of E3."),
    "12": (blank("E4:E4"), "Sheet1!E4 has ratings but no user."),
    "13": (cell("E5", "write", "USER 1 "), "differ by space or case only"),
    "14": (cell("H1", "write_string", "100"), "Sheet1!F1 is the number 100, H1 the text '100'."),
    "16": (all_equal, "are all 4: nothing to learn"),
    "17": (blank("F2:L7", but="G3"), "is the only rating; 2 or more are needed"),
    "20": (cell("H3", "write", 1e308), "Sheet1!H3 = 1E+308 overflows."),
    "23": (blank("B14:B14"), "Sheet1!B14 is blank."),
    "24": (lambda sheet, places: sheet.protect(), "is protected"),
    "30": (cell("C15", "write_formula", "=1/2", None, 0.5), "Sheet1!C15 holds the formula"),
    "33": (cell("C15", "write_formula", "=F15", None, 0), "is circular"),
    "35": (cell("H3", "write_formula", "=RANDBETWEEN(1,5)", None, 3), "Sheet1!H3 changes at every recalculation."),
}


def refused(capsys, tmp_path, *argv) -> str:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert main([str(word) for word in argv]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    return err


@pytest.mark.parametrize("number", ON_A_SHEET)
def test_on_a_sheet(tmp_path, capsys, number):
    edit, sentence = ON_A_SHEET[number]
    lesson_sheet.write(tmp_path / "w.xlsx", lesson_sheet.table(ROWS, COLUMNS, share=1), k=K, edit=edit)
    assert sentence in refused(capsys, tmp_path, "fit", tmp_path / "w.xlsx", "--in-place", "--sheet", "Sheet1")


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


FILES = {
    "43": (packed(**{"[Content_Types].xml": b"", "xl/a.xml": bytes(80 << 20)}), "unpacks to more than is plausible"),
    "45": (packed(**{"[Content_Types].xml": b"", "../a.xml": b""}), "illegal name"),
    "47": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "is protected by a password"),
    "48 xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is an old .xls file"),
    "48 xlsb": (packed(**{"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "is a binary .xlsb workbook"),
    "48 ods": (packed(mimetype=b"", **{"content.xml": b""}), "is an OpenDocument file"),
    "48 csv": (b"user,item,rating\n1,1,3\n", "is a text file"),
    "49": (b"PK\3\4" + bytes(100), "is damaged"),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_no_workbook(tmp_path, capsys, case):
    content, sentence = FILES[case]
    (tmp_path / "w.xlsx").write_bytes(content)
    assert sentence in refused(capsys, tmp_path, "fit", tmp_path / "w.xlsx", "--in-place")


@pytest.fixture
def sound(tmp_path):
    lesson_sheet.write(tmp_path / "w.xlsx", lesson_sheet.table(ROWS, COLUMNS, share=1), k=K)
    return tmp_path / "w.xlsx"


def test_25_a_workbook_that_is_read_only(sound, tmp_path, capsys):
    os.chmod(sound, stat.S_IREAD)
    assert "'w.xlsx' is read-only." in refused(capsys, tmp_path, "fit", sound, "--in-place")


def test_26_no_such_sheet(sound, tmp_path, capsys):
    assert "no sheet 'R'" in refused(capsys, tmp_path, "fit", sound, "--in-place", "--sheet", "R")


def test_50_a_workbook_that_is_open_in_an_office(sound, tmp_path, capsys):
    (tmp_path / ".~lock.w.xlsx#").write_text("Jane,jane,host,now,profile;")
    assert "'w.xlsx' is open by Jane." in refused(capsys, tmp_path, "fit", sound, "--in-place")


@pytest.mark.parametrize("content, sentence", [
    (b"user,item,rating\n1,\xc3\xa9,3\n1,\xff,4\n", "r.csv, line 3 is not UTF-8 text."),
    (b"user,item,rating\n1,1,good\n1,2,4\n", "r.csv, line 2"), (b"user,item,rating\n,1,3\n1,2,4\n", "names no user"),
    (b"user,item,rating\n1,1,4\n", "only rating"), (b"", "is empty"),
], ids=["38", "1 in a table", "12 in a table", "17 in a table", "empty"])
def test_a_table_of_ratings(tmp_path, capsys, content, sentence):
    (tmp_path / "r.csv").write_bytes(content)
    assert sentence in refused(capsys, tmp_path, "new", tmp_path / "r.csv", "-o", tmp_path / "b.xlsx")
