"""What a bad input is: how it is made, which command meets it, and what that says."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import lesson_sheet
import xlsxwriter
from packages import with_part

from pyxl.grid.cells import Cell, Range

Make = Callable[[Path], object]
FIT = ("fit", "w.xlsx", "--in-place")


@dataclass(frozen=True)
class BadInput:
    """`what` it is; `make(folder)` writes it; the `command` is run in that folder, `within` what disturbs it, and says `sentence`.
    The exit code is 2 where it is refused, and then every file is as it was."""

    what: str
    sentence: str
    make: Make
    command: Sequence[str] = FIT
    code: int = 2
    within: Callable[[Path], AbstractContextManager] = nullcontext


def noted(what: str, sentence: str, make: Make, command: Sequence[str] = FIT, **more) -> BadInput:
    """Of what is done all the same, and told."""
    return BadInput(what, sentence, make, command, code=0, **more)


def sheet(edit=None, change: Callable[[bytes], bytes] | None = None, *, ratings=None, rows: int = 6, **options) -> Make:
    """A sheet of the lesson's: ratings F2:L7, ids E2:E7 and F1:L1, item factors F10:L12, user factors B14:D19, predictions F14:L19,
    RMSE L21; `edit` as there, then `change` of its XML."""
    def make(folder: Path) -> None:
        path = folder / "w.xlsx"
        lesson_sheet.write(path, lesson_sheet.table(rows, 7, share=1) if ratings is None else ratings, k=3, edit=edit, **options)
        if change:
            changed_part(path, "xl/worksheets/sheet1.xml", change)
    return make


def changed_part(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Change one part of a package."""
    with_part(path, path.with_name("changed"), part, change).replace(path)


def cell(address: str, write: str, *what) -> Callable:
    """An edit that writes one cell."""
    where = Cell.parse(address)
    return lambda ws, places: getattr(ws, write)(where.row - 1, where.col - 1, *what)


def blank(addresses: str, but: str | None = None) -> Callable:
    """An edit that empties cells."""
    def edit(ws, places):
        for where in Range.parse(addresses).cells():
            if str(where) != but:
                ws.table.get(where.row - 1, {}).pop(where.col - 1, None)
    return edit


def file(name: str, content: bytes) -> Make:
    """One file."""
    return lambda folder: (folder / name).write_bytes(content)


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A zip of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def long_list(ids: Sequence[int], keys: Sequence[tuple]) -> Make:
    """A long table that looks its factors up by MATCH without ,0."""
    def make(folder: Path) -> None:
        book = xlsxwriter.Workbook(str(folder / "w.xlsx"))
        ws = book.add_worksheet("emb")
        for r, key in enumerate(ids):
            ws.write_row(r, 0, [key, 0.3 + r, 0.5])
            ws.write_row(r + 10, 0, [key, 0.4, 0.1 + r])
        for n, (u, i, value) in enumerate(keys, 1):
            ws.write_row(n - 1, 4, [u, i, value])
            ws.write_formula(n - 1, 7, f"=MATCH(E{n},$A$1:$A$3)")
            ws.write_formula(n - 1, 8, f"=MATCH(F{n},$A$11:$A$13)")
            ws.write_formula(n - 1, 9, f"=SUMPRODUCT(INDEX($B$1:$C$3,H{n},0),INDEX($B$11:$C$13,I{n},0))")
        ws.write_formula("L1", f"=SQRT(SUMXMY2(G1:G{len(keys)},J1:J{len(keys)})/COUNT(G1:G{len(keys)}))")
        book.close()
    return make
