"""One cell on `check` chooses the model that the other sheets show: each of its models, and the best, is followed."""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted
from view_checks import LINE, assert_alike, expected, factors_in

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.grid.block_names import CHOSEN_MODEL
from pyxl.grid.cells import Cell, Range
from pyxl.grid.sheet_names import area_named
from solver import Ratings, predict_table
from solver.collab.answers.recommend import decay_ridge, fold_in, members, newcomer_ridge, predictions_for, seen_by, top_n
from workbook.builder import CROSSTABS
from workbook.views.check.check_plan import CHOICE
from workbook.views.check.check_sheet import check_plan
from workbook.views.check.chosen_model import BEST_MODEL
from workbook.views.members.members_plan import members_plan
from workbook.views.recommend_sheet import CHOSEN_USER
from workbook.views.why_sheet import PART, WHY_HEAD
from workbook.views.you_plan import YOU_DECAY, YouPlan
from workbook.write.content import Content, content_of

USER, K = 3, 2
TYPED = {0: 3.8, 2: 2.1, 5: 3.5}     # within the range of the ratings


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """(path, layouts, content) of a workbook with all models, fitted, a fifth of its ratings held out."""
    path = tmp_path_factory.mktemp("chosen") / "book.xlsx"
    ratings = planted(14, 9, noise=0.6, blanks=0.3)
    layouts = workbook.build(ratings, path, n_factors=K, holdout=0.2)
    fit_workbook(path, out=path, sheets=list(CROSSTABS), options={"weight_decay": 0.1})
    return path, layouts, content_of(ratings, titles=None, n_factors=K, seed=0, bounds=None, holdout=0.2)


def shown(office, path, sheet: str, where: list[Range], cells: dict) -> list:
    found = office.recalculate(path, {sheet: [str(one) for one in where]}, set=cells)[sheet]
    return [found[str(one)] for one in where]


@pytest.mark.parametrize("sheet", CROSSTABS)
def test_each_model_is_followed(fitted, office, sheet):
    path, layouts, content = fitted
    factors, learnt = factors_in(path, layouts[sheet]), content.ratings
    bounds = content.bounds if layouts[sheet].low else None
    choice = {"check": {str(CHOICE): sheet}}
    table, low, high = predict_table(factors, bounds=bounds).numpy(), content.given.values.min(), content.given.values.max()

    rated = np.flatnonzero(~np.isnan(content.given.crosstab()[USER]))
    raw = predict_table(factors).numpy()[USER]
    wanted = [[content.items[i], table[USER, i].clip(low, high)] for i in top_n(raw, 10, seen=rated)]
    [rows] = shown(office, path, "recommend", [Range(10, 2, 9 + len(wanted), 3)],
                   choice | {"recommend": {str(CHOSEN_USER): content.users[USER]}})
    assert [row[0] for row in rows] == [row[0] for row in wanted]
    assert [row[1] for row in rows] == pytest.approx([row[1] for row in wanted], abs=1e-9)

    item = int(np.isnan(learnt.crosstab()[USER]).argmax())
    parts = WHY_HEAD + 3 + K
    [why] = shown(office, path, "why", [Range(WHY_HEAD + 1, PART, parts + 2, PART)],
                  choice | {"why": {"B5": content.users[USER], "B6": content.items[item]}})
    why = [row[0] for row in why]
    assert sum(why[:-2]) == pytest.approx(raw[item], abs=1e-9) and why[-2:] == pytest.approx([raw[item], table[USER, item].clip(low, high)], abs=1e-9)

    for side, one in LINE.items():
        labels = content.items if side == "items" else content.users
        [printed] = shown(office, path, side, [members_plan(len(labels), K).printed], choice)
        assert_alike(printed[6:], expected(learnt, factors, labels, side))
        assert ("no biases" if sheet == "dotprod" else "bias: what is added") in printed[1][0], one


