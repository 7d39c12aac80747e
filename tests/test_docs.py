"""The README fails like code: every command in it runs, every number in it is made again."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyxl.__main__ import main
from solver import OPTIMIZERS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [line.partition("#")[0].strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


def test_every_collabsheet_command_runs_in_order(readme_folder, capsys):
    ours = [shlex.split(c) for c in COMMANDS if c.startswith("collabsheet ")]
    assert {words[1] for words in ours} == {"new", "inspect", "fit", "restore", "look", "prepare", "train", "predict", "recommend", "similar",
                                            "explain", "map",
                                            "evaluate", "export", "doctor", "examples", "optimizers", "check-gradient",
                                            "recalculate", "update"}
    for words in ours:
        if "--live" in words:  # the next test does it in a real LibreOffice; here is no screen for one
            words[words.index("libreoffice")] = "file"
        assert main(words[1:]) == 0, (words, capsys.readouterr().err)


def test_the_live_walk_through_works_word_for_word(readme_folder, calc, monkeypatch, capsys):
    """In a real LibreOffice, after the commands before it: seen to learn, in the right sheet, and undone."""
    ours = [shlex.split(c)[1:] for c in COMMANDS if c.startswith("collabsheet ")]
    first = next(n for n, words in enumerate(ours) if "--live" in words)
    monkeypatch.setenv("COLLABSHEET_OFFICE", calc.impl.office.spec)
    monkeypatch.setenv("HOME", str(readme_folder))
    for words in ours[:first]:
        assert main(words) == 0
    fit, restore, doctor = ours[first:first + 3]
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


def test_make_demo_ends_as_the_readme_says(readme_folder, capsys):
    """Word for word but for what depends on the machine: seconds, epochs and the last digits."""
    shown = next(text for kind, text in BLOCKS if kind == "text")
    assert main(["demo", "-o", "demo"]) == 0
    said, line = capsys.readouterr().out, re.compile(r"^(\w+) +(\S+) +(\d+) ratings  RMSE ([\d.]+) → ([\d.]+)", re.M)
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


def test_the_demos_filled_tables_are_ratings_that_somebody_could_give(readme_folder):
    """What the user came for: predictions where nobody rated, within a star of the scale."""
    import numpy as np

    from pyxl import open_workbook
    from pyxl.grid.cells import Range
    assert main(["demo", "-o", "demo"]) == 0
    with open_workbook("demo/collabsheet-demo.xlsx") as book:
        filled = {n.name: n.refers_to.split("!") for n in book.names if n.name.endswith("_filled")}
        assert len(filled) == 3
        for sheet, where in filled.values():
            table = np.array(book.grid(sheet.strip("'")).block(Range.parse(where)), dtype=float)
            assert table.min() > 0 and table.max() < 6
