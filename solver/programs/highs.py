"""HiGHS, asked for the optimum of a linear model with or without whole numbers, and heard while it searches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Thread

import numpy as np
from scipy.sparse import csr_array, hstack

from solver.errors import UserError

INFINITE = 1e20       # for HiGHS; what is larger counts as no bound
EXACT = 1e-9          # how far HiGHS may miss a row or a bound
WHOLE = 1e-6          # how far from a whole number it may leave one, before it is rounded
CLOCK_SHARE = 3          # times as many seconds as a search has of the processor it has by the clock, at most
LOOK = 0.1            # seconds between two looks at a search


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Minimise cost·y + offset where low ≤ y ≤ high, floor ≤ rows·y ≤ ceiling and the numbers `whole` are whole.

    `cost`, `low`, `high` and `whole` are (k,), `rows` is (m, k), sparse, `floor` and `ceiling` are (m,).
    """

    cost: np.ndarray
    offset: float
    rows: csr_array
    floor: np.ndarray
    ceiling: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: np.ndarray

    @property
    def n_columns(self) -> int:
        return len(self.cost)

    def value(self, y: np.ndarray) -> float:
        return float(self.cost @ y) + self.offset


@dataclass(frozen=True, eq=False)
class Ranging:
    """How far a cost or a bound may be moved, alone, before the optimal basis is another one: the values at both ends, of
    every cost (k,) and of every row's bound (m,)."""

    cost_low: np.ndarray
    cost_high: np.ndarray
    row_low: np.ndarray
    row_high: np.ndarray


@dataclass(frozen=True, eq=False)
class Answer:
    """What HiGHS found: `state` is 'optimal', 'infeasible', 'unbounded' or 'stopped'.

    `y` (k,) is the best point met, or None; `bound` says that no point has a lower value; `nodes` counts those of branch and
    bound. Of a model without whole numbers `row_dual` (m,) and `column_dual` (k,) tell how much the optimum changes
    for each unit of a row's bound and of a number's.
    """

    state: str
    y: np.ndarray | None
    bound: float
    nodes: int
    row_dual: np.ndarray | None = None
    column_dual: np.ndarray | None = None
    ranging: Ranging | None = None


@dataclass(frozen=True)
class Progress:
    """How far a search is: the value of the best point `y` so far (None before there is one), what no point goes below, and the
    nodes seen."""

    value: float
    bound: float
    nodes: int
    y: np.ndarray | None = None


def solve_model(model: LinearModel, *, seconds: float | None = None, start: np.ndarray | None = None, ranging: bool = False,
                on_progress: Callable[[Progress], bool | None] | None = None) -> Answer:
    """The optimum of a model, within so many `seconds`.

    ``on_progress(progress)`` is called a few times a second; a true value, or Ctrl-C, ends the search, and the best point
    so far is kept. `start` (k,) is a point to begin from. `ranging` asks for that of an optimum without whole numbers.
    """
    answer = _asked(model, seconds=seconds, start=start, ranging=ranging, on_progress=on_progress)
    if answer.y is None or not model.whole.any():
        return answer
    rounded = np.where(model.whole, np.round(answer.y), answer.y)
    if model.whole.all():
        return replace(answer, y=rounded)
    # the numbers that need not be whole follow those that were rounded
    fixed = replace(model, low=np.where(model.whole, rounded, model.low), high=np.where(model.whole, rounded, model.high),
                    whole=np.zeros_like(model.whole))
    after = _asked(fixed)
    return replace(answer, y=np.where(model.whole, rounded, after.y) if after.y is not None and after.state == "optimal" else rounded)


def feasible(model: LinearModel, *, seconds: float | None = None) -> bool:
    """Whether any point meets a model's rows and bounds; also where that was not found out in so many seconds."""
    return _asked(replace(model, cost=np.zeros_like(model.cost)), seconds=seconds).state != "infeasible"


def _asked(model: LinearModel, *, seconds=None, start=None, ranging=False, on_progress=None) -> Answer:
    import highspy

    highs = highspy.Highs()
    options: dict[str, bool | float | str] = {
        "output_flag": False, "primal_feasibility_tolerance": EXACT, "dual_feasibility_tolerance": EXACT,
        "mip_feasibility_tolerance": WHOLE, "mip_rel_gap": 1e-9, "mip_abs_gap": 1e-9, "threads": 1,
        "presolve": "on"}
    for option, value in options.items():
        highs.setOptionValue(option, value)
    if seconds is not None:
        highs.setOptionValue("time_limit", float(seconds))
    if highs.passModel(_passed(model)) == highspy.HighsStatus.kError:
        raise UserError("A coefficient or a bound of the linear model is too large for HiGHS. Use smaller units on the sheet.")
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = start.tolist()
        highs.setSolution(given)
    stopped = _run(highs, on_progress)
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        highs.setOptionValue("presolve", "off")
        stopped = _run(highs, on_progress)
        status = highs.getModelStatus()
    info, solution = highs.getInfo(), highs.getSolution()
    states = highspy.HighsModelStatus
    state = {states.kOptimal: "optimal", states.kModelEmpty: "optimal", states.kInfeasible: "infeasible",
             states.kUnbounded: "unbounded"}.get(status, "stopped")
    y = np.array(solution.col_value) if solution.value_valid and len(solution.col_value) == model.n_columns else None
    if y is not None and state == "stopped" and info.primal_solution_status != 2:   # a point, but none that meets the rows
        y = None
    if state == "optimal" and y is None:
        y = np.clip(np.zeros(model.n_columns), model.low, model.high)
    if y is not None:
        y = np.clip(y, model.low, model.high)
    integral = model.whole.any()
    bound = float(info.mip_dual_bound) if integral else -np.inf if y is None or state != "optimal" else model.value(y)
    answer = Answer(state, y, bound, max(0, int(info.mip_node_count)) if integral else 0)
    if integral or state != "optimal" or not solution.dual_valid:
        return answer if not stopped else replace(answer, state="stopped" if state != "optimal" else state)
    return replace(answer, row_dual=np.array(solution.row_dual), column_dual=np.array(solution.col_dual),
                   ranging=_ranging(highs, model) if ranging else None)


