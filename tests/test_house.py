"""The house keeps its rules: imports run one way, the core knows no cell, nobody sees our paths."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from long_tests import LONG_TESTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("solver", "pyxl", "workbook", "collabsheet")
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


def test_no_test_module_imports_another():
    """What several of them need is in tests/helpers."""
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [
                node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("test_") for name in names), path


def test_the_long_tests_are_there():
    for test in LONG_TESTS:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), test


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module(package):
    """Else importing the module would put it in the name's place."""
    public = set(__import__(package).__all__)
    assert public and not public & {path.stem for path in (ROOT / package).iterdir()} - {"__init__"}


def test_looking_at_a_workbook_needs_no_torch():
    code = "import sys, pyxl.xlsx, pyxl.detect.detect, solver; solver.Settings(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def top_statements(body: list[ast.stmt]):
    """The statements of a module, those within `if` and `try` too."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from top_statements([*node.body, *node.orelse, *getattr(node, "finalbody", []),
                                       *(line for handler in getattr(node, "handlers", []) for line in handler.body)])


def public_definitions() -> dict[str, list[str]]:
    """Each public name that a module defines, and the modules that define it; entry points are all called `main`."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        statements = list(top_statements(ast.parse((ROOT / path).read_text()).body))
        functions = {node.name for node in statements if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
        constants = {name.id for node in statements if isinstance(node, (ast.Assign, ast.AnnAssign))
                     for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                     for name in ast.walk(target) if isinstance(name, ast.Name)}
        for name in functions | constants:
            if not name.startswith("_") and name != "main":
                found.setdefault(name, []).append(path.as_posix())
    return found


def test_no_two_public_definitions_share_a_name():
    """But for `reference`, which repeats the compiled kernels in plain numpy, name by name."""
    twice = {name: [path for path in paths if path != "solver/kernels/reference.py"]
             for name, paths in public_definitions().items()}
    assert {name: paths for name, paths in twice.items() if len(paths) > 1} == {}


def test_no_two_modules_share_a_name():
    names = [path.stem for path in MODULES if not path.stem.startswith("__")]
    assert {name for name in names if names.count(name) > 1} == set()


def test_what_holds_a_workbook_is_typed():
    untyped = [f"{path}: {function.name}({argument.arg})" for path in MODULES
               for function in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
               for argument in function.args.posonlyargs + function.args.args + function.args.kwonlyargs
               if argument.arg in ("book", "host", "workbook") and argument.annotation is None]
    assert untyped == []


def test_a_room_holds_about_a_dozen_modules_and_says_what_it_is_for():
    rooms: dict[Path, int] = {}
    for path in MODULES:
        rooms[path.parent] = rooms.get(path.parent, 0) + (path.name != "__init__.py")
    assert {str(room): count for room, count in rooms.items() if count > 13} == {}
    assert [room for room in rooms if not ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))] == []
