"""Probability distributions that come with their inverses, and intervals: beta, gamma, chi-square, F, binomial …"""

from __future__ import annotations

import math
from collections.abc import Callable

from pyxl.formulas.language.formula_errors import DIV0, Fault, require
from pyxl.formulas.language.function import Function, each

from .distributions import stats


def _whole(*numbers: float) -> list[int]:
    return [math.floor(number) for number in numbers]


def _beta(x: float, a: float, b: float, add: bool, low: float, high: float) -> float:
    require(a > 0 and b > 0 and low < high and low <= x <= high)
    law = stats().beta(a, b, low, high - low)
    return law.cdf(x) if add else law.pdf(x)


def _beta_inverse(p: float, a: float, b: float, low: float = 0.0, high: float = 1.0) -> float:
    require(0 < p <= 1 and a > 0 and b > 0 and low < high)
    return stats().beta.ppf(p, a, b, low, high - low)


def _gamma_inverse(p: float, shape: float, scale: float) -> float:
    require(0 <= p < 1 and shape > 0 and scale > 0)
    return stats().gamma.ppf(p, shape, scale=scale)


def _chi_square_inverse(right: bool) -> Callable[[float, float], float]:
    def call(p: float, degrees: float) -> float:
        n, = _whole(degrees)
        require((0 < p <= 1 if right else 0 <= p < 1) and n >= 1)
        return stats().chi2.isf(p, n) if right else stats().chi2.ppf(p, n)
    return call


def _f(x: float, above: float, below: float, add: bool) -> float:
    above, below = _whole(above, below)
    require(x >= 0 and above >= 1 and below >= 1)
    return stats().f.cdf(x, above, below) if add else stats().f.pdf(x, above, below)


def _f_inverse(right: bool) -> Callable[[float, float, float], float]:
    def call(p: float, above: float, below: float) -> float:
        above, below = _whole(above, below)
        require((0 < p <= 1 if right else 0 <= p < 1) and above >= 1 and below >= 1)
        return stats().f.isf(p, above, below) if right else stats().f.ppf(p, above, below)
    return call


def _log_normal_inverse(p: float, mean: float, deviation: float) -> float:
    require(0 < p < 1 and deviation > 0)
    return math.exp(mean + deviation * stats().norm.ppf(p))


def _binomial_inverse(n: float, p: float, wanted: float) -> float:
    """The least number of successes whose cumulative probability is at least as wanted."""
    n, = _whole(n)
    require(n >= 0 and 0 < p < 1 and 0 < wanted < 1)
    return max(0.0, stats().binom.ppf(wanted, n, p))


def _binomial_range(n: float, p: float, low: float, high: float | None = None) -> float:
    n, low = _whole(n, low)
    high = low if high is None else math.floor(high)
    require(0 <= p <= 1 and 0 <= low <= high <= n)
    law = stats().binom(n, p)
    return law.cdf(high) - law.cdf(low - 1)


def _hypergeometric(hits: float, drawn: float, marked: float, size: float, add: bool = False) -> float:
    hits, drawn, marked, size = _whole(hits, drawn, marked, size)
    require(0 <= hits <= min(drawn, marked) and 0 < drawn <= size and 0 < marked <= size and hits >= drawn - size + marked)
    law = stats().hypergeom(size, marked, drawn)
    return law.cdf(hits) if add else law.pmf(hits)


def _negative_binomial(failures: float, successes: float, p: float, add: bool = False) -> float:
    failures, successes = _whole(failures, successes)
    require(failures >= 0 and successes >= 1 and 0 <= p <= 1)
    if p == 0:      # no success ever comes
        return 0.0
    law = stats().nbinom(successes, p)
    return law.cdf(failures) if add else law.pmf(failures)


def _normal_interval(alpha: float, deviation: float, size: float) -> float:
    require(0 < alpha < 1 and deviation > 0 and size >= 1)
    return stats().norm.isf(alpha / 2) * deviation / math.sqrt(math.floor(size))


def _t_interval(alpha: float, deviation: float, size: float) -> float:
    require(0 < alpha < 1 and deviation > 0 and size >= 1)
    n = math.floor(size)
    if n == 1:
        raise Fault(DIV0)
    return stats().t.isf(alpha / 2, n - 1) * deviation / math.sqrt(n)


_CHI_RIGHT, _F_RIGHT = each(_chi_square_inverse(True), takes="nn"), each(_f_inverse(True), takes="nnn")
_BETA_INVERSE, _GAMMA_INVERSE = each(_beta_inverse, takes="nnn|nn"), each(_gamma_inverse, takes="nnn")
_LOG_INVERSE, _BINOM_INVERSE = each(_log_normal_inverse, takes="nnn"), each(_binomial_inverse, takes="nnn")
_NORMAL_INTERVAL = each(_normal_interval, takes="nnn")

INVERSE_DISTRIBUTIONS: dict[str, Function] = {
    "BETA.DIST": each(lambda x, a, b, add, low=0.0, high=1.0: _beta(x, a, b, add, low, high), takes="nnnb|nn"),
    "BETA.INV": _BETA_INVERSE,
    "BETADIST": each(lambda x, a, b, low=0.0, high=1.0: _beta(x, a, b, True, low, high), takes="nnn|nn"),
    "BETAINV": _BETA_INVERSE,
    "BINOM.DIST.RANGE": each(_binomial_range, takes="nnn|n"),
    "BINOM.INV": _BINOM_INVERSE,
    "CHIINV": _CHI_RIGHT,
    "CHISQ.INV": each(_chi_square_inverse(False), takes="nn"),
    "CHISQ.INV.RT": _CHI_RIGHT,
    "CONFIDENCE": _NORMAL_INTERVAL,
    "CONFIDENCE.NORM": _NORMAL_INTERVAL,
    "CONFIDENCE.T": each(_t_interval, takes="nnn"),
    "CRITBINOM": _BINOM_INVERSE,
    "F.DIST": each(_f, takes="nnnb"),
    "F.INV": each(_f_inverse(False), takes="nnn"),
    "F.INV.RT": _F_RIGHT,
    "FINV": _F_RIGHT,
    "GAMMA.INV": _GAMMA_INVERSE,
    "GAMMAINV": _GAMMA_INVERSE,
    "HYPGEOM.DIST": each(_hypergeometric, takes="nnnnb"),
    "HYPGEOMDIST": each(_hypergeometric, takes="nnnn"),
    "LOGINV": _LOG_INVERSE,
    "LOGNORM.INV": _LOG_INVERSE,
    "NEGBINOM.DIST": each(_negative_binomial, takes="nnnb"),
    "NEGBINOMDIST": each(_negative_binomial, takes="nnn"),
}
