"""`import collabsheet as cs`: every name there, none of them loaded before it is used, all of them known to type checkers."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from conftest import ROOT

import collabsheet as cs

PACKAGES = ("collabsheet", "solver", "pyxl", "workbook")
WANTED = {"CollabFilter", "fit_workbook", "build", "read_ratings", "Settings", "fit", "UserError", "Ratings", "FitResult"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_none_other(package):
    module = import_module(package)
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'cake'"):
        _ = module.cake


def test_the_face_has_what_its_users_need():
    assert set(cs.__all__) >= WANTED
    assert cs.__version__.count(".") == 2


def test_importing_it_is_cheap():
    code = ("import sys, collabsheet; collabsheet.__version__; "
            "print(sorted({'torch', 'pandas', 'numpy', 'scipy', 'pyarrow', 'openpyxl', 'xlwings'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr


def test_type_checkers_know_what_the_names_are(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    (tmp_path / "use.py").write_text("import collabsheet as cs\nimport solver\n"
                                     "reveal_type(cs.CollabFilter)\nreveal_type(cs.Settings(epochs=3).epochs)\n"
                                     "reveal_type(solver.fit)\ncs.Settings(epoch=3)\ncs.cake\n")
    # what other packages are made of is not ours to read, and most of the time
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_missing_imports = true\nfollow_imports = silent\n"
                                       "[mypy-torch.*,numpy.*,pandas.*,scipy.*,pyarrow.*,openpyxl.*,xlwings.*,numba.*]\nfollow_imports = skip\n")
    told, _, _ = mypy.run([str(tmp_path / "use.py"), f"--config-file={tmp_path / 'mypy.ini'}", f"--cache-dir={tmp_path / 'cache'}"])
    assert "solver.collab.collab_filter.CollabFilter" in told and 'Revealed type is "int | None"' in told
    assert "solver.fitting.fit_result.FitResult" in told
    assert 'Unexpected keyword argument "epoch"' in told and 'Module has no attribute "cake"' in told


def test_every_package_is_marked_as_typed():
    assert all((ROOT / package / "py.typed").exists() and (ROOT / package / "__init__.pyi").exists() for package in PACKAGES)


def test_the_command_tells_its_version(capsys):
    from pyxl.__main__ import main
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out == f"collabsheet {cs.__version__}\n"
