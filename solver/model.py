"""What is predicted. One table of models, one equation.

    dot        r̂ = p_u · q_i
    dot+bias   r̂ = p_u · q_i + b_u + b_i                      (Koren, Bell & Volinsky 2009)
    bounded    r̂ = low + (high − low) · σ(p_u · q_i + b_u + b_i),   σ(x) = 1 / (1 + e^−x)

In large data a fixed offset μ, the mean rating, stands beside the biases (inside σ where there is
one); on a sheet it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the table of models is read where torch need not be loaded
    from torch import Tensor

    from .factors import Factors


@dataclass(frozen=True)
class Model:
    """A row of the table of models: which parts of the equation it has."""

    name: str
    biases: bool
    bounded: bool


MODELS = {model.name: model for model in (
    Model("dot", biases=False, bounded=False),
    Model("dot+bias", biases=True, bounded=False),
    Model("bounded", biases=True, bounded=True),
)}

Bounds = tuple[float, float] | None  # (low, high) of a bounded model


def predict(factors: Factors, users: Tensor, items: Tensor, *, bounds: Bounds = None) -> Tensor:
    """Predicted ratings of the pairs (users[j], items[j]); index tensors (n,), result (n,)."""
    x = (factors.user[users] * factors.item[items]).sum(1)
    if factors.user_bias is not None:
        x = x + factors.user_bias[users] + factors.item_bias[items]
    return _into_range(x + factors.offset if factors.offset else x, bounds)


def predict_table(factors: Factors, *, bounds: Bounds = None) -> Tensor:
    """Predicted ratings of every user (rows) for every item (columns): (n_users, n_items)."""
    x = factors.user @ factors.item.T
    if factors.user_bias is not None:
        x = x + factors.user_bias[:, None] + factors.item_bias[None, :]
    return _into_range(x + factors.offset if factors.offset else x, bounds)


def _into_range(x: Tensor, bounds: Bounds) -> Tensor:
    if bounds is None:
        return x
    low, high = bounds
    return low + (high - low) * x.sigmoid()
