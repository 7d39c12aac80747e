"""Lagrange multipliers of the constraints, and the reduced gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .program import FEASIBLE, Program


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """At a minimum or maximum: how f answers to what is given.

    `multipliers` (m,): how much the best f changes when the bound of a constraint is moved up by one; 0 where it
    does not bind. `reduced_gradient` (n,): what they leave of the gradient of f, so that it is 0 for a number between
    its bounds, and for one on a bound how much f changes when that bound is moved up by one. `binding` (m,) says
    which constraints hold the point. `ranges` are known of linear problems without whole numbers.
    """

    multipliers: np.ndarray
    reduced_gradient: np.ndarray
    binding: np.ndarray
    ranges: Ranges | None = None


@dataclass(frozen=True, eq=False)
class Ranges:
    """Of a linear problem: how much may be added to or taken from one coefficient of the objective (n,) before the best x is
    another one, and one bound of a constraint (m,) before its multiplier is another one. Infinity: as much as you like."""

    coefficients: np.ndarray
    coefficient_increase: np.ndarray
    coefficient_decrease: np.ndarray
    bound_increase: np.ndarray
    bound_decrease: np.ndarray


def sensitivity(program: Program, x: np.ndarray, values: np.ndarray, jacobian: np.ndarray, *,
                scale: np.ndarray | float = 1.0) -> Sensitivity:
    """Sensitivity at x, from the values (1 + m,) and the Jacobian (1 + m, n) there.

    The multipliers λ of the binding constraints are those with the least Σ (s_i · (∇f − Jᵀλ)_i)² over the numbers
    that are between their bounds, `scale` being their sizes s (Nocedal & Wright 2006, eq. 18.21).
    """
    c, gradient, rows = values[1:], jacobian[0], jacobian[1:]
    near = FEASIBLE * np.maximum(1.0, np.abs(c))
    binding = (np.abs(c - program.floor) <= near) | (np.abs(c - program.ceiling) <= near)
    free = (x > program.low) & (x < program.high)
    multipliers = np.zeros(len(c))
    if binding.any() and free.any():
        size = np.broadcast_to(scale, x.shape)[free]
        multipliers[binding] = np.linalg.lstsq((rows[binding][:, free] * size).T, gradient[free] * size, rcond=None)[0]
    return Sensitivity(multipliers, gradient - multipliers @ rows, binding)
