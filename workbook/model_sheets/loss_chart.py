"""The history of a fit beside its model: epoch and RMSE in cells, and the chart over them."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Range, quoted
from workbook.write.references import box
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, Styles

from .geometry import Crosstab, LongForm
from .net_plan import NetPlan

_HEADERS = ("epoch", "RMSE")
_WIDE, _HIGH = 480, 290         # pixels
_COLUMN = 48                    # pixels of a column of factors


def write_history(workbook: Workbook, sheet, styles: Styles, plan: Crosstab | LongForm | NetPlan) -> None:
    """The rows for the epochs of a fit, blank as yet, with their chart; what is printed stays what
    it would be without them, but for a chart that stands among the rest."""
    history = plan.history
    sheet.set_column(plan.used.right, plan.used.right, 3)
    for col, (header, style) in enumerate(zip(_HEADERS, (styles.epoch, styles.error)), history.left - 1):
        sheet.set_column(col, col, 8, style)
        sheet.write_string(history.top - 2, col, header, styles.header)
    sheet.insert_chart(plan.chart.row - 1, plan.chart.col - 1, _chart(workbook, plan), {"object_position": 2})
    sheet.print_area(*box(plan.used))


def _chart(workbook: Workbook, plan: Crosstab | LongForm | NetPlan):
    # a scatter chart: epochs are at unequal distances where a long fit is thinned, and rows that a short
    # fit leaves blank take no room
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    epochs, errors = (f"={quoted(plan.layout.sheet)}!{Range(plan.history.top, col, plan.history.bottom, col).absolute}"
                      for col in (plan.history.left, plan.history.right))
    chart.add_series({"name": "RMSE", "categories": epochs, "values": errors,
                      "line": {"color": CHART_LINE, "width": 2}})
    chart.set_title({"name": "The last fit: RMSE by epoch", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"min": 0, "num_font": CHART_FONT, "num_format": "#,##0", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": CHART_FONT, "num_format": "0.0##",
                      "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.show_blanks_as("gap")
    on_the_left = plan.chart.col == 1
    wide = min(_WIDE, _COLUMN * max(plan.layout.user_factors.shape[1] + 1, 6)) if on_the_left else _WIDE
    chart.set_size({"width": wide, "height": _HIGH})
    return chart
