"""Dates as Excel counts them: days from 1 January 1900, which is 1, with a 29 February 1900 that never was.

In a workbook of the date system 1904 every number is 1462 less.
"""

from __future__ import annotations

import datetime as dt
import math
from calendar import monthrange

from pyxl.formulas.language.formula_errors import NUM, Fault
from pyxl.formulas.language.function import Function

BEFORE_1904 = 1462      # days from the one date system to the other
LAST_DAY = 2_958_465    # 31 December 9999
_EPOCH = dt.date(1899, 12, 30).toordinal()


def serial_of(year: int, month: int, day: int) -> int:
    """The number of a date whose month and day may run over, in either direction."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if not 1899 <= year <= 9999:
        raise Fault(NUM)
    number = dt.date(year, month, 1).toordinal() - _EPOCH
    number -= number < 61  # before 1 March 1900
    return number + day - 1


def date_of(number: int) -> tuple[int, int, int]:
    """(year, month, day); 0 is 0 January 1900 and 60 is 29 February."""
    if not 0 <= number <= LAST_DAY:
        raise Fault(NUM)
    if number in (0, 60):
        return (1900, 1, 0) if number == 0 else (1900, 2, 29)
    found = dt.date.fromordinal(number + _EPOCH + (number < 60))
    return found.year, found.month, found.day


def weekday_of(number: int) -> int:
    """0 to 6 from Sunday."""
    return (number - 1) % 7


def as_the_workbook_counts(here, number: int) -> float:
    """As the workbook of `here` counts; ``#NUM!`` beyond the calendar."""
    if not 0 <= number <= LAST_DAY:
        raise Fault(NUM)
    return float(number - BEFORE_1904 * here.workbook.date1904)


def day_of(here, value: float) -> int:
    """The day of a number that counts as the workbook of `here` does; it may lie beyond the calendar."""
    return math.floor(value) + BEFORE_1904 * here.workbook.date1904


def _from_parts(here, year: int, month: int, day: int) -> float:
    if not 0 <= year <= 9999:
        raise Fault(NUM)
    return as_the_workbook_counts(here, serial_of(year + 1900 * (year < 1900), month, day))


def _part(which: int) -> Function:
    return Function("n", lambda here, value: float(date_of(day_of(here, value))[which]), here=True)


def _weekday(here, value: float, kind: int = 1) -> float:
    """1 to 7 from Sunday (kind 1, 17) or another day on; 0 to 6 from Monday for kind 3."""
    first = {1: 1, 2: 2, 3: 2, **{10 + day: day % 7 + 1 for day in range(1, 8)}}.get(kind)
    if first is None:
        raise Fault(NUM)
    number = day_of(here, value)
    date_of(number)
    return float((number - first) % 7 + (kind != 3))


def _months_on(end_of_month: bool) -> Function:
    def call(here, value: float, months: int) -> float:
        year, month, day = date_of(day_of(here, value))
        year, month = year + (month + months - 1) // 12, (month + months - 1) % 12 + 1
        if not 1900 <= year <= 9999:
            raise Fault(NUM)
        last = monthrange(year, month)[1]
        return as_the_workbook_counts(here, serial_of(year, month, last if end_of_month else min(day, last)))
    return Function("ni", call, here=True)


def _time_of(divisor: int, modulus: int) -> Function:
    def call(value: float) -> float:
        if value < 0:
            raise Fault(NUM)
        return float(round(value % 1 * 86_400) // divisor % modulus)
    return Function("n", call)


def _time(hours: int, minutes: int, seconds: int) -> float:
    total = hours * 3600 + minutes * 60 + seconds
    if total < 0 or max(hours, minutes, seconds) > 32_767:
        raise Fault(NUM)
    return total % 86_400 / 86_400


DATES: dict[str, Function] = {
    "DATE": Function("iii", _from_parts, here=True),
    "DAY": _part(2),
    "DAYS": Function("nn", lambda end, start: float(math.floor(end) - math.floor(start))),
    "EDATE": _months_on(False),
    "EOMONTH": _months_on(True),
    "HOUR": _time_of(3600, 24),
    "MINUTE": _time_of(60, 60),
    "MONTH": _part(1),
    "SECOND": _time_of(1, 60),
    "TIME": Function("iii", _time),
    "WEEKDAY": Function("n|i", _weekday, here=True),
    "YEAR": _part(0),
}
