"""Makes the example workbooks: ten problems in ordinary formulas, each with Solver's model of it.

    python -m workbook.examples.make_examples        writes the ten .xlsx files beside this one

Numbers are drawn by Python's own generator with a fixed seed, the same everywhere; the files carry no time.
"""

from __future__ import annotations

import math
import random
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter import Workbook

from pyxl.grid.cells import Cell
from pyxl.grid.problem import SolverProblem
from workbook.model_sheets.controls import write_before_fit
from workbook.model_sheets.solver_names import define_solver_names
from workbook.new_file import compute_formulas
from workbook.write.references import ref
from workbook.write.styles import Styles, make_styles

from . import NAMES
from .discrete_examples import blending, k_median, knapsack, round_trip, staff_schedule
from .draft import Draft


def rosenbrock(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "rosenbrock", "Rosenbrock's valley",
                  ("Which x and y make f smallest? The valley is curved and nearly flat: its floor is easy to find,",
                   "its lowest point (1, 1) is not. H. H. Rosenbrock, 1960."))
    draft.labels("A5", ("x", "y", "f"), down=True)
    draft.numbers("B5", [[-1.2], [1.0]], changing=True)
    draft.result("B7", "=(1-B5)^2+100*(B6-B5^2)^2")
    return draft.problem("B7", ["B5:B6"])


def least_squares(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "least squares", "A decay fitted to measurements, within bounds",
                  ("The temperature of a cup above the room's, minute by minute, and the curve A·exp(−k·t) + C with the least sum of",
                   "squared errors. A is at least 40, k at most 0.2, and C, what is left in the end, cannot be negative."))
    draft.labels("A5", ("A", "k", "C", "sum of squares"), down=True)
    draft.numbers("B5", [[50], [0.1], [5]], changing=True)
    draft.labels("A11", ("t", "measured", "curve", "error"))
    generator = random.Random(1)
    rows = [(float(t), round(62 * math.exp(-0.085 * t) - 1.5 + generator.gauss(0, 0.8), 2)) for t in range(0, 40, 2)]
    last = 11 + len(rows)
    draft.numbers("A12", rows)
    draft.fill(f"C12:C{last}", lambda cell: f"=$B$5*EXP(-$B$6*A{cell.row})+$B$7")
    draft.fill(f"D12:D{last}", lambda cell: f"=C{cell.row}-B{cell.row}")
    draft.result("B8", f"=SUMXMY2(C12:C{last},B12:B{last})")
    return draft.problem("B8", ["B5:B7"], ("B5", ">=", 40.0), ("B6:B7", ">=", 0.0), ("B6", "<=", 0.2))


def logistic_regression(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "logistic regression", "Who passes the exam?",
                  ("Hours of study and of sleep of 24 people, and who passed (1). The chance of passing is 1/(1+EXP(−(b0 + b1·study + b2·sleep)));",
                   "the coefficients are those under which what happened was most likely: the mean log-likelihood is made large."))
    draft.labels("A5", ("b0", "b1 study", "b2 sleep", "mean log-likelihood"), down=True)
    draft.numbers("B5", [[0.0]] * 3, changing=True)
    draft.labels("A11", ("study", "sleep", "passed", "chance", "log-likelihood"))
    generator = random.Random(5)
    rows = []
    for _ in range(24):
        study, sleep = round(generator.uniform(0, 10), 1), round(generator.uniform(3, 9), 1)
        chance = 1 / (1 + math.exp(-(-6 + 0.7 * study + 0.5 * sleep)))
        rows.append((study, sleep, float(generator.random() < chance)))
    draft.numbers("A12", rows)
    draft.fill("D12:D35", lambda cell: f"=1/(1+EXP(-($B$5+$B$6*A{cell.row}+$B$7*B{cell.row})))")
    draft.fill("E12:E35", lambda cell: f"=IF(C{cell.row}=1,LN(D{cell.row}),LN(1-D{cell.row}))")
    draft.result("B8", "=AVERAGE(E12:E35)")
    return draft.problem("B8", ["B5:B7"], goal="max")


