"""How far a sheet says that it reaches: its `dimension` and its rows' `spans`, widened for new cells."""

from __future__ import annotations

import re
from collections.abc import Collection

from pyxl.grid.cells import Cell, Range

from .xml_stream import whole_number


def with_dimension(tag: bytes, ref: str, filled: Collection[Cell]) -> bytes:
    """The `<dimension>` tag, whose range is `ref`, made wide enough for the cells `filled`."""
    if not filled:
        return tag
    old, new = Range.parse(ref), Range.around(filled)
    wide = Range(min(old.top, new.top), min(old.left, new.left),
                 max(old.bottom, new.bottom), max(old.right, new.right))
    return tag if wide == old else _with_attribute(tag, b"ref", str(wide).encode())


def with_spans(tag: bytes, spans: str, cols: Collection[int]) -> bytes:
    """A `<row>` tag, whose spans are ``'first:last'`` (or none), made wide enough for the columns."""
    first, _, last = spans.partition(" ")[0].partition(":")
    old = whole_number(first, 0), whole_number(last, 0)
    if not (cols and all(old)):
        return tag
    wide = min(old[0], *cols), max(old[1], *cols)
    return tag if wide == old else _with_attribute(tag, b"spans", b"%d:%d" % wide)


def _with_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    return re.sub(rb"(\s%s\s*=\s*[\"'])[^\"']*" % name, lambda match: match[1] + value, tag, count=1)
