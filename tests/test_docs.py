"""The README fails like code: every command in it runs, every number in it is made again."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from readme_files import write_readme_files

from pyxl.__main__ import main
from solver import OPTIMIZERS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [line.partition("#")[0].strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
OURS = [shlex.split(c)[1:] for c in COMMANDS if c.startswith("collabsheet ")]
FIRST_LIVE = next(n for n, words in enumerate(OURS) if "--live" in words)


@pytest.fixture(scope="module")
def before_the_live_fit(tmp_path_factory) -> Path:
    """The README's folder when the commands before its live fit have run."""
    folder = tmp_path_factory.mktemp("readme")
    write_readme_files(folder)
    with contextlib.chdir(folder):
        for words in OURS[:FIRST_LIVE]:
            assert main(words) == 0, words
    return folder


@pytest.fixture
def walked_folder(before_the_live_fit, tmp_path, monkeypatch) -> Path:
    """A copy of it, in which the test stands."""
    shutil.copytree(before_the_live_fit, tmp_path / "walk")
    monkeypatch.chdir(tmp_path / "walk")
    return tmp_path / "walk"


def test_every_collabsheet_command_runs_in_order(walked_folder, capsys):
    assert {words[0] for words in OURS} == {"new", "inspect", "fit", "goal-seek", "restore", "look", "prepare", "train", "predict", "recommend", "similar", "bias",
                                            "explain", "map", "evaluate", "cross-validate", "search", "export", "doctor", "examples", "optimizers", "check-gradient",
                                            "recalculate", "update"}
    for words in OURS[FIRST_LIVE:]:
        # the next test does the live ones in a real LibreOffice, to their end; here is no screen for one
        if "--live" in words:
            words = ["file" if word == "libreoffice" else word for word in words] + (["--epochs", "20"] if words[0] == "fit" else [])
        assert main(words) == 0, (words, capsys.readouterr().err)


def test_the_live_walk_through_works_word_for_word(walked_folder, calc, monkeypatch, capsys):
    """In a real LibreOffice, after the commands before it: seen to learn, in the right sheet, and undone."""
    monkeypatch.setenv("COLLABSHEET_OFFICE", calc.impl.office.spec)
    monkeypatch.setenv("HOME", str(walked_folder))
    fit, restore, doctor = OURS[FIRST_LIVE:FIRST_LIVE + 3]
    assert [words[0] for words in (fit, restore, doctor)] == ["fit", "restore", "doctor"]
    assert main(fit) == 0, capsys.readouterr().err
    book = calc.books["book.xlsx"]
    try:
        sheet = book.sheets[fit[fit.index("--sheet") + 1]]
        assert book.sheets.active.name == sheet.name
        epochs = [row for row in sheet.range(f"{sheet.name}_history").value if row[0] is not None]
        assert len(epochs) >= 30 and epochs[0][1] > 1.5 * epochs[-1][1]     # a curve to look at, not a flat line
        fitted = sheet.range(f"{sheet.name}_user_factors").value
        capsys.readouterr()
        assert main(restore) == 0, capsys.readouterr().err
        assert " 0 cells" not in capsys.readouterr().out and sheet.range(f"{sheet.name}_user_factors").value != fitted
        assert main(doctor) == 0
        assert "open" in capsys.readouterr().out
    finally:
        book.close()


def test_the_two_make_targets_are_there():
    assert [c for c in COMMANDS if c.startswith("make ")] == ["make demo", "make test"]
    dry = subprocess.run(["make", "--dry-run", "--always-make", "demo", "test"], cwd=ROOT, capture_output=True, text=True)
    assert dry.returncode == 0, dry.stderr
    assert "collabsheet demo" in dry.stdout and "python -m pytest" in dry.stdout
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_make_demo_ends_as_the_readme_says(demo):
    """Word for word but for what depends on the machine: seconds, epochs and the last digits."""
    shown = next(text for kind, text in BLOCKS if kind == "text")
    said, line = demo.out.replace("my demo/", "demo/"), re.compile(r"^(\w+) +(\S+) +(\d+) ratings  RMSE ([\d.]+) → ([\d.]+)", re.M)
    for (*told, before, after), (*found, b, a) in zip(line.findall(shown), line.findall(said), strict=True):
        assert told == found
        assert (float(before), float(after)) == pytest.approx((float(b), float(a)), abs=1e-4)
    assert (shown.splitlines()[0], shown.splitlines()[-1]) == (said.splitlines()[0], said.splitlines()[-1])


@pytest.mark.parametrize("code, made", list(zip([text for kind, text in BLOCKS if kind == "python"],
                                                ["fitted.xlsx", "films/model.json"], strict=True)))
def test_the_python_examples_run(readme_folder, code, made):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=readme_folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout and not done.stderr and (readme_folder / made).exists()


def test_the_table_of_the_lessons_workbook_is_true(shared):
    from pyxl import fit_workbook
    results = fit_workbook(shared / "workbooks" / "course_collab_filter.xlsx")
    told = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", README, re.M)
    assert {row[0] for row in told} == set(results)
    for sheet, before, after, best in told:
        assert (f"{results[sheet].rmse_before:.6f}", f"{results[sheet].rmse_after:.6f}") == (before, after)
        assert after <= best


def test_every_optimizer_and_picture_that_is_named_exists():
    for name in OPTIMIZERS:
        assert f"`{name}`" in README
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).stat().st_size > 10_000
    for link in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / link.partition("#")[0]).exists()


def test_the_demos_filled_tables_are_ratings_that_somebody_could_give(demo):
    """What the user came for: predictions where nobody rated, within a star of the scale."""
    import numpy as np

    from pyxl import open_workbook
    from pyxl.grid.cells import Range
    with open_workbook(demo.plain) as book:
        filled = {n.name: n.refers_to.split("!") for n in book.names if n.name.endswith("_filled")}
        assert len(filled) == 3
        for sheet, where in filled.values():
            table = np.array(book.grid(sheet.strip("'")).block(Range.parse(where)), dtype=float)
            assert table.min() > 0 and table.max() < 6
