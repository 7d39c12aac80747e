"""What people do with a workbook that somebody else made, each act judged: looked at, read, edited, calculated."""

from __future__ import annotations

import datetime as dt
import io
import runpy
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest import mock

import openpyxl
from openpyxl.utils.datetime import to_excel

from campaign.edit_checks import Edits, check_by_openpyxl, check_edits
from campaign.verdict import Failed, judged
from pyxl.doctor.check_workbook import examine_workbook
from pyxl.doctor.package_consistency import package_faults
from pyxl.fit.compare_results import compare_results
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell, Value
from pyxl.grid.grid import Grid
from pyxl.xlsx import open_workbook
from pyxl.xlsx.parts.shared_strings import unescape
from solver import UserError

SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas"     # beside the checkout, as the tests have them
_SHOWN = 20     # differences of a workbook that are kept
_DAY = 1e-5     # openpyxl's dates are whole microseconds
_MOST = 300_000     # cells of a workbook that openpyxl reads, too


def looked_at(path: Path, out: Path) -> dict:
    """`doctor`: what it calls damaged."""
    alarms = list(package_faults(path))
    for _ in examine_workbook(path):
        pass
    return {"alarms": alarms}


def inspected(path: Path, out: Path) -> dict:
    """`inspect`."""
    inspect_workbook(path)
    return {}


def read(path: Path, out: Path) -> dict:
    """Every cell of every sheet; how many values and formulas."""
    grids = _grids(path)
    return {"cells": sum(len(grid.values) for grid in grids.values()), "formula cells": sum(len(grid.formulas) for grid in grids.values())}


def edited(path: Path, out: Path) -> dict:
    """A number and a text where such stand, and in cells that are new, saved into the copy `out`; which edits."""
    refused: UserError | None = None
    with open_workbook(path) as book:
        for sheet in book.sheets:
            try:
                grid = book.grid(sheet)
                book.save({sheet: (edits := _edits(grid))}, out=out)
            except UserError as why:
                refused = why
                continue
            return {"edits": {sheet: {str(cell): value for cell, value in edits.items()}}}
    if refused is not None:
        raise refused
    return {}


def calculated(path: Path, out: Path) -> dict:
    """`recalculate`: formula cells that equal what is stored, that do not, that are refused, that are drawn anew."""
    with open_workbook(path) as book:
        found = compare_results(book)
    return {"equal": found.equal, "different": len(found.different), "volatile": found.volatile, "refused": sum(found.refused.values()),
            "reasons": dict(found.refused), "unstored": sum(one.stored is None for one in found.different),
            "differences": [[str(one), one.stored, one.ours] for one in found.different if one.stored is not None][:_SHOWN]}


ACTS: dict[str, Callable[[Path, Path], dict]] = {
    "doctor": looked_at, "inspect": inspected, "read": read, "edit": edited, "recalculate": calculated}


def tried_on(path: Path, out: Path) -> dict:
    """The verdict on every act, with what each found; `out` is where the edited copy goes."""
    acts = {}
    for name, act in ACTS.items():
        found: dict = {}
        before = time.process_time()
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            verdict = judged(name, 0, lambda act=act, found=found: found.update(act(path, out)))
        acts[name] = {"outcome": verdict.outcome, "why": verdict.why, "seconds": round(time.process_time() - before, 2), **found}
    if edits := acts["edit"].get("edits"):
        try:        # outside of the limits: other readers are slower than we are
            _refuse_unless_right(path, out, {sheet: {Cell.parse(cell): value for cell, value in cells.items()} for sheet, cells in edits.items()})
        except Exception:
            acts["edit"] |= {"outcome": "failed", "why": traceback.format_exc()}
    if acts["read"]["outcome"] == "answered" and acts["read"]["cells"] <= _MOST:
        acts["as openpyxl"] = {"differences": list(_unlike_openpyxl(path))[:_SHOWN]}
    return {"by": _program(path), "acts": acts}


def _grids(path: Path) -> dict[str, Grid]:
    with open_workbook(path) as book:
        return {sheet: book.grid(sheet) for sheet in book.sheets}


