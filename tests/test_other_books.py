"""Twins of models that other people's workbooks hold, each of a kind that went wrong once."""

from __future__ import annotations

import math

import pytest
from problem_books import SHEET, solver, write

from pyxl import open_workbook
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from solver import minimise


def found(tmp_path, cells, names):
    with open_workbook(write(tmp_path / "w.xlsx", cells, solver=names)) as book:
        posed = pose(book, stored_problem(book, SHEET))
    return posed, minimise(posed.program)


@pytest.mark.parametrize("formula, best", [
    ("=SQRT(A1)+2*SQRT(A2)", math.sqrt(500)), ("=A1^0.6*A2^0.4", 60 ** 0.6 * 40 ** 0.4)])
def test_roots_and_powers_that_begin_at_0_get_away_from_there(tmp_path, formula, best):
    _, minimum = found(tmp_path, {"A1": 0.0, "A2": 0.0, "B1": formula, "B2": "=A1+A2"}, solver("B1", "A1:A2", ("B2", "<=", "100"), goal="max"))
    assert minimum.value == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("condition, wanted", [("=(A1+A2>=5)*1", "1"), ("=A1+A2>=5", "TRUE")])
def test_a_condition_without_slopes_is_met_in_cells_without_bounds(tmp_path, condition, wanted):
    posed, minimum = found(tmp_path, {"A1": 0.0, "A2": 0.0, "B1": condition, "B2": "=3*A1+2*A2"}, solver("B2", "A1:A2", ("B1", "=", "1")) | {"rhs1": wanted})
    assert minimum.feasible and minimum.value == pytest.approx(10) and not minimum.proved and posed.program.assumed


@pytest.mark.parametrize("formula", ["=A1*10-A1*LOOKUP(A1,C1:C3,D1:D3)-A1^2*0.01", "=A1*10-A1*VLOOKUP(A1,C1:D3,2)-A1^2*0.01",
                                     "=A1*10-A1*INDEX(D1:D3,MATCH(A1,C1:C3,1))-A1^2*0.01"])
def test_prices_by_quantity_are_looked_up_by_a_changing_cell(tmp_path, formula):
    """9 up to 49, 8 up to 199, then 7: 200 pieces bring 200·(10 − 7) − 400."""
    posed, minimum = found(tmp_path, {"A1": 10.0, "C1": 0.0, "C2": 50.0, "C3": 200.0, "D1": 9.0, "D2": 8.0, "D3": 7.0, "B1": formula},
                           solver("B1", "A1", ("A1", "<=", "500"), ("A1", "int", ""), goal="max"))
    assert minimum.value == 200 and minimum.x.tolist() == [200] and minimum.proved
    assert not any("point by point" in note for note in posed.notes)


def test_a_match_that_changes_equals_the_sheets_own(tmp_path):
    keys = {f"C{n}": value for n, value in enumerate((3.0, 1.0, 7.0, 7.0, 5.0), 1)}
    for how in ("0", "1"):
        ordered = dict(zip(keys, sorted(keys.values()))) if how == "1" else keys
        posed, minimum = found(tmp_path, ordered | {"A1": 1.0, "B1": f"=IFERROR(MATCH(A1,C1:C5,{how}),9)"}, solver("B1", "A1", ("A1", "<=", "9"), ("A1", "int", "")))
        values = posed.program.many(posed.program.low + [[float(n)] for n in range(10)])[:, 0]
        numbers = list(ordered.values())
        assert values.tolist() == [next((i for i, key in enumerate(numbers, 1) if key == n), 9) if how == "0" else
                                   sum(key <= n for key in numbers) or 9 for n in range(10)]


def test_slopes_do_not_have_the_last_word_where_a_formula_jumps(tmp_path):
    """Each number above 2 brings 5: the slopes of EXP alone lead to 0."""
    _, minimum = found(tmp_path, {"A1": 1.0, "A2": 1.0, "A3": 1.0, "B1": '=5*COUNTIF(A1:A3,">=2")-EXP(SUM(A1:A3)/4)'},
                       solver("B1", "A1:A3", ("A1:A3", "<=", "9"), goal="max"))
    assert minimum.value == pytest.approx(15 - math.exp(1.5), rel=1e-3)
