"""What is predicted. One table of models, one equation.

    dot        r̂ = p_u · q_i
    dot+bias   r̂ = p_u · q_i + b_u + b_i                      (Koren, Bell & Volinsky 2009)
    bounded    r̂ = low + (high − low) · σ(p_u · q_i + b_u + b_i),   σ(x) = 1 / (1 + e^−x)
    net        r̂ = low + (high − low) · σ(net(p_u, q_i)),           the lesson's embedding net (`net`)

`Factors.raw` and `NetFactors.raw` compute the value before σ. In large data a fixed offset μ, the mean rating, is added to the
biases (inside σ where the model has one); on a sheet it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the table of models is read where torch need not be loaded
    from torch import Tensor

    from .net import AnyFactors


@dataclass(frozen=True)
class Model:
    """A row of the table of models: which parts of the equation it has, and which settings it honours, of those that
    not every model does. `epochs` is the most of a fit on all ratings at once, where the optimizer's own are more than it needs."""

    name: str
    biases: bool
    bounded: bool
    honours: frozenset[str]
    additive: bool = True  # a sum of products and biases, inside σ or not
    epochs: int | None = None


_FACTORS, _RANGE = frozenset({"n_factors"}), frozenset({"low", "high"})

MODELS = {model.name: model for model in (
    Model("dot", biases=False, bounded=False, honours=_FACTORS),
    Model("dot+bias", biases=True, bounded=False, honours=_FACTORS),
    Model("bounded", biases=True, bounded=True, honours=_FACTORS | _RANGE),
    Model("net", biases=False, bounded=True, honours=_RANGE | {"embedding_sizes", "hidden", "dropout"}, additive=False, epochs=400),
)}

Bounds = tuple[float, float] | None  # (low, high) of a bounded model


def predict(factors: AnyFactors, users: Tensor, items: Tensor, *, bounds: Bounds = None) -> Tensor:
    """Predicted ratings of the pairs (users[j], items[j]); index tensors (n,), result (n,)."""
    return into_range(factors.raw(users, items), bounds)


def predict_table(factors: AnyFactors, *, bounds: Bounds = None) -> Tensor:
    """Predicted ratings of every user (rows) for every item (columns): (n_users, n_items)."""
    return into_range(factors.raw_table(), bounds)


def into_range(x: Tensor, bounds: Bounds) -> Tensor:
    """x itself, or, where there are bounds, low + (high − low) · σ(x)."""
    if bounds is None:
        return x
    low, high = bounds
    return low + (high - low) * x.sigmoid()


def penalty_scales(spread: float, bounds: Bounds) -> tuple[float, float]:
    """(s_f, s_b) for ratings of this standard deviation s: (s, 1), and (s², s²) where the model is bounded.

    Errors grow with s, so squared errors with s². Biases grow with s too, the squares of factors, whose products are
    ratings, with s; inside a sigmoid neither grows. With these scales the whole objective grows with s², whatever
    the unit of the ratings, and λ is a pure number.
    """
    return (spread, 1.0) if bounds is None else (spread ** 2, spread ** 2)
