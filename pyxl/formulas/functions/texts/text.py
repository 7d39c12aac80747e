"""Functions of text."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal

import numpy as np

from pyxl.formulas.language.formula_errors import NA, VALUE, Fault
from pyxl.formulas.language.function import Function, of_first
from pyxl.formulas.language.text_units import joined, length, units
from pyxl.formulas.language.values import LONGEST_TEXT, held, is_number, number, pack, text
from pyxl.formulas.language.wildcards import found_from
from pyxl.grid.cells import ErrorValue, Value

from .number_format import formatted, formatted_text


def _end_of_text(cut: Callable) -> Function:
    def call(content: str, count: int = 1) -> str:
        if count < 0:
            raise Fault(VALUE)
        return joined(cut(units(content), count))
    return Function("t|i", call)


def _middle(content: str, start: int, count: int) -> str:
    if start < 1 or count < 0:
        raise Fault(VALUE)
    return joined(units(content)[start - 1:start - 1 + count])


def _replaced(content: str, start: int, count: int, new: str) -> str:
    if start < 1 or count < 0:
        raise Fault(VALUE)
    content = units(content)
    return held(joined(content[:start - 1] + new + content[start - 1 + count:]))


def _substituted(content: str, old: str, new: str, which: int | None = None) -> str:
    """`new` for every `old`, or only for that one of them."""
    if which is not None and which < 1:
        raise Fault(VALUE)
    if not old:
        return content
    if which is None:
        return held(content.replace(old, new))
    parts = content.split(old)
    if which >= len(parts):
        return content
    return held(old.join(parts[:which]) + new + old.join(parts[which:]))


def _find(wanted: str, within: str, start: int = 1) -> float:
    wanted, within = units(wanted), units(within)
    place = within.find(wanted, start - 1) if 1 <= start <= len(within) + 1 else -1
    if place < 0:
        raise Fault(VALUE)
    return place + 1.0


def _search(wanted: str, within: str, start: int = 1) -> float:
    """As FIND, but capitals do not count, and ``?`` and ``*`` stand for any text."""
    within = units(within)
    place = found_from(units(wanted), within, start - 1) if 1 <= start <= len(within) + 1 else None
    if place is None:
        raise Fault(VALUE)
    return place + 1.0


def _repeated(content: str, times: int) -> str:
    if times < 0 or length(content) * times > LONGEST_TEXT:
        raise Fault(VALUE)
    return content * times


def _texts(samples) -> list[str]:
    """All values of ranges, arrays and arguments as texts, in reading order."""
    found: list[str] = []
    for sample in samples:
        found += map(text, sample.ravel().tolist()) if isinstance(sample, np.ndarray) else [text(sample)]
    return found


def _joined(delimiters, skip_empty: bool, *samples) -> str:
    """With the delimiters between, over and over again where there are several."""
    parts, between = _texts(samples), _texts([delimiters])
    if skip_empty:
        parts = [part for part in parts if part]
    return held("".join(part + between[i % len(between)] for i, part in enumerate(parts[:-1])) + "".join(parts[-1:]))


def _character(code: int) -> str:
    if not 1 <= code <= 255:
        raise Fault(VALUE)
    return bytes([code]).decode("cp1252", "replace")


def _code(content: str) -> float:
    if not content:
        raise Fault(VALUE)
    return float(content[0].encode("cp1252", "replace")[0])


def _words(value: Value) -> str:
    if isinstance(value, ErrorValue):
        raise Fault(value)
    return value if isinstance(value, str) else ""


def _as_number(value: Value) -> float:
    if isinstance(value, bool):
        raise Fault(VALUE)
    return number(value)


def _formatted(here, value: Value, pattern: str) -> str:
    """A boolean is a text; a text that reads as a number is one."""
    if isinstance(value, bool):
        return formatted_text(text(value), pattern)
    if isinstance(value, str) and not isinstance(value, ErrorValue):
        content = value
        try:
            value = number(content)
        except Fault:
            return formatted_text(content, pattern)
    if value is None or is_number(value):
        return held(formatted(number(value), pattern, date1904=here.workbook.date1904))
    return text(value)


def _fixed(value: float, decimals: int = 2, plain: bool | None = None) -> str:
    """With so many decimals, rounded left of the point where they are negative."""
    if decimals > 127:
        raise Fault(VALUE)
    rounded = f"{Decimal(f'{value:.15g}').quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, Context(prec=500)):f}"
    sign, digits = ("-", rounded[1:]) if rounded.startswith("-") else ("", rounded)
    front, point, back = digits.partition(".")
    if not plain:
        front = f"{int(front):,}"
    return held((sign if set(digits) - {"0", "."} else "") + front + point + back)


def _dollar(value: float, decimals: int = 2) -> str:
    shown = _fixed(abs(value), decimals)
    return f"(${shown})" if value < 0 and set(shown) - {"0", ".", ","} else f"${shown}"


def _number_value(content: str, point: str = ".", group: str = ",") -> float:
    if not point or not group:
        raise Fault(VALUE)
    plain = re.sub(r"\s", "", content)
    front, found, back = plain.partition(point[0])
    if group[0] in back:
        raise Fault(VALUE)
    plain = front.replace(group[0], "") + "." * bool(found) + back
    percents = len(plain) - len(plain.rstrip("%"))
    return number(plain.rstrip("%")) / 100 ** percents if plain else 0.0


def _unicode_character(code: int) -> str:
    if not 1 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Fault(VALUE)
    return chr(code)


def _unicode(content: str) -> float:
    if not content:
        raise Fault(VALUE)
    return float(ord(content[0]))


def _beside(content: str, delimiters, which, exactly, at_end, otherwise, *, before: bool) -> str:
    """What stands before or after the delimiter of that number, counted from the end where it is negative."""
    which = 1 if which is None else int(number(which))
    marks = [mark for mark in _texts([delimiters]) if mark]
    if which == 0 or abs(which) > max(len(content), 1):
        raise Fault(VALUE)
    if not marks:
        return "" if before == (which > 0) else content
    flags = re.S if exactly is None or not number(exactly) else re.S | re.I
    found = [match.span() for match in re.finditer("|".join(map(re.escape, sorted(marks, key=len, reverse=True))),
                                                   content, flags)]
    if at_end is not None and number(at_end):
        found = [*found, (len(content), len(content))] if which > 0 else [(0, 0), *found]
    if abs(which) > len(found):
        if otherwise is None:
            raise Fault(NA)
        return otherwise
    start, end = found[which - 1 if which > 0 else which]
    return content[:start] if before else content[end:]


def _beside_function(before: bool) -> Function:
    return Function("tw|wwwv", lambda content, delimiters, which=None, exactly=None, at_end=None, otherwise=None: _beside(
        content, delimiters, which, exactly, at_end, otherwise, before=before))


def _split(content: str, columns, rows=None, skip_empty=None, exactly=None, filler=None):
    """The parts between delimiters, across and down; short rows are filled with ``#N/A``."""
    flags = re.S | (re.I if exactly is not None and number(exactly) else 0)

    def cut(text: str, delimiters) -> list[str]:
        marks = [] if delimiters is None else [mark for mark in _texts([delimiters]) if mark]
        return re.split("|".join(map(re.escape, sorted(marks, key=len, reverse=True))), text, flags=flags) if marks else [text]
    lines = [cut(line, columns) for line in cut(content, rows)]
    if skip_empty is not None and number(skip_empty):
        lines = [[part for part in line if part] for line in lines]
        lines = [line for line in lines if line] or [[""]]
    width = max(map(len, lines))
    filler = ErrorValue(NA) if filler is None else filler
    return pack([part for line in lines for part in line + [filler] * (width - len(line))], (len(lines), width))


