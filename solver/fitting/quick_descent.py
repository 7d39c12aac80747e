"""The objective of a sheet (`solver.core.objective`) and its gradient, written out in numpy, and L-BFGS for it.

A choice of weight decay is a thousand looks at a few thousand ratings: each takes a third of a millisecond here, and three in
torch, whose tape and optimizer cost more than the sums. scipy's L-BFGS-B would cost its import, and on tables this small the threads of
its BLAS wait for each other longer than they compute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.data.ratings import Ratings
from solver.model.models import Bounds, penalty_scales

MEMORY = 10         # steps whose curvature is remembered
_TRIES = 25         # lengths of a step that are looked at
_DOWN, _FLATTER = 1e-4, 0.9     # Wolfe's conditions (Nocedal & Wright 2006, 3.6)

Parts = dict[str, np.ndarray]       # the arrays of factors, by field name
_Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True, eq=False)
class _Side:
    """Who rated, or what was rated: `index` (n,) of each rating, `order` (n,) that sorts ratings by it, where each one's `begin` (m,) in
    that order, and each one's `share` (m,) of the ratings, which count by their weights. Everybody has a rating."""

    index: np.ndarray
    order: np.ndarray
    begin: np.ndarray
    share: np.ndarray

    @classmethod
    def of(cls, index: np.ndarray, weights: np.ndarray | None) -> _Side:
        counts = np.bincount(index)
        return cls(index, np.argsort(index, kind="stable"), np.cumsum(counts) - counts, np.bincount(index, weights) / len(index))

    def sums(self, of_ratings: np.ndarray) -> np.ndarray:
        """(…, m) the sums over each one's ratings, of numbers (…, n)."""
        return np.add.reduceat(of_ratings.take(self.order, -1), self.begin, axis=-1)


