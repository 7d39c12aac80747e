"""Writes a new workbook beside its target first, so that the target is complete or not there at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pyxl.hosts.refresh_results import refresh_all
from pyxl.xlsx.atomic_file import not_saved, put_in_place, refuse_unless_writable
from solver.drafts import draft_folder
from solver.errors import UserError

_BUTTON = b'<x:ClientData ObjectType="Button">'
_CALLS = re.compile(r"[\w.]+\(")


class _Sheet(Worksheet):
    """XlsxWriter looks in every formula for each of the newer functions, which takes a tenth of a new workbook's time: here once for each
    function that formulas have."""

    _plain: dict[bool, set[str]] = {False: set(), True: set()}

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        expanded, plain, calls = super()._prepare_formula, self._plain[expand_future_functions], set(_CALLS.findall(formula))
        plain.update(call for call in calls - plain if expanded(call, expand_future_functions) == call)
        if calls <= plain:
            return formula.removeprefix("{").removeprefix("=").removesuffix("}")
        return expanded(formula, expand_future_functions)


class _Workbook(Workbook):
    worksheet_class = _Sheet


@contextmanager
def new_file(path, *, overwrite: bool) -> Iterator[Path]:
    """Gives the path of a draft to write, which then takes its place.

    Raises UserError, with nothing written, where `path` exists (unless `overwrite`), is open
    elsewhere or cannot be written.
    """
    target = checked_new_target(path, overwrite=overwrite)
    try:
        # a folder of its own beside the target: the draft has the right name in every message
        with draft_folder(target.parent) as folder:
            draft = folder / target.name
            yield draft
            put_in_place(draft, target)
    except OSError as error:
        raise not_saved(target.name, error) from error


@contextmanager
def new_workbook(draft: Path) -> Iterator[Workbook]:
    """An XlsxWriter workbook, which is written to `draft` at the end.

    Titles that begin with = or look like a link stay text, whoever writes them. It is put together in memory: so it needs
    no temporary folder, and a full disk is met at one place, which says so. Raises OSError.
    """
    content = BytesIO()
    workbook = _Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                              "strings_to_numbers": False})
    yield workbook
    workbook.close()
    draft.write_bytes(_with_steady_buttons(content))


def _with_steady_buttons(content: BytesIO) -> bytes:
    """The package with buttons that move with their cells and keep their size, as those that Excel draws: XlsxWriter's would be
    stretched with a column. (In a drawing of this kind, SizeWithCells says that it is *not* so.)"""
    with ZipFile(content) as package:
        if not any(name.endswith(".vml") for name in package.namelist()):
            return content.getvalue()
        steady = BytesIO()
        with ZipFile(steady, "w", ZIP_DEFLATED) as copy:
            for info in package.infolist():
                part = package.read(info)
                copy.writestr(info, part.replace(_BUTTON, _BUTTON + b"<x:SizeWithCells/>") if info.filename.endswith(".vml") else part,
                              compress_type=ZIP_DEFLATED)
    return steady.getvalue()


def compute_formulas(path: Path) -> None:
    """Put the results of all formulas into a workbook of ours: XlsxWriter wrote 0 as each of them."""
    if problems := refresh_all(path):
        raise RuntimeError(problems[0])     # our own formulas: a fault of ours, not the user's


def checked_new_target(path, *, overwrite: bool) -> Path:
    """Where a new file will be: of a symbolic link, which stays one, its target. Raises UserError as `new_file`."""
    target = Path(os.path.realpath(path))
    try:
        there, has_folder, is_folder = target.exists(), target.parent.is_dir(), target.is_dir()
    except OSError as error:
        raise not_saved(target.name, error) from error
    if not has_folder:
        raise UserError(f"The folder of '{target.name}' does not exist. Make it, or choose another one.")
    if there and not is_folder and not overwrite:
        raise UserError(f"'{target.name}' exists already; it was not touched. "
                        "Choose another name, or say --overwrite.")
    refuse_unless_writable(target)
    return target
