"""Days between dates: working days, weeks of the year, years as a share, dates as texts."""

from __future__ import annotations

import math
import re
from calendar import isleap, monthrange

from pyxl.formulas.language.formula_errors import NUM, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.samples import numbers
from pyxl.grid.cells import Value

from .dates import BEFORE_1904, as_the_workbook_counts, date_of, day_of, serial_of, weekday_of

_WEEKENDS = {n: {(n + 5) % 7, (n + 6) % 7} for n in range(1, 8)} | {10 + n: {n - 1} for n in range(1, 8)}  # days off, 0 Sunday … 6
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*([ap]m)?", re.I)


def _day(here, value: float) -> int:
    day = day_of(here, value)
    date_of(day)    # raises beyond the calendar
    return day


def _between(here, start: float, end: float, unit: str) -> float:
    """DATEDIF: whole years, months or days, or what is left of them."""
    first, last = _day(here, start), _day(here, end)
    if first > last:
        raise Fault(NUM)
    (y1, m1, d1), (y2, m2, d2) = date_of(first), date_of(last)
    months = (y2 - y1) * 12 + m2 - m1 - (d2 < d1)
    match unit.upper():
        case "D":
            return float(last - first)
        case "M":
            return float(months)
        case "Y":
            return float(months // 12)
        case "YM":
            return float(months % 12)
        case "MD":
            month, year = (m2 - 1 or 12), y2 - (m2 == 1)
            return float(d2 - d1 if d2 >= d1 else last - serial_of(year, month, d1))
        case "YD":
            return float(last - serial_of(y2 - ((m2, d2) < (m1, d1)), m1, d1))
    raise Fault(NUM)


def _days_360(here, start: float, end: float, european: bool = False) -> float:
    return float(_thirty(date_of(_day(here, start)), date_of(_day(here, end)), european=european, ends_of_february=not european))


def _ends_february(date: tuple[int, int, int]) -> bool:
    year, month, day = date
    return month == 2 and day == monthrange(year, 2)[1]


def _thirty(first: tuple[int, int, int], last: tuple[int, int, int], *, european: bool, ends_of_february: bool) -> int:
    """Days where every month has 30."""
    (y1, m1, d1), (y2, m2, d2) = first, last
    if european:
        d1, d2 = min(d1, 30), min(d2, 30)
    else:
        if ends_of_february and _ends_february(first):
            d1 = 30
        if d2 == 31 and d1 >= 30:
            d2 = 30
        d1 = min(d1, 30)
    return (y2 - y1) * 360 + (m2 - m1) * 30 + d2 - d1


def _year_share(here, start: float, end: float, basis: float = 0.0) -> float:
    first, last = sorted((_day(here, start), _day(here, end)))
    a, b = date_of(first), date_of(last)
    match math.floor(basis):
        case 0:
            early = 30 - a[2] if _ends_february(a) else 0   # counts as the 30th, yet leaves the 31st of a later month as it is
            if early and _ends_february(b):
                b = (*b[:2], 30)
            return (_thirty(a, b, european=False, ends_of_february=False) - early) / 360
        case 1:
            return (last - first) / _length_of_years(a, b) if last > first else 0.0
        case 2:
            return (last - first) / 360
        case 3:
            return (last - first) / 365
        case 4:
            return _thirty(a, b, european=True, ends_of_february=False) / 360
    raise Fault(NUM)


def _length_of_years(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    """Of the years that two dates lie in, on average; of a year or less whether it has a 29 February."""
    if b[0] == a[0] or b[0] == a[0] + 1 and b[1:] <= a[1:]:
        leap = isleap(a[0]) and (b[0] == a[0] or a[1:] <= (2, 29)) or isleap(b[0]) and b[0] > a[0] and b[1:] >= (2, 29)
        return 366.0 if leap else 365.0
    return sum(366 if isleap(year) else 365 for year in range(a[0], b[0] + 1)) / (b[0] - a[0] + 1)


def _week(here, value: float, kind: float = 1.0) -> float:
    kind = math.floor(kind)
    if kind == 21:
        return _iso_week(here, value)
    first = {1: 0, 2: 1, 17: 0, **{10 + day: day for day in range(1, 7)}}.get(kind)
    if first is None:
        raise Fault(NUM)
    day = _day(here, value)
    new_year = serial_of(date_of(day)[0], 1, 1)
    return float((day - new_year + (weekday_of(new_year) - first) % 7) // 7 + 1)


def _iso_week(here, value: float) -> float:
    """The week whose Thursday counts, in Excel's own calendar, which has a 29 February 1900; days before it belong to week 52."""
    day = _day(here, value)
    thursday = day - (weekday_of(day) - 1) % 7 + 3
    if thursday < 1:
        return 52.0
    return float((thursday - serial_of(date_of(thursday)[0], 1, 1)) // 7 + 1)


def _days_off(weekend: Value) -> set[int]:
    """The weekdays without work, 0 Sunday: by number, or a text of seven digits from Monday."""
    if isinstance(weekend, str):
        if not re.fullmatch("[01]{7}", weekend):
            raise Fault(VALUE)
        return {(n + 1) % 7 for n, off in enumerate(weekend) if off == "1"}
    found = _WEEKENDS.get(math.floor(1.0 if weekend is None else float(weekend)))
    if found is None:
        raise Fault(NUM)
    return found


def _free(here, holidays) -> set[int]:
    return set() if holidays is None else {_day(here, day) for day in numbers([holidays]).tolist()}


def _work_days(here, start: float, end: float, weekend: Value = None, holidays=None) -> float:
    first, last, off = _day(here, start), _day(here, end), _days_off(weekend)
    free, sign = _free(here, holidays), 1 if first <= last else -1
    return float(sign * sum(weekday_of(day) not in off and day not in free for day in range(min(first, last), max(first, last) + 1)))


def _work_day(here, start: float, days: float, weekend: Value = None, holidays=None) -> float:
    day, off, free, left = _day(here, start), _days_off(weekend), _free(here, holidays), math.trunc(days)
    if len(off) == 7:
        raise Fault(VALUE)
    step = 1 if left > 0 else -1
    while left:
        day += step
        date_of(day)
        left -= step * (weekday_of(day) not in off and day not in free)
    return as_the_workbook_counts(here, day)


def _date_value(here, text: str) -> float:
    """Of a year, month and day in this order; other orders depend on the country."""
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise Fault(VALUE)
    year, month, day = map(int, found.groups())
    if not (1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise Fault(VALUE)
    return float(serial_of(year, month, day) - BEFORE_1904 * here.workbook.date1904)


def _time_value(text: str) -> float:
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise Fault(VALUE)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    if found[4]:
        hours = hours % 12 + 12 * (found[4].lower() == "pm")
    if minutes > 59 or seconds > 59:
        raise Fault(VALUE)
    return (hours * 3600 + minutes * 60 + seconds) % 86_400 / 86_400


DAYS_BETWEEN: dict[str, Function] = {
    "DATEDIF": Function("nnt", _between, here=True),
    "DATEVALUE": Function("t", _date_value, here=True),
    "DAYS360": Function("nn|b", _days_360, here=True),
    "ISOWEEKNUM": Function("n", _iso_week, here=True),
    "NETWORKDAYS": Function("nn|s", lambda here, start, end, holidays=None: _work_days(here, start, end, None, holidays), here=True),
    "NETWORKDAYS.INTL": Function("nn|vs", _work_days, here=True),
    "TIMEVALUE": Function("t", _time_value),
    "WEEKNUM": Function("n|n", _week, here=True),
    "WORKDAY": Function("nn|s", lambda here, start, days, holidays=None: _work_day(here, start, days, None, holidays), here=True),
    "WORKDAY.INTL": Function("nn|vs", _work_day, here=True),
    "YEARFRAC": Function("nn|n", _year_share, here=True),
}
