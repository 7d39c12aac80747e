"""The house keeps its rules: imports run one way, the core knows no cell, nobody sees our paths."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {"solver": {"solver"}, "pyxl": {"solver", "pyxl"}, "workbook": {"solver", "pyxl", "workbook"}}
ABOVE_ALL = {"pyxl/__main__.py"}  # the command line joins all three
MODULES = sorted(p.relative_to(ROOT) for top in ALLOWED for p in (ROOT / top).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level packages of ours that a file imports, at its head or inside a function."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names & set(ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_run_one_way(path):
    if path.as_posix() not in ABOVE_ALL:
        assert imported(path) <= ALLOWED[path.parts[0]]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_nothing_is_asserted_on_input_and_nothing_runs_on_import(path):
    tree = ast.parse((ROOT / path).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    calls = [node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    assert not calls


def test_every_module_says_what_it_is():
    for path in MODULES:
        text = (ROOT / path).read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), path


@pytest.mark.parametrize("package", ALLOWED)
def test_no_public_name_is_that_of_a_module(package):
    """Else importing the module would put it in the name's place."""
    public = set(__import__(package).__all__)
    assert public and not public & {p.stem for p in (ROOT / package).glob("*.py")} - {"__init__"}


def test_looking_at_a_workbook_needs_no_torch():
    code = "import sys, pyxl.xlsx, pyxl.detect.detect, solver; solver.Settings(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
