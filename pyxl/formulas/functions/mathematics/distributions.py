"""Probability distributions and the special functions under them.

The normal distribution is the standard library's; the incomplete gamma and beta functions are
scipy's, imported where they are first needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist  # the standard library's

from pyxl.formulas.language.formula_errors import require
from pyxl.formulas.language.function import Function, each


def _special():
    from scipy import special
    return special


def stats():
    """scipy's distributions."""
    from scipy import stats as distributions
    return distributions


def _density_or_sum(density: Callable, cumulative: Callable, takes: str) -> Function:
    """A function whose last argument chooses: TRUE the cumulative distribution, FALSE density or mass."""
    def call(*args) -> float:
        *numbers, add = args
        return (cumulative if add else density)(*numbers)
    return each(call, takes=takes + "b")


def _normal_density(x: float, mean: float = 0.0, deviation: float = 1.0) -> float:
    require(deviation > 0)
    return math.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def _normal(x: float, mean: float = 0.0, deviation: float = 1.0) -> float:
    require(deviation > 0)
    return 0.5 * math.erfc((mean - x) / (deviation * math.sqrt(2)))


def _normal_inverse(p: float, mean: float = 0.0, deviation: float = 1.0) -> float:
    require(0 < p < 1 and deviation > 0)
    return mean + deviation * NormalDist().inv_cdf(p)


def _standardised(x: float, mean: float, deviation: float) -> float:
    require(deviation > 0)
    return (x - mean) / deviation


def _exponential(cumulative: bool) -> Callable:
    def call(x: float, rate: float) -> float:
        require(x >= 0 and rate > 0)
        return -math.expm1(-rate * x) if cumulative else rate * math.exp(-rate * x)
    return call


def _poisson_mass(k: float, mean: float) -> float:
    k = math.floor(k)
    require(k >= 0 and mean >= 0)
    if mean == 0:
        return float(k == 0)
    return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))


def _poisson(k: float, mean: float) -> float:
    k = math.floor(k)
    require(k >= 0 and mean >= 0)
    return _special().gammaincc(k + 1, mean)


def _binomial_mass(k: float, n: float, p: float) -> float:
    k, n = math.floor(k), math.floor(n)
    require(0 <= k <= n and 0 <= p <= 1)
    if p in (0, 1):
        return float(k == n * p)
    if n < 1000:
        return math.comb(n, k) * p**k * (1 - p) ** (n - k)
    choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(choices + k * math.log(p) + (n - k) * math.log1p(-p))


def _binomial(k: float, n: float, p: float) -> float:
    k, n = math.floor(k), math.floor(n)
    require(0 <= k <= n and 0 <= p <= 1)
    return _special().bdtr(k, n, p)


def _freedom(degrees: float) -> int:
    require(degrees >= 1)
    return math.floor(degrees)


def _t_density(x: float, degrees: float) -> float:
    n = _freedom(degrees)
    return math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2) - (n + 1) / 2 * math.log1p(x * x / n)) \
        / math.sqrt(n * math.pi)


def _t(x: float, degrees: float) -> float:
    return _special().stdtr(_freedom(degrees), x)


def _t_tails(x: float, degrees: float, tails: float = 2.0) -> float:
    require(x >= 0 and math.floor(tails) in (1, 2))
    return math.floor(tails) * _t(-x, degrees)


def _t_inverse(p: float, degrees: float) -> float:
    require(0 < p < 1)
    return _special().stdtrit(_freedom(degrees), p)


def _t_inverse_tails(p: float, degrees: float) -> float:
    require(0 < p <= 1)
    return -_special().stdtrit(_freedom(degrees), p / 2)


def _gamma_density(x: float, shape: float, scale: float) -> float:
    require(x >= 0 and shape > 0 and scale > 0)
    if x == 0:
        return 0.0 if shape > 1 else 1 / scale if shape == 1 else math.inf
    return math.exp((shape - 1) * math.log(x / scale) - x / scale - math.lgamma(shape)) / scale


def _gamma_distribution(x: float, shape: float, scale: float) -> float:
    require(x >= 0 and shape > 0 and scale > 0)
    return _special().gammainc(shape, x / scale)


def _chi_square_tail(x: float, degrees: float) -> float:
    require(x >= 0)
    return _special().gammaincc(_freedom(degrees) / 2, x / 2)


