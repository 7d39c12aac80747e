"""What is to be minimised: a function of n numbers, their bounds, and constraints on other functions of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from solver.errors import UserError

if TYPE_CHECKING:
    from .highs import LinearModel

FEASIBLE = 1e-6   # how far a constraint may be missed, relative above 1; Excel's Solver allows as much


@dataclass(frozen=True)
class Goal:
    """A row of the table: what a method minimises where somebody wants f small, large, or equal to a target.

    `merit(f, target)` is it and `slope(f, target)` its derivative by f; `told` says it in words.
    """

    told: str
    merit: Callable[[float, float], float]
    slope: Callable[[float, float], float]


GOALS = {
    "min": Goal("minimise {cell}", lambda f, _: f, lambda f, _: 1.0),
    "max": Goal("maximise {cell}", lambda f, _: -f, lambda f, _: -1.0),
    "value": Goal("bring {cell} to {target:g}", lambda f, target: (f - target) ** 2, lambda f, target: 2 * (f - target)),
}


def _none_whole() -> np.ndarray:
    """Stands for as many as there are numbers, none of them whole."""
    return np.zeros(0, dtype=bool)


@dataclass(frozen=True, eq=False)
class Convex:
    """What is known of a program whose merit is proved to be convex and whose constraints are all linear: the least second
    derivative of the merit, and the constraints as rows of a linear model."""

    curvature: float
    rows: LinearModel


@dataclass(frozen=True, eq=False)
class Program:
    """Make f(x) small (or what `goal` says) subject to low ≤ x ≤ high and floor ≤ c(x) ≤ ceiling.

    `root` says that f is the root of that order of something that is smooth where f has a kink, as an RMSE is: to make f
    small, f^root is made small. ``evaluate(x)`` gives f and the m constraint functions together: values (1 + m,) and Jacobian
    (1 + m, n), float64, f first; not-a-number or infinity where x is outside their domain. `start`,
    `low` and `high` are (n,), `floor` and `ceiling` (m,), with infinities where there is no bound. The numbers `whole` (n,)
    are to be whole; left out: none of them. `linear` says the same as a linear model: its first columns are x and its first rows
    are c. It has no others where f and c are proved to be linear; others say what is piecewise linear, and `exact` that they say
    so to the last digit. `linear_rows` are those of the constraints that are linear where others are not. The
    numbers of each group `different` are to be 1, 2, 3 … in any order. `stepwise` says that slopes tell nothing of f or c.
    `assumed` says that `linear` holds within bounds that nobody stated: what it finds is a start. `jumps` says that f or c may
    jump where a comparison turns, so that slopes do not tell all. `convex` is given where that is proved.
    """

    evaluate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    floor: np.ndarray
    ceiling: np.ndarray
    goal: str = "min"
    target: float = 0.0
    root: int = 1
    whole: np.ndarray = field(default_factory=_none_whole)
    linear: LinearModel | None = None
    linear_rows: LinearModel | None = None
    different: tuple[np.ndarray, ...] = ()
    stepwise: bool = False
    exact: bool = True
    convex: Convex | None = None
    assumed: bool = False
    jumps: bool = False

    def merit(self, f):
        """What is minimised, of f, or of each of an array of them."""
        return GOALS[self.goal].merit(f, self.target) if self.root == 1 else f ** self.root

    def slope(self, f: float) -> float:
        """The derivative of the merit by f."""
        return GOALS[self.goal].slope(f, self.target) if self.root == 1 else self.root * f ** (self.root - 1)

    def __post_init__(self):
        if self.goal not in GOALS:
            raise UserError(f"The goal '{self.goal}' is not known. Choose one of: {', '.join(GOALS)}.")
        if self.root != 1 and self.goal != "min":
            raise UserError("Only what is to become small may be given as a root. Leave root out.")
        if not len(self.whole):
            object.__setattr__(self, "whole", np.zeros(len(self.start), dtype=bool))
        if (self.low > self.high).any() or (self.floor > self.ceiling).any():
            raise UserError("A lower bound is above the upper bound. Exchange or correct them.")

    def relaxed(self) -> Program:
        """The same without whole numbers."""
        return replace(self, whole=_none_whole())

    @property
    def piecewise(self) -> bool:
        """Whether `linear` has columns that say what is piecewise linear."""
        return self.linear is not None and self.linear.n_columns > len(self.start)

    @property
    def n_constraints(self) -> int:
        return len(self.floor)

    @cached_property
    def values_at_start(self) -> np.ndarray:
        """f and the constraint functions (1 + m,) at the start."""
        return self.values(self.start)

    def values(self, x: np.ndarray) -> np.ndarray:
        """f and the constraint functions (1 + m,) alone, which may take less time."""
        alone = getattr(self.evaluate, "values", None)
        return self.evaluate(x)[0] if alone is None else alone(x)

    def many(self, points: np.ndarray) -> np.ndarray:
        """f and the constraint functions (p, 1 + m) of many points (p, n)."""
        together = getattr(self.evaluate, "many", None)
        return np.array([self.values(x) for x in points]) if together is None else together(points)

    def missed(self, c: np.ndarray) -> np.ndarray:
        """How far each constraint is missed, 0 where it is met: (m,)."""
        return np.maximum(0.0, np.maximum(self.floor - c, c - self.ceiling))

    def violation(self, c: np.ndarray) -> float:
        """The largest miss, relative to the bound where that is above 1."""
        if not len(c):
            return 0.0
        missed = self.missed(c)
        bound = np.where(c < self.floor, self.floor, self.ceiling)
        return float(np.max(missed / np.where(missed > 0, np.maximum(1.0, np.abs(bound)), 1.0)))
