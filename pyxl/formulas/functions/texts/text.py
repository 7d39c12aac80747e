"""Functions of text."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from pyxl.formulas.language.formula_errors import VALUE, Fault
from pyxl.formulas.language.function import Function, of_first
from pyxl.formulas.language.text_units import joined, length, units
from pyxl.formulas.language.values import LONGEST_TEXT, held, is_number, number, text
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
    found = []
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


def _number_value(content: str, decimal: str = ".", group: str = ",") -> float:
    """A number written with these separators, whatever the language of the program."""
    if not decimal or not group or decimal[0] == group[0]:
        raise Fault(VALUE)
    whole, point, part = "".join(content.split()).partition(decimal[0])
    plain = whole.replace(group[0], "") + ("." if point else "") + part
    return number(plain) if plain else 0.0


def _formatted(here, value: Value, pattern: str) -> str:
    """Booleans stay as they are; a text that reads as a number is one."""
    if isinstance(value, str) and not isinstance(value, ErrorValue):
        try:
            value = number(value)
        except Fault:
            return formatted_text(value, pattern)
    if value is None or is_number(value):
        return held(formatted(number(value), pattern, date1904=here.book.date1904))
    return text(value)


TEXT: dict[str, Function] = {
    "CHAR": Function("i", _character),
    "CLEAN": Function("t", lambda s: re.sub(r"[\x00-\x1f]", "", s)),
    "CODE": Function("t", _code),
    "CONCAT": Function("s+", lambda *samples: held("".join(_texts(samples)))),
    "CONCATENATE": Function("t+", lambda *parts: held("".join(parts))),
    "EXACT": Function("tt", lambda a, b: a == b),
    "FIND": Function("tt|i", _find),
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
    "TEXTJOIN": Function("wbs+", _joined),
    "TRIM": Function("t", lambda s: " ".join(part for part in s.split(" ") if part)),
    "UPPER": Function("t", str.upper),
    "VALUE": Function("v", _as_number),
}
