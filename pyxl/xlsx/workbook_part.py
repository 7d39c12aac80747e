"""workbook.xml: which sheets there are, what is named, how it calculates. Also asks for recalculation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyxl.grid.grid import DefinedName
from pyxl.xlsx.parts.edited_stream import name_prefix
from pyxl.xlsx.parts.package_checks import damaged_workbook
from pyxl.xlsx.parts.xml_stream import TRUE, elements, local, reader, spliceable, start_tag_at, whole_number
from solver.errors import UserError

from .package import Package

# What stands before <calcPr> in a workbook, by the schema's order.
_LONGEST_NAME = 255     # of a sheet; Excel's are no longer than 31 characters, other programs' are
_BEFORE_CALC = ("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets",
                "functionGroups", "externalReferences", "definedNames")


@dataclass(frozen=True)
class WorkbookPart:
    """What workbook.xml says. `sheets` leads from a worksheet's name to its part, in tab order; `tabs` are the names
    of all sheets, charts and hidden ones included, and `hidden` those that are not seen; `numbers` leads from a sheet's name to the number it goes by in the calculation
    chain, whose part is `calc_chain`."""

    part: str
    sheets: dict[str, str]
    names: tuple[DefinedName, ...]
    manual_calculation: bool
    date1904: bool
    shared_strings: str | None
    styles: str | None
    tabs: tuple[str, ...]
    hidden: frozenset[str]
    structure_locked: bool
    numbers: dict[str, str]
    calc_chain: str | None


def read_workbook(package: Package) -> WorkbookPart:
    """Read workbook.xml; UserError when it is missing or lists no sheet that exists."""
    part = next((package.find(r.part) for r in package.relations() if r.kind == "officeDocument"), None)
    part = part or package.find("xl/workbook.xml")
    if part is None:
        raise UserError(f"'{package.name}' is a zip file but not an Excel workbook: it has no workbook.xml. "
                        "Give an .xlsx file.")
    relations = package.relations(part)
    target = {relation.id: relation for relation in relations}
    sheets, numbers, tabs, names, calc, date1904, locked, hidden = {}, {}, [], [], {}, False, False, set()
    for name, attributes, text in elements([package.read(part)], part):
        if name == "sheet":
            tab = attributes.get("name", "")
            if len(tab) > _LONGEST_NAME or tab in tabs:
                what = f"a sheet's name has {len(tab):,} characters" if len(tab) > _LONGEST_NAME else f"two sheets are named '{tab}'"
                raise damaged_workbook(package.name, what)
            tabs.append(tab)
            numbers[tab] = attributes.get("sheetId", "")
            if attributes.get("state", "visible") != "visible":
                hidden.add(tab)
            where = next((target.get(value) for key, value in attributes.items() if local(key) == "id" != key), None)
            if where and where.kind == "worksheet":
                sheets[tab] = package.find(where.part) or where.part
        elif name == "definedName":
            names.append((attributes, text))
        elif name == "calcPr":
            calc = attributes
        elif name == "workbookPr":
            date1904 = attributes.get("date1904") in TRUE
        elif name == "workbookProtection":
            locked = attributes.get("lockStructure") in TRUE
    if not tabs:
        raise damaged_workbook(package.name, "its workbook.xml lists no sheets")

    def only(kind):
        return next((package.find(relation.part) for relation in relations if relation.kind == kind), None)

    return WorkbookPart(part, sheets, tuple(_defined_name(attributes, text, tabs) for attributes, text in names),
                        calc.get("calcMode") == "manual", date1904, only("sharedStrings"), only("styles"), tuple(tabs), frozenset(hidden), locked,
                        numbers, only("calcChain"))


def _defined_name(attributes, text, tabs) -> DefinedName:
    index = whole_number(attributes.get("localSheetId"), len(tabs))  # it counts all tabs, chart sheets included
    scope = tabs[index] if index < len(tabs) else None
    return DefinedName(attributes.get("name", ""), text, scope, attributes.get("hidden") in TRUE)


def with_full_calculation(data: bytes, part: str) -> bytes:
    """workbook.xml with ``fullCalcOnLoad="1"``: Excel then recalculates everything on opening."""
    data = b"".join(spliceable([data], part))
    parser, feed = reader(part)
    path, calc, after, prefix = [], None, None, b""

    def start(name, attributes):
        nonlocal calc, prefix
        path.append(local(name))
        if len(path) == 1:
            prefix = name_prefix(start_tag_at(data, parser.CurrentByteIndex)[0])
        elif path[1:] == ["calcPr"]:
            calc = parser.CurrentByteIndex

    def end(name):
        nonlocal after
        if len(path) == 2 and path[1] in _BEFORE_CALC:
            after = parser.CurrentByteIndex    # at "</name>", or already behind "<name/>"
            close = re.compile(rb"</(?:[^\s:/>]+:)?%s\s*>" % path[1].encode()).match(data, after)
            after = close.end() if close else after
        path.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    feed(data)
    feed(b"")
    if calc is not None:
        tag, _ = start_tag_at(data, calc)
        kept = re.sub(rb"""\sfullCalcOnLoad\s*=\s*("[^"]*"|'[^']*')""", b"", tag).rstrip()
        return data[:calc] + kept + b' fullCalcOnLoad="1"' + data[calc + len(tag):]
    return data[:after] + b'<%scalcPr fullCalcOnLoad="1"/>' % prefix + data[after:]
