"""The Python module that *Run main* of xlwings' add-in looks for: beside the workbook, and called like it."""

from __future__ import annotations

import importlib.util
import keyword
from pathlib import Path

from xlsxwriter import Workbook

from solver.errors import UserError

_TEXT = '''"""Run main, the button of xlwings' add-in, runs this module's `main`: it fits the sheet in view of {name}."""
from pyxl.run_main import main
'''


def module_beside(workbook: Workbook) -> Path:
    """Where the module of a workbook belongs. Raises UserError where it cannot be."""
    path = Path(workbook)
    target = path.with_suffix(".py")
    if not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise UserError(f"Run main runs a Python module called like the workbook, and '{path.stem}' cannot be one. "
                        "Choose a name of letters, digits and _ that begins with a letter.")
    there = importlib.util.find_spec(path.stem)
    if there is not None and there.origin != str(target.resolve()):
        raise UserError(f"There is a Python module '{path.stem}' already, which {target.name} would hide. Choose another name.")
    if target.exists() and target.read_text(encoding="utf-8") != _TEXT.format(name=path.name):
        raise UserError(f"'{target.name}' exists already; it was not touched. Choose another name.")
    return target


def write_module(workbook: Workbook) -> Path:
    """Write the module of a workbook; its path. Raises UserError as `module_beside`."""
    target = module_beside(workbook)
    target.write_text(_TEXT.format(name=Path(workbook).name), encoding="utf-8")
    return target
