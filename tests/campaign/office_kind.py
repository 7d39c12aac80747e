"""Cases that LibreOffice judges: does it read every edit that we saved?"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from office import Office, OfficeMissing
from packages import parts_of, zipped

from campaign.edit_checks import Edits, save_edits
from campaign.mutations import with_package_changed
from campaign.sound_books import bases, random_sheet
from campaign.verdict import Failed
from pyxl.grid.cells import MAX_COL, Cell, Value
from pyxl.xlsx import open_workbook

_SHEETS = 5
_SECONDS = 180      # in which it opens a workbook, on a busy machine too


class _Oracle:
    """A LibreOffice that is started again where a workbook ended it."""

    def __init__(self):
        self._office: Office | None = None

    def values(self, path: Path, edits: Edits) -> dict | None:
        """{sheet: {cell: value}} of the edited cells; None where it cannot open the workbook."""
        self._office = self._office or Office()
        try:
            found = self._office.recalculate(path, {sheet: [str(cell) for cell in cells] for sheet, cells in edits.items() if cells}, timeout=_SECONDS)
        except (RuntimeError, TimeoutError) as why:
            if isinstance(why, TimeoutError) or "ended" in str(why) or "Disposed" in str(why):
                self._office.close()
                self._office = None
            return None
        return {sheet: {cell: found[sheet][str(cell)][0][0] for cell in cells} for sheet, cells in edits.items() if cells}


@cache
def warm_up() -> _Oracle | None:
    """LibreOffice, if it is here."""
    bases()
    try:
        Office().close()
    except OfficeMissing:
        return None
    return _Oracle()


def offices(number: int) -> None:
    """A workbook of odd sheets, or one that was changed in any way, is edited: LibreOffice finds every edit."""
    rng, oracle = random.Random(f"offices {number}"), warm_up()
    if oracle is None:
        return
    changed = rng.random() < 0.5
    content = with_package_changed(rng, rng.choice(bases())) if changed else zipped(parts_of({f"S{n}": random_sheet(rng) for n in range(_SHEETS)}))
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "w.xlsx", Path(folder) / "out.xlsx"
        path.write_bytes(content)
        edits = save_edits(rng, path, out, None if changed else [f"S{n}" for n in range(_SHEETS)])
        refuse_unless_read(oracle, path if changed else None, out, edits)


def refuse_unless_read(oracle: _Oracle, before: Path | None, after: Path, edits: Edits) -> None:
    """Raise Failed unless LibreOffice reads every edit; of a workbook `before` of which it reads less than we do nothing is asked."""
    edits = {sheet: {cell: value for cell, value in cells.items() if _may_be_asked(cell, value)} for sheet, cells in edits.items()}
    if not edits or before is not None and _reads_less(oracle, before, edits):
        return
    found = oracle.values(after, edits)
    if found is None:
        raise Failed("LibreOffice cannot open what was saved")
    for sheet, cells in edits.items():
        for cell, value in cells.items():
            if found[sheet][cell] != _as_the_office_has_it(value):
                raise Failed(f"LibreOffice reads {found[sheet][cell]!r} at {sheet}!{cell}, where {value!r} was written")


def _may_be_asked(cell: Cell, value: Value) -> bool:
    """LibreOffice fails where it is asked whether a cell of the last column is blank."""
    return cell.col < MAX_COL or _as_the_office_has_it(value) is not None


def _reads_less(oracle: _Oracle, path: Path, sheets: Iterable[str]) -> bool:
    """Whether LibreOffice opens a workbook not at all, or without the numbers or all texts of a sheet that we find there."""
    with open_workbook(path) as book:
        known: Edits = {sheet: {cell: value for cell, value in grid.values.items() if isinstance(value, float | str) and cell not in grid.formulas}
                 for sheet in sheets for grid in [book.grid(sheet)]}
    found = oracle.values(path, {sheet: cells or {Cell(1, 1): None} for sheet, cells in known.items()})
    return found is None or any(cells and all(found[sheet][cell] is None for cell in cells) or any(
        found[sheet][cell] != value for cell, value in cells.items() if isinstance(value, float)) for sheet, cells in known.items())


def _as_the_office_has_it(value):
    """Booleans are numbers there; an empty text is nothing; lines end in one sign."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n") or None
    return float(value) if value is not None else None
