"""Hold-out and the sheet `check`: what is held out is nowhere else, and every number is Python's; so on `items`, `users`, `map`."""

from __future__ import annotations

import json
from statistics import NormalDist

import numpy as np
import pytest
from planted import planted
from view_checks import check_map, check_members, factors_in

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Range
from solver import Ratings, UserError, hold_out, predict_table, random_factors, read_ratings, read_titles, rmse
from solver.collab.answers.intervals import conformal_quantile
from solver.judging.baselines import bias_only, mean_only
from workbook.builder import CROSSTABS, build_with
from workbook.data_sheets.ratings_sheet import SourcePlan
from workbook.model_sheets.crosstab_sheet import MOST_FORMULAS
from workbook.model_sheets.embedding_sheet import MOST_COPIES
from workbook.model_sheets.view import View
from workbook.views.check.check_numbers import round_step
from workbook.views.check.check_plan import BINS, LEVELS, MOST_DOTS, CheckPlan
from workbook.views.check.check_sheet import check_plan
from workbook.views.map_sheet import MOST_LABELS
from workbook.write.content import Content, content_of


def plan_of(content: Content, sheets) -> CheckPlan:
    return check_plan(View(content, dict.fromkeys(sheets)))


def rmse_of(errors: np.ndarray):
    return float(np.sqrt(np.mean(errors ** 2))) if len(errors) else ""


def groups(counts: np.ndarray, training: tuple, held: tuple) -> list[list]:
    """Members, RMSE on training and on held-out ratings, of each quarter by number of ratings."""
    ends, rows = [-1] + [int(np.sort(counts)[int(np.ceil(q * len(counts) / 4)) - 1]) for q in (1, 2, 3, 4)], []
    for low, high in zip(ends, ends[1:]):
        among = (counts > low) & (counts <= high)
        rows.append([int(among.sum()), *(rmse_of(errors[among[index]]) if among.any() else "" for index, errors in (training, held))])
    return rows


