"""TEXT: a value by a number format: sections, conditions, digits, thousands, percent, exponents, fractions, dates."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.values import text

from .date_format import dated, is_date_section

# A literal: "words", an escaped character, a blank as wide as a character, a filler that TEXT leaves out, [colours] and
# [$currency-language], or a character that stands for itself.
_LITERAL = re.compile(r'"(?P<words>[^"]*)"|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)'
                      r"|\[\$(?P<currency>[^\]-]*)(-[^\]]*)?\]|\[(?P<colour>[^\]]*)\]|(?P<itself>[^#0?.,%\[@\"\\])", re.S)
_DIGITS = re.compile(r"(?P<whole>[#0?][#0?,]*)?(?P<point>\.(?P<decimals>[#0?]*))?(?P<scale>,*)(?P<exponent>E[+-]0+)?")
_FRACTION = re.compile(r"(?:(?P<whole>[#0?]+) +)?(?P<above>[#0?]+) ?/ ?(?P<below>[#0?]+|\d+)")
_GENERAL = re.compile(r"general", re.I)
_SECTION = re.compile(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*)(?:;|$)', re.S)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[-+]?\d+)?)\]", re.I)
_HOLDS = {"<": float.__lt__, ">": float.__gt__, "<=": float.__le__, ">=": float.__ge__, "=": float.__eq__, "<>": float.__ne__}
_SPREAD = re.compile(r'[^#0?.,%@\["\\/]*([#0?]+(?:[-() ]+[#0?]+)+)[^#0?.,%@\["\\/]*')  # 000-0000: literals between the places
_EXACT = Context(prec=400)     # digits enough for any number of a cell


def formatted(value: float, pattern: str, *, date1904: bool = False) -> str:
    """A number by a pattern such as ``0.00``, ``#,##0;(#,##0)``, ``0.0%``, ``0.00E+00``, ``"€ "0`` or ``yyyy-mm-dd``."""
    if pattern.strip() == "@":
        return text(value)
    sections = _sections(pattern)
    if not pattern:
        return ""
    section, signed = _chosen(value, sections[:3])
    shown = _section(abs(value), value, section, pattern, date1904)
    return "-" + shown if signed and value < 0 and not is_date_section(section) else shown


def formatted_text(content: str, pattern: str) -> str:
    """A text by the section for texts: the fourth, or a single one that has ``@``; else the text itself."""
    sections = _sections(pattern)
    section = sections[3] if len(sections) > 3 else next((one for one in sections[-1:] if "@" in _unquoted(one)), None)
    if section is None:
        return content
    shown, at = "", 0
    while at < len(section):
        if section[at] == "@":
            shown, at = shown + content, at + 1
        elif match := _LITERAL.match(section, at):
            shown, at = shown + _literal(match), match.end()
        else:
            raise _unknown(pattern)
    return shown


def general(value: float) -> str:
    """A number as a cell of ordinary width shows it: 11 characters at most, not counting the sign."""
    exact = Decimal(repr(value)).normalize()
    if not exact:
        return "0"
    sign, size = "-" * (value < 0), abs(exact)
    whole = f"{size:f}"
    if len(whole) <= 11:
        return sign + whole
    if -4 <= size.adjusted() <= 10:
        places = min(9, 9 - size.adjusted()) if size.adjusted() < 10 else 0
        fixed = f"{size.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_EXACT):f}"
        fixed = fixed.rstrip("0").rstrip(".") if "." in fixed else fixed
        if len(fixed) <= 11:
            return sign + fixed
    long = abs(size.adjusted()) > 99
    mantissa, _, exponent = f"{size:.{5 - long}E}".partition("E")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{sign}{mantissa}E{int(exponent):+03d}"


def _sections(pattern: str) -> list[str]:
    sections = [match[1] for match in _SECTION.finditer(pattern)]
    if len(sections) > 1 and sections[-1] == "" and not pattern.endswith(";"):
        sections.pop()  # what the expression finds behind the last one
    return sections[:4]


def _unquoted(section: str) -> str:
    return re.sub(r'"[^"]*"|\\.', "", section)


def _chosen(value: float, sections: list[str]) -> tuple[str, bool]:
    """(the section for a number, whether the sign is still to be shown)"""
    conditions = [_CONDITION.search(section) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions):
            if condition is None or _HOLDS[condition[1]](float(value), float(condition[2])):
                return section, True
        return "General" if len(sections) < 3 else sections[-1], True
    if len(sections) > 2 and value == 0:
        return sections[2], False
    if len(sections) > 1 and value < 0:
        return sections[1], False
    return sections[0], True


def _section(size: float, value: float, section: str, pattern: str, date1904: bool) -> str:
    if is_date_section(section):
        return dated(value, section, pattern, date1904=date1904)
    section = _CONDITION.sub("", section)
    percents = _unquoted(section).count("%")
    if (spread := _SPREAD.fullmatch(section)) and re.search("[^#0?]", spread[1]):
        return _among_literals(size, section)
    pieces: list[str] = []
    numbers: list[re.Match] = []
    at = 0
    while at < len(section):
        if match := _GENERAL.match(section, at):
            pieces.append(general(size))
        elif not numbers and (match := _FRACTION.match(section, at)):
            numbers.append(match)
            pieces.append(_fraction(size, match))
        elif (match := _DIGITS.match(section, at)) and (match["whole"] or match["decimals"] is not None):
            if numbers:
                raise _unknown(pattern)
            numbers.append(match)
            pieces.append(_digits(size, match, percents))
        elif section[at] in "%,@":
            pieces.append(text(size) if section[at] == "@" else section[at])
            at += 1
            continue
        elif match := _LITERAL.match(section, at):
            pieces.append(_literal(match))
        else:
            raise _unknown(pattern)
        at = match.end()
    return "".join(pieces)


