"""Convex problems are proved, whole numbers in them too; a search that ends nowhere begins elsewhere."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_books import SHEET, solver, write

from pyxl import open_workbook
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from solver import minimise

PORTFOLIO = {"A1": 0.04, "B1": 0.006, "C1": 0.002, "A2": 0.006, "B2": 0.09, "C2": 0.01, "A3": 0.002, "B3": 0.01, "C3": 0.01,
             "A5": 0.3, "B5": 0.3, "C5": 0.4, "A6": 0.08, "B6": 0.12, "C6": 0.05, "A8": 0.0, "B8": 0.0, "C8": 0.0,
             "E1": "=SUM(A5:C5)", "E2": "=SUMPRODUCT(A5:C5,A6:C6)", "E3": "=SUMPRODUCT(MMULT(A5:C5,A1:C3),A5:C5)", "E4": "=SQRT(E3)",
             "E5": "=SUM(A8:C8)"}
WISHES = (("E1", "=", "1"), ("E2", ">=", "0.08"))


def posed(path):
    with open_workbook(path) as book:
        return pose(book, stored_problem(book, SHEET))


@pytest.mark.parametrize("objective, best", [("E3", 0.01700784032), ("E4", 0.01700784032 ** 0.5)])
def test_the_least_variance_is_proved_and_its_root_too(tmp_path, objective, best):
    problem = posed(write(tmp_path / "w.xlsx", PORTFOLIO, solver=solver(objective, "A5:C5", *WISHES)))
    minimum = minimise(problem.program)
    assert minimum.proved and minimum.value == pytest.approx(best, rel=1e-7) and minimum.bound <= minimum.value + 1e-12
    assert "convex" in minimum.stop


def test_a_portfolio_of_at_most_two_papers_is_proved(tmp_path):
    """Generations of points ended at 0.0302."""
    problem = posed(write(tmp_path / "w.xlsx", PORTFOLIO, solver=solver(
        "E3", "A5:C5,A8:C8", *WISHES, ("A8:C8", "bin", ""), ("A5:C5", "<=", "A8:C8"), ("E5", "<=", "2"))))
    minimum = minimise(problem.program)
    assert minimum.proved and minimum.engine == "HiGHS" and minimum.value == pytest.approx(0.0246938776, rel=1e-7)


def test_what_is_not_convex_is_not_proved(tmp_path):
    problem = posed(write(tmp_path / "w.xlsx", PORTFOLIO, solver=solver("E3", "A5:C5", *WISHES, goal="max")))
    assert problem.program.convex is None and not minimise(problem.program).proved


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=13, max_size=13))
def test_whole_numbers_in_squares_equal_all_points(tmp_path_factory, numbers):
    a, b, (c, d, e, f) = numbers[:6], numbers[6:9], numbers[9:]
    objective = (f"=({a[0]}*A1+{a[1]}*A2+{a[2]}*A3-{b[0]})^2+({a[3]}*A1+{a[4]}*A2+{a[5]}*A3-{b[1]})^2+(A1-{b[2]})^2+{c}*A1+{d}*A2+{e}*A3")
    path = write(tmp_path_factory.mktemp("squares") / "w.xlsx", {"A1": 0.0, "A2": 0.0, "A3": 0.0, "D1": objective, "D2": f"=A1+{f}*A2-A3"},
                 solver=solver("D1", "A1:A3", ("A1:A3", "<=", "4"), ("A1:A3", "int", ""), ("D2", "<=", "3")))
    program = posed(path).program
    points = np.array(list(product(range(5), repeat=3)), dtype=float)
    values = program.many(points)
    best = values[:, 0][values[:, 1] <= 3].min() if values.shape[1] > 1 else values[:, 0].min()
    minimum = minimise(program)
    assert minimum.proved and minimum.value == pytest.approx(best, abs=1e-6)


def test_a_start_that_leads_nowhere_is_left(tmp_path):
    """A1² + A2² = 25 where A1·A2 = 12: from (1, 1) both slopes are the same, and 24 was as near as it came."""
    problem = posed(write(tmp_path / "w.xlsx", {"A1": 1.0, "A2": 1.0, "B1": "=A1^2+A2^2", "B2": "=A1*A2"},
                          solver=solver("B1", "A1:A2", ("B2", "=", "12"), goal="value", value=25)))
    minimum = minimise(problem.program)
    assert sorted(minimum.x) == pytest.approx([3, 4]) and minimum.stop.startswith("From another start")


def test_bins_by_number_are_packed_by_sumif_and_proved(tmp_path):
    weights = (26, 37, 45, 12, 33, 48, 29, 41)
    cells = {f"A{n}": float(w) for n, w in enumerate(weights, 1)} | {f"B{n}": 1.0 for n in range(1, 9)} | {
        f"C{n}": float(n) for n in range(1, 5)} | {f"D{n}": f"=SUMIF($B$1:$B$8,C{n},$A$1:$A$8)" for n in range(1, 5)} | {
        f"E{n}": f"=IF(D{n}>0,1,0)" for n in range(1, 5)} | {"F1": "=SUM(E1:E4)", "F2": '=COUNTIF(B1:B8,">=3")'}
    problem = posed(write(tmp_path / "w.xlsx", cells, solver=solver(
        "F1", "B1:B8", ("D1:D4", "<=", "100"), ("B1:B8", "int", ""), ("B1:B8", ">=", "1"), ("B1:B8", "<=", "4"), ("F2", "<=", "3"))))
    minimum = minimise(problem.program)
    assert minimum.proved and minimum.value == 3 and minimum.engine == "HiGHS"


def test_a_convex_problem_whose_whole_numbers_meet_no_constraint_says_so(tmp_path):
    """Tangents find no point, so generations search, and polish the numbers that need not be whole: this ended in a TypeError."""
    problem = posed(write(tmp_path / "w.xlsx", {"A1": 0.0, "A2": 0.0, "B1": "=(A1-1)^2+(A2-1)^2", "B2": "=2*A1"},
                          solver=solver("B1", "A1:A2", ("A1", "int", ""), ("B2", "=", "1"), ("A1:A2", "<=", "3"))))
    minimum = minimise(problem.program, seconds=0.5)
    assert not minimum.proved and not minimum.feasible
