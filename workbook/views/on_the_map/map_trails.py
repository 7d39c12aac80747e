"""The way of every named item on the map in the last fit: positions that the fit leaves in folded cells, drawn as thin lines."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import TRAIL_ITEMS, block_name, trails_name
from pyxl.grid.cells import Cell, Range, quoted
from workbook.model_sheets.view import View
from workbook.write.references import columns_of, ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_number, put_text

POSITIONS = 12      # of each item, from the start of the fit to its end
_SAME = "1E-6"      # how near the end of a trail is to its dot; else the factors are no longer those of that fit


def write_trails(workbook: Workbook, sheet, styles: Styles, view: View, *, left: int, dots: tuple[Range, Range], numbers: Range) -> dict:
    """Blank cells for every model's trails from column `left` on, with their names, and those of the chosen model as the series of a
    chart. `dots` are the positions of now, of the items whose `numbers` stand beside them."""
    raw = {name: trail_cells(left + 2 * place, dots[0]) for place, name in enumerate(view.crosstabs)}
    drawn = trail_cells(left + 2 * len(raw), dots[0])
    for name, where in (*raw.items(), ("drawn", drawn)):
        put_text(sheet, where.first.moved(-1, 0), f"trails, {name}", styles.calc_head)
    for name, where in raw.items():
        workbook.define_name(trails_name(name), f"={quoted(sheet.get_name())}!{where.absolute}")
    workbook.define_name(block_name(sheet.get_name(), TRAIL_ITEMS), f"={quoted(sheet.get_name())}!{numbers.absolute}")
    for row, (x, y) in enumerate(zip(dots[0].cells(), dots[1].cells())):
        first = row * (POSITIONS + 1)

        def shown(layout, x: Cell = x, y: Cell = y, first: int = first) -> str:
            own = _of_one(raw[layout.sheet], first)
            a, b = (ref(column.first.moved(POSITIONS - 1, 0)) for column in columns_of(own))
            return f"IF(COUNT({a},{b})=2,IF(ABS({a}-{ref(x)})+ABS({b}-{ref(y)})<{_SAME},{ref(own)},NA()),NA())"
        way = _of_one(drawn, first)
        put_array(sheet, way, f"=IFERROR({view.of_chosen(shown)},NA())", styles.calc)
        if way.bottom < drawn.bottom:       # the line between two ways: a chart counts dots where no place across is a number
            put_number(sheet, Cell(way.bottom + 1, way.left), 0.0, styles.calc)
    across, up = (f"={quoted(sheet.get_name())}!{column.absolute}" for column in columns_of(drawn))
    return {"name": "trails", "categories": across, "values": up, "line": {"color": "#B9CBE4", "width": 1}, "marker": {"type": "none"}}


def trail_cells(left: int, dots: Range) -> Range:
    """Two columns for the trails of these dots, one below the other, with a blank line between them."""
    return Range(dots.top, left, dots.top + dots.shape[0] * (POSITIONS + 1) - 2, left + 1)


def _of_one(trails: Range, first: int) -> Range:
    return Range(trails.top + first, trails.left, trails.top + first + POSITIONS - 1, trails.right)
