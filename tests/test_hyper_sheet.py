"""The sheet `hyper`: all steps of five epochs are those of `trace`, and its settings are found by exact gradients through them."""

from __future__ import annotations

import numpy as np
import pytest
from office import until
from pressed import Pressed

from pyxl import fit_workbook
from pyxl.detect.detect import detect
from pyxl.grid.cells import Cell, Range
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement
from pyxl.xlsx import open_workbook
from solver import UserError, trace
from workbook.optimizers.hyper_sheet import MOST_HYPER_POINTS, hyper_plan
from workbook.optimizers.lesson_data import lesson_rows
from workbook.optimizers.optimizer_book import build_optimizers

PLAN = hyper_plan(29)
FIRST = str(Cell(PLAN.epochs.top, PLAN.epochs.left + 1))     # √Σ err² of the first epoch


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("hyper") / "graddesc.xlsx"
    build_optimizers(path)
    return path


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_every_step_is_that_of_trace(built, office, momentum):
    asked = [str(Range(4, 1, PLAN.bottom, len(PLAN.columns))), str(PLAN.epochs), str(PLAN.after["rmse"])]
    told = office.recalculate(built, {"hyper": asked}, set={"hyper": {str(PLAN.settings["momentum"]): momentum}})["hyper"]
    table, epochs, ((rmse,),) = (told[where] for where in asked)
    expected = trace("momentum", lesson_rows(), {"momentum": momentum, "dampening": 0.0}, epochs=5)
    for place, column in enumerate(PLAN.columns):
        whole = expected.columns[column]
        np.testing.assert_allclose([row[place] for row in table], whole, rtol=1e-12, atol=1e-12 * max(1, np.abs(whole).max()), err_msg=column)
    np.testing.assert_allclose([row[2] for row in epochs], expected.errors, rtol=1e-12)
    b, a = expected.end
    assert rmse == pytest.approx(np.sqrt(np.mean([(b + a * x - y) ** 2 for x, y in lesson_rows()])), rel=1e-12)
    if not momentum:
        assert [round(row[1], 3) for row in epochs] == [150.755, 105.663, 105.456, 105.248, 105.042]


def test_the_rate_alone_is_found_through_an_epoch(built):
    stated = ByFormulas(problem=Statement(FIRST, [str(PLAN.settings["lr"])]))
    found = fit_workbook(built, sheets=["hyper"], by_formulas=stated)["hyper"].minimum
    assert found.value_before == pytest.approx(150.755, abs=1e-3) and found.value == pytest.approx(148.112, abs=1e-3)


def test_one_press_finds_rate_momentum_and_start(built, tmp_path):
    """Ten seconds: it differentiates through 145 steps, some fifty times."""
    out = tmp_path / "fitted.xlsx"
    found = fit_workbook(built, sheets=["hyper"], out=out, by_formulas=ByFormulas(steps=40))["hyper"].minimum
    assert found.value < 1e-6 < 200 < found.value_before
    with open_workbook(out) as book:
        values = book.grid("hyper").values
        assert values[PLAN.after["objective"]] == pytest.approx(found.value, abs=1e-9)
        assert 0 <= values[PLAN.settings["momentum"]] <= 0.99 and values[PLAN.settings["lr"]] > 0


def test_the_button_fits_in_an_open_workbook(calc, tmp_path):
    """A few points, so that Python is back soon. The sheet has no ratings, and yet its status says what happens."""
    path, plan = tmp_path / "few.xlsm", hyper_plan(4)
    build_optimizers(path, rows=lesson_rows()[:4])
    pressed = Pressed(calc, path)
    try:
        def value(cell):
            return pressed.book.sheets["hyper"].range(str(cell)).value
        before = value(plan.after["objective"])
        pressed.press("Fit", "hyper")
        told = until(lambda: (said := pressed.status("hyper")).startswith(f"{before:.6g} → ") and said, seconds=180)
        assert value(plan.after["objective"]) < 1e-6 < before and "Converged" in told
        assert value(plan.settings["lr"]) > 0 and 0 <= value(plan.settings["momentum"]) <= 0.99
    finally:
        pressed.document.close(True)


def test_a_long_chain_of_steps_is_looked_at_once(built):
    """No model of ours stands on the sheet, and that is seen without following the chain from each of its cells."""
    with open_workbook(built) as book, pytest.raises(UserError, match="adds one cell to the product of factors"):
        detect(book, "hyper")


def test_more_points_than_anybody_watches_have_no_such_sheet(tmp_path):
    path = tmp_path / "many.xlsx"
    build_optimizers(path, rows=[(float(x), 2.0 * x) for x in range(MOST_HYPER_POINTS + 1)])
    with open_workbook(path) as book:
        assert "hyper" not in book.sheets
