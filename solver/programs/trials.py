"""A Program as a method sees it: scaled, checked for finite values, and with its evaluations remembered.

Scaled: x = s·z with one s for each number, the merit divided by its largest slope at the start, and
every constraint by its own. Guarded: where a trial point is outside the domain of a function, the
method is told of a rising slope and turns back. Remembered: the best point met is kept, whatever
ends the search.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.errors import UserError

from .program import FEASIBLE, Program

REACHED = 1e-10    # how close to a wanted value is there, relative above 1
ENDLESS = 1e12     # a merit or a number that has grown by this factor has no end
STALLED = 50       # steps without a better point after which a method that is told so gives up
_NEAR = 1e-9        # a scaled number as close to its bound as this is put on it
UNEQUAL = 1e4      # ratio of sizes of n start values, divided by n, that chance alone does not bring about
TIGHT = 1e-9       # a constraint missed by no more counts as met while points are compared

_Seen = tuple[float, np.ndarray, np.ndarray, np.ndarray]    # the scaled merit, its gradient, the constraints, their Jacobian


class Enough(Exception):
    """Ends a search from within; the text is the reason."""


class Stalled(Exception):
    """Ends a method that goes round in circles; another may follow."""


@dataclass(frozen=True)
class Step:
    """One line of a search's history: the best so far. A search with a proof says its relative `gap` to what f cannot be
    better than, and the `nodes` of branch and bound."""

    number: int
    value: float
    violation: float
    seconds: float
    gap: float | None = None
    nodes: int = 0


@dataclass(frozen=True, eq=False)
class Point:
    """A point with the values (1 + m,) and the Jacobian (1 + m, n) of f and the constraints there."""

    x: np.ndarray
    values: np.ndarray
    jacobian: np.ndarray
    merit: float
    violation: float

    @property
    def value(self) -> float:
        return float(self.values[0])

    def better_than(self, other: Point | None) -> bool:
        """By violation as far as one of both is not feasible, else by merit."""
        if other is None:
            return True
        mine, theirs = (p.violation if p.violation > TIGHT else 0.0 for p in (self, other))
        return (mine, self.merit) < (theirs, other.merit)


class Trials:
    """A Program from one start, as the methods call it: ``merit(z)``, ``constraints(z)``, ``seen(z)``."""

    def __init__(self, program: Program, start: np.ndarray, *, limit: int,
                 on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None):
        self.program, self.limit, self._on_step = program, limit, on_step
        self.history: list[Step] = []
        self._began = time.perf_counter()
        first = self._point(np.clip(start, program.low, program.high))
        if first is None:
            raise UserError("The objective or a constraint is not finite at the start values. Choose others.")
        self.start = self.best = self._last = first
        self._remembered: tuple[np.ndarray, _Seen] | None = None    # the z that was looked at last, and what was seen there
        self._mark, self._better_at = self.best, 0   # the last step that counted as progress
        self.scale = _scales(self.start.x)
        slopes = np.abs(self._slopes(self.start)) * self.scale      # (1 + m, n)
        size = np.maximum(slopes.max(axis=1, initial=0.0), 1e-8 * np.maximum(1.0, np.abs(self.start.values)))
        self.merit_scale, self.row_scale = size[0], size[1:]
        self.low, self.high = program.low / self.scale, program.high / self.scale
        self.floor, self.ceiling = program.floor / self.row_scale, program.ceiling / self.row_scale

    @property
    def z(self) -> np.ndarray:
        """Where the best point is, scaled."""
        return self.best.x / self.scale

    def merit(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """The scaled merit and its gradient (n,)."""
        merit, slope, _, _ = self._seen(z)
        return merit, slope

    def constraints(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The scaled constraint functions (m,) and their Jacobian (m, n)."""
        _, _, c, jacobian = self._seen(z)
        return c, jacobian

    def on_step(self, *_) -> None:
        """Called by the methods after each of their steps."""
        seconds = time.perf_counter() - self._began
        step = Step(len(self.history) + 1, self.best.value, self.best.violation, seconds)
        self.history.append(step)
        if self._on_step and self._on_step(step, lambda: self.best.x):
            raise Enough("as you asked")
        if len(self.history) >= self.limit:
            raise Enough("limit")

    def on_step_or_stall(self, *_) -> None:
        """The same for a method that may go round in circles: Stalled where its steps lead nowhere any more."""
        self.on_step()
        if self.best is not self._mark and (self.best.violation <= TIGHT or self.best.violation < 0.99 * self._mark.violation):
            self._mark, self._better_at = self.best, len(self.history)
        elif len(self.history) - self._better_at >= STALLED:
            self._better_at = len(self.history)
            raise Stalled

    def settle(self, z: np.ndarray) -> None:
        """Take the point at which a method came to rest, which meets the constraints as well as it could: points
        met on the way may have gained by missing them a little."""
        snapped = np.where(z - self.low <= _NEAR, self.low, np.where(self.high - z <= _NEAR, self.high, z))
        for point in (self.at(z), self.at(snapped)):
            if point is None or point.violation > max(TIGHT, min(FEASIBLE, self.best.violation)):
                continue
            if self.best.violation > TIGHT or point.merit <= self.best.merit + FEASIBLE * max(1.0, abs(self.best.merit)):
                self.best = point

    def slope_left(self, reduced_gradient: np.ndarray) -> float:
        """The largest entry of a reduced gradient of f that a step could follow, scaled as the merit is."""
        at, g = self.best, self._chain(self.best) * reduced_gradient
        stuck = ((at.x <= self.program.low) & (g > 0)) | ((at.x >= self.program.high) & (g < 0))
        return float(np.max(np.abs(np.where(stuck, 0.0, g)) * self.scale, initial=0.0) / self.merit_scale)

    def at(self, z: np.ndarray) -> Point | None:
        """The point at scaled z, exactly on its bounds where z is; None where something is not finite."""
        x = np.where(z <= self.low, self.program.low, np.where(z >= self.high, self.program.high, z * self.scale))
        return self._point(np.clip(x, self.program.low, self.program.high))

    def _seen(self, z: np.ndarray) -> _Seen:
        if self._remembered is None or not np.array_equal(z, self._remembered[0]):
            self._remembered = z.copy(), self._look(z)
        return self._remembered[1]

    def _look(self, z: np.ndarray) -> _Seen:
        point, scale = self.at(z), self.merit_scale
        if point is None:   # a wall: turn back to the last point, at about a quarter of the way
            last = self._last
            slope = self._slopes(last)[0] * self.scale / scale
            rise = abs(float(slope @ (z - last.x / self.scale))) + 1e-12
            jacobian = last.jacobian[1:] * self.scale / self.row_scale[:, None]
            return last.merit / scale + rise, -slope, last.values[1:] / self.row_scale, jacobian
        self._last = point
        if point.better_than(self.best):
            self.best = point
            self._refuse_endless(point)
        if self.program.goal == "value" and point.violation <= FEASIBLE and \
                abs(point.value - self.program.target) <= REACHED * max(1.0, abs(self.program.target)):
            self.best = point
            raise Enough("reached")
        slopes = self._slopes(point) * self.scale
        return (point.merit / scale, slopes[0] / scale,
                point.values[1:] / self.row_scale, slopes[1:] / self.row_scale[:, None])

    def _refuse_endless(self, point: Point) -> None:
        far = np.max(np.abs(point.x) / self.scale, initial=0.0) > ENDLESS
        if far or point.merit < -ENDLESS * max(1.0, abs(self.start.merit)):
            raise Enough("endless")

    def _point(self, x: np.ndarray) -> Point | None:
        values, jacobian = self.program.evaluate(x)
        if not (np.isfinite(values).all() and np.isfinite(jacobian).all()):
            return None
        merit = self.program.merit(float(values[0]))
        if not math.isfinite(merit):
            return None
        return Point(x, values, jacobian, merit, self.program.violation(values[1:]))

    def _chain(self, point: Point) -> float:
        return self.program.slope(point.value)

    def _slopes(self, point: Point) -> np.ndarray:
        """The Jacobian of the merit and the constraints: (1 + m, n)."""
        return np.vstack([self._chain(point) * point.jacobian[:1], point.jacobian[1:]])


def _scales(x: np.ndarray) -> np.ndarray:
    """Sizes of the numbers by their start values, where these are very unequal; else 1 for all."""
    sizes = np.abs(x)
    sizes = np.where(sizes > 0, sizes, 1.0)
    return sizes if len(x) and sizes.max() > UNEQUAL * len(x) * sizes.min() else np.ones_like(sizes)
