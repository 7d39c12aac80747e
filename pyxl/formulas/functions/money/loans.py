"""Loans and investments: interest and principal of a payment, rates, flows on dates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, NUM, VALUE, Fault, require
from pyxl.formulas.language.function import Function, each
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import finite

from .finance import future_value, payment, present_value, worth_today

_STEPS, _FIRST_STEP, _GROWTH = 45, 0.005, 1.2    # away from a guess, in the logarithm of 1 + rate: the last reach 15 far


def _rate(periods: float, each_time: float, present: float, future: float = 0.0, kind: float = 0.0, guess: float = 0.1) -> float:
    """The rate at which the payments and `future` are worth `present` today."""
    require(periods > 0 and guess > -1)
    return _root(lambda rate: present_value(rate, periods, each_time, future, kind) - present, guess)


def _root(of: Callable[[float], float], guess: float) -> float:
    """The rate above −1 next to `guess` where a function is 0: growing steps to both sides find a change of sign."""
    from scipy.optimize import brentq

    def value_at(x: float) -> float:    # of the logarithm of 1 + rate, which has no end at −1
        try:
            found = of(math.expm1(x))
        except (Fault, ArithmeticError):
            return math.nan
        return found if math.isfinite(found) else math.nan

    start = math.log1p(guess)
    reached = {side: (start, value_at(start)) for side in (1, -1)}
    for step in range(_STEPS):
        for side, (near, value) in reached.items():
            if value == 0:
                return math.expm1(near)
            far = start + side * _FIRST_STEP * _GROWTH ** step
            reached[side] = far, value_at(far)
            if value * reached[side][1] < 0:
                return math.expm1(brentq(value_at, min(near, far), max(near, far), xtol=1e-16))
    raise Fault(NUM)


def _interest(rate: float, period: float, periods: float, present: float, future: float = 0.0, kind: float = 0.0) -> float:
    """The part of a payment that is interest."""
    require(1 <= period < periods + 1)
    if kind and period == 1:
        return 0.0
    owed = future_value(rate, period - (2 if kind else 1), payment(rate, periods, present, future, kind), present, kind)
    return (owed - (payment(rate, periods, present, future, kind) if kind else 0.0)) * rate


def _principal(rate: float, period: float, periods: float, present: float, future: float = 0.0, kind: float = 0.0) -> float:
    """The rest of a payment."""
    return payment(rate, periods, present, future, kind) - _interest(rate, period, periods, present, future, kind)


def _added_up(part: Callable[..., float]) -> Callable[..., float]:
    def call(rate: float, periods: float, present: float, first: float, last: float, kind: float) -> float:
        require(rate > 0 and periods > 0 and present > 0 and 1 <= first <= last <= periods and kind in (0, 1))
        return sum(part(rate, float(period), periods, present, 0.0, kind) for period in range(math.ceil(first), math.floor(last) + 1))
    return call


def _interest_of_even_principal(rate: float, period: float, periods: float, present: float) -> float:
    return present * rate * (period / periods - 1)


def _effective(rate: float, periods: float) -> float:
    require(rate > 0 and periods >= 1)
    return (1 + rate / math.floor(periods)) ** math.floor(periods) - 1


def _nominal(rate: float, periods: float) -> float:
    require(rate > 0 and periods >= 1)
    return ((1 + rate) ** (1 / math.floor(periods)) - 1) * math.floor(periods)


def _periods_to_grow(rate: float, present: float, future: float) -> float:
    require(rate > 0 and present > 0 and future > 0)
    return math.log(future / present) / math.log1p(rate)


def _growth_rate(periods: float, present: float, future: float) -> float:
    require(periods > 0 and present != 0)
    return (future / present) ** (1 / periods) - 1


def _by_schedule(principal: float, rates) -> float:
    return finite(float(principal * np.prod(1 + numbers([rates]))))


def _modified_rate(values, finance: float, reinvest: float) -> float:
    """MIRR: costs are financed at one rate, and what comes in is invested at another one."""
    flows = numbers([values])
    n = flows.size
    paid, earned = np.where(flows < 0, flows, 0.0), np.where(flows > 0, flows, 0.0)
    if not paid.any() or not earned.any():
        raise Fault(DIV0)
    worth = -worth_today(reinvest, earned) * (1 + reinvest) ** n / (worth_today(finance, paid) * (1 + finance))
    return finite(float(worth ** (1 / (n - 1)) - 1))


def _years(dates: np.ndarray) -> np.ndarray:
    days = np.floor(dates)
    require(bool((days >= days[0]).all()))
    return (days - days[0]) / 365


def _worth_on_dates(rate: float, values, dates) -> float:
    flows, when = numbers([values]), numbers([dates])
    require(flows.size == when.size and rate > -1 and flows.size > 0)
    return finite(float(np.sum(flows / (1 + rate) ** _years(when))))


def _rate_on_dates(values, dates, guess: float = 0.1) -> float:
    flows, when = numbers([values]), numbers([dates])
    if guess <= -1:
        raise Fault(VALUE)
    require(flows.size == when.size and bool((flows > 0).any() and (flows < 0).any()))
    years = _years(when)
    with np.errstate(all="ignore"):
        return _root(lambda rate: float(np.sum(flows / (1 + rate) ** years)), guess)


LOANS: dict[str, Function] = {
    "CUMIPMT": each(_added_up(_interest), takes="nnnnnn"),
    "CUMPRINC": each(_added_up(_principal), takes="nnnnnn"),
    "EFFECT": each(_effective, takes="nn"),
    "FVSCHEDULE": Function("ns", _by_schedule),
    "IPMT": each(_interest, takes="nnnn|nn"),
    "ISPMT": each(_interest_of_even_principal, takes="nnnn"),
    "MIRR": Function("snn", _modified_rate),
    "NOMINAL": each(_nominal, takes="nn"),
    "PDURATION": each(_periods_to_grow, takes="nnn"),
    "PPMT": each(_principal, takes="nnnn|nn"),
    "RATE": each(_rate, takes="nnn|nnn"),
    "RRI": each(_growth_rate, takes="nnn"),
    "XIRR": Function("ss|n", _rate_on_dates),
    "XNPV": Function("nss", _worth_on_dates),
}
