"""No cell is written that nobody calls changing: Solver's stored model, our names, or a table of ratings by its signs."""

from __future__ import annotations

import lesson_sheet
import numpy as np
import pytest
import xlsxwriter

from pyxl import fit_workbook
from pyxl.__main__ import main
from pyxl.detect.model_sheet import NotRecognised
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import SolverProblem
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.solve import ByFormulas, Solved
from pyxl.xlsx import open_workbook
from solver import FitResult, Settings, UserError
from workbook.model_sheets.solver_names import define_solver_names


def changed_constants(before, after) -> set[tuple[str, Cell]]:
    """The cells without a formula whose value differs between two files of one workbook."""
    found = set()
    with open_workbook(before) as a, open_workbook(after) as b:
        for sheet in a.sheets:
            old, new = a.grid(sheet), b.grid(sheet)
            for cell in old.values.keys() | new.values.keys():
                if old.values.get(cell) != new.values.get(cell) and old.owner(cell) is None:
                    found.add((sheet, cell))
    return found


def stored_cells(path) -> set[tuple[str, Cell]]:
    """What Solver's stored models of a workbook call changing."""
    cells = set()
    with open_workbook(path) as book:
        for sheet in book.sheets:
            try:
                problem = stored_problem(book, sheet)
            except UserError:   # it lost its cells
                continue
            cells |= set(problem.cells) if problem else set()
    return cells


def regression(path, *, solver: bool, n: int = 30, k: int = 3) -> tuple[str, str, float]:
    """A least-squares sheet: k features and an intercept, coefficients above them. Its changing cells, its data and
    the least sum of squares that there is."""
    rng = np.random.default_rng(2)
    data = np.column_stack([rng.normal(size=(n, k)), np.ones(n)])
    y = data @ rng.normal(size=k + 1) + rng.normal(size=n) * 0.3
    book = xlsxwriter.Workbook(str(path))
    ws = book.add_worksheet("Linear")
    ws.write_row(1, 1, [0.1] * (k + 1))
    for i in range(n):
        row = 8 + i
        ws.write_row(row - 1, 1, [*data[i], y[i]])
        ws.write_formula(row - 1, k + 3, f"=SUMPRODUCT(B$2:E$2,B{row}:E{row})")
        ws.write_formula(row - 1, k + 4, f"=(F{row}-G{row})^2")
    ws.write_formula("H1", f"=SUM(H8:H{7 + n})")
    if solver:
        define_solver_names(book, SolverProblem("Linear", ("Linear", Cell.parse("H1")), (("Linear", Range.parse("B2:E2")),)))
    book.close()
    return "B2:E2", f"B8:E{7 + n}", float(np.linalg.lstsq(data, y, rcond=None)[1][0])


def test_a_regression_with_a_solver_model_changes_its_coefficients_and_nothing_else(tmp_path):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    coefficients, _, best = regression(path, solver=True)
    result = fit_workbook(path, out=out)["Linear"]
    assert isinstance(result, Solved) and not result.notes
    assert result.minimum.value == pytest.approx(best, abs=1e-9)
    assert changed_constants(path, out) == {("Linear", cell) for cell in Range.parse(coefficients).cells()}


def test_a_regression_without_one_is_refused_with_how_to_say_it_and_that_works(tmp_path, capsys):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    coefficients, data, best = regression(path, solver=False)
    before = path.read_bytes()
    assert main(["fit", str(path), "--in-place"]) == 2
    said = capsys.readouterr().err
    assert "Linear!H1" in said and f"--change {coefficients}" in said and f"{coefficients},{data}" in said
    assert "Traceback" not in said and path.read_bytes() == before
    option = said.split("--objective ")[1].split(" or ")[0].replace('"', "").split()
    assert main(["fit", str(path), "-o", str(out), "--objective", *option]) == 0
    assert changed_constants(path, out) == {("Linear", cell) for cell in Range.parse(coefficients).cells()}
    with open_workbook(out) as book:
        assert book.grid("Linear").values[Cell.parse("H1")] == pytest.approx(best, abs=1e-9)


def test_the_regressions_that_were_overwritten(shared, tmp_path):
    books = shared / "cases" / "books"
    out = tmp_path / "out.xlsx"
    result = fit_workbook(books / "regression_solver.xlsx", out=out)["Linear"]
    assert result.minimum.value == pytest.approx(3.719, abs=1e-3)
    assert changed_constants(books / "regression_solver.xlsx", out) == stored_cells(out)
    with pytest.raises(UserError, match="--change B2:F2 or --change B2:F2,B8:F47"):
        fit_workbook(books / "regression_plain.xlsx", out=out, overwrite=True)


RNG = np.random.default_rng(5)


@pytest.mark.parametrize("why, options", {
    "No cell": dict(ratings=RNG.normal(size=(6, 7)), masked=False),                               # a layer of a net
    "0 and 1 only": dict(factors=(RNG.random((6, 3)), RNG.integers(0, 2, (3, 7)))),               # genres of films
    "whole numbers": dict(factors=(RNG.integers(-2, 3, (6, 3)), RNG.integers(-2, 3, (3, 7)))),    # a net by hand
    "1 throughout": dict(factors=(np.column_stack([RNG.random((6, 2)), np.ones(6)]), RNG.random((3, 7)))),
    "one user only": dict(ratings=lesson_sheet.table(1, 7)),
    "one item only": dict(ratings=lesson_sheet.table(7, 1))}.items())
