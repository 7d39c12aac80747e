"""A sheet as a plain tree, read by another reader than ours, to hold a save against: what it must be, and what it is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from campaign.verdict import Failed
from pyxl.grid.cells import Cell
from pyxl.xlsx.parts.shared_strings import unescape

_NAMESPACE = re.compile(rb"""xmlns(?::[^\s=]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")


def compare_sheets(before: bytes, after: bytes, edits: Mapping[Cell, object]) -> None:
    """Raise Failed unless the second sheet is the first with these cells edited, each once, and nothing else changed."""
    old, new = _cells(before), _cells(after)
    for where, element in old.items():
        if where not in edits and (where not in new or _plain(new[where]) != _plain(element)):
            raise Failed(f"the cell {where} changed that nobody edited")
    for where in new.keys() - old.keys():
        if where not in edits:
            raise Failed(f"the cell {where} appeared that nobody edited")
    for where, value in edits.items():
        found = _value(new[where]) if where in new else None
        if found != value or isinstance(found, bool) != isinstance(value, bool):
            raise Failed(f"the cell {where} holds {found!r} where {value!r} was written")
    if _around(before) != _around(after):
        raise Failed("what stands around the cells changed")


def in_order(xml: bytes) -> bool:
    """Whether rows and cells come in their order, each once."""
    try:
        _cells(xml)
    except Failed:
        return False
    return True


def _tree(xml: bytes) -> ET.Element:
    """ElementTree writes names as ``{namespace}local``, and so refuses a namespace that holds the sign between the two."""
    return ET.fromstring(_NAMESPACE.sub(lambda found: found[0].replace(b"}", b"|"), xml))


def _cells(xml: bytes) -> dict[tuple[int, int], ET.Element]:
    found: dict[tuple[int, int], ET.Element] = {}
    row = 0
    for line in _rows(_tree(xml)):
        number = int(line.get("r") or row + 1)
        if number <= row:
            raise Failed(f"row {number} comes after row {row}")
        row, col = number, 0
        for element in line:
            if _tag(element) != "c":
                continue
            ref = element.get("r")
            at = _column(ref.rstrip("0123456789")) if ref else col + 1
            if at <= col or ref and ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != str(row):
                raise Failed(f"cell {ref} comes after column {col} of row {row}")
            col = at
            found[row, col] = element
    return found


def _rows(root: ET.Element) -> list[ET.Element]:
    return [row for data in root if _tag(data) == "sheetData" for row in data if _tag(row) == "row"]


def _around(xml: bytes) -> list[tuple]:
    """Every other element, but for what says how far the sheet reaches."""
    return [_plain(element) for element in _tree(xml) if _tag(element) not in ("sheetData", "dimension")]


def _value(element: ET.Element):
    kind = element.get("t")
    said = [one for child in element if _tag(child) == "is" for one in child.iter() if _tag(one) == "t"] if kind == "inlineStr" else [
        child for child in element if _tag(child) == "v"]       # what stands among the extensions is no value
    text = "".join(one.text or "" for one in said)
    if not any(_tag(one) in ("v", "is") for one in element):
        return None
    if kind == "inlineStr":
        return unescape(text)
    return text == "1" if kind == "b" else float(text) if kind in (None, "n") else unescape(text)


def _plain(element: ET.Element) -> tuple:
    """All that an element says."""
    return element.tag, element.attrib, element.text, element.tail, [_plain(child) for child in element]


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
