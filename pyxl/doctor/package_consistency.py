"""What Excel would call damaged though every part can be read: parts that do not fit together.

Checked are content types, relationships, the list of sheets, defined names, tables, and by `sheet_consistency` what stands in
sheets. The rules are those of ECMA-376 (parts 1 and 2) that Excel enforces when it opens a workbook.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyxl.grid.cells import MAX_COL, MAX_ROW, Range
from pyxl.xlsx.package import Package, open_package
from pyxl.xlsx.parts.xml_stream import elements, local
from solver.errors import UserError

from .sheet_consistency import Shared, column_of, sheet_faults

TYPES = "[Content_Types].xml"
_MAIN_TYPES = {     # of workbook.xml, by the file's ending: Excel opens no other
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ".xlam": "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    ".xltx": "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
    ".xltm": "application/vnd.ms-excel.template.macroEnabled.main+xml"}
_ILLEGAL_IN_SHEETS = re.compile(r"[\[\]:*?/\\]|^'|'$")
_NAME = re.compile(r"(?:[^\W\d]|[^\x00-\x7f])(?:[\w.\\?]|[^\x00-\x7f])*|\\[\w.\\?]*|_xlnm\.\w+")    # Excel itself saves names such as “
_LIKE_A_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})|[RrCc]|[Rr][0-9]*[Cc][0-9]*")


def package_faults(path) -> Iterator[str]:
    """A sentence for everything in a workbook that Excel would not take. Raises UserError where it cannot be read at all."""
    with open_package(path) as package:
        names = package.archive.namelist()
        folders = {folder for name in names for folder in _folders_of(name)}
        # Excel takes folders that are listed as if they were parts, and leaves rubbish under names that no part may have: "[trash]/0000.dat"
        parts = [TYPES, *(name for name in names if name.rstrip("/") not in folders and "[" not in name)]
        yield from _content_types(package, parts)
        yield from _relationships(package, parts)
        main = next((relation.part for relation in package.relations() if relation.kind == "officeDocument"), None)
        if main is None or package.find(main) is None:
            yield "No relationship of the package leads to its workbook."
            return
        yield from _workbook(package, main)


def _folders_of(name: str) -> Iterator[str]:
    """``'xl'`` and ``'xl/worksheets'`` of ``'xl/worksheets/sheet1.xml'``."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _content_types(package: Package, parts: list[str]) -> Iterator[str]:
    found = elements([package.read(TYPES)], TYPES)
    defaults = {attributes.get("Extension", "").lower() for name, attributes, _ in found if name == "Default"}
    overrides = [attributes.get("PartName", "") for name, attributes, _ in found if name == "Override"]
    for name in _repeated(name.lower() for name in overrides):
        yield f"{TYPES} gives '{name}' two types."
    there = {"/" + part.lower() for part in parts}
    for name in overrides:
        if name.lower() not in there:
            yield f"{TYPES} names '{name}', which is missing."
    told = {name.lower() for name in overrides}
    for part in parts:
        if part != TYPES and "/" + part.lower() not in told and part.rpartition(".")[2].lower() not in defaults:
            yield f"{TYPES} gives no type to '{part}'."


def _relationships(package: Package, parts: list[str]) -> Iterator[str]:
    for rels in parts:
        folder, base = posixpath.split(rels)
        if not base.endswith(".rels"):
            continue
        source = posixpath.join(posixpath.dirname(folder), base.removesuffix(".rels"))
        if source and package.find(source) is None:
            yield f"'{rels}' tells the relationships of '{source}', which is missing."
            continue
        ids = [attributes.get("Id", "") for name, attributes, _ in elements([package.read(rels)], rels) if name == "Relationship"]
        for one in _repeated(ids):
            yield f"'{rels}' uses the id '{one}' twice."
        for relation in package.relations(source):
            # a target that is only a place in the document ("#Sheet1!A1") is no part
            if relation.part and relation.kind != "hyperlink" and package.find(relation.part) is None:
                yield f"'{rels}' leads to '{relation.part}', which is missing."


