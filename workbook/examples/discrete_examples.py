"""Linear examples, with whole numbers and without, and an order: problems whose optimum can be proved or found by other means."""

from __future__ import annotations

import random

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import SolverProblem
from workbook.write.references import ref
from workbook.write.styles import Styles

from .draft import Draft


def blending(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "blending", "Three fuels blended from four oils",
                  ("How much of each oil (down) goes into each fuel (across), so that profit is largest? What there is of an oil and what is",
                   "wanted of a fuel hold, and every fuel has at least its octane: the blend's mean, written without dividing."))
    oils, fuels = ("naphtha", "light", "medium", "heavy"), ("super", "regular", "farm")
    draft.labels("B5", (*fuels, "used", "there is", "octane", "cost"))
    draft.labels("A6", (*oils, "blended", "most wanted", "least octane", "price", "octane to spare"), down=True)
    draft.labels("A16", ("profit",), down=True)
    draft.numbers("B6", [[0.0] * 3] * 4, changing=True)
    draft.numbers("F6", [[900.0, 99.0, 31.0], [1400.0, 93.0, 26.5], [1100.0, 88.0, 23.0], [1600.0, 81.0, 19.0]])
    draft.numbers("B11", [[1500.0, 2000.0, 1200.0], [95.0, 90.0, 85.0], [37.0, 31.0, 25.5]])
    draft.fill("E6:E9", lambda cell: f"=SUM(B{cell.row}:D{cell.row})")
    draft.fill("B10:D10", lambda cell: f"=SUM({ref(Cell(6, cell.col))}:{ref(Cell(9, cell.col))})")
    draft.fill("B14:D14", lambda cell: "=SUMPRODUCT({0}6:{0}9,$G$6:$G$9)-{0}12*{0}10".format(ref(Cell(1, cell.col))[:-1]))
    draft.result("B16", "=SUMPRODUCT(B10:D10,B13:D13)-SUMPRODUCT(E6:E9,H6:H9)")
    return draft.problem("B16", ["B6:D9"], ("E6:E9", "<=", "F6:F9"), ("B10:D10", "<=", "B11:D11"), ("B14:D14", ">=", 0.0), goal="max",
                         non_negative=True)


def staff_schedule(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "staff schedule", "The fewest people for a week",
                  ("Everybody works five days on end and then has two off. How many should begin on each day, so that on every day as many",
                   "are there as are needed, and the week's wages are least? Whoever works at the weekend costs more."))
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    draft.labels("B5", days)
    draft.labels("A6", (f"begins on {day}" for day in days), down=True)
    draft.labels("I5", ("people", "wage each"))
    draft.numbers("B6", [[float((day - first) % 7 < 5) for day in range(7)] for first in range(7)])
    draft.numbers("I6", [[0.0]] * 7, changing=True)
    draft.numbers("J6", [[500.0], [540.0], [585.0], [585.0], [585.0], [560.0], [530.0]])
    draft.labels("A14", ("there", "needed"), down=True)
    draft.fill("B14:H14", lambda cell: "=SUMPRODUCT({0}6:{0}12,$I$6:$I$12)".format(ref(Cell(1, cell.col))[:-1]))
    draft.numbers("B15", [[17.0, 13.0, 15.0, 19.0, 14.0, 16.0, 11.0]])
    draft.labels("A17", ("wages",), down=True)
    draft.result("B17", "=SUMPRODUCT(I6:I12,J6:J12)")
    return draft.problem("B17", ["I6:I12"], ("B14:H14", ">=", "B15:H15"), ("I6:I12", "int", None), non_negative=True)


def knapsack(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "knapsack", "What to take along",
                  ("140 things with a weight and a worth, and a knapsack that holds so much. Which of them (1) are worth most together?",
                   "Every thing is taken or left: no part of it counts."))
    generator = random.Random(7)
    draft.labels("A5", ("taken", "weight", "worth"))
    things = []
    for _ in range(140):
        weight = float(generator.randint(20, 90))
        things.append((0.0, weight, weight + generator.randint(-8, 12)))
    draft.numbers("A6", [thing[:1] for thing in things], changing=True)
    draft.numbers("B6", [thing[1:] for thing in things])
    draft.labels("E5", ("holds", "weight", "worth"), down=True)
    draft.option("F5", 2500.0)
    draft.result("F6", "=SUMPRODUCT(A6:A145,B6:B145)")
    draft.result("F7", "=SUMPRODUCT(A6:A145,C6:C145)")
    return draft.problem("F7", ["A6:A145"], ("F6", "<=", "F5"), ("A6:A145", "bin", None), goal="max", non_negative=True)


