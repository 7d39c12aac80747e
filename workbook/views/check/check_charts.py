"""The charts of the sheet `check`."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Range, quoted
from workbook.write.styles import HELD_LINE

from .check_plan import QUARTERS, CheckPlan

TRAINING, _LINE = "#9FB3C8", "#7F7F7F"
_SIZE = {"width": 500, "height": 255}
_FONT = {"name": "Calibri", "size": 9, "bold": False}


def insert_charts(workbook: Workbook, sheet, plan: CheckPlan, name: str) -> None:
    """Predicted against observed, the residuals, RMSE by the users' and the items' number of ratings, and how reliable ± is."""
    charts = [_dots(workbook, plan, name), _residuals(workbook, plan, name),
              *(_groups(workbook, plan, name, side) for side in ("user", "item")), *([_reliability(workbook, plan, name)] if plan.held else [])]
    for place, chart in enumerate(charts):
        chart.set_size(_SIZE)
        chart.show_hidden_data()    # its columns are folded away
        chart.set_legend({"position": "top", "font": _FONT, **({"delete_series": [0]} if place in (0, 4) else {})})
        sheet.insert_chart(plan.charts - 1 + (place // 2) * 14, 0, chart,
                           {"x_offset": 5 + (place % 2) * 510, "y_offset": 2, "object_position": 2})


def _dots(workbook: Workbook, plan: CheckPlan, name: str):
    chart = workbook.add_chart({"type": "scatter"})
    ends = _cells(name, plan.ends)
    chart.add_series({"name": "predicted = observed", "categories": ends, "values": ends, "marker": {"type": "none"},
                      "line": {"color": _LINE, "width": 1, "dash_type": "dash"}})
    groups = [("training", plan.of_shown("observed"), plan.of_shown("predicted"), TRAINING)]
    if plan.held:
        groups.append(("held out", plan.of_held("observed"), plan.of_held("shown model"), HELD_LINE))
    for label, observed, predicted, colour in groups:
        chart.add_series({"name": label, "categories": _cells(name, observed), "values": _cells(name, predicted),
                          "marker": {"type": "circle", "size": 5, "fill": {"color": colour, "transparency": 30},
                                     "border": {"none": True}}, "line": {"none": True}})
    return _titled(chart, "Predicted against observed", "observed", "predicted")


def _residuals(workbook: Workbook, plan: CheckPlan, name: str):
    chart = workbook.add_chart({"type": "column"})
    for label, shares, colour in _both(plan, plan.of_bin("share"), plan.of_bin("share held out")):
        chart.add_series({"name": label, "categories": _cells(name, plan.of_bin("centre")), "values": _cells(name, shares),
                          "fill": {"color": colour}, "gap": 30, "overlap": 0})
    return _titled(chart, "Residuals: observed − predicted", None, "share of ratings", number="0%", least=0)


def _groups(workbook: Workbook, plan: CheckPlan, name: str, side: str):
    chart = workbook.add_chart({"type": "column"})
    for label, errors, colour in _both(plan, plan.of_group(side, "training"), plan.of_group(side, "held out")):
        chart.add_series({"name": label, "categories": _cells(name, plan.of_group(side, "ratings")), "categories_data": ["texts"] * QUARTERS,
                          "values": _cells(name, errors), "fill": {"color": colour}, "gap": 60, "overlap": 0,
                          "data_labels": {"value": True, "num_format": "0.00;;", "font": {**_FONT, "size": 8}}})
    return _titled(chart, f"RMSE by number of ratings of the {side}", None, "RMSE", least=0)


def _reliability(workbook: Workbook, plan: CheckPlan, name: str):
    """The share of held-out ratings that intervals claim to hold, and that they hold."""
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    claimed = _cells(name, plan.of_level("claimed"))
    chart.add_series({"name": "claimed = found", "categories": claimed, "values": claimed, "marker": {"type": "none"},
                      "line": {"color": _LINE, "width": 1, "dash_type": "dash"}})
    chart.add_series({"name": "held out", "categories": claimed, "values": _cells(name, plan.of_level("found")), "line": {"color": HELD_LINE, "width": 1.5},
                      "marker": {"type": "circle", "size": 5, "fill": {"color": HELD_LINE}, "border": {"none": True}}})
    titled = _titled(chart, "Ratings within ± of their prediction", "share claimed", "share found", number="0%", least=0, most=1)
    titled.set_x_axis({"name": "share claimed", "name_font": _FONT, "num_font": _FONT, "num_format": "0%", "min": 0, "max": 1,
                       "major_gridlines": {"visible": False}})
    return titled


def _both(plan: CheckPlan, training: Range, held: Range) -> list[tuple[str, Range, str]]:
    return [("training", training, TRAINING), *([("held out", held, HELD_LINE)] if plan.held else [])]


def _titled(chart, title: str, across: str | None, up: str, *, number: str = "0.0", least: float | None = None, most: float | None = None):
    chart.set_title({"name": title, "name_font": {**_FONT, "size": 11}, "overlay": False})
    chart.set_x_axis({"name": across, "name_font": _FONT, "num_font": _FONT, "num_format": "0.0#", "label_position": "low",
                      "major_gridlines": {"visible": False}})
    chart.set_y_axis({"name": up, "name_font": _FONT, "num_font": _FONT, "num_format": number,
                      "min": least, "max": most, "major_gridlines": {"visible": True, "line": {"color": "#E3E3E3"}}})
    return chart


def _cells(name: str, where: Range) -> str:
    return f"={quoted(name)}!{where.absolute}"
