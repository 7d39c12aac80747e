"""A Program in, the best point out, with its history and the reason to stop as a sentence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from solver.errors import UserError, stopped_by
from solver.threads import one_thread

from .convex import minimise_by_cuts, with_bound
from .generations import minimise_by_generations
from .linear import SAME, minimise_linear
from .minimum import Minimum
from .program import FEASIBLE, Program
from .scipy_methods import SCIPY_METHODS, method_for
from .sensitivity import sensitivity
from .trials import Enough, Point, Step, Trials

MOST_STEPS = 2_000   # of a search, unless told otherwise: what has not arrived by then creeps
SECONDS_AFTER = 3.0  # of a search that goes on where HiGHS ended without a proof, unless told otherwise
RESCUES, RESCUE_SECONDS = 12, 3.0     # starts more, and their time, where the first leads to no point that meets all
GROWN = 1e6          # times better than at the start: an objective that got there, and x without end, has none
FLAT = 1e-5          # a slope that has become smaller than this share of the steepest at the start is none


def minimise(program: Program, *, steps: int | None = None, starts: int = 1, seed: int = 0, seconds: float | None = None,
             on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None) -> Minimum:
    """Minimise a program (or what its goal says) from its start, and from `starts` − 1 others drawn by `seed`.

    Without constraints by L-BFGS, or L-BFGS-B within bounds; with them by SLSQP, and many of them by an augmented Lagrangian. `steps` is
    the most of each search (None: `MOST_STEPS`). A linear program is brought to its proved optimum by HiGHS instead, from any start; whole numbers
    in other programs, and formulas that go in steps, are sought by whole generations of points. `seconds` is the most that these
    two may take. ``on_step(step, x)`` is called after every step, where ``x()`` gives the best point so
    far; a true value, or Ctrl-C, stops there and keeps it. Raises UserError where f or a constraint is not finite
    at the start.
    """
    if steps is not None and steps < 1 or starts < 1:
        raise UserError("The number of steps and of starts is 1 or more. Correct it.")
    if program.linear is not None and (program.piecewise or not program.different):
        found = minimise_linear(program, program.linear, seconds=seconds, on_step=on_step)
        if program.assumed and not found.stopped:      # a start, where it is one
            start = found.x if found.feasible else program.start
            found = replace(found, bound=None)
            return _went_on(program, found, minimise(replace(program, start=start, linear=None), steps=steps, starts=starts, seed=seed,
                                                     seconds=seconds or SECONDS_AFTER, on_step=on_step))
        if not program.piecewise or found.proved or found.none or found.stopped:
            return found
        return _went_on(program, found, minimise(replace(program, start=found.x, linear=None), steps=steps, starts=starts, seed=seed,
                                                 seconds=seconds or SECONDS_AFTER, on_step=on_step))
    if program.whole.any() and program.convex is not None and not program.different:
        by_cuts = minimise_by_cuts(program, program.convex, seconds=seconds, on_step=on_step, by_slopes=lambda inner: minimise(inner, steps=200))
        if by_cuts is not None:
            return by_cuts
    if program.whole.any() or program.stepwise:
        return minimise_by_generations(program, seconds=seconds, seed=seed, on_step=on_step,
                                       by_slopes=lambda inner: minimise(replace(inner, stepwise=False), steps=200))
    found = with_bound(program, _best_of_starts(program, starts, steps=steps, seed=seed, seconds=seconds, on_step=on_step))
    if not program.jumps or found.stopped or steps is not None:
        return found
    return _or_across_jumps(program, found, minimise_by_generations(
        replace(program, start=found.x), seconds=seconds or SECONDS_AFTER, seed=seed, on_step=on_step, by_slopes=lambda inner: minimise(inner, steps=200)))


def _best_of_starts(program: Program, starts: int, *, steps: int | None, seed: int, seconds: float | None, on_step) -> Minimum:
    """The best that searches by slopes find, from the program's own start and others; where none of them arrives, from some more."""
    began, limit = time.perf_counter(), steps or MOST_STEPS
    best, found = _search(program, program.start, limit, on_step)
    first, winner = found, 1
    others = _other_starts(program, starts - 1 + (RESCUES if steps is None else 0), seed)
    for number, start in enumerate(others, 2):
        rescued = number > starts and (_arrived(program, found) or time.perf_counter() - began > min(RESCUE_SECONDS, seconds or np.inf))
        if found.stopped or rescued:
            break
        try:
            point, ended = _search(program, start, limit, on_step)
        except UserError:
            continue    # a random start outside the domain
        if point.better_than(best):
            best, found, winner = point, ended, number
        if ended.stopped:
            found = replace(found, stopped=True, converged=False, stop=ended.stop)
    if winner > starts:
        stop = f"From another start, drawn at random: {found.stop}"
    else:
        stop = found.stop if starts == 1 else f"The best of {starts} starts, number {winner}: {found.stop}"
    return replace(found, value_before=first.value_before, values_before=first.values_before, stop=stop, seconds=time.perf_counter() - began)


