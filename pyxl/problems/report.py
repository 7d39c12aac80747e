"""What was found, in the manner of Solver's Answer and Sensitivity Reports, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pyxl.grid.cells import quoted
from solver import FEASIBLE

from .solve import Solved


def problem_report(solved: Solved) -> dict:
    """The objective and the changing cells before and after, the constraints with value, bound, slack and whether
    they bind; reduced gradients of the cells and Lagrange multipliers of the constraints (see `solver.Sensitivity`)."""
    problem, minimum, program = solved.posed.problem, solved.minimum, solved.posed.program
    cells = [{"cell": f"{quoted(sheet)}!{cell}", "before": before, "after": after, "reduced_gradient": slope}
             for (sheet, cell), before, after, slope in zip(solved.posed.cells, program.start.tolist(), minimum.x.tolist(),
                                                            minimum.sensitivity.reduced_gradient.tolist())]
    objective = None if problem.objective is None else "{}!{}".format(quoted(problem.objective[0]), problem.objective[1])
    return {"problem": problem.told(), "goal": problem.goal, "target": problem.target if problem.goal == "value" else None,
            "objective": objective, "kind": solved.posed.kind.told(), "engine": minimum.engine, "proved": minimum.proved,
            "bound": minimum.bound, "gap": minimum.gap, "before": minimum.value_before, "after": minimum.value,
            "steps": minimum.steps, "seconds": minimum.seconds, "stop": minimum.stop, "converged": minimum.converged,
            "feasible": minimum.feasible, "cells": cells, "constraints": list(_constraints(solved)),
            "notes": list(solved.notes)}


def _constraints(solved: Solved) -> Iterator[dict]:
    minimum, outputs = solved.minimum, solved.posed.outputs(solved.minimum.x)
    for line in solved.posed.lines:
        value = line.left.value(minimum.x, outputs)
        if line.right is None:
            yield {"constraint": line.told(), "value": value, "bound": None, "slack": None, "binding": None, "met": _is_whole(value),
                   "multiplier": None}
            continue
        bound = line.right.value(minimum.x, outputs)
        slack = {"<=": bound - value, ">=": value - bound, "=": -abs(value - bound)}[line.relation]
        near = FEASIBLE * max(1.0, abs(bound))
        multiplier = None if line.row is None else float(minimum.sensitivity.multipliers[line.row])
        yield {"constraint": line.told(), "value": value, "bound": bound, "slack": 0.0 if abs(slack) <= 1e-12 * max(1.0, abs(bound)) else slack,
               "binding": abs(slack) <= near, "met": slack >= -near,
               "multiplier": None if multiplier is None or math.isnan(multiplier) else multiplier}


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) <= FEASIBLE
