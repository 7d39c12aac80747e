"""Numbers as texts of binary, octal and hexadecimal digits, and operations on their bits."""

from __future__ import annotations

from collections.abc import Callable

from pyxl.formulas.language.formula_errors import NUM, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import number, text
from pyxl.grid.cells import Value

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASES = {"BIN": (2, 2**9), "OCT": (8, 2**29), "HEX": (16, 2**39)}  # base, and the first number that 10 digits cannot hold
_BITS = 2**48


def _read(content: Value, kind: str) -> int:
    """A number of at most 10 digits, of which the highest ones stand for negative numbers."""
    base, limit = _BASES[kind]
    if isinstance(content, bool):
        raise Fault(VALUE)
    digits = text(content).upper()
    if len(digits) > 10 or any(digit not in _DIGITS[:base] for digit in digits):
        raise Fault(NUM)
    value = int(digits or "0", base)
    return value if value < limit else value - 2 * limit


def _converted(read: Callable[[], int], kind: str, places: Value) -> str:
    """A negative number has all its digits, and Excel looks at how many `places` are asked for first even so."""
    if places is not None and not 1 <= int(number(places)) <= 10:
        raise Fault(NUM)
    base, limit = _BASES[kind]
    value = read()
    if not -limit <= value < limit:
        raise Fault(NUM)
    if value < 0:
        return _in_base(value + 2 * limit, base)
    return _padded(_in_base(value, base), places, most=10)


def _in_base(value: int, base: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, base)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _padded(digits: str, places: Value, *, most: int) -> str:
    if places is None:
        return digits
    width = int(number(places))
    if not len(digits) <= width <= most:
        raise Fault(NUM)
    return digits.rjust(width, "0")


def _decimal(value: Value) -> int:
    if isinstance(value, bool):
        raise Fault(VALUE)
    return int(number(value))


def _conversions() -> dict[str, Function]:
    found = {}
    for kind in _BASES:
        found[f"{kind}2DEC"] = Function("v", lambda content, kind=kind: float(_read(content, kind)))
        found[f"DEC2{kind}"] = Function("v|v", lambda value, places=None, kind=kind: _converted(
            lambda: _decimal(value), kind, places))
        for other in _BASES.keys() - {kind}:
            found[f"{kind}2{other}"] = Function("v|v", lambda content, places=None, kind=kind, other=other: _converted(
                lambda: _read(content, kind), other, places))
    return found


def _base(value: float, base: int, least: int = 0) -> str:
    if not (0 <= value < 2**53 and 2 <= base <= 36 and 0 <= least <= 255):
        raise Fault(NUM)
    return _in_base(int(value), base).rjust(least, "0")


def _from_base(content: str, base: int) -> float:
    digits = content.strip().upper()
    if not 2 <= base <= 36 or len(digits) > 255 or any(digit not in _DIGITS[:base] for digit in digits):
        raise Fault(NUM)
    return float(int(digits or "0", base))


def _bits(call) -> Function:
    def of(a: float, b: float) -> float:
        if not all(0 <= value < _BITS and value == int(value) for value in (a, b)):
            raise Fault(NUM)
        return float(call(int(a), int(b)))
    return Function("nn", of)


def _shift(direction: int) -> Function:
    def of(value: float, by: float) -> float:
        by = int(by) * direction
        if not (0 <= value < _BITS and value == int(value)) or abs(by) > 53:
            raise Fault(NUM)
        shifted = int(value) << by if by >= 0 else int(value) >> -by
        if shifted >= _BITS:
            raise Fault(NUM)
        return float(shifted)
    return Function("nn", of)


_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
          (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def _roman(value: int) -> str:
    if not 0 <= value <= 3999:
        raise Fault(VALUE)
    letters = ""
    for worth, letter in _ROMAN:
        letters += letter * (value // worth)
        value %= worth
    return letters


def _arabic(content: str) -> float:
    letters = content.strip().upper()
    sign, letters = (-1, letters[1:]) if letters.startswith("-") else (1, letters)
    worth = {letter: value for value, letter in _ROMAN if len(letter) == 1}
    if not set(letters) <= worth.keys():
        raise Fault(VALUE)
    values = [worth[letter] for letter in letters]
    return float(sign * sum(-value if any(value < after for after in values[i + 1:i + 2]) else value
                            for i, value in enumerate(values)))


NUMBER_BASES: dict[str, Function] = {
    **_conversions(),
    "ARABIC": Function("t", _arabic),
    "BASE": Function("ni|i", _base),
    "BITAND": _bits(lambda a, b: a & b),
    "BITLSHIFT": _shift(1),
    "BITOR": _bits(lambda a, b: a | b),
    "BITRSHIFT": _shift(-1),
    "BITXOR": _bits(lambda a, b: a ^ b),
    "DECIMAL": Function("ti", _from_base),
    "ROMAN": Function("i", _roman),
}
