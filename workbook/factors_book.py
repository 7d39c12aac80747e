"""The workbook of how many factors help: RMSE by their number, on training and on held-out ratings, with its chart."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter import Workbook

from workbook.write.styles import CHART_FONT, CHART_GRID, CHART_LINE, Styles, make_styles, print_setup

from .new_file import compute_formulas, new_file, new_workbook

_SHEET = "factors"
_FIRST = 6      # the row of one factor
_MOST = 2.0     # the chart shows so many times the errors of one factor: a fit that fails by far would flatten all the others


def build_factors(path, errors: Sequence[tuple[float, float]], *, lines: Sequence[str], overwrite: bool = False) -> None:
    """Write the workbook: `errors` are (training, held out) for 1, 2, … factors, and `lines` say of what. Raises UserError, with
    nothing written, where `path` exists (unless `overwrite`), is open elsewhere or cannot be written."""
    with new_file(path, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            _write(workbook, make_styles(workbook), errors, lines)
        compute_formulas(draft)


def _top(errors: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Where the axis of errors ends, if not at the largest of them."""
    most = _MOST * max(errors[0])
    return {"max": float(f"{most:.1g}")} if max(map(max, errors)) > most > 0 else {}


def _write(workbook: Workbook, styles: Styles, errors: Sequence[tuple[float, float]], lines: Sequence[str]) -> None:
    sheet = workbook.add_worksheet(_SHEET)
    sheet.set_column(0, 2, 12, styles.text)
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, "How many factors?", styles.title)
    for row, line in enumerate(lines, 1):
        sheet.write_string(row, 0, line, styles.note)
    for col, header in enumerate(("factors", "training", "held out")):
        sheet.write_string(_FIRST - 2, col, header, styles.header)
    for row, (training, held) in enumerate(errors, _FIRST - 1):
        sheet.write_number(row, 0, row - _FIRST + 2, styles.epoch)
        sheet.write_number(row, 1, training, styles.error)
        sheet.write_number(row, 2, held, styles.error)
    last = _FIRST + len(errors) - 1
    held_out = f"C{_FIRST}:C{last}"
    sheet.write_string(last + 1, 0, "best held out", styles.label)
    sheet.write_formula(last + 1, 1, f"=INDEX(A{_FIRST}:A{last},MATCH(MIN({held_out}),{held_out},0))", styles.whole)
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for letter, name, colour in (("B", "training", CHART_LINE), ("C", "held out", "#B25400")):
        chart.add_series({"name": name, "categories": f"={_SHEET}!$A${_FIRST}:$A${last}", "values": f"={_SHEET}!${letter}${_FIRST}:${letter}${last}",
                          "line": {"color": colour, "width": 2}, "marker": {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}})
    chart.set_title({"name": "RMSE by number of factors", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "bottom", "font": CHART_FONT})
    chart.set_x_axis({"min": 0, "num_font": CHART_FONT, "major_gridlines": {"visible": False}})
    chart.set_y_axis({"min": 0, **_top(errors), "num_font": CHART_FONT, "num_format": "0.0##", "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.set_size({"width": 560, "height": 340})
    sheet.insert_chart(_FIRST - 2, 4, chart)
    print_setup(sheet, one_page=True)