def test_what_may_be_data_is_refused_unless_solver_calls_it_changing(tmp_path, why, options):
    path, ratings = tmp_path / "book.xlsx", options.pop("ratings", lesson_sheet.table(6, 7))
    places = lesson_sheet.write(path, ratings, k=3, **options)
    with pytest.raises(UserError, match=why) as refused:
        fit_workbook(path)
    assert places["user_factors"] in str(refused.value) and places["item_factors"] in str(refused.value)
    lesson_sheet.write(path, ratings, k=3, solver=True, **options)
    assert isinstance(fit_workbook(path)["Sheet1"], FitResult)


@pytest.mark.parametrize("options", [dict(masked=False), dict(factors=(RNG.random((6, 3)), RNG.integers(1, 4, (3, 7)))),
                                     dict(factors=(np.ones((6, 3)), np.ones((3, 7))))])
def test_a_full_table_of_ratings_is_one_all_the_same(tmp_path, options):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 7, share=1), k=3, **options)
    assert isinstance(fit_workbook(path, options={"epochs": 3})["Sheet1"], FitResult)


def test_rows_with_a_vector_each_are_data(tmp_path):
    """A regression whose coefficients are looked up by group: long, two-sided, and no ratings."""
    path = tmp_path / "book.xlsx"
    rng = np.random.default_rng(0)
    book = xlsxwriter.Workbook(str(path))
    ws = book.add_worksheet("groups")
    for group in range(3):
        ws.write_row(group, 0, [group, *rng.random(2)])
    for i in range(12):
        row = 11 + i
        ws.write_row(row - 1, 0, [i % 3, *rng.random(2), rng.random()])
        ws.write_formula(row - 1, 4, f"=SUMPRODUCT(OFFSET($B$1,A{row},0,1,2),B{row}:C{row})")
    ws.write_formula("H1", "=SQRT(SUMXMY2(D11:D22,E11:E22)/COUNT(D11:D22))")
    book.close()
    with open_workbook(path) as opened, pytest.raises(NotRecognised, match="a vector of B11:C22 of its own"):
        verified_model(opened, "groups", Settings())


@pytest.mark.parametrize("solver, wish", [
    ({"typ": "3", "val": "0.5"}, "another goal than a minimum"), ({"neg": "1"}, "no negative numbers"),
    ({"num": "1", "lhs1": "B14:D19", "rel1": "1", "rhs1": "4"}, "1 constraint")])
def test_what_else_solver_asks_for_is_obeyed_by_formulas_and_via_model_leaves_it_out(tmp_path, solver, wish):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, solver=solver)
    obeyed = fit_workbook(path)["Sheet1"]
    assert isinstance(obeyed, Solved) and wish in obeyed.notes[0]
    left_out = fit_workbook(path, by_formulas=ByFormulas("model"), options={"epochs": 3})["Sheet1"]
    assert isinstance(left_out, FitResult) and wish in left_out.notes[0]


def test_solver_that_changes_one_side_only_is_obeyed(tmp_path, capsys):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, solver={"adj": "B14:D19"})
    assert places["user_factors"] == "B14:D19"
    result = fit_workbook(path, out=out)["Sheet1"]
    assert isinstance(result, Solved) and "other changing cells (B14:D19)" in result.notes[0]
    assert changed_constants(path, out) <= {("Sheet1", cell) for cell in Range.parse("B14:D19").cells()}
    assert main(["fit", str(path), "-o", str(out), "--overwrite", "--via", "model"]) == 2
    assert "other changing cells" in capsys.readouterr().err


def test_solver_that_minimises_another_cell_is_obeyed(tmp_path):
    """The model's RMSE is there too, but Solver is told to minimise another cell."""
    path = tmp_path / "book.xlsx"

    def lengths(sheet, places):
        sheet.write_formula(0, 0, f"=SUMSQ({places['user_factors']})")

    lesson_sheet.write(path, lesson_sheet.table(6, 5), k=2, down=2, solver={"opt": "A1"}, edit=lengths)
    with open_workbook(path) as book, pytest.raises(NotRecognised, match="Solver's objective there is A1, not "):
        verified_model(book, "Sheet1", Settings())
    result = fit_workbook(path)["Sheet1"]
    assert isinstance(result, Solved) and result.minimum.value < result.minimum.value_before


def test_a_dialog_that_was_only_looked_at_says_nothing(tmp_path):
    """Excel keeps an objective and a goal, without changing cells."""
    path = tmp_path / "book.xlsx"
    book_of = dict(k=3, solver={"opt": "A1", "adj": "", "typ": "1", "neg": "1"})
    lesson_sheet.write(path, lesson_sheet.table(6, 7), **book_of)
    result = fit_workbook(path, options={"epochs": 3})["Sheet1"]
    assert isinstance(result, FitResult) and not result.notes


def test_on_public_workbooks_no_constant_changes_but_solvers(shared, tmp_path):
    """Whatever is fitted of them: nets by hand, regressions, linear programs, plans."""
    fitted = 0
    for path in sorted((shared / "workbooks" / "public").glob("*.xls*")):
        out = tmp_path / path.name
        try:
            fit_workbook(path, out=out, by_formulas=ByFormulas(steps=3, seconds=0.5))
        except UserError:
            continue
        fitted += 1
        assert changed_constants(path, out) <= stored_cells(path), path.name
    assert fitted > 5
