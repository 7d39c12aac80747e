"""The sheet `hyper`: the best learning rate and β by exact gradients through all steps of five epochs."""

from __future__ import annotations

from math import sqrt

import pytest
from office import until
from pressed import Pressed
from scipy.optimize import minimize

from pyxl import fit_workbook, open_workbook
from solver import UserError, trace
from workbook.optimizers.hyper_sheet import HYPER_EPOCHS, hyper_objective, hyper_plan
from workbook.optimizers.lesson_data import lesson_rows
from workbook.optimizers.optimizer_book import build_optimizers

ROWS = lesson_rows()
PLAN = hyper_plan(len(ROWS))


def after_five_epochs(settings: dict[str, float]) -> float:
    """RMSE of the line that momentum ends with."""
    b, a = trace("momentum", ROWS, settings, epochs=HYPER_EPOCHS).end
    return sqrt(sum((b + a * x - y) ** 2 for x, y in ROWS) / len(ROWS))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("hyper") / "graddesc.xlsm"
    build_optimizers(path)
    return path


def test_every_epoch_is_what_trace_computes(built, office):
    objective = hyper_objective(PLAN)
    epochs = f"{objective.moved(2, 0)}:{objective.moved(HYPER_EPOCHS + 1, 0)}"
    told = office.recalculate(built, {"hyper": [str(objective), epochs]})["hyper"]
    assert told[str(objective)][0][0] == pytest.approx(after_five_epochs({}), rel=1e-12)
    assert [row[0] for row in told[epochs]] == pytest.approx(list(trace("momentum", ROWS, epochs=HYPER_EPOCHS).errors), rel=1e-12)


def test_a_fit_finds_what_a_search_without_gradients_finds(built, office, tmp_path):
    out = tmp_path / "fitted.xlsm"
    result = fit_workbook(built, out=out, sheets=["hyper"])["hyper"]
    lr, beta = result.minimum.x

    def searched(x):
        try:
            return after_five_epochs({"lr": abs(x[0]) * 1e-4, "momentum": min(abs(x[1]), 0.99)})
        except UserError:       # it grew without end
            return 1e6
    peer = minimize(searched, [1.0, 0.9], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000})
    assert result.minimum.converged and result.minimum.value == pytest.approx(peer.fun, abs=1e-6)
    assert (lr * 1e4, beta) == pytest.approx(tuple(peer.x), rel=1e-3)
    where = str(hyper_objective(PLAN))
    assert office.recalculate(out, {"hyper": [where]})["hyper"][where][0][0] == pytest.approx(result.minimum.value, abs=1e-9)
    with open_workbook(out) as book:
        assert book.grid("hyper").values[PLAN.settings["lr"]] == pytest.approx(lr, rel=1e-12)


def test_the_lessons_sheet_by_its_learning_rate_alone(shared):
    from pyxl.problems.solve import ByFormulas
    from pyxl.problems.stated import Statement
    lesson = shared / "workbooks" / "course_graddesc.xlsm"
    result = fit_workbook(lesson, sheets=["basic SGD"], by_formulas=ByFormulas(problem=Statement("F33", ["F1"])))["basic SGD"]
    assert result.minimum.value_before == pytest.approx(150.755, abs=5e-4) and result.minimum.value == pytest.approx(148.112, abs=5e-4)


def test_press_fit_and_restore(built, calc, tmp_path):
    (tmp_path / "pressed.xlsm").write_bytes(built.read_bytes())
    pressed = Pressed(calc, tmp_path / "pressed.xlsm")
    try:
        settings = pressed.book.sheets["hyper"].range(f"{PLAN.settings['lr']}:{PLAN.settings['momentum']}")
        pressed.press("Fit", "hyper")
        assert "Converged" in until(lambda: (said := pressed.status("hyper")).startswith(("17.", "minimise", "hyper")) and said or
                                    ("Converged" in said or "Not fitted" in said) and said, 180)
        assert settings.value[0] != 1e-4
        pressed.press("Restore", "hyper")
        pressed.until("Restored", sheet="hyper")
        assert settings.value == [1e-4, 0.9]
    finally:
        pressed.document.close(True)
        until(lambda: pressed.process() is None)


def test_more_points_than_steps_can_stand_in_cells_leave_the_sheet_out(tmp_path):
    build_optimizers(tmp_path / "many.xlsx", rows=[(float(x), 2.0 * x) for x in range(201)])
    with open_workbook(tmp_path / "many.xlsx") as book:
        assert "compare" in book.sheets and "hyper" not in book.sheets
