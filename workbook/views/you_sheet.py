"""The sheet `you`: rate a few items, and your factors, predictions and ten best items follow by formulas.

    x = x̄ + (FᵀF + ridge)⁻¹ Fᵀ (r − r̄)

over the items rated: F has a row [q, 1] for each, r̄ is the average user's prediction of it, by x̄. Of a trained model that learnt from
sets, x̄ is the average user and what the set of the rated items says, by MMULT (`solver.collab.arrivals.set_vectors`). In a sigmoid no single formula
gives x: steps of Gauss and Newton go from x̄ near it, and steps of Newton then reach it to within rounding.
`solver.collab.answers.recommend.fold_in` computes the same.
"""

from __future__ import annotations

from functools import partial

from xlsxwriter import Workbook

from pyxl.grid.block_names import block_name
from pyxl.grid.cells import Cell, Range
from pyxl.grid.layout import Layout
from solver.collab.answers.recommend import NEWCOMER_RIDGE
from solver.collab.arrivals.set_vectors import FEW_OF_A_SET
from workbook.model_sheets.view import View
from workbook.views.best_list import HIGH, LOW, N_BEST, Candidates, kept_in_range, write_best
from workbook.views.check.reliability import of_newcomer, within, words_on_within
from workbook.write.content import SetsOfItems
from workbook.write.display_labels import width_of
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .you_plan import BEST, COUNT, GAUSS_NEWTON, NEWTON, OWN_HEAD, YOU_DECAY, YOU_HEAD, YouPlan

_NAME = "you"
OLD_MINVERSE = 52   # rows and columns that Excel's MINVERSE took before 2007


