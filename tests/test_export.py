"""A trained model as a workbook: LibreOffice's formulas predict what the model predicts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from exported_models import fitted, ratings_of

import workbook
from pyxl import fit_workbook
from pyxl.__main__ import main
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.xlsx import open_workbook
from solver import CollabFilter, Ratings, UserError, predict_table
from workbook.export import busiest, export, factors_in_cells, spreads_in_cells

SHEETS = {"dot": ("dotprod", "embedding"), "dot+bias": ("bias",), "bounded": ("bounded",)}


def raw(model: CollabFilter, part: Ratings) -> np.ndarray:
    """The model's own predictions before clipping, in float64."""
    users, items = ([list(all_labels).index(label) for label in labels] for all_labels, labels in
                    ((model.users_, part.users), (model.items_, part.items)))
    factors = model.factors_.map(lambda tensor: tensor.double())
    return predict_table(factors, bounds=model.settings_.bounds).numpy()[np.ix_(users, items)]


@pytest.mark.parametrize("name", SHEETS)
def test_libreoffice_predicts_what_the_model_predicts(tmp_path, office, name):
    ratings = ratings_of()
    model = fitted(ratings, name)
    part = busiest(ratings, users=9, items=7)
    layouts = export(model, part, tmp_path / "book.xlsx")
    assert tuple(layouts) == SHEETS[name]
    expected, given = raw(model, part), part.crosstab()
    rated = ~np.isnan(given)
    sheet = SHEETS[name][0]
    with open_workbook(tmp_path / "book.xlsx") as book:
        filled = next(n.refers_to.rpartition("!")[2] for n in book.names if n.name == f"{sheet}_filled").replace("$", "")
    where = {"rmse": str(layouts[sheet].rmse), "predictions": str(layouts[sheet].predictions), "filled": filled}
    found = office.recalculate(tmp_path / "book.xlsx", {sheet: list(where.values())})[sheet]
    predicted, full = (np.array(found[where[what]], dtype=float) for what in ("predictions", "filled"))
    assert np.abs(np.where(rated, predicted, full) - expected).max() < 1e-9
    assert (predicted[~rated] == 0).all() and (full[rated] == given[rated]).all()
    assert found[where["rmse"]][0][0] == pytest.approx(np.sqrt(np.mean((expected - given)[rated] ** 2)), abs=1e-9)


@pytest.mark.parametrize("name", SHEETS)
def test_the_sheet_is_recognised_and_a_fit_goes_on_from_the_models_numbers(tmp_path, name):
    ratings = ratings_of()
    model = fitted(ratings, name)
    part = busiest(ratings, users=9, items=7)
    export(model, part, tmp_path / "book.xlsx")
    found = {sheet: report for sheet, report in inspect_workbook(tmp_path / "book.xlsx").items() if report["recognised"]}
    assert tuple(found) == SHEETS[name]
    error = np.sqrt(np.nanmean((raw(model, part) - part.crosstab()) ** 2))
    for sheet, report in found.items():
        assert report["variant"] == name and report["n_ratings"] == len(part) and report["n_factors"] == 4
        assert report["rmse"] == pytest.approx(error, abs=1e-9)
        result = fit_workbook(tmp_path / "book.xlsx", sheets=[sheet], options={"epochs": 20, "weight_decay": 0.0})[sheet]
        assert result.rmse_before == pytest.approx(error, abs=1e-9) and result.rmse_after < error


def test_the_users_and_items_with_most_ratings_are_taken(tmp_path):
    ratings = ratings_of()
    part = busiest(ratings, users=5, items=4)
    counts = np.bincount(ratings.user_index, minlength=ratings.n_users)
    assert set(part.users) == {ratings.users[n] for n in np.argsort(-counts, kind="stable")[:5]}
    export(fitted(ratings, "dot+bias"), part, tmp_path / "b.xlsx", titles={part.items[0]: "The First"})
    with open_workbook(tmp_path / "b.xlsx") as book:
        texts = set(map(str, book.grid("bias").values.values()))
    assert "The First" in texts and {str(float(user)) for user in part.users} <= texts | {f"{u}.0" for u in texts}
    assert any("trained model" in text for text in texts) and not any("random numbers" in text for text in texts)