def _among_literals(value: float, section: str) -> str:
    """``000-0000``: the digits of a whole number spread over all places, from the right."""
    places = re.findall(r'(?:"[^"]*"|\\.|[^#0?])+|[#0?]', section)
    if not (whole := _DIGITS.match("".join(place for place in places if place in "#0?"))):
        raise _unknown(section)
    digits = _digits(value, whole, 0)
    first = next(i for i, place in enumerate(places) if place in "#0?")
    shown = []
    for i in range(len(places) - 1, -1, -1):
        if places[i] not in "#0?":
            shown.append("".join(map(_literal, _LITERAL.finditer(places[i]))))
        else:
            last, digits = (digits, "") if i == first else (digits[-1:], digits[:-1])
            shown.append(last)
    return "".join(reversed(shown))


def _literal(match: re.Match) -> str:
    words = next((match[name] for name in ("words", "escaped", "currency", "itself") if match[name] is not None), "")
    return " " if match["blank"] is not None else words


def _unknown(pattern: str) -> Unsupported:
    return Unsupported(f"the number format '{pattern}' of TEXT is not evaluated here. Use digits, as in 0.00")


def _digits(value: float, by: re.Match, percents: int) -> str:
    exact = Decimal(f"{value:.15g}") * 100 ** percents
    whole, decimals = by["whole"] or "", by["decimals"] or ""
    thousands = len(whole) - len(whole.rstrip(","))
    exact /= Decimal(1000) ** (thousands + len(by["scale"]))
    if by["exponent"]:
        return _scientific(exact, by)
    fixed = f"{exact.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP, context=_EXACT):f}"
    front, _, back = fixed.partition(".")
    back = _optional(back[::-1], decimals[::-1])[::-1]
    places = whole.replace(",", "")
    front = _optional(front.lstrip("0").rjust(len(places), "0"), places)
    if "," in whole.rstrip(","):
        front = re.sub(r"[\d ](?=([\d ]{3})+$)", lambda found: found[0] + ("," if found[0] != " " else " "), front)
    return front + (("." + back) if by["point"] else "")


def _optional(digits: str, places: str) -> str:
    """Zeros at the beginning where a place need not be filled: left out for ``#``, a blank for ``?``."""
    shown = ""
    for i, place in enumerate(places):
        if digits[i:i + 1] != "0" or place == "0":
            return shown + digits[i:]
        shown += " " * (place == "?")
    return shown + digits[len(places):]


def _scientific(exact: Decimal, by: re.Match) -> str:
    whole, places = by["whole"] or "", len(by["decimals"] or "")
    if "," in by[0]:
        raise Unsupported(f"the number format '{by[0]}' of TEXT is not evaluated here. Use one as 0.00E+00")
    step = max(1, len(whole))  # ##0.0E+0 goes in thousands
    exponent = exact.adjusted() // step * step if exact else 0
    mantissa = exact.scaleb(-exponent, context=_EXACT).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if mantissa.adjusted() >= step and mantissa:
        exponent += step
        mantissa = exact.scaleb(-exponent, context=_EXACT).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    front, _, back = f"{mantissa:f}".partition(".")
    front = _optional(front.rjust(whole.count("0"), "0"), whole[-len(front):]) if whole else ""
    back = _optional(back[::-1], (by["decimals"] or "")[::-1])[::-1]
    sign = "-" if exponent < 0 else "+" if by["exponent"][1] == "+" else ""
    return f"{front}{'.' + back if by['point'] else ''}E{sign}{str(abs(exponent)).rjust(len(by['exponent']) - 2, '0')}"


def _fraction(value: float, by: re.Match) -> str:
    """``# ?/?``: the nearest fraction whose lower number has as many digits, or is the one given."""
    exact = Fraction(repr(value) if "e" not in repr(value) else Decimal(repr(value)))
    whole = int(exact) if by["whole"] else 0
    part = exact - whole
    if by["below"].isascii() and by["below"].isdecimal() and by["below"].strip("0"):
        below = int(by["below"])
        above = int(part * below + Fraction(1, 2))
    else:
        nearest = part.limit_denominator(10 ** len(by["below"]) - 1)
        above, below = nearest.numerator, nearest.denominator
    if by["whole"] and above == below:
        whole, above = whole + 1, 0
    places = by["whole"] or ""
    front = _optional(str(whole).rjust(len(places), "0"), places) if above else str(whole) * bool(places)
    gap = " " if by["whole"] else ""
    if by["whole"] and not above:
        return front + gap + " " * (len(by["above"]) + 1 + len(by["below"]))
    return f"{front}{gap}{str(above).rjust(len(by['above']))}/{str(below).ljust(len(by['below']))}"
