"""How far each number may go by itself from a point, the others held where they are: what Excel's Limits Report tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .highs import LinearModel
from .program import Program

FARTHEST = 1e15       # from where a number stands; what meets all constraints there is without an end
LOOKS = 32            # points at which a stretch is looked at before its end is halved
HALVINGS = 60
MOST_POINTS = 4096    # whose formulas are evaluated together
_SAME = 1e-9           # relative above 1: an end that is so near is where the number stands


@dataclass(frozen=True, eq=False)
class CellLimits:
    """The least and the largest value (n,) of every number with which all constraints are met, all other numbers as they are, and f
    there. Infinite, and not a number, where there is no end."""

    low: np.ndarray
    high: np.ndarray
    value_low: np.ndarray
    value_high: np.ndarray


def limits_at(program: Program, x: np.ndarray) -> CellLimits:
    """The limits at x, which meets the constraints; a miss that it has counts as met. Between an end and x all is allowed: what lies
    behind a gap is not looked for."""
    allowed = np.maximum(program.missed(program.values(x)[1:]), 1e-12 * np.maximum(1.0, np.abs(_finite_bounds(program))))
    low, high = (_ends(program, x, allowed, upwards=upwards) for upwards in (False, True))
    fixed = np.zeros(len(x), dtype=bool)
    for group in program.different:      # one that moves alone would be like another one
        fixed[group] = True
    low, high = np.where(fixed, x, low), np.where(fixed, x, high)
    whole = program.whole & ~fixed
    low, high = np.where(whole, np.ceil(low - _SAME), low), np.where(whole, np.floor(high + _SAME), high)
    near = _SAME * np.maximum(1.0, np.abs(x))
    low, high = np.where(x - low <= near, x, low), np.where(high - x <= near, x, high)
    return CellLimits(low, high, _values(program, x, low), _values(program, x, high))


def _ends(program: Program, x: np.ndarray, allowed: np.ndarray, *, upwards: bool) -> np.ndarray:
    """Where each number ends up or down."""
    bound = np.maximum(program.high, x) if upwards else np.minimum(program.low, x)
    if program.linear is not None and not program.piecewise:
        return _linear_ends(program, program.linear, x, bound, upwards=upwards)
    n, sign = len(x), 1.0 if upwards else -1.0
    open_ = np.isinf(bound)
    # a few points between here and there; where there is no end, each farther away than the one before
    steps = np.geomspace(1e-6, FARTHEST, LOOKS)
    shares = np.linspace(0.0, 1.0, LOOKS + 1)[1:]
    looked = np.where(open_[:, None], x[:, None] + sign * np.maximum(1.0, np.abs(x))[:, None] * steps,
                      x[:, None] + np.where(open_, 0.0, bound - x)[:, None] * shares)
    looked[~open_, -1] = bound[~open_]
    met = _met(program, x, looked, allowed)
    ended = ~met.all(axis=1)
    first = np.argmin(met, axis=1)      # the first that is not met
    places = np.arange(n)
    good = np.where(ended, np.where(first > 0, looked[places, np.maximum(first - 1, 0)], x), looked[:, -1])
    bad = looked[places, first]
    for _ in range(HALVINGS if ended.any() else 0):
        middle = (good + bad) / 2
        met = _met(program, x, middle[:, None], allowed)[:, 0]
        good, bad = np.where(ended & met, middle, good), np.where(ended & ~met, middle, bad)
    return np.where(ended, good, np.where(open_, sign * np.inf, bound))


def _linear_ends(program: Program, model: LinearModel, x: np.ndarray, bound: np.ndarray, *, upwards: bool) -> np.ndarray:
    """The same where all rows are linear: each of them says how far."""
    c, sign, rows = program.values(x)[1:], 1.0 if upwards else -1.0, model.rows.tocoo()
    moving = rows.data != 0
    row, slope, far = rows.row[moving], sign * rows.data[moving], np.full(len(x), np.inf)
    room = np.where(slope > 0, program.ceiling[row] - c[row], program.floor[row] - c[row])
    np.minimum.at(far, rows.col[moving], np.maximum(0.0, room / slope))
    return np.minimum(bound, x + far) if upwards else np.maximum(bound, x - far)


def _met(program: Program, x: np.ndarray, moved: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Whether all constraints are met where each number alone is moved to each of some values (n, k): (n, k)."""
    n, k = moved.shape
    met = np.zeros((n, k), dtype=bool)
    for some in np.array_split(np.arange(n), max(1, n * k // MOST_POINTS)):
        points = np.repeat(x[None], len(some) * k, axis=0)
        points[np.arange(len(points)), np.repeat(some, k)] = moved[some].ravel()
        c = program.many(points)[:, 1:]
        with np.errstate(invalid="ignore"):
            missed = np.maximum(program.floor - c, c - program.ceiling)
        met[some] = (np.isfinite(c) & (missed <= allowed)).all(axis=1).reshape(len(some), k)
    return met


def _values(program: Program, x: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """f where each number alone is at its end."""
    known = np.isfinite(ends)
    points = np.repeat(x[None], len(x), axis=0)
    points[np.diag_indices(len(x))] = np.where(known, ends, x)
    return np.where(known, program.many(points)[:, 0], np.nan)


def _finite_bounds(program: Program) -> np.ndarray:
    return np.where(np.isfinite(program.floor), program.floor, np.where(np.isfinite(program.ceiling), program.ceiling, 0.0))
