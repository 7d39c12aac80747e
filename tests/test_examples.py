"""The example workbooks, solved by their formulas: against scipy on the same problem stated in Python, and LibreOffice."""

from __future__ import annotations

import re
from zipfile import ZipFile

import numpy as np
import pytest
from scipy.optimize import minimize

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Range, quoted
from pyxl.grid.stored_problem import stored_problem
from solver import UserError
from workbook.examples import NAMES, write_examples
from workbook.examples.make_examples import make_example


def block(path, sheet: str, where: str) -> np.ndarray:
    with open_workbook(path) as book:
        return np.array(book.grid(sheet).block(Range.parse(where)), dtype=float)


def by_rosenbrock(path):
    return minimize(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, [-1.2, 1], method="Nelder-Mead",
                    options={"xatol": 1e-10, "fatol": 1e-16, "maxiter": 5000})


def by_least_squares(path):
    from scipy.optimize import least_squares
    t, y = block(path, "least squares", "A12:B31").T
    found = least_squares(lambda p: p[0] * np.exp(-p[1] * t) + p[2] - y, [50, 0.1, 5], bounds=([40, 0, 0], [np.inf, 0.2, np.inf]),
                          xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found.fun = 2 * found.cost
    return found


def by_logistic_regression(path):
    study, sleep, passed = block(path, "logistic regression", "A12:C35").T

    def negative(b):
        odds = b[0] + b[1] * study + b[2] * sleep
        return np.mean(np.logaddexp(0, odds) - passed * odds)
    found = minimize(negative, [0, 0, 0], method="BFGS", options={"gtol": 1e-9})
    found.fun = -found.fun
    return found


def by_portfolio(path):
    returns, covariance = block(path, "portfolio", "B7:G7")[0], block(path, "portfolio", "B18:G23")
    found = minimize(lambda w: 1e3 * w @ covariance @ w, np.full(6, 1 / 6), method="SLSQP", bounds=[(0, 0.35)] * 6,
                     constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}, {"type": "ineq", "fun": lambda w: returns @ w - 0.075}],
                     options={"ftol": 1e-15, "maxiter": 1000})
    found.fun = np.sqrt(found.fun / 1e3)
    return found


def by_two_layer_net(path):
    """From where we ended: no method finds anything better near by."""
    x, y = block(path, "two-layer net", "A15:B39").T

    def loss(p):
        w, c, v, d = p[:4], p[4:8], p[8:12], p[12]
        output = np.tanh(np.outer(x, w) + c) @ v + d
        return np.mean((output - y) ** 2) + 0.001 * (w @ w + v @ v)
    ours = np.append(block(path, "two-layer net", "B6:E8"), block(path, "two-layer net", "F9"))
    start = np.append(block(write_examples(path.parent / "again")[NAMES.index("two_layer_net")], "two-layer net", "B6:E8"), 0.0)
    found = minimize(loss, ours, method="BFGS", options={"gtol": 1e-8})
    assert loss(start) == pytest.approx(SOLVED["two_layer_net"].value_before, abs=1e-12)
    return found


PEERS = {"rosenbrock": by_rosenbrock, "least_squares": by_least_squares, "logistic_regression": by_logistic_regression,
         "portfolio": by_portfolio, "two_layer_net": by_two_layer_net}
SOLVED = {}


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """name -> (the solved workbook, what was said of it)"""
    folder, found = tmp_path_factory.mktemp("examples"), {}
    for path in write_examples(folder / "made")[:len(PEERS)]:      # the others: test_discrete_examples
        results = fit_workbook(path, out=folder / path.name)
        found[path.stem] = folder / path.name, *results.values()
        SOLVED[path.stem] = found[path.stem][1].minimum
    return found


@pytest.mark.parametrize("name", PEERS)
def test_solved_as_scipy_solves_it(name, solved):
    path, result = solved[name]
    minimum, peer = result.minimum, PEERS[name](path)
    assert minimum.converged and minimum.feasible and not result.notes
    assert minimum.value == pytest.approx(peer.fun, rel=1e-7, abs=1e-9)
    close = 1e-5 if name in ("rosenbrock", "least_squares", "logistic_regression") else 1e-4
    assert minimum.x == pytest.approx(peer.x, rel=close, abs=close)


@pytest.mark.parametrize("name", PEERS)
def test_the_optimum_is_the_sheets_own(name, solved, office):
    """Written, recalculated by LibreOffice and by our evaluator: the objective that the fit reported."""
    path, result = solved[name]
    sheet, cell = result.posed.problem.objective
    value = office.recalculate(path, {sheet: [str(cell)]})[sheet][str(cell)][0][0]
    assert value == pytest.approx(result.minimum.value, abs=1e-9)
    with open_workbook(path) as book:
        assert book.grid(sheet).values[cell] == pytest.approx(value, abs=1e-9)


def test_bounds_and_constraints_are_kept(solved):
    weights = solved["portfolio"][1].minimum.x
    assert weights.min() >= 0 and weights.max() <= 0.35 and weights.sum() == pytest.approx(1, abs=1e-9)
    assert solved["least_squares"][1].minimum.x[2] == 0     # C would be negative without its bound


def test_the_files_are_what_the_script_makes(tmp_path):
    for kept in write_examples(tmp_path / "kept"):
        made = make_example(kept.stem, tmp_path)
        with open_workbook(kept) as a, open_workbook(made) as b:
            assert a.sheets == b.sheets and a.names == b.names
            for sheet in a.sheets:
                assert a.grid(sheet).formulas == b.grid(sheet).formulas
                ours, theirs = a.grid(sheet).values, b.grid(sheet).values
                assert ours.keys() == theirs.keys()
                assert all(value == (pytest.approx(theirs[cell], abs=1e-12) if isinstance(value, float) else theirs[cell])
                           for cell, value in ours.items())


def test_names_of_solver_are_read_as_they_were_written():
    for name in NAMES:
        with open_workbook(example(name)) as book:
            problem = stored_problem(book, book.sheets[0])
            assert problem.stored and problem.sheet == book.sheets[0] and problem.cells
            if name == "portfolio":
                assert problem.told() == ("minimise B12 by changing B6:G6, where B10 = 1, B11 >= B14, B6:G6 <= 0.35, "
                                          "nothing negative")
                assert quoted(problem.sheet) == "portfolio"


def example(name: str):
    from importlib import resources
    return resources.files("workbook.examples") / f"{name}.xlsx"


def test_the_command_writes_them_and_refuses_to_overwrite(tmp_path, capsys):
    assert main(["examples", "-o", str(tmp_path / "new")]) == 0
    assert {path.stem for path in (tmp_path / "new").iterdir()} == set(NAMES)
    assert main(["examples", "-o", str(tmp_path / "new")]) == 2 and "exists already" in capsys.readouterr().err
    assert main(["examples", "-o", str(tmp_path / "new"), "--overwrite", "--json"]) == 0
    with pytest.raises(UserError):
        write_examples(tmp_path / "new" / "portfolio.xlsx")


def test_relations_without_a_right_side_are_stored_as_excel_stores_them(tmp_path):
    """Solver's own words stand there; a name that refers to `None`, as ours once did, is an error in Excel."""
    told = {name: ZipFile(path).read("xl/workbook.xml").decode() for name, path in zip(NAMES, write_examples(tmp_path))}
    assert all(">None<" not in text for text in told.values())
    for name, word in (("knapsack", "binary"), ("staff_schedule", "integer"), ("round_trip", "AllDifferent")):
        assert re.search(rf"solver_rhs\d+\"[^>]*>\"{word}\"<", told[name])
