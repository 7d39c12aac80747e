"""Saving: nothing else changes, all or nothing, whoever kills, fills or locks what."""

import os
import random
import re
import signal
import stat
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from packages import MAIN, make_book, packed_parts, parts_of, read_parts, relationships, workbook_xml, worksheet, zipped

from pyxl.grid.cells import Cell, ErrorValue
from pyxl.xlsx import Cached, open_workbook
from pyxl.xlsx.atomic_file import refuse_unless_writable
from solver.drafts import draft_folder
from solver.errors import UserError
from workbook.new_file import checked_new_target

A1, B2 = Cell(1, 1), Cell(2, 2)
ROWS = '<row r="1"><c r="A1"><v>1</v></c></row>'


@pytest.fixture
def path(tmp_path):
    return make_book(tmp_path / "w.xlsx", ROWS)


def value(path, cell=A1, sheet="R"):
    with open_workbook(path) as book:
        return book.grid(sheet).values.get(cell)


def save(path, edits, **options):
    with open_workbook(path) as book:
        return book.save({"R": edits}, **options)


def refused(path, edits=None, **options):
    """The sentence of a save that fails and leaves every file in the folder as it was."""
    before = {file.name: (file.read_bytes() if file.is_file() else None) for file in path.parent.iterdir()}
    with pytest.raises(UserError) as error:
        save(path, {A1: 5} if edits is None else edits, **options)
    assert {file.name: (file.read_bytes() if file.is_file() else None) for file in path.parent.iterdir()} == before
    assert str(path.parent) not in str(error.value)
    return str(error.value)


# -- what changes and what does not ---------------------------------------------------------

CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"(?:[^>]*/>|.*?</c>)', re.S)


def edits_for(grid):
    """New values for some numbers of a sheet, and new results for some of its formulas."""
    refs = sorted(cell for cell, value in grid.values.items() if isinstance(value, float)
                  and not any(cell in where for _, where in grid.pivots))
    arrays = grid.arrays
    plain = [cell for cell in refs if cell not in grid.formulas and not any(cell in where for where in arrays)]
    return ({cell: 0.1 + n for n, cell in enumerate(plain[::7])}
            | {cell: Cached(0.3 + n) for n, cell in enumerate(c for c in refs[::5] if c in grid.formulas)})


@pytest.mark.parametrize("name", ["course_collab_filter.xlsx", "course_graddesc.xlsm"])
def test_only_the_edited_cells_of_a_real_workbook_change(shared, tmp_path, name):
    source, out = shared / "workbooks" / name, tmp_path / name
    with open_workbook(source) as book:
        edits = {sheet: edits_for(book.grid(sheet)) for sheet in book.sheets[:3]}
        edits = {sheet: cells for sheet, cells in edits.items() if cells}
        before = {sheet: book.grid(sheet) for sheet in book.sheets}
        assert book.save(edits, out=out) == out
        sheet_parts = {book._part(sheet): edits[sheet] for sheet in edits}
    assert sum(map(len, edits.values())) > 80

    changed = {*sheet_parts, "xl/workbook.xml"}
    old, new = packed_parts(source), packed_parts(out)
    assert list(old) == list(new)
    assert {part for part in old if old[part] != new[part]} == changed
    old, new = read_parts(source), read_parts(out)
    for part, cells in sheet_parts.items():
        names = {str(cell).encode() for cell in cells}
        rest = [CELL.sub(lambda c: b"<edited/>" if c[1] in names else c[0], content[part]) for content in (old, new)]
        assert rest[0] == rest[1] and rest[0].count(b"<edited/>") == len(cells)
    assert old["xl/workbook.xml"] == new["xl/workbook.xml"].replace(b' fullCalcOnLoad="1"', b"")

    with open_workbook(out) as book:
        for sheet, was in before.items():
            values = {cell: new.value if isinstance(new, Cached) else new for cell, new in edits.get(sheet, {}).items()}
            grid = book.grid(sheet)
            assert grid.values == was.values | values
            for what in ("formulas", "formats", "merged", "pivots", "hidden_rows", "protected"):
                assert getattr(grid, what) == getattr(was, what)


