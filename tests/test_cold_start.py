"""Which slow libraries a command loads. What loads one more makes every use of the command wait, and says so here first."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

SLOW = {"torch", "pandas", "scipy", "pyarrow", "numba", "highspy", "matplotlib", "xlwings", "rich", "openpyxl", "numpy", "starlette", "uvicorn"}
SEEN = ("import json, sys\nfrom pyxl.__main__ import main\ntry:\n    code = main(sys.argv[2:])\nexcept SystemExit as end:\n    code = end.code\n"
        "open(sys.argv[1], 'w').write(json.dumps([code, sorted(sys.modules)]))")
CELLS = {"openpyxl", "numpy"}
TABLES = {"numpy", "pandas", "pyarrow"}


@pytest.mark.parametrize("command, loads", [
    ("--help", set()), ("--version", set()), ("fit --help", set()), ("recommend --help", set()),
    ("inspect book.xlsx", CELLS), ("recalculate book.xlsx", CELLS), ("restore book.xlsx --in-place", CELLS),
    ("look ratings.csv", TABLES),
    ("fit book.xlsx -o fitted.xlsx", CELLS | {"torch"}), ("new ratings.csv -o new.xlsx", TABLES | CELLS | {"torch"}),
])
def test_a_command_loads_only_what_it_uses(example_book, tmp_path, command, loads):
    shutil.copy(fitted(example_book, tmp_path) if command.startswith("restore") else example_book.path, tmp_path / "book.xlsx")
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + "".join(f"{u},{i},{(u * i) % 5 + 1}\n" for u in range(8) for i in range(8)))
    run = subprocess.run([sys.executable, "-c", SEEN, str(tmp_path / "seen.json"), *command.split()], cwd=tmp_path, capture_output=True, text=True)
    code, modules = json.loads((tmp_path / "seen.json").read_text())
    assert not code, run.stderr
    assert SLOW & set(modules) == loads


def fitted(book, folder):
    from pyxl import fit_workbook

    shutil.copy(book.path, folder / "fitted.xlsx")
    fit_workbook(folder / "fitted.xlsx", out=folder / "fitted.xlsx", sheets=["bias"])
    return folder / "fitted.xlsx"
