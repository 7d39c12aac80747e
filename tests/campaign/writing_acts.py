"""What writes files: a workbook in place and a copy of it, a new workbook, a report, a model folder and one over an old one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from campaign.model_kind import base_models
from campaign.sound_books import odd_book
from campaign.verdict import Failed
from pyxl.cli.arguments.report_files import _Report, write_report
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook
from solver import Ratings
from solver.collab.saved.storage import read_folder, write_folder
from workbook import build

_NAME, _EDITS = "w.xlsx", {Cell(1, 1): 4711.0, Cell(900, 7): "new"}
_LEFTOVER = ".~collabsheet"


@dataclass(frozen=True)
class Act:
    """`prepare(folder)` makes what it works on, `do(folder)` does it; `done(folder)` says whether it was done, or whether nothing
    was, and raises for anything between."""

    prepare: Callable[[Path], object]
    do: Callable[[Path], object]
    done: Callable[[Path], bool]


def contents(folder: Path, *, leftovers: bool = True) -> dict[str, bytes]:
    """Every file and folder below, and what is in it."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))
            if leftovers or _LEFTOVER not in str(path)}


def _save(folder: Path, **options) -> None:
    with open_workbook(folder / _NAME) as book:
        book.save({book.sheets[0]: _EDITS}, **options)


def _edited(path: Path) -> bool:
    with open_workbook(path) as book:
        found = [book.grid(book.sheets[0]).values.get(cell) == value for cell, value in _EDITS.items()]
    if any(found) and not all(found):
        raise Failed("some of the edits were saved")
    return all(found)


def _made(path: Path) -> bool:
    """Whether a file is there that was not; it has to be whole."""
    if not path.exists():
        return False
    with open_workbook(path) as book:
        for sheet in book.sheets:
            book.grid(sheet)
    return True


def _report(folder: Path) -> None:
    write_report(_Report("Best", [("model", "m")], ["item", "prediction"], [["film", 4.5]]), folder / "report.xlsx")


def _build(folder: Path) -> None:
    build(Ratings.from_crosstab(np.array([[1.0, 2], [3, 4]]), ["a", "b"], ["c", "d"]), folder / "new.xlsm", n_factors=1)


def _write_model(folder: Path, which: int) -> None:
    arrays, document = base_models()[which]
    write_folder(folder / "m", arrays, {name: value for name, value in document.items() if name not in ("kind", "format", "sha256")},
                 overwrite=True)


def _holds_second(folder: Path) -> bool:
    if not (folder / "m").exists():
        return False
    arrays, _ = read_folder(folder / "m")
    same = [set(arrays) == set(known) and all((arrays[name] == known[name]).all() for name in known) for known, _ in base_models()[:2]]
    if not any(same):
        raise Failed("the folder holds neither model")
    return same[1]


@cache
def acts() -> dict[str, Act]:
    """By name."""
    content = odd_book(random.Random(3))

    def book(folder: Path) -> None:
        (folder / _NAME).write_bytes(content)
    return {
        "save": Act(book, _save, lambda folder: _edited(folder / _NAME)),
        "copy": Act(book, lambda folder: _save(folder, out=folder / "copy.xlsx"),
                    lambda folder: _made(folder / "copy.xlsx") and _edited(folder / "copy.xlsx")),
        "new": Act(lambda folder: None, _build, lambda folder: _made(folder / "new.xlsm")),
        "report": Act(lambda folder: None, _report, lambda folder: _made(folder / "report.xlsx")),
        "model": Act(lambda folder: None, lambda folder: _write_model(folder, 1), _holds_second),
        "model again": Act(lambda folder: _write_model(folder, 0), lambda folder: _write_model(folder, 1), _holds_second),
    }