def test_zip_entries_keep_their_place_date_and_attributes(shared, tmp_path):
    source, out = shared / "workbooks" / "course_collab_filter.xlsx", tmp_path / "o.xlsx"
    with open_workbook(source) as book:
        book.save({"dotprod": {Cell.parse("B25"): 1.0}}, out=out)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out) as new:
        for a, b in zip(old.infolist(), new.infolist()):
            for what in ("filename", "date_time", "external_attr", "create_system"):
                assert getattr(a, what) == getattr(b, what)
        assert new.testzip() is None


@pytest.mark.parametrize("inside, expected", [
    ("", '<calcPr fullCalcOnLoad="1"/>'),
    ('<definedNames><definedName name="a">1</definedName></definedNames><oleSize ref="A1"/>',
     '<definedNames><definedName name="a">1</definedName></definedNames><calcPr fullCalcOnLoad="1"/><oleSize ref="A1"/>'),
    ("<externalReferences/><extLst/>", '<externalReferences/><calcPr fullCalcOnLoad="1"/><extLst/>'),
    ('<calcPr calcId="7" calcMode="manual" />', '<calcPr calcId="7" calcMode="manual" fullCalcOnLoad="1"/>'),
    ('<calcPr fullCalcOnLoad="0" calcId="7"></calcPr>', '<calcPr calcId="7" fullCalcOnLoad="1"></calcPr>')])
def test_excel_is_asked_to_recalculate(tmp_path, inside, expected):
    path = make_book(tmp_path / "w.xlsx", ROWS, workbook=workbook_xml(["R"], inside=inside))
    save(path, {A1: 2})
    assert read_parts(path)["xl/workbook.xml"].decode() == workbook_xml(["R"], inside=expected)


def test_zip64_in_and_out(tmp_path):
    path = tmp_path / "w.xlsx"
    path.write_bytes(zipped(parts_of({"R": worksheet(ROWS)}), zip64=True))
    before = packed_parts(path)
    save(path, {B2: "x"})
    assert value(path, B2) == "x"
    assert packed_parts(path)["_rels/.rels"] == before["_rels/.rels"]


def test_a_part_that_may_outgrow_two_gigabytes_gets_zip64_fields(path, monkeypatch):
    monkeypatch.setattr("pyxl.xlsx.zip_copy._NEAR_ZIP64", 0)
    save(path, {A1: 2})
    content = path.read_bytes()
    name = b"xl/worksheets/sheet1.xml"
    extra = content.index(name) + len(name)         # behind the name of the local header
    assert content[extra:extra + 4] == b"\x01\x00\x10\x00"      # zip64: room for two sizes of 8 bytes
    assert value(path) == 2


def test_data_descriptors_survive(tmp_path):
    class Pipe:      # a zip written to a pipe holds sizes behind the data
        def __init__(self, file):
            self.write, self.flush = file.write, file.flush
    path = tmp_path / "w.xlsx"
    with open(path, "wb") as file, zipfile.ZipFile(Pipe(file), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts_of({"R": worksheet(ROWS)}).items():
            archive.writestr(name, content)
    save(path, {A1: 2})
    assert value(path) == 2
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


# -- where it is saved ----------------------------------------------------------------------

def test_in_place_and_then_the_book_shows_the_new_content(path):
    with open_workbook(path) as book:
        assert book.grid("R").values == {A1: 1.0}
        assert book.save({"R": {A1: 2, B2: "new text"}}) == path
        assert book.grid("R").values == {A1: 2.0, B2: "new text"}
        book.save({"R": {A1: 3}})
    assert value(path) == 3


def test_nothing_to_write(path, tmp_path):
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    save(path, {})
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, when)
    out = save(path, {}, out=tmp_path / "o.xlsx")
    assert packed_parts(out) == packed_parts(path)


def test_a_new_file_leaves_the_source_alone(path, tmp_path):
    before = path.read_bytes()
    out = tmp_path / "o.xlsx"
    assert save(path, {A1: 7}, out=str(out)) == out
    assert path.read_bytes() == before and value(out) == 7
    assert refused(path, out=out) == "'o.xlsx' exists already. Give another output name, or say --overwrite."
    save(path, {A1: 8}, out=out, overwrite=True)
    assert value(out) == 8
    assert "exists already" in refused(path, out=path)
    save(path, {A1: 9}, out=path, overwrite=True)
    assert value(path) == 9