def _edits(grid: Grid) -> dict[Cell, Value]:
    """The first number and the first text that no formula gives, a cell after the last, and one in a row that is there."""
    plain = [cell for cell in sorted(grid.values) if cell not in grid.formulas and not any(cell in where for _, where in grid.pivots)
             and not any(formula.array and cell in formula.array for formula in grid.formulas.values() if formula.array)]
    found: dict[Cell, Value] = {}
    for kind, value in ((float, 1234.5), (str, "edited <&> é")):
        if cell := next((cell for cell in plain if type(grid.values[cell]) is kind), None):
            found[cell] = value
    used = grid.used
    right, low = (1, 0) if used is None else (used.right, used.bottom)
    if right < MAX_COL and used is not None:
        found[Cell(used.top, right + 1)] = -0.25
    if low < MAX_ROW:
        found[Cell(low + 1, 1)] = "new"
    return found


def _refuse_unless_right(path: Path, out: Path, edits: Edits) -> None:
    """Raise Failed where the copy is not the workbook with these edits, or doctor or the schemas say of it what they do not say of the workbook."""
    check_edits(path, out, edits)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        check_by_openpyxl(path, out, edits)
    if new := set(package_faults(out)) - set(package_faults(path)):
        raise Failed(f"doctor says of the copy: {sorted(new)[0]}")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(out) as after:
        for name in after.namelist():
            if (old := before.read(name)) != (now := after.read(name)) and (new := _violations(now) - _violations(old)):
                raise Failed(f"the schemas say of {name}: {sorted(new)[0]}")


@cache
def schemas() -> Mapping | None:
    """What ../shared/schemas/validate.py defines, where it is there."""
    if not SCHEMAS.is_dir():
        return None
    with mock.patch.object(sys, "argv", ["validate.py", str(SCHEMAS)]), redirect_stdout(io.StringIO()):
        validator = runpy.run_path(str(SCHEMAS / "validate.py"))
    validator["schema"]("sml.xsd")      # before the limits of a case
    return validator


def _violations(content: bytes) -> set[str]:
    from lxml import etree
    validator = schemas()
    if validator is None:
        return set()
    root = validator["prepared"](etree.fromstring(content))
    name = validator["ROOT"].get(etree.QName(root).namespace)
    if name is None:
        return set()
    schema = validator["schema"](name)
    return set() if schema.validate(etree.fromstring(etree.tostring(root))) else {error.message for error in schema.error_log}


def _unlike_openpyxl(path: Path) -> Iterator[str]:
    """Cells that openpyxl reads as something else; none where it cannot read the workbook."""
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            theirs = openpyxl.load_workbook(path, data_only=True)
    except Exception:       # it reads fewer than we do
        return
    for sheet, grid in _grids(path).items():
        cells = next((found._cells for found in theirs.worksheets if found.title == sheet), {})
        for where, cell in cells.items():
            found, ours = cell.value, grid.values.get(Cell(*where))
            if (day := _as_stored(found, theirs.epoch)) is not found:
                alike = isinstance(ours, float) and abs(day - ours) < _DAY
            elif isinstance(found, str):
                alike = ours in (found, unescape(found)) or isinstance(ours, str) and unescape(ours) == found      # it solves some escapes twice
            else:
                alike = ours == found or ours == "" and found is None
            if not alike:
                yield f"{sheet}!{Cell(*where)}: {ours!r}, openpyxl reads {found!r}"
        yield from (f"{sheet}!{cell}: {value!r}, openpyxl reads nothing" for cell, value in grid.values.items() if cell not in cells and value != "")


def _as_stored(value, epoch: dt.datetime):
    """The number of a day or of a time that openpyxl made of it; other values as they are."""
    return to_excel(value, epoch) if isinstance(value, (dt.datetime, dt.date, dt.time, dt.timedelta)) else value


def _program(path: Path) -> str:
    """The program that says it saved the workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            said = archive.read("docProps/app.xml").decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return "unknown"
    return said.partition("<Application>")[2].partition("</Application>")[0].partition("/")[0] or "unknown"
