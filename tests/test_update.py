"""A workbook is brought up to what its sheet `ratings` holds: who stays keeps the factors, and nothing typed is lost."""

from __future__ import annotations

import json

import numpy as np
import pytest

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell
from pyxl.grid.sheet_names import area_named
from pyxl.xlsx import NewSheet
from solver import Factors, Ratings, Settings, predict_table
from solver.collab.arrivals.carried_factors import carried_factors, resized_factors
from solver.errors import UserError
from workbook.typed_cells import KEPT_SHEET
from workbook.update import update_workbook

SHEETS = ("dotprod", "bias", "bounded", "embedding")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A fitted workbook of 9 × 8 whose source stands in A7:I16, with ratings held out."""
    path = tmp_path_factory.mktemp("update") / "book.xlsx"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=9, items=8), path, n_factors=3, titles=titles, holdout=0.1)
    fit_workbook(path, out=path, options={"epochs": 20})
    return path


def typed(path, out, cells, **other_sheets):
    with open_workbook(path) as book:
        sheets = {"ratings": cells, **other_sheets}
        book.save({sheet: {Cell.parse(cell): value for cell, value in some.items()} for sheet, some in sheets.items()}, out=out)
    return out


def rows_by_label(path):
    """(sheet, side, label) -> its factors and bias, of all model sheets."""
    found = {}
    with open_workbook(path) as book:
        for sheet in SHEETS:
            ready = verified_model(book, sheet, Settings())
            for side, labels in (("user", ready.ratings.users), ("item", ready.ratings.items)):
                for n, label in enumerate(labels):
                    tensors = [np.reshape(tensor[n], -1) for name, tensor in ready.start.tensors().items() if name.startswith(side)]
                    found[sheet, side, label] = np.concatenate(tensors).tolist()
    return found


def test_who_comes_gets_rows_everywhere_and_who_stays_keeps_the_factors(fitted, tmp_path, office):
    before = rows_by_label(fitted)
    with open_workbook(fitted) as book:
        gone = book.grid("ratings").values[Cell(8, 1)]
    line = {f"{col}8": None for col in "ABCDEFGHI"}     # a user leaves, one comes, and an item
    out = typed(fitted, tmp_path / "typed.xlsx", line | {
        "A17": "Ann", "B17": 5.0, "C17": 1.0, "D17": "2.5?", "J7": "A new film", "J9": 4.0, "J10": 2.0, "J17": 3.5})
    done = update_workbook(out)
    assert (done.users, done.items, done.new_users, done.new_items, done.gone_users) == (9, 9, ("Ann",), ("A new film",), (gone,))
    after = rows_by_label(out)
    assert {key for key in after if key not in before} == {(sheet, *who) for sheet in SHEETS for who in (("user", "Ann"), ("item", "A new film"))}
    assert {key[2] for key in before if key not in after} == {gone}
    assert {key: after[key] for key in after if key in before} == {key: before[key] for key in before if key in after}
    with open_workbook(out) as book:
        cells = {sheet: [str(verified_model(book, sheet, Settings()).model.layout.rmse)] for sheet in SHEETS}
        stored = {sheet: book.grid(sheet).values[Cell.parse(cell)] for sheet, (cell,) in cells.items()}
    live = office.recalculate(out, cells)
    assert {sheet: live[sheet][cell][0][0] for sheet, (cell,) in cells.items()} == pytest.approx(stored, abs=1e-9)
    assert fit_workbook(out, out=out, sheets=["bias"], options={"epochs": 5})["bias"].notes is not None


def test_a_newcomer_is_predicted_by_its_own_ratings():
    rng = np.random.default_rng(0)
    import torch
    factors = Factors(*(torch.as_tensor(part) for part in (rng.normal(size=(6, 2)), rng.normal(size=(7, 2)), rng.normal(size=6), rng.normal(size=7))))
    users, items = ("a", "b", "c", "d", "e", "f"), tuple(range(7))
    of_a = predict_table(factors)[0].numpy()
    alike = Ratings(("new", *users), items, np.zeros(7, np.int64), np.arange(7), of_a)
    grown = carried_factors(factors, users=users, items=items, ratings=alike)
    mean = predict_table(factors).mean(0).numpy()
    predicted = predict_table(grown)[0].numpy()
    assert np.abs(predicted - of_a).mean() < np.abs(mean - of_a).mean()
    assert torch.equal(grown.user[1:], factors.user) and torch.equal(grown.item, factors.item)
    nobody = carried_factors(factors, users=users, items=items, ratings=Ratings(("new", *users), items, np.array([1]), np.array([0]), np.array([3.0])))
    assert torch.allclose(nobody.user[0], factors.user.mean(0)) and float(nobody.user_bias[0]) == pytest.approx(float(factors.user_bias.mean()))


def test_more_factors_predict_the_same_and_fewer_the_nearest():
    import torch
    rng = np.random.default_rng(1)
    factors = Factors(torch.as_tensor(rng.normal(size=(6, 3))), torch.as_tensor(rng.normal(size=(5, 3))))
    table = predict_table(factors)
    more = resized_factors(factors, 5, draw=lambda k: rng.normal(size=(6, k)))
    assert more.n_factors == 5 and torch.equal(predict_table(more), table)
    fewer = predict_table(resized_factors(factors, 2, draw=None))
    u, sizes, v = np.linalg.svd(table.numpy())
    np.testing.assert_allclose(fewer.numpy(), u[:, :2] * sizes[:2] @ v[:2], atol=1e-12)


def test_what_was_typed_elsewhere_is_kept(fitted, tmp_path):
    with open_workbook(fitted) as book:
        epochs, items = area_named(book, "setting_epochs"), book.grid("you").values
        log = {cell: value for cell, value in book.grid("run log").values.items() if cell.row > 4}
        rmse = area_named(book, "bias_last_rmse_after")[1].first
        stop = area_named(book, "bias_last_stop")[1].first
        last, stopped = (book.grid("start").values[cell] for cell in (rmse, stop))
        lowest = book.grid("recommend").values[Cell(6, 2)]
    assert lowest == 1.5 and stopped
    item = items[Cell(10, 1)]
    out = typed(fitted, tmp_path / "typed.xlsx", {"A17": "Ann", "B17": 1.0, "B4": 0.0, "B5": 6.0}, start={str(epochs[1].first): 77.0},
                you={"B10": 4.5}, recommend={"B6": 2.0}, bias={"A60": "remember this", "BZ3": 12.0}, dotprod={"A3": "in the way"}, served={"B6": 0.8})
    done = update_workbook(out)
    with open_workbook(out) as book:
        assert book.grid("start").values[area_named(book, "setting_epochs")[1].first] == 77
        assert book.grid("start").values[area_named(book, "bias_last_rmse_after")[1].first] == last
        assert book.grid("start").values[area_named(book, "bias_last_stop")[1].first] == stopped
        kept_within = book.grid("recommend").values
        assert (kept_within[Cell(6, 2)], kept_within[Cell(7, 2)]) == (2.0, 5.0)     # typed; as built
        assert [book.grid("ratings").values[Cell(row, 2)] for row in (4, 5)] == [0.0, 6.0]
        you = book.grid("you").values
        assert [value for cell, value in you.items() if cell.col == 2 and cell.row > 8 and you.get(Cell(cell.row, 1)) == item] == [4.5]
        assert (book.grid("bias").values[Cell(60, 1)], book.grid("bias").values[Cell(3, 78)]) == ("remember this", 12)
        assert {cell: value for cell, value in book.grid("run log").values.items() if cell.row > 4} == log
        assert book.grid("served").values[Cell(6, 2)] == 0.8
        kept = book.grid(KEPT_SHEET).values
    assert (kept[Cell(2, 1)], kept[Cell(2, 2)], kept[Cell(2, 3)]) == ("dotprod", "A3", "in the way")
    assert "dotprod!A3" in done.notes[0] and KEPT_SHEET in done.notes[0]
    out = typed(out, tmp_path / "again.xlsx", {"B17": 0.5})
    update_workbook(out)        # and once more, where a lower rating came
    with open_workbook(out) as book:
        again = book.grid("recommend").values
        assert (again[Cell(6, 2)], again[Cell(6, 8)], book.grid("ratings").values[Cell(4, 2)]) == (2.0, 0.5, 0.0)


@pytest.mark.parametrize("cells", [{"C9": "4.5?"}, {"A17": "Ann", "B17": 3.0, "C17": 4.0}])
def test_sheets_that_get_other_formulas_keep_nothing_but_ones_own(tmp_path, monkeypatch, cells):
    """The first rating held out, and more pairs than `embedding` lists with their factors: other formulas and words of ours."""
    monkeypatch.setattr(workbook.builder, "MOST_COPIES", 9 * 8)
    built = tmp_path / "built.xlsx"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=9, items=8), built, n_factors=2, titles=titles)
    path = typed(built, tmp_path / "book.xlsx", cells, bias={"AZ99": "mine"}, dotprod={"A3": "in the way"})
    done = update_workbook(path)
    with open_workbook(path) as book:
        kept = book.grid(KEPT_SHEET)
        assert list(kept.block(kept.used))[1:] == [["dotprod", "A3", "in the way"]]
        assert book.grid("bias").values[Cell.parse("AZ99")] == "mine"
    assert done.notes[0].startswith("What you wrote in dotprod!A3 has no place")


def test_sizes(fitted, tmp_path, capsys):
    out = tmp_path / "small.xlsx"
    assert main(["update", str(fitted), "-o", str(out), "--users", "6", "--items", "5", "--factors", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["users"], told["items"], told["factors"], len(told["users_gone"]), len(told["items_gone"])) == (6, 5, 2, 3, 3)
    with open_workbook(out) as book:
        assert verified_model(book, "bias", Settings()).start.user.shape == (6, 2)


@pytest.mark.parametrize("cells, options, sentence", [
    ({}, {"users": 12}, "ratings has 9 users. Type more there"),
    ({"A9": "Ann", "A10": "ANN"}, {}, "ratings!A10 repeats the user of A9"),
    ({"B8": 55.0}, {}, "ratings!B8 is 55; ratings here run from 0.5 to 5"),
    ({"B17": 4.0}, {}, "ratings!B17 is a rating of no user. Name the user in A17"),
])
def test_what_makes_no_sense_is_refused_and_nothing_is_written(fitted, tmp_path, cells, options, sentence):
    out = typed(fitted, tmp_path / "odd.xlsx", cells | {"B9": 3.0})
    before = out.read_bytes()
    with pytest.raises(UserError, match=sentence):
        update_workbook(out, **options)
    assert out.read_bytes() == before


def test_other_workbooks_and_sheets_of_ones_own_are_refused(fitted, tmp_path):
    import lesson_sheet
    lesson_sheet.write(tmp_path / "theirs.xlsx", lesson_sheet.table(6, 7), k=2)
    with pytest.raises(UserError, match="has no sheet of ratings that the other sheets follow"):
        update_workbook(tmp_path / "theirs.xlsx")
    with open_workbook(fitted) as book:
        book.save({"my notes": {Cell(1, 1): "mine"}}, new_sheets=(NewSheet("my notes"),), out=tmp_path / "own.xlsx")
    with pytest.raises(UserError, match="'my notes' is a sheet of your own"):
        update_workbook(tmp_path / "own.xlsx")
