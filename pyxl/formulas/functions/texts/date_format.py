"""TEXT: dates and times by a format such as ``yyyy-mm-dd``, ``d mmm``, ``h:mm AM/PM`` or ``[h]:mm:ss``."""

from __future__ import annotations

import math
import re

from pyxl.formulas.language.formula_errors import VALUE, Fault, Unsupported

from .dates import BEFORE_1904, LAST_DAY, date_of, weekday_of

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_TOKEN = re.compile(r'"(?P<words>[^"]*)"|\\(?P<escaped>.)|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]|(?P<noon>am/pm|a/p)'
                    r"|(?P<run>y+|m+|d+|h+|s+|e+)|(?P<fraction>\.0+)|_(?P<blank>.)|\*.|(?P<itself>.)", re.I | re.S)
_WORDS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]|general', re.I | re.S)


def is_date_section(section: str) -> bool:
    """Whether a section of a format shows a date or a time."""
    return bool(re.search(r"[ymdhs]|am/pm|a/p", _WORDS.sub("", section), re.I))


def dated(value: float, section: str, pattern: str, *, date1904: bool = False) -> str:
    """A number of days as a date or a time; ``#VALUE!`` outside of Excel's calendar."""
    tokens = list(_TOKEN.finditer(section))
    places = max((len(token["fraction"]) - 1 for token in tokens if token["fraction"]), default=0)
    if places > 3:
        raise Unsupported(f"the number format '{pattern}' of TEXT is not evaluated here. Use three places at most")
    ticks = 86_400 * 10 ** places
    shows_time = any(token["run"] and token["run"][0] in "hsHS" or token["elapsed"] for token in tokens)
    if date1904 and value < 0:      # only that calendar has days before its first one
        return "-" + dated(-value, section, pattern, date1904=True)
    value += BEFORE_1904 * date1904
    if not 0 <= value < LAST_DAY + 1:
        raise Fault(VALUE)
    total = math.floor(round(value * ticks, 6) + 0.5) if shows_time else math.floor(value) * ticks
    parts = _Parts(total, ticks, places, any(token["noon"] for token in tokens), BEFORE_1904 * date1904)
    return "".join(parts.shown(tokens, i) for i in range(len(tokens)))


class _Parts:
    """The parts of a moment, given in `ticks` a day; hours that have passed are counted from day `first`."""

    def __init__(self, total: int, ticks: int, places: int, twelve: bool, first: int):
        self.days, rest = divmod(total, ticks)
        self.seconds, self.fraction = divmod(rest, 10 ** places)
        self.places, self.twelve, self.first = places, twelve, first
        self.year, self.month, self.day = date_of(self.days)

    def shown(self, tokens: list[re.Match], i: int) -> str:
        token = tokens[i]
        if told := token["elapsed"] or self._elapsed_before(tokens, i):
            unit, width = told[0].lower(), len(told)
            all_seconds = (self.days - self.first) * 86_400 + self.seconds
            return str(all_seconds // {"h": 3600, "m": 60, "s": 1}[unit]).rjust(width, "0")
        if token["noon"]:
            sign = token["noon"].split("/")[self.seconds >= 43_200]
            return sign.upper() if len(sign) == 2 else sign     # as Excel has it: am/pm shows AM, a/p shows a
        if token["fraction"]:
            return "." + str(self.fraction).rjust(self.places, "0")[:len(token["fraction"]) - 1]
        if token["run"]:
            return self._run(token["run"].lower(), tokens, i)
        return next((token[name] for name in ("words", "escaped", "itself") if token[name] is not None),
                    " " * (token["blank"] is not None))

    @staticmethod
    def _elapsed_before(tokens: list[re.Match], i: int) -> str | None:
        """The unit at `i` where the same stands in brackets before it: it shows as much then."""
        run = tokens[i]["run"]
        same = run and any(token["elapsed"] and token["elapsed"][0].lower() == run[0].lower() for token in tokens[:i])
        return run if same else None

    def _run(self, run: str, tokens: list[re.Match], i: int) -> str:
        unit, width = run[0], len(run)
        if unit == "m" and width < 3 and _means_minutes(tokens, i):
            return str(self.seconds // 60 % 60).rjust(width, "0")
        if unit in "ye":
            return str(self.year % 100).rjust(2, "0") if unit == "y" and width < 3 else str(self.year).rjust(4, "0")
        if unit == "m":
            name = MONTHS[self.month - 1]
            return (str(self.month).rjust(width, "0") if width < 3 else
                    name[:3] if width == 3 else name[:1] if width == 5 else name)
        if unit == "d":
            name = DAYS[weekday_of(self.days)]
            return str(self.day).rjust(width, "0") if width < 3 else name[:3] if width == 3 else name
        if unit == "h":
            hours = self.seconds // 3600
            return str((hours - 1) % 12 + 1 if self.twelve else hours).rjust(min(width, 2), "0")
        return str(self.seconds % 60).rjust(min(width, 2), "0")


def _means_minutes(tokens: list[re.Match], i: int) -> bool:
    """After hours or seconds, or before seconds, ``m`` means minutes."""
    units = [(n, (token["run"] or token["elapsed"])[0].lower()) for n, token in enumerate(tokens)
             if token["run"] or token["elapsed"]]
    place = next(n for n, (at, _) in enumerate(units) if at == i)
    return place > 0 and units[place - 1][1] in "hs" or place + 1 < len(units) and units[place + 1][1] == "s"
