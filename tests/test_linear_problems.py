"""Linear problems, with whole numbers and without: proved linear by the compiler, solved by HiGHS, refused with the cells that contradict."""

from __future__ import annotations

import json

import numpy as np
import pytest
from problem_books import SHEET, solver, write

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.fit.fit_messages import on_the_way
from pyxl.grid.cells import Cell
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from pyxl.problems.reports.report import problem_report
from pyxl.problems.solve import ByFormulas
from solver import NoSolution, UserError, minimise

# Wyndor Glass: doors and windows of three plants (Hillier & Lieberman, Introduction to Operations Research, section 3.1)
WYNDOR = {"B1": 0.0, "C1": 0.0, "B2": 3.0, "C2": 5.0, "D2": "=SUMPRODUCT(B1:C1,B2:C2)",
          "B3": 1.0, "C3": 0.0, "B4": 0.0, "C4": 2.0, "B5": 3.0, "C5": 2.0,
          **{f"D{row}": f"=SUMPRODUCT($B$1:$C$1,B{row}:C{row})" for row in (3, 4, 5)}, "E3": 4.0, "E4": 12.0, "E5": 18.0}


def posed(path):
    with open_workbook(path) as book:
        return pose(book, stored_problem(book, SHEET))


def solved(path, **options):
    return fit_workbook(path, by_formulas=ByFormulas(**options))[SHEET]


def test_a_textbook_example_has_the_published_shadow_prices_and_ranges(tmp_path):
    """Published: (2, 6), 36; shadow prices 0, 1.5, 1; c1 0 … 7.5, c2 2 … ∞; b1 2 … ∞, b2 6 … 18, b3 12 … 24 (sections 4.7, 6.7)."""
    result = solved(write(tmp_path / "w.xlsx", WYNDOR, solver=solver("D2", "B1:C1", ("D3:D5", "<=", "E3:E5"), goal="max")))
    minimum, held = result.minimum, result.minimum.sensitivity
    assert minimum.x.tolist() == [2, 6] and minimum.value == 36 and minimum.proved and minimum.engine == "HiGHS"
    assert held.multipliers == pytest.approx([0, 1.5, 1]) and held.reduced_gradient == pytest.approx([0, 0])
    ranges = held.ranges
    assert ranges.coefficients - ranges.coefficient_decrease == pytest.approx([0, 2])
    assert ranges.coefficients + ranges.coefficient_increase == pytest.approx([7.5, np.inf])
    bounds = np.array([4.0, 12.0, 18.0])
    assert bounds - ranges.bound_decrease == pytest.approx([2, 6, 12]) and bounds + ranges.bound_increase == pytest.approx([np.inf, 18, 24])
    report = problem_report(result)
    assert [line["slack"] for line in report["constraints"]] == [2, 0, 0]
    assert [line["allowable_increase"] for line in report["constraints"]] == pytest.approx([1e30, 6, 6])


def test_a_report_of_whole_numbers_stands_on_its_sheet_without_shadow_prices(tmp_path, capsys):
    path = write(tmp_path / "w.xlsx", WYNDOR, solver=solver("D2", "B1:C1", ("D3:D5", "<=", "E3:E5"), ("B1", "int", ""), goal="max"))
    assert main(["fit", str(path), "-o", str(tmp_path / "o.xlsx"), "--report"]) == 0
    said = capsys.readouterr().out
    assert "B1 int" in said and "whole" in said and "nan" not in said
    with open_workbook(tmp_path / "o.xlsx") as workbook:
        assert "B1 int" in workbook.grid(f"report {SHEET}").values.values()


@pytest.mark.parametrize("formula, kind", [
    ("=2*A1-A2/4+SUM(A1:A3)-AVERAGE(A1:A3)", "linear"), ("=SUMPRODUCT(A1:A3,{1;2;3})+IF(B1>2,A1,A2)", "linear"),
    ("=MMULT({1,2,3},A1:A3)", "linear"), ("=A1*1+A2^1-SUMIF(B1:B3,\">1\",A1:A3)+IFERROR(A1/2,0)+VLOOKUP(2,B1:C3,2,0)*A3", "linear"),
    ("=A1*A2+A3^2", "quadratic"), ("=EXP(A1)+A2*A3", "smooth"), ("=A1/A2", "smooth"), ("=MAX(A1:A3)", "piecewise"),
    ("=IF(A1>2,A2,A3)", "piecewise"), ("=ABS(A1-A2)", "piecewise"), ("=ROUND(A1,0)+A2+A3", "stepwise"), ("=COUNTIF(A1:A3,\">2\")", "piecewise"),
    ("=A1-A1+A2*0+7", "linear")])
def test_what_a_formula_makes_of_a_problem_is_proved(tmp_path, formula, kind):
    cells = {"A1": 1.5, "A2": 2.5, "A3": 3.5, "B1": 1.0, "B2": 2.0, "B3": 3.0, "C1": 4.0, "C2": 5.0, "C3": 6.0, "D1": formula}
    found = posed(write(tmp_path / "w.xlsx", cells, solver=solver("D1", "A1:A3")))
    assert found.kind.sort == kind
    if kind == "linear":
        x = np.array([-3.0, 0.25, 1e3])
        model = found.program.linear
        assert model.cost @ x + model.offset == pytest.approx(found.program.values(x)[0], rel=1e-12)
    else:
        assert found.kind.place == (SHEET, Cell.parse("D1")) and (found.program.linear is None or found.kind.exact or found.program.assumed)


