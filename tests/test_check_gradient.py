"""Derivatives of formulas against finite differences that LibreOffice recalculates."""

from __future__ import annotations

import json

import pytest
import xlsxwriter
from problem_books import SHEET, solver, write

from pyxl.__main__ import main
from pyxl.problems.check_gradient import check_gradient
from pyxl.problems.stated import Statement
from solver import UserError
from workbook.examples import write_examples


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    write_examples(folder)
    return folder


@pytest.fixture
def no_office(monkeypatch):
    def missing(*_):
        raise UserError("There is no LibreOffice here.")
    monkeypatch.setattr("pyxl.engines.choose_engine", missing)


def test_libreoffice_agrees_cell_by_cell(folder, office):
    found = check_gradient(folder / "two_layer_net.xlsx")
    assert found.by == "LibreOffice" and found.agrees and len(found.compared) == found.n_cells == 13
    assert max(line.error for line in found.compared) < 1e-9
    assert [line.error for line in found.compared] == sorted((line.error for line in found.compared), reverse=True)


def test_without_libreoffice_our_evaluator_does_it_and_that_is_said(folder, no_office, capsys):
    found = check_gradient(folder / "portfolio.xlsx", most=3)
    assert found.by == "our own evaluator" and found.agrees and len(found.compared) == 3 and found.n_cells == 6
    assert "There is no LibreOffice here" in found.notes[-1]
    assert main(["check-gradient", str(folder / "portfolio.xlsx")]) == 0
    assert "agree with finite differences" in capsys.readouterr().out


def test_a_kink_is_found(tmp_path, no_office, capsys):
    path = tmp_path / "kink.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, [0.0005, 2.0])
        sheet.write_formula("B1", "=MAX(A1,2*A1)+A2^2")
    assert main(["check-gradient", str(path), "--objective", "B1", "--change", "A1:A2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not found["agrees"] and found["cells"][0]["cell"] == "Sheet1!A1" and "kink" in found["verdict"]


def test_a_problem_must_be_there(tmp_path, folder):
    path = tmp_path / "none.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("empty")
    with pytest.raises(UserError, match="keeps no model with any sheet"):
        check_gradient(path)
    with pytest.raises(UserError, match="no sheet 'other'"):
        check_gradient(folder / "portfolio.xlsx", sheet="other")
    with pytest.raises(UserError, match="depends on none"):
        check_gradient(folder / "portfolio.xlsx", statement=Statement("B12", ["B14"]))


def test_an_objective_must_be_there(tmp_path):
    path = write(tmp_path / "point.xlsx", {"A1": 1.0, "A2": "=A1^2"}, solver=solver(None, "A1", ("A2", "=", "4")))
    with pytest.raises(UserError, match=f"'{SHEET}': the problem has no objective cell, so it has no gradient to check"):
        check_gradient(path)
