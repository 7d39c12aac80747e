"""Everything that we build, fit and report into is valid by the ECMA-376 schemas: what Excel calls damaged violates them first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyxl.__main__ import main
from pyxl.doctor.package_consistency import package_faults

RATINGS = "user,item,rating\n" + "".join(f"{u},film {i},{1 + (u * i + u) % 9 / 2}\n" for u in range(1, 13) for i in range(1, 11) if (u + i) % 4)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Workbooks of every command that writes one."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "r.csv").write_text(RATINGS)
    for argv in (["new", "r.csv", "-o", "b.xlsx", "--users", "6", "--items", "5", "--factors", "2"],
                 ["new", "r.csv", "-o", "b.xlsm", "--users", "6", "--items", "5", "--factors", "2"],
                 ["new", "r.csv", "-o", "stepped.xlsm", "--users", "6", "--items", "5", "--factors", "2", "--gradients"],
                 ["fit", "b.xlsx", "-o", "fitted.xlsx", "--epochs", "5"], ["fit", "b.xlsm", "--in-place", "--epochs", "5"],
                 ["landscape", "fitted.xlsx", "--sheet", "bias", "--cells", "B14", "C14", "-o", "landscape.xlsx", "--points", "5"],
                 ["lr-find", "r.csv", "-o", "lr.xlsx", "--batch-size", "16"], ["factors", "r.csv", "-o", "factors.xlsx", "--most", "2"],
                 ["examples", "-o", "."], ["fit", "portfolio.xlsx", "-o", "solved.xlsx", "--report"],
                 ["train", "r.csv", "-o", "m", "--factors", "2", "--epochs", "2"], ["export", "m", "-o", "exported.xlsx", "--users", "5", "--items", "4"],
                 ["recommend", "m", "--user", "3", "-n", "3", "-o", "asked.xlsx"],
                 ["addin", "xlam", "-o", "a.xlam"], ["optimizers", "-o", "optimizers.xlsx"], ["optimizers", "run", "optimizers.xlsx", "-o", "ran.xlsx", "--epochs", "2"]):
        # every word that names a file stands in the folder
        words = [str(folder / word) if "." in word or word in ("m", ".") else word for word in argv]
        assert main(words) == 0, argv
    return sorted(folder.glob("*.xl[sa]*"))


def test_all_parts_are_valid(shared, made):
    pytest.importorskip("lxml")
    schemas = shared / "schemas"
    done = subprocess.run([sys.executable, schemas / "validate.py", schemas, *made], capture_output=True, text=True, check=True)
    assert done.stdout == "0 violations\n", done.stdout


def test_all_parts_fit_together(made):
    assert len(made) >= 13
    assert {path.name: list(package_faults(path)) for path in made} == {path.name: [] for path in made}
