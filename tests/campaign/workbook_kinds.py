"""Cases about workbooks: packages that were changed, sheets that are odd but sound, and saves that are cut short."""

from __future__ import annotations

import errno
import io
import os
import random
import signal
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import lesson_sheet
import openpyxl
from packages import parts_of, worksheet

from campaign.dom import compare_sheets
from campaign.mutations import with_package_changed, zipped
from campaign.verdict import Failed
from pyxl.doctor.package_consistency import package_faults
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook
from solver import UserError

VALUES = [0, 1, -2.5, 1e300, 1e-300, True, False, "", "text", " a ", "<&>\"'", "\r\n", "_x0041_", "é→😀", "\x07", "=1+1", "x" * 3000, None]


@cache
def bases() -> tuple[bytes, ...]:
    """Sound workbooks to change: crosstabs, a long table, array formulas, names, styles, shared strings, a hand-made one."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.xlsx"
        for options in ({"variant": "dot"}, {"variant": "dot+bias", "solver": True}, {"variant": "dot", "array": True, "down": 3}):
            lesson_sheet.write(path, lesson_sheet.table(5, 4), k=2, **options)
            made.append(path.read_bytes())
        from workbook.examples import write_examples
        made += [example.read_bytes() for example in write_examples(Path(folder) / "examples")]
    made.append(_odd_book(random.Random(0)))
    return tuple(made)


def _odd_book(rng: random.Random) -> bytes:
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r></si></sst>'
    return zipped(rng, [(name, content.encode() if isinstance(content, str) else content) for name, content in
                        parts_of({"R": random_sheet(rng), "S T": random_sheet(rng)}, strings=strings).items()])


def random_sheet(rng: random.Random) -> str:
    """The XML of a sheet that is sound: gaps, rows and cells without addresses, all types of cells, formulas of all kinds."""
    rows, row = [], 0
    for _ in range(rng.randint(0, 8)):
        addressed = rng.random() < 0.8
        row += rng.choice([1, 1, 1, 2, 500]) if addressed else 1
        cells, col = [], 0
        for _ in range(rng.randint(0, 6)):
            told = rng.random() < 0.8
            col += rng.choice([1, 1, 2, 30]) if told else 1
            cells.append(_random_cell(rng, f' r="{Cell(row, col)}"' if told else ""))
        more = rng.choice(["", ' spans="1:3"', ' ht="20" customHeight="1"', ' hidden="1"'])
        head = f'<row r="{row}"{more}' if addressed else f"<row{more}"
        rows.append(f"{head}>{''.join(cells)}</row>" if cells or rng.random() < 0.5 else f"{head}/>")
    before = rng.choice(["", '<dimension ref="A1"/>', '<cols><col min="1" max="3" width="9"/></cols>'])
    xml = worksheet("".join(rows), before=before, after=rng.choice(["", '<pageMargins left="1" right="1" top="1" bottom="1" header="0" footer="0"/>']))
    return xml.replace("<sheetData></sheetData>", "<sheetData/>") if rng.random() < 0.5 else xml


def _random_cell(rng: random.Random, address: str) -> str:
    return rng.choice([
        f"<c{address}><v>{rng.choice(['1', '-2.5', '1E+300', '3.0'])}</v></c>", f"<c{address}/>", f'<c{address} t="b"><v>1</v></c>',
        f'<c{address} t="e"><v>#N/A</v></c>', f'<c{address} t="inlineStr"><is><t xml:space="preserve"> x &amp; y</t></is></c>',
        f'<c{address} t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', f"<c{address}><f>1+1</f><v>2</v></c>", f"<c{address}><f>1+1</f></c>",
        f"<c{address}  ><v>7</v ></c>", f'<c{address}><v>4</v><extLst><ext uri="u"/></extLst></c>'])


def random_edits(rng: random.Random, grid) -> dict[Cell, object]:
    """Values for cells that are there and for some that are not; formulas are left alone."""
    there = [cell for cell in grid.values if cell not in grid.formulas]
    cells = set(rng.sample(there, min(len(there), rng.randint(0, 4))))
    cells |= {Cell(rng.choice([1, 2, 3, 7, 400, 1_048_576]), rng.choice([1, 2, 3, 9, 50, 16_384])) for _ in range(rng.randint(1, 4))}
    return {cell: rng.choice(VALUES) for cell in cells if cell not in grid.formulas}


def package_of(number: int) -> bytes:
    """The workbook of a case of the kind `packages`."""
    rng = random.Random(f"packages {number}")
    return with_package_changed(rng, rng.choice(bases()))


def packages(number: int) -> None:
    """A workbook that was changed in any way is read, inspected, edited: refused in a sentence, or rightly saved."""
    judge_package(package_of(number), number)


def judge_package(content: bytes, number: int) -> None:
    """The same for a given workbook; `number` draws the edits."""
    rng = random.Random(f"edits {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.xlsx"
        path.write_bytes(content)
        try:
            list(package_faults(path))
        except UserError:
            pass
        if rng.random() < 0.2:      # it takes its time
            inspect_workbook(path)
        _edit_and_check(rng, path)


def sheets(number: int) -> None:
    """A sound sheet, edited, is what a plain tree of it would be."""
    rng = random.Random(f"sheets {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.xlsx"
        path.write_bytes(_odd_book(rng))
        try:
            _edit_and_check(rng, path)
        except UserError as why:
            raise Failed(f"a sound workbook was refused: {why}") from None


def _edit_and_check(rng: random.Random, path: Path) -> None:
    """Save some edits into a copy and hold it against what it must be. Raises UserError and Failed."""
    out = path.with_name("out.xlsx")
    with open_workbook(path) as book:
        if not book.sheets:
            return
        sheet = rng.choice(book.sheets)
        edits = random_edits(rng, book.grid(sheet))
        book.save({sheet: edits}, out=out)
        part = book._workbook.sheets[sheet]
    _compare_packages(path, out, {part, *(name for name in _names(out) if name.lower().endswith("workbook.xml"))})
    with zipfile.ZipFile(path) as a, zipfile.ZipFile(out) as b:
        compare_sheets(a.read(_spelled(a, part)), b.read(_spelled(b, part)), edits)
    with open_workbook(out) as book:
        for cell, value in edits.items():
            if book.grid(sheet).values.get(cell) != value:
                raise Failed(f"{sheet}!{cell} is read back as {book.grid(sheet).values.get(cell)!r}, {value!r} was written")
    _read_by_openpyxl(path, out, sheet, edits)


def _compare_packages(before: Path, after: Path, edited: set[str]) -> None:
    old, new = _packed(before), _packed(after)
    if list(old) != list(new):
        raise Failed("the list of parts changed")
    for name in old:
        if name not in edited and old[name] != new[name]:
            raise Failed(f"the part {name} changed that nobody edited")


def _read_by_openpyxl(before: Path, after: Path, sheet: str, edits: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # of what it leaves out
        try:
            openpyxl.load_workbook(before)[sheet]
        except Exception:   # it reads less than we do
            return
        found = openpyxl.load_workbook(after)[sheet]
    for cell, value in edits.items():
        theirs = found.cell(cell.row, cell.col).value
        if isinstance(value, str):      # it leaves the escapes of texts as they are
            continue
        if theirs != value or isinstance(theirs, bool) != isinstance(value, bool):
            raise Failed(f"openpyxl reads {theirs!r} at {cell}, where {value!r} was written")


def _packed(path: Path) -> dict[str, tuple]:
    """The packed bytes of every part, by a reading of our own."""
    data, found = path.read_bytes(), {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            at = info.header_offset + 30 + sum(struct.unpack_from("<2H", data, info.header_offset + 26))
            found[info.filename] = (data[at:at + info.compress_size], info.CRC, info.file_size, info.date_time)
    return found


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _spelled(archive: zipfile.ZipFile, part: str) -> str:
    return next(name for name in archive.namelist() if name.lower() == part.lower())


def kills(number: int) -> None:
    """A process that is killed while it saves leaves the old file or the new one."""
    rng = random.Random(f"kills {number}")
    with tempfile.TemporaryDirectory() as folder:
        path, edits = Path(folder) / "w.xlsx", {Cell(1, 1): number, Cell(900, 7): "new"}
        path.write_bytes(_odd_book(random.Random(3)))
        with open_workbook(path) as book:
            sheet = book.sheets[0]
            new = book.save({sheet: edits}, out=path.with_name("new.xlsx")).read_bytes()
        before = path.read_bytes()
        if (child := os.fork()) == 0:
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.012))
                signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
                with open_workbook(path) as book:
                    book.save({sheet: edits})
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        if path.read_bytes() not in (before, new):
            raise Failed("a killed save left a torn file")


def disks(number: int) -> None:
    """Any call of the system's may fail while a workbook is saved: then every file is as it was, and nothing is left."""
    rng = random.Random(f"disks {number}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.xlsx"
        path.write_bytes(_odd_book(random.Random(3)))
        before = path.read_bytes()
        name, call = rng.choice(["fsync", "replace", "open", "chmod", "stat", "unlink"]), rng.randint(1, 8)
        refused = None
        with _failing(name, call, rng.choice([errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES])):
            try:
                with open_workbook(path) as book:
                    book.save({book.sheets[0]: {Cell(1, 1): number}})
            except UserError as why:
                refused = why
        if refused is not None:
            if path.read_bytes() != before:
                raise Failed(f"a save that failed at {name} {call} changed the file")
            raise refused


@contextmanager
def _failing(name: str, call: int, code: int) -> Iterator[None]:
    """Within, the given call of a function of `os` fails."""
    real: Callable = getattr(os, name)
    calls = 0

    def fails(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    setattr(os, name, fails)
    try:
        yield
    finally:
        setattr(os, name, real)