def test_outputs_that_cannot_be(path, tmp_path):
    assert refused(path, out=tmp_path / "no" / "o.xlsx") == (
        "There is no folder for 'o.xlsx'. Make it first, or choose another place.")
    assert refused(path, out=path / "o.xlsx").startswith("There is no folder for 'o.xlsx'")
    (tmp_path / "d.xlsx").mkdir()
    assert "'d.xlsx' is a folder" in refused(path, out=tmp_path / "d.xlsx", overwrite=True)
    assert refused(path, out=tmp_path / "o.xlsm").startswith("'o.xlsm' should end in '.xlsx' like the workbook")


def test_permissions_stay(path):
    path.chmod(0o640)
    save(path, {A1: 2})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    out = save(path, {A1: 3}, out=path.with_name("o.xlsx"))
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~umask


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(path):
    os.chown(path, 1234, 2345)
    save(path, {A1: 2})
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_link_stays_a_link(path, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "link.xlsx"
    link.symlink_to("../w.xlsx")
    assert save(link, {A1: 2}) == link
    assert link.is_symlink() and value(path) == 2
    assert list(folder.iterdir()) == [link]


# -- what stops a save ----------------------------------------------------------------------

def test_refused_cells_name_themselves_and_nothing_is_saved(tmp_path):
    path = make_book(tmp_path / "w.xlsx", '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>')
    assert refused(path) == "R!A1 holds a formula, which is not overwritten. Choose another cell; nothing was saved."
    assert refused(path, {B2: float("nan")}).startswith("R!B2 would get nan")
    assert refused(path, out=tmp_path / "o.xlsx").startswith("R!A1 holds a formula")


def test_cells_of_a_pivot_table(tmp_path):
    pivot = f'<pivotTableDefinition xmlns="{MAIN}" name="P2"><location ref="A1:B3"/></pivotTableDefinition>'
    path = make_book(tmp_path / "w.xlsx", ROWS, more={
        "xl/worksheets/_rels/sheet1.xml.rels": relationships(("rId1", "pivotTable", "../pivotTables/p.xml")),
        "xl/pivotTables/p.xml": pivot})
    assert refused(path, {B2: 5}) == "R!B2 belongs to the pivot table P2. Choose another cell; nothing was saved."


@pytest.mark.parametrize("more", [
    {"_xmlsignatures/sig1.xml": "<Signature/>"},
    {"_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml"),
                                  ("rId2", "digital-signature/origin", "s.sigs"))}])
def test_signed_workbooks(tmp_path, more):
    path = make_book(tmp_path / "w.xlsx", ROWS, more=more)
    assert value(path) == 1
    assert "carries a digital signature, which any change would break. Remove it in Excel first" in refused(path)


def test_read_only(path):
    path.chmod(0o444)
    assert refused(path) == "'w.xlsx' is read-only. Clear the mark, or give another output name; nothing was saved."
    assert value(save(path, {A1: 2}, out=path.with_name("o.xlsx"))) == 2


@pytest.mark.parametrize("lock, content, user", [
    ("~$w.xlsx", b"\x04Jane" + b" " * 50 + b"\x04\0J\0a\0n\0e\0", "Jane"), ("~$w.xlsx", b"", "someone"),
    (".~lock.w.xlsx#", "Zoë Q,zoe,host,21.11.2026 09:00,file:///x;".encode(), "Zoë Q"),
    (".~lock.w.xlsx#", b",root,host,now,;", "root")])
def test_open_in_an_office_program(path, lock, content, user):
    path.with_name(lock).write_bytes(content)
    assert refused(path) == (f"'w.xlsx' is open by {user}. Close it and run again "
                             f"(if nobody has it open, delete the leftover '{lock}'); nothing was saved.")
    assert value(save(path, {A1: 2}, out=path.with_name("o.xlsx"))) == 2      # only what is replaced must be closed


