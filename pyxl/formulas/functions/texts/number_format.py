"""TEXT: a number as a plain number format shows it: digits, thousands, percent, exponents, words around."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.values import text

# A literal: "words", an escaped character, or one that stands for itself.
_LITERAL = re.compile(r'"[^"]*"|\\.|[-+() $€£¥!^&\'~{}<>=]')
_DIGITS = re.compile(r"(?P<whole>[#0,]*)(?P<point>\.(?P<decimals>[#0]*))?(?P<scale>,*)(?P<exponent>E[+-]0+)?(?P<percent>%*)")


def formatted(value: float, pattern: str) -> str:
    """A number by a pattern such as ``0.00``, ``#,##0;(#,##0)``, ``0.0%``, ``0.00E+00`` or ``"€ "0``."""
    if pattern.strip().lower() in ("general", "@"):
        return text(value)
    sections = re.findall(r'((?:"[^"]*"|\\.|[^;"\\])*)(?:;|$)', pattern)[:4]
    if len(sections) > 1 and sections[-1] == "":
        sections.pop()
    if not pattern:
        return ""
    if len(sections) > 2 and value == 0:
        return _section(0.0, sections[2], pattern)
    if len(sections) > 1 and value < 0:
        return _section(-value, sections[1], pattern)
    shown = _section(abs(value), sections[0] if sections else pattern, pattern)
    return "-" + shown if value < 0 and re.search("[1-9]", shown) else shown


def _section(value: float, section: str, pattern: str) -> str:
    pieces, number = [], None
    at = 0
    while at < len(section):
        if match := _LITERAL.match(section, at):
            pieces.append(match[0].strip('"') if match[0][0] == '"' else match[0][-1])
        elif (match := _DIGITS.match(section, at)) and match[0] and number is None:
            number = match
            pieces.append(None)
        else:
            raise Unsupported(f"the number format '{pattern}' of TEXT is not evaluated here. Use digits, as in 0.00")
        at = match.end()
    shown = "" if number is None else _digits(value, number)
    return "".join(shown if piece is None else piece for piece in pieces)


def _digits(value: float, by: re.Match) -> str:
    exact = Decimal(f"{value:.15g}") * 100 ** len(by["percent"])
    whole, decimals = by["whole"], by["decimals"] or ""
    thousands = len(whole) - len(whole.rstrip(","))
    exact /= Decimal(1000) ** (thousands + len(by["scale"]))
    if by["exponent"]:
        return _scientific(exact, by)
    fixed = f"{exact.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP):f}"
    front, _, back = fixed.partition(".")
    kept = len(decimals.rstrip("#"))
    back = back[:kept] + back[kept:].rstrip("0")
    places = whole.replace(",", "")
    needed = len(places) - len(places.lstrip("#"))
    front = front.lstrip("0").rjust(len(places[needed:]), "0")
    if "," in whole.rstrip(","):
        front = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", front)
    return front + (("." + back) if by["point"] else "") + by["percent"]


def _scientific(exact: Decimal, by: re.Match) -> str:
    if "," in by[0] or by["whole"] not in ("0", "#"):
        raise Unsupported(f"the number format '{by[0]}' of TEXT is not evaluated here. Use one as 0.00E+00")
    shown = f"{exact or 0.0:.{len(by['decimals'] or '')}E}"  # a Decimal 0 would show its places as an exponent
    mantissa, _, exponent = shown.partition("E")
    sign = exponent[0] if exponent[0] == "-" or by["exponent"][1] == "+" else ""
    return f"{mantissa}E{sign}{exponent[1:].lstrip('0').rjust(len(by['exponent']) - 2, '0')}" + by["percent"]
