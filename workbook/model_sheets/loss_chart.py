"""The history of a fit beside its model: epoch, RMSE and RMSE on ratings held out in cells, and the chart over them."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Range, quoted
from workbook.write.references import box
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, HELD_LINE, Styles

from .geometry import Crosstab, LongForm, held_beside
from .net_plan import NetPlan

_HEADERS = ("epoch", "RMSE", "held out")
_WIDE, _HIGH = 480, 290         # pixels
_COLUMN = 48                    # pixels of a column of factors


def write_history(workbook: Workbook, sheet, styles: Styles, plan: Crosstab | LongForm | NetPlan, *, held: bool) -> None:
    """The rows for the epochs of a fit, blank as yet, with their chart; what is printed stays what
    it would be without them, but for a chart that stands among the rest. `held`: whether ratings are held out."""
    history = plan.history
    sheet.set_column(plan.used.right, plan.used.right, 3)
    for col, (header, style) in enumerate(zip(_HEADERS[:2 + held], (styles.epoch, styles.error, styles.error)), history.left - 1):
        sheet.set_column(col, col, 8, style)
        sheet.write_string(history.top - 2, col, header, styles.header)
    sheet.insert_chart(plan.chart.row - 1, plan.chart.col - 1, _chart(workbook, plan, held), {"object_position": 2})
    sheet.print_area(*box(plan.used))


def _chart(workbook: Workbook, plan: Crosstab | LongForm | NetPlan, held: bool):
    # a scatter chart: epochs are at unequal distances where a long fit is thinned, and rows that a short
    # fit leaves blank take no room
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    columns = (Range(plan.history.top, col, plan.history.bottom, col) for col in (plan.history.left, plan.history.right))
    epochs, errors, errors_held = (f"={quoted(plan.layout.sheet)}!{column.absolute}" for column in (*columns, held_beside(plan.history)))
    for name, values, colour in (("RMSE", errors, CHART_LINE), ("held out", errors_held, HELD_LINE))[:1 + held]:
        chart.add_series({"name": name, "categories": epochs, "values": values, "line": {"color": colour, "width": 2}})
    chart.set_title({"name": "The last fit: RMSE by epoch", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "top", "font": CHART_FONT} if held else {"none": True})
    chart.set_x_axis({"min": 0, "num_font": CHART_FONT, "num_format": "#,##0", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": CHART_FONT, "num_format": "0.0####",
                      "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.show_blanks_as("gap")
    on_the_left = plan.chart.col == 1
    wide = min(_WIDE, _COLUMN * max(plan.layout.user_factors.shape[1] + 1, 6)) if on_the_left else _WIDE
    chart.set_size({"width": wide, "height": _HIGH})
    return chart