def test_changed_since_it_was_read(path):
    changes = (lambda: save(path, {A1: 6}), lambda: path.write_bytes(path.read_bytes() + b"\0"),
               lambda: os.utime(path), path.unlink)
    for change in changes:
        with open_workbook(path) as book:
            change()
            for out in (None, path.with_name("o.xlsx")):
                with pytest.raises(UserError, match="'w.xlsx' was changed by another program since it was read. Run again"):
                    book.save({"R": {A1: 5}}, out=out)
        assert not path.with_name("o.xlsx").exists()


def test_damage_elsewhere_in_the_package_comes_to_light(tmp_path):
    path = make_book(tmp_path / "w.xlsx", ROWS, more={"xl/media/image1.png": os.urandom(5000)})
    content = bytearray(path.read_bytes())
    content[content.index(b"image1.png") + 2000] ^= 255
    path.write_bytes(content)
    assert "'w.xlsx' is damaged: " in (sentence := refused(path)) and "xl/media/image1.png" in sentence


def in_child(action):
    """Run `action` in a forked child; its process id."""
    if (child := os.fork()) == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child


def test_a_full_disk(tmp_path):
    # the limit on a file's size stands for the disk: the kernel itself refuses the write
    path = make_book(tmp_path / "w.xlsx", ROWS, more={"xl/media/image1.png": os.urandom(300_000)})
    before = path.read_bytes()
    code = ("import resource, sys; from pyxl.xlsx import open_workbook; from pyxl.grid.cells import Cell\n"
            "book = open_workbook(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
            "book.save({'R': {Cell(1, 1): 5}})")
    for limit in (0, 100, 100_000, len(before) - 50):
        run = subprocess.run([sys.executable, "-c", code, path, str(limit)], capture_output=True, text=True,
                             cwd=Path(__file__).parent.parent)
        assert "UserError: 'w.xlsx' was not saved: the disk does not take a file of this size. Free some space" in run.stderr
        assert run.stderr.strip().endswith("the workbook is as it was.")
        assert "Exception ignored" not in run.stderr
        assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_folder_without_permission(path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "replace", denied)
    assert refused(path).startswith("'w.xlsx' was not saved: permission denied.")


# -- what Excel would not read as it was written ---------------------------------------------

CELL_AT = '<c r="{}"><v>{}</v></c>'


def rows_of(*rows):
    """Row elements from (number, cells), in the order given."""
    return "".join(f'<row r="{row}">{"".join(CELL_AT.format(*cell) for cell in cells)}</row>' for row, cells in rows)


DISORDERED = {
    "rows out of order": (rows_of((5, [("A5", 7)]), (3, [("A3", 5)])), Cell(3, 1), "row 3 comes after row 5"),
    "a row twice": (rows_of((3, [("A3", 7)]), (3, [("A3", 5)])), Cell(3, 1), "row 3 comes after row 3"),
    "cells out of order": (rows_of((2, [("B2", 7), ("A2", 5)])), Cell(2, 1), "its cell 'A2' is out of order in row 2"),
    "a cell twice": (rows_of((3, [("A3", 7), ("A3", 5)])), Cell(3, 1), "its cell 'A3' is out of order in row 3"),
    "rows out of order behind the edit": (rows_of((1, [("A1", 7)]), (9, []), (8, [])), A1, "row 8 comes after row 9"),
    "a cell twice in another row": (rows_of((1, [("A1", 7)]), (3, [("C3", 1), ("C3", 2)])), A1, "its cell 'C3' is out of order"),
    "a cell of another row": (rows_of((1, [("A1", 7)]), (3, [("A4", 1)])), Cell(4, 1), "it holds a cell 'A4' in row 3"),
    "two tables of cells": ('<row r="1"/></sheetData><sheetData><row r="2"/>', A1, "it has two tables of cells"),
}


@pytest.mark.parametrize("case", DISORDERED)
def test_rows_and_cells_out_of_order_or_doubled_are_refused(tmp_path, case):
    rows, cell, what = DISORDERED[case]
    path = make_book(tmp_path / "w.xlsx", rows)
    assert refused(path, {cell: 99.0}).startswith(f"Sheet 'R' is damaged: {what}")
    if "two tables" not in what:    # who only looks is told too: one of two values is not read silently
        with pytest.raises(UserError, match="is damaged"):
            value(path)