def test_inspect_says_the_kind_and_the_cell_that_makes_it_so(tmp_path, capsys):
    path = write(tmp_path / "w.xlsx", {"A1": 1.0, "A2": 2.0, "B1": "=MAX(A1:A2)", "B2": "=B1+A1"}, solver=solver("B2", "A1:A2", ("A1", "int", "")))
    assert main(["inspect", str(path)]) == 0
    assert f"piecewise with 1 whole number, as '{SHEET}'!B1 takes a maximum" in capsys.readouterr().out


def test_whole_numbers_are_whole_and_optimal(tmp_path):
    """A knapsack that rounding the relaxed optimum misses."""
    weights, worth = [5, 7, 4, 3], [8, 11, 6, 4]
    cells = {**{f"A{n}": 0.0 for n in range(1, 5)}, **{f"B{n}": float(w) for n, w in enumerate(weights, 1)},
             **{f"C{n}": float(w) for n, w in enumerate(worth, 1)}, "D1": "=SUMPRODUCT(A1:A4,C1:C4)", "D2": "=SUMPRODUCT(A1:A4,B1:B4)"}
    result = solved(write(tmp_path / "w.xlsx", cells, solver=solver("D1", "A1:A4", ("D2", "<=", "14"), ("A1:A4", "bin", ""), goal="max")))
    assert result.minimum.x.tolist() == [0, 1, 1, 1] and result.minimum.value == 21 and result.minimum.proved
    assert np.isnan(result.minimum.sensitivity.multipliers).all()      # Excel has no Sensitivity Report there either


def test_the_objective_may_be_a_changing_cell(tmp_path):
    """Minimax: the least bound above two rows."""
    cells = {"B1": 5.0, "B2": 1.0, "B3": 1.0, "B4": "=3*B2+B3", "B5": "=B2+2*B3", "B6": "=B2+B3"}
    result = solved(write(tmp_path / "w.xlsx", cells, solver=solver("B1", "B1:B3", ("B4:B5", "<=", "B1"), ("B6", "=", "2"))))
    assert result.minimum.x == pytest.approx([10 / 3, 2 / 3, 4 / 3]) and result.minimum.proved and not result.notes


def test_an_objective_that_nothing_moves_asks_for_a_point(tmp_path):
    cells = {"A1": 0.0, "A2": 0.0, "B1": "=A1+A2", "C1": 7.0}
    result = solved(write(tmp_path / "w.xlsx", cells, solver=solver("C1", "A1:A2", ("B1", ">=", "3"), ("A1:A2", "<=", "2"))))
    assert result.minimum.x.sum() >= 3 - 1e-9 and "meets all constraints" in result.stop


def test_a_value_is_reached_or_its_nearest_is_proved(tmp_path):
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=2*A1+A2"}
    for target, reached, words in ((7.5, 7.5, "Reached"), (100.0, 30.0, "cannot be reached, 30 is as near")):
        result = solved(write(tmp_path / "w.xlsx", cells, solver=solver("B1", "A1:A2", ("A1:A2", "<=", "10"), goal="value", value=target)))
        assert result.minimum.value == pytest.approx(reached) and words in result.stop


def test_a_sheet_at_its_optimum_is_said_to_be_so_and_stays(tmp_path):
    """Two optima: the sheet's own is not exchanged for the other."""
    cells = {"A1": 1.0, "A2": 3.0, "B1": "=A1+A2"}
    result = solved(write(tmp_path / "w.xlsx", cells, solver=solver("B1", "A1:A2", ("A1", "<=", "4"), ("B1", "<=", "4"), goal="max")))
    assert result.minimum.x.tolist() == [1, 3] and result.stop.startswith("The sheet was already at its optimum")


INFEASIBLE = {"B1": 2.0, "B2": 0.0, "B3": 0.0, "B4": "=B1*.25+B2*.3+B3*.28", "B5": "=B1*15+B2*22+B3*18", "C1": "=B1", "C2": "=B2", "C3": "=B3", "D1": 1.0,
              "D2": "=B1*5"}
WANTED = solver("B4", "B1:B3", ("B5", "<=", "31"), ("C1", ">=", "2"), ("C2", ">=", "1"), ("C3", ">=", "1"), ("D2", "<=", "1000"))


def test_no_point_is_proved_named_by_cells_and_nothing_written(tmp_path, capsys):
    path, out = write(tmp_path / "w.xlsx", INFEASIBLE, solver=WANTED), tmp_path / "o.xlsx"
    assert main(["fit", str(path), "-o", str(out), "--json"]) == 3
    said = capsys.readouterr()
    assert "no point meets all constraints" in said.err and not out.exists() and json.loads(said.out)["error"]
    named = said.err.split("contradict each other: ")[1].split(".")[0]
    assert "B5 <= 31" in named and "D2" not in named and len(named.split(", ")) == 4      # no more than what contradicts


