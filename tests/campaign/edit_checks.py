"""A workbook that was saved, held against what it must be: by a plain tree of its XML, by ourselves, by openpyxl."""

from __future__ import annotations

import io
import random
import struct
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import openpyxl
from openpyxl.styles.numbers import is_date_format

from campaign.dom import compare_sheets
from campaign.sound_books import random_edits
from campaign.verdict import Failed
from pyxl.grid.cells import Cell, Value
from pyxl.xlsx import open_workbook

Edits = dict[str, dict[Cell, Value]]    # sheet -> cell -> value


def save_edits(rng: random.Random, path: Path, out: Path, sheets: Sequence[str] | None = None) -> Edits:
    """Save random edits of some sheets (None: of a random one) into a copy; what was edited. Raises UserError."""
    with open_workbook(path) as book:
        if sheets is None:
            sheets = [rng.choice(book.sheets)] if book.sheets else []
        edits = {sheet: random_edits(rng, book.grid(sheet)) for sheet in sheets}
        if edits:
            book.save(edits, out=out)
    return edits


def check_edits(path: Path, out: Path, edits: Edits) -> None:
    """Raise Failed unless `out` is `path` with these edits, and nothing else changed."""
    with open_workbook(out) as book:
        parts, main = {sheet: book._workbook.sheets[sheet] for sheet in edits}, book._workbook.part
        for sheet, cells in edits.items():
            found = book.grid(sheet).values
            for cell, value in cells.items():
                if found.get(cell) != value:
                    raise Failed(f"{sheet}!{cell} is read back as {found.get(cell)!r}, {value!r} was written")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(out) as after:
        names = {name.lower(): name for name in after.namelist()}
        _compare_packages(path, out, {*parts.values(), main, names[main.lower()]})
        for sheet, cells in edits.items():
            part = names[parts[sheet].lower()]
            compare_sheets(before.read(part), after.read(part), cells)


def check_by_openpyxl(before: Path | None, after: Path, edits: Edits) -> None:
    """Raise Failed unless openpyxl reads every edit back; of a workbook `before` that it cannot read nothing is asked."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):      # it tells what it leaves out
        warnings.simplefilter("ignore")
        try:
            found = openpyxl.load_workbook(after)
            [found[sheet] for sheet in edits]
        except Exception:
            if before is not None and not _read_by_openpyxl(before, edits):     # it reads less than we do
                return
            raise
    for sheet, cells in edits.items():
        for cell, value in cells.items():
            there = found[sheet].cell(cell.row, cell.col)
            theirs = there.value
            # it leaves the escapes of texts as they are, and a number that is shown as a date is a date there, or #VALUE! beyond the last one
            if isinstance(value, str) or is_date_format(there.number_format):
                continue
            if theirs != value or isinstance(theirs, bool) != isinstance(value, bool):
                raise Failed(f"openpyxl reads {theirs!r} at {sheet}!{cell}, where {value!r} was written")


def _read_by_openpyxl(path: Path, sheets: Iterable[str]) -> bool:
    try:
        book = openpyxl.load_workbook(path)
        return all(sheet in book.sheetnames for sheet in sheets)
    except Exception:
        return False


def _compare_packages(before: Path, after: Path, edited: set[str]) -> None:
    old, new = _packed(before), _packed(after)
    if list(old) != list(new):
        raise Failed("the list of parts changed")
    for name in old:
        if name not in edited and old[name] != new[name] and not _same_but_for_caches(before, after, name):
            raise Failed(f"the part {name} changed that nobody edited")


def _same_but_for_caches(before: Path, after: Path, name: str) -> bool:
    """Whether a part is a chart of which only that changed which it keeps of cells."""
    with zipfile.ZipFile(before) as old, zipfile.ZipFile(after) as new:
        charts = [ET.fromstring(archive.read(name)) for archive in (old, new)] if "/charts/" in name else []
    for chart in charts:
        for cache in [one for one in chart.iter() if one.tag.endswith(("}numCache", "}strCache"))]:
            cache.clear()
    return bool(charts) and ET.tostring(charts[0]) == ET.tostring(charts[1])


def _packed(path: Path) -> Mapping[str, tuple]:
    """The packed bytes of every part, by a reading of our own."""
    data, found = path.read_bytes(), {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            start = info.header_offset + 30 + sum(struct.unpack_from("<2H", data, info.header_offset + 26))
            found[info.filename] = (data[start:start + info.compress_size], info.CRC, info.file_size, info.date_time)
    return found
