"""The house keeps its rules: imports run one way, the core knows no cell, nobody sees our paths."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("solver", "pyxl", "workbook")
MODULES = sorted(p.relative_to(ROOT) for top in PACKAGES for p in (ROOT / top).rglob("*.py"))


def test_folders_stand_on_those_below_them_only():
    """The layers are in pyproject.toml, under `tool.importlinter`; no folder and no file is part of a cycle."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


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


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module(package):
    """Else importing the module would put it in the name's place."""
    public = set(__import__(package).__all__)
    assert public and not public & {path.stem for path in (ROOT / package).iterdir()} - {"__init__"}


def test_looking_at_a_workbook_needs_no_torch():
    code = "import sys, pyxl.xlsx, pyxl.detect.detect, solver; solver.Settings(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
