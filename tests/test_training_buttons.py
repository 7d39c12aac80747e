"""Step, Epoch, Run and Reset, pressed in a real headless LibreOffice: macros alone, no Python."""

from __future__ import annotations

import re

import numpy as np
import pytest
from office import until
from pressed import Pressed

from pyxl.__main__ import main
from solver import trace
from solver.tracing.update_rules import UPDATE_RULES
from workbook.optimizers.lesson_data import lesson_rows
from workbook.optimizers.optimizer_book import build_optimizers
from workbook.optimizers.training_buttons import COMPARE_BUTTONS, TRAINING_BUTTONS, training_macros
from workbook.optimizers.training_plan import training_plan

ROWS = lesson_rows()


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    return {name: training_plan(name, 29) for name in UPDATE_RULES}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "graddesc.xlsm"
    build_optimizers(path)
    return path


@pytest.fixture
def pressed(calc, built, tmp_path):
    (tmp_path / built.name).write_bytes(built.read_bytes())
    opened = Pressed(calc, tmp_path / "graddesc.xlsm")
    yield opened
    opened.document.close(True)


def log(pressed, plan) -> list[list[float]]:
    """The lines of a log that are filled."""
    return [row for row in pressed.book.sheets[plan.sheet].range(str(plan.log)).value if row[0] is not None]


def value(pressed, plan, cell) -> float:
    return pressed.book.sheets[plan.sheet].range(str(cell)).value


def same_as_trace(pressed, plan, done: int) -> None:
    """The log, and every number of the epoch that the sheet shows."""
    expected = trace(plan.optimizer, ROWS, epochs=done + 1)
    until(lambda: value(pressed, plan, plan.now["epochs"]) == done)     # a press returns before its macro has ended
    lines = log(pressed, plan)
    assert [line[0] for line in lines] == list(range(1, done + 1))
    np.testing.assert_allclose([line[1] for line in lines], expected.errors[:done], rtol=1e-12)
    for column in ("b", "next_a", *(name for name in plan.columns if name.startswith(("mean", "square", "velocity")))):
        numbers = [row[0] for row in pressed.book.sheets[plan.sheet].range(str(plan.column(column))).options(ndim=2).value]
        whole = expected.columns[column]
        np.testing.assert_allclose(numbers, whole[-29:], rtol=1e-12, atol=1e-12 * np.abs(whole).max(), err_msg=column)


@pytest.mark.parametrize("name", ["sgd", "adam", "annealing", "eve"])
def test_epoch_run_and_reset(pressed, plans, name):
    plan = plans[name]
    pressed.press("Epoch", name)
    same_as_trace(pressed, plan, 1)
    pressed.press("Run", name)
    pressed.press("Run", name)
    same_as_trace(pressed, plan, 11)
    pressed.press("Reset", name)
    same_as_trace(pressed, plan, 0)
    pressed.press("Run", name)
    same_as_trace(pressed, plan, 5)


def test_the_lessons_numbers_follow_the_button(pressed, plans):
    plan, seen = plans["sgd"], []
    for _ in range(6):
        seen.append(round(value(pressed, plan, plan.error.moved(1, 0)), 3))
        pressed.press("Epoch", "sgd")
    assert seen == [150.755, 105.663, 105.456, 105.248, 105.042, 104.835]


def test_step_takes_a_row_and_after_the_last_one_the_next_epoch(pressed, plans):
    plan, columns = plans["adam"], trace("adam", ROWS, epochs=2).columns
    for step in range(1, 32):
        pressed.press("Step", "adam")
        assert value(pressed, plan, plan.now["row"]) == (step - 1) % 29 + 1
        assert value(pressed, plan, plan.now["b_now"]) == pytest.approx(columns["next_b"][step - 1], rel=1e-12)
        assert value(pressed, plan, plan.now["a_now"]) == pytest.approx(columns["next_a"][step - 1], rel=1e-12)
    assert len(log(pressed, plan)) == 1
    pressed.press("Epoch", "adam")
    assert value(pressed, plan, plan.now["row"]) == 0 and len(log(pressed, plan)) == 2


def test_reset_takes_the_start_values_and_the_settings_that_stand_there(pressed, plans):
    pressed.book.sheets["data"].range("E8").value = 5
    pressed.book.sheets["annealing"].range(str(plans["annealing"].settings["lr"])).value = 0.5
    pressed.press("Reset", "annealing")
    pressed.press("Run", "annealing")
    expected = trace("annealing", ROWS, {"lr": 0.5}, epochs=5, start=(5.0, 1.0))
    np.testing.assert_allclose([line[1] for line in log(pressed, plans["annealing"])], expected.errors, rtol=1e-12)


def test_all_sheets_at_once(pressed, plans):
    pressed.press("Run all", "compare")
    for plan in plans.values():
        same_as_trace(pressed, plan, 5)
    assert pressed.book.sheets["compare"].range("B6:J10").value == [
        [value(pressed, plan, plan.log.first.moved(epoch, 1)) for plan in plans.values()] for epoch in range(5)]
    pressed.press("Reset all", "compare")
    until(lambda: not any(log(pressed, plan) for plan in plans.values()))


def test_numbers_that_grow_without_end_change_no_cell(pressed, plans):
    plan = plans["sgd"]
    pressed.book.sheets["sgd"].range(str(plan.settings["lr"])).value = 1
    for _ in range(3):      # 5 · 29 steps
        pressed.press("Run", "sgd")
    assert value(pressed, plan, plan.now["epochs"]) < 4
    assert all(isinstance(line[1], float) for line in log(pressed, plan))
    assert value(pressed, plan, "C1") > 1e50
    assert value(pressed, plan, plan.fault).startswith("The numbers grow without end.")
    pressed.press("Reset", "sgd")
    assert value(pressed, plan, plan.now["epochs"]) == 0 and value(pressed, plan, "C1") == 1


def test_the_command_runs_the_open_workbook(pressed, plans, calc, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COLLABSHEET_OFFICE", calc.impl.office.spec)
    command = ["optimizers", "run", str(tmp_path / "graddesc.xlsm"), "--live", "--engine", "libreoffice", "--sheet", "adam"]
    assert main([*command, "--epochs", "3"]) == 0, capsys.readouterr().err
    same_as_trace(pressed, plans["adam"], 3)
    pressed.press("Epoch", "adam")
    same_as_trace(pressed, plans["adam"], 4)
    assert main([*command, "--epochs", "0", "--reset"]) == 0
    same_as_trace(pressed, plans["adam"], 0)


def test_every_button_has_its_macro():
    subs = set(re.findall(r"^Sub (\w+)\(\)", training_macros(), re.M))
    assert subs == {macro for macro, _ in {**TRAINING_BUTTONS, **COMPARE_BUTTONS}.values()} and training_macros().isascii()
