"""styles.xml, as far as it says that a number means something else: a date or a percentage."""

from __future__ import annotations

import re

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from .xml_stream import whole_number

# Built-in numbers without a code in openpyxl: dates as East Asian versions of Excel show them.
_EAST_ASIAN_DATES = {*range(27, 37), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


def meaning(code: str) -> str | None:
    """``'date'``, ``'percent'`` or None for a format code: ``meaning('0.0%') == 'percent'``."""
    if "%" in _LITERAL.sub("", code):
        return "percent"
    return "date" if code != "General" and is_date_format(code) else None


def read_number_formats(styles: list[tuple[str, dict[str, str], str]]) -> dict[int, str]:
    """Reads the elements of styles.xml. Returns ``'date'`` or ``'percent'`` by a cell's style number."""
    codes: dict[int, str] = dict(BUILTIN_FORMATS)
    formats: dict[int, str] = {}
    style, in_cell_styles = 0, False
    for name, attributes, _ in styles:
        if name == "numFmt" and (number := whole_number(attributes.get("numFmtId"), -1)) >= 0:
            codes[number] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles"):
            in_cell_styles = name == "cellXfs"
        elif name == "xf" and in_cell_styles:
            number = whole_number(attributes.get("numFmtId"), 0)
            kind = "date" if number in _EAST_ASIAN_DATES and number not in codes else meaning(codes.get(number, ""))
            if kind:
                formats[style] = kind
            style += 1
    return formats
