"""What an asset loses in value: evenly, by the digits of the years, or by a share of what is left."""

from __future__ import annotations

import math

from pyxl.formulas.language.formula_errors import DIV0, Fault, require
from pyxl.formulas.language.function import Function, each


def _even(cost: float, salvage: float, life: float) -> float:
    if life == 0:
        raise Fault(DIV0)
    return (cost - salvage) / life


def _by_digits(cost: float, salvage: float, life: float, period: float) -> float:
    require(1 <= period <= life)
    return (cost - salvage) * (life - period + 1) * 2 / (life * (life + 1))


def _fixed_share(cost: float, salvage: float, life: float, period: float, months: float = 12.0) -> float:
    """By a fixed share of what is left, rounded to three places; the first year has so many months."""
    period, months = math.floor(period), math.floor(months)
    require(cost >= 0 and salvage >= 0 and life > 0 and period >= 1 and 1 <= months <= 12 and period <= life + (months < 12))
    if cost == 0:
        return 0.0
    share = round(1 - (salvage / cost) ** (1 / life), 3)
    lost, now = 0.0, 0.0
    for year in range(1, period + 1):
        if year == 1:
            now = cost * share * months / 12
        else:
            now = (cost - lost) * share * ((12 - months) / 12 if year == math.floor(life) + 1 else 1.0)
        lost += now
    return now


def _of_what_is_left(cost: float, salvage: float, life: float, period: float, factor: float = 2.0) -> float:
    """By `factor` / life of what is left, never below the salvage value."""
    require(cost >= 0 and salvage >= 0 and 0 < period <= life and factor > 0)
    share = min(1.0, factor / life)
    before = cost * (1 - share) ** (period - 1)
    after = cost * (1 - share) ** period
    return max(0.0, before - max(after, salvage)) if share < 1 or period > 1 else max(0.0, cost - salvage)


def _variable(cost: float, salvage: float, life: float, start: float, end: float, factor: float = 2.0, stay: bool = False) -> float:
    """Of a stretch of periods; it changes to even loss where that is more, unless told to `stay`. Excel counts whole periods from `start`: after half a
    period those of 0.5 to 1.5, 1.5 to 2.5 … follow."""
    require(cost >= 0 and salvage >= 0 and life > 0 and 0 <= start <= end <= life and factor > 0)
    lost = total = at = 0.0
    ends = [start % 1.0, *(start % 1.0 + n for n in range(1, math.ceil(end - start % 1.0))), end]
    for until in ends:
        left = cost - lost
        now = min(left * min(1.0, factor / life), max(0.0, left - salvage))
        if not stay:
            now = max(now, (left - salvage) / (life - at) if left > salvage and life > at else 0.0)
        now *= until - at
        total += now * (at >= start)
        lost, at = lost + now, until
    return total


DEPRECIATION: dict[str, Function] = {
    "DB": each(_fixed_share, takes="nnnn|n"),
    "DDB": each(_of_what_is_left, takes="nnnn|n"),
    "SLN": each(_even, takes="nnn"),
    "SYD": each(_by_digits, takes="nnnn"),
    "VDB": each(_variable, takes="nnnnn|nb"),
}
