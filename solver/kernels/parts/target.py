"""How a score becomes an error and its derivative, for each combination of model and loss."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from solver.core.settings import Settings


class Link(IntEnum):
    """How the score x = p·q + b_u + b_i + offset meets the rating r, and ∂loss/∂x."""

    LINEAR = 0    # (x − r)²                                          2 (x − r)
    BOUNDED = 1   # (r̂ − r)²,  r̂ = low + span·σ(x)                     2 (r̂ − r) · span · σ(x)(1 − σ(x))
    LOGISTIC = 2  # −r·log σ(x) − (1 − r)·log(1 − σ(x)),  0 ≤ r ≤ 1     σ(x) − r


@dataclass(frozen=True)
class Target:
    """The link, and the range of ratings of a bounded model."""

    link: Link
    low: float = 0.0
    span: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> Target:
        if settings.loss == "cross-entropy":
            return cls(Link.LOGISTIC)
        if settings.bounds is None:
            return cls(Link.LINEAR)
        low, high = settings.bounds
        return cls(Link.BOUNDED, float(low), float(high) - float(low))
