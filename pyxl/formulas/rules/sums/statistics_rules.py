"""Rules for statistics: means, variances, correlations, ranks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lanes import Lanes
from pyxl.formulas.language.formula_errors import NUM, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import Call

from .sum_rules import over_lanes, over_pairs_of_lanes, reduced, sample


def _deviations(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return guarded.where_counted(counts, x - (x.sum(-1) / n)[..., None])


def _squares(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return (_deviations(x, counts, n) ** 2).sum(-1)


def _cross(x: Tensor, y: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    x, y = guarded.where_counted(counts, x), guarded.where_counted(counts, y)
    return (_deviations(x, counts, n) * _deviations(y, counts, n)).sum(-1)


def _slope(x: Tensor, y: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    """Of y on x: SLOPE names y first."""
    return _cross(x, y, counts, n) / _cross(x, x, counts, n)


def _mean(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return guarded.where_counted(counts, x).sum(-1) / n


def _correlation(x: Tensor, y: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return _cross(x, y, counts, n) / guarded.sqrt(_cross(x, x, counts, n) * _cross(y, y, counts, n))


def extreme(call: Callable, none: float) -> Callable:
    """MIN or MAX; of no numbers 0."""
    def of(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
        if counts is None:
            return call(x, -1)
        return torch.where(n > 0, call(torch.where(counts, x, none), -1), 0.0)
    return of


def _ranked(x: Tensor, counts: Tensor | None) -> Tensor:
    """In ascending order, what does not count last; an error makes all of them errors."""
    right = guarded.where_counted(counts, x).isfinite().all(-1, keepdim=True)
    x = torch.where(right, x, torch.nan)
    return (x if counts is None else torch.where(counts, x, torch.inf)).sort(-1).values


def _median(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    ordered = _ranked(x, counts)
    middle = [((n - 1) / 2).floor(), (n / 2).floor()]
    lower, upper = (ordered.gather(-1, i.long().clamp(0).expand(ordered.shape[:-1])[..., None])[..., 0] for i in middle)
    return (lower + upper) / 2


def _product(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return (x if counts is None else torch.where(counts, x, 1.0)).prod(-1)


def kth(*, largest: bool) -> Callable:
    """LARGE or SMALL; a k between two counts as the higher one."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        found, k = here.in_array().evaluate(node.args[0]), here.value(node.args[1])
        if not here.dynamic(found, k):
            return here.by_cell(node, here.lanes_of([found, k]))
        if k.dynamic:
            raise Unsupported(f"{node.name} is compiled for a constant place only.")
        place = np.ceil(here.numbers(k)[..., 0])
        here.note(f"{node.name} has a kink where two of its numbers are equal")
        given = sample(here, found)
        if ((place < 1) | (place > given.counts.sum(-1, keepdims=True))).any():
            raise Fault(NUM)

        def pick(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
            at = torch.from_numpy(place)
            index = (n[..., None] - at if largest else at - 1).long()
            ordered = _ranked(x, counts)
            lanes = torch.broadcast_shapes(ordered.shape[:-1], index.shape[:-1])
            return ordered.expand(*lanes, -1).gather(-1, index.expand(*lanes, 1))[..., 0]
        return _stretched(here, reduced(here, pick, given), k)
    return rule


def percentile(here: Interpreter, node: Call) -> Lanes:
    """Between the two numbers that lie nearest to the share k of the way from the least to the largest."""
    found, k = here.in_array().evaluate(node.args[0]), here.value(node.args[1])
    if not here.dynamic(found, k):
        return here.by_cell(node, here.lanes_of([found, k]))
    if k.dynamic:
        raise Unsupported(f"{node.name} is compiled for a constant share only.")
    share = here.numbers(k)[..., 0]
    if ((share < 0) | (share > 1)).any():
        raise Fault(NUM)
    here.note(f"{node.name} has a kink where two of its numbers are equal")

    def pick(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
        ordered = _ranked(x, counts)
        place = torch.from_numpy(share) * (n[..., None] - 1)
        lanes = torch.broadcast_shapes(ordered.shape[:-1], place.shape[:-1])
        lower, upper = (ordered.expand(*lanes, -1).gather(-1, i.long().clamp(0).expand(*lanes, 1))[..., 0]
                        for i in (place.floor(), place.ceil()))
        return torch.lerp(lower, upper, (place - place.floor())[..., 0].expand(lanes))
    return _stretched(here, reduced(here, pick, sample(here, found)), k)


def _stretched(here: Interpreter, lanes: Lanes, other: Lanes) -> Lanes:
    shape = here.common(lanes, other)
    return Lanes(np.broadcast_to(lanes.const, shape), np.broadcast_to(lanes.kinds, shape), lanes.tensor)


def _skew(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    z = _deviations(x, counts, n) / guarded.sqrt(_squares(x, counts, n) / (n - 1))[..., None]
    return n / ((n - 1) * (n - 2)) * (z ** 3).sum(-1)


def _kurtosis(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    z = _deviations(x, counts, n) / guarded.sqrt(_squares(x, counts, n) / (n - 1))[..., None]
    beyond = 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    return n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (z ** 4).sum(-1) - beyond


def _standard_error(y: Tensor, x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    rest = _cross(y, y, counts, n) - _cross(x, y, counts, n) ** 2 / _cross(x, x, counts, n)
    return guarded.sqrt(rest / (n - 2))


def _roots(lost: int, *, every_value: bool = False) -> Callable:
    return over_lanes(lambda x, m, n: guarded.sqrt(_squares(x, m, n) / (n - lost)), every_value=every_value)


def _variances(lost: int, *, every_value: bool = False) -> Callable:
    return over_lanes(lambda x, m, n: _squares(x, m, n) / (n - lost), every_value=every_value)


STATISTICS_RULES = {
    "AVEDEV": over_lanes(lambda x, m, n: _deviations(x, m, n).abs().sum(-1) / n, kink=True),
    "AVERAGE": over_lanes(lambda x, m, n: x.sum(-1) / n),
    "AVERAGEA": over_lanes(lambda x, m, n: x.sum(-1) / n, every_value=True),
    "CORREL": over_pairs_of_lanes(_correlation),
    "COVAR": over_pairs_of_lanes(lambda x, y, m, n: _cross(x, y, m, n) / n),
    "COVARIANCE.P": over_pairs_of_lanes(lambda x, y, m, n: _cross(x, y, m, n) / n),
    "COVARIANCE.S": over_pairs_of_lanes(lambda x, y, m, n: _cross(x, y, m, n) / (n - 1)),
    "DEVSQ": over_lanes(_squares),
    "GEOMEAN": over_lanes(lambda x, m, n: (guarded.where_counted(m, torch.where(x > 0, x, torch.nan).log()).sum(-1) / n).exp()),
    "HARMEAN": over_lanes(lambda x, m, n: n / guarded.where_counted(m, 1 / torch.where(x > 0, x, torch.nan)).sum(-1)),
    "INTERCEPT": over_pairs_of_lanes(lambda y, x, m, n: _mean(y, m, n) - _slope(x, y, m, n) * _mean(x, m, n)),
    "KURT": over_lanes(_kurtosis),
    "LARGE": kth(largest=True),
    "MAX": over_lanes(extreme(torch.amax, -torch.inf), kink=True),
    "MAXA": over_lanes(extreme(torch.amax, -torch.inf), kink=True, every_value=True),
    "MEDIAN": over_lanes(_median, kink=True),
    "MIN": over_lanes(extreme(torch.amin, torch.inf), kink=True),
    "MINA": over_lanes(extreme(torch.amin, torch.inf), kink=True, every_value=True),
    "PEARSON": over_pairs_of_lanes(_correlation),
    "PERCENTILE": percentile,
    "PRODUCT": over_lanes(_product),
    "RSQ": over_pairs_of_lanes(lambda x, y, m, n: _correlation(x, y, m, n) ** 2),
    "SKEW": over_lanes(_skew),
    "SLOPE": over_pairs_of_lanes(lambda y, x, m, n: _slope(x, y, m, n)),
    "SMALL": kth(largest=False),
    "STDEV": _roots(1), "STDEV.P": _roots(0), "STDEV.S": _roots(1), "STDEVP": _roots(0),
    "STDEVA": _roots(1, every_value=True), "STDEVPA": _roots(0, every_value=True),
    "STEYX": over_pairs_of_lanes(_standard_error),
    "VAR": _variances(1), "VAR.P": _variances(0), "VAR.S": _variances(1), "VARP": _variances(0),
    "VARA": _variances(1, every_value=True), "VARPA": _variances(0, every_value=True),
}