def k_median(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "k-median", "Three depots for 32 towns",
                  ("Of five places three may be opened. Which, and which of them serves each town, so that the way from depot to town, times the",
                   "town's orders, is least in sum? A town is served by one depot, and only by one that is open."))
    generator = random.Random(11)
    towns = [(float(generator.randint(0, 100)), float(generator.randint(0, 100)), float(generator.randint(1, 9))) for _ in range(32)]
    depots = [(20.0, 25.0), (75.0, 20.0), (50.0, 55.0), (20.0, 80.0), (80.0, 75.0)]
    draft.labels("A5", ("x", "y", "orders"))
    draft.labels("D5", (f"way to {n}" for n in range(1, 6)))
    draft.labels("I5", (f"served by {n}" for n in range(1, 6)))
    draft.labels("N5", ("served",))
    draft.numbers("A6", towns)
    draft.labels("C40", ("x", "y", "open", "open in all", "may be open", "sum of ways"), down=True)
    draft.numbers("D40", [[x for x, _ in depots], [y for _, y in depots]])
    draft.fill("D6:H37", lambda cell: f"=SQRT(($A{cell.row}-{ref(Cell(40, cell.col), rows=True)})^2+($B{cell.row}-{ref(Cell(41, cell.col), rows=True)})^2)")
    draft.numbers("I6", [[0.0] * 5] * 32, changing=True)
    draft.numbers("D42", [[0.0] * 5], changing=True)
    draft.fill("N6:N37", lambda cell: f"=SUM(I{cell.row}:M{cell.row})")
    draft.labels("O5", (f"open {n}" for n in range(1, 6)))
    draft.fill("O6:S37", lambda cell: f"={ref(Cell(42, cell.col - 11), rows=True)}")
    draft.result("D43", "=SUM(D42:H42)")
    draft.option("D44", 3.0)
    draft.result("D45", "=SUMPRODUCT(D6:H37*I6:M37*C6:C37)")
    return draft.problem("D45", ["I6:M37", "D42:H42"], ("N6:N37", "=", 1.0), ("I6:M37", "<=", "O6:S37"), ("D43", "<=", "D44"),
                         ("I6:M37", "bin", None), ("D42:H42", "bin", None), non_negative=True)


def round_trip(workbook: Workbook, styles: Styles) -> SolverProblem:
    draft = Draft(workbook, styles, "round trip", "The shortest round trip through 25 towns",
                  ("In which order are the 25 towns visited, each once and back to the first, so that the way is shortest? The numbers in the",
                   "order are all different (`dif`); each leg is looked up in the table of distances."))
    n, generator = 25, random.Random(3)
    places = [(float(generator.randint(0, 100)), float(generator.randint(0, 100))) for _ in range(n)]
    draft.labels("A5", ("order", "leg"))
    draft.labels("D5", ("town", "x", "y"))
    draft.labels("H5", map(str, range(1, n + 1)))
    draft.numbers("A6", [[float(town)] for town in range(1, n + 1)], changing=True)
    draft.numbers("D6", [(float(town), *place) for town, place in enumerate(places, 1)])
    last = 5 + n
    apart = Range(6, 8, last, 7 + n)
    draft.fill(str(apart), lambda cell: f"=SQRT(($E{cell.row}-$E${cell.col - 2})^2+($F{cell.row}-$F${cell.col - 2})^2)")
    draft.fill(f"B6:B{last}", lambda cell: f"=INDEX({apart.absolute},A{cell.row},A{cell.row + 1 if cell.row < last else 6})")
    draft.labels(f"A{last + 2}", ("way",), down=True)
    draft.result(f"B{last + 2}", f"=SUM(B6:B{last})")
    return draft.problem(f"B{last + 2}", [f"A6:A{last}"], (f"A6:A{last}", "alldifferent", None))
