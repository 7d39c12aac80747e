"""Linear programs, with or without whole numbers, brought to their proved optimum by HiGHS."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.sparse import csr_array, vstack

from .flips import better_by_flips
from .highs import CLOCK_SHARE, Answer, LinearModel, Progress, closest, conflict, solve_model
from .minimum import Conflict, Minimum
from .program import FEASIBLE, Program
from .sensitivity import Ranges, Sensitivity
from .trials import Step

ENGINE = "HiGHS"
WHOLE_SECONDS = 4.0   # of the processor for whole numbers, unless told otherwise: a busy machine gives the same answer
FLIP_SHARE = 0.2      # of that time, for a search beside the best point where branch and bound has no proof
SAME = 1e-9   # relative difference of values that counts as none


def minimise_linear(program: Program, linear: LinearModel, *, seconds: float | None = None,
                    on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None) -> Minimum:
    """The optimum of a program that `linear` describes. Where the start is as good, it is the start.

    Of a program that is piecewise linear the formulas have the last word: where they say something else at the point that HiGHS
    found, nothing is proved.
    """
    began, worked = time.perf_counter(), time.process_time()
    history: list[Step] = []
    asked: list[bool] = []
    values_before = program.values_at_start
    model = towards_goal(program, linear)

    def on_progress(progress: Progress) -> bool | None:
        f = _sign(program) * progress.value if np.isfinite(progress.value) else float(values_before[0])
        step = Step(len(history) + 1, f, 0.0, time.perf_counter() - began, gap=_gap(progress), nodes=progress.nodes)
        history.append(step)
        asked.append(bool(on_step and on_step(step, lambda: _best_yet(program, progress))))
        return asked[-1] or worked_enough()

    def worked_enough() -> bool:
        return limited and time.process_time() - worked >= (1 - FLIP_SHARE) * WHOLE_SECONDS
    whole, allowed = bool(model.whole.any()), WHOLE_SECONDS if seconds is None else seconds
    if limited := seconds is None and whole:
        seconds = CLOCK_SHARE * WHOLE_SECONDS
    elif seconds is not None and whole:
        seconds *= 1 - FLIP_SHARE
    start = program.start if program.violation(values_before[1:]) <= FEASIBLE and not program.piecewise else None
    answer = solve_model(model, seconds=seconds, start=start, ranging=not program.piecewise, on_progress=on_progress)
    if answer.state == "infeasible" and program.goal == "value":   # the nearest that can be reached, if any
        model = towards_goal(program, linear, nearest=True)
        answer = solve_model(model, seconds=seconds, ranging=not program.piecewise, on_progress=on_progress)
    ended = partial(Minimum, value_before=float(values_before[0]), values_before=values_before, history=tuple(history),
                    engine=ENGINE)
    time_was_up = worked_enough() or time.perf_counter() - began >= (seconds or np.inf)
    flipped = None
    if answer.state == "stopped" and answer.y is not None and time_was_up and not any(asked):
        flipped = better_by_flips(model, answer.y, seconds=FLIP_SHARE * allowed)
        answer = replace(answer, y=answer.y if flipped is None else flipped)
    x = program.start if answer.y is None else answer.y[:len(program.start)] + 0.0     # and no -0
    if answer.state in ("infeasible", "unbounded") or answer.y is None:    # a strip of 1e-6 may hold a point
        answer = answer if program.exact or answer.state == "unbounded" else replace(answer, state="stopped")
        return _nothing(program, linear, answer, values_before, ended, began)
    x, values, already = _settled(program, x, values_before)
    if not already and not np.isfinite(values).all():
        return _nothing(program, linear, answer, values_before, ended, began)
    proved = answer.state == "optimal" and (already or not program.piecewise or _as_told(program, model, answer.y, values))
    if answer.state == "optimal" and not proved:
        answer = replace(answer, state="stopped", bound=-np.inf)
    stopped = answer.state == "stopped" and (any(asked) or not time_was_up)
    bound = float(values[0]) if proved else _sign(program) * answer.bound if np.isfinite(answer.bound) else None
    stop = _told(program, linear, answer, float(values[0]), already=already, whole=whole, flipped=flipped is not None)
    return ended(x, float(values[0]), values=values, violation=program.violation(values[1:]),
                 sensitivity=_sensitivity(program, linear, answer, x, values), stop=stop, converged=proved,
                 stopped=stopped, seconds=time.perf_counter() - began, proved=proved,
                 bound=bound if program.goal != "value" else None)


def nearest_point(program: Program, minimum: Minimum) -> Minimum:
    """What `minimise_linear` found of a program without any feasible point, with the point that misses the constraints least in
    sum; the start, where it misses none of them by more than that."""
    if program.linear is None or program.piecewise:
        return minimum
    x = closest(program.linear)
    values = minimum.values if x is None else program.values(x)
    if x is None or program.violation(values[1:]) >= minimum.violation:
        return minimum
    return replace(minimum, x=x, value=float(values[0]), values=values, violation=program.violation(values[1:]))


def towards_goal(program: Program, model: LinearModel, *, nearest: bool = False) -> LinearModel:
    """The linear model to minimise: for a maximum the objective is turned round, for a value it is a row more.

    With `nearest` the value need not be reached: how far f is from it is minimised, a number more.
    """
    if program.goal == "min":
        return model
    if program.goal == "max":
        return replace(model, cost=-model.cost, offset=-model.offset)
    target, n, none = program.target - model.offset, model.n_columns, np.zeros(1)
    if not nearest:
        return replace(model, cost=np.zeros(n), offset=0.0, rows=csr_array(vstack([model.rows, csr_array(model.cost[None])])),
                       floor=np.append(model.floor, target), ceiling=np.append(model.ceiling, target))
    wider = csr_array((model.rows.data, model.rows.indices, model.rows.indptr), shape=(model.rows.shape[0], n + 1))
    apart = csr_array(np.array([[*model.cost, -1.0], [*model.cost, 1.0]]))
    return LinearModel(np.append(np.zeros(n), 1.0), 0.0, csr_array(vstack([wider, apart])),
                       np.concatenate([model.floor, [-np.inf, target]]), np.concatenate([model.ceiling, [target, np.inf]]),
                       np.concatenate([model.low, none]), np.append(model.high, np.inf), np.append(model.whole, False))


def _best_yet(program: Program, progress: Progress) -> np.ndarray:
    """The best point so far, or the start."""
    if progress.y is None:
        return program.start
    x = progress.y[:len(program.start)]
    return np.clip(np.where(program.whole, np.round(x), x), program.low, program.high)


def _as_told(program: Program, model: LinearModel, y: np.ndarray, values: np.ndarray) -> bool:
    """Whether the formulas give at a point what the model says of it."""
    told = program.target if program.goal == "value" else _sign(program) * model.value(y)
    near = program.goal == "value" or abs(values[0] - told) <= FEASIBLE * max(1.0, abs(told))
    return near and program.violation(values[1:]) <= FEASIBLE


def _sign(program: Program) -> float:
    return -1.0 if program.goal == "max" else 1.0


def _gap(progress: Progress) -> float | None:
    if not (np.isfinite(progress.value) and np.isfinite(progress.bound)):
        return None
    return abs(progress.value - progress.bound) / max(1.0, abs(progress.value))


def _settled(program: Program, x: np.ndarray, values_before: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """The start where it is as good as x, which is optimal, else x; the values there, and whether it is the start."""
    start, values = program.start, program.values(x)
    whole = program.whole
    if not (np.abs(start - np.round(start))[whole] == 0).all() or program.violation(values_before[1:]) > max(SAME, program.violation(values[1:])):
        return x, values, False
    here, there = (program.merit(float(f)) for f in (values_before[0], values[0]))
    return (start, values_before, True) if here <= there + SAME * max(1.0, abs(there)) else (x, values, False)


def _told(program: Program, linear: LinearModel, answer: Answer, value: float, *, already: bool, whole: bool, flipped: bool) -> str:
    nodes = f", after {answer.nodes:,} node{'s' * (answer.nodes != 1)} of branch and bound" if whole and answer.nodes > 1 else ""
    if answer.state == "stopped":
        bound = _sign(program) * answer.bound
        apart = "; how much better it may get is not known" if not np.isfinite(bound) or program.goal == "value" else \
            f"; no point is better than {bound:.9g}, {abs(value - bound) / max(1.0, abs(value)):.2%} from it"
        how = " and was found by flips of its 0/1 numbers" if flipped else ""
        return f"Stopped{nodes}; the best so far is kept{how}{apart}. More --seconds may prove it or better it."
    if program.goal == "value" and abs(value - program.target) > FEASIBLE * max(1.0, abs(program.target)):
        return f"Ended: {program.target:g} cannot be reached, {value:.9g} is as near as it comes: proved by HiGHS{nodes}."
    if program.goal == "value":
        return f"Reached: the objective is {program.target:g} (HiGHS{nodes})."
    if not linear.cost.any():
        return "The objective is the same everywhere; " + ("the point that the sheet has meets all constraints and stays." if already else
                                                           f"a point was found that meets all constraints (HiGHS{nodes}).")
    found = "The sheet was already at its optimum" if already else "The optimum"
    why = "what its formulas choose, said by whole numbers, is linear" if program.piecewise else "all formulas are linear"
    nearly = "" if program.exact else " by more than what 1e-6 in a comparison makes"
    return f"{found}: {why}, and HiGHS proved that no point is better{nearly}{nodes}."


def _nothing(program: Program, linear: LinearModel, answer: Answer, values_before: np.ndarray,
             ended: Callable[..., Minimum], began: float) -> Minimum:
    """Where there is no optimum, or none was found in time: the start."""
    m = program.n_constraints
    blank = Sensitivity(np.full(m, np.nan), np.full(len(program.start), np.nan), np.zeros(m, dtype=bool))
    contradiction = None
    if answer.state == "infeasible":
        stop = "No point meets all constraints: proved by HiGHS."
        contradiction = Conflict(*conflict(linear, n_rows=m, n_columns=len(program.start)))
    elif answer.state == "unbounded":
        stop = (f"The objective has no {'maximum' if program.goal == 'max' else 'minimum'}, it goes on without end: proved by "
                "HiGHS. Add a bound or a constraint.")
    else:
        stop = "Stopped before any point was found that meets all constraints. Allow more seconds."
    none = answer.state if answer.state in ("infeasible", "unbounded") else None
    return ended(program.start, float(values_before[0]), values=values_before, violation=program.violation(values_before[1:]),
                   sensitivity=blank, stop=stop, converged=False, stopped=False, seconds=time.perf_counter() - began, none=none,
                   conflict=contradiction)


def _sensitivity(program: Program, linear: LinearModel, answer: Answer, x: np.ndarray, values: np.ndarray) -> Sensitivity:
    """Of an optimum without whole numbers: shadow prices, reduced costs and how far they hold; else only what binds."""
    n, m, c, sign = len(x), program.n_constraints, values[1:], _sign(program)
    near = FEASIBLE * np.maximum(1.0, np.abs(c))
    low, high = np.abs(c - program.floor) <= near, np.abs(c - program.ceiling) <= near
    binding = low | high
    if answer.row_dual is None or answer.column_dual is None:
        return Sensitivity(np.full(m, np.nan), np.full(n, np.nan), binding)
    multipliers, reduced = sign * answer.row_dual[:m], sign * answer.column_dual[:n]
    if program.goal == "value" or answer.ranging is None:
        return Sensitivity(multipliers, reduced, binding)
    ends = answer.ranging
    cost = sign * linear.cost[:n]
    room = [np.maximum(0.0, end) for end in (ends.cost_high[:n] - cost, cost - ends.cost_low[:n])]
    up, down = room if sign > 0 else room[::-1]
    # of a constraint that does not bind the bound may move as far as the constraint's value, and away from it as it likes
    bound = np.where(low, program.floor, program.ceiling)
    free_up = np.where(np.isfinite(program.floor) & ~np.isfinite(program.ceiling), c - program.floor, np.inf)
    free_down = np.where(np.isfinite(program.ceiling), program.ceiling - c, np.inf)
    with np.errstate(invalid="ignore"):
        bound_up = np.where(binding, np.maximum(0.0, ends.row_high[:m] - bound), free_up)
        bound_down = np.where(binding, np.maximum(0.0, bound - ends.row_low[:m]), free_down)
    return Sensitivity(multipliers, reduced, binding, Ranges(linear.cost[:n], up, down, bound_up, bound_down))
