"""Lookups, CHOOSE and errors that are caught, proved by HiGHS and held against every point there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from problem_books import SHEET, solver, write

from pyxl import fit_workbook, open_workbook
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose

TABLE = {1: 4.0, 3: 9.0, 4: 11.0, 7: 30.0}
KEYS = {address: value for row, (key, found) in enumerate(TABLE.items(), 2) for address, value in ((f"D{row}", float(key)), (f"E{row}", found))}


def solved(path, cells, *names, **more):
    minimum = fit_workbook(write(path, cells, solver=solver(*names, **more)))[SHEET].minimum
    assert minimum.feasible
    return minimum


@pytest.mark.parametrize("formula, otherwise", [
    ("IFERROR(VLOOKUP({a},$D$2:$E$5,2,FALSE),{o})", None), ("IFNA(INDEX($E$2:$E$5,MATCH({a},$D$2:$D$5,0)),{o})", None),
    ("IF(ISNA(MATCH({a},$D$2:$D$5,0)),{o},INDEX($E$2:$E$5,MATCH({a},$D$2:$D$5,0)))", None), ("IF({a}=0,{o},VLOOKUP({a},$D$2:$E$5,2,FALSE))", "error")])
@pytest.mark.parametrize("start", [1.0, 0.0])
def test_an_error_that_is_caught_elsewhere_counts(tmp_path, formula, otherwise, start):
    """Where the lookup fails, the other number may be the better one, also where it succeeds at the start."""
    others, most = (0.0, 25.0, 12.0), 12
    cells = KEYS | {f"A{n}": start for n in range(1, 4)} | {f"B{n}": "=" + formula.format(a=f"A{n}", o=other) for n, other in enumerate(others, 1)}
    cells |= {"C1": "=B1+2*B2+B3-A1-A2-A3", "C2": "=SUM(A1:A3)"}
    found = solved(tmp_path / "w.xlsx", cells, "C1", "A1:A3", ("A1:A3", "<=", "9"), ("A1:A3", "int", ""), ("C2", "<=", str(most)), goal="max")

    def value(a, other):
        return TABLE.get(a, other if otherwise is None or a == 0 else None)
    best = max(b[0] + 2 * b[1] + b[2] - sum(at) for at in itertools.product(range(10), repeat=3) if sum(at) <= most
               and None not in (b := [value(a, other) for a, other in zip(at, others)]))
    assert found.proved and found.engine == "HiGHS" and found.value == pytest.approx(best)


@pytest.mark.parametrize("formula", ["VLOOKUP(A1,D2:E5,2)", "LOOKUP(A1,D2:D5,E2:E5)", "INDEX(E2:E5,MATCH(A1,D2:D5))", "MATCH(A1,D2:D5,1)*3"])
def test_the_nearest_key_of_a_number_that_is_not_whole(tmp_path, formula):
    """A price that changes with the quantity: the quantity times what is found, and a value below the first key is none."""
    cells = KEYS | {"A1": 2.0, "A2": 1.0, "B1": f"={formula}", "C1": "=A1*B1-9*A1-A2", "C2": "=A1+A2"}
    found = solved(tmp_path / "w.xlsx", cells, "C1", "A1:A2", ("A1:A2", "<=", "9"), ("C2", ">=", "3.5"), goal="min")
    grid = np.concatenate([np.arange(1, 9.01, 0.0625), np.array([3, 4, 7]) - 1e-5])      # the best may be just before a key
    values = np.array([3.0 * (np.searchsorted([1, 3, 4, 7], a, "right")) if "*3" in formula else list(TABLE.values())[np.searchsorted([1, 3, 4, 7], a, "right") - 1]
                       for a in grid])
    best = np.min(grid * values - 9 * grid - 9)     # C2 asks for no more than A2 = 9 meets
    assert found.proved and found.engine == "HiGHS" and found.value == pytest.approx(best, abs=1e-3)
    assert found.x[0] >= 1 - 1e-9


def test_the_branches_of_choose_may_change_too(tmp_path):
    cells = {"A1": 1.0, "A2": 0.0, "B1": "=CHOOSE(A1,3*A2,20-A2,5+0.5*A2)", "B2": "=A1+A2"}
    found = solved(tmp_path / "w.xlsx", cells, "B1", "A1:A2", ("A1", "<=", "3"), ("A1", "int", ""), ("B2", "<=", "8"), goal="max")
    assert found.proved and found.value == pytest.approx(21) and found.x == pytest.approx([1, 7])


def test_two_lookups_that_choose_by_another_cell(tmp_path):
    """An IF between a lookup and a number by another 0/1 cell."""
    cells = KEYS | {"A1": 1.0, "A2": 1.0, "B1": "=IF(A2=1,VLOOKUP(A1,D2:E5,2),10)-2*A1-5*A2"}
    found = solved(tmp_path / "w.xlsx", cells, "B1", "A1:A2", ("A1", ">=", "1"), ("A1", "<=", "9"), ("A1", "int", ""), ("A2", "bin", ""), goal="max")
    assert found.proved and found.value == pytest.approx(30 - 14 - 5)


def test_what_is_linear_under_iferror_stays_linear(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 1.0, "A2": 1.0, "B1": "=IFERROR(A1*3+A2,0)", "B2": "=IF(ISNUMBER(A1),A1,0)+A2"},
                 solver=solver("B1", "A1:A2", ("B2", "<=", "5"), goal="max"))
    with open_workbook(path) as book:
        assert pose(book, stored_problem(book, SHEET)).kind.sort == "linear"


def test_isna_and_ifna_see_what_a_lookup_misses(tmp_path):
    path = write(tmp_path / "w.xlsx", KEYS | {"A1": 1.0, "B1": "=IFNA(VLOOKUP(A1,D2:E5,2,FALSE),-1)+10*ISNA(MATCH(A1,D2:D5,0))"},
                 solver=solver("B1", "A1", ("A1", "<=", "9"), ("A1", "int", "")))
    with open_workbook(path) as book:
        program = pose(book, stored_problem(book, SHEET)).program
        assert [program.values(np.array([x]))[0] for x in (1.0, 2.0, 7.0)] == [4, 9, 30]
