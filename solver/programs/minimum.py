"""What a search for the best point found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .program import FEASIBLE
from .sensitivity import Sensitivity
from .trials import Step


@dataclass(frozen=True, eq=False)
class Conflict:
    """Constraints (m,), lower and upper bounds (n,), as masks, that cannot be met together; without any one of
    them the others can, unless there was no time to find that out. `whole` says that they can, too, by numbers that are not whole."""

    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: bool


@dataclass(frozen=True, eq=False)
class Minimum:
    """What was found.

    `x` (n,) is the best point met, exactly within its bounds; `value` and `values` (1 + m,) are f, and f with the
    constraint functions, there; `value_before` is f at the start. `violation` is the largest relative miss of a
    constraint; `feasible` says whether that is none. `stop` is a sentence; `converged` says whether the search had
    arrived, `stopped` whether the user ended it. `history` is that of the start that led here.

    `engine` names what searched. `proved` says that no point is better; `bound` is what f cannot be better than, None where
    that is not known. Where there is nothing to find, `none` is 'infeasible' or 'unbounded', x is the
    start, and `conflict` says what contradicts each other.
    """

    x: np.ndarray
    value: float
    value_before: float
    values: np.ndarray
    values_before: np.ndarray
    violation: float
    sensitivity: Sensitivity
    history: tuple[Step, ...]
    stop: str
    converged: bool
    stopped: bool
    seconds: float
    engine: str = "gradients"
    proved: bool = False
    bound: float | None = None
    none: str | None = None
    conflict: Conflict | None = None

    @property
    def steps(self) -> int:
        return len(self.history)

    @property
    def feasible(self) -> bool:
        return self.violation <= FEASIBLE

    @property
    def gap(self) -> float | None:
        """How much better f might still be, relative above 1; None where that is not known."""
        return None if self.bound is None else abs(self.value - self.bound) / max(1.0, abs(self.value))
