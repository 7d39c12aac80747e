"""Cases about workbooks that other programs write: said in other words, they are what their plain twins are."""

from __future__ import annotations

import io
import random
import tempfile
import zipfile
from pathlib import Path

from campaign.dialects import DIALECTS, encoded, packed
from campaign.edit_checks import check_by_openpyxl, check_edits, save_edits
from campaign.sound_books import bases, odd_book
from campaign.verdict import Failed
from pyxl.doctor.package_consistency import package_faults
from pyxl.xlsx import open_workbook
from solver import UserError


def twins(number: int) -> tuple[bytes, bytes, list[str]]:
    """A sound workbook, the same in other words, and which."""
    rng = random.Random(f"dialects {number}")
    plain = rng.choice(bases()) if rng.random() < 0.5 else odd_book(rng)
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    texts = [(name, content.decode()) for name, content in parts if name.endswith((".xml", ".rels"))]
    rest = [(name, content) for name, content in parts if not name.endswith((".xml", ".rels"))]
    chosen = [name for name in DIALECTS if rng.random() < 0.2] or [rng.choice(list(DIALECTS))]
    for name in chosen:
        texts = DIALECTS[name](rng, texts)
    other = packed(rng, [(name, encoded(rng, text)) for name, text in texts] + rest)
    return plain, other, chosen


def dialects(number: int) -> None:
    """A sound workbook in other words is read as its plain twin is, takes the same edits, and is the same elsewhere."""
    plain, other, chosen = twins(number)
    with tempfile.TemporaryDirectory() as folder:
        twin, path, out = (Path(folder) / name for name in ("twin.xlsx", "w.xlsx", "out.xlsx"))
        twin.write_bytes(plain)
        path.write_bytes(other)
        try:
            if difference := _difference(_content(twin), _content(path)) or _new_fault(twin, path):
                raise Failed(f"{difference}\nin the dialects {chosen}")
            edits = save_edits(random.Random(f"edits {number}"), path, out)
        except UserError as why:
            save_edits(random.Random(f"edits {number}"), twin, out)     # the same edits may be refused there as well
            raise Failed(f"a sound workbook was refused: {why}\nin the dialects {chosen}") from None
        if edits:
            check_edits(path, out, edits)
            check_by_openpyxl(path, out, edits)


def _content(path: Path) -> dict[str, object]:
    """All that a workbook says, by what it is."""
    with open_workbook(path) as book:
        found: dict[str, object] = {"sheets": book.sheets, "names": book.names, "tables": book.tables, "dates": book.date1904}
        for sheet in book.sheets:
            grid = book.grid(sheet)
            found |= {f"{sheet} {what}": getattr(grid, what) for what in ("values", "formulas", "formats", "merged", "hidden_rows", "hidden_columns", "protected")}
    return found


def _new_fault(plain: Path, other: Path) -> str:
    """What `doctor` calls damaged in the one and not in the other."""
    new = set(package_faults(other)) - set(package_faults(plain))
    return f"a false alarm of doctor: {min(new)}" if new else ""


def _difference(plain: dict, other: dict) -> str:
    for what in plain:
        if plain[what] != other.get(what):
            return f"{what} are {str(other.get(what))[:200]}, and {str(plain[what])[:200]} in its plain twin"
    return ""
