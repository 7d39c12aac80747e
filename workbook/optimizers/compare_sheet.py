"""The sheet `compare`: the error of every optimizer by epoch, from the same start, on one chart."""

from __future__ import annotations

from collections.abc import Mapping

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range, quoted
from workbook.write.references import ref
from workbook.write.styles import CHART_FONT, CHART_GRID, Styles, print_setup
from workbook.write.write_cells import put_text

from .training_plan import TrainingPlan

COMPARE_SHEET = "compare"
_COLOURS = ("#7F7F7F", "#1F5FA8", "#5BA3D9", "#B25400", "#E0A030", "#2E8B57", "#63BE7B", "#8E44AD", "#C0392B")
_EPOCHS = 20            # that the table shows
_TOP = 6
_NOTES = ("Every line is the log of a sheet: run all sheets as many epochs and they are comparable. Change a rate there, Reset, Run.",
          "SGD and both momenta crawl along the valley: b has small derivatives and a large ones, and one rate serves both. "
          "Those that divide by the size of the derivatives do not mind.")


def write_compare(workbook: Workbook, styles: Styles, plans: Mapping[str, TrainingPlan]):
    """Add the sheet; the XlsxWriter sheet."""
    sheet = workbook.add_worksheet(COMPARE_SHEET)
    sheet.set_row(0, 26)
    sheet.set_column(0, 0, 8, styles.text)
    sheet.set_column(1, len(plans), 11, styles.text)
    put_text(sheet, Cell(1, 1), "All optimizers, from the same start", styles.title)
    for row, line in enumerate(_NOTES, 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    put_text(sheet, Cell(_TOP - 1, 1), "epoch", styles.header)
    for col, plan in enumerate(plans.values(), 2):
        put_text(sheet, Cell(_TOP - 1, col), plan.sheet, styles.header)
        for epoch in range(_EPOCHS):
            logged = f"{quoted(plan.sheet)}!{ref(Cell(plan.log.top + epoch, plan.log.right))}"
            sheet.write_formula(_TOP - 1 + epoch, col - 1, f'=IF({logged}="","",{logged})', styles.result)
    for epoch in range(_EPOCHS):
        sheet.write_number(_TOP - 1 + epoch, 0, epoch + 1, styles.epoch)
    below = _TOP + _EPOCHS + 1
    for place, (label, style) in enumerate((("epochs", styles.result_whole), ("b now", styles.result), ("a now", styles.result))):
        put_text(sheet, Cell(below + place, 1), label, styles.label)
        for col, plan in enumerate(plans.values(), 2):
            cell = plan.now[("epochs", "b_now", "a_now")[place]]
            sheet.write_formula(below + place - 1, col - 1, f"={quoted(plan.sheet)}!{ref(cell)}", style)
    sheet.insert_chart(1 + 2, len(plans) + 2, _chart(workbook, plans), {"object_position": 2})
    print_setup(sheet, one_page=True)
    return sheet


def _chart(workbook: Workbook, plans: Mapping[str, TrainingPlan]):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    for colour, plan in zip(_COLOURS, plans.values()):
        epochs, errors = (f"={quoted(plan.sheet)}!{Range(plan.log.top, col, plan.log.bottom, col).absolute}"
                          for col in (plan.log.left, plan.log.right))
        chart.add_series({"name": plan.sheet, "categories": epochs, "values": errors, "line": {"color": colour, "width": 2}})
    chart.set_title({"name": "RMSE by epoch", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "right", "font": CHART_FONT})
    chart.set_x_axis({"min": 0, "num_font": CHART_FONT, "num_format": "#,##0", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"min": 0, "num_font": CHART_FONT, "num_format": "0", "major_gridlines": {
        "visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 760, "height": 460})
    return chart
