"""Gradient descent a rating at a time on `embedding`, in cells: its steps are those of the solver's SGD rating by rating."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest
from office import until
from pressed import Pressed

import workbook
from pyxl import open_workbook
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell
from solver import Settings
from solver.kernels import reference
from solver.kernels.parts.packed import pack_factors
from solver.kernels.parts.target import Target
from solver.model.array_factors import as_tensors
from workbook.gradients.rating_steps_plan import RatingStepsPlan
from workbook.model_sheets.geometry import long_form
from workbook.write.references import ref

DECAY = 0.05


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("rating-steps") / "book.xlsm"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=6, items=5), path, n_factors=3, titles=titles, holdout=0.1, gradients=True)
    with open_workbook(path) as book:
        ready = verified_model(book, "embedding", Settings())
    n = len(ready.ratings)
    return path, ready, RatingStepsPlan(long_form("embedding", users=6, items=5, factors=3, ratings=n, copies=True))


@pytest.fixture
def pressed(calc, built):
    opened = Pressed(calc, built[0])
    opened.set(weight_decay=DECAY)
    yield opened
    opened.document.close(True)


def by_the_solver(ready, steps: int, rate: float):
    """The factors after so many ratings, in the order of the sheet, by the pass that fits rating by rating make."""
    packed = pack_factors(as_tensors(ready.start))
    users, items, values = (np.resize(column, steps) for column in packed.rows_of(ready.ratings, slice(None)))
    target, table = Target.of(Settings(model="dot")), packed.table
    decay = np.full(len(table), 2 * DECAY * ready.ratings.values.std())
    reference.sgd_kernel(packed.width // 16, target.link)(
        users, items, values, np.array([0, steps]), 0, 1, table, decay, packed.fixed, rate, 0.0, target.low, target.span, np.zeros((1, 2)))
    return packed.factors()


def press_to(pressed, plan, caption: str, steps: int) -> None:
    pressed.press(caption, "embedding")
    until(lambda: pressed.book.sheets["embedding"].range(str(plan.settings["steps"])).value == steps)


def test_steps_are_those_of_the_solver_and_reset_goes_back(pressed, built):
    _, ready, plan = built
    cells, n, done = pressed.book.sheets["embedding"], len(ready.ratings), 0
    rate = cells.range(str(plan.settings["lr_sgd"])).value

    def block(role):
        return np.array(cells.range(str(getattr(plan.long.layout, role).range)).value)
    for caption, more in (("Step", 1), ("×10", 10), ("×100", 100)):
        before = block("user_factors")
        done += more
        press_to(pressed, plan, caption, done)
        expected = by_the_solver(ready, done, rate)
        np.testing.assert_allclose(block("user_factors"), expected.user, rtol=0, atol=1e-12)
        np.testing.assert_allclose(block("item_factors"), expected.item, rtol=0, atol=1e-12)
        assert cells.range(str(plan.settings["row"])).value == done % n + 1
        if more == 1:   # of one user alone
            assert (block("user_factors") != before).any(1).sum() == 1
    assert cells.range(str(plan.settings["passes"])).value == done // n
    assert pressed.status("embedding").startswith("Step 111, sgd: RMSE ")
    history = [row for row in cells.range("embedding_history").value if row[0] is not None]
    assert [row[0] for row in history] == list(range(112)) and history[-1][1] == cells.range("embedding_rmse").value < history[0][1]
    press_to(pressed, plan, "Reset", 0)
    np.testing.assert_array_equal(block("user_factors"), as_tensors(ready.start).user)


def test_the_row_in_hand_is_marked(built):
    """A rating, its user and its item: conditional formats whose condition holds in that row alone."""
    path, _, plan = built
    layout, at = plan.long.layout, plan.settings
    marked = {str(area.sqref).split(":")[0]: rule.formula[0] for area, rules in openpyxl.load_workbook(path)["embedding"].conditional_formatting._cf_rules.items()
              for rule in rules if rule.type == "expression"}
    for top, name in ((Cell(layout.ratings.top, plan.long.places.left), "row"), (plan.long.user.ids.first.moved(0, -1), "user_idx"),
                      (plan.long.item.ids.first.moved(0, -1), "item_idx")):
        assert marked[str(top)] == f"ROW()-ROW({ref(top, rows=True, cols=True)})+1={ref(at[name], rows=True, cols=True)}"
