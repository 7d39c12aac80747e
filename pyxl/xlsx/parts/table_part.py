"""xl/tables/table1.xml: where an Excel table stands and what its columns are called."""

from __future__ import annotations

from pyxl.grid.cells import Range
from pyxl.grid.grid import Table

from .package_checks import damaged_workbook
from .shared_strings import unescape
from .xml_stream import whole_number


def read_table(items, sheet: str, part: str) -> Table:
    """The table of a part's elements; UserError when it has no name, place or columns."""
    head: dict[str, str] = next((attributes for name, attributes, _ in items if name == "table"), {})
    columns = tuple(unescape(attributes.get("name", "")) for name, attributes, _ in items if name == "tableColumn")
    name = head.get("displayName") or head.get("name")
    if not (name and columns and "ref" in head):
        raise damaged_workbook(part, "it describes no table")
    where = Range.parse(head["ref"])
    if where.shape[1] != len(columns):
        raise damaged_workbook(part, f"its table '{name}' has other columns than it says")
    return Table(name, sheet, where, columns, whole_number(head.get("headerRowCount"), 1),
                 whole_number(head.get("totalsRowCount"), 0))
