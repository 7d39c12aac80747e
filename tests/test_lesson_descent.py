"""fast.ai's own workbook on gradient descent: understood, run, and its peculiarities told."""

from __future__ import annotations

import json
from math import sqrt

import pytest
import xlsxwriter

from pyxl.__main__ import main
from pyxl.grid.cells import Cell
from pyxl.training.lesson_sheets import lesson_sheets
from pyxl.training.run_epochs import run_training
from pyxl.xlsx import open_workbook
from solver import UserError, trace
from workbook.optimizers.lesson_data import lesson_rows

SGD = [150.755, 105.663, 105.456, 105.248, 105.042, 104.835]


@pytest.fixture
def lesson(shared):
    return shared / "workbooks" / "course_graddesc.xlsm"


def test_inspect_names_optimizer_settings_and_error_cell(lesson, capsys):
    assert main(["inspect", str(lesson), "--json"]) == 0
    told = {sheet: report["training"] for sheet, report in json.loads(capsys.readouterr().out)["sheets"].items()}
    assert told["Intro"] is None and told["data"] is None
    found = {sheet: (training["optimizer"], training["error"], training["settings"]) for sheet, training in told.items() if training}
    assert found == {
        "basic SGD": ("sgd", "F33", {"lr": "F1"}),
        "momentum": ("momentum", None, {"lr": "D2", "momentum": "J1"}),
        "adagrad": ("adagrad", None, {"lr": "D2"}),
        "rmsprop": ("rmsprop", None, {"lr": "D2", "beta2": "J1"}),
        "adam": ("adam", None, {"lr": "D2", "beta1": "J1", "beta2": "L1"}),
        "eve": ("eve", "F33", {"lr": "D2", "beta1": "K1", "beta2": "M1"}),
        "adagrad_ann": ("adagrad", None, {"lr": "D2"}),
        "adam_ann": ("adam", None, {"lr": "D2", "beta1": "J1", "beta2": "L1"})}


@pytest.mark.parametrize("sheet, told", [
    ("basic SGD", "F33 is the root of the sum of the squared errors"), ("basic SGD", "carries C32 and D32 over"), ("momentum", "dampening = β"),
    ("adam", "no bias correction and no ε"), ("adam", "warms the moments by two passes"), ("rmsprop", "J3, the mean square of the row before"),
    ("adagrad", "One number an epoch"), ("adam_ann", "J5 reads Intro!F5"), ("adam_ann", "lowers the learning rate")])
def test_its_peculiarities_are_told(lesson, sheet, told):
    with open_workbook(lesson) as book:
        assert any(told in note for note in lesson_sheets(book)[sheet].notes)


def test_it_runs_to_the_numbers_of_the_lesson(lesson, tmp_path, office):
    out = tmp_path / "run.xlsm"
    errors = run_training(lesson, epochs=6, reset=True, sheets=["basic SGD"], out=out)["basic SGD"]
    assert [round(error, 3) for error in errors] == SGD
    with open_workbook(out) as book:
        assert [round(book.grid("basic SGD").values[Cell(38 + n, 3)], 3) for n in range(6)] == SGD     # its own log
    after = trace("sgd", lesson_rows(), epochs=7).errors[-1] * sqrt(29)
    assert office.recalculate(out, {"basic SGD": ["F33"]})["basic SGD"]["F33"][0][0] == pytest.approx(after, rel=1e-12)
    momentum = run_training(lesson, epochs=16, reset=True, sheets=["momentum"])["momentum"]
    assert (round(momentum[5], 1), round(momentum[15], 1)) == (90.3, 88.8)      # after 5 epochs, after 15


def test_as_its_macro_it_comes_to_what_the_file_holds(lesson, tmp_path):
    """Somebody pressed Reset and Run on `momentum` and saved: the file's own results, to the last digit."""
    out = tmp_path / "run.xlsm"
    run_training(lesson, epochs=5, reset=True, sheets=["momentum"], as_macro=True, out=out)
    with open_workbook(lesson) as theirs, open_workbook(out) as ours:
        assert theirs.grid("momentum").values[Cell(1, 3)] == 1.2610777567972657
        for cell, value in theirs.grid("momentum").values.items():
            assert ours.grid("momentum").values[cell] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), cell


@pytest.mark.parametrize("sheet", ["adagrad", "rmsprop", "adam", "eve"])
def test_the_other_sheets_run_too(lesson, sheet):
    errors = run_training(lesson, epochs=10, reset=True, sheets=[sheet])[sheet]
    assert len(errors) == 10 and errors[-1] < errors[0] / 2


def test_a_rule_that_only_a_macro_knows_is_refused(lesson):
    with pytest.raises(UserError, match="'adam_ann' lowers its learning rate by a rule that only its macro knows"):
        run_training(lesson, epochs=1, sheets=["adam_ann"])


def test_a_sheet_of_that_kind_is_found_wherever_it_stands(tmp_path, capsys):
    """A twin with other rows, columns and data, whose macro copies the right cells: nothing lost, nothing told of it."""
    path = tmp_path / "twin.xlsx"
    rows = [(1.0, 5.0), (2.0, 7.5), (4.0, 11.0)]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("my descent")
        sheet.write_row("F2", ["learn", 0.01])
        sheet.write_column("E5", [0.5, 0.25])      # b, a
        for n, (x, y) in enumerate(rows):
            r = 10 + n
            sheet.write_row(r - 1, 2, [x, y])
            sheet.write_formula(f"E{r}", "=E5" if n == 0 else f"=J{r - 1}")
            sheet.write_formula(f"F{r}", "=E6" if n == 0 else f"=K{r - 1}")
            sheet.write_formula(f"G{r}", f"=E{r}+F{r}*C{r}")
            sheet.write_formula(f"H{r}", f"=(D{r}-G{r})^2")
            sheet.write_formula(f"I{r}", f"=2*(G{r}-D{r})")
            sheet.write_formula(f"J{r}", f"=E{r}-I{r}*$G$2")
            sheet.write_formula(f"K{r}", f"=F{r}-I{r}*C{r}*$G$2")
        sheet.write_formula("H13", "=SQRT(SUM(H10:H12)/COUNT(H10:H12))")
        for name, cell in {"const": "$E$5", "slope": "$E$6", "lastconst": "$J$12", "lastslope": "$K$12", "rmse": "$H$13"}.items():
            book.define_name(f"'my descent'!{name}", f"='my descent'!{cell}")
    with open_workbook(path) as book:
        found = lesson_sheets(book)["my descent"]
        assert found.optimizer == "sgd" and str(found.error) == "H13" and {k: str(v) for k, v in found.settings.items()} == {"lr": "G2"}
        assert found.notes == () and found.parameters == found.as_macro
    assert main(["optimizers", "run", str(path), "--epochs", "4", "--in-place", "--json"]) == 0
    errors = json.loads(capsys.readouterr().out)["sheets"]["my descent"]["errors"]
    expected = trace("sgd", rows, {"lr": 0.01}, epochs=4, start=(0.5, 0.25))
    assert errors == pytest.approx(list(expected.errors * sqrt(3)), rel=1e-12)
    with open_workbook(path) as book:
        assert [book.grid("my descent").values[Cell(r, 5)] for r in (5, 6)] == pytest.approx(expected.end, rel=1e-12)