def test_who_has_nothing_in_common_is_said():
    apart = Ratings((1, 2, 3), ("a", "b", "c"), np.array([0, 1, 2, 2]), np.array([0, 0, 1, 2]), np.array([1.0, 2, 3, 4]))
    with pytest.raises(UserError, match="The 1 users and 1 items with most ratings have none in common."):
        busiest(apart, users=1, items=1)


def test_a_net_goes_into_no_sheet(tmp_path):
    ratings = ratings_of()
    with pytest.raises(UserError, match="The model is a net, and no sheet's formulas say that."):
        export(fitted(ratings, "net"), busiest(ratings, users=3, items=3), tmp_path / "b.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_command_line_from_ratings_to_workbook(tmp_path, capsys):
    ratings = ratings_of()
    rows = [f"{ratings.users[u]},{ratings.items[i]},{r:g}" for u, i, r in
            zip(ratings.user_index, ratings.item_index, ratings.values)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    (tmp_path / "t.csv").write_text("item,title\n" + "".join(f"{item},The {item}\n" for item in ratings.items))
    model, book = tmp_path / "model", tmp_path / "book.xlsx"
    assert main(["train", str(tmp_path / "r.csv"), "-o", str(model), "--epochs", "2", "--factors", "3"]) == 0
    capsys.readouterr()
    argv = ["export", str(model), "-o", str(book), "--users", "6", "--items", "5", "--titles", str(tmp_path / "t.csv"),
            "--ratings", str(tmp_path / "r.csv"), "--json"]
    assert main(argv) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["users"], said["items"], said["factors"], said["sheets"]) == (6, 5, 3, ["bias"])
    assert inspect_workbook(book)["bias"]["n_ratings"] == said["ratings"]
    own = [word for word in argv if word not in ("--ratings", str(tmp_path / "r.csv"), "--titles", str(tmp_path / "t.csv"))]
    code = main([*own, "--overwrite"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0 and told | {"notes": []} == said | {"notes": []}  # the model keeps its ratings
    before = book.read_bytes()
    assert main(argv) == 2 and "exists already" in capsys.readouterr().err and book.read_bytes() == before
    assert main([*argv, "--overwrite"]) == 0
    capsys.readouterr()
    for wrong, sentence in ((["-o", "b.txt"], "b.txt: a workbook is built as .xlsm, with buttons, or as .xlsx"), (["--users", "0"], "--users is 0.")):
        assert main([*argv, "--overwrite", *wrong]) == 2 and sentence in capsys.readouterr().err


def test_of_a_model_with_many_sets_of_factors_the_sheet_has_their_mean_and_that_is_said(tmp_path, capsys):
    ratings = ratings_of()
    rows = [f"{ratings.users[u]},{ratings.items[i]},{r:g}" for u, i, r in
            zip(ratings.user_index, ratings.item_index, ratings.values)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    model, book = tmp_path / "model", tmp_path / "book.xlsx"
    assert main(["train", str(tmp_path / "r.csv"), "-o", str(model), "--effort", "best", "--factors", "2", "--epochs", "30"]) == 0
    assert main(["export", str(model), "-o", str(book), "--ratings", str(tmp_path / "r.csv")]) == 0
    assert "sets of factors; the sheet has one" in capsys.readouterr().out
    assert inspect_workbook(book)["bias"]["recognised"]


def test_build_still_writes_every_model(tmp_path):
    assert set(workbook.build(ratings_of(), tmp_path / "b.xlsx")) == {"dotprod", "bias", "bounded", "embedding"}


def test_of_draws_held_out_ratings_say_how_far_ratings_lie_from_what_cells_predict():
    ratings = ratings_of()
    model = CollabFilter(4, effort="best", epochs=8, holdout=0.3).fit(ratings)
    part, held = busiest(ratings, users=30, items=25), model.holdout_ratings_
    spreads, factors = spreads_in_cells(model, part), factors_in_cells(model, part)
    place = [[part.users.index(user) for user in held.users], [part.items.index(item) for item in held.items]]
    users, items = np.array(place[0])[held.user_index], np.array(place[1])[held.item_index]
    off = np.abs(held.values - predict_table(factors).numpy()[users, items].clip(*model.rating_range_))
    inside = off <= np.array(spreads.users)[users] * np.array(spreads.items)[items] * (1 + 1e-12)
    assert len(held) > 50 and inside.sum() == np.ceil(0.9 * (len(held) + 1))