def _workbook(package: Package, main: str) -> Iterator[str]:
    listed = elements([package.read(main)], main)
    kinds = {attributes.get("PartName", "").lower(): attributes.get("ContentType", "")
             for name, attributes, _ in elements([package.read(TYPES)], TYPES) if name == "Override"}
    wanted, kind = _MAIN_TYPES.get(Path(package.name).suffix.lower()), kinds.get("/" + main.lower())
    if wanted and kind and kind != wanted:
        yield f"It ends in '{Path(package.name).suffix}' and says that it is '{kind}': Excel does not open it."
    tabs = [attributes for name, attributes, _ in listed if name == "sheet"]
    yield from _tabs(tabs)
    yield from _names([(attributes, text) for name, attributes, text in listed if name == "definedName"], len(tabs))
    relations = {relation.id: relation for relation in package.relations(main)}
    shared, numbers = Shared.of(package, main), {}
    for tab in tabs:
        id = next((value for key, value in tab.items() if local(key) == "id" != key), None)
        relation = relations.get(id or "")
        if id == "":
            continue    # a macro sheet or module of Excel 95, which Excel still lists
        if relation is None:
            yield f"The sheet '{tab.get('name')}' has no part."
        elif relation.kind == "worksheet" and package.find(relation.part):
            formulas: set = set()
            yield from sheet_faults(package, relation.part, tab.get("name", ""), shared, formulas)
            numbers[tab.get("sheetId")] = (tab.get("name", ""), formulas)
    yield from _calc_chain(package, main, numbers)
    yield from _tables(package, [relation.part for relation in relations.values() if relation.kind == "worksheet"])


def _tabs(tabs: list[dict[str, str]]) -> Iterator[str]:
    for tab in tabs:
        name = tab.get("name", "")
        if not 0 < len(name) <= 31 or _ILLEGAL_IN_SHEETS.search(name):
            yield f"No sheet may be called '{name}'."
    for name in _repeated(tab.get("name", "").casefold() for tab in tabs):
        yield f"Two sheets are called '{name}'."
    for number in _repeated(tab.get("sheetId", "") for tab in tabs):
        yield f"Two sheets have the number {number}."


def _names(names: list[tuple[dict[str, str], str]], n_tabs: int) -> Iterator[str]:
    for attributes, _ in names:
        name, scope = attributes.get("name", ""), attributes.get("localSheetId")
        if not _NAME.fullmatch(name) or len(name) > 255 or _is_cell(name):
            yield f"No defined name may be '{name}'."
        if scope is not None and not (scope.isascii() and scope.isdigit() and int(scope) < n_tabs):
            yield f"The defined name '{name}' belongs to sheet number {scope}, which is not there."
    for name, scope in _repeated((attributes.get("name", "").casefold(), attributes.get("localSheetId")) for attributes, _ in names):
        yield f"The name '{name}' is defined twice{'' if scope is None else ' for one sheet'}."


def _is_cell(name: str) -> bool:
    found = _LIKE_A_CELL.fullmatch(name)
    if not found or found[1] is None:
        return bool(found)
    return column_of(found[1].upper()) <= MAX_COL and 1 <= int(found[2]) <= MAX_ROW


def _calc_chain(package: Package, main: str, numbers: Mapping[str | None, tuple[str, set]]) -> Iterator[str]:
    part = next((relation.part for relation in package.relations(main) if relation.kind == "calcChain"), None)
    if part is None or package.find(part) is None:
        return
    number = None
    for name, attributes, _ in elements([package.read(part)], part):
        if name != "c":
            continue
        number = attributes.get("i", number)    # it holds for those that follow, too
        sheet, formulas = numbers.get(number, ("", None))
        if formulas is None:
            continue
        if attributes.get("r", "") not in formulas:
            yield f"'{part}' lists {sheet}!{attributes.get('r')}, which holds no formula."
            return      # the rest would say the same


def _tables(package: Package, sheets: Iterable[str]) -> Iterator[str]:
    ids, names = [], []
    for sheet in sheets:
        if package.find(sheet) is None:
            continue
        for relation in package.relations(sheet):
            if relation.kind != "table" or package.find(relation.part) is None:
                continue
            found = elements([package.read(relation.part)], relation.part)
            head = next((attributes for name, attributes, _ in found if name == "table"), {})
            columns = [attributes.get("name", "") for name, attributes, _ in found if name == "tableColumn"]
            ids.append(head.get("id", ""))
            names.append(head.get("displayName", "").casefold())
            for column in _repeated(column.casefold() for column in columns):
                yield f"The table '{head.get('displayName')}' has two columns '{column}'."
            try:
                if Range.parse(head.get("ref", "")).shape[1] != len(columns):
                    yield f"The table '{head.get('displayName')}' has {len(columns)} columns and stands in {head.get('ref')}."
            except (UserError, ValueError):
                yield f"The table '{head.get('displayName')}' stands nowhere: '{head.get('ref')}'."
    for one in _repeated(ids):
        yield f"Two tables have the number {one}."
    for name in _repeated(names):
        yield f"Two tables are called '{name}'."


def _repeated(values: Iterable) -> list:
    return [value for value, times in Counter(values).items() if times > 1]
