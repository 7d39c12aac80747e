"""MIN, MAX, ABS, IF and comparisons of linear formulas, said by whole numbers: proved optima, held against every point there is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_books import SHEET, solver, write
from scipy.optimize import linear_sum_assignment

from pyxl import open_workbook
from pyxl.__main__ import main
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from solver import NoSolution, minimise

CELLS = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": 1.0, "B2": 2.0, "B3": 3.0}


def posed(path):
    with open_workbook(path) as workbook:
        return pose(workbook, stored_problem(workbook, SHEET))


def found(tmp_path, cells, names):
    problem = posed(write(tmp_path / "w.xlsx", CELLS | cells, solver=names))
    return problem, minimise(problem.program)


def test_the_least_of_the_largest_needs_no_whole_number(tmp_path):
    problem, minimum = found(tmp_path, {"D1": "=MAX(A1:A3)", "D2": "=SUM(A1:A3)"}, solver("D1", "A1:A3", ("D2", "=", "10")))
    assert problem.kind.exact and not problem.program.linear.whole.any() and not problem.notes
    assert minimum.value == pytest.approx(10 / 3) and minimum.proved and minimum.engine == "HiGHS"


@pytest.mark.parametrize("formula, constraints, goal, best", [
    ("=SUMPRODUCT(A1:A3,B1:B3)+IF(A1>0,50,0)+IF(A2>0,5,0)", [("D2", ">=", "10"), ("A1:A3", "<=", "8")], "min", 27),     # fixed charges
    ("=IF(A1>=100,A1*0.9,A1)+A2*0.95", [("D2", "=", "150"), ("A3", "=", "0")], "min", 135),                     # a discount
    ("=MAX(A1:A3)-A1", [("D2", "=", "10")], "max", 10), ("=ABS(A1-3)+ABS(A2-A1)-A3", [("D2", "<=", "10")], "min", -7),
    ("=IF(AND(A1>=2,A2<=1),A3,0)", [("D2", "<=", "10")], "max", 8),
    ("=IF(OR(A1>=2,A2=1),A3,0)-A1-A2", [("D2", "<=", "10"), ("A1:A3", "int", "")], "max", 8),
    ("=SUMPRODUCT(--(A1:A3>=2),B1:B3)", [("D2", "<=", "5")], "max", 5),
    ("=A1*A2+A2*A3-A1*A3*2", [("A1:A3", "bin", "")], "max", 1)])
def test_what_formulas_choose_is_brought_to_its_optimum(tmp_path, formula, constraints, goal, best):
    problem, minimum = found(tmp_path, {"D1": formula, "D2": "=SUM(A1:A3)"}, solver("D1", "A1:A3", *constraints, goal=goal))
    assert problem.kind.exact and minimum.proved and minimum.value == pytest.approx(best, abs=1e-5)


def test_a_missing_bound_is_named_and_the_search_goes_another_way(tmp_path):
    problem, _ = found(tmp_path, {"D1": "=MAX(A1,2)"}, solver("D1", "A1:A2", ("A2", "<=", "4"), goal="max"))
    assert any("With an upper bound of A1 the optimum could be proved" in note for note in problem.notes) and not problem.kind.exact


def test_rows_give_the_bounds_that_cells_have_not(tmp_path):
    problem, minimum = found(tmp_path, {"D1": "=MAX(A1,A2)-2*ABS(A1-A2)", "D2": "=A1+2*A2"}, solver("D1", "A1:A2", ("D2", "<=", "12"), goal="max"))
    assert problem.kind.exact and minimum.value == pytest.approx(4) and minimum.proved


def test_what_contradicts_is_named_without_our_own_rows(tmp_path, capsys):
    path = write(tmp_path / "w.xlsx", CELLS | {"D1": "=ABS(A1-A2)", "D2": "=A1+A2", "D3": "=MAX(A1,A2)"},
                 solver=solver("D1", "A1:A2", ("D2", ">=", "10"), ("D3", "<=", "4")))
    assert main(["fit", str(path), "-o", str(tmp_path / "o.xlsx")]) == 3
    assert "contradict each other: D2 >= 10, D3 <= 4." in capsys.readouterr().err


def test_inspect_says_that_it_can_be_said_exactly(tmp_path, capsys):
    path = write(tmp_path / "w.xlsx", CELLS | {"D1": "=MAX(A1:A3)"}, solver=solver("D1", "A1:A3"))
    assert main(["inspect", str(path)]) == 0
    assert "takes a maximum, said exactly by a linear model" in capsys.readouterr().out


_linear = st.lists(st.integers(-3, 3), min_size=4, max_size=4).map(lambda c: f"({c[0]}*A1+{c[1]}*A2+{c[2]}*A3+{c[3]})")
_truth = st.tuples(_linear, st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), _linear).map("".join)
_truths = st.one_of(_truth, st.tuples(st.sampled_from(["AND", "OR"]), _truth, _truth).map(lambda t: f"{t[0]}({t[1]},{t[2]})"),
                    _truth.map(lambda t: f"NOT({t})"))
_value = st.recursive(_linear, lambda inner: st.one_of(
    st.tuples(st.sampled_from(["MAX", "MIN"]), inner, inner).map(lambda t: f"{t[0]}({t[1]},{t[2]})"), inner.map(lambda t: f"ABS({t})"),
    st.tuples(_truths, inner, inner).map(lambda t: f"IF({t[0]},{t[1]},{t[2]})"), st.tuples(inner, inner).map(lambda t: f"({t[0]}-{t[1]})"),
    st.tuples(_truth, inner).map(lambda t: f"({t[0]})*({t[1]})")), max_leaves=4)
POINTS = np.array(list(product(range(4), repeat=3)), dtype=float)


@settings(max_examples=40, deadline=None)
@given(objective=_value, row=_value, bound=st.integers(-4, 4), goal=st.sampled_from(["min", "max"]))
def test_random_piecewise_books_end_where_the_best_of_all_points_is(tmp_path_factory, objective, row, bound, goal):
    path = write(tmp_path_factory.mktemp("random") / "w.xlsx", CELLS | {"D1": f"={objective}", "D2": f"={row}"},
                 solver=solver("D1", "A1:A3", ("A1:A3", "<=", "3"), ("A1:A3", "int", ""), ("D2", "<=", str(bound)), goal=goal))
    try:
        problem = posed(path)
    except NoSolution:     # a row that nothing moves
        return
    values = problem.program.many(POINTS)
    met = values[:, 0][np.array([problem.program.violation(c) <= 1e-9 for c in values[:, 1:]])]
    minimum = minimise(problem.program)
    if not len(met):
        assert minimum.none == "infeasible"
    else:
        assert minimum.proved and minimum.value == pytest.approx(met.min() if goal == "min" else met.max(), abs=1e-6)


LISTS = CELLS | {f"E{n}": value for n, value in enumerate((4.0, 9.0, 1.0, 7.0, 3.0), 1)} | {f"F{n}": 2.0 * n - 1 for n in range(1, 6)} | {"D2": "=SUM(A1:A3)"}


@pytest.mark.parametrize("formula, goal", [
    ("=INDEX(E1:E5,A1)+INDEX(E1:E5,A2)*2-A3", "max"), ("=VLOOKUP(A1,F1:F5,1,TRUE)*2-A2+MATCH(A3,F1:F5,1)", "min"), ("=CHOOSE(A1,5,2,8,1,4)-A2*A2+A3", "max"),
    ("=ROUND(A1*0.4,0)*3-INT(A2/2)+A3", "min"), ("=ROUNDUP((A1+A2)/3,0)*5+ROUNDDOWN(A3*0.3+A1,0)-2*A1", "min"), ("=INT((A1-A2)/2)-ROUND((A2+A3)/4,1)", "max"),
    ("=INT(A1-2*A2+A3/3)*2-TRUNC(A1*0.7+A2*0.2)", "max"), ("=IF(A1>2,INDEX(E1:E5,A2),A3)", "max")])
def test_what_rounds_or_looks_up_by_whole_numbers_is_proved_and_is_the_best_of_all_points(tmp_path, formula, goal):
    names = solver("D1", "A1:A3", ("A1:A3", ">=", "1"), ("A1:A3", "<=", "5"), ("A1:A3", "int", ""), ("D2", "<=", "11"), goal=goal)
    problem = posed(write(tmp_path / "w.xlsx", LISTS | {"D1": formula}, solver=names))
    values = problem.program.many(np.array(list(product(range(1, 6), repeat=3)), dtype=float))
    met = values[values[:, 1] <= 11, 0]
    minimum = minimise(problem.program)
    assert problem.kind.exact or "A2*A2" in formula
    assert minimum.proved and minimum.value == pytest.approx(met.min() if goal == "min" else met.max())


def test_what_is_bought_by_the_box_needs_no_bound(tmp_path):
    """Boxes of 12 for two orders that need not be whole: ROUNDUP of a sum, made small."""
    problem, minimum = found(tmp_path, {"D1": "=ROUNDUP((A1+A2)/12,0)*30+A1*2+A2*3", "D2": "=A1+A2"}, solver("D1", "A1:A2", ("D2", ">=", "25"), ("A1", "<=", "20")))
    assert problem.kind.exact and minimum.proved and minimum.value == pytest.approx(3 * 30 + 20 * 2 + 5 * 3)


def test_orders_that_are_linear_in_who_has_which_place_are_assignments(tmp_path):
    """Six workers, six jobs, each done by one: SUM of INDEX by a cell, where all cells are different."""
    n, random = 6, np.random.default_rng(1)
    cost = random.integers(1, 60, (n, n))
    cells = {f"A{i}": float(i) for i in range(1, n + 1)} | {f"{'CDEFGH'[j]}{i + 1}": float(cost[i, j]) for i in range(n) for j in range(n)}
    cells |= {f"B{i}": f"=INDEX(C{i}:H{i},A{i})" for i in range(1, n + 1)} | {"J1": f"=SUM(B1:B{n})"}
    problem = posed(write(tmp_path / "w.xlsx", cells, solver=solver("J1", f"A1:A{n}", (f"A1:A{n}", "dif", ""))))
    minimum = minimise(problem.program)
    rows, places = linear_sum_assignment(cost)
    assert problem.kind.exact and minimum.proved and minimum.value == cost[rows, places].sum() and sorted(minimum.x) == list(range(1, n + 1))
