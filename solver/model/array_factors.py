"""Factors whose parts are arrays of numpy: numbers as a sheet holds them, judged without loading torch.

A look at a workbook is over before torch, the slowest of all libraries to load, would be there. `Factors.raw` is the
same for arrays and for tensors; `as_tensors` is the way from here to a fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .factors import Factors

if TYPE_CHECKING:
    from solver.data.ratings import Ratings

    from .models import Bounds
    from .net import AnyFactors

_PIECE = 65_536     # ratings whose rows are gathered at once: what a cache holds


def array_factors(parts: Mapping[str, np.ndarray]) -> AnyFactors:
    """Factors of these arrays, by the names that `tensors` has for them; a net, which has weights, loads torch."""
    if "weight_0" in parts:
        from .net import NetFactors
        return NetFactors.of(dict[str, Any](parts))
    return Factors(**dict[str, Any](parts))


def as_arrays(factors: AnyFactors) -> AnyFactors:
    """The same factors as arrays of their own."""
    return array_factors({name: np.asarray(part).copy() for name, part in factors.tensors().items()})


def as_tensors(factors: AnyFactors) -> AnyFactors:
    """The same factors as tensors, which a fit takes."""
    import torch

    return factors.map(torch.as_tensor)


def rmse_of_arrays(factors: AnyFactors, ratings: Ratings, *, bounds: Bounds = None, clip: Bounds = None) -> float:
    """Root mean squared error of the predictions of these ratings: `solver.rmse`, which no sum needs torch for but a net's."""
    predicted = predicted_by_arrays(factors, ratings, bounds=bounds)
    if clip is not None:
        predicted = predicted.clip(*clip)
    return math.sqrt(ratings.average((predicted - ratings.values) ** 2))


def predicted_by_arrays(factors: AnyFactors, ratings: Ratings, *, bounds: Bounds = None) -> np.ndarray:
    """(n_ratings,) predictions, float64; in pieces, since each takes rows of memory."""
    predicted = np.empty(len(ratings))
    for first in range(0, len(ratings), _PIECE):
        users, items = (index[first:first + _PIECE] for index in (ratings.user_index, ratings.item_index))
        predicted[first:first + _PIECE] = array_in_range(_raw(factors, users, items), bounds)
    return predicted


def _raw(factors: AnyFactors, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    if not isinstance(factors, Factors):
        return as_tensors(factors).raw(users, items).detach().numpy()  # type: ignore[arg-type]  # positions, as of tensors
    parts = factors.arrays()
    x = (parts["user"][users] * parts["item"][items]).sum(1)
    if "user_bias" in parts:
        x = x + parts["user_bias"][users] + parts["item_bias"][items]
    return x + factors.offset if factors.offset else x


def array_in_range(x: np.ndarray, bounds: Bounds) -> np.ndarray:
    """x itself, or, where there are bounds, low + (high − low) · σ(x): `models.into_range` of an array."""
    if bounds is None:
        return x
    low, high = bounds
    return low + (high - low) * np.exp(-np.logaddexp(0.0, -x))      # without an overflow at either end
