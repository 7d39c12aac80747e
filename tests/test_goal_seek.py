"""Goal seek: one cell changes until another one's formula gives a value."""

from __future__ import annotations

import json

import pytest
from problem_books import SHEET, write

from pyxl import open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell

LOAN = {"A1": 0.06, "A2": 360.0, "A3": 200000.0, "A4": "=PMT(A1/12,A2,-A3)", "B1": "=A1^2+1"}


def test_the_rate_of_a_payment_is_found(tmp_path, capsys):
    path, out = write(tmp_path / "loan.xlsx", LOAN), tmp_path / "found.xlsx"
    assert main(["goal-seek", str(path), "--set", "A4", "--to", "1000", "--by", "A1", "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reached"] == pytest.approx(1000) and told["before"] == 0.06
    with open_workbook(out) as book:
        values = book.grid(SHEET).values
    assert values[Cell(1, 1)] == told["after"] and values[Cell(4, 1)] == pytest.approx(1000)
    assert 200000 * (r := told["after"] / 12) / (1 - (1 + r) ** -360) == pytest.approx(1000)     # the formula of an annuity


def test_what_cannot_be_reached_is_not_written(tmp_path, capsys):
    path = write(tmp_path / "loan.xlsx", LOAN)
    assert main(["goal-seek", str(path), "--set", "B1", "--to", "0", "--by", "A1", "-o", str(tmp_path / "o.xlsx")]) == 3
    assert "0 was not reached, 1 is as near as it came. Nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "o.xlsx").exists()


def test_a_cell_that_nothing_changes_is_refused(tmp_path, capsys):
    path = write(tmp_path / "loan.xlsx", LOAN)
    assert main(["goal-seek", str(path), "--set", "B1", "--to", "0", "--by", "A3", "--in-place"]) == 2
    assert "depends on none of the changing cells" in capsys.readouterr().err