def _passed(model: LinearModel):
    import highspy

    lp, rows = highspy.HighsLp(), csr_array(model.rows)
    lp.num_col_, lp.num_row_ = model.n_columns, rows.shape[0]
    lp.col_cost_, lp.offset_ = model.cost, model.offset
    lp.col_lower_, lp.col_upper_ = (_bounded(bound) for bound in (model.low, model.high))
    lp.row_lower_, lp.row_upper_ = (_bounded(bound) for bound in (model.floor, model.ceiling))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    if model.whole.any():
        lp.integrality_ = [highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous for whole in model.whole]
    return lp


def _bounded(bound: np.ndarray) -> np.ndarray:
    import highspy

    return np.where(bound >= INFINITE, highspy.kHighsInf, np.where(bound <= -INFINITE, -highspy.kHighsInf, bound))


def _run(highs, on_progress) -> bool:
    """Run HiGHS beside this thread, which listens; whether it was told to stop."""
    seen: list[Progress] = []
    best: list[np.ndarray] = []
    stop: list[bool] = []

    def improved(event):
        best[:] = [np.array(event.data_out.mip_solution)]

    def heard(event):
        out = event.data_out
        seen[:] = [Progress(float(out.mip_primal_bound), float(out.mip_dual_bound), int(out.mip_node_count))]
        if stop:
            event.interrupt()

    def heard_simplex(event):
        if stop:
            event.interrupt()
    highs.cbMipImprovingSolution += improved
    highs.cbMipInterrupt += heard
    highs.cbSimplexInterrupt += heard_simplex
    worker = Thread(target=highs.run, daemon=True)
    worker.start()
    told = time.perf_counter()
    while worker.is_alive():
        try:
            worker.join(LOOK)
            if worker.is_alive() and on_progress and time.perf_counter() - told >= LOOK:
                told = time.perf_counter()
                progress = seen[0] if seen else Progress(np.inf, -np.inf, 0)
                if on_progress(replace(progress, y=best[0] if best else None)):
                    stop.append(True)
        except KeyboardInterrupt:
            stop.append(True)
    return bool(stop)


def _ranging(highs, model: LinearModel) -> Ranging | None:
    _, found = highs.getRanging()
    if not found.valid:
        return None
    ends = [np.array(record.value_) for record in (found.col_cost_dn, found.col_cost_up, found.row_bound_dn, found.row_bound_up)]
    return Ranging(*ends)


def conflict(model: LinearModel, *, n_rows: int, n_columns: int,
             seconds: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Of a model without any point: rows (n_rows,), lower and upper bounds (n_columns,) that contradict each other, as masks, and
    no longer do when any one of them is given up (as far as that was found out in so many seconds); and whether they would not, either,
    if no column had to be a whole number.

    Rows and columns after so many say what is piecewise linear, and stay. A deletion filter (Chinneck & Dravnieks 1991), which gives up whole stretches first.
    """
    ends, m = time.perf_counter() + seconds, model.rows.shape[0]
    rows, low, high = np.ones(m, dtype=bool), np.isfinite(model.low), np.isfinite(model.high)

    def left() -> LinearModel:
        return replace(model, rows=model.rows[np.flatnonzero(rows)], floor=model.floor[rows], ceiling=model.ceiling[rows],
                       low=np.where(low, model.low, -np.inf), high=np.where(high, model.high, np.inf))

    def without(group: np.ndarray, places: np.ndarray) -> bool:
        """Give up some of a group; whether what is left is still without a point."""
        kept = group[places].copy()
        group[places] = False
        remaining = ends - time.perf_counter()
        if remaining > 0 and not feasible(left(), seconds=max(0.1, remaining)):
            return True
        group[places] = kept
        return False

    for group, count in ((rows, n_rows), (low, n_columns), (high, n_columns)):
        size = max(1, count // 4)
        while size:
            for first in range(0, count, size):
                places = np.flatnonzero(group[first:min(first + size, count)]) + first
                if len(places):
                    without(group, places)
            size = 0 if size == 1 else max(1, size // 4)
    of_cells = model.whole & (np.arange(model.n_columns) < n_columns)
    by_whole = bool(of_cells.any()) and feasible(replace(left(), whole=model.whole & ~of_cells), seconds=1.0)
    return rows[:n_rows], low[:n_columns], high[:n_columns], by_whole


def closest(model: LinearModel) -> np.ndarray | None:
    """The point that misses the rows of a model least, in sum, within its bounds (and whole where it should be)."""
    n, m = model.n_columns, model.rows.shape[0]
    below, above = (csr_array((np.ones(m), (np.arange(m), np.arange(m))), shape=(m, m)) * sign for sign in (1.0, -1.0))
    wide = LinearModel(np.concatenate([np.zeros(n), np.ones(2 * m)]), 0.0, csr_array(hstack([model.rows, below, above])),
                       model.floor, model.ceiling, np.concatenate([model.low, np.zeros(2 * m)]),
                       np.concatenate([model.high, np.full(2 * m, np.inf)]), np.concatenate([model.whole, np.zeros(2 * m, bool)]))
    answer = solve_model(wide, seconds=10.0)
    return None if answer.y is None else answer.y[:n]
