"""The sheet `check`: how well the models predict what they have learnt from, and what they have not seen."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import HELD, block_name, held_out_name
from pyxl.grid.cells import Cell, Range
from workbook.data_sheets.ratings_sheet import SourcePlan
from workbook.model_sheets.view import View
from workbook.write.styles import Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_text

from .check_charts import insert_charts
from .check_numbers import fixed, write_bins, write_constants, write_groups, write_held, write_shown, write_sides
from .check_plan import CHECK_HEAD, MOST_DOTS, PRINTED, SUMMARY, CheckPlan
from .chosen_model import SURELY, no_difference, paired_errors, write_choice_of_model
from .reliability import write_reliability

CHECK_SHEET = "check"
LINES = ("Ratings held out (blue on the model sheets) are in no RMSE there and in no fit: they judge the models. Good models come "
         "below the baselines on them.",
         "Far below on training ratings and no better on those held out is overfitting: take a larger weight decay (sheet start) "
         "or fewer factors, and fit again.")
NOTHING = ("How well do the models predict the ratings that they have learnt from? More tells a workbook with ratings held out:",
           "build it by collabsheet new … --holdout 0.1, or in Python by build(…, holdout=0.1).")
WORDS = ("not better than biases alone even on training ratings: fit it, or take less weight decay",
         "predicts unseen ratings better than biases alone",
         "overfits: on unseen ratings it is worse than biases alone")


def write_check(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet."""
    sheet = workbook.add_worksheet(CHECK_SHEET)
    plan = check_plan(view)
    put_text(sheet, Cell(1, 1), "Check", styles.title)
    for row, line in enumerate(LINES if plan.held else NOTHING, 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    _summary(sheet, styles, plan, view)
    for name in plan.sheets if plan.held else ():
        workbook.define_name(held_out_name(name), f"={CHECK_SHEET}!{Range.around([plan.model(name).moved(0, 1)]).absolute}")
    if view.several:
        write_choice_of_model(workbook, sheet, styles, plan, view)
    insert_charts(workbook, sheet, plan, CHECK_SHEET)
    put_text(sheet, Cell(CHECK_HEAD - 2, PRINTED + 2), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    if plan.held:
        put_text(sheet, Cell(CHECK_HEAD - 1, PRINTED + 2), "held-out ratings, and what each sheet's filled table predicts", styles.calc_head)
        write_held(sheet, styles, plan, view)
        for name, which in zip(HELD, ("user no.", "item no.", "observed")):
            workbook.define_name(name, f"={CHECK_SHEET}!{plan.of_held(which).absolute}")
    put_text(sheet, plan.of_shown("user no.").first.moved(-2, 0), "training ratings of the chart", styles.calc_head)
    write_shown(sheet, styles, plan, view)
    write_sides(sheet, styles, plan, view)
    write_bins(sheet, styles, plan, view)
    write_groups(sheet, styles, plan)
    write_constants(sheet, styles, plan, view)
    write_reliability(workbook, sheet, styles, plan, view)
    sheet.set_row(0, 24)
    sheet.set_column(0, 0, 22, styles.text)
    sheet.set_column(1, 2, 13, styles.text)
    sheet.set_column(3, PRINTED - 1, 10.5, styles.text)
    fold_helpers(sheet, PRINTED + 2, plan.held_before.right, 8, styles.calc)
    sheet.print_area(0, 0, plan.charts + (41 if plan.held else 27), PRINTED - 1)
    print_setup(sheet, one_page=True)


def check_plan(view: View) -> CheckPlan:
    """The plan of the sheet for what `view` shows."""
    content = view.content
    return CheckPlan(tuple(view.crosstabs), len(content.users), len(content.items), content.n_factors, len(content.held),
                     min(len(content.ratings), MOST_DOTS), SourcePlan(len(content.users), len(content.items)).named["source"].shape[0])


def _summary(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """A row for each baseline and each model: RMSE on training ratings, on those held out, and a word on it."""
    for col, header in enumerate(("RMSE of", "training", "held out", "which means"), 1):
        put_text(sheet, Cell(SUMMARY - 1, col), header, styles.header if col in (2, 3) else styles.header_left)
    for col in range(5, PRINTED + 1):
        sheet.write_blank(SUMMARY - 2, col - 1, None, styles.header_left)
    ratings, mean = view.name("ratings"), fixed(plan.constant("mean rating"))
    users, items = (fixed(plan.of_side(side, "bias")) for side in ("user", "item"))
    rows = [("the mean rating for all", plan.mean_only, f"=SQRT(DEVSQ({ratings})/COUNT({ratings}))", mean),
            ("biases without factors", plan.bias_only, f"=SQRT(SUM(IF(ISNUMBER({ratings}),({ratings}-{mean}-{users}"
             f"-TRANSPOSE({items}))^2,0))/COUNT({ratings}))", None)]
    rows += [(f"sheet {name}", plan.model(name), f"={block_name(name, 'rmse')}", None) for name in plan.sheets]
    for label, cell, training, constant in rows:
        put_text(sheet, cell.moved(0, -1), label, styles.name)
        put_array(sheet, cell, training, styles.calculated)
        _held_out(sheet, styles, plan, view, cell.moved(0, 1), constant)
    put_text(sheet, plan.counts.moved(0, -1), "number of ratings", styles.name)
    put_formula(sheet, plan.counts, f"=COUNT({ratings})", styles.whole)
    counted = f"=SUM({fixed(plan.of_held('counted'))})" if plan.held else "=0"
    put_formula(sheet, plan.counts.moved(0, 1), counted, styles.whole)
    if plan.held:   # the standard error of an RMSE over n normal errors is RMSE / √(2n)
        n = fixed(plan.counts.moved(0, 1))
        put_formula(sheet, plan.counts.moved(0, 2), f'=IF({n}=0,"","by so many, RMSE is known to ± "&ROUND(100/SQRT(2*{n}),0)&" %")',
                styles.beside)
    for name in plan.sheets if plan.held else ():
        cell, baseline = plan.model(name), plan.bias_only
        worse, better, overfits = WORDS
        surely, n = paired_errors(plan, fixed(plan.of_held("biases only")), fixed(plan.of_held(name)))
        alone = no_difference('"biases alone"', n)
        put_formula(sheet, cell.moved(0, 2),
                f'=IF(N({fixed(cell.moved(0, 1))})=0,"",IF({fixed(cell)}>={fixed(baseline)},"{worse}",IF({surely}>{SURELY},"{better}",'
                f'IF({surely}<-{SURELY},"{overfits}",{alone}))))', styles.beside)


def _held_out(sheet, styles: Styles, plan: CheckPlan, view: View, cell: Cell, constant: str | None) -> None:
    """RMSE on the held-out ratings that are still counted: of the sheet or baseline whose row it is, or of a constant."""
    if not plan.held:
        put_text(sheet, cell, "–", styles.ranked)
        return
    rows = {plan.mean_only: "biases only", plan.bias_only: "biases only", **{plan.model(n): n for n in plan.sheets}}
    column = fixed(plan.of_held(rows[cell.moved(0, -1)]))
    observed, predicted = fixed(plan.of_held("observed")), constant or column
    error = f"SUM(IF(ISNUMBER({column}),({observed}-{predicted})^2,0))"
    put_array(sheet, cell, f'=IF(COUNT({column})=0,"",SQRT({error}/COUNT({column})))', styles.calculated)
