"""The sheet `data`: the points, the line that they lie on, and where every optimizer starts."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, Styles, print_setup
from workbook.write.write_cells import put_number, put_text

DATA_SHEET = "data"
START_OF = {"b": Cell(8, 5), "a": Cell(9, 5)}
_TOP = 6                # of the points: the lesson's cells, as are the constant and the slope above them
_CONSTANT, _SLOPE = Cell(2, 3), Cell(3, 3)
_LINES = (
    "How does gradient descent find the line y = a·x + b through these points? Every sheet shows one optimizer at work, a row of data a "
    "step, in live formulas.",
    "An epoch is one pass through the rows. To go on, the values at its end become those of its start: C1 and C2 of the sheet, and what "
    "the optimizer remembers.",
)
_HOW = {
    True: "Press Step (the next row), Epoch (to the end of the rows), Run (five epochs) or Reset on a sheet; the sheet compare runs them all.",
    False: "This workbook has no macros: collabsheet optimizers run BOOK --epochs 5 --in-place runs all sheets; an .xlsm has buttons.",
}
_OWN = "Paste your own {n} points over B{top}:C{bottom}. For another number of them: collabsheet optimizers --data FILE."


def point_cell(column: str, row: int) -> Cell:
    """The cell of x or y of a point, counted from 0."""
    return Cell(_TOP + row, {"x": 2, "y": 3}[column])


def write_data(workbook: Workbook, styles: Styles, rows: Sequence[tuple[float, float]], *, line: tuple[float, float] | None,
               buttons: bool) -> None:
    """Add the sheet. Where `line` is given as (b, a) the points lie on it, by formulas."""
    sheet = workbook.add_worksheet(DATA_SHEET)
    for col, width in enumerate((3, 11, 11, 14, 11, 3)):
        sheet.set_column(col, col, width, styles.text)
    bottom = _TOP + len(rows) - 1
    put_text(sheet, Cell(1, 2), "Gradient descent one can watch", styles.title)
    sheet.set_row(0, 26)
    if line:
        for cell, label, value in zip((_CONSTANT, _SLOPE), ("b, constant", "a, slope"), line):
            put_text(sheet, cell.moved(0, -1), label, styles.label)
            put_number(sheet, cell, value, styles.option)
    for cell, label in zip((Cell(_TOP - 1, 2), Cell(_TOP - 1, 3)), ("x", "y = a·x + b" if line else "y")):
        put_text(sheet, cell, label, styles.header)
    for number, (x, y) in enumerate(rows):
        at_x, at_y = point_cell("x", number), point_cell("y", number)
        put_number(sheet, at_x, x, styles.table_plain)
        if line:
            sheet.write_formula(at_y.row - 1, at_y.col - 1, f"=$C$2+{at_x}*$C$3", styles.table_plain)
        else:
            put_number(sheet, at_y, y, styles.table_plain)
    put_text(sheet, Cell(7, 4), "every sheet starts at", styles.note)
    for name, cell in START_OF.items():
        put_text(sheet, cell.moved(0, -1), name, styles.label)
        put_number(sheet, cell, 1.0, styles.option)
    put_text(sheet, Cell(10, 4), "(Reset brings it there)", styles.note)
    for place, text in enumerate((*_LINES, _HOW[buttons], _OWN.format(n=len(rows), top=_TOP, bottom=bottom))):
        put_text(sheet, Cell(2 + place, 7), text, styles.text)
    points = Range(_TOP, 2, bottom, 3)
    sheet.write_formula(5, 6, f'=IF(COUNT({points})={points.size},"","There are "&COUNT({points})&" numbers in {points}: every row needs an x and a y.")',
                        styles.status_above)
    chart = workbook.add_chart({"type": "scatter"})
    chart.add_series({"categories": [DATA_SHEET, _TOP - 1, 1, bottom - 1, 1], "values": [DATA_SHEET, _TOP - 1, 2, bottom - 1, 2],
                      "marker": {"type": "circle", "size": 5, "fill": {"color": CHART_LINE}, "border": {"color": CHART_LINE}}})
    chart.set_legend({"none": True})
    chart.set_title({"name": "The points", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_x_axis({"num_font": CHART_FONT, "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": CHART_FONT, "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.set_size({"width": 520, "height": 360})
    sheet.insert_chart(7, 6, chart, {"object_position": 2})
    print_setup(sheet, one_page=True)
