"""Every file that is no workbook, or an unsafe one, gets its sentence."""

import os
import zipfile

import pytest
from packages import MAIN, XML, make_book, parts_of, relationships, workbook_xml, worksheet, zipped

from pyxl.xlsx import Limits, open_workbook
from pyxl.xlsx.package import open_package
from solver.errors import UserError

GOOD = parts_of({"R": worksheet('<row r="1"><c r="A1"><v>1</v></c></row>')})


def refusal(path, **options):
    """The sentence that a file gets, on opening or on reading its sheet."""
    with pytest.raises(UserError) as error, open_workbook(path, **options) as book:
        book.grid("R")
    sentence = str(error.value)
    assert str(path.parent) not in sentence        # nobody's folders in messages
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def file(tmp_path, content, name="w.xlsx"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)


@pytest.mark.parametrize("content, words", [
    (OLE + "EncryptedPackage".encode("utf-16-le") + bytes(90), "is protected by a password. Remove it in Excel"),
    (OLE + "Workbook".encode("utf-16-le"), "is an old .xls file. Open it in Excel and Save As .xlsx"),
    (b"user,item,rating\n1,2,3.5\n", r"is a text file (CSV?), not a workbook"),
    ("﻿user;item\n".encode("utf-16"), r"is a text file (CSV?)"),
    (b"", "is empty (0 bytes)"), (b"%PDF-1.4\n\0\1\2", "is not an Excel workbook"), (b"\x89PNG\r\n\x1a\n\0", "is not an Excel workbook"),
    (zipped(GOOD)[:-300], "is damaged: it is cut short"), (b"PK\3\4", "is damaged: it is cut short"),
    (zipped({"xl/workbook.bin": b"x", "[Content_Types].xml": "<a/>"}), "is a binary .xlsb workbook"),
    (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}), "is an OpenDocument file (.ods)"),
    (zipped({"word/document.xml": "<a/>", "[Content_Types].xml": "<a/>"}), "is a Word or PowerPoint document"),
    (zipped({"a.txt": "x"}), "is a zip file but not an Excel workbook"),
    (zipped({"[Content_Types].xml": "<Types/>"}), "it has no workbook.xml"),
])
def test_other_kinds_of_file(tmp_path, content, words):
    assert words in refusal(file(tmp_path, content))


def test_missing_folder_and_unreadable(tmp_path):
    assert refusal(tmp_path / "gone.xlsx").startswith("There is no file 'gone.xlsx'")
    (tmp_path / "dir.xlsx").mkdir()
    assert refusal(tmp_path / "dir.xlsx").startswith("'dir.xlsx' is a folder, not a workbook")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_unreadable(tmp_path):
    path = make_book(tmp_path / "w.xlsx")
    path.chmod(0)
    assert "permission denied" in refusal(path)


@pytest.mark.parametrize("part", ["../evil.xml", "/xl/abs.xml", "xl\\back.xml", "C:/x.xml", "xl/../../e.xml", "xl/a\tb.xml"])
def test_illegal_part_names(tmp_path, part):
    sentence = refusal(file(tmp_path, zipped(GOOD | {part: "x"})))
    assert "a part with an illegal name" in sentence and "refused as unsafe" in sentence


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/worksheets/SHEET1.XML"])
def test_doubled_parts(tmp_path, part):
    path = file(tmp_path, zipped(GOOD))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(part, worksheet(""))
    assert "twice; refused as unsafe" in refusal(path)


def test_too_many_parts(tmp_path):
    path = file(tmp_path, zipped(GOOD | {f"xl/media/{n}.png": b"" for n in range(30)}))
    assert "has 35 parts, more than the 20 that are plausible" in refusal(path, limits=Limits(parts=20))
    with open_workbook(path) as book:
        assert book.sheets == ("R",)


def test_zip_bombs_by_ratio_and_by_size(tmp_path):
    zeros = bytes(65 << 20)
    path = file(tmp_path, zipped(GOOD | {"xl/media/image1.png": zeros}))
    assert len(path.read_bytes()) < 100_000
    assert "unpacks to more than is plausible (part 'xl/media/image1.png')" in refusal(path)
    path = file(tmp_path, zipped(GOOD))
    assert "refused as a possible zip bomb" in refusal(path, limits=Limits(unpacked=500))


def with_sizes(content, part, size):
    """The zip with a false unpacked size for `part`, in both of its headers."""
    content, name = bytearray(content), part.encode()
    local = content.index(name) - 30
    central = content.rindex(name) - 46
    assert content[local:local + 2] == content[central:central + 2] == b"PK"
    content[local + 22:local + 26] = content[central + 24:central + 28] = size.to_bytes(4, "little")
    return bytes(content)


def test_zip_bomb_behind_a_false_size(tmp_path):
    huge = zipped(parts_of({"R": worksheet(" " * (8 << 20))}))
    sentence = refusal(file(tmp_path, with_sizes(huge, "xl/worksheets/sheet1.xml", 1000)))
    assert "unpacks to more than is plausible (part 'xl/worksheets/sheet1.xml')" in sentence
    assert "CRC error in 'xl/worksheets/sheet1.xml'" in refusal(
        file(tmp_path, with_sizes(zipped(GOOD), "xl/worksheets/sheet1.xml", 100_000)))


def test_crc_error_and_torn_data(tmp_path):
    content = bytearray(zipped(GOOD, zip64=False))
    at = content.rindex(b"xl/worksheets/sheet1.xml") - 46 + 16
    content[at] ^= 1
    assert "CRC error in 'xl/worksheets/sheet1.xml'. Open it in Excel, let it repair" in refusal(file(tmp_path, content))
    content = bytearray(zipped(GOOD))
    at = content.index(b"xl/worksheets/sheet1.xml") + 24
    content[at:at + 8] = b"\xff" * 8
    assert "'xl/worksheets/sheet1.xml' cannot be unpacked" in refusal(file(tmp_path, content))