def write_you(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet."""
    sheet, content = workbook.add_worksheet(_NAME), view.content
    k = content.n_factors
    plan = YouPlan(n=len(content.items), k=k, d=k + view.biases, users=len(content.users), sets=content.trained is not None and content.trained.sets is not None)
    _looks(sheet, styles, plan, view)
    _words(sheet, styles, plan, view)
    _entries(sheet, styles, plan, view)
    _prior(sheet, styles, plan, view)
    _solution(sheet, styles, plan, view)
    if view.bounded:
        _steps_in_sigmoid(sheet, styles, plan, view)
    candidates = Candidates(plan.items, plan.sums, plan.open)
    best = write_best(sheet, styles, view, candidates, head=BEST, working=plan.best)
    put_text(sheet, BEST.moved(0, 3), "± of 9 in 10", styles.header)
    unsure = of_newcomer(ref(COUNT, rows=True, cols=True), view)
    for which in best.cells():
        put_array(sheet, Cell(which.row, BEST.col + 3), f'=IF({which}="","",{within(unsure, str(which))})', styles.ranked)
    put_formula(sheet, BEST.moved(N_BEST + 1, 1), f"={words_on_within()}", styles.note_beside)


def _entries(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    """Write the column to type ratings in, which of them count, and the predictions."""
    put_array(sheet, plan.items, f"=TRANSPOSE({view.name('item_ids')})", styles.listed)
    own = ref(plan.ratings)
    put_array(sheet, plan.counted, f"=IF(ISNUMBER({own}),({own}>={LOW})*({own}<={HIGH}),0)", styles.calc_whole)
    put_array(sheet, plan.sums, f"={_predicted(plan.own, plan, view)}", styles.calc)
    put_array(sheet, plan.open, f'=IF({ref(plan.counted)}=1,"",{ref(plan.sums)})', styles.calc)
    for row in range(plan.n):
        rating, predicted, remark, total = (where.first.moved(row, 0) for where in (plan.ratings, plan.predicted, plan.remarks, plan.sums))
        sheet.write_blank(str(rating), None, styles.option)
        put_array(sheet, predicted, f"={kept_in_range(view.into_range(str(total)))}", styles.ranked)
        put_formula(sheet, remark, f'=IF(ISERROR({rating}),"An error is no rating: it does not count.",IF({rating}="","",IF(ISNUMBER({rating}),'
                f'IF(AND({rating}>={LOW},{rating}<={HIGH}),"",{rating}&" lies outside "&{LOW}&" to "&{HIGH}&": it does not count."),'
                f'"\'"&{rating}&"\' is no number: it does not count.")))', styles.note_beside)
    put_array(sheet, COUNT, f"=SUM({ref(plan.counted)})", styles.whole)


def _prior(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    """Write the average user, and the ridge: how strongly the reader's factors are drawn to the average user's."""
    weight = f"({ref(plan.rated_by)}>0)*1"
    ratings, live = view.name("ratings"), plan.live_average
    put_array(sheet, plan.rated_by, f"=MMULT(ISNUMBER({ratings})*1,TRANSPOSE(COLUMN({ratings})^0))", styles.calc_whole)
    put_array(sheet, _factors(live, plan), f"=TRANSPOSE(MMULT(TRANSPOSE({weight}),{view.name('user_factors')}))/SUM({weight})", styles.calc)
    if view.biases:
        put_array(sheet, _bias(live), f"=SUM({weight}*{view.name('user_bias')})/SUM({weight})", styles.calc)
    trained, spread = view.content.trained, f"STDEVP({ratings})"
    if trained:
        for cell, value in zip(plan.trained_average.cells(), trained.average, strict=True):
            put_number(sheet, cell, value, styles.calc)
        put_number(sheet, plan.spread.moved(-1, 0), trained.spread, styles.calc)
        spread = view.until_fitted(ref(plan.spread.moved(-1, 0)), spread)
    put_formula(sheet, plan.spread, f"={spread}", styles.calc)
    average = view.until_fitted(ref(plan.trained_average), ref(live)) if trained else ref(live)
    put_array(sheet, plan.average, f"={average}", styles.ranked)
    if trained and trained.sets:
        _expected_by_set(sheet, styles, plan, view, trained.sets)
    decay, count = (ref(cell, rows=True, cols=True) for cell in (YOU_DECAY, COUNT))
    for cell in plan.ridge.cells():
        scale = view.of_chosen(partial(_ridge_scale, spread=ref(plan.spread), of_factors=cell.row < YOU_HEAD + 1 + plan.k))
        put_array(sheet, cell, f"=IF({_given(decay)},{decay}*{count},{NEWCOMER_RIDGE:g})*{scale}", styles.calc)


def _expected_by_set(sheet, styles: Styles, plan: YouPlan, view: View, sets: SetsOfItems) -> None:
    """Write where the regression begins: the average user, and what the set of the rated items adds to that, until a fit here."""
    for cell, value in zip(plan.set_vectors.cells(), (value for row in sets.items for value in row), strict=True):
        put_number(sheet, cell, value, styles.calc)
    for cell, value in zip(plan.set_always.cells(), sets.always, strict=True):
        put_number(sheet, cell, value, styles.calc)
    average, n = ref(plan.average), ref(COUNT)
    of_items = f"MMULT(TRANSPOSE({ref(plan.set_vectors)}),{ref(plan.counted)})"
    added = f"{n}/({n}+{FEW_OF_A_SET:g})*({ref(plan.set_always)}+{of_items}/SQRT(MAX({n},1)))"
    put_array(sheet, plan.expected, f"={average}+{view.until_fitted(added, '0')}", styles.calc)
    for where, title in ((plan.set_vectors, "what it says that an item is rated"), (plan.set_always, "that any is"), (plan.expected, "expected of you")):
        put_text(sheet, where.first.moved(-1, 0), title, styles.calc_head)


def _solution(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    """Write the ridge regression."""
    counted, features, numbers = ref(plan.counted), ref(plan.features), ref(plan.numbers)
    left = Range(plan.features.top, plan.features.left, plan.features.bottom, plan.features.left + plan.k - 1)
    put_array(sheet, left, f"={counted}*TRANSPOSE({view.name('item_factors')})", styles.calc)
    if view.biases:
        has = view.of_chosen(lambda layout: "1" if layout.item_bias is not None else "0")
        put_array(sheet, Range(left.top, left.right + 1, left.bottom, left.right + 1), f"={counted}*{has}", styles.calc_whole)
    put_array(sheet, plan.errors, f"=IF({counted}=1,{ref(plan.ratings)}-({_predicted(plan.expected, plan, view)}),0)", styles.calc)
    for row, cell in enumerate(plan.numbers.cells(), 1):
        put_number(sheet, cell, row, styles.calc_whole)
    put_array(sheet, plan.right_side, f"=MMULT(TRANSPOSE({features}),{ref(plan.errors)})", styles.calc)
    put_array(sheet, plan.matrix, f"=MMULT(TRANSPOSE({features}),{features})+({numbers}=TRANSPOSE({numbers}))*{ref(plan.ridge)}", styles.calc)
    put_array(sheet, plan.step, f"=IF({ref(COUNT)}=0,0*{numbers},MMULT(MINVERSE({ref(plan.matrix)}),{ref(plan.right_side)}))", styles.calc)
    step = ref(plan.step)
    at_once = f"{ref(plan.expected)}+IF(ISNUMBER({step}),{step},0)"
    last = ref(plan.step_in_sigmoid(GAUSS_NEWTON + NEWTON - 1, "row"))
    put_array(sheet, plan.own, f"={view.of_chosen(lambda layout: f'IF(ISNUMBER({last}),{last},{ref(plan.average)})' if layout.low else at_once)}",
              styles.ranked)


def _steps_in_sigmoid(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    """Each step minimises Σ (r − r̂)² + Σ ridge · (x − x̄)², r̂ = low + (high − low) · s and s = σ(F x + base), as if it were

        ½ (y − x)ᵀ (Fᵀ diag(c) F + ridge) (y − x) − (y − x)ᵀ (Fᵀ g − ridge · (x − x̄)),     g = (r − r̂) r̂′

    with curvatures c = r̂′² of Gauss and Newton, or c = r̂′² − (r − r̂) r̂″ of Newton. Nothing is computed where the model shown has no
    sigmoid."""
    counted, features, ratings, average = (ref(where, rows=True, cols=True) for where in (plan.counted, plan.features, plan.ratings, plan.expected))
    numbers, ridge = ref(plan.numbers, rows=True, cols=True), ref(plan.ridge, rows=True, cols=True)
    put_text(sheet, Cell(YOU_HEAD - 1, plan.step_in_sigmoid(0, "share").left), "steps in a sigmoid", styles.calc_head)
    before = plan.expected

    for step in range(GAUSS_NEWTON + NEWTON):
        share, pull, curvature, row = (plan.step_in_sigmoid(step, which) for which in ("share", "pull", "curvature", "row"))
        s, x = ref(share), ref(before, rows=True, cols=True)
        slope = f"{s}*(1-{s})"
        for where, title in ((share, "share"), (pull, "g"), (curvature, "c"), (row, f"after step {step + 1}")):
            put_text(sheet, where.first.moved(-1, 0), title, styles.calc_head)
        less = f"-{ref(pull)}*(1-2*{s})" if step >= GAUSS_NEWTON else ""
        matrix = f"MMULT(TRANSPOSE({features}*{ref(curvature)}),{features})+({numbers}=TRANSPOSE({numbers}))*{ridge}"
        downhill = f"MMULT(TRANSPOSE({features}),{ref(pull)})-{ridge}*({x}-{average})"
        for where, formula in (
                (share, f"1/(1+EXP(-({_predicted(before, plan, view)})))"),
                (pull, f"IF({counted}=1,{ratings}-{{low}}-{{span}}*{s},0)*{{span}}*{slope}"),
                (curvature, f"{counted}*(({{span}}*{slope})^2{less})"),
                (row, f"{x}+MMULT(MINVERSE({matrix}),{downhill})")):
            put_array(sheet, where, f"={view.of_chosen(partial(_in_sigmoid, formula=formula))}", styles.calc)
        before = row


def _in_sigmoid(layout: Layout, *, formula: str) -> str:
    """A formula with ``{low}`` and ``{span}`` of the model's range, or 0 where the model has none."""
    if not layout.low:
        return "0"
    low, high = (block_name(layout.sheet, end) for end in ("low", "high"))
    return formula.format(low=low, span=f"({high}-{low})")


def _ridge_scale(layout: Layout, *, spread: str, of_factors: bool) -> str:
    """The formula of what the ridge is multiplied by: factors grow with √σ and biases with σ; inside a sigmoid neither grows."""
    return f"{spread}^2" if layout.low else spread if of_factors else "1"


def _predicted(unknowns: Range, plan: YouPlan, view: View) -> str:
    """The formula (n,) of the predictions by a column of factors and bias."""
    total = f"MMULT(TRANSPOSE({view.name('item_factors')}),{ref(_factors(unknowns, plan))})"
    return f"{total}+TRANSPOSE({view.name('item_bias')})+{ref(_bias(unknowns))}" if view.biases else total


def _factors(unknowns: Range, plan: YouPlan) -> Range:
    return Range(unknowns.top, unknowns.left, unknowns.top + plan.k - 1, unknowns.left)


def _bias(unknowns: Range) -> Cell:
    return Cell(unknowns.bottom, unknowns.left)


def _given(decay: str) -> str:
    return f"IF(ISNUMBER({decay}),{decay}>0,FALSE)"


def _words(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    put_text(sheet, Cell(1, 1), "You", styles.title)
    put_text(sheet, Cell(2, 1), "Type your ratings of a few items into the yellow column: your factors, predictions and ten best items "
                            "follow at once.", styles.note)
    put_text(sheet, Cell(3, 1), "Nobody else changes, and no fit is needed: a ridge regression, in formulas, on the items that you rated, within "
                            f"{view.followed}. With none rated you are the average user." + plan.sets * " That you rated an item at all tells something, too.", styles.note)
    if plan.d > OLD_MINVERSE:
        put_text(sheet, Cell(4, 1), f"Needs Excel 2007 or newer: MINVERSE of {plan.d} × {plan.d} cells, older ones take {OLD_MINVERSE}.", styles.note)
    decay, count = ref(YOU_DECAY), ref(COUNT)
    put_text(sheet, YOU_DECAY.moved(0, -1), "weight decay", styles.label)
    sheet.write_blank(str(YOU_DECAY), None, styles.option)
    put_formula(sheet, YOU_DECAY.moved(0, 1), f'=IF({decay}="","Blank: what suits few ratings and many. Else a number above 0: the pull to the average user, for each rating.",'
            f'IF({_given(decay)},"The pull to the average user, for each of your ratings.",'
            '"That is no number above 0; the cell counts as blank. Give one, or clear the cell."))', styles.note_beside)
    put_text(sheet, COUNT.moved(0, -1), "rated", styles.label)
    put_array(sheet, COUNT.moved(0, 1), f'=IF({count}=0,"Nothing is rated: this is the average user.",IF(ISNUMBER({plan.step.first}),'
            f'"of {plan.n:,} items.","The regression has no solution: this is the average user. Give a larger weight decay."))', styles.note_beside)
    for where, title, style in ((plan.items, "item", styles.header_left), (plan.ratings, "your rating", styles.header),
                                (plan.predicted, "predicted", styles.header)):
        put_text(sheet, where.first.moved(-1, 0), title, style)
    for shift, (title, style) in enumerate((("factor", styles.header), ("of the average user", styles.header), ("yours", styles.header))):
        put_text(sheet, Cell(OWN_HEAD, BEST.col + shift), title, style)
    for row, cell in enumerate(plan.average.cells(), 1):
        put_text(sheet, cell.moved(0, -1), str(row) if row <= plan.k else "bias", styles.whole)
    put_text(sheet, Cell(YOU_HEAD - 2, plan.counted.left), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    for where, title in ((plan.counted, "counts"), (plan.errors, "rating − average's"), (plan.sums, "your prediction"), (plan.open, "where not rated"),
                         (plan.features, "F: factors of the rated, and 1" if view.biases else "F: factors of the rated"), (plan.numbers, "no."),
                         (plan.ridge, "ridge"), (plan.right_side, "Fᵀ · errors"), (plan.step, "yours − average"), (plan.live_average, "average here"),
                         (plan.matrix, "FᵀF + ridge"), (plan.rated_by, "ratings of each user")):
        put_text(sheet, where.first.moved(-1, 0), title, styles.calc_head)
    put_text(sheet, plan.spread.moved(0, -1), "σ of ratings", styles.calc_head)
    if view.content.trained:
        put_text(sheet, plan.trained_average.first.moved(-1, 0), "of the model", styles.calc_head)
        put_text(sheet, plan.spread.moved(-1, -1), "of the model's", styles.calc_head)


def _looks(sheet, styles: Styles, plan: YouPlan, view: View) -> None:
    wide = width_of(view.content.items, least=22, most=46)
    for col, width in enumerate((wide, 11, 11, 30, 3, 8, wide, 11, 11), 1):
        sheet.set_column(col - 1, col - 1, width, styles.text)
    steps = plan.step_in_sigmoid(GAUSS_NEWTON + NEWTON - 1, "row")
    fold_helpers(sheet, plan.counted.left, steps.right if view.bounded else plan.last_in_any_model, 8, styles.calc)
    sheet.set_row(0, 24)
    sheet.data_validation(*box(plan.ratings), {
        "validate": "decimal", "criteria": "between", "minimum": f"={LOW}", "maximum": f"={HIGH}",
        "input_title": "your rating", "input_message": "A number within the range of the ratings, or nothing.",
        "error_title": "This is no rating", "error_message": "Give a number within the range of the ratings (sheet recommend), or clear the cell."})
    sheet.data_validation(str(YOU_DECAY), {
        "validate": "decimal", "criteria": ">", "value": 0, "error_title": "This is no weight decay",
        "error_message": "Give a number above 0, or leave the cell blank."})
    sheet.conditional_format(*box(plan.predicted), colour_scale(*view.content.scale))
    sheet.freeze_panes(YOU_HEAD, 0)
    sheet.print_area(*box(plan.printed))
    print_setup(sheet, one_page=plan.printed.bottom <= 60, repeat=(YOU_HEAD - 1, YOU_HEAD - 1))