def _or_across_jumps(program: Program, found: Minimum, then: Minimum) -> Minimum:
    """The better of what slopes found and what a search found that began there and needs none."""
    mine, theirs = ((max(0.0, one.violation - FEASIBLE), program.merit(one.value)) for one in (found, then))
    if theirs[0] > mine[0] or theirs[0] == mine[0] and theirs[1] >= mine[1] - SAME * max(1.0, abs(mine[1])):
        return replace(found, seconds=found.seconds + then.seconds, stopped=then.stopped)
    return _went_on(program, found, then)


def _arrived(program: Program, found: Minimum) -> bool:
    """Whether a search found what was asked for: a point that meets all constraints, and the value where one is wanted, or one that is
    not the start itself, where a slope may be 0 or have no end, as that of SQRT at 0."""
    if program.goal == "value":
        return found.feasible and abs(found.value - program.target) <= FEASIBLE * max(1.0, abs(program.target))
    return found.feasible and (program.convex is not None or not np.array_equal(found.x, program.start))


def _went_on(program: Program, first: Minimum, then: Minimum) -> Minimum:
    """What was found from where HiGHS ended, as found from the program's own start; its bound still holds."""
    bound = first.bound if program.exact else None
    stop = then.stop if bound is None else f"{then.stop} HiGHS proved that no point is better than {bound:.9g}."
    return replace(then, value_before=first.value_before, values_before=first.values_before, seconds=first.seconds + then.seconds,
                   bound=bound, stop=stop, history=first.history + then.history)


def _other_starts(program: Program, count: int, seed: int) -> Iterator[np.ndarray]:
    """Random starts: between the bounds where both are there, else around the given start, and off its bounds."""
    generator = np.random.default_rng(seed)
    size = np.maximum(1.0, np.abs(program.start))
    for _ in range(count):
        around = program.start + size * generator.standard_normal(len(size))
        around = np.where(around < program.low, 2 * program.low - around, np.where(around > program.high, 2 * program.high - around, around))
        with np.errstate(invalid="ignore"):
            between = program.low + (program.high - program.low) * generator.random(len(size))
        boxed = np.isfinite(program.low) & np.isfinite(program.high)
        yield np.clip(np.where(boxed, between, around), program.low, program.high)


def _search(program: Program, start: np.ndarray, steps: int, on_step) -> tuple[Point, Minimum]:
    trials, why, stopped = Trials(program, start, limit=steps, on_step=on_step), "", False
    try:
        with one_thread(), threadpool_limits(limits=1):   # small systems are solved ten times slower on several
            SCIPY_METHODS[method_for(program)](trials)
    except Enough as enough:
        why, stopped = str(enough), str(enough) == "as you asked"
    except KeyboardInterrupt as interrupt:
        why, stopped = f"by {stopped_by(interrupt)}", True
    best = trials.best
    grown = best.merit < -GROWN * max(1.0, abs(trials.start.merit))      # and not x alone, as where f goes to a limit
    found = sensitivity(program, best.x, best.values, best.jacobian, scale=trials.scale)
    stop, converged = _reason(trials, why, stopped, trials.slope_left(found.reduced_gradient))
    seconds = trials.history[-1].seconds if trials.history else 0.0
    return best, Minimum(best.x, best.value, trials.start.value, best.values, trials.start.values, best.violation,
                         found, tuple(trials.history), stop, converged, stopped, seconds, none="unbounded" if why == "endless" and grown else None)


def _reason(trials: Trials, why: str, stopped: bool, slope: float) -> tuple[str, bool]:
    """Why a search ended, as a sentence, and whether it had arrived."""
    program, best = trials.program, trials.best
    n = len(trials.history)
    after = f"after {n} step{'s' * (n != 1)}"
    if stopped:
        return f"Stopped {after}, {why}; the best so far is kept.", False
    if why == "reached":
        return f"Reached {after}: the objective is {program.target:g}.", True
    if why == "endless":
        return (f"Stopped {after}: the objective has no {'maximum' if program.goal == 'max' else 'minimum'}, it "
                "goes on without end. Add a bound or a constraint."), False
    if best.violation > FEASIBLE:
        return (f"No point was found {after} that meets all constraints; the best one misses one by "
                f"{program.missed(best.values[1:]).max():.3g}. Check that they do not contradict each other, or start "
                "elsewhere."), False
    if why == "limit":
        return f"Stopped {after}, the most allowed; the objective may still get better: allow more.", False
    if program.goal == "value":
        return (f"Ended {after}: {program.target:g} was not reached, {best.value:.9g} is as near as it comes from "
                "this start."), False
    if slope <= FLAT:
        return f"Converged {after}: the {'reduced ' * bool(program.n_constraints)}gradient is zero to {_power(slope)}.", True
    return (f"Ended {after}: no step makes the objective better, though its gradient is not zero (it is {slope:.1e} of the "
            "steepest at the start): there may be a kink, or a step in a formula."), False


def _power(slope: float) -> str:
    """``1e-09`` for what is at most that."""
    return f"{10.0 ** max(-15, math.ceil(math.log10(slope))) if slope > 0 else 1e-15:.0e}"