@dataclass(frozen=True, eq=False)
class SheetObjective:
    """The mean squared error of these ratings plus weight decay, in which every user and item has a rating."""

    users: _Side
    items: _Side
    values: np.ndarray
    bounds: Bounds
    scales: tuple[float, float]     # of the factors' and of the biases' penalty
    weights: np.ndarray | None      # (n,), 1 in the mean; None: all ratings count alike

    @classmethod
    def of(cls, ratings: Ratings, *, bounds: Bounds, spread: float) -> SheetObjective:
        """`spread` is the standard deviation of the ratings."""
        weights = None if ratings.weights is None else ratings.weights / ratings.weights.mean()
        return cls(_Side.of(ratings.user_index, weights), _Side.of(ratings.item_index, weights), ratings.values, bounds,
                   penalty_scales(spread, bounds), weights)

    def loss(self, parts: Parts, decay: float) -> tuple[float, Parts]:
        """The objective, and its derivatives by the parts. Factors are (k, m) here, a column for each user or item."""
        of_users, of_items = parts["user"].take(self.users.index, 1), parts["item"].take(self.items.index, 1)      # (k, n)
        x = np.einsum("kn,kn->n", of_users, of_items)
        if "user_bias" in parts:
            x += parts["user_bias"].take(self.users.index) + parts["item_bias"].take(self.items.index)
        predicted, slope = x, 1.0
        if self.bounds is not None:
            low, high = self.bounds
            share = 0.5 * (1.0 + np.tanh(0.5 * x))      # = 1 / (1 + e^−x), and never overflows
            predicted, slope = low + (high - low) * share, (high - low) * share * (1.0 - share)
        errors = predicted - self.values
        weighted = errors if self.weights is None else self.weights * errors
        pull = (2.0 / len(errors)) * weighted * slope     # (n,) ∂ mean squared error / ∂x
        total, found = float(np.einsum("n,n->", weighted, errors)) / len(errors), {}
        of_factors, of_biases = (decay * scale for scale in self.scales)
        for name, side, seen in (("user", self.users, of_items), ("item", self.items, of_users)):
            rows, bias = parts[name], parts.get(f"{name}_bias")
            total += of_factors * float(np.einsum("km,km,m->", rows, rows, side.share))
            found[name] = side.sums(pull * seen) + 2.0 * of_factors * side.share * rows
            if bias is not None:
                apart = bias - np.einsum("m,m->", side.share, bias)
                total += of_biases * float(np.einsum("m,m,m->", side.share, apart, apart))
                found[f"{name}_bias"] = side.sums(pull) + 2.0 * of_biases * side.share * apart
        return total, found

    def least(self, parts: Parts, decay: float, *, epochs: int, tolerance: float) -> Parts:
        """Where L-BFGS comes from these factors (m, k) and biases, in so many steps at most."""
        turned = {name: np.ascontiguousarray(part.T) for name, part in parts.items()}
        places = _places(turned)

        def of_vector(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, slopes = self.loss({name: x[first:last].reshape(turned[name].shape) for name, (first, last) in places.items()}, decay)
            return value, np.concatenate([slopes[name].ravel() for name in turned])

        x = lbfgs(of_vector, np.concatenate([part.ravel() for part in turned.values()]), epochs=epochs, tolerance=tolerance)
        return {name: np.ascontiguousarray(x[first:last].reshape(turned[name].shape).T) for name, (first, last) in places.items()}


def _places(parts: Parts) -> dict[str, tuple[int, int]]:
    """Where each part stands in one long vector."""
    ends = np.cumsum([part.size for part in parts.values()]).tolist()
    return {name: (end - part.size, end) for (name, part), end in zip(parts.items(), ends)}


def lbfgs(loss: _Loss, x: np.ndarray, *, epochs: int, tolerance: float) -> np.ndarray:
    """Steps down from x (Nocedal & Wright 2006, algorithm 7.5), until one lowers the loss by no more than this share of it."""
    value, slope = loss(x)
    steps: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)
    for _ in range(epochs):
        ahead = _downhill(slope, steps)
        length = 1.0 if steps else min(1.0, 1.0 / (float(np.abs(slope).sum()) or 1.0))
        found = _step(loss, x, value, slope, ahead, length)
        if found is None:
            return x        # as low as rounding allows
        after, new_value, new_slope = found
        moved, turned = after - x, new_slope - slope
        curvature = _dot(moved, turned)
        if curvature > 1e-10 * _dot(turned, turned):
            steps.append((moved, turned, curvature))
        arrived = value - new_value <= tolerance * abs(value)
        x, value, slope = after, new_value, new_slope
        if arrived:
            return x
    return x


def _downhill(slope: np.ndarray, steps: deque[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    """−H g by the two loops over what the last steps told of the curvature."""
    ahead, weights = -slope, []
    for moved, turned, curvature in reversed(steps):
        weights.append(_dot(moved, ahead) / curvature)
        ahead -= weights[-1] * turned
    if steps:
        moved, turned, curvature = steps[-1]
        ahead *= curvature / _dot(turned, turned)
    for moved, turned, curvature in steps:
        ahead += (weights.pop() - _dot(turned, ahead) / curvature) * moved
    return ahead


def _step(loss: _Loss, x: np.ndarray, value: float, slope: np.ndarray, ahead: np.ndarray, length: float
          ) -> tuple[np.ndarray, float, np.ndarray] | None:
    """(where, loss, slope) after a step that keeps Wolfe's weak conditions, by halving and doubling (Lewis & Overton 2013);
    None where no step leads down."""
    down, shortest, longest = _dot(slope, ahead), 0.0, np.inf
    if not down < 0:
        return None
    lower = None
    for _ in range(_TRIES):
        there = x + length * ahead
        new_value, new_slope = loss(there)
        if not new_value <= value + _DOWN * length * down:      # too far, or no number
            longest = length
        else:
            lower = there, new_value, new_slope
            if _dot(new_slope, ahead) >= _FLATTER * down:
                return lower
            shortest = length
        length = 2.0 * shortest if longest == np.inf else 0.5 * (shortest + longest)
    return lower


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.einsum("n,n->", a, b))      # BLAS would take threads for it