def portfolio(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "portfolio", "The portfolio of least risk for a wanted return",
                  ("Shares of six investments that add up to 1, none above 35%, with an expected return of at least what B14 asks;",
                   "among these the shares with the least risk, the standard deviation of the return. H. Markowitz, 1952."))
    names = ("bonds", "gold", "property", "shares A", "shares B", "shares C")
    draft.labels("B5", names)
    draft.labels("A6", ("share", "expected return", "volatility"), down=True)
    draft.numbers("B6", [[1 / 6] * 6], changing=True)
    returns, sizes = (0.03, 0.04, 0.055, 0.08, 0.095, 0.12), (0.05, 0.16, 0.12, 0.18, 0.22, 0.3)
    draft.numbers("B7", [returns, sizes])
    draft.labels("A10", ("shares in all", "return", "risk"), down=True)
    draft.labels("A14", ("wanted return",), down=True)
    draft.option("B14", 0.075)
    draft.result("B10", "=SUM(B6:G6)")
    draft.result("B11", "=SUMPRODUCT(B6:G6,B7:G7)")
    draft.result("B12", "=SQRT(SUM(MMULT(B6:G6,B18:G23)*B6:G6))", whole_array=True)
    draft.note("C10", "must be 1")
    draft.note("C11", "at least the wanted one")
    draft.note("C12", "made small")
    draft.labels("A16", ("covariance",), down=True)
    draft.labels("B17", names)
    draft.labels("A18", names, down=True)
    correlated = {(0, 1): 0.1, (0, 2): 0.2, (1, 2): -0.1, (3, 4): 0.6, (3, 5): 0.5, (4, 5): 0.55, (2, 3): 0.4, (2, 4): 0.35, (2, 5): 0.3,
                  (0, 3): -0.1, (1, 3): -0.15, (1, 5): -0.05}
    draft.numbers("B18", [[round(a * b * (1 if i == j else correlated.get((min(i, j), max(i, j)), 0.0)), 6)
                           for j, b in enumerate(sizes)] for i, a in enumerate(sizes)])
    return draft.problem("B12", ["B6:G6"], ("B10", "=", 1.0), ("B11", ">=", "B14"), ("B6:G6", "<=", 0.35), non_negative=True)


def two_layer_net(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "two-layer net", "A neural net in formulas",
                  ("Each row is one example: four hidden units h = TANH(w·x + c), and the output is their weighted sum. The 13 weights",
                   "are found that bring the output near y; the loss is the mean squared error plus a small weight decay."))
    draft.labels("B5", ("h1", "h2", "h3", "h4", "all"))
    draft.labels("A6", ("w, from x", "c", "v, to output", "d", "weight decay", "loss"), down=True)
    generator = random.Random(2)
    draft.numbers("B6", [[round(generator.uniform(-1, 1), 2) for _ in range(4)] for _ in range(3)], changing=True)
    draft.numbers("F9", [[0.0]], changing=True)
    draft.option("F10", 0.001)
    draft.labels("A14", ("x", "y", "h1", "h2", "h3", "h4", "output", "squared error"))
    rows = [(round(x / 4, 2), round(math.sin(1.5 * x / 4) + 0.3 * x / 4, 4)) for x in range(-12, 13)]
    last = 14 + len(rows)
    draft.numbers("A15", rows)
    draft.fill(f"C15:F{last}", lambda cell: f"=TANH($A{cell.row}*{ref(Cell(6, cell.col - 1), rows=True)}+{ref(Cell(7, cell.col - 1), rows=True)})")
    draft.fill(f"G15:G{last}", lambda cell: f"=SUMPRODUCT(C{cell.row}:F{cell.row},$B$8:$E$8)+$F$9")
    draft.fill(f"H15:H{last}", lambda cell: f"=(G{cell.row}-B{cell.row})^2")
    draft.result("F11", f"=AVERAGE(H15:H{last})+F10*(SUMSQ(B6:E6)+SUMSQ(B8:E8))")
    return draft.problem("F11", ["B6:E8", "F9"])


_EXAMPLES = dict(zip(NAMES, (rosenbrock, least_squares, logistic_regression, portfolio, two_layer_net, blending, staff_schedule,
                             knapsack, k_median, round_trip), strict=True))
_BY_GRADIENTS = NAMES[:5]


def make_example(name: str, folder) -> Path:
    """Write one example workbook into `folder`; its path."""
    path = Path(folder) / f"{name}.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.set_properties({"title": name.replace("_", " "), "created": datetime(2026, 1, 1)})
        problem = _EXAMPLES[name](workbook, make_styles(workbook))
        write_before_fit(workbook)
        define_solver_names(workbook, problem)
        if name not in _BY_GRADIENTS:
            _use_engine(workbook, "3" if name == "round_trip" else "2")
    compute_formulas(path)
    return path


def _use_engine(workbook: Workbook, number: str) -> None:
    """Choose the engine that Excel's Solver uses: 2 Simplex LP, 3 Evolutionary."""
    for entry in workbook.defined_names:
        if "solver_eng" in entry[0]:
            entry[2] = number


def main() -> None:
    for name in NAMES:
        print(make_example(name, Path(__file__).parent))


if __name__ == "__main__":
    main()
