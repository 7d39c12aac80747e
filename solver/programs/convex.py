"""Convex programs with linear constraints: what a search found is proved to be the best, and whole numbers are found by cuts.

Where f is convex the tangent at any point lies below it, so the least value that the tangent has among all points that meet the
constraints, which HiGHS finds, is a bound of f (Frank & Wolfe 1956). With whole numbers each point adds its tangent to a model of
them all, whose optimum is the next point: outer approximation (Duran & Grossmann 1986).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from solver.errors import UserError

from .highs import LinearModel, solve_model
from .minimum import Minimum
from .program import FEASIBLE, Convex, Program
from .sensitivity import sensitivity
from .trials import Step

PROVED = 1e-7       # how much better f might be, relative above 1, where it counts as proved
CUT_SECONDS = 5.0   # of cuts, unless told otherwise


def with_bound(program: Program, found: Minimum) -> Minimum:
    """What a search found of a program, with a bound of what f can be, and a proof where these meet."""
    if program.convex is None or not found.feasible or found.stopped or program.goal == "value" or program.whole.any():
        return found
    merit, slope = _tangent(program, found.x)
    least = merit + _least_change(program, program.convex, found.x, slope)
    if not np.isfinite(least):
        return found
    bound = _value(program, least)
    if merit - least > PROVED * max(1.0, abs(merit)):
        return replace(found, bound=bound)
    return replace(found, bound=bound, proved=True, converged=True,
                   stop=f"{found.stop} The problem is convex: no point is better by more than {PROVED:g}.")


def _tangent(program: Program, x: np.ndarray) -> tuple[float, np.ndarray]:
    """The merit and its gradient."""
    values, jacobian = program.evaluate(x)
    return program.merit(float(values[0])), program.slope(float(values[0])) * jacobian[0]


def _value(program: Program, merit: float) -> float:
    """What f is where the merit is that."""
    return max(0.0, merit) ** 0.5 if program.root == 2 else -merit if program.goal == "max" else merit


def _least_change(program: Program, convex: Convex, x: np.ndarray, slope: np.ndarray) -> float:
    """What the merit changes by at least, from x to any point that meets the constraints."""
    if program.n_constraints:
        answer = solve_model(replace(convex.rows, cost=slope, offset=0.0, whole=np.zeros(len(x), dtype=bool)))
        return answer.bound - float(slope @ x) if answer.state == "optimal" else -np.inf
    with np.errstate(invalid="ignore"):
        ends = np.where(slope > 0, slope * (program.low - x), np.where(slope < 0, slope * (program.high - x), 0.0))
    bent = -slope ** 2 / (2 * convex.curvature) if convex.curvature > 0 else np.full_like(slope, -np.inf)
    return float(np.maximum(ends, np.where(slope == 0, 0.0, bent)).sum())


class _Cuts:
    """The constraints, and a last column that is above all tangents so far: what it is made small for."""

    def __init__(self, rows: LinearModel):
        self._rows, self._tangents, self._ends = rows, list[np.ndarray](), list[float]()

    def add(self, x: np.ndarray, merit: float, slope: np.ndarray) -> None:
        self._tangents.append(slope)
        self._ends.append(merit - float(slope @ x))

    def model(self) -> LinearModel:
        rows, n = self._rows, self._rows.n_columns
        wider = hstack([rows.rows, csr_array((rows.rows.shape[0], 1))])
        tangents = np.column_stack([np.array(self._tangents), -np.ones(len(self._tangents))])
        return LinearModel(np.append(np.zeros(n), 1.0), 0.0, csr_array(vstack([wider, csr_array(tangents)])),
                           np.concatenate([rows.floor, np.full(len(tangents), -np.inf)]), np.concatenate([rows.ceiling, -np.array(self._ends)]),
                           np.append(rows.low, -np.inf), np.append(rows.high, np.inf), np.append(rows.whole, False))


def minimise_by_cuts(program: Program, convex: Convex, *, by_slopes: Callable[[Program], Minimum], seconds: float | None = None,
                     on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None) -> Minimum | None:
    """The best point of a convex program with whole numbers; None where tangents tell too little, as nothing bounds them.

    `by_slopes` minimises a program without whole numbers. What is not proved in so many `seconds` has a bound.
    """
    began, limit, history = time.perf_counter(), CUT_SECONDS if seconds is None else seconds, list[Step]()
    cuts, values_before = _Cuts(convex.rows), program.values_at_start
    best, least, tried, stopped = None, -np.inf, set[bytes](), False
    for relaxed in (program.start, by_slopes(program.relaxed()).x):
        cuts.add(relaxed, *_tangent(program, relaxed))
    while not stopped and (left := limit - (time.perf_counter() - began)) > 0:
        answer = solve_model(cuts.model(), seconds=left)
        if answer.y is None or answer.state not in ("optimal", "stopped"):
            return None
        x = answer.y[:-1]
        if answer.state == "optimal":
            least = max(least, answer.bound)
        known = x[program.whole].tobytes() in tried
        tried.add(x[program.whole].tobytes())
        for point in (x, _polished(program, x, by_slopes) if not known else x):
            merit, slope = _tangent(program, point)
            cuts.add(point, merit, slope)
            if program.violation(program.values(point)[1:]) <= FEASIBLE and (best is None or merit < best[0]):
                best = merit, point
        if best is not None:
            gap = (best[0] - least) / max(1.0, abs(best[0]))
            history.append(Step(len(history) + 1, _value(program, best[0]), 0.0, time.perf_counter() - began, gap=gap))
            stopped = bool(on_step and on_step(history[-1], partial(_same, best[1])))
            if gap <= PROVED:
                break
    if best is None or not np.isfinite(least):
        return None
    return _ended(program, best[1], least, values_before, tuple(history), stopped=stopped, seconds=time.perf_counter() - began)


def _same(x: np.ndarray) -> np.ndarray:
    return x


def _polished(program: Program, x: np.ndarray, by_slopes: Callable[[Program], Minimum]) -> np.ndarray:
    """The best numbers beside the whole ones of x."""
    if program.whole.all():
        return x
    fixed = replace(program.relaxed(), start=x, low=np.where(program.whole, x, program.low), high=np.where(program.whole, x, program.high))
    try:
        return by_slopes(fixed).x
    except UserError:
        return x


def _ended(program: Program, x: np.ndarray, least: float, values_before: np.ndarray, history: tuple[Step, ...], *, stopped: bool,
           seconds: float) -> Minimum:
    values, jacobian = program.evaluate(x)
    merit, bound = program.merit(float(values[0])), _value(program, least)
    proved = merit - least <= PROVED * max(1.0, abs(merit))
    told = f"The optimum: the problem is convex, and HiGHS proved by {len(history)} tangents that no point is better by more than {PROVED:g}." \
        if proved else f"Stopped; the best so far is kept, and no point is better than {bound:.9g}. More --seconds may prove it or better it."
    return Minimum(x, float(values[0]), float(values_before[0]), values, values_before, program.violation(values[1:]),
                   sensitivity(program, x, values, jacobian), history, told, proved, stopped, seconds, engine="HiGHS", proved=proved, bound=bound)
