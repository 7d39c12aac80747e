"""The sheet `net`: the lesson's embedding net in formulas, as torch has it, as LibreOffice recalculates it, and fitted by Fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.detect.detect import detect
from pyxl.detect.model_sheet import NotRecognised
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell, Range
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from pyxl.problems.solve import ByFormulas
from solver import Settings, UserError, predict, rmse
from solver.core.objective import Objective
from solver.model.array_factors import as_tensors
from solver.model.models import into_range
from workbook.model_sheets.geometry import held_beside
from workbook.model_sheets.net_plan import NetPlan, net_plan, widths_for
from workbook.update import update_workbook

USERS, ITEMS, DECAY = 9, 6, 0.01


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "book.xlsx"
    ratings, titles = workbook.example()
    part = ratings.top(users=USERS, items=ITEMS)
    layouts = workbook.build(part, path, titles=titles, holdout=0.15, net=True, n_factors=2)
    plan = net_plan("net", users=USERS, items=ITEMS, ratings=len(part), widths=widths_for(USERS, ITEMS))
    assert layouts["net"] == plan.layout
    return path, plan


def look(path):
    with open_workbook(path) as book:
        return verified_model(book, "net", Settings())


def objective(ready) -> Objective:
    return Objective.of(ready.ratings, bounds=ready.settings.bounds, weight_decay=DECAY)


def told(office, path, plan: NetPlan, **set):
    """What LibreOffice computes: x, sums, mask, outputs, predictions, held out, and RMSE, RMSE held out, loss."""
    blocks = {"x": plan.x, "sums": plan.sums, "mask": plan.mask, "outputs": plan.outputs, "predictions": plan.layout.predictions,
              "held": plan.held, "ratings": plan.layout.ratings}
    cells = {name: Range.around([plan.setting(name)]) for name in ("RMSE", "RMSE held out", "loss")}
    found = office.recalculate(path, {"net": [str(where) for where in (blocks | cells).values()]}, set={"net": set})["net"]
    return {name: np.array([[np.nan if value in ("", None) else value for value in row] for row in found[str(where)]]).squeeze()
            for name, where in (blocks | cells).items()}


def test_detect_finds_what_was_built(built):
    path, plan = built
    ready = look(path)
    assert ready.model.layout == plan.layout and ready.settings.model == "net"
    assert ready.settings.embedding_sizes == (5, 4) and ready.settings.hidden == (10,)
    with open_workbook(path) as book:
        assert detect(book, "net").layout == plan.layout
        bias = verified_model(book, "bias", Settings())
    triples = [set(zip(np.array(r.users)[r.user_index], np.array(r.items)[r.item_index], r.values)) for r in (ready.ratings, bias.ratings)]
    assert triples[0] == triples[1]


def test_every_cell_is_what_torch_computes(built, office):
    path, plan = built
    ready, cells = look(path), told(office, *built)
    net, rated = as_tensors(ready.start), ~np.isnan(cells["ratings"])
    users, items = (torch.as_tensor(index) for index in (ready.ratings.user_index, ready.ratings.item_index))
    x = torch.cat([net.user[users], net.item[items]], 1)
    sums = x @ net.weights[0].T + net.biases[0]
    for name, ours in (("x", x), ("sums", sums), ("outputs", sums.relu()), ("predictions", predict(net, users, items, bounds=ready.settings.bounds))):
        np.testing.assert_allclose(cells[name][rated], ours.numpy(), rtol=1e-9, atol=1e-9, err_msg=name)
    assert cells["RMSE"] == pytest.approx(rmse(net, ready.ratings, bounds=ready.settings.bounds), abs=1e-9)
    loss = objective(ready)
    assert cells["loss"] == pytest.approx(float(loss.mean_squared_error(net) + loss.penalty(net)), rel=1e-9)
    held = ~np.isnan(cells["held"])
    assert held.sum() == 8 and not (held & rated).any()
    assert cells["RMSE held out"] == pytest.approx(np.sqrt(np.mean((cells["held"] - cells["predictions"])[held] ** 2)), rel=1e-12)


def test_fit_makes_the_loss_small_and_the_cells_agree(built, office, tmp_path):
    path, plan = built
    out = tmp_path / "fitted.xlsx"
    result = fit_workbook(path, out=out, sheets=["net"], options={"epochs": 60, "weight_decay": DECAY})["net"]
    cells = told(office, out, plan)
    assert result.rmse_after < 0.6 * result.rmse_before
    assert cells["RMSE"] == pytest.approx(result.rmse_after, abs=1e-9)
    assert cells["RMSE held out"] == pytest.approx(result.holdout_rmse, abs=1e-9)
    loss = objective(look(path))
    assert cells["loss"] == pytest.approx(float(loss.mean_squared_error(result.factors) + loss.penalty(result.factors)), rel=1e-9)
    with open_workbook(path) as before, open_workbook(out) as after:
        written = {cell for cell in before.grid("net").values.keys() | after.grid("net").values.keys()
                   if before.grid("net").values.get(cell) != after.grid("net").values.get(cell)} - before.grid("net").formulas.keys()
        allowed = [block.range for block in plan.layout.parameters.values()] + [
            plan.history, held_beside(plan.history), plan.sums, plan.outputs, plan.raw, plan.layout.predictions, plan.errors]
    assert not [cell for cell in written if not any(cell in area for area in allowed)]


def test_its_slopes_by_formulas_are_those_of_the_net(built):
    path, plan = built
    ready = look(path)
    with open_workbook(path) as book:
        posed = pose(book, stored_problem(book, "net"))
    assert [cell for _, cell in posed.cells] == [cell for block in plan.layout.parameters.values() for cell in block.range.cells()]
    found = fit_workbook(path, sheets=["net"], by_formulas=ByFormulas(via="formulas", steps=8))["net"]
    ours = fit_workbook(path, sheets=["net"], options={"epochs": 8, "weight_decay": 0.0})["net"]
    assert found.minimum.value_before == pytest.approx(ours.rmse_before, abs=1e-9)
    slopes = posed.program.evaluate(posed.program.start)[1][0]
    net = as_tensors(ready.start).map(lambda tensor: tensor.requires_grad_())
    users, items = (torch.as_tensor(index) for index in (ready.ratings.user_index, ready.ratings.item_index))
    error = into_range(net.raw(users, items), ready.settings.bounds) - torch.as_tensor(ready.ratings.values)
    parts = net.tensors()
    expected = dict(zip(parts, torch.autograd.grad((error ** 2).mean().sqrt(), list(parts.values()))))
    expected["weight_0"] = expected["weight_0"].T       # a column of cells a unit
    names = ("user", "item", "weight_0", "bias_0", "weight_1", "bias_1")
    np.testing.assert_allclose(slopes, torch.cat([expected[name].reshape(-1) for name in names]), rtol=1e-9, atol=1e-12)


def test_dropout_is_at_work_in_the_cells_only_while_it_is_on(built, office, tmp_path):
    path, plan = built
    switch, share = (str(plan.setting(word)) for word in ("dropout", "share left out"))
    off, on, other = (told(office, path, plan, **set) for set in ({}, {switch: "on", share: 0.25},
                                                                  {switch: "on", share: 0.25, str(plan.setting("drawn by seed")): 7}))
    assert (off["mask"] == 1).all() and set(np.unique(on["mask"]).round(9)) == {0, round(1 / 0.75, 9)}
    assert 0.15 < (on["mask"] == 0).mean() < 0.35 and (on["mask"] != other["mask"]).mean() > 0.2
    np.testing.assert_allclose(on["outputs"], np.maximum(on["sums"], 0) * on["mask"], atol=1e-12)
    assert on["RMSE"] != off["RMSE"]
    with open_workbook(path) as book:
        book.save({"net": {plan.layout.dropping: "on"}}, out=tmp_path / "on.xlsx")
    with pytest.raises(NotRecognised, match=f"net!{switch} switches dropout on, .*Say off there"):
        look(tmp_path / "on.xlsx")


def test_in_batches_it_is_fitted_with_the_share_of_the_sheet(built):
    path, _ = built
    options = {"optimizer": "adamw", "batch_size": 16, "epochs": 3, "weight_decay": 0.0, "start": "random", "seed": 4}
    result = fit_workbook(path, sheets=["net"], options=options)["net"]
    assert result.settings.dropout == 0.2 and result.rmse_after < result.rmse_before


def test_a_run_is_repeated_and_undone(built, tmp_path, capsys):
    path, _ = built
    first, again = tmp_path / "first.xlsx", tmp_path / "again.xlsx"
    one = fit_workbook(path, out=first, sheets=["net"], options={"epochs": 5, "weight_decay": DECAY})["net"]
    two = fit_workbook(first, out=again, repeat=1)["net"]
    assert two.rmse_after == one.rmse_after and two.rmse_before == one.rmse_before
    assert main(["restore", str(first), "--sheet", "net", "--in-place"]) == 0
    assert look(first).rmse == look(path).rmse


def test_a_rating_that_is_typed_is_followed_and_a_new_pair_is_told(built, office):
    path, plan = built
    with open_workbook(path) as book:
        values, source = book.grid("ratings").values, book.grid("ratings")
        blank = next(cell for cell in Range(8, 2, 7 + USERS, 1 + ITEMS).cells() if cell not in source.values)
        first = next(cell for cell in Range(8, 2, 7 + USERS, 1 + ITEMS).cells() if isinstance(values.get(cell), float))
    say = str(plan.stop.moved(0, 1))
    rows = {"net": [say, str(plan.layout.ratings)]}
    before, after = (office.recalculate(path, rows, set={"ratings": cells})["net"] for cells in ({}, {str(blank): 3.0, str(first): 0.5}))
    assert before[say] == [[""]] and after[say] == [["Ratings typed since the last update are not listed here: 1"]]
    assert sum(a != b for a, b in zip(before[str(plan.layout.ratings)], after[str(plan.layout.ratings)])) == 1


def test_update_takes_the_net_along(built, tmp_path):
    path, _ = built
    typed, out = tmp_path / "typed.xlsx", tmp_path / "out.xlsx"
    with open_workbook(path) as book:
        book.save({"ratings": {Cell(8 + USERS, 1): "newcomer", Cell(8 + USERS, 2): 4.0, Cell(8 + USERS, 3): 2.0}}, out=typed)
    update_workbook(typed, out=out)
    old, new = look(path), look(out)
    assert new.ratings.users[-1] == "newcomer" and new.model.layout.user_factors.shape == (USERS + 1, 5)
    np.testing.assert_array_equal(new.start.user[:USERS], old.start.user)
    np.testing.assert_allclose(new.start.user[USERS], np.mean(old.start.user, 0))
    np.testing.assert_array_equal(new.start.weights[0], old.start.weights[0])


def test_new_makes_it_where_it_is_asked_for(tmp_path, capsys):
    table = "user,item,rating\n" + "".join(f"u{u},i{i},{1 + (u * i) % 9 / 2}\n" for u in range(5) for i in range(4) if (u + i) % 4)
    (tmp_path / "r.csv").write_text(table)
    assert main(["new", str(tmp_path / "r.csv"), "-o", str(tmp_path / "b.xlsx"), "--net"]) == 0
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "b.xlsx"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sheets"]["net"]["variant"] == "net"
    with pytest.raises(UserError, match="made for 2,000 ratings; these are 2,001"):
        net_plan("net", users=50, items=50, ratings=2001, widths=widths_for(50, 50))