def test_overlapping_parts(tmp_path):
    content = bytearray(zipped(GOOD))
    at = content.rindex(b"xl/workbook.xml") - 46
    content[at + 42:at + 46] = (8).to_bytes(4, "little")
    assert "damaged" in refusal(file(tmp_path, content))


BOMB = ('<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>')


@pytest.mark.parametrize("part", ["xl/workbook.xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml",
                                  "xl/sharedStrings.xml", "xl/styles.xml"])
def test_entity_bombs_wherever_xml_is_read(tmp_path, part):
    parts = parts_of({"R": worksheet("")}, strings=f'{XML}<sst xmlns="{MAIN}"/>', styles=f'{XML}<styleSheet xmlns="{MAIN}"/>')
    parts[part] = parts[part].replace(XML, XML + BOMB)
    sentence = refusal(file(tmp_path, zipped(parts)))
    assert sentence.startswith(f"Part '{part}' carries a DTD, which Excel never writes; refused as unsafe")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "_rels/.rels", "xl/worksheets/sheet1.xml"])
def test_xml_that_is_cut_short(tmp_path, part):
    sentence = refusal(file(tmp_path, zipped(GOOD | {part: GOOD[part][:-9]})))
    assert sentence.startswith(f"Part '{part}' is damaged: its XML cannot be read")


def test_an_encoding_that_nobody_knows(tmp_path):
    parts = GOOD | {"xl/workbook.xml": GOOD["xl/workbook.xml"].replace("UTF-8", "UTF-99")}
    assert "its XML cannot be read (unknown encoding: UTF-99)" in refusal(file(tmp_path, zipped(parts)))


def test_parts_that_are_missing_or_empty(tmp_path):
    without = {name: part for name, part in GOOD.items() if name != "xl/worksheets/sheet1.xml"}
    assert "its part 'xl/worksheets/sheet1.xml' is missing" in refusal(file(tmp_path, zipped(without)))
    assert "lists no sheets" in refusal(file(tmp_path, zipped(GOOD | {"xl/workbook.xml": workbook_xml([])})))
    assert "two sheets are named 'R'" in refusal(file(tmp_path, zipped(GOOD | {"xl/workbook.xml": workbook_xml(["R", "R"])})))
    assert "a sheet's name has 40,000 characters" in refusal(file(tmp_path, zipped(GOOD | {"xl/workbook.xml": workbook_xml(["x" * 40_000])})))


def test_encrypted_zip_entries(tmp_path):
    content = bytearray(zipped(GOOD))
    at = content.rindex(b"xl/workbook.xml") - 46
    content[at + 8] |= 1
    assert "is encrypted or packed in a way that Excel does not use" in refusal(file(tmp_path, content))


def test_parts_are_found_in_any_case_and_by_relation(tmp_path):
    parts = {name: part for name, part in GOOD.items() if "workbook" not in name and "rels" not in name}
    parts |= {"_rels/.rels": relationships(("rId1", "officeDocument", "/xl/Book.xml")), "xl/book.xml": GOOD["xl/workbook.xml"],
              "xl/_rels/Book.xml.rels": relationships(("rId1", "worksheet", "/XL/worksheets/SHEET1.xml"))}
    with open_workbook(file(tmp_path, zipped(parts))) as book:
        assert len(book.grid("R").values) == 1


@pytest.mark.parametrize("target, part", [("ws/a%20b.xml", "ws/a b.xml"), ("ws/a%20b.xml", "ws/a%20b.xml"), ("ws/a b.xml", "ws/a b.xml"),
                                          ("ws/100%25.xml", "ws/100%.xml"), ("ws/%C3%A9.xml", "ws/é.xml"), ("ws/%C3%A9.xml", "ws/%C3%A9.xml")])
def test_names_of_parts_may_be_spelled_in_the_zip_as_in_the_relation(tmp_path, target, part):
    parts = {name: content for name, content in GOOD.items() if "sheet1" not in name}
    parts |= {f"xl/{part}": GOOD["xl/worksheets/sheet1.xml"], "xl/_rels/workbook.xml.rels": relationships(("rId1", "worksheet", target))}
    with open_workbook(file(tmp_path, zipped(parts))) as book:
        assert len(book.grid("R").values) == 1


def test_a_sentence_is_one_line_whatever_it_quotes():
    assert str(UserError("=A1\r\n  +B1 holds\u2028no formula.")) == "=A1 +B1 holds no formula."


def test_a_sentence_shows_how_something_endless_begins():
    told = str(UserError(f"'{'x' * 40_000}' is no cell, in '{'y' * 255}'. Give one."))
    assert told == f"'{'x' * 59}… is no cell, in '{'y' * 255}'. Give one."


def test_random_damage_never_gives_anything_but_a_sentence(tmp_path):
    import random
    random.seed(7)
    good = zipped(GOOD)
    for _ in range(300):
        content = bytearray(good)
        for _ in range(random.randint(1, 4)):
            content[random.randrange(len(content))] = random.randrange(256)
        path = file(tmp_path, content[:random.choice([len(content), random.randrange(len(content))])])
        try:
            with open_workbook(path) as book:
                for sheet in book.sheets:
                    book.grid(sheet)
        except UserError as error:
            assert str(error).endswith(".")


def test_a_part_streams_in_pieces(tmp_path):
    package = open_package(file(tmp_path, zipped(GOOD | {"xl/big.bin": bytes(range(256)) * 20_000})))
    pieces = list(package.chunks("xl/big.bin"))
    package.close()
    assert b"".join(pieces) == bytes(range(256)) * 20_000
    assert max(map(len, pieces)) <= 1 << 20
