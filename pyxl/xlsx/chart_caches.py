"""What charts keep of the cells that they show. A preview of a file draws that, and so it follows every edit.

A chart of DrawingML refers to cells by ``<c:f>``, and beside it stands a ``<c:numCache>`` or ``<c:strCache>`` with a point for
every cell that is not blank. Only points of caches that show an edited cell are written anew; all else keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyxl.grid.cells import Cell, ErrorValue, Value
from pyxl.grid.sheet_names import area_of
from pyxl.xlsx.parts.cell_xml import attribute_in_xml, new_value, text_in_xml
from pyxl.xlsx.parts.edited_stream import name_prefix
from pyxl.xlsx.parts.sheet_splice import Edits
from pyxl.xlsx.parts.xml_stream import local, reader, spliceable, start_tag_at, whole_number
from solver.errors import UserError

from .package import Package
from .workbook_part import WorkbookPart

_CACHES = ("numCache", "strCache")
CellsOf = Callable[[str], Mapping[Cell, Value]]      # of a sheet: what its cells hold


def edited_charts(package: Package, workbook: WorkbookPart, edits: Edits, values: CellsOf) -> dict[str, bytes]:
    """part -> the chart with points as they are after `edits`, for all charts that show an edited cell.

    `values` gives the cells of a sheet as they were. A chart that cannot be read stays as it is: whether it is damaged is
    not the question here.
    """
    found = {}
    for part in _charts(package, workbook):
        try:
            before = b"".join(spliceable(package.chunks(part), part))
            after = _with_points(before, part, edits, values)
        except UserError:
            continue
        if after != before:
            found[part] = after
    return found


def _charts(package: Package, workbook: WorkbookPart) -> Iterator[str]:
    """The parts of the charts on all sheets and chart sheets."""
    sheets = [relation.part for relation in package.relations(workbook.part) if relation.kind in ("worksheet", "chartsheet")]
    drawings = {relation.part for sheet in sheets for relation in package.relations(sheet) if relation.kind == "drawing"}
    charts = {relation.part for drawing in sorted(drawings) for relation in package.relations(drawing) if relation.kind == "chart"}
    yield from filter(None, map(package.find, sorted(charts)))


@dataclass
class _Cache:
    """A cache as it stands in the part: where its points begin and end, which cells it shows, and the points' attributes."""

    numbers: bool
    shown: str
    prefix: bytes       # of its elements' names
    count: int = -1
    start: int = -1     # behind the count
    end: int = -1       # of the last point; where there is none, the start
    formats: dict[int, str] = field(default_factory=dict)


def _with_points(data: bytes, part: str, edits: Edits, values: CellsOf) -> bytes:
    out: list[bytes] = []
    done = 0
    for cache in _caches(data, part):
        where = area_of(cache.shown)
        if where is None or where[0] not in edits:
            continue
        (sheet, area), new = where, edits[where[0]]
        # a chart that leaves out hidden cells counts the others
        if min(area.shape) > 1 or cache.count != area.size or not any(cell in new for cell in area.cells()):
            continue
        there = values(sheet)
        shown = [new_value(new[cell]) if cell in new else there.get(cell) for cell in area.cells()]
        out += [data[done:cache.start], _points(cache, shown)]
        done = cache.end
    return b"".join((*out, data[done:]))


def _points(cache: _Cache, shown: Sequence[Value]) -> bytes:
    """The points of the cells: of numbers without those that hold a text."""
    lines, prefix = [], cache.prefix.decode()
    for place, value in enumerate(shown):
        if value is None or cache.numbers and isinstance(value, str) and not isinstance(value, ErrorValue):
            continue
        text = repr(float(value)).removesuffix(".0") if isinstance(value, (float, int)) else str(value)
        kind = f' formatCode="{attribute_in_xml(cache.formats[place])}"' if place in cache.formats else ""
        lines.append(f'<{prefix}pt idx="{place}"{kind}><{prefix}v>{text_in_xml(text)}</{prefix}v></{prefix}pt>')
    return "".join(lines).encode()


def _caches(data: bytes, part: str) -> list[_Cache]:
    """All caches of a chart in the order of the part."""
    parser, feed = reader(part)
    found: list[_Cache] = []
    path: list[str] = []
    formula: list[str] = []
    empty: int | None = None        # where the element ends that just began, if it holds nothing

    def start(name, attributes):
        nonlocal empty
        path.append(local(name))
        if path[-1] == "f":
            formula.clear()
        elif path[-1] in _CACHES:
            found.append(_Cache(path[-1] == "numCache", "".join(formula), name_prefix(start_tag_at(data, parser.CurrentByteIndex)[0])))
        elif path[-2:-1] and path[-2] in _CACHES:
            cache = found[-1]
            tag, close = start_tag_at(data, parser.CurrentByteIndex)
            empty = parser.CurrentByteIndex + len(tag + close) if close == b"/>" else None
            if path[-1] == "ptCount":
                cache.count = whole_number(attributes.get("val"), -1)
            elif path[-1] == "pt" and "formatCode" in attributes:
                cache.formats[whole_number(attributes.get("idx"), -1)] = attributes["formatCode"]

    def end(_):
        if path[-2:-1] and path[-2] in _CACHES and path[-1] in ("ptCount", "pt"):
            behind = empty or data.index(b">", parser.CurrentByteIndex) + 1
            cache = found[-1]
            cache.end = behind
            if path[-1] == "ptCount":
                cache.start = behind
        path.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: formula.append(text) if path[-1:] == ["f"] else None
    feed(data)
    feed(b"")
    return found
