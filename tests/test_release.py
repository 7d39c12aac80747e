"""What is released: built as `make dist` does, installed into an empty environment elsewhere, and used there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

import collabsheet as cs

PACKAGES = ("collabsheet", "solver", "pyxl", "workbook")


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    """The folder that `make dist` fills, of a copy of the tracked files."""
    source, dist = (tmp_path_factory.mktemp(name) for name in ("source", "dist"))
    for top in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / top, source / top, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "constraints.txt", "Makefile"):
        shutil.copy(ROOT / name, source)
    done = subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(source)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return dist


@pytest.fixture(scope="module")
def elsewhere(dist, tmp_path_factory) -> Path:
    """The programs of an environment that holds the wheel, and sees the packages that it needs where they are here."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    programs = folder / "bin"
    wheel = next(dist.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--quiet", "--no-index", "--no-deps",
                    "--disable-pip-version-check", str(wheel)], check=True)
    own = Path(subprocess.run([str(programs / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                              capture_output=True, text=True, check=True).stdout.strip())
    here = [path for path in sys.path if path.endswith("-packages") and Path(path).is_dir()]
    (own / "needed.pth").write_text("\n".join(here))    # behind its own packages; nothing of this folder is run
    return programs


def said_by(elsewhere: Path, *words: str, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([str(elsewhere / words[0]), *words[1:]], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(dist):
    names = set(zipfile.ZipFile(next(dist.glob("*.whl"))).namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, next(top for top in tops if top.endswith(".dist-info"))}
    tracked = {path.relative_to(ROOT).as_posix() for top in PACKAGES for path in (ROOT / top).rglob("*")
               if path.is_file() and "__pycache__" not in path.parts}
    assert tracked <= names, tracked - names


def test_the_source_archive_holds_what_tests_it(dist):
    names = {name.partition("/")[2] for name in tarfile.open(next(dist.glob("*.tar.gz"))).getnames()}
    assert {"pyproject.toml", "constraints.txt", "Makefile", "LICENSE", "tests/conftest.py", "docs/macros.md",
            "workbook/vba/macros.bas"} <= names


def test_its_metadata_say_what_it_is(dist):
    wheel = zipfile.ZipFile(next(dist.glob("*.whl")))
    told = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    for line in (f"Version: {cs.__version__}", "License-Expression: MIT", "License-File: LICENSE", "Requires-Python: >=3.11",
                 "Classifier: Typing :: Typed", "The collabsheet authors", "Keywords: collaborative filtering"):
        assert line in told, line


def test_it_works_elsewhere(elsewhere, tmp_path):
    where = said_by(elsewhere, "python", "-c", "import collabsheet; print(collabsheet.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(elsewhere.parent)     # and not the checkout
    assert said_by(elsewhere, "collabsheet", "--version", cwd=tmp_path) == f"collabsheet {cs.__version__}\n"
    assert said_by(elsewhere, "python", "-m", "collabsheet", "--version", cwd=tmp_path) == f"collabsheet {cs.__version__}\n"
    assert "Open demo/collabsheet-demo.xlsm" in said_by(elsewhere, "collabsheet", "demo", "-o", "demo", cwd=tmp_path)
    assert (tmp_path / "demo" / "collabsheet-demo.xlsm").exists()
    assert said_by(elsewhere, "collabsheet", "examples", "-o", "examples", cwd=tmp_path)
    code = ("import collabsheet as cs; ratings, titles = cs.example(); "
            "print(cs.fit(ratings, settings=cs.Settings(epochs=2)).epochs, len(cs.__all__))")
    assert said_by(elsewhere, "python", "-c", code, cwd=tmp_path) == f"2 {len(cs.__all__)}\n"