def expected(content: Content, tables: dict[str, np.ndarray], on: str) -> dict:
    """All numbers of the sheet, from the predictions (users, items) of each sheet."""
    learnt, held = content.ratings, content.held

    def errors(table: np.ndarray, of: Ratings) -> np.ndarray:
        return of.values - table[of.user_index, of.item_index]
    baselines = [predict_table(make(learnt)).numpy() for make in (mean_only, bias_only)]
    summary = [[rmse_of(errors(table, part)) for part in (learnt, held)] for table in (*baselines, *tables.values())]
    own = [errors(tables[on], part) for part in (learnt, held)]
    step = round_step((content.given.values.max() - content.given.values.min()) / 9)
    edges = np.r_[-np.inf, (np.arange(BINS - 1) - BINS // 2 + 0.5) * step, np.inf]
    by = {side: groups(np.bincount(getattr(learnt, f"{side}_index"), minlength=getattr(learnt, f"n_{side}s")),
                       (getattr(learnt, f"{side}_index"), own[0]), (getattr(held, f"{side}_index"), own[1]))
          for side in ("user", "item")}
    return {"summary": summary, "bins": np.array([np.histogram(e, edges)[0] for e in own]).T.tolist(), **by,
            "held": [tables[name][held.user_index, held.item_index].tolist() for name in tables], **within(content, own[1], on)}


def within(content: Content, errors: np.ndarray, on: str) -> dict:
    """How far nine of ten held-out ratings lie from their prediction, at most, and how many normal intervals hold."""
    learnt, held, d = content.ratings, content.held, content.n_factors + (on != "dotprod")
    factors = [np.sqrt(1 + d / (np.bincount(getattr(learnt, f"{side}_index"), minlength=getattr(learnt, f"n_{side}s")) + d))
               for side in ("user", "item")]
    shares = np.abs(errors) / (factors[0][held.user_index] * factors[1][held.item_index])
    quantile, spread = (conformal_quantile(shares, 0.9) if len(shares) >= 9 else ""), np.sqrt(np.mean(shares ** 2)) if len(shares) else 0
    found = [[float(np.mean(shares <= NormalDist().inv_cdf((1 + level) / 2) * spread))] for level in LEVELS] if len(shares) else []
    return {"within": [[quantile]], "factors": [[float(one)] for one in np.concatenate(factors)], "found": found}


def told(read, plan: CheckPlan) -> dict:
    """The same numbers as the sheet has them; `read` gives the rows of a range."""
    def column(where: Range) -> list:
        return [row[0] for row in read(where)]
    top, bottom = plan.mean_only, plan.counts
    held = "held out" if plan.held else None
    by = {side: [list(row) for row in zip(column(plan.of_group(side, "members")), column(plan.of_group(side, "training")),
                                          column(plan.of_group(side, "held out")) if held else [""] * 4)]
          for side in ("user", "item")}
    return {"summary": read(Range(top.row, top.col, bottom.row - 1, top.col + 1)),
            "bins": [list(row) for row in zip(column(plan.of_bin("training")), column(plan.of_bin("held out")) if held else [0.0] * BINS)],
            "within": read(Range.around([plan.constant("nine of ten within")])),
            "factors": [[one] for side in ("user", "item") for one in column(plan.of_side(side, "times ±"))],
            "found": [[one] for one in column(plan.of_level("found"))] if held else [],
            **by, "held": [column(plan.of_held(name)) if held else [] for name in plan.sheets]}


def assert_equal(found: dict, wanted: dict) -> None:
    for what in wanted:
        a, b = (np.array([[np.nan if isinstance(x, str) else x for x in row] for row in part[what]], float) for part in (found, wanted))
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9, err_msg=what)


def model_shown(content: Content, tables: dict[str, np.ndarray]) -> str:
    """The sheet with the least error on held-out ratings, from the predictions of each."""
    held = content.held
    if not len(held):
        return "bias" if "bias" in tables else next(iter(tables))
    return min(tables, key=lambda name: np.sum((held.values - tables[name][held.user_index, held.item_index]) ** 2))


def check(path, layouts, content: Content, office) -> dict:
    """The sheet as LibreOffice recalculates it and as we stored it, against Python."""
    names = [name for name, layout in layouts.items() if layout.form == "crosstab"]
    plan = plan_of(content, names)
    bounds = {name: content.bounds if layouts[name].variant == "bounded" else None for name in names}
    tables = {name: predict_table(factors_in(path, layouts[name]), bounds=bounds[name]).numpy() for name in names}
    wanted, asked = expected(content, tables, model_shown(content, tables)), []
    told(lambda where: asked.append(str(where)) or [[0.0, 0.0]] * where.shape[0], plan)
    recalculated = office.recalculate(path, {"check": asked})["check"]
    with open_workbook(path) as book:
        grid = book.grid("check")
        assert_equal(told(grid.block, plan), wanted)
    found = told(lambda where: recalculated[str(where)], plan)
    assert_equal(found, wanted)
    return found | {"shown": model_shown(content, tables)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("check")


def test_the_fitted_example(folder, office):
    """Fitted with the workbook's own settings every model predicts unseen ratings better than the biases."""
    given, titles = workbook.example()
    given = given.top(users=15, items=15)
    layouts = workbook.build(given, folder / "demo.xlsx", titles=titles, holdout=0.1)
    fit_workbook(folder / "demo.xlsx", out=folder / "demo.xlsx")
    content = content_of(given, titles=titles, n_factors=5, seed=0, bounds=None, holdout=0.1)
    found = check(folder / "demo.xlsx", layouts, content, office)
    on = layouts[found["shown"]]
    check_members(folder / "demo.xlsx", on, content.ratings, office, items=content.items)
    check_map(folder / "demo.xlsx", on, content, office)
    (_, _), (_, biases), *models = found["summary"]
    assert len(models) == 3 and all(training < held < biases for training, held in models)
    plan = plan_of(content, CROSSTABS)
    with open_workbook(folder / "demo.xlsx") as book:
        said = book.grid("check").values
    assert {said[plan.model(name).moved(0, 2)] for name in CROSSTABS} == {"predicts unseen ratings better than biases alone"}


def test_films_with_titles(folder, office, shared):
    data = shared / "data" / "ml-latest-small"
    given = read_ratings(data / "ratings.csv")[0].top(users=40, items=25)
    titles, _ = read_titles(data / "movies.csv", items=given.items)
    layouts = workbook.build(given, folder / "ml.xlsx", titles=titles, holdout=0.1)
    fit_workbook(folder / "ml.xlsx", out=folder / "ml.xlsx", sheets=["bias"], options={"epochs": 40, "weight_decay": 0.05})
    content = content_of(given, titles=titles, n_factors=5, seed=0, bounds=None, holdout=0.1)
    on = layouts[check(folder / "ml.xlsx", layouts, content, office)["shown"]]
    check_members(folder / "ml.xlsx", on, content.ratings, office, items=content.items)
    check_map(folder / "ml.xlsx", on, content, office)


def test_a_table_of_which_whole_blocks_are_one_formula(folder, office):
    given = planted(120, 80, blanks=0.7)
    assert given.n_users * given.n_items > MOST_FORMULAS and len(given) > max(MOST_COPIES, MOST_DOTS) and given.n_items > MOST_LABELS
    content = content_of(given, titles=None, n_factors=5, seed=0, bounds=None, holdout=0.1)
    factors = random_factors(content.ratings, model="dot+bias", n_factors=5, seed=0)
    layouts = build_with(content, folder / "large.xlsx", parameters={"dot+bias": factors})
    check(folder / "large.xlsx", layouts, content, office)
    check_members(folder / "large.xlsx", layouts["bias"], content.ratings, office)
    check_map(folder / "large.xlsx", layouts["bias"], content, office)


@pytest.mark.parametrize("model, users, items, holdout", [("dot", 9, 7, 0.2), ("bounded", 3, 2, 0.3), ("dot+bias", 1, 2, 0.3),
                                                          ("dot+bias", 6, 5, 0.0)])
def test_other_models_small_tables_and_nothing_held_out(folder, office, model, users, items, holdout):
    content = content_of(planted(users, items, blanks=0.0), titles=None, n_factors=2, seed=0, bounds=None, holdout=holdout)
    low, high = content.bounds
    factors = random_factors(content.ratings, model=model, n_factors=2, seed=3, low=low, high=high)
    path = folder / f"{model}{users}{holdout}.xlsx"
    check(path, build_with(content, path, parameters={model: factors}), content, office)
    with open_workbook(path) as book:
        said = str(list(book.grid("check").values.values()))
    assert ("--holdout 0.1" in said) == (not len(content.held))


def test_what_is_held_out_is_in_no_model_sheet(folder):
    """Its cells are blank, its rows are not in `embedding`, and on `ratings` it has a question mark."""
    given = planted(12, 10, blanks=0.2)
    layouts = workbook.build(given, folder / "held.xlsx", holdout=0.25)
    apart = hold_out(given, 0.25)
    with open_workbook(folder / "held.xlsx") as book:
        for name, layout in layouts.items():
            values = book.grid(name).values
            there = sorted(value for cell in layout.ratings.cells() if (value := values.get(cell)) not in (None, ""))
            assert there == pytest.approx(sorted(given.values[~apart]))
        source = book.grid("ratings").block(SourcePlan(12, 10).ratings)
    marked = [isinstance(source[user][item], str) for user, item in zip(given.user_index, given.item_index)]
    assert marked == apart.tolist()
    assert [float(str(source[user][item]).rstrip("?")) for user, item in zip(given.user_index, given.item_index)] == pytest.approx(given.values.tolist())


def test_training_and_fit_know_nothing_of_what_is_held_out(folder):
    given = planted(12, 10, blanks=0.2)
    workbook.build(given, folder / "whole.xlsx", holdout=0.2)
    result = fit_workbook(folder / "whole.xlsx", sheets=["bias"], options={"epochs": 5, "weight_decay": 0.1})["bias"]
    learnt = given.take(~hold_out(given, 0.2))
    assert result.rmse_after == pytest.approx(rmse(result.factors, learnt), abs=1e-12)


def test_a_rating_that_loses_its_question_mark_is_held_out_no_more(folder, office):
    given = planted(8, 6, blanks=0.0)
    layouts = workbook.build(given, folder / "typed.xlsx", holdout=0.2)
    content = content_of(given, titles=None, n_factors=5, seed=0, bounds=None, holdout=0.2)
    plan, held = plan_of(content, CROSSTABS), content.held
    pair = int(held.user_index[0]), int(held.item_index[0])
    typed, shown = SourcePlan(8, 6).ratings.first.moved(*pair), layouts["bias"].ratings.first.moved(*pair)
    numbers, counts = str(plan.of_held("observed")), str(plan.counts.moved(0, 1))
    found = office.recalculate(folder / "typed.xlsx", {"check": [numbers, counts], "bias": [str(shown)]}, set={"ratings": {str(typed): 3.0}})
    assert found["check"][counts] == [[len(held) - 1]] and found["bias"][str(shown)] == [[3.0]]
    assert [row[0] for row in found["check"][numbers]] == [*held.values[1:].tolist(), ""]


# ---- choosing what is held out

@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_everybody_keeps_a_rating(share):
    ratings = planted(20, 15, blanks=0.8)
    learnt = ratings.take(~hold_out(ratings, share, seed=3))
    rated = [set(getattr(part, f"{side}_index").tolist()) for part in (ratings, learnt) for side in ("user", "item")]
    assert rated[:2] == rated[2:]
    assert len(ratings) - len(learnt) <= round(share * len(ratings))
    assert share > 0.3 or len(ratings) - len(learnt) == round(share * len(ratings))
    assert (hold_out(ratings, share, seed=3) == hold_out(ratings, share, seed=3)).all()


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan"), True, "0.1"])
def test_a_share_that_is_none(tmp_path, share):
    with pytest.raises(UserError, match="The hold-out share is"):
        workbook.build(planted(4, 3), tmp_path / "b.xlsx", holdout=share)
    assert not list(tmp_path.iterdir())


def test_the_command_line(folder, capsys):
    given = planted(12, 10, blanks=0.1)
    lines = [f"{given.users[u]},{given.items[i]},{r:g}" for u, i, r in zip(given.user_index, given.item_index, given.values)]
    (folder / "r.csv").write_text("\n".join(["user,item,rating", *lines]))
    for option, held in (([], 0.1), (["--holdout", "0.3"], 0.3), (["--holdout", "0"], 0)):
        book = folder / "new.xlsx"
        assert main(["new", str(folder / "r.csv"), "-o", str(book), "--overwrite", *option]) == 0
        said = capsys.readouterr().out
        n = round(held * len(given))
        assert (f"{len(given)} ratings, {n} of them held out" in said) if held else "held out" not in said
    assert main(["new", str(folder / "r.csv"), "-o", str(book), "--overwrite", "--json", "--holdout", "2"]) == 2
    assert "The hold-out share is 2.0" in json.loads(capsys.readouterr().out)["error"]


def test_steps_have_short_labels():
    assert [round_step(x) for x in (4.5 / 9, 4 / 9, 100 / 9, 1.0, 0.03)] == [0.5, 0.5, 10, 1, 0.025]
