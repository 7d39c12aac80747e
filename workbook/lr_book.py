"""The workbook of a learning-rate range test: the loss over the rate, smoothed by formulas, and the rate that follows, on a chart."""

from __future__ import annotations

import math

from xlsxwriter import Workbook

from solver.fitting.lr_find import BLOWN_UP, SETTLED, SMOOTHING, RateTest
from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, Styles, make_styles, print_setup

from .new_file import compute_formulas, new_file, new_workbook

_SHEET = "lr"
_FIRST = 10     # the row of the first step
_GREEN, _GREY = "#2E8B57", "#B8B8B8"


def build_lr(path, found: RateTest, *, line: str, overwrite: bool = False) -> None:
    """Write the workbook of what `found` saw; `line` says of what. Raises UserError, with nothing written, where `path` exists
    (unless `overwrite`), is open elsewhere or cannot be written."""
    with new_file(path, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            _write(workbook, make_styles(workbook), found, line)
        compute_formulas(draft)


def _write(workbook: Workbook, styles: Styles, found: RateTest, line: str) -> None:
    sheet = workbook.add_worksheet(_SHEET)
    sheet.set_column(0, 4, 13, styles.text)
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, "Which learning rate?", styles.title)
    for row, words in enumerate((line, "Every batch takes a step at a higher rate: the loss falls, then blows up. A tenth of the rate where the smoothed loss is "
                                       "least is safe: there it still falls.", "Change the smoothing, or the divisor, and see the green line move."), 1):
        sheet.write_string(row, 0, words, styles.note)
    first, last = _FIRST, _FIRST + len(found.rates) - 1
    settled = f"{_FIRST + SETTLED}:D{last}"
    for row, (label, what, style) in enumerate((
            ("smoothing", SMOOTHING, styles.option), ("least loss at", f"=INDEX(B{_FIRST + SETTLED}:B{last},MATCH(MIN(D{settled}),D{settled},0))", styles.step_square)), 4):
        sheet.write_string(row, 0, label, styles.label)
        (sheet.write_formula if isinstance(what, str) else sheet.write_number)(row, 1, what, style)
    sheet.write_string(6, 0, "divided by", styles.label)
    sheet.write_number(6, 1, 10, styles.option)
    sheet.write_string(7, 0, "suggestion", styles.label)
    sheet.write_formula(7, 1, "=B6/B7", styles.calculated)
    for col, header in enumerate(("step", "rate", "loss of a batch", "smoothed", "mean so far")):
        sheet.write_string(first - 2, col, header, styles.header)
    for row, (rate, loss) in enumerate(zip(found.rates.tolist(), found.losses.tolist()), first):
        sheet.write_number(row - 1, 0, row - first + 1, styles.epoch)
        sheet.write_number(row - 1, 1, rate, styles.step_square)
        sheet.write_number(row - 1, 2, loss, styles.error)
        # as if the past had always been there
        sheet.write_formula(row - 1, 3, f"=E{row}/(1-$B$5^A{row})", styles.error)
        sheet.write_formula(row - 1, 4, f"=(1-$B$5)*C{row}" + (f"+$B$5*E{row - 1}" if row > first else ""), styles.error)
    low, high = _span(found)
    sheet.write_string(5, 4, "the green line: rate, loss", styles.calc_head)
    for row, end in enumerate((low, high), 7):      # its ends
        sheet.write_formula(row - 1, 3, "=B8", styles.calc)
        sheet.write_number(row - 1, 4, end, styles.calc)
    sheet.insert_chart(first - 2, 6, _chart(workbook, found, (low, high), last))
    sheet.freeze_panes(first - 1, 0)
    print_setup(sheet)


def _span(found: RateTest) -> tuple[float, float]:
    """Which losses the chart shows: a little more than from the least to where the test began."""
    least, most = float(found.smoothed.min()), float(found.smoothed[0])
    room = 0.15 * max(most - least, 1e-3 * abs(most))
    low, high = max(0.0, least - room), max(most, min(float(found.smoothed.max()), BLOWN_UP * most)) + room
    unit = 10.0 ** math.floor(math.log10((high - low) / 2))     # at whole multiples of which the axis ends
    return math.floor(low / unit) * unit, math.ceil(high / unit) * unit


def _chart(workbook: Workbook, found: RateTest, span: tuple[float, float], last: int):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    rates = f"={_SHEET}!$B${_FIRST}:$B${last}"
    chart.add_series({"name": "loss of a batch", "categories": rates, "values": f"={_SHEET}!$C${_FIRST}:$C${last}", "line": {"none": True},
                      "marker": {"type": "circle", "size": 3, "fill": {"color": _GREY}, "border": {"color": _GREY}}})
    chart.add_series({"name": "smoothed", "categories": rates, "values": f"={_SHEET}!$D${_FIRST}:$D${last}", "line": {"color": CHART_LINE, "width": 2}})
    chart.add_series({"name": "suggestion", "categories": f"={_SHEET}!$D$7:$D$8", "values": f"={_SHEET}!$E$7:$E$8",
                      "line": {"color": _GREEN, "width": 2, "dash_type": "dash"}})
    chart.set_title({"name": "Training loss by learning rate", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "bottom", "font": CHART_FONT})
    low, high = span
    chart.set_x_axis({"log_base": 10, "min": float(f"1e{_power(found.rates[0])}"), "max": float(f"1e{_power(found.rates[-1]) + 1}"), "crossing": "min",
                      "num_format": "0E+0", "num_font": CHART_FONT, "major_gridlines": {"visible": False}})
    chart.set_y_axis({"min": low, "max": high, "crossing": "min", "num_format": "0.0##", "num_font": CHART_FONT,
                      "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.set_size({"width": 620, "height": 380})
    return chart


def _power(rate: float) -> int:
    """Of the power of ten at or below a rate."""
    return int(f"{rate:e}".partition("e")[2])
