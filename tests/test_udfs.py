"""Functions in cells: the solver's own numbers, blocks as sheets have them, and xlwings' own way to call them."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import xlwings
from planted import planted

from pyxl.engines.file_engine import FileEngine
from pyxl.functions import cell_functions as functions
from pyxl.functions import udfs
from pyxl.functions.udfs import CF_FILL, CF_FIT, CF_FOLD_IN, CF_PREDICT, CF_RMSE, CF_SIMILAR, CF_TOP_N
from pyxl.grid.cells import ErrorValue
from solver import CollabFilter, Settings, UserError, fit, predict_table
from solver.model.rating_bounds import default_bounds

DOCS = Path(__file__).resolve().parent.parent / "docs" / "functions.md"
PREDICTED = [[1.0, 2.0], [3.0, 4.0]]


@pytest.fixture(scope="module")
def model():
    return CollabFilter(model="dot+bias", n_factors=3, optimizer="lbfgs", epochs=40, weight_decay=0.02).fit(planted(12, 9))


@pytest.fixture(scope="module")
def blocks(model) -> dict:
    """The model's parameters as a crosstab sheet has them: items across, and no offset beside the biases."""
    factors = model.factors_.map(lambda tensor: tensor.double())
    return {"users": factors.user.tolist(), "items": factors.item.T.tolist(),
            "user_bias": factors.user_bias[:, None].tolist(), "item_bias": [(factors.item_bias + factors.offset).tolist()]}


# ---- the solver's numbers

