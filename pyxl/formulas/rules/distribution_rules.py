"""Rules for probability distributions and the special functions under them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .elementwise_rules import each_lane


def _normal(x: Tensor, mean: Tensor, deviation: Tensor, cumulative: Tensor | None = None) -> Tensor:
    z = (x - mean) / torch.where(deviation > 0, deviation, torch.nan)
    density = (-z * z / 2).exp() / (deviation * math.sqrt(2 * math.pi))
    below = torch.special.ndtr(z)
    return below if cumulative is None else torch.where(cumulative != 0, below, density)


def _standard_normal(z: Tensor, cumulative: Tensor | None = None) -> Tensor:
    below = torch.special.ndtr(z)
    return below if cumulative is None else torch.where(
        cumulative != 0, below, (-z * z / 2).exp() / math.sqrt(2 * math.pi))


def _normal_inverse(p: Tensor, mean: Tensor | None = None, deviation: Tensor | None = None) -> Tensor:
    z = torch.special.ndtri(p)
    return z if mean is None or deviation is None else mean + z * torch.where(deviation > 0, deviation, torch.nan)


def _between(call: Callable) -> Callable:
    """Of 0 and 1 and what lies outside there is no value."""
    return lambda p, *more: call(torch.where((p > 0) & (p < 1), p, torch.nan), *more)


_NORMAL, _NORMAL_INVERSE = each_lane(_normal), each_lane(_between(_normal_inverse), harmless=0.5)
_STANDARD_INVERSE = each_lane(_between(_normal_inverse), harmless=0.5)


def _positive(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.nan)


def _log_normal(x: Tensor, mean: Tensor, deviation: Tensor, below: Tensor) -> Tensor:
    logarithm = _positive(x).log()
    return torch.where(below != 0, _normal(logarithm, mean, deviation), _normal(logarithm, mean, deviation, 0 * x) / x)


def _exponential(x: Tensor, rate: Tensor, below: Tensor) -> Tensor:
    x, rate = torch.where(x >= 0, x, torch.nan), _positive(rate)
    return torch.where(below != 0, -torch.expm1(-rate * x), rate * (-rate * x).exp())


_EXPON = each_lane(_exponential)
DISTRIBUTION_RULES = {
    "ERF": each_lane(lambda a, b=None: torch.erf(a) if b is None else torch.erf(b) - torch.erf(a)),
    "ERFC": each_lane(torch.erfc),
    "EXPON.DIST": _EXPON, "EXPONDIST": _EXPON,
    "GAMMALN": each_lane(lambda x: torch.lgamma(_positive(x))), "GAMMALN.PRECISE": each_lane(lambda x: torch.lgamma(_positive(x))),
    "GAUSS": each_lane(lambda z: torch.special.ndtr(z) - 0.5),
    "LOGNORM.DIST": each_lane(_log_normal),
    "NORM.DIST": _NORMAL, "NORMDIST": _NORMAL,
    "NORM.INV": _NORMAL_INVERSE, "NORMINV": _NORMAL_INVERSE,
    "NORM.S.DIST": each_lane(_standard_normal), "NORMSDIST": each_lane(_standard_normal),
    "NORM.S.INV": _STANDARD_INVERSE, "NORMSINV": _STANDARD_INVERSE,
    "PHI": each_lane(lambda z: _standard_normal(z, 0 * z)),
    "STANDARDIZE": each_lane(lambda x, mean, deviation: (x - mean) / _positive(deviation)),
}