@pytest.mark.parametrize("decay", [None, 0.1, 1e-3])
@pytest.mark.parametrize("sheet", CROSSTABS)
def test_you_are_folded_into_each_model(fitted, office, sheet, decay):
    path, layouts, content = fitted
    factors = factors_in(path, layouts[sheet])
    bounds, biases = (content.bounds if layouts[sheet].low else None), factors.user_bias is not None
    about = {"biases": biases, "spread": content.ratings.values.std(), "bounds": bounds}
    ridge = newcomer_ridge(K, **about) if decay is None else decay_ridge(decay, len(TYPED), K, **about)
    features, base = seen_by(factors, "user")
    rated = list(TYPED)
    x = fold_in(features[rated], base[rated], np.array(list(TYPED.values())), typical=members(factors, "user").mean(0), ridge=ridge, bounds=bounds)
    predictions = predictions_for(x, features, base, bounds=bounds).clip(content.given.values.min(), content.given.values.max())

    plan = YouPlan(n=len(content.items), k=K, d=K + 1, users=len(content.users))
    typed = {str(plan.ratings.first.moved(item, 0)): value for item, value in TYPED.items()} | {str(YOU_DECAY): decay}
    own, predicted = shown(office, path, "you", [plan.own, plan.predicted], {"check": {str(CHOICE): sheet}, "you": typed})
    assert [row[0] for row in own] == pytest.approx(x.tolist() + [0.0] * (not biases), abs=1e-9)
    assert [row[0] for row in predicted] == pytest.approx(predictions.tolist(), abs=1e-9)


def difference(content: Content, one: np.ndarray, other: np.ndarray) -> float:
    """By how many standard errors `other`'s squared errors on held-out ratings are less than those of `one`."""
    held: Ratings = content.held
    squares = [(held.values - table[held.user_index, held.item_index]) ** 2 for table in (one, other)]
    gains = squares[0] - squares[1]
    return float(gains.mean() / gains.std(ddof=1) * np.sqrt(len(gains)))


def test_the_best_is_shown_and_better_is_said_only_where_it_is_sure(fitted, office):
    path, layouts, content = fitted
    held = content.held
    tables = {sheet: predict_table(factors_in(path, layouts[sheet]), bounds=content.bounds if layouts[sheet].low else None).numpy()
              for sheet in CROSSTABS}
    errors = {sheet: np.mean((held.values - table[held.user_index, held.item_index]) ** 2) for sheet, table in tables.items()}
    best, second, *_ = sorted(errors, key=errors.get)
    surely = difference(content, tables[second], tables[best])
    with open_workbook(path) as book:
        sheet, where = area_named(book, CHOSEN_MODEL)
        assert (sheet, where.first) == ("check", CHOICE)
        values = book.grid("check").values
    assert values[CHOICE] == BEST_MODEL and values[CHOICE.moved(0, 1)].startswith(f"Shown: {best}. Of the models {best} ")
    assert ("no difference to " + second + f" that these {len(held)} ratings can show" in values[CHOICE.moved(0, 1)]) == (surely <= 2)
    content_view = check_plan_of(content)
    assert values[content_view.constant("standard errors between")] == pytest.approx(surely, abs=1e-9)
    [[[told]]] = shown(office, path, "check", [Range.around([CHOICE.moved(0, 1)])], {"check": {str(CHOICE): "dotprod"}})
    assert told.startswith(f"Shown: dotprod. Of the models {best} ")


def test_a_model_that_predicts_as_the_biases_do_is_not_called_better(tmp_path):
    """Noise alone: whatever the errors happen to be, no sentence claims what the held-out ratings cannot show."""
    draw = np.random.default_rng(0)
    ratings = Ratings.from_crosstab(draw.normal(3, 1, (12, 10)), range(12), range(10))
    path = tmp_path / "noise.xlsx"
    workbook.build(ratings, path, n_factors=2, holdout=0.1)
    fit_workbook(path, out=path, sheets=["bias"])
    plan = check_plan_of(content_of(ratings, titles=None, n_factors=2, seed=0, bounds=None, holdout=0.1))
    with open_workbook(path) as book:
        said = book.grid("check").values[plan.model("bias").moved(0, 2)]
    assert said == "no difference to biases alone that these 12 ratings can show"


def check_plan_of(content: Content):
    from workbook.model_sheets.view import View
    return check_plan(View(content, dict.fromkeys(CROSSTABS)))


def test_without_held_out_ratings_it_is_the_sheet_bias(tmp_path):
    path = tmp_path / "all.xlsx"
    workbook.build(planted(6, 5), path, n_factors=2)
    with open_workbook(path) as book:
        values = book.grid("check").values
    assert values[CHOICE.moved(0, 1)].startswith("bias, on recommend, you, why") and values[Cell(CHOICE.row, 1)] == "model to show"
