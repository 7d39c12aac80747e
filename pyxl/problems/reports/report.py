"""What was found, in the manner of Solver's Answer, Sensitivity and Limits Reports, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pyxl.grid.cells import quoted
from pyxl.problems.constraint_lines import FunctionLine, WholeLine
from pyxl.problems.solve import Solved
from solver import FEASIBLE

LIMITS = ("lower_limit", "result_at_lower", "upper_limit", "result_at_upper")
ALLOWED = ("allowable_increase", "allowable_decrease")
NO_LIMIT = 1e30     # as Excel's Sensitivity Report writes it


def problem_report(solved: Solved) -> dict:
    """The objective and the changing cells before and after, the constraints with value, bound, slack and whether
    they bind; reduced gradients of the cells and Lagrange multipliers of the constraints (see `solver.Sensitivity`): of a
    linear problem reduced costs and shadow prices, with how far they hold; None where whole numbers leave none. As in Excel's
    report 1e30 stands for as much as you like. Where limits were asked for, the least and the largest value of each cell with which
    all constraints are met, the others as they are, and the objective there; None where there is no end."""
    problem, minimum, program, held = solved.posed.problem, solved.minimum, solved.posed.program, solved.minimum.sensitivity
    cells = [{"cell": f"{quoted(sheet)}!{cell}", "before": before + 0.0, "after": after, "reduced_gradient": _number(slope)}
             for (sheet, cell), before, after, slope in zip(solved.posed.cells, program.start.tolist(), minimum.x.tolist(),
                                                            held.reduced_gradient.tolist())]
    if (ranges := held.ranges) is not None:
        for cell, *known in zip(cells, ranges.coefficients, ranges.coefficient_increase, ranges.coefficient_decrease):
            cell |= dict(zip(("coefficient", *ALLOWED), map(_number, known)))
    if (limits := solved.limits) is not None:
        for cell, *known in zip(cells, limits.low, limits.value_low, limits.high, limits.value_high):
            cell |= {name: float(value) if math.isfinite(value) else None for name, value in zip(LIMITS, known)}
    objective = None if problem.objective is None else f"{quoted(problem.objective[0])}!{problem.objective[1]}"
    return {"problem": problem.told(), "goal": problem.goal, "target": problem.target if problem.goal == "value" else None,
            "objective": objective, "kind": solved.posed.kind.told(), "engine": minimum.engine, "proved": minimum.proved,
            "bound": minimum.bound, "gap": minimum.gap, "before": minimum.value_before, "after": minimum.value,
            "missed_before": program.violation(minimum.values_before[1:]),
            "steps": minimum.steps, "seconds": minimum.seconds, "stop": minimum.stop, "converged": minimum.converged,
            "feasible": minimum.feasible, "cells": cells, "constraints": list(_constraints(solved)),
            "options": list(solved.posed.options), "notes": list(solved.notes)}


def _constraints(solved: Solved) -> Iterator[dict]:
    minimum, outputs = solved.minimum, solved.posed.outputs(solved.minimum.x)
    for line in solved.posed.lines:
        value = line.left.value(minimum.x, outputs)
        if isinstance(line, WholeLine):
            yield {"constraint": line.told(), "value": value, "bound": None, "slack": None, "binding": None, "met": _is_whole(value),
                   "multiplier": None}
            continue
        bound = line.right.value(minimum.x, outputs)
        slack = {"<=": bound - value, ">=": value - bound, "=": -abs(value - bound)}[line.relation]
        near = FEASIBLE * max(1.0, abs(bound))
        held, row = minimum.sensitivity, line.row if isinstance(line, FunctionLine) else None
        ranges = {} if row is None or held.ranges is None else dict(zip(
            ALLOWED, (_number(held.ranges.bound_increase[row]), _number(held.ranges.bound_decrease[row]))))
        yield {"constraint": line.told(), "value": value, "bound": bound, "slack": 0.0 if abs(slack) <= 1e-12 * max(1.0, abs(bound)) else slack,
               "binding": abs(slack) <= near, "met": slack >= -near,
               "multiplier": None if row is None else _number(held.multipliers[row]), **ranges}


def _number(value: float) -> float | None:
    """A number of a report; None where there is none."""
    return None if math.isnan(value) else max(-NO_LIMIT, min(NO_LIMIT, float(value))) + 0.0     # and no -0


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) <= FEASIBLE