TEXT: dict[str, Function] = {
    "CHAR": Function("i", _character),
    "CLEAN": Function("t", lambda s: re.sub(r"[\x00-\x1f]", "", s)),
    "CODE": Function("t", _code),
    "CONCAT": Function("s+", lambda *samples: held("".join(_texts(samples)))),
    "CONCATENATE": Function("t+", lambda *parts: held("".join(parts))),
    "DOLLAR": Function("n|i", _dollar),
    "EXACT": Function("tt", lambda a, b: a == b),
    "FIND": Function("tt|i", _find),
    "FIXED": Function("n|ib", _fixed),
    "LEFT": _end_of_text(lambda s, n: s[:n]),
    "LEN": Function("t", lambda s: float(length(s))),
    "LOWER": Function("t", str.lower),
    "MID": Function("tii", _middle),
    "NUMBERVALUE": Function("t|tt", _number_value),
    "PROPER": Function("t", lambda s: re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), s)),
    "REPLACE": Function("tiit", _replaced),
    "REPT": Function("ti", _repeated),
    "RIGHT": _end_of_text(lambda s, n: s[len(s) - n:] if n < len(s) else s),
    "SEARCH": Function("tt|i", _search),
    "SUBSTITUTE": Function("ttt|i", _substituted),
    "T": of_first(_words),
    "TEXT": Function("vt", _formatted, here=True),
    "TEXTAFTER": _beside_function(before=False),
    "TEXTBEFORE": _beside_function(before=True),
    "TEXTJOIN": Function("wbs+", _joined),
    "TEXTSPLIT": Function("tw|wwwv", _split),
    "TRIM": Function("t", lambda s: " ".join(part for part in s.split(" ") if part)),
    "UNICHAR": Function("i", _unicode_character),
    "UNICODE": Function("t", _unicode),
    "UPPER": Function("t", str.upper),
    "VALUE": Function("v", _as_number),
}
