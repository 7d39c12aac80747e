"""Sixty kinds of bad input, as they are met on the command line: what is said, and that nothing is lost.

The numbers are those of the list in ../shared/bad-input.md; docs/bad-input.md is written from the same tables.
"""

from __future__ import annotations

import pytest
from bad_files import FILES
from bad_input_page import PAGE, page
from bad_sheets import SHEETS

from pyxl import fit_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook

CASES = SHEETS | FILES


def test_all_sixty_are_here():
    assert {int(number.split()[0]) for number in CASES} == set(range(1, 61))


@pytest.mark.parametrize("number", CASES)
def test_what_is_said(tmp_path, monkeypatch, capsys, number):
    case = CASES[number]
    monkeypatch.chdir(tmp_path)
    case.make(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with case.within(tmp_path):
        code = main(list(case.command))
    out, err = capsys.readouterr()
    said = " ".join((err if code else out).split())
    assert (code, case.sentence in said) == (case.code, True), (code, out, err)
    assert "Traceback" not in err
    if code:
        assert out == "" and err.count("\n") == 1 and err.endswith((".\n", ")\n"))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_link_stays_a_link_and_leftovers_are_swept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in ("46", "53"):
        CASES[number].make(tmp_path)
        assert main(list(CASES[number].command)) == 0
    assert (tmp_path / "w.xlsx").is_symlink() and not list(tmp_path.glob(".~collabsheet*"))


def test_only_visible_ratings_are_learnt_from(tmp_path, monkeypatch):
    """The RMSE that is told is that of the visible ones; the sheet's own formula says that of all, as a note tells."""
    monkeypatch.chdir(tmp_path)
    SHEETS["9"].make(tmp_path)
    result = fit_workbook(tmp_path / "w.xlsx", out=tmp_path / "o.xlsx", visible_only=True)["Sheet1"]
    assert result.n_ratings == 4 * 6        # of 6 users, two are hidden; of 7 items, one
    with open_workbook(tmp_path / "o.xlsx") as book:
        whole = book.grid("Sheet1").values[Cell.parse("L21")]
    assert any(f"Sheet1!L21 counts all 42 ratings: their RMSE is {whole:.6f}." in note for note in result.notes)
    assert result.rmse_after < whole


def test_only_visible_ratings_of_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    SHEETS["9"].make(tmp_path)
    assert main(["fit", "w.xlsx", "--live", "--visible-only"]) == 2
    assert "--visible-only needs the file" in capsys.readouterr().err


def test_the_page_lists_what_is_tried():
    assert PAGE.read_text(encoding="utf-8") == page(), "PYTHONPATH=tests/helpers:. python -m bad_input_page writes it"
