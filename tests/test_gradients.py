"""Gradient descent on the factors in cells: the gradients are those of what Fit minimises, and steps those of torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from edits_by_hand import sort
from office import until
from pressed import Pressed

import workbook
import workbook.update as workbook_update
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.detect.detect import detect
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell, Range
from pyxl.grid.sheet_names import area_named
from solver import Settings, fit
from solver.core.objective import Objective
from solver.model.array_factors import as_tensors
from workbook.gradients.gradient_plan import GradientPlan
from workbook.model_sheets.geometry import crosstab

SIZE = {"users": 9, "items": 8, "factors": 3}
PLANS = {name: GradientPlan(crosstab(name, model, **SIZE)) for name, model in (("dotprod", "dot"), ("bias", "dot+bias"))}
FIELDS = {"user_factors": "user", "item_factors": "item", "user_bias": "user_bias", "item_bias": "item_bias"}


def build(path, **options):
    ratings, titles = workbook.example()
    return workbook.build(ratings.top(users=SIZE["users"], items=SIZE["items"]), path, n_factors=SIZE["factors"], titles=titles, holdout=0.1,
                          **{"gradients": True, **options})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gradients")
    for name in ("book.xlsx", "book.xlsm"):
        build(folder / name)
    return folder


def as_fields(blocks):
    """The numbers of blocks on a sheet as arrays by the names of `Factors`."""
    arrays = {role: np.array(rows, dtype=float) for role, rows in blocks.items()}
    shaped = {"item_factors": np.transpose, "user_bias": np.ravel, "item_bias": np.ravel}
    return {FIELDS[role]: shaped.get(role, np.asarray)(array) for role, array in arrays.items()}


def started(path, sheet):
    """The ratings and start values of a sheet."""
    with open_workbook(path) as book:
        ready = verified_model(book, sheet, Settings())
        return ready.ratings, as_tensors(ready.start)


def autograd(ratings, factors, weight_decay):
    objective = Objective.of(ratings, weight_decay=weight_decay)
    leaves = factors.map(lambda tensor: tensor.clone().requires_grad_())
    loss = objective.mean_squared_error(leaves) + objective.penalty(leaves)
    loss.backward()
    return float(loss.detach()), {name: leaf.grad.numpy() for name, leaf in leaves.tensors().items()}


@pytest.mark.parametrize("sheet", PLANS)
@pytest.mark.parametrize("decay", ["auto", 0.3])
def test_gradients_are_those_of_the_fit(built, office, sheet, decay):
    plan = PLANS[sheet]
    with open_workbook(built / "book.xlsx") as book:
        place, cell = area_named(book, "setting_weight_decay")
    asked = [str(where) for where in (*plan.gradients.values(), *(Range.around([plan.check[name]]) for name in ("loss", "difference", "gradient")))]
    typed = {place: {str(cell.first): decay}, sheet: {str(plan.check["moved"]): str(plan.crosstab.layout.item_factors.range.first)}}
    live = office.recalculate(built / "book.xlsx", {sheet: asked}, set=typed)[sheet]
    ratings, factors = started(built / "book.xlsx", sheet)
    loss, expected = autograd(ratings, factors, 0.0 if decay == "auto" else decay)
    found = as_fields({role: live[str(where)] for role, where in plan.gradients.items()})
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=1e-12, err_msg=name)
    assert live[str(plan.check["loss"])][0][0] == pytest.approx(loss, abs=1e-12)
    difference, gradient = (live[str(plan.check[name])][0][0] for name in ("difference", "gradient"))
    assert gradient == live[str(plan.gradients["item_factors"])][0][0] and difference == pytest.approx(gradient, abs=1e-4)


def check_noted(rows, history):
    """Lines of a sheet against the epochs of a fit: an epoch, the norms, and how many derivatives are how large."""
    for row, epoch in zip(rows, history, strict=True):
        assert row[0] == epoch.epoch and row[-10:] == list(epoch.gradient.counts)
        assert row[1:-10] == pytest.approx(list(epoch.gradient.norms.values()), abs=1e-12)


def test_a_fit_notes_the_gradient_of_each_epoch(built):
    """It has it anyway; workbooks without the columns do not ask."""
    told = fit_workbook(built / "book.xlsx", out=built / "noted.xlsx", sheets=["bias"], options={"epochs": 30, "weight_decay": 0.05})["bias"]
    assert not told.settings.note_gradients
    with open_workbook(built / "noted.xlsx") as book:
        _, where = area_named(book, "bias_gradients_by_epoch")
        check_noted([row for row in book.grid("bias").block(where) if row[0] is not None], told.history)


@pytest.fixture
def pressed(calc, built, tmp_path):
    (tmp_path / "book.xlsm").write_bytes((built / "book.xlsm").read_bytes())
    opened = Pressed(calc, tmp_path / "book.xlsm")
    yield opened
    opened.document.close(True)


def parameters(pressed, plan):
    sheet = pressed.book.sheets[plan.sheet]
    return as_fields({role: sheet.range(str(block.range)).options(ndim=2).value for role, block in plan.crosstab.layout.parameters.items()})


def press_to(pressed, plan, caption, steps):
    sheet = pressed.book.sheets[plan.sheet]
    pressed.press(caption, plan.sheet)
    until(lambda: sheet.range(str(plan.settings["steps"])).value == steps)     # a press returns before its macro has ended


@pytest.mark.parametrize("sheet, optimizer", [("bias", "sgd"), ("dotprod", "momentum"), ("bias", "adam")])
def test_steps_are_those_of_the_solver(pressed, built, sheet, optimizer):
    plan = PLANS[sheet]
    pressed.set(weight_decay=0.05)
    cells = pressed.book.sheets[sheet]
    cells.range(str(plan.settings["optimizer"])).value = optimizer
    ratings, factors = started(built / "book.xlsm", sheet)
    constants = {"lr": cells.range(str(plan.settings[f"lr_{optimizer}"])).value}
    done = 0
    for caption, more in (("Step", 1), ("×10", 10), ("×100", 100)):
        done += more
        press_to(pressed, plan, caption, done)
        settings = Settings(model=plan.crosstab.layout.variant, n_factors=3, optimizer=optimizer, epochs=done + 1, weight_decay=0.05, **constants)
        seen = []
        told = fit(ratings, factors, replace(settings, note_gradients=True), on_factors=lambda look: seen.append(look()))
        found = parameters(pressed, plan)
        for name, tensor in seen[done].tensors().items():
            np.testing.assert_allclose(found[name], tensor.numpy(), rtol=0, atol=1e-12, err_msg=f"{name} after {done}")
    until(lambda: pressed.status(sheet).startswith(f"Step 111, {optimizer}: RMSE 0."))      # the last thing that the macro does
    history = [row for row in cells.range(f"{sheet}_history").value if row[0] is not None]
    assert [row[0] for row in history] == list(range(112)) and history[-1][1] == cells.range(f"{sheet}_rmse").value
    noted = [row for row in cells.range(f"{sheet}_gradients_by_epoch").value if row[0] is not None]
    assert noted[-1] == cells.range(f"{sheet}_gradients_now").value and noted[-1][0] == 111
    check_noted(noted, told.history[:112])


def test_reset_goes_back_and_a_fit_between_steps_begins_a_new_history(pressed, built):
    plan, cells = PLANS["bias"], pressed.book.sheets["bias"]
    before = parameters(pressed, plan)
    cells.range(str(plan.settings["optimizer"])).value = "adam"
    press_to(pressed, plan, "×10", 10)
    assert not np.array_equal(parameters(pressed, plan)["user"], before["user"])
    cells.range("bias_history").value = [[n * 7, 1.0] for n in range(200)]      # a fit left it there
    press_to(pressed, plan, "Step", 11)
    assert [row[0] for row in cells.range("bias_history").value if row[0] is not None] == [10, 11]
    press_to(pressed, plan, "Reset", 0)
    assert {name: array.tolist() for name, array in parameters(pressed, plan).items()} == {name: array.tolist() for name, array in before.items()}
    memory = [number for name in ("mean", "square") for where in plan.panel(name).values()
              for row in cells.range(str(where)).options(ndim=2).value for number in row]
    until(lambda: pressed.status("bias").startswith("Reset: "))
    assert set(memory) == {0.0} and cells.range("bias_history").value[0] == [None, None]
    assert not any(number is not None for number in cells.range("bias_gradients_by_epoch").value[0])
    pressed.press("Reset", "bias")
    until(lambda: pressed.status("bias").startswith("No step was taken"))


def test_a_rate_that_is_too_large_is_told(pressed):
    plan, cells = PLANS["bias"], pressed.book.sheets["bias"]
    cells.range(str(plan.settings["lr_sgd"])).value = 1e6
    pressed.press("×100", "bias")
    until(lambda: pressed.status("bias").startswith("The numbers grew without end"))
    pressed.press("Reset", "bias")
    until(lambda: pressed.status("bias").startswith("Reset: "))
    assert np.abs(parameters(pressed, plan)["user"]).max() < 1


def test_rows_of_a_model_sheet_may_be_sorted_and_where_they_were_inserted_no_step_is_taken(pressed, built):
    """A row or column that comes or goes leaves the gradients beside another number of users or films: a step would write what is wrong."""
    plan, cells = PLANS["bias"], pressed.book.sheets["bias"]
    layout, api = plan.crosstab.layout, cells.impl.api
    before = {row[0]: row[1:] for row in _users(cells, layout)}
    there = Range(layout.predictions.top, 1, layout.predictions.bottom, layout.predictions.right)
    sort(str(there), 3)(pressed.document, api)
    assert list(before) != [row[0] for row in _users(cells, layout)] and {row[0]: row[1:] for row in _users(cells, layout)} == before
    ratings, factors = started(built / "book.xlsm", "bias")
    press_to(pressed, plan, "Step", 1)
    settings = Settings(model="dot+bias", n_factors=3, optimizer="sgd", epochs=2, lr=cells.range(str(plan.settings["lr_sgd"])).value)
    seen = []
    fit(ratings, factors, settings, on_factors=lambda look: seen.append(look()))
    after = {row[0]: row[1:] for row in _users(cells, layout)}
    for user, row, bias in zip(before, seen[1].user.tolist(), seen[1].user_bias.tolist()):
        assert after[user] == pytest.approx([bias, *row], abs=1e-12)
    for kind, place in (("Rows", 4), ("Columns", layout.ratings.left + 2)):
        getattr(api, kind).insertByIndex(place, 1)
        pressed.press("Step", "bias")
        until(lambda: pressed.status("bias").startswith("No step: rows or columns were inserted or deleted here. Undo that"))
        getattr(api, kind).removeByIndex(place, 1)
        assert parameters(pressed, plan)["item"].shape == (SIZE["items"], SIZE["factors"])
    cells.range(str(plan.check["error"])).value = "typed"
    pressed.press("Step", "bias")
    until(lambda: pressed.status("bias").startswith("No step: these columns were sorted or typed over."))
    assert {row[0]: row[1:] for row in _users(cells, layout)} == after


def _users(cells, layout):
    """(id, bias, factors) of every user, from the top."""
    place = layout.predictions
    rows = cells.range(str(Range(place.top, 1, place.bottom, layout.ratings.left - 1))).value
    return [[row[-1], *row[:-1]] for row in rows]


def test_a_long_descent_thins_its_history(pressed):
    plan, cells = PLANS["dotprod"], pressed.book.sheets["dotprod"]
    cells.range(str(plan.settings["steps"])).value = 199
    cells.range("dotprod_history").value = [[n, 2.0] for n in range(200)]
    press_to(pressed, plan, "Step", 200)
    lines = [row for row in cells.range("dotprod_history").value if row[0] is not None]
    assert [row[0] for row in lines] == list(range(0, 201, 2)) and lines[-1][1] == cells.range("dotprod_rmse").value


def test_the_model_is_found_fitted_and_put_back_as_without_gradients(built, tmp_path):
    layouts = build(tmp_path / "plain.xlsx", gradients=False)
    names = ("fitted.xlsx", "plain-fitted.xlsx")
    results = [fit_workbook(path, out=tmp_path / name, options={"epochs": 20, "weight_decay": 0.1})
               for path, name in zip((built / "book.xlsx", tmp_path / "plain.xlsx"), names)]
    assert {sheet: result.rmse_after for sheet, result in results[0].items()} == {sheet: result.rmse_after for sheet, result in results[1].items()}
    with open_workbook(tmp_path / names[0]) as book:
        assert {sheet: detect(book, sheet).layout for sheet in layouts} == layouts
        with_it = book.grid("bias").values
    assert main(["restore", str(tmp_path / names[0]), "--in-place"]) == 0
    with open_workbook(tmp_path / names[0]) as book, open_workbook(built / "book.xlsx") as original:
        back, first = (one.grid("bias").values for one in (book, original))
    for block in layouts["bias"].parameters.values():
        for cell in block.range.cells():
            assert back[cell] == first[cell] != with_it[cell]


def test_an_update_keeps_the_settings_of_the_steps(built, tmp_path, office):
    plan = PLANS["bias"]
    with open_workbook(built / "book.xlsx") as book:
        old = book.grid("ratings").used
        book.save({"ratings": {Cell(old.bottom + 1, 1): "Ann", Cell(old.bottom + 1, 2): 4.0}, "bias": {plan.settings["lr_sgd"]: 0.75}},
                  out=tmp_path / "book.xlsx")
    done = workbook_update.update_workbook(tmp_path / "book.xlsx")
    assert done.new_users == ("Ann",) and done.notes == ()
    grown = GradientPlan(crosstab("bias", "dot+bias", **{**SIZE, "users": 10}))
    with open_workbook(tmp_path / "book.xlsx") as book:
        assert area_named(book, "bias_gradients") == ("bias", grown.area)
        assert book.grid("bias").values[grown.settings["lr_sgd"]] == 0.75
        stored = book.grid("bias").values
    asked = [str(where) for where in grown.gradients.values()]
    live = office.recalculate(tmp_path / "book.xlsx", {"bias": asked})["bias"]
    for where in grown.gradients.values():
        np.testing.assert_allclose(np.array(live[str(where)], float).ravel(), [stored[cell] for cell in where.cells()], atol=1e-12)


def test_sorted_ratings_change_no_gradient(built, tmp_path, office):
    """Model sheets keep their order and look ratings up by their labels: so do the gradients, and the rating in hand."""
    asked = {"bias": [str(where) for where in PLANS["bias"].gradients.values()]}
    with open_workbook(built / "book.xlsx") as book:
        asked["embedding"] = [str(area_named(book, name)[1]) for name in ("embedding_rmse", "embedding_step_lr_sgd")]
        _, users = area_named(book, "source_user")
        grid = book.grid("ratings")
        named = [row for row in range(users.top + 1, users.bottom + 1) if grid.values.get(Cell(row, 1)) is not None]
        cells = range(1, SIZE["items"] + 2)
        book.save({"ratings": {Cell(row, col): grid.values.get(Cell(other, col)) for row, other in zip(named, reversed(named)) for col in cells}},
                  out=tmp_path / "sorted.xlsx")
    before, after = (office.recalculate(path, asked) for path in (built / "book.xlsx", tmp_path / "sorted.xlsx"))
    for sheet, areas in asked.items():
        for area in areas:
            np.testing.assert_allclose(np.array(after[sheet][area], float), np.array(before[sheet][area], float), rtol=0, atol=1e-12)


def test_doctor_finds_nothing_and_a_plain_workbook_knows_nothing_of_gradients(built, tmp_path, capsys):
    assert main(["doctor", str(built / "book.xlsm"), "--json"]) in (0, 1)
    assert "gradient" not in capsys.readouterr().out.lower()
    build(tmp_path / "plain.xlsm", gradients=False)
    with open_workbook(tmp_path / "plain.xlsm") as book:
        assert not [name.name for name in book.names if "step" in name.name or "gradient" in name.name]
