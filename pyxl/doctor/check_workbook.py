"""Checks a workbook: its models, its macros, and the Python that its buttons start."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice

from pyxl.base.plain_output import quoted_command
from pyxl.detect.model_sheet import NoModel
from pyxl.detect.verified_model import verified_model
from pyxl.grid.block_names import PYTHON
from pyxl.grid.cells import quoted
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.file_host import FileHost
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.problems.pose import pose
from pyxl.training.carried_over import TrainingSheet, training_sheets
from pyxl.xlsx import WorkbookFile, open_workbook
from pyxl.xlsx.atomic_file import open_elsewhere
from solver.errors import UserError

from .finding import Finding
from .package_consistency import package_faults

MOST_FAULTS = 10    # that are told


def examine_workbook(path) -> Iterator[Finding]:
    """Each thing as soon as it is known. Raises UserError where there is no workbook to look at."""
    with open_workbook(path) as workbook:
        yield _file(workbook)
        yield from _consistency(path)
        yield from _models(workbook)
        yield _macros(workbook)
        yield _python(workbook, path)


def repair(path) -> str:
    """Write the path of the Python that runs into the workbook, where its buttons find it; a sentence
    on what was done. Nothing else in the file changes. Raises UserError."""
    with open_workbook(path) as workbook:
        where = area_named(workbook, PYTHON)
        if where is None:
            raise UserError(f"'{workbook.name}' keeps no path of a Python: it has no buttons. Build one that has: "
                            "collabsheet new ... -o book.xlsm.")
        sheet, cell = where[0], where[1].first
        host = FileHost(workbook)
        if host.value(sheet, cell) == sys.executable:
            return f"{quoted(sheet)}!{cell} is right: {sys.executable}."
        host.write({sheet: {cell: sys.executable}})
        host.save()
        return f"{quoted(sheet)}!{cell} is now {sys.executable}."


def _file(workbook: WorkbookFile) -> Finding:
    if (holder := open_elsewhere(workbook.path)) is not None:
        return Finding("file", "look", f"{workbook.name} is open by {holder[0]}: it can be fitted there, not as a file. "
                       f"(If nobody has it open, delete the leftover '{holder[1]}'.)",
                       quoted_command("collabsheet", "fit", workbook.path, "--live") + ", or close it")
    try:
        workbook.refuse_unless_savable()
    except UserError as why:
        return Finding("file", "missing", f"It can be read, not written: {why}")
    if notes := workbook.notes_on_saving():
        return Finding("file", "look", f"{workbook.name} can be read and written; {notes[0].replace(' had ', ' has ')}")
    return Finding("file", "works", f"{workbook.name} can be read and written.")


def _consistency(path) -> Iterator[Finding]:
    """What Excel would find fault with, the first few things; a workbook that it takes needs one line."""
    faults = list(islice(package_faults(path), MOST_FAULTS))
    if not faults:
        yield Finding("parts", "works", "They fit together as Excel demands.")
    for fault in faults:
        yield Finding("parts", "look", f"Excel may call it damaged: {fault}", "Open it in Excel, let it repair it, and save it")


def _models(workbook: WorkbookFile) -> Iterator[Finding]:
    from solver import Settings

    found, shown = False, dict[str, TrainingSheet]()
    try:
        shown = training_sheets(workbook)
    except UserError as why:
        yield Finding("training", "missing", str(why))
    for sheet in workbook.sheets:
        if sheet in shown:
            yield Finding(sheet, "works", f"gradient descent by {shown[sheet].optimizer}, a row a step.")
            continue
        try:
            ready = verified_model(workbook, sheet, Settings())
        except UserError as why:
            if told := _by_formulas(workbook, sheet):
                found = True
                yield Finding(sheet, "works", told)
            elif not isinstance(why, NoModel):
                yield Finding(sheet, "missing", str(why))
            continue
        found = True
        yield Finding(sheet, "works", f"{ready.model.layout.variant}, {len(ready.ratings):,} ratings; the sheet's RMSE and "
                      f"Python's agree: {ready.rmse:.6f}")
    if not found:
        yield Finding("models", "fails", "No sheet has a model that we know.", quoted_command("collabsheet", "inspect", workbook.path))


def _by_formulas(workbook: WorkbookFile, sheet: str) -> str | None:
    """What Solver's model asks of a sheet's formulas, where a fit can solve it."""
    try:
        asked = stored_or_in_macro(workbook, sheet)
        return None if asked is None else f"solved by its formulas: {asked.problem.told()}; {pose(workbook, asked.problem).kind.told()}"
    except UserError:
        return None


def _macros(workbook: WorkbookFile) -> Finding:
    if workbook.has_macros:
        return Finding("macros", "works", "They are in it, and so are its buttons, if we built it.")
    return Finding("macros", "missing", "None: it has no buttons; --live, Stop and restore work without them.",
                   "collabsheet new ... -o book.xlsm builds a workbook with buttons")


def _python(workbook: WorkbookFile, path) -> Finding:
    where = area_named(workbook, PYTHON)
    if where is None:
        return Finding("its Python", "missing", "It keeps no path of one, which only buttons need.")
    value = workbook.grid(where[0]).values.get(where[1].first)
    says = f"{quoted(where[0])}!{where[1].first} says {value or 'nothing'}"
    mend = quoted_command("collabsheet", "doctor", path, "--repair")
    if value == sys.executable:
        return Finding("its Python", "works", f"{says}, which is this one.")
    if isinstance(value, str) and os.access(value, os.X_OK) and os.path.isfile(value):
        return Finding("its Python", "look", f"{says}, which is there but not the one that runs now, {sys.executable}: a press on a button "
                       "runs it, whatever it is.",
                       f"{mend}, if buttons should start this one")
    return Finding("its Python", "missing", f"{says}, which is not there: buttons start nothing.", mend)
