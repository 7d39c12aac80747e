"""The two charts of a training sheet: the line as it stands, over the points, and the error by epoch."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range, quoted
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE

from .training_plan import TrainingPlan

_SIZE = {"width": 500, "height": 300}
_POINTS = "#B8B8B8"
_HAND = "#E08A1E"


def insert_training_charts(workbook: Workbook, sheet, plan: TrainingPlan) -> None:
    """Put both beside the settings of the sheet."""
    row, col = plan.charts.row - 1, plan.charts.col - 1
    for below, chart in ((0, _line(workbook, plan)), (16, _errors(workbook, plan))):
        chart.set_legend({"none": True})
        chart.set_size(_SIZE)
        chart.show_blanks_as("gap")
        sheet.insert_chart(row + below, col, chart, {"object_position": 2})


def insert_epoch_chart(workbook: Workbook, sheet, name: str, epochs: Range, where: Cell) -> None:
    """Put the chart of RMSE by epoch on a sheet that has epochs in the first column of a table and RMSE in the last."""
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    numbers, errors = (f"={quoted(name)}!{Range(epochs.top, col, epochs.bottom, col).absolute}" for col in (epochs.left, epochs.right))
    chart.add_series({"name": "RMSE", "categories": numbers, "values": errors,
                      "line": {"color": CHART_LINE, "width": 2}, "marker": {"type": "circle", "size": 4}})
    chart.set_legend({"none": True})
    chart.set_title(_title("RMSE by epoch"))
    chart.set_x_axis(_axis("0") | {"min": 1, "max": epochs.shape[0], "major_unit": 1})
    chart.set_y_axis(_axis("0.0##") | {"min": 0})
    chart.set_size(_SIZE)
    sheet.insert_chart(where.row - 1, where.col - 1, chart, {"object_position": 2})


def _line(workbook: Workbook, plan: TrainingPlan):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    drawn = plan.drawn
    ends = [Range(drawn.top, col, drawn.top + 1, col) for col in (drawn.left, drawn.right)]
    hand = [Range(drawn.bottom, col, drawn.bottom, col) for col in (drawn.left, drawn.right)]
    nothing = {"none": True}
    for name, (xs, ys), line, marker in (
            ("data", (plan.column("x"), plan.column("y")), nothing, {"type": "circle", "size": 5, "fill": {"color": _POINTS}, "border": {"color": _POINTS}}),
            ("y = a·x + b now", ends, {"color": CHART_LINE, "width": 2.25}, {"type": "none"}),
            ("row in hand", hand, nothing, {"type": "diamond", "size": 9, "fill": {"color": _HAND}, "border": {"color": _HAND}})):
        chart.add_series({"name": name, "categories": _series(plan, xs), "values": _series(plan, ys), "line": line, "marker": marker})
    chart.set_title(_title("The line as it stands now"))
    chart.set_x_axis(_axis(""))
    chart.set_y_axis(_axis("") | {"min": 0})
    return chart


def _errors(workbook: Workbook, plan: TrainingPlan):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    log = plan.log
    epochs, errors = (Range(log.top, col, log.bottom, col) for col in (log.left, log.right))
    chart.add_series({"name": "RMSE", "categories": _series(plan, epochs), "values": _series(plan, errors),
                      "line": {"color": CHART_LINE, "width": 2}, "marker": {"type": "circle", "size": 4}})
    chart.set_title(_title("RMSE by epoch"))
    chart.set_x_axis(_axis("#,##0") | {"min": 0})
    chart.set_y_axis(_axis("0.0##") | {"min": 0})
    return chart


def _series(plan: TrainingPlan, where: Range) -> str:
    return f"={quoted(plan.sheet)}!{where.absolute}"


def _title(name: str) -> dict:
    return {"name": name, "overlay": False, "name_font": CHART_FONT | {"size": 11}}


def _axis(num_format: str) -> dict:
    return {"num_font": CHART_FONT, "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}},
            **({"num_format": num_format} if num_format else {})}