def _f_tail(x: float, above: float, below: float) -> float:
    require(x >= 0)
    return _special().fdtrc(_freedom(above), _freedom(below), x)


def _weibull(cumulative: bool) -> Callable:
    def call(x: float, shape: float, scale: float) -> float:
        require(x >= 0 and shape > 0 and scale > 0)
        power = (x / scale) ** shape
        return -math.expm1(-power) if cumulative else shape / scale * (x / scale) ** (shape - 1) * math.exp(-power)
    return call


def _log_normal(of: Callable) -> Callable:
    def call(x: float, mean: float, deviation: float) -> float:
        require(x > 0)
        return of(math.log(x), mean, deviation) / (x if of is _normal_density else 1.0)
    return call


def _log_gamma(x: float) -> float:
    require(x > 0)
    return math.lgamma(x)


def _error_function(low: float, high: float | None = None) -> float:
    return math.erf(low) if high is None else math.erf(high) - math.erf(low)


_NORM = _density_or_sum(_normal_density, _normal, "nnn")
_NORM_INV, _NORM_S_INV = each(_normal_inverse, takes="nnn"), each(_normal_inverse)
_EXPON = _density_or_sum(_exponential(False), _exponential(True), "nn")
_POISSON = _density_or_sum(_poisson_mass, _poisson, "nn")
_BINOM = _density_or_sum(_binomial_mass, _binomial, "nnn")
_T_TAILS, _T_INV_TAILS = each(_t_tails, takes="nn"), each(_t_inverse_tails, takes="nn")
_CHI_TAIL, _F_TAIL = each(_chi_square_tail, takes="nn"), each(_f_tail, takes="nnn")
_GAMMALN = each(_log_gamma)

DISTRIBUTIONS: dict[str, Function] = {
    "BINOM.DIST": _BINOM,
    "BINOMDIST": _BINOM,
    "CHIDIST": _CHI_TAIL,
    "CHISQ.DIST": _density_or_sum(lambda x, n: _gamma_density(x, _freedom(n) / 2, 2.0),
                                  lambda x, n: _gamma_distribution(x, _freedom(n) / 2, 2.0), "nn"),
    "CHISQ.DIST.RT": _CHI_TAIL,
    "ERF": each(_error_function, takes="n|n"),
    "ERFC": each(math.erfc),
    "EXPON.DIST": _EXPON,
    "EXPONDIST": _EXPON,
    "F.DIST.RT": _F_TAIL,
    "FDIST": _F_TAIL,
    "GAMMA": each(math.gamma),
    "GAMMA.DIST": _density_or_sum(_gamma_density, _gamma_distribution, "nnn"),
    "GAMMADIST": _density_or_sum(_gamma_density, _gamma_distribution, "nnn"),
    "GAMMALN": _GAMMALN,
    "GAMMALN.PRECISE": _GAMMALN,
    "GAUSS": each(lambda x: 0.5 * math.erf(x / math.sqrt(2))),
    "LOGNORMDIST": each(_log_normal(_normal), takes="nnn"),
    "LOGNORM.DIST": _density_or_sum(_log_normal(_normal_density), _log_normal(_normal), "nnn"),
    "NORM.DIST": _NORM,
    "NORM.INV": _NORM_INV,
    "NORM.S.DIST": _density_or_sum(_normal_density, _normal, "n"),
    "NORM.S.INV": _NORM_S_INV,
    "NORMDIST": _NORM,
    "NORMINV": _NORM_INV,
    "NORMSDIST": each(_normal),
    "NORMSINV": _NORM_S_INV,
    "PHI": each(_normal_density),
    "POISSON": _POISSON,
    "POISSON.DIST": _POISSON,
    "STANDARDIZE": each(_standardised, takes="nnn"),
    "T.DIST": _density_or_sum(_t_density, _t, "nn"),
    "T.DIST.2T": _T_TAILS,
    "T.DIST.RT": each(lambda x, degrees: _t(-x, degrees), takes="nn"),
    "T.INV": each(_t_inverse, takes="nn"),
    "T.INV.2T": _T_INV_TAILS,
    "TDIST": each(_t_tails, takes="nnn"),
    "TINV": _T_INV_TAILS,
    "WEIBULL": _density_or_sum(_weibull(False), _weibull(True), "nnn"),
    "WEIBULL.DIST": _density_or_sum(_weibull(False), _weibull(True), "nnn"),
}
