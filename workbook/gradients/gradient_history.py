"""What is noted of the gradient of every epoch or step: its norms, with a chart, and a histogram of its derivatives, a line an epoch."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import GRADIENTS_BY_EPOCH, GRADIENTS_NOW, block_name
from pyxl.grid.cells import Range, quoted
from solver.core.gradients import COUNTED, LEAST_POWER
from workbook.write.references import box, columns_of, ref
from workbook.write.styles import CHART_FONT, CHART_GRID, Styles, depths_of_blue
from workbook.write.write_cells import put_formula, put_text

from .gradient_plan import GradientPlan

NORMS = {"user_factors": "users", "item_factors": "items", "user_bias": "user bias", "item_bias": "item bias"}
_COLOURS = ("#1F5FA8", "#E07B39", "#7FA8D6", "#F0B98F")
_WIDE, _HIGH = 560, 290     # pixels


def write_gradient_history(workbook: Workbook, sheet, styles: Styles, plan: GradientPlan) -> None:
    """A line of formulas that say it of the present gradient, and below it, blank as yet, the lines of a fit or of steps, with their
    names and the chart."""
    blocks = [ref(where) for where in plan.gradients.values()]
    put_text(sheet, plan.now.first.moved(-2, 0), "The gradient by epoch: norm of each block, and how many derivatives are how large. First line: now.", styles.note)
    for cell, header in zip(Range(plan.now.top - 1, plan.now.left, plan.now.top - 1, plan.now.right).cells(),
                            ("epoch", *(NORMS[role] for role in plan.gradients), *COUNTED)):
        put_text(sheet, cell, header, styles.header)
    edges = [None, *(f"1E{LEAST_POWER + place}" for place in range(len(COUNTED) - 1)), None]
    counted = ["+".join(f"SUMPRODUCT({'*'.join(_within(block, low, high))})" for block in blocks) for low, high in zip(edges, edges[1:])]
    formulas = (ref(plan.settings["steps"]), *(f"SQRT(SUMSQ({block}))" for block in blocks), *counted)
    looks = (styles.epoch, *(styles.norm for _ in blocks), *(styles.epoch for _ in counted))
    for cell, formula, style in zip(plan.now.cells(), formulas, looks):
        sheet.set_column(cell.col - 1, cell.col - 1, 8 if style is styles.norm else 6, style)
        put_formula(sheet, cell, f"={formula}", style)
    counts = Range(plan.now.top, plan.now.left + 1 + len(blocks), plan.by_epoch.bottom, plan.now.right)
    sheet.conditional_format(*box(counts), depths_of_blue())
    for name, where in ((GRADIENTS_NOW, plan.now), (GRADIENTS_BY_EPOCH, plan.by_epoch)):
        workbook.define_name(block_name(plan.sheet, name), f"={quoted(plan.sheet)}!{where.absolute}")
    sheet.insert_chart(plan.chart.row - 1, plan.chart.col - 1, _chart(workbook, plan), {"object_position": 2})


def _within(block: str, low: str | None, high: str | None) -> list[str]:
    return ([f"(ABS({block})>={low})"] if low else []) + ([f"(ABS({block})<{high})"] if high else []) + ([] if low and high else ["1"])


def _chart(workbook: Workbook, plan: GradientPlan):
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    epochs, *norms = columns_of(plan.by_epoch)[:1 + len(plan.gradients)]
    for role, column, colour in zip(plan.gradients, norms, _COLOURS):
        chart.add_series({"name": NORMS[role], "categories": f"={quoted(plan.sheet)}!{epochs.absolute}", "values": f"={quoted(plan.sheet)}!{column.absolute}",
                          "line": {"color": colour, "width": 1.75}})
    chart.set_title({"name": "The gradient's norm by epoch", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    chart.set_legend({"position": "top", "font": CHART_FONT})
    chart.set_x_axis({"min": 0, "num_font": CHART_FONT, "num_format": "#,##0", "label_position": "low", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"log_base": 10, "num_font": CHART_FONT, "num_format": "0E+0", "crossing": "min",
                      "major_gridlines": {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}})
    chart.show_blanks_as("gap")
    chart.set_size({"width": _WIDE, "height": _HIGH})
    return chart
