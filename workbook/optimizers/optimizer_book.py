"""The optimizer workbook as a whole: the data, a sheet an optimizer, and all of them compared."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pyxl.grid.cells import Cell
from solver.errors import UserError
from solver.tracing.update_rules import UPDATE_RULES
from workbook.model_sheets.buttons import MODULE, add_macros, macro_source
from workbook.new_file import checked_new_target, compute_formulas, new_file, new_workbook
from workbook.write.styles import make_styles

from .compare_sheet import write_compare
from .data_sheet import write_data
from .hyper_sheet import MOST_HYPER_POINTS, hyper_plan, write_hyper
from .lesson_data import INTERCEPT, SLOPE, lesson_rows
from .training_buttons import COMPARE_BUTTONS, TRAINING_BUTTONS, TRAINING_MODULE, insert_buttons, training_macros
from .training_plan import TrainingPlan, training_plan
from .training_sheet import write_training

MOST_ROWS = 1_000       # more rows of formulas nobody watches


def build_optimizers(path, *, rows: Sequence[tuple[float, float]] | None = None, python: str = sys.executable,
                     overwrite: bool = False) -> dict[str, TrainingPlan]:
    """Write the workbook, an .xlsm with buttons; the plan of each training sheet, by name.

    `rows` are points (x, y), by default the lesson's; `python` is the path of the Python that Fit on `hyper` starts. Raises UserError, with nothing written, for more or fewer points than a
    sheet is made for, and where `path` exists (unless `overwrite`), is open elsewhere or cannot be written.
    """
    target = checked_new_target(path, overwrite=overwrite)
    points = lesson_rows() if rows is None else list(rows)
    if not 2 <= len(points) <= MOST_ROWS:
        raise UserError(f"There are {len(points):,} points. Give 2 to {MOST_ROWS:,}: every point is a row of formulas on each sheet.")
    buttons = target.suffix.lower() == ".xlsm"
    plans = {optimizer: training_plan(optimizer, len(points)) for optimizer in UPDATE_RULES}
    hyper = hyper_plan(len(points)) if len(points) <= MOST_HYPER_POINTS else None
    with new_file(target, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            workbook.set_size(2400, 1500)
            styles = make_styles(workbook)
            write_data(workbook, styles, points, line=(INTERCEPT, SLOPE) if rows is None else None, buttons=buttons)
            for plan in plans.values():
                sheet = write_training(workbook, styles, plan)
                if buttons:
                    insert_buttons(sheet, TRAINING_BUTTONS, Cell(1, plan.panel))
            compare = write_compare(workbook, styles, plans)
            if hyper:
                write_hyper(workbook, styles, hyper, buttons=buttons, python=python)
            if buttons:
                insert_buttons(compare, COMPARE_BUTTONS, Cell(1, 6))
                add_macros(workbook, {TRAINING_MODULE: training_macros(), **({MODULE: macro_source()} if hyper else {})})
        compute_formulas(draft)
    return plans
