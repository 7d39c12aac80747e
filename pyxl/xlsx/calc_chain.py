"""The calculation chain: a part that lists all formula cells, and must list no cell that holds none."""

from __future__ import annotations

import re
from collections.abc import Set

_CELL = re.compile(rb"<((?:[^\s:/>]+:)?c)(\s[^>]*?)\s*(?:/>|>\s*</\1\s*>)")
_ATTRIBUTE = re.compile(rb"""\s([ri])\s*=\s*["']([^"']*)["']""")


def without_cells(data: bytes, gone: Set[tuple[str, str]]) -> bytes:
    """The part without the cells `gone`, each (number of its sheet, address). A cell that names no sheet is on that of the cell before
    it, so one that follows a cell that goes is given its number."""
    sheet = written = b""

    def cell(match: re.Match[bytes]) -> bytes:
        nonlocal sheet, written
        attributes = dict(_ATTRIBUTE.findall(match[2]))
        sheet = attributes.get(b"i", sheet)
        if (sheet.decode(), attributes.get(b"r", b"").decode()) in gone:
            return b""
        same, written = sheet == written or b"i" in attributes, sheet
        return match[0] if same else b'<%s%s i="%s"/>' % (match[1], match[2], sheet)
    return _CELL.sub(cell, data)
