"""The workbook of a landscape: the error over two cells as a coloured grid and as a map of contour lines, with the way of the last fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xlsxwriter import Workbook

from pyxl.fit.landscape import Landscape
from pyxl.grid.cells import Cell, Range
from solver.judging.plots import contours
from workbook.write.references import box
from workbook.write.styles import CHART_FONT, Styles, depths, make_styles, print_setup
from workbook.write.write_cells import put_number, put_text

from .new_file import compute_formulas, new_file, new_workbook

_SHEET = "landscape"
_CHART = Cell(8, 1)
_TOP, _LEFT = 8, 12     # the corner of the grid
_DEEP, _HIGH, _WAY = (31, 95, 168), (227, 185, 138), "#B25400"     # of the lowest contour line and of the highest
_Line = tuple[str, Range, Range, dict]      # name, values across, values up, looks


def build_landscape(path, seen: Landscape, *, overwrite: bool = False) -> None:
    """Write the workbook. Raises UserError, with nothing written, where `path` exists (unless `overwrite`), is open elsewhere or
    cannot be written."""
    with new_file(path, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            _write(workbook, make_styles(workbook), seen)
        compute_formulas(draft)


def _write(workbook: Workbook, styles: Styles, seen: Landscape) -> None:
    sheet, (first, second), n = workbook.add_worksheet(_SHEET), seen.cells, len(seen.xs)
    sheet.set_column(0, 0, 14, styles.text)
    sheet.set_column(1, _LEFT - 2, 9, styles.text)
    sheet.set_column(_LEFT - 1, _LEFT + n - 1, 7.5, styles.text)
    sheet.set_row(0, 24)
    put_text(sheet, Cell(1, 1), "The landscape of the error", styles.title)
    way = (f"The line is the way of the last fit, {len(seen.way)} points of it. The other cells moved, too: only its end lies at the height drawn there.",
           "A weight decay ends the way beside the lowest point.") if len(seen.way) else seen.notes
    for row, line in enumerate((f"{seen.objective} over the values of {first}, across, and {second}, up; all other cells stand as they are now.", *way), 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    for row, (label, value) in enumerate(zip(("now", first, second, seen.objective), (None, *seen.here))):
        put_text(sheet, Cell(6, 1 + 2 * row), label, styles.label)
        if value is not None:
            put_number(sheet, Cell(6, 2 + 2 * row), value, styles.error)
    for col, x in enumerate(seen.xs.tolist(), _LEFT + 1):
        put_number(sheet, Cell(_TOP, col), x, styles.step_number)
    for row, (y, line) in enumerate(zip(seen.ys[::-1].tolist(), seen.heights[::-1].tolist()), _TOP + 1):     # the largest on top, as on the map
        put_number(sheet, Cell(row, _LEFT), y, styles.step_number)
        for col, height in enumerate(line, _LEFT + 1):
            put_number(sheet, Cell(row, col), height, styles.result)
    sheet.conditional_format(*box(Range(_TOP + 1, _LEFT + 1, _TOP + n, _LEFT + n)), depths())
    lines = _lines(sheet, styles, seen, _LEFT + n + 2)
    sheet.insert_chart(_CHART.row - 1, _CHART.col - 1, _map(workbook, seen, lines))
    sheet.print_area(0, 0, _TOP + n, _LEFT + n - 1)
    print_setup(sheet, one_page=True)


def _lines(sheet, styles: Styles, seen: Landscape, left: int) -> list[_Line]:
    """Write the points of every line of the map, folded away from column `left` on."""
    found = contours(seen.xs, seen.ys, seen.heights)
    drawn: list[tuple[str, list[Sequence[float | None]], dict]] = []
    for place, (level, pieces) in enumerate(found):
        share = place / max(1, len(found) - 1)
        colour = "#" + "".join(f"{round(low + share * (high - low)):02X}" for low, high in zip(_DEEP, _HIGH))
        apart = [point for piece in pieces for point in (*piece.tolist(), (None, None))][:-1]
        drawn.append((f"{level:.6g}", apart, {"line": {"color": colour, "width": 1.25}, "marker": {"type": "none"}}))
    if len(seen.way):
        drawn.append(("the last fit", seen.way.tolist(), {"line": {"color": _WAY, "width": 2.25}, "marker": {"type": "none"}}))
        drawn.append(("its start", seen.way[:1].tolist(), _dot("circle", "#F4C48A")))
    drawn.append(("now", [seen.here[:2]], _dot("diamond", _WAY)))
    columns = []
    for col, (name, points, looks) in zip(range(left, left + 2 * len(drawn), 2), drawn):
        put_text(sheet, Cell(_TOP, col), name, styles.calc_head)
        for row, point in enumerate(points, _TOP + 1):
            for side, number in enumerate(point):
                if number is not None:
                    put_number(sheet, Cell(row, col + side), number, styles.calc)
        ends = _TOP + 1, _TOP + len(points)
        columns.append((name, Range(ends[0], col, ends[1], col), Range(ends[0], col + 1, ends[1], col + 1), looks))
    sheet.set_column(left - 2, left - 2, 3)
    sheet.set_column(left - 1, left + 2 * len(drawn) - 2, 9, styles.calc)
    return columns


def _dot(kind: str, fill: str) -> dict:
    return {"line": {"none": True}, "marker": {"type": kind, "size": 9, "fill": {"color": fill}, "border": {"color": _WAY}}}


def _map(workbook: Workbook, seen: Landscape, lines: Sequence[_Line]):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    for name, xs, ys, looks in lines:
        chart.add_series({"name": name, "categories": f"={_SHEET}!{xs.absolute}", "values": f"={_SHEET}!{ys.absolute}", **looks})
    chart.set_title({"name": _title(f"{seen.objective} by {seen.cells[0]} and {seen.cells[1]}"), "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "right", "font": CHART_FONT})
    for axis, values, name in ((chart.set_x_axis, seen.xs, seen.cells[0]), (chart.set_y_axis, seen.ys, seen.cells[1])):
        axis({"min": float(np.round(values[0], 6)), "max": float(np.round(values[-1], 6)), "crossing": "min", "name": _title(name), "name_font": CHART_FONT, "num_format": "0.00",
              "num_font": CHART_FONT, "major_gridlines": {"visible": False}})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 660, "height": 520})
    return chart


def _title(words: str) -> str:
    """Words for a chart, which would take an address for the cell that holds them."""
    return words.replace("!", " ")
