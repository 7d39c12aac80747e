"""The Limits Report: how far each changing cell may go by itself, and the objective there."""

from __future__ import annotations

import math

import numpy as np
import openpyxl
import pytest
from problem_books import solver, write

from pyxl import fit_workbook
from pyxl.problems.reports.report import LIMITS, problem_report
from pyxl.problems.solve import ByFormulas
from solver import limits_at

# Wyndor Glass (Hillier & Lieberman, section 3.1): the optimum is (2, 6)
WYNDOR = {"B1": 0.0, "C1": 0.0, "D2": "=3*B1+5*C1", "D3": "=B1", "D4": "=2*C1", "D5": "=3*B1+2*C1"}
ROWS = (("D3", "<=", "4"), ("D4", "<=", "12"), ("D5", "<=", "18"))


def limits_of(path, **more):
    solved, = fit_workbook(path, by_formulas=ByFormulas(report=True), **more).values()
    return [[cell[name] for name in LIMITS] for cell in problem_report(solved)["cells"]]


def test_of_a_linear_model_they_are_told_and_stand_on_the_sheet(tmp_path):
    path, out = write(tmp_path / "w.xlsx", WYNDOR, solver=solver("D2", "B1:C1", *ROWS, goal="max")), tmp_path / "out.xlsx"
    # by hand: with C1 = 6 at most 3 B1 <= 6; with B1 = 2 at most 2 C1 <= 12
    assert limits_of(path, out=out) == [pytest.approx([0, 30, 2, 36]), pytest.approx([0, 6, 6, 36])]
    rows = list(openpyxl.load_workbook(out)["report my sheet"].iter_rows(values_only=True))
    start = next(n for n, row in enumerate(rows) if str(row[0]).startswith("Limits"))
    assert rows[start + 1][:6] == ("cell", "value", "lower limit", "objective there", "upper limit", "objective there")
    assert rows[start + 2][1:6] == pytest.approx((2, 0, 30, 2, 36))


def test_without_a_report_none_are_looked_for(tmp_path):
    path = write(tmp_path / "w.xlsx", WYNDOR, solver=solver("D2", "B1:C1", *ROWS, goal="max"))
    solved, = fit_workbook(path).values()
    assert solved.limits is None and LIMITS[0] not in problem_report(solved)["cells"][0]


def test_of_smooth_formulas_and_where_nothing_ends(tmp_path):
    cells = {"A1": 1.0, "B1": 0.5, "C1": 0.0, "D1": "=(A1-0.6)^2+(B1-0.8)^2+(C1-1)^2", "D2": "=A1^2+B1^2"}
    path = write(tmp_path / "w.xlsx", cells, solver=solver("D1", "A1:C1", ("D2", "<=", "4"), ("C1", "<=", "7"), non_negative=False))
    a, b, c = limits_of(path)
    assert a == pytest.approx([-math.sqrt(4 - 0.64), (math.sqrt(3.36) + 0.6) ** 2, math.sqrt(3.36), (math.sqrt(3.36) - 0.6) ** 2], abs=1e-5)
    assert b[2] == pytest.approx(math.sqrt(4 - 0.36), abs=1e-6)
    assert c[:2] == [None, None] and c[2:] == pytest.approx([7, 36], abs=1e-5)


def test_whole_numbers_stay_whole_and_an_order_stays(tmp_path):
    cells = {"A1": 0.0, "B1": 0.0, "C1": "=5*A1+4*B1", "C2": "=6*A1+4*B1"}
    path = write(tmp_path / "whole.xlsx", cells, solver=solver("C1", "A1:B1", ("C2", "<=", "21"), ("A1:B1", "int", ""), goal="max"))
    solved, = fit_workbook(path, by_formulas=ByFormulas(report=True)).values()
    (x, y), limits = solved.minimum.x, solved.limits
    assert 5 * x + 4 * y == 20 and limits.low.tolist() == [0, 0]
    assert limits.high.tolist() == [(21 - 4 * y) // 6, (21 - 6 * x) // 4]
    order = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": 5.0, "B2": 1.0, "B3": 3.0, "C1": "=SUMPRODUCT(A1:A3,B1:B3)"}
    solved, = fit_workbook(write(tmp_path / "order.xlsx", order, solver=solver("C1", "A1:A3", ("A1:A3", "dif", ""))),
                           by_formulas=ByFormulas(report=True)).values()
    assert solved.minimum.x.tolist() == [1, 3, 2] == solved.limits.low.tolist() == solved.limits.high.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_what_the_formulas_say_on_both_sides_of_a_limit(tmp_path, seed):
    """Random quadratic constraints: a little inside of a limit all are met, a little outside one is missed."""
    random = np.random.default_rng(seed)
    cells = {f"A{n}": 0.1 for n in range(1, 4)}
    for row in range(1, 4):
        p = random.uniform(-1, 1, 3)
        cells[f"C{row}"] = "=" + "+".join(f"({p[n - 1]:.6f})*A{n}+0.3*(A{n}-{random.uniform(-1, 1):.6f})^2" for n in range(1, 4))
    cells["D1"] = "=EXP(A1)-A2+A3^2"
    path = write(tmp_path / "w.xlsx", cells, solver=solver("D1", "A1:A3", ("C1:C3", "<=", "3"), non_negative=False))
    solved, = fit_workbook(path, by_formulas=ByFormulas(report=True)).values()
    program, x, limits = solved.posed.program, solved.minimum.x, limits_at(solved.posed.program, solved.minimum.x)
    for n in range(3):
        for end, out in ((limits.low[n], -1e-5), (limits.high[n], 1e-5)):
            beyond, within = x.copy(), x.copy()
            beyond[n], within[n] = end + out, end - out if abs(end - x[n]) > 1e-4 else end
            assert program.violation(program.values(beyond)[1:]) > 1e-7
            assert program.violation(program.values(within)[1:]) < 1e-6
