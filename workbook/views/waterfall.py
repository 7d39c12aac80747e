"""The parts of a prediction as a waterfall: stacked columns, each of which begins where the one before ended."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.write.references import ref
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, Styles
from workbook.write.write_cells import put_formula, put_text

_UP, _DOWN = "#7DB98B", "#E0A268"
_COLUMNS = {    # {b} is where a part begins, {x} the part; below 0 columns are stacked downwards from 0
    "begins at": ("{b}", None), "unseen": ("MAX(0,MIN({b},{b}+{x}))+MIN(0,MAX({b},{b}+{x}))", None),
    "up": ("IF({x}>=0,MAX(0,{b}+{x})-MAX(0,{b}),0)", _UP), "up, below 0": ("IF({x}>=0,MIN(0,{b})-MIN(0,{b}+{x}),0)", _UP),
    "down": ("IF({x}<0,MAX(0,{b})-MAX(0,{b}+{x}),0)", _DOWN), "down, below 0": ("IF({x}<0,MIN(0,{b}+{x})-MIN(0,{b}),0)", _DOWN),
    "sum": ("0", CHART_LINE)}


def waterfall_columns(parts: Range, left: int) -> dict[str, Range]:
    """The columns of the chart's numbers, from `left` on, with a row for each of the `parts` and one for their sum."""
    return {name: Range(parts.top, left + place, parts.bottom + 1, left + place) for place, name in enumerate(_COLUMNS)}


def write_waterfall(workbook: Workbook, sheet, styles: Styles, parts: Range, left: int, at: Cell, *, title: str) -> None:
    """Write the chart's numbers, and put the chart at a cell. The names of the parts are in the first column; an empty text counts as 0."""
    columns = waterfall_columns(parts, left)
    for name, where in columns.items():
        put_text(sheet, where.first.moved(-1, 0), name, styles.calc_head)
        for cell in where.cells():
            is_sum, part = cell.row > parts.bottom, Cell(cell.row, parts.left)
            above = f"SUM({ref(Range(parts.top, parts.left, cell.row - 1, parts.left))})" if cell.row > parts.top else "0"
            begins = ref(Cell(cell.row, left), cols=True)
            what = _COLUMNS[name][0].format(b=above if name == "begins at" else begins, x=f"N({part})")
            if is_sum:
                what = above if name == "sum" else "0"
            put_formula(sheet, cell, f"={what}", styles.calc)
    sheet.insert_chart(at.row - 1, at.col - 1, _chart(workbook, sheet.get_name(), columns, title))


def _chart(workbook: Workbook, sheet: str, columns: dict[str, Range], title: str):
    chart = workbook.add_chart({"type": "column", "subtype": "stacked"})
    names = columns["sum"].moved(0, 1 - columns["sum"].left)
    for name, (_, colour) in _COLUMNS.items():
        if name != "begins at":
            chart.add_series({"name": name, "categories": f"={sheet}!{names.absolute}", "values": f"={sheet}!{columns[name].absolute}", "gap": 40,
                              "fill": {"color": colour} if colour else {"none": True}, "border": {"none": True}})
    chart.show_hidden_data()    # the columns with its numbers are folded away
    chart.set_legend({"none": True})
    chart.set_title({"name": title, "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_x_axis({"num_font": CHART_FONT, "label_position": "low", "line": {"color": "#B0B0B0"}})
    chart.set_y_axis({"num_font": CHART_FONT, "num_format": "0.0##", "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.set_size({"width": 700, "height": 300})
    return chart