def test_whole_numbers_are_named_where_they_are_what_contradicts(tmp_path, capsys):
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=A1+A2", "B2": "=2*A1+2*A2"}
    for wanted, named in (("7", "B2 = 7, A1:A2 int."), ("-2", "B2 = -2, A1 >= 0, A2 >= 0.")):
        path = write(tmp_path / "w.xlsx", cells, solver=solver("B1", "A1:A2", ("B2", "=", wanted), ("A1:A2", "int", "")))
        assert main(["fit", str(path), "-o", str(tmp_path / "o.xlsx")]) == 3
        assert f"contradict each other: {named}" in capsys.readouterr().err


def test_the_nearest_point_is_written_when_asked_and_is_no_worse_than_the_start(tmp_path):
    path, out = write(tmp_path / "w.xlsx", INFEASIBLE, solver=WANTED), tmp_path / "o.xlsx"
    result = fit_workbook(path, out=out, by_formulas=ByFormulas(write_anyway=True))[SHEET]
    assert not result.minimum.feasible and result.minimum.violation <= 1 and any("is missed by" in note for note in result.notes)


def test_no_end_and_contradicting_bounds_are_proved(tmp_path):
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=A1+A2"}
    with pytest.raises(NoSolution, match="no maximum, it goes on without end"):
        solved(write(tmp_path / "a.xlsx", cells, solver=solver("B1", "A1:A2", goal="max")))
    with pytest.raises(NoSolution, match="A1 must be at least 3 and at most 2: no number can be both"):
        solved(write(tmp_path / "b.xlsx", cells, solver=solver("B1", "A1:A2", ("A1", "<=", "2"), ("A1", ">=", "3"))))
    with pytest.raises(NoSolution, match="no point meets"):    # between two whole numbers
        solved(write(tmp_path / "c.xlsx", cells | {"B2": "=2*A1"}, solver=solver("B1", "A1:A2", ("B2", "=", "5"), ("A1", "int", ""))))


def test_whole_numbers_are_asked_of_changing_cells_alone(tmp_path):
    with pytest.raises(UserError, match="B1 is no changing cell"):
        solved(write(tmp_path / "w.xlsx", {"A1": 1.0, "B1": "=A1"}, solver=solver("B1", "A1", ("B1", "int", ""))))


def test_inspect_says_what_is_made_of_solvers_options(tmp_path, capsys):
    names = solver("B1", "A1", ("A1", "int", "")) | {"rlx": "1", "tol": "0.2", "pre": "0.000001", "msl": "1", "tim": "2147483647"}
    path = write(tmp_path / "w.xlsx", {"A1": 1.0, "B1": "=2*A1"}, solver=names)
    assert main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "'Ignore Integer Constraints' is on, and is honoured" in said and "linear; 1 cell" in said and "'Integer Optimality' is 0.2" in said
    assert "'Use Multistart' is on; here it is --starts 20" in said and "Max Time" not in said and "Precision" not in said


def test_a_long_search_tells_value_gap_nodes_and_the_best_point_and_is_stopped(tmp_path):
    """A market split (Cornuéjols & Dawande 1999), which branch and bound does not end in a second."""
    random, n = np.random.default_rng(4), 40
    weights = random.integers(1, 100, size=(4, n))
    cells = {str(Cell(row, col)): float(weights[row - 2, col - 1]) for row in range(2, 6) for col in range(1, n + 1)}
    cells |= {str(Cell(1, col)): 0.0 for col in range(1, n + 1)}
    cells |= {str(Cell(1, col)): 0.0 for col in range(n + 2, n + 6)}
    cells |= {str(Cell(row, n + 1)): f"=SUMPRODUCT(A1:AN1,A{row}:AN{row})+{Cell(1, n + row)}-{weights[row - 2].sum() // 2}" for row in range(2, 6)}
    cells |= {str(Cell(7, 1)): f"=SUM({Cell(1, n + 2)}:{Cell(1, n + 5)})"}
    changing = f"A1:AN1,{Cell(1, n + 2)}:{Cell(1, n + 5)}"
    problem = posed(write(tmp_path / "w.xlsx", cells, solver=solver("A7", changing, ("AO2:AO5", "=", "0"), ("A1:AN1", "bin", ""))))
    seen, points = [], []

    def on_step(step, x):
        seen.append(step)
        points.append(x())
        return len(seen) == 12
    minimum = minimise(problem.program, on_step=on_step)
    assert minimum.stopped and minimum.feasible and not minimum.proved and "the best so far is kept" in minimum.stop
    assert seen[-1].gap is not None and seen[-1].nodes >= 0 and seen[-1].value >= minimum.value - 1e-6
    values = problem.program.values(points[-1])
    assert problem.program.violation(values[1:]) <= 1e-6 and values[0] == pytest.approx(seen[-1].value)
    assert "from the best" in on_the_way(seen[-1])
