"""Money over time: present and future values, payments, rates of return."""

from __future__ import annotations

import math

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, NUM, VALUE, Fault
from pyxl.formulas.language.function import Function, each
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import finite


def _growth(rate: float, periods: float) -> tuple[float, float]:
    """(what 1 becomes, what a payment of 1 at the end of every period adds up to)"""
    if rate == 0:
        return 1.0, periods
    if rate < -1 or rate == -1 and periods < 0:
        raise Fault(NUM)
    grown = math.exp(periods * math.log1p(rate)) if rate > -1 else float(periods == 0)
    return grown, (math.expm1(periods * math.log1p(rate)) if rate > -1 else grown - 1) / rate


def _when(rate: float, kind: float) -> float:
    """Payments at the beginning of a period (`kind` not 0) bear interest once more."""
    return 1 + rate if kind else 1.0


def future_value(rate: float, periods: float, each_time: float, present: float = 0.0, kind: float = 0.0) -> float:
    """Excel's FV: what is there at the end."""
    grown, paid = _growth(rate, periods)
    return -(present * grown + each_time * _when(rate, kind) * paid)


def present_value(rate: float, periods: float, each_time: float, future: float = 0.0, kind: float = 0.0) -> float:
    """Excel's PV: what the payments and what is left at the end are worth today."""
    grown, paid = _growth(rate, periods)
    if not grown:
        raise Fault(DIV0)
    return -(future + each_time * _when(rate, kind) * paid) / grown


def payment(rate: float, periods: float, present: float, future: float = 0.0, kind: float = 0.0) -> float:
    """Excel's PMT: what is paid each time."""
    grown, paid = _growth(rate, periods)
    if not (paid := _when(rate, kind) * paid):
        raise Fault(NUM)
    return -(present * grown + future) / paid


def _periods(rate: float, each_time: float, present: float, future: float = 0.0, kind: float = 0.0) -> float:
    if rate == 0:
        if each_time == 0:
            raise Fault(NUM)
        return -(present + future) / each_time
    flow = each_time * _when(rate, kind) / rate
    if flow + present == 0 or (flow - future) / (flow + present) <= 0 or rate <= -1:
        raise Fault(NUM)
    return math.log((flow - future) / (flow + present)) / math.log1p(rate)


def worth_today(rate: float, *samples) -> float:
    """Excel's NPV: what flows at the ends of periods are worth today."""
    flows = numbers(samples)
    if rate == -1:
        raise Fault(DIV0)
    with np.errstate(all="ignore"):
        return finite(float(np.sum(flows / (1 + rate) ** np.arange(1, flows.size + 1))))


def _internal_rate(values, guess: float = 0.1) -> float:
    """The rate at which the flows are worth nothing today, by Newton's method from `guess`."""
    flows = numbers([values])
    if guess <= -1:
        raise Fault(VALUE)
    if not ((flows > 0).any() and (flows < 0).any()):
        raise Fault(NUM)
    periods, rate = np.arange(flows.size), guess
    with np.errstate(all="ignore"):
        for _ in range(100):
            worth = flows * (1 + rate) ** -periods
            slope = -float(np.sum(periods * worth)) / (1 + rate)
            if not math.isfinite(slope) or not slope:
                break
            step = float(np.sum(worth)) / slope
            while rate - step <= -1:
                step /= 2
            rate -= step
            if abs(step) <= 1e-15 * max(1.0, abs(rate)):
                return rate
            if abs(step) <= 1e-12 * max(1.0, abs(rate)) and abs(np.sum(worth)) <= 1e-14 * np.sum(np.abs(worth)):
                return rate
    raise Fault(NUM)


FINANCE: dict[str, Function] = {
    "FV": each(future_value, takes="nnn|nn"),
    "IRR": Function("s|n", _internal_rate),
    "NPER": each(_periods, takes="nnn|nn"),
    "NPV": Function("ns+", worth_today),
    "PMT": each(payment, takes="nnn|nn"),
    "PV": each(present_value, takes="nnn|nn"),
}
