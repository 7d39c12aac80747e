"""The optimizer workbook: every cell of every sheet is what `trace` computes, recalculated by a real LibreOffice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pyxl import fit_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell, Range
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement
from pyxl.training.carried_over import training_sheets
from pyxl.training.run_epochs import run_training
from pyxl.xlsx import open_workbook
from solver import UserError, trace
from solver.tracing.update_rules import UPDATE_RULES
from workbook.optimizers.lesson_data import lesson_rows
from workbook.optimizers.optimizer_book import build_optimizers
from workbook.optimizers.training_plan import training_plan

PLANS = {name: training_plan(name, 29) for name in UPDATE_RULES}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("optimizers") / "graddesc.xlsx"
    build_optimizers(path)
    return path


def set_cells(path, out, changes: dict[str, dict[Cell, float]]):
    """A copy of the workbook with other constants."""
    with open_workbook(path) as book:
        book.save(changes, out=out)
    return out


def same_as_trace(office, path, *, done: int, settings: dict[str, dict[str, float]] | None = None) -> None:
    """Hold every cell of the sheets, which have done so many epochs, against the trace of the next one."""
    ranges = {name: [str(Range(4, 1, 32, len(plan.columns))), str(plan.error), str(plan.log)] for name, plan in PLANS.items()}
    told = office.recalculate(path, ranges)
    for name, plan in PLANS.items():
        expected = trace(name, lesson_rows(), (settings or {}).get(name), epochs=done + 1)
        table, ((error,),), log = (told[name][where] for where in ranges[name])
        for place, column in enumerate(plan.columns):
            numbers, whole = [row[place] for row in table], expected.columns[column]
            scale = max(1.0, np.abs(whole).max())       # near the minimum a derivative is a difference of large numbers
            if column.startswith("estimate"):
                scale = np.abs(expected.columns["nudged_" + column[-1]]).max() / 0.01
            np.testing.assert_allclose(numbers, whole[-29:], rtol=1e-12, atol=1e-12 * scale, err_msg=f"{name}: {column}")
        assert error == pytest.approx(expected.errors[-1], rel=1e-12, abs=1e-12)
        assert [row[0] for row in log[:done]] == list(range(1, done + 1)) and log[done][0] in ("", None)
        np.testing.assert_allclose([row[1] for row in log[:done]], expected.errors[:done], rtol=1e-12)


@pytest.mark.parametrize("done", [0, 1, 5, 20])
def test_every_cell_is_what_trace_computes(built, office, tmp_path, done):
    path = built
    if done:
        path = tmp_path / "run.xlsx"
        run_training(built, epochs=done, out=path)
    same_as_trace(office, path, done=done)


def test_settings_in_cells_are_followed(built, office, tmp_path):
    """Every setting of every sheet, changed."""
    other = {"lr": 0.7, "momentum": 0.5, "dampening": 0.25, "weight_decay": 0.01, "beta1": 0.6, "beta2": 0.95, "eps": 0.01, "eps_inside": 1.0,
             "bias_correction": 0.0, "factor": 0.7, "patience": 1.0, "beta3": 0.5, "k": 0.2, "K": 0.9}
    settings = {name: {key: value * other["lr"] if key == "lr" else other[key] for key, value in rule.settings.items()}
                for name, rule in UPDATE_RULES.items()}
    changed = set_cells(built, tmp_path / "changed.xlsx", {
        name: {PLANS[name].settings[key]: value for key, value in new.items()} for name, new in settings.items()})
    run_training(changed, epochs=4, reset=True, out=tmp_path / "run.xlsx")
    same_as_trace(office, tmp_path / "run.xlsx", done=4, settings=settings)


def test_run_goes_on_where_it_stood_and_reset_starts_anew(built, tmp_path):
    once, twice = tmp_path / "once.xlsx", tmp_path / "twice.xlsx"
    run_training(built, epochs=7, out=once)
    run_training(built, epochs=3, out=twice)
    assert len(run_training(twice, epochs=4, out=twice)["eve"]) == 4
    run_training(twice, epochs=0, reset=True, out=tmp_path / "anew.xlsx")
    with open_workbook(once) as a, open_workbook(twice) as b, open_workbook(built) as fresh, open_workbook(tmp_path / "anew.xlsx") as anew:
        for sheet in a.sheets:
            assert a.grid(sheet).values == b.grid(sheet).values
            assert fresh.grid(sheet).values == anew.grid(sheet).values


def test_a_full_log_stops_being_written_and_the_run_goes_on(built, tmp_path):
    errors = run_training(built, epochs=103, sheets=["sgd"], out=tmp_path / "long.xlsx")["sgd"]
    assert errors == pytest.approx(trace("sgd", lesson_rows(), epochs=103).errors)
    with open_workbook(tmp_path / "long.xlsx") as book:
        values, plan = book.grid("sgd").values, PLANS["sgd"]
        assert values[plan.now["epochs"]] == 103 and values[Cell(plan.log.bottom, plan.log.left)] == 100
        assert Cell(plan.log.bottom + 1, plan.log.left) not in values


def test_compare_shows_every_log(built, office, tmp_path):
    run_training(built, epochs=5, out=tmp_path / "run.xlsx")
    told = office.recalculate(tmp_path / "run.xlsx", {"compare": ["A5:J11"]})["compare"]["A5:J11"]
    assert told[0] == ["epoch", *UPDATE_RULES]
    for place, name in enumerate(UPDATE_RULES, 1):
        np.testing.assert_allclose([row[place] for row in told[1:6]], trace(name, lesson_rows(), epochs=5).errors, rtol=1e-12)
        assert told[6][place] == ""


def test_own_points_are_pasted_or_given(built, office, tmp_path, capsys):
    points = [(float(x), 3.0 * x - 5 + (x % 3)) for x in range(1, 13)]
    (tmp_path / "mine.csv").write_text("x;y\n" + "\n".join(f"{x};{y}" for x, y in points))
    assert main(["optimizers", "-o", str(tmp_path / "mine.xlsx"), "--data", str(tmp_path / "mine.csv")]) == 0
    expected = trace("sgd", points, epochs=2).errors
    assert run_training(tmp_path / "mine.xlsx", epochs=2, sheets=["sgd"])["sgd"] == pytest.approx(expected, rel=1e-12)
    pasted = set_cells(built, tmp_path / "pasted.xlsx", {"data": {Cell(6 + n, 2): 40.0 + n for n in range(28)}})
    told = office.recalculate(pasted, {"data": ["G6"], "adam": ["A4:B4", str(PLANS["adam"].error)]})
    assert told["data"]["G6"] == [[""]] and told["adam"]["A4:B4"] == [[40.0, 110.0]]
    emptied = set_cells(built, tmp_path / "emptied.xlsx", {"data": {Cell(6, 2): None}})
    assert office.recalculate(emptied, {"data": ["G6"]})["data"]["G6"][0][0].startswith("There are 57 numbers in B6:C34")


def test_the_command_builds_and_runs(tmp_path, capsys):
    book = str(tmp_path / "graddesc.xlsx")
    assert main(["optimizers", "-o", book]) == 0 and "29 points, 9 optimizers" in capsys.readouterr().out
    assert main(["optimizers", "run", book, "--sheet", "adam", "--epochs", "5", "--in-place", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["sheets"]
    assert told["adam"]["errors"] == pytest.approx(trace("adam", lesson_rows(), epochs=5).errors) and list(told) == ["adam"]
    with open_workbook(book) as workbook:
        assert list(training_sheets(workbook)) == list(UPDATE_RULES)


@pytest.mark.parametrize("words, told", [
    (["-o", "{book}"], "exists already"),
    ([], "say -o graddesc.xlsx"),
    (["-o", "graddesc.ods"], "ends with .xlsm, for buttons, or .xlsx"),
    (["-o", "new.xlsx", "--data", "nowhere.csv"], "There is no file 'nowhere.csv'"),
    (["run", "{book}"], "--in-place, --live, or -o OUT"),
    (["run", "{book}", "--in-place", "--sheet", "compare"], "'compare' runs no epochs. Choose one of sgd"),
    (["run", "{book}", "--in-place", "--epochs", "0"], "Give a whole number of 1 or more"),
    (["run", "{book}", "--in-place", "--engine", "file"], "say --live too"),
])
def test_what_cannot_be_done_is_one_sentence(built, capsys, words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = built.read_bytes()
    assert main(["optimizers", *(word.format(book=built) for word in words)]) == 2
    assert told in capsys.readouterr().err and built.read_bytes() == before


def test_numbers_that_grow_without_end_are_refused_and_nothing_is_written(built, tmp_path):
    wild = set_cells(built, tmp_path / "wild.xlsx", {"sgd": {PLANS["sgd"].settings["lr"]: 1.0}})
    before = wild.read_bytes()
    with pytest.raises(UserError, match=r"sgd!.* not a number: the numbers grew without end"):
        run_training(wild, epochs=80, sheets=["sgd"], out=wild)
    assert wild.read_bytes() == before


def test_points_that_are_none_are_refused(tmp_path):
    from workbook.optimizers.read_points import read_points
    (tmp_path / "odd.csv").write_text("x,y\n1,2\n3,four\n")
    with pytest.raises(UserError, match=r"odd.csv, line 3: found '3,four', expected two numbers"):
        read_points(tmp_path / "odd.csv")
    with pytest.raises(UserError, match="There are 1 points"):
        build_optimizers(tmp_path / "one.xlsx", rows=[(1.0, 2.0)])


def test_the_best_learning_rate_of_an_epoch_is_found_through_all_its_steps(built):
    """On the way the line search meets rates with which the numbers grow beyond all bounds, and goes on."""
    plan = PLANS["sgd"]
    stated = Statement(str(plan.error.moved(1, 0)), [str(plan.settings["lr"])])
    found = fit_workbook(built, sheets=["sgd"], by_formulas=ByFormulas(problem=stated))["sgd"].minimum
    assert found.converged and (found.value_before, found.value) == pytest.approx((150.755, 148.112), abs=5e-4)
    rates = found.x[0] * np.linspace(0.98, 1.02, 41)
    around = [trace("sgd", lesson_rows(), {"lr": rate}).errors[0] * np.sqrt(29) for rate in rates]
    assert min(around) == pytest.approx(found.value, rel=1e-12) and np.argmin(around) == 20
