"""Problems without slopes: whole numbers in formulas that are not linear, orders, lookups by what changes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from problem_books import SHEET, solver, write

from pyxl.fit.press_fit import fit_workbook
from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from pyxl.problems.solve import ByFormulas
from pyxl.xlsx import open_workbook
from solver import NoSolution, minimise


def solved(path, **options):
    return fit_workbook(path, by_formulas=ByFormulas(**options))[SHEET].minimum


def posed(path):
    with open_workbook(path) as workbook:
        return pose(workbook, stored_problem(workbook, SHEET))


LOOKUPS = {"A1": 2.0, "A2": 1.0, "C1": 5.0, "C2": 7.0, "C3": 9.0, "D1": 1.0, "D2": 4.0, "D3": 2.0}


@pytest.mark.parametrize("formula, best", [
    ("=INDEX(C1:D3,A1,A2)", 9), ("=INDEX(C1:C3,A1)+A2", 11), ("=CHOOSE(A1,3,8,5)-A2", 7), ("=VLOOKUP(A1*2+3,C1:D3,2,FALSE)*A2", 8),
    ("=ROUND(A1*0.7,0)*A2+COUNTIF(A1:A2,\">1\")", 6), ("=IF(A1>=2,A2*3,10)", 10), ("=MOD(A1*3,4)^A2", 9), ("=A1*A2-(A1-2)^2", 5)])
def test_few_points_are_all_looked_at_and_many_are_computed_as_one_is(tmp_path, formula, best):
    path = write(tmp_path / "w.xlsx", LOOKUPS | {"B1": formula}, solver=solver(
        "B1", "A1:A2", ("A1:A2", "int", ""), ("A1:A2", ">=", "1"), ("A1", "<=", "3"), ("A2", "<=", "2"), goal="max"))
    problem = posed(path).program
    points = np.array(list(itertools.product((1.0, 2.0, 3.0), (1.0, 2.0))))
    assert problem.many(points) == pytest.approx(np.array([problem.values(point) for point in points]))
    minimum = minimise(replace(problem, linear=None))      # HiGHS knows some of them, too
    assert minimum.value == best == problem.many(points)[:, 0].max() and minimum.proved and "every one of" in minimum.stop


def test_no_point_among_all_is_proved(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 1.0, "B1": "=A1^2"}, solver=solver("B1", "A1", ("A1", "int", ""), ("A1", "<=", "5"), ("B1", "=", "7")))
    with pytest.raises(NoSolution, match="every one of"):
        solved(path)


def test_the_shortest_tour_of_points_on_a_circle_is_found(tmp_path):
    """All different: ten places on a circle, of which the order around it is known to be shortest."""
    n, cells = 10, {}
    where = np.random.default_rng(1).permutation(n) * 2 * np.pi / n
    place = np.stack([np.cos(where), np.sin(where)], 1)
    for i in range(n):
        cells[f"A{i + 1}"] = float(i + 1)
        cells |= {f"{chr(68 + j)}{i + 1}": float(np.linalg.norm(place[i] - place[j])) for j in range(n)}
        cells[f"B{i + 1}"] = f"=INDEX($D$1:$M$10,A{i + 1},A{i % (n - 1) + 2 if i < n - 1 else 1})"
    cells["C1"] = "=SUM(B1:B10)"
    path = write(tmp_path / "w.xlsx", cells, solver=solver("C1", "A1:A10", ("A1:A10", "dif", "")))
    minimum = solved(path, seconds=20.0)
    assert sorted(minimum.x.tolist()) == list(range(1, n + 1)) and minimum.value == pytest.approx(2 * n * np.sin(np.pi / n))
    assert not minimum.proved and "not proved" in minimum.stop


def test_whole_and_other_numbers_together_are_polished_by_slopes(tmp_path):
    """min (a − 2.6)² + (b − a/3)²: a = 3, b = 1; no worse than the start, and b by its gradient."""
    path = write(tmp_path / "w.xlsx", {"A1": 0.0, "A2": 5.0, "B1": "=(A1-2.6)^2+EXP((A2-A1/3)^2)"}, solver=solver(
        "B1", "A1:A2", ("A1", "int", ""), ("A1:A2", "<=", "50")))
    minimum = solved(path, seconds=20.0)
    assert minimum.x == pytest.approx([3, 1], abs=1e-5) and minimum.value == pytest.approx(1.16)


def test_a_round_trip_of_16_towns_is_the_shortest(tmp_path):
    """Held against dynamic programming over all subsets (Held & Karp 1962)."""
    n, random = 16, np.random.default_rng(2)
    places = random.random((n, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    cells = {f"A{i}": float(i) for i in range(1, n + 1)} | {f"B{i}": f"=INDEX($D$1:$S$16,A{i},A{i % n + 1})" for i in range(1, n + 1)}
    cells |= {f"{'DEFGHIJKLMNOPQRS'[j]}{i + 1}": float(apart[i, j]) for i in range(n) for j in range(n)} | {"C1": f"=SUM(B1:B{n})"}
    minimum = solved(write(tmp_path / "w.xlsx", cells, solver=solver("C1", f"A1:A{n}", (f"A1:A{n}", "dif", ""))), seconds=2.0)
    assert sorted(minimum.x) == list(range(1, n + 1)) and minimum.value == pytest.approx(shortest(apart), abs=1e-9)


def shortest(apart: np.ndarray) -> float:
    """The length of the shortest round trip."""
    n = len(apart) - 1      # the last town is where it begins
    best = np.full((1 << n, n), np.inf)
    best[1 << np.arange(n), np.arange(n)] = apart[n, :n]
    for visited in range(1, 1 << n):
        inside = np.flatnonzero(visited >> np.arange(n) & 1)
        for last in inside[: len(inside) if len(inside) > 1 else 0]:
            best[visited, last] = (best[visited ^ 1 << last] + apart[:n, last]).min()
    return float((best[-1] + apart[:n, n]).min())