def test_predictions_are_those_of_the_model(model, blocks):
    table = CF_PREDICT(blocks["users"], blocks["items"], blocks["user_bias"], blocks["item_bias"])
    expected = predict_table(model.factors_.map(lambda tensor: tensor.double()))
    np.testing.assert_allclose(table, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.clip(table, *model.rating_range_), model.predict_crosstab(), rtol=0, atol=1e-12)
    bounded = CF_PREDICT(blocks["users"], blocks["items"], blocks["user_bias"], blocks["item_bias"], 0.5, 5.5)
    np.testing.assert_allclose(bounded, 0.5 + 5 * expected.sigmoid(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("model, sheet", [("dot", "dotprod"), ("dot+bias", None), ("bounded", "bounded")])
def test_a_fit_in_a_cell_is_the_solvers(model, sheet):
    ratings = planted(9, 7, noise=0.5)
    block = [[None if np.isnan(x) else x for x in row] for row in ratings.crosstab().tolist()]
    low, high = default_bounds(ratings.values) if model == "bounded" else (None, None)
    result = fit(ratings, None, Settings(model=model, n_factors=2, weight_decay=0.1, seed=3, low=low, high=high))
    wanted = np.concatenate([result.factors.user.numpy(), result.factors.item.numpy()])
    if model != "dot":
        wanted = np.column_stack([np.concatenate([result.factors.user_bias.numpy(), result.factors.item_bias.numpy()]), wanted])
    np.testing.assert_allclose(CF_FIT(block, 2, sheet, 0.1, 3), wanted, rtol=0, atol=1e-9)
    table = predict_table(result.factors, bounds=result.settings.bounds).numpy()
    np.testing.assert_allclose(CF_FILL(block, 2, sheet, 0.1, 3), np.where(np.isnan(ratings.crosstab()), table, ratings.crosstab()), rtol=0, atol=1e-9)


def test_a_fit_in_a_cell_chooses_its_weight_decay_and_is_kept(monkeypatch):
    block = [[None if np.isnan(x) else x for x in row] for row in planted(8, 6, noise=0.5).crosstab().tolist()]
    filled = CF_FILL(block, 2)
    monkeypatch.setattr("solver.fit", None)      # nothing is fitted again
    assert CF_FILL(block, 2, "bias", "auto") == filled and len(CF_FIT(block, 2)) == 14


def test_who_rated_nothing_is_the_average_user_in_a_filled_table():
    block = [[None if np.isnan(x) else x for x in row] for row in planted(8, 6, noise=0.5).crosstab().tolist()]
    rows = np.array(CF_FILL([*block, [None] * 6], 2, "dotprod", 0.1))
    factors = np.array(CF_FIT(block, 2, "dotprod", 0.1))
    np.testing.assert_allclose(rows[-1], factors[:8].mean(0) @ factors[8:].T, rtol=0, atol=1e-6)


@pytest.mark.parametrize("arguments, sentence", [
    (([[4.0] * 20] * 16, 2), "ratings holds 320 ratings; a fit in a cell that is done within a second takes 300 at most. "
                             "Give a weight_decay, such as 0.1, or press Fit."),
    (([[4.0] * 80] * 80, 2, None, 0.1), "ratings holds 6,400 ratings; a fit in a cell that is done within a second takes 4,000 at most. Press Fit."),
    (([[4.0, 3.0]], 2, "net", 0.1), "model is 'net'. Give one of: dotprod, bias, bounded."),
    (([[4.0, 3.0]], 0, None, 0.1), "k is 0. Give a whole number of 1 or more."),
    (([[None, ""]], 2, None, 0.1), "ratings holds no number. Give a block with two ratings at least."),
    (([[4.0, 3.0]], 1, None, -1), "weight_decay is -1.0. Give a number of 0 or more.")])
def test_a_fit_in_a_cell_that_cannot_be_is_a_sentence(arguments, sentence):
    assert CF_FILL(*arguments) == CF_FIT(*arguments) == sentence


def test_a_new_user_is_that_of_the_model(model, blocks):
    rated = {model.items_[0]: 4.0, model.items_[3]: 1.5, model.items_[8]: 5.0}
    row = [rated.get(item) for item in model.items_]
    folded = model.fold_in(rated, weight_decay=0.1)
    [[bias, *factors]] = CF_FOLD_IN(row, blocks["items"], blocks["item_bias"], 0.1, blocks["users"], blocks["user_bias"],
                                   model.spread_)
    np.testing.assert_allclose([bias, *factors], [folded.bias, *folded.factors], rtol=0, atol=1e-12)
    predicted = CF_PREDICT([factors], blocks["items"], bias, blocks["item_bias"])[0]
    np.testing.assert_allclose(np.clip(predicted, *model.rating_range_), folded.predict(), rtol=0, atol=1e-12)


def test_the_ridge_system_without_users_around(blocks):
    """(QᵀQ + λnI) p = Qᵀr, and with 5 instead of λn where no weight decay is given"""
    q, r = np.array(blocks["items"]).T[[1, 4]], np.array([3.0, 4.0])
    row = [None] * 9
    row[1], row[4] = r
    for decay, ridge in ((0.15, 0.15 * 2), (None, 5)):
        exact = np.linalg.solve(q.T @ q + ridge * np.eye(3), q.T @ r)
        np.testing.assert_allclose(CF_FOLD_IN(row, blocks["items"], None, decay), [exact], rtol=0, atol=1e-12)
    assert CF_FOLD_IN([None] * 9, blocks["items"]) == [[0, 0, 0]]


def test_the_bias_of_a_new_user_is_free_where_no_users_bias_says_what_is_usual(blocks):
    row = [5.0, None, 5.0] + [None] * 6
    [[bias, *factors]] = CF_FOLD_IN(row, blocks["items"], blocks["item_bias"], 1000)
    expected = np.mean([5 - np.ravel(blocks["item_bias"])[i] for i in (0, 2)])     # no factor is left, the level is
    assert bias == pytest.approx(expected, abs=0.02) and np.abs(factors).max() < 0.01


def test_similar_items_and_the_best_unrated_are_those_of_the_model(model, blocks):
    titles = [list(model.items_)]
    for item in model.items_:
        like = model.similar_items(item, n=4)
        found = CF_SIMILAR(blocks["items"], item, 4, titles)
        assert [title for title, _ in found] == like["item"].tolist()
        np.testing.assert_allclose([cosine for _, cosine in found], like["similarity"], rtol=0, atol=1e-12)
    ratings = planted(12, 9).crosstab()
    table = CF_PREDICT(blocks["users"], blocks["items"], blocks["user_bias"], blocks["item_bias"])
    for user, row, predicted in zip(model.users_, ratings.tolist(), table):
        best = model.recommend(user, n=3)
        found = CF_TOP_N(row, predicted, titles, 3)
        assert [title for title, _ in found][:len(best)] == best["item"].tolist()
        assert found[len(best):] == [["", ""]] * (3 - len(best))


def test_rmse_is_over_what_is_rated():
    assert CF_RMSE([[1, None], ["", 2]], PREDICTED) == pytest.approx(np.sqrt(2.0))
    assert CF_RMSE(np.array([[1.0, np.nan], [3.0, np.nan]]), np.array(PREDICTED)) == 0
    assert CF_RMSE(3, 5) == 2


# ---- blocks as sheets have them

@pytest.mark.parametrize("users, items, k", [(4, 6, 2), (1, 5, 3), (5, 1, 2), (1, 1, 1), (3, 3, 3), (2, 7, 1)])
def test_a_member_may_be_a_row_or_a_column(users, items, k):
    draw = np.random.default_rng(users)
    p, q, b, c = (draw.normal(size=size) for size in ((users, k), (items, k), users, items))
    expected = p @ q.T + b[:, None] + c
    for item_block in (q.T, q) if items != k else (q.T,):
        for user_bias, item_bias in ((b, c), (b[:, None], c[:, None])):
            assert np.allclose(CF_PREDICT(p, item_block, user_bias, item_bias), expected, rtol=0, atol=1e-12)
    assert np.allclose(CF_PREDICT(p, q.T), p @ q.T, rtol=0, atol=1e-12)


def test_a_square_block_is_read_as_on_the_crosstab_sheets():
    p, q = np.arange(6.0).reshape(3, 2), np.arange(4.0).reshape(2, 2)     # 2 items of 2 factors: as on a crosstab
    assert np.allclose(CF_PREDICT(p, q, [1, 2, 3]), p @ q + np.array([[1], [2], [3]]))
    p, q = np.ones((3, 1)), np.arange(4.0)[:, None]
    assert np.allclose(CF_PREDICT(p, q, None, [1, 2, 3, 4]), p @ q.T + [1, 2, 3, 4])


def test_similar_items_by_number_and_by_title():
    rows = [[1, 0], [0.9, 0.1], [0, 1], [-1, 0]]
    down, across = [["a"], ["b"], ["c"], ["=d"]], [["a", "b", "c", "=d"]]
    assert [item for item, _ in CF_SIMILAR(rows, 1, 2)] == [item for item, _ in CF_SIMILAR(list(zip(*rows)), 1, 2)] == [2, 3]
    assert CF_SIMILAR(rows, "=D", 1, down) == CF_SIMILAR(list(zip(*rows)), "=d", 1, across)
    assert CF_SIMILAR(rows, "a", 9, down)[3:] == [["", ""]] * 6
    assert CF_SIMILAR([[1, 2], [2, 1]], 7, 1, [[7, 8]])[0][0] == 8      # titles may be numbers: then they are meant


# ---- a value, or a sentence

@pytest.mark.parametrize("call, sentence", [
    (lambda: CF_PREDICT([[1, "x"]], [[1], [2]]), "user_factors, row 1, column 2, is 'x', not a number."),
    (lambda: CF_PREDICT([[1, 2]], [[1], [None]]), "item_factors, row 2, column 1, is blank, not a number."),
    (lambda: CF_PREDICT([[1, 2]], [[1], [ErrorValue("#N/A")]]), "item_factors, row 2, column 1, is #N/A, not a number."),
    (lambda: CF_PREDICT([[1, 2, 3]], [[1, 2]]), "user_factors has 1 × 3 cells, item_factors 1 × 2 cells: items need as many factors"),
    (lambda: CF_PREDICT([[1, 2]], [[1], [2]], None, [[1, 2]]), "item_bias has 2 cells, and there are 1 items. Give one for each."),
    (lambda: CF_PREDICT([[1, 2]], [[1], [2]], [1, 2, 3]), "user_bias has 3 cells, and there are 1 users"),
    (lambda: CF_PREDICT([[1]], [[1]], None, None, 5, 1), "lo is 5 and hi is 1. Give two numbers, the lower one first."),
    (lambda: CF_PREDICT([[1]], [[1]], None, None, 1), "hi, row 1, column 1, is blank, not a number."),
    (lambda: CF_RMSE([[None, ""]], [[1, 2]]), "ratings holds no number."),
    (lambda: CF_RMSE([[1, 2]], [[1], [2]]), "ratings has 1 × 2 cells, predictions has 2 × 1 cells."),
    (lambda: CF_RMSE([[1, 2]], [[1, None]]), "predictions, row 1, column 2, is blank where there is a rating."),
    (lambda: CF_RMSE([["3.5"]], [[1]]), "ratings, row 1, column 1, is '3.5', not a number."),
    (lambda: CF_RMSE([[True]], [[1]]), "ratings, row 1, column 1, is True, not a number."),
    (lambda: CF_SIMILAR([[1, 2], [3, 4], [5, 6]], 4, 1), "item is 4. Give a whole number from 1 to 3."),
    (lambda: CF_SIMILAR([[1, 2], [3, 4], [5, 6]], 1, 0), "n is 0. Give a whole number of 1 or more."),
    (lambda: CF_SIMILAR([[1, 2]], "z", 1, ["a", "b"]), "'z' is none of the titles."),
    (lambda: CF_SIMILAR([[1, 2]], 1, 1, ["a", "b", "c"]), "item_factors has 1 × 2 cells, titles has 3."),
    (lambda: CF_FOLD_IN([4, None], [[1, 2]], None, -1), "weight_decay is -1. Give a number of 0 or more."),
    (lambda: CF_FOLD_IN([4, None], [[1, 2]], [1]), "item_bias has 1 cells, and there are 2 items."),
    (lambda: CF_FOLD_IN([4, None, 3], [[1, 2]]), "item_factors has 1 × 2 cells, ratings_row has 3."),
    (lambda: CF_FOLD_IN([4, None], [[1, 2]], None, None, [[1, 2, 3], [1, 2, 3]]), "user_factors has 2 × 3 cells"),
    (lambda: CF_TOP_N([1, None], [1, 2], ["a"], 1), "titles has 1 cells, ratings_row has 2. Give one for each item."),
    (lambda: CF_TOP_N([1, None, None], [1, 0, 0], ["a", "b", "c"], 1), "Give the row of the filled table."),
])
def test_what_cannot_be_computed_is_a_sentence(call, sentence):
    assert sentence in call()


def test_in_python_the_sentence_is_raised():
    with pytest.raises(UserError, match="ratings holds no number"):
        functions.rmse_of_cells([[None]], [[1]])


def test_the_examples_in_the_docs_are_true():
    done = doctest.testfile(str(DOCS), module_relative=False, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert done.attempted == 8 and not done.failed
    told = re.findall(r"^\| `(CF_\w+)\((.*?)\)`", DOCS.read_text(), re.M)
    assert [name for name, _ in told] == list(udfs.CELL_FUNCTIONS)
    for name, arguments in told:
        parameters = inspect.signature(udfs.CELL_FUNCTIONS[name]).parameters.values()
        assert arguments == ", ".join(p.name if p.default is p.empty else f"[{p.name}]" for p in parameters)


# ---- xlwings' own way

@pytest.fixture
def from_excel(monkeypatch):
    """``call(name, *cells)`` as Excel calls: by xlwings' own decorators, conversion and `call_udf`. Only
    what is Windows' is a stand-in: COM, and the engine's two functions for values, which are our file engine's."""
    nothing = SimpleNamespace
    for name, contents in {"pythoncom": {"CoInitialize": None}, "pywintypes": {"com_error": Exception}, "win32com": {},
                           "win32com.client": {"Dispatch": None}, "xlwings.com_server": {"loop": None}}.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "xlwings.udfs", raising=False)
    monkeypatch.setattr(xlwings, "_xlwindows", nothing(Range=lambda xl: None, is_range_instance=lambda value: False), raising=False)
    real = importlib.import_module("xlwings.udfs")
    monkeypatch.setattr(real, "Range", lambda impl: None)
    monkeypatch.setitem(xlwings.engines.engines_by_name, "excel", xlwings.Engine(impl=FileEngine()))
    monkeypatch.setattr(xlwings, "func", real.xlfunc)
    monkeypatch.setattr(xlwings, "arg", real.xlarg)
    spec = importlib.util.spec_from_file_location("pyxl.functions.udfs_of_excel", udfs.__file__)
    decorated = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(decorated)
    monkeypatch.setitem(real.udf_modules, "pyxl.functions.udfs", {"module": decorated, "filetime": None})
    call = lambda name, *cells: real.call_udf("pyxl.functions.udfs", name, cells)  # noqa: E731
    yield nothing(call=call, module=decorated, xlwings=real)
    sys.modules.pop("xlwings.udfs", None)


MISSING = -2147352572   # what COM passes for an argument that was left out


def test_xlwings_converts_what_a_cell_passes(from_excel):
    assert from_excel.call("CF_RMSE", ((1.0, None), ("", 2.0)), ((1.0, 2.0), (3.0, 4.0))) == [[pytest.approx(np.sqrt(2.0))]]
    assert from_excel.call("CF_PREDICT", ((1.0, 2.0),), ((1.0,), (10.0,)), MISSING, MISSING, MISSING, MISSING) == [[21.0]]
    assert from_excel.call("CF_PREDICT", 2.0, ((1.0, 10.0),), MISSING, ((0.5, 0.25),), MISSING, MISSING) == [[2.5, 20.25]]
    assert from_excel.call("CF_SIMILAR", ((1.0, 0.9, 0.0), (0.0, 0.1, 1.0)), "=a", 3.0, (("=a", "b", 7.0),)) == [
        ["b", pytest.approx(1.0)], [7.0, pytest.approx(-1.0)], ["", ""]]
    assert from_excel.call("CF_TOP_N", ((None, 4.0),), ((3.0, 5.0),), (("a", "b"),), 1.0) == [["a", 3.0]]
    assert from_excel.call("CF_FOLD_IN", ((4.0, None),), ((1.0, 2.0),), MISSING, 1.0, MISSING, MISSING) == [[pytest.approx(2.0)]]
    assert from_excel.call("CF_RMSE", ((ErrorValue("#N/A"),),), ((1.0,),)) == [["ratings, row 1, column 1, is #N/A, not a number."]]


def test_every_function_and_argument_is_explained_in_excels_dialog(from_excel, tmp_path):
    with open(tmp_path / "udfs.bas", "w+") as file:
        from_excel.xlwings.generate_vba_wrapper("pyxl.functions.udfs", from_excel.module, file, SimpleNamespace(Name="book.xlsm"))
        file.seek(0)
        vba = file.read()
    for name in udfs.CELL_FUNCTIONS:
        info = getattr(from_excel.module, name).__xlfunc__
        assert info["category"] == "collabsheet" and 20 < len(info["ret"]["doc"]) < 255
        assert not [arg for arg in info["args"] if arg["doc"].startswith("Positional") or arg["options"] != udfs._CELLS]
        assert f"Function {name}(" in vba
    assert ("Function CF_PREDICT(user_factors, item_factors, Optional user_bias, Optional item_bias, Optional lo, Optional hi)"
            in vba)
