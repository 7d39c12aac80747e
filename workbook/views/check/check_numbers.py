"""The helper columns of the sheet `check`: held-out ratings, biases without factors, errors by group and by size."""

from __future__ import annotations

import math

from pyxl.grid.block_names import SCALE, block_name
from pyxl.grid.cells import Range
from solver.judging.baselines import DAMPING
from workbook.model_sheets.view import View
from workbook.write.references import ref
from workbook.write.source_formulas import blanks_as_zero, held_number, label_wanted
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .check_plan import BIN, BINS, CHECK_FIRST, CHECK_HEAD, CONSTANTS, GROUP, QUARTERS, SIDE, CheckPlan

HELD_OUT = '"*~?"'    # the criterion for a rating with a question mark
_LINE = {"user": "INDEX({block},{i},0)", "item": "INDEX({block},0,{i})"}    # one member's part of a users × items block


def write_held(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """The list of held-out ratings: what was observed, and what each sheet predicts.

    A prediction is what stands in the sheet's filled table. The list follows the sheet `ratings`: one that lost its
    question mark there leaves it, one that got it comes in place of another, or after the next update.
    """
    for which in plan.held_columns:
        put_text(sheet, plan.of_held(which).first.moved(-1, 0), which, styles.calc_head)
    put_text(sheet, plan.held_before.first.moved(-1, 0), "held out above", styles.calc_head)
    for row, count in enumerate(plan.held_before.cells()):
        # the first row of the source has the labels of items, and the first cell of every other that of a user
        here = f"COUNTIF(INDEX(source,{row},0),{HELD_OUT})-COUNTIF(INDEX(source_user,{row}),{HELD_OUT})"
        above = f"{ref(count.moved(-1, 0))}+{here}" if row > 1 else "0"
        sheet.write_formula(count.row - 1, count.col - 1, f"={above}", styles.calc_whole)
    before, wild = fixed(plan.held_before), view.content.wild_labels
    for row in range(plan.held):
        cell = {which: plan.of_held(which).first.moved(row, 0) for which in plan.held_columns}
        r, c, user, item, u, i = (ref(cell[which], cols=True) for which in plan.held_columns[:6])
        rest = f"{row + 1}-INDEX({before},{r})"     # which one of its row it is
        line = f'ISNUMBER(SEARCH("~?",INDEX(source,{r},0)))*(COLUMN(source_item)>COLUMN(INDEX(source_item,1)))'
        for which, what in (
                ("row", f"MATCH({row},{before},1)"),
                # of the places from the right the largest is the first from the left
                ("column", f"COLUMNS(source)+1-SUMPRODUCT(LARGE({line}*(COLUMNS(source)-COLUMN(source_item)+COLUMN(INDEX(source_item,1))),{rest}))"),
                ("user", f"INDEX(source_user,{r})"), ("item", f"INDEX(source_item,{c})"),
                ("user no.", f'MATCH({label_wanted(user, wild)},{view.name("user_ids")},0)'),
                ("item no.", f'MATCH({label_wanted(item, wild)},{view.name("item_ids")},0)'),
                ("observed", f"IF(ISNUMBER({u}+{i}),{held_number(f'INDEX(source,{r},{c})')},\"\")")):
            looks = {"user": styles.calc_label, "item": styles.calc_label, "observed": styles.calc}.get(which, styles.calc_whole)
            put_formula(sheet, cell[which], f'=IFERROR({what},"")', looks)
        for name in plan.sheets:
            # each sheet has its own order: by its own labels
            pair = ",".join(f'MATCH({label_wanted(label, wild)},{block_name(name, f"{side}_ids")},0)' for label, side in ((user, "user"), (item, "item")))
            put_formula(sheet, cell[name], f'=IF({ref(cell["observed"], cols=True)}="","",INDEX({block_name(name, "filled")},{pair}))', styles.calc)
    predicted, observed = (fixed(plan.of_held(which)) for which in ("shown model", "observed"))
    mean = fixed(plan.constant("mean rating"))
    in_no_sheet = "*".join(f"ISNUMBER({fixed(plan.of_held(name))})" for name in plan.sheets)
    biases = "+".join(f"LOOKUP({fixed(plan.of_held(f'{side} no.'))},{fixed(plan.of_side(side, 'number'))},"
                      f"{fixed(plan.of_side(side, 'bias'))})" for side in ("user", "item"))
    put_array(sheet, plan.of_held("shown model"), f"={view.of_chosen(lambda layout: fixed(plan.of_held(layout.sheet)))}", styles.calc)
    for which, there, otherwise in (("biases only", f"{mean}+{biases}", '""'), ("error", f"{observed}-{predicted}", '""'),
                                    ("error²", f"({observed}-{predicted})^2", "0"), ("counted", "1", "0")):
        put_array(sheet, plan.of_held(which), f"=IF({in_no_sheet},{there},{otherwise})", styles.calc)


def write_shown(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """Ratings of the training set for the chart: all, or as many evenly through the list."""
    ratings = view.content.ratings
    for which in ("user no.", "item no.", "observed", "predicted"):
        put_text(sheet, plan.of_shown(which).first.moved(-1, 0), which, styles.calc_head)
    for row in range(plan.shown):
        place = row * len(ratings) // plan.shown
        u, i = (plan.of_shown(which).first.moved(row, 0) for which in ("user no.", "item no."))
        put_number(sheet, u, int(ratings.user_index[place]) + 1, styles.calc_whole)
        put_number(sheet, i, int(ratings.item_index[place]) + 1, styles.calc_whole)
        pair = f"{ref(u, cols=True)},{ref(i, cols=True)}"
        rated = f"INDEX({view.name('ratings')},{pair})"
        predicted = view.block_of_chosen("predictions", f"INDEX({{block}},{pair})")
        for which, value in (("observed", rated), ("predicted", predicted)):
            put_formula(sheet, plan.of_shown(which).first.moved(row, 0), f'=IF(ISNUMBER({rated}),{value},"")', styles.calc)


def write_sides(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """Every user and item: damped biases without factors in two sweeps (`solver.judging.baselines`), and squared errors.

        b_i = Σ_u (r − μ − b_u) / (d + n_i),   then   b_u = Σ_i (r − μ − b_i) / (d + n_u),   and both again
    """
    mean, damping = fixed(plan.constant("mean rating")), fixed(plan.constant("damping of biases"))
    for side, other in (("item", "user"), ("user", "item")):
        put_text(sheet, plan.of_side(side, "number").first.moved(-2, 0), f"{side}s: biases without factors, and errors",
             styles.calc_head)
        for which in SIDE:
            put_text(sheet, plan.of_side(side, which).first.moved(-1, 0), which, styles.calc_head)
        for row in range(plan.of_side(side, "number").size):
            cell = {which: plan.of_side(side, which).first.moved(row, 0) for which in SIDE}
            i = ref(cell["number"], cols=True)
            rated = _LINE[side].format(block=view.name("ratings"), i=i)
            predicted = view.block_of_chosen("predictions", _LINE[side].format(block="{block}", i=i))
            put_number(sheet, cell["number"], row + 1, styles.calc_whole)
            put_formula(sheet, cell["ratings"], f"=COUNT({rated})", styles.calc_whole)
            put_formula(sheet, cell["sum"], f"=SUM({rated})", styles.calc)
            put_formula(sheet, cell["error²"], f"=SUMXMY2({blanks_as_zero(rated)},{predicted})", styles.calc)
        n, total = (fixed(plan.of_side(side, which)) for which in ("ratings", "sum"))
        who_rated = f"ISNUMBER({view.name('ratings')})*1"
        who_rated = who_rated if side == "user" else f"TRANSPOSE({who_rated})"
        # items go first: in the first sweep they know of no user biases
        for which, theirs in (("first bias", None if side == "item" else "first bias"),
                              ("bias", "first bias" if side == "item" else "bias")):
            less = f"-MMULT({who_rated},{fixed(plan.of_side(other, theirs))})" if theirs else ""
            put_array(sheet, plan.of_side(side, which), f"=({total}-{n}*{mean}{less})/({damping}+{n})", styles.calc)
        if plan.held:
            mine = f"({fixed(plan.of_side(side, 'number'))}=TRANSPOSE({fixed(plan.of_held(f'{side} no.'))}))*1"
            for which, of_held in (("held out", "counted"), ("their error²", "error²")):
                put_array(sheet, plan.of_side(side, which), f"=MMULT({mine},{fixed(plan.of_held(of_held))})", styles.calc)


def write_groups(sheet, styles: Styles, plan: CheckPlan) -> None:
    """RMSE of the quarter of the users with fewest ratings, of the next …; and so of the items."""
    for side in ("user", "item"):
        put_text(sheet, plan.of_group(side, "up to").first.moved(-2, 0), f"RMSE by the {side}s' number of ratings", styles.calc_head)
        for which in GROUP:
            put_text(sheet, plan.of_group(side, which).first.moved(-1, 0), which, styles.calc_head)
        n, error, held, theirs = (fixed(plan.of_side(side, which)) for which in ("ratings", "error²", "held out", "their error²"))
        members = plan.of_side(side, "number").size
        for row in range(QUARTERS):
            cell = {which: plan.of_group(side, which).first.moved(row, 0) for which in GROUP}
            upto = ref(cell["up to"])
            before = "-1" if row == 0 else ref(cell["up to"].moved(-1, 0))
            among, some = f"({n}>{before})*({n}<={upto})", ref(cell["members"])
            put_formula(sheet, cell["up to"], f"=SMALL({n},{math.ceil((row + 1) * members / QUARTERS)})", styles.calc_whole)
            put_formula(sheet, cell["members"], f"=SUMPRODUCT({among})", styles.calc_whole)
            least = f"MIN(IF({n}>{before},{n},1E9))"
            put_array(sheet, cell["ratings"], f'=IF({some}=0,"",IF({least}={upto},{upto}&"",{least}&"–"&{upto}))', styles.calc)
            put_formula(sheet, cell["training"], f'=IF({some}=0,"",SQRT(SUMPRODUCT({among}*{error})/MAX(1,SUMPRODUCT({among}*{n}))))',
                    styles.calc)
            if plan.held:
                counted = f"SUMPRODUCT({among}*{held})"
                put_formula(sheet, cell["held out"], f'=IF({counted}=0,"",SQRT(SUMPRODUCT({among}*{theirs})/{counted}))', styles.calc)


def write_bins(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """How many residuals, observed − predicted, lie within half a step of each centre; the ends take the rest."""
    put_text(sheet, plan.of_bin("centre").first.moved(-2, 0), "residuals: observed − predicted", styles.calc_head)
    for which in BIN:
        put_text(sheet, plan.of_bin(which).first.moved(-1, 0), which, styles.calc_head)
    step = fixed(plan.constant("step of residuals"))
    for row in range(BINS):
        cell = {which: plan.of_bin(which).first.moved(row, 0) for which in BIN}
        put_formula(sheet, cell["centre"], f"={row - BINS // 2}*{step}", styles.calc)
        if row < BINS - 1:
            put_formula(sheet, cell["up to"], f"={ref(cell['centre'])}+{step}/2", styles.calc)
        for count, share in (("training", "share"), ("held out", "share held out"))[:2 if plan.held else 1]:
            total = f"MAX(1,SUM({fixed(plan.of_bin(count))}))"
            put_formula(sheet, cell[share], f"={ref(cell[count])}/{total}", styles.calc)
    ends = plan.of_bin("up to")
    edges = fixed(Range(ends.top, ends.left, ends.bottom - 1, ends.right))
    ratings, predictions = view.name("ratings"), view.block_of_chosen("predictions")
    put_array(sheet, plan.of_bin("training"), f'=FREQUENCY(IF(ISNUMBER({ratings}),{ratings}-{predictions},""),{edges})',
          styles.calc_whole)
    if plan.held:
        put_array(sheet, plan.of_bin("held out"), f"=FREQUENCY({fixed(plan.of_held('error'))},{edges})", styles.calc_whole)


def write_constants(sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """The mean of all training ratings, the damping of the biases, and what the charts need."""
    lowest, highest = view.content.stated_scale
    step = round_step((highest - lowest) / 9 or 1.0)
    put_text(sheet, plan.constant(CONSTANTS[0]).moved(CHECK_HEAD - CHECK_FIRST, 0), "for all", styles.calc_head)
    for label in CONSTANTS:
        put_text(sheet, plan.constant(label).moved(0, -1), label, styles.calc_head)
    put_formula(sheet, plan.constant("mean rating"), f"=AVERAGE({view.name('ratings')})", styles.calc)
    for label, name in zip(("lowest rating", "highest rating"), SCALE):
        put_formula(sheet, plan.constant(label), f"={name}", styles.calc)
    for label, value in (("damping of biases", DAMPING), ("step of residuals", step)):
        put_number(sheet, plan.constant(label), value, styles.calc)


def round_step(step: float) -> float:
    """The nearest of …, 0.1, 0.2, 0.25, 0.5, 1, 2, … to a width of bins, so that their labels are short."""
    power = 10.0 ** math.floor(math.log10(step))
    return min((power * m for m in (1, 2, 2.5, 5, 10)), key=lambda nice: abs(math.log(nice / step)))


def fixed(where) -> str:
    return ref(where, rows=True, cols=True)