@pytest.mark.parametrize("change, told", [
    (lambda xml: xml.replace(b"<v>5</v>", b"<v>6</v>"), "R!A1 would hold 6.0 where 5 was written"),
    (lambda xml: xml.replace(b"<v>5</v>", b""), "R!A1 would hold None where 5 was written"),
    (lambda xml: xml.replace(b"</row>", b'</row><row r="1"><c r="A1"><v>1</v></c></row>'), "row 1 comes after row 1"),
])
def test_edits_are_read_back_before_the_new_file_takes_its_place(path, monkeypatch, change, told):
    from pyxl.xlsx import save as saving
    real = saving.splice
    monkeypatch.setattr(saving, "splice", lambda chunks, **how: [change(b"".join(real(chunks, **how)))])   # a fault of ours
    assert told in refused(path)


def test_every_kind_of_value_is_read_back_as_it_was_written(path):
    values = [0, -0.0, 1e-300, 2**53, True, False, "", " a ", "<&>", "\r\n", "_x0041_", "\ud83d\ude00", "\ud83d", "\x07", ErrorValue("#N/A")]
    save(path, {Cell(1, col): one for col, one in enumerate(values, 2)})


# -- killed, and crowded --------------------------------------------------------------------

def test_fifty_kills_leave_the_old_file_or_the_new(tmp_path):
    random.seed(1)
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>0</v></c><c r="B{r}"><v>{random.random()}</v></c></row>'
                   for r in range(1, 801))
    path = make_book(tmp_path / "w.xlsx", rows, more={"xl/media/image1.png": os.urandom(200_000)})
    cells = [Cell(row, 1) for row in range(1, 801)]
    began = time.monotonic()
    save(path, dict.fromkeys(cells, 0.0))
    longest = 2 * (time.monotonic() - began)
    possible, leftovers = {path.read_bytes()}, 0
    for n in range(1, 51):
        new = save(path, dict.fromkeys(cells, n), out=tmp_path / "new.xlsx", overwrite=True).read_bytes()
        before = path.read_bytes()
        child = in_child(lambda: save(path, dict.fromkeys(cells, n)))
        time.sleep(random.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_bytes() in (before, new)
        possible.add(path.read_bytes())
        longest *= 0.8 if path.read_bytes() == new else 1.25    # about half are killed too late, however busy the machine is
        leftovers += len(list(tmp_path.glob("*.tmp")))
        with open_workbook(path) as book:
            assert len({book.grid("R").values[cell] for cell in cells}) == 1
    save(path, {A1: -1})
    assert {file.name for file in tmp_path.iterdir()} == {"w.xlsx", "new.xlsx"}      # leftovers are swept
    assert len(possible) > 1 and leftovers > 0      # some kills came after the rename, some before


def test_savers_at_the_same_time_lose_nothing(path):
    def count_up():
        for _ in range(8):
            while True:
                try:
                    with open_workbook(path) as book:
                        book.save({"R": {A1: book.grid("R").values[A1] + 1}})
                    break
                except UserError as error:
                    if "was changed by another program" not in str(error):
                        raise
    children = [in_child(count_up) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert value(path) == 1 + 4 * 8
    assert list(path.parent.iterdir()) == [path]


def test_waiting_for_another_saver_ends_with_a_sentence(path):
    fcntl = pytest.importorskip("fcntl")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert refused(path, wait=0.1) == "'w.xlsx' is being saved by another run. Wait for it to end, then run again."
    finally:
        os.close(folder)
    save(path, {A1: 2})


def test_memory_does_not_grow_with_the_sheet(tmp_path):
    rows = "".join(f'<row r="{r}">' + "".join(f'<c r="{c}{r}"><v>{r}.25</v></c>' for c in "ABCDEFGHIJ") + "</row>"
                   for r in range(1, 20_001))
    path = make_book(tmp_path / "w.xlsx", rows, more={"xl/media/image1.png": os.urandom(30 << 20)})
    code = ("import resource, sys; from pyxl.xlsx import open_workbook; from pyxl.grid.cells import Cell\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "open_workbook(sys.argv[1]).save({'R': {Cell(9, 1): 5, Cell(20000, 3): 6}})\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)")
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parent.parent)
    assert int(run.stdout) < 20 * 1024      # KiB; the sheet alone is 7 MB of XML, the package 30 MB
    assert value(path, Cell(20000, 3)) == 6


# -- found by the campaign -------------------------------------------------------------------

def test_only_the_dimension_before_the_cells_is_widened(tmp_path):
    odd = worksheet('<row r="1"><c r="A1"><v>1</v></c><c r="B1"><dimension ref="A1:C1"/></c></row>', before='<dimension ref="A1"/>')
    path = make_book(tmp_path / "w.xlsx", xml=odd)
    save(path, {Cell(9, 9): 1})
    after = read_parts(path)["xl/worksheets/sheet1.xml"].decode()
    assert '<dimension ref="A1:I9"/>' in after and '<c r="B1"><dimension ref="A1:C1"/></c>' in after


def test_what_is_found_in_a_damaged_sheet_is_told_in_short(tmp_path):
    path = make_book(tmp_path / "w.xlsx", f'<row r="1"><c r="A1"><v>{"x" * 40_000}</v></c></row>')
    with pytest.raises(UserError, match=r"A1 with the number 'x{59}….*save it again\.$") as why:
        value(path)
    assert len(str(why.value)) < 300


@pytest.mark.parametrize("call", range(1, 12))
def test_a_disk_that_fails_before_the_save_is_said(path, monkeypatch, call):
    real, calls = os.stat, []

    def fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise OSError(5, "Input/output error")
        return real(*arguments, **options)
    with open_workbook(path) as book, monkeypatch.context() as patched:
        patched.setattr(os, "stat", fails)
        with suppress(UserError):   # one sentence; or the save did without what failed
            book.save({"R": {A1: 5}})


def test_a_temporary_file_that_cannot_be_removed_does_not_make_a_save_fail(path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", denied)
        save(path, {A1: 5})
    assert value(path) == 5


@pytest.mark.parametrize("name, call", [("open", 1), ("mkdir", 2)])
def test_a_draft_that_fails_at_once_leaves_no_folder(tmp_path, monkeypatch, name, call):
    real, calls = getattr(os, name), []

    def fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)
    with monkeypatch.context() as patched:
        patched.setattr(os, name, fails)
        with pytest.raises(OSError, match="No space left"), draft_folder(tmp_path):
            pass
    assert not list(tmp_path.iterdir())


def test_a_place_for_a_new_file_that_cannot_be_looked_at_is_one_sentence(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise OSError(5, "Input/output error")
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", fails)
        with pytest.raises(UserError, match="the disk reports an error. Choose another disk"):
            checked_new_target(tmp_path / "new.xlsx", overwrite=False)
        with pytest.raises(UserError, match="the disk reports an error. Choose another disk"):
            refuse_unless_writable(tmp_path / "new.xlsx")


def test_a_model_that_is_saved_again_sweeps_what_a_killed_save_left(tmp_path):
    from solver.collab.saved.storage import write_folder
    write_folder(tmp_path / "m", {}, {})
    left = tmp_path / ".~collabsheet-draft-0123456789abcdef"
    left.mkdir()
    os.utime(left, (1e9, 1e9))
    write_folder(tmp_path / "m", {}, {}, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("call", range(1, 8))
def test_a_model_folder_that_cannot_be_looked_at_is_one_sentence(tmp_path, monkeypatch, call):
    from solver.collab.saved.storage import write_folder
    write_folder(tmp_path / "m", {}, {})
    real, calls = os.stat, []

    def fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise OSError(122, "Disk quota exceeded")
        return real(*arguments, **options)
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", fails)
        with suppress(UserError):
            write_folder(tmp_path / "m", {}, {}, overwrite=True)


def test_a_saved_workbook_that_cannot_be_opened_again_is_called_saved(path, monkeypatch):
    from pyxl.xlsx import workbook_file

    def fails(*_, **__):
        raise UserError("'w.xlsx' cannot be read: the disk reports an error.")
    with open_workbook(path) as book, monkeypatch.context() as patched:
        patched.setattr(workbook_file, "open_package", fails)
        with pytest.raises(UserError, match="'w.xlsx' was saved, but could not be opened again"):
            book.save({"R": {A1: 5}})
    assert value(path) == 5
