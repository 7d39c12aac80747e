"""The linear and discrete examples: their optimum is known by other means, and the sheet says so when LibreOffice recalculates it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from pyxl import fit_workbook, open_workbook
from pyxl.grid.cells import Range
from workbook.examples import write_examples


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return {path.stem: path for path in write_examples(tmp_path_factory.mktemp("examples"))}


def numbers(path, where: str) -> np.ndarray:
    with open_workbook(path) as workbook:
        return np.array(workbook.grid(workbook.sheets[0]).block(Range.parse(where)), dtype=float)


def blending(path) -> float:
    """A linear program from the table's numbers."""
    (there, octane, cost), (wanted, least, price) = numbers(path, "F6:H9").T, numbers(path, "B11:D13")
    gain = (price[None, :] - cost[:, None]).ravel()
    used, blended = np.kron(np.eye(4), np.ones(3)), np.kron(np.ones(4), np.eye(3))
    spare = np.kron(octane, np.eye(3)) - least[:, None] * blended
    return -linprog(-gain, np.vstack([used, blended, -spare]), np.concatenate([there, wanted, np.zeros(3)])).fun


def staff_schedule(path) -> float:
    works, wages, needed = numbers(path, "B6:H12"), numbers(path, "J6:J12")[:, 0], numbers(path, "B15:H15")[0]
    return milp(wages, constraints=LinearConstraint(works.T, needed), integrality=np.ones(7), options={"mip_rel_gap": 0}).fun


def knapsack(path) -> float:
    """By weights, one after the other (Bellman 1957)."""
    best, holds = np.zeros(2501), 2500
    for weight, worth in numbers(path, "B6:C145"):
        best[int(weight):] = np.maximum(best[int(weight):], best[:holds + 1 - int(weight)] + worth)
    return best[holds]


def k_median(path) -> float:
    """Of every three depots the nearest to each town."""
    way, orders = numbers(path, "D6:H37"), numbers(path, "C6:C37")[:, 0]
    return min(float(orders @ way[:, three].min(axis=1)) for three in combinations(range(5), 3))


def round_trip(path) -> float:
    """Whole numbers on all roads, and a row more for every circle that leaves towns out (Dantzig, Fulkerson & Johnson 1954)."""
    n = 25
    apart, (i, j) = numbers(path, "H6:AF30"), np.triu_indices(n, 1)
    rows, low, high = [(i == town) | (j == town) for town in range(n)], [2.0] * n, [2.0] * n
    while True:
        found = milp(apart[i, j], constraints=LinearConstraint(np.array(rows, dtype=float), low, high), bounds=Bounds(0, 1),
                     integrality=np.ones(len(i)), options={"mip_rel_gap": 0})
        roads = found.x > 0.5
        circle, grown = {0}, True
        while grown:
            more = set(i[roads & np.isin(j, list(circle))]) | set(j[roads & np.isin(i, list(circle))])
            grown = not more <= circle
            circle |= more
        if len(circle) == n:
            return found.fun
        inside = np.isin(i, list(circle)) & np.isin(j, list(circle))
        rows.append(inside)
        low.append(0.0)
        high.append(len(circle) - 1.0)


OPTIMA = {"blending": blending, "staff_schedule": staff_schedule, "knapsack": knapsack, "k_median": k_median, "round_trip": round_trip}


@pytest.mark.parametrize("name", OPTIMA)
def test_the_optimum_known_by_other_means_is_reached_and_is_the_sheets_own(name, examples, office, tmp_path):
    path, out = examples[name], tmp_path / "solved.xlsx"
    result, = fit_workbook(path, out=out).values()
    minimum = result.minimum
    assert minimum.value == pytest.approx(OPTIMA[name](path), rel=1e-9) and minimum.feasible and not result.notes
    assert minimum.proved == (name != "round_trip")     # a search by generations proves nothing
    sheet, cell = result.posed.problem.objective
    value = office.recalculate(out, {sheet: [str(cell)]})[sheet][str(cell)][0][0]
    assert value == pytest.approx(minimum.value, abs=1e-9)
