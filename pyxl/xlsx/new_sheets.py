"""Sheets added to a package: a part each, and a line in the three parts that list them (ECMA-376-2 and -1, 18.2.19).

Everything that is there stays byte for byte: the lines are spliced in behind the last of their kind, so that the
sheets' numbers, which names refer to, stay as they are.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from pyxl.grid.cells import Cell
from pyxl.xlsx.parts.cell_xml import Edit, Unwritable, attribute_in_xml, new_cell
from pyxl.xlsx.parts.edited_stream import name_prefix
from pyxl.xlsx.parts.package_checks import damaged_workbook
from pyxl.xlsx.parts.sheet_splice import Edits
from pyxl.xlsx.parts.xml_stream import elements, local, reader, spliceable, start_tag_at
from solver.errors import UserError

from .package import Package
from .workbook_part import WorkbookPart

CONTENT_TYPES = "[Content_Types].xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_ILLEGAL = re.compile(r"[\[\]:*?/\\]|^'|'$")


@dataclass(frozen=True)
class NewSheet:
    """A sheet to add behind all others. `widths` are those of its first columns, in characters."""

    name: str
    hidden: bool = False
    widths: tuple[float, ...] = ()


def refuse_new_sheet(workbook: WorkbookPart, file: str, sheet: NewSheet) -> None:
    """Raise UserError where the workbook takes no sheet of that name."""
    if workbook.structure_locked:
        raise UserError(f"The structure of '{file}' is protected, so no sheet can be added. "
                        "Unprotect it in Excel (Review > Protect Workbook).")
    if not 0 < len(sheet.name) <= 31 or _ILLEGAL.search(sheet.name) or sheet.name.casefold() in map(str.casefold, workbook.tabs):
        raise UserError(f"'{file}' can have no new sheet '{sheet.name}': the name is taken, or no sheet may have it.")


def added_parts(package: Package, workbook: WorkbookPart, sheets: Sequence[NewSheet],
                cells: Edits) -> tuple[dict[str, bytes], dict[str, Callable[[bytes], bytes]]]:
    """(new part -> its bytes, part that lists them -> what edits it) for sheets with the cells given by name."""
    folder, base = posixpath.split(workbook.part)
    relations_part = posixpath.join(folder, "_rels", base + ".rels")
    relations = [attributes for key, attributes, _ in elements([package.read(relations_part)], relations_part) if key == "Relationship"]
    listed = elements([package.read(workbook.part)], workbook.part)
    tabs = [attributes for key, attributes, _ in listed if key == "sheet"]
    kind = next((r["Type"] for r in relations if r.get("Type", "").endswith("/worksheet")), None)
    namespace = next((key.rpartition(" ")[0] for key in tabs[0] if key.endswith(" id")), None)
    if kind is None or namespace is None:
        raise damaged_workbook(package.name, "its workbook.xml and its relations do not fit together")

    parts: dict[str, bytes] = {}
    lines: dict[str, list[Callable[[bytes], bytes]]] = {workbook.part: [], relations_part: [], CONTENT_TYPES: []}
    numbers, ids = _unused_numbers(package, folder), _unused_ids({r.get("Id", "") for r in relations})
    last = max(int(tab.get("sheetId", "0")) for tab in tabs)
    for order, sheet in enumerate(sheets, 1):
        part, relation = f"{posixpath.join(folder, 'worksheets')}/sheet{next(numbers)}.xml", next(ids)
        parts[part] = _sheet_xml(sheet, cells.get(sheet.name, {}), strict="purl.oclc.org" in kind)
        state = ' state="hidden"' if sheet.hidden else ""
        lines[workbook.part].append(_line(f'sheet xmlns:r="{namespace}" name="{attribute_in_xml(sheet.name)}" sheetId="{last + order}"{state} r:id="{relation}"'))
        lines[relations_part].append(_line(f'Relationship Id="{relation}" Type="{kind}" Target="/{part}"'))
        lines[CONTENT_TYPES].append(_line(f'Override PartName="/{part}" ContentType="{_SHEET_TYPE}"'))
    parents = {workbook.part: ("workbook", "sheets"), relations_part: ("Relationships",), CONTENT_TYPES: ("Types",)}
    return parts, {part: _Insertion(part, parents[part], tuple(new)) for part, new in lines.items()}


@dataclass(frozen=True)
class _Insertion:
    """Puts lines in as the last children of the element at `path` of a small part."""

    part: str
    path: tuple[str, ...]
    lines: tuple[Callable[[bytes], bytes], ...]

    def __call__(self, data: bytes) -> bytes:
        data = b"".join(spliceable([data], self.part))
        parser, feed = reader(self.part)
        path: list[str] = []
        tags: list[bytes] = []      # start tags of the list, and where the lists end
        ends: list[int] = []

        def start(name, _):
            path.append(local(name))
            if tuple(path) == self.path:
                tags.append(start_tag_at(data, parser.CurrentByteIndex)[0])

        def end(_):
            if tuple(path) == self.path:
                ends.append(parser.CurrentByteIndex)
            path.pop()

        parser.StartElementHandler, parser.EndElementHandler = start, end
        feed(data)
        feed(b"")
        if len(tags) != 1 or len(ends) != 1 or data[ends[0]:ends[0] + 2] != b"</":
            raise damaged_workbook(self.part, f"its list of {self.path[-1]} is empty or there twice")
        prefix = name_prefix(tags[0])
        return data[:ends[0]] + b"".join(line(prefix) for line in self.lines) + data[ends[0]:]


def _line(text: str) -> Callable[[bytes], bytes]:
    """An empty element, given the prefix that its neighbours have."""
    return lambda prefix: b"<" + prefix + text.encode("ascii", "xmlcharrefreplace") + b"/>"


def _unused_numbers(package: Package, folder: str) -> Iterator[int]:
    n = 1
    while True:
        if package.find(f"{posixpath.join(folder, 'worksheets')}/sheet{n}.xml") is None:
            yield n
        n += 1


def _unused_ids(taken: set[str]) -> Iterator[str]:
    n = len(taken)
    while True:
        n += 1
        if f"rId{n}" not in taken:
            yield f"rId{n}"


def _sheet_xml(sheet: NewSheet, cells: Mapping[Cell, Edit], *, strict: bool) -> bytes:
    main = "http://purl.oclc.org/ooxml/spreadsheetml/main" if strict else "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    columns = "".join(f'<col min="{n}" max="{n}" width="{width:g}" customWidth="1"/>' for n, width in enumerate(sheet.widths, 1))
    rows: dict[int, list[bytes]] = {}
    for cell in sorted(cells):
        address = f"{get_column_letter(cell[1])}{cell[0]}".encode()
        try:
            rows.setdefault(cell[0], []).append(new_cell(address, cells[cell], b"", b""))
        except Unwritable as why:
            raise UserError(f"{sheet.name}!{address.decode()} cannot hold {why}. Nothing was saved.") from None
    data = b"".join(b'<row r="%d">%s</row>' % (row, b"".join(line)) for row, line in rows.items() if any(line))
    head = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{main}">'
    on_one_page = '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'     # as wide as a page, as high as it takes
    return b"".join(((head + on_one_page + (f"<cols>{columns}</cols>" if columns else "")).encode(), b"<sheetData>", data,
                     b'</sheetData><pageSetup fitToHeight="0" orientation="landscape"/></worksheet>'))
