"""Errors, gradients, and the comparison of one of them with what moving its parameter does."""

from __future__ import annotations

from pyxl.grid.block_names import setting_name
from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.crosstab_sheet import MOST_FORMULAS
from workbook.write.content import Content
from workbook.write.references import box, ref
from workbook.write.source_formulas import blanks_as_zero
from workbook.write.styles import Styles, around_zero
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .gradient_plan import GradientPlan

_NUDGE = 1e-5


def write_gradients(sheet, styles: Styles, plan: GradientPlan, content: Content) -> None:
    """The block of errors, how many ratings each has, and the gradients, in the rows of the model and in its order."""
    _errors(sheet, styles, plan, content)
    layout, at = plan.crosstab.layout, {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    errors, scaled = plan.errors, f"2/{at['ratings']}"
    for role, where in plan.gradients.items():
        own, counts = layout.parameters[role].range, plan.counts[role[:4]]
        if role.endswith("_factors"):
            product = (f"MMULT({ref(errors)},TRANSPOSE({ref(layout.item_factors.range)}))" if role.startswith("user")
                       else f"MMULT(TRANSPOSE({ref(layout.user_factors.range)}),{ref(errors)})")
            put_array(sheet, where, f"={scaled}*({product}+{at['weight_decay']}*{at['spread']}*{ref(counts)}*{ref(own)})", styles.step_number)
        else:
            for cell, bias, count in zip(where.cells(), own.cells(), counts.cells()):
                of_it = (Range(cell.row, errors.left, cell.row, errors.right) if role.startswith("user")
                         else Range(errors.top, cell.col, errors.bottom, cell.col))
                put_formula(sheet, cell, f"={scaled}*(SUM({ref(of_it)})+{at['weight_decay']}*{ref(count)}*({ref(bias)}-{at[f'mean_{role}']}))",
                            styles.step_number)
        sheet.conditional_format(*box(where), around_zero())
    sheet.conditional_format(*box(errors), around_zero())


def _errors(sheet, styles: Styles, plan: GradientPlan, content: Content) -> None:
    layout, errors, of = plan.crosstab.layout, plan.errors, plan.crosstab
    what = '=IF({r}="",0,{p}-{r})'
    if errors.size > MOST_FORMULAS:
        put_array(sheet, errors, what.format(r=ref(layout.ratings), p=ref(layout.predictions)), styles.prediction)
    else:
        for cell, rating, predicted in zip(errors.cells(), layout.ratings.cells(), layout.predictions.cells()):
            sheet.write_formula(cell.row - 1, cell.col - 1, what.format(r=rating, p=predicted), styles.prediction)
    for side, counts in plan.counts.items():
        for place, cell in enumerate(counts.cells()):
            rated = layout.ratings
            of_it = (Range(rated.top + place, rated.left, rated.top + place, rated.right) if side == "user"
                     else Range(rated.top, rated.left + place, rated.bottom, rated.left + place))
            put_formula(sheet, cell, f"=COUNT({ref(of_it)})", styles.lookup_whole)
    header = of.headers[1]
    put_text(sheet, Cell(header, of.ids + plan.shift), "ratings ↓", styles.corner)
    put_text(sheet, Cell(layout.ratings.bottom + 1, of.ids + plan.shift), "ratings →", styles.corner)
    turned = max(len(str(item)) for item in content.items) > 6
    for col in range(layout.ratings.left, layout.ratings.right + 1):
        sheet.write_formula(header - 1, col + plan.shift - 1, f"={ref(Cell(header, col))}", styles.header_up if turned else styles.header)
    put_text(sheet, Cell(layout.ratings.bottom, plan.shift + 1),
             "Gradients: how fast the loss grows with each parameter. Users at the left, items above; between them the errors E = prediction − rating.", styles.note)
    put_text(sheet, Cell(layout.item_factors.range.top, of.ids + plan.shift), "2/n · Pᵀ·E", styles.corner)
    put_text(sheet, Cell(header, plan.shift + 2), "2/n · E·Qᵀ", styles.corner_left)


def write_loss(sheet, styles: Styles, plan: GradientPlan) -> None:
    """What all blocks need, and the check: one cell moved a little, the loss of before and after, and the gradient beside it."""
    layout, at, check = plan.crosstab.layout, plan.settings, plan.check
    rated, blocks = ref(layout.ratings), {role: block.range for role, block in layout.parameters.items()}
    decay = setting_name("weight_decay")
    for name, what, style in (
            ("weight_decay", f"=IF(ISNUMBER({decay}),{decay},0)", styles.table_plain),
            ("spread", f"=IF(STDEVP({rated})=0,1,STDEVP({rated}))", styles.step_number),
            ("ratings", f"=COUNT({rated})", styles.step_whole),
            *((f"mean_{role}", f"=SUMPRODUCT({ref(plan.counts[role[:4]])},{ref(where)})/{at['ratings']}", styles.step_number)
              for role, where in blocks.items() if role.endswith("_bias")),
            ("largest", f"=MAX({','.join(f'MAX({ref(where)}),-MIN({ref(where)})' for where in plan.gradients.values())})", styles.step_square)):
        put_formula(sheet, at[name], what, style)
    put_text(sheet, check["moved"], str(blocks["user_factors"].first), styles.option)
    put_number(sheet, check["by"], _NUDGE, styles.option)
    for name, function in (("row", "ROW"), ("column", "COLUMN")):
        put_formula(sheet, check[name], f"=IFERROR({function}(INDIRECT({check['moved']})),0)", styles.step_whole)
    row, column = (ref(check[name], rows=True, cols=True) for name in ("row", "column"))
    moved = plan.panel("moved")
    for role, where in moved.items():
        own = ref(blocks[role])
        put_array(sheet, where, f"={own}+{ref(check['by'], rows=True, cols=True)}*(ROW({own})={row})*(COLUMN({own})={column})", styles.step_number)
        sheet.conditional_format(*box(where), {"type": "formula", "criteria": f"={ref(where.first)}<>{ref(blocks[role].first)}", "format": styles.in_hand})
    ratings = blanks_as_zero(rated)
    sums = f"MMULT({ref(moved['user_factors'])},{ref(moved['item_factors'])})"
    if layout.item_bias:
        sums += f"+{ref(moved['item_bias'])}+{ref(moved['user_bias'])}"
    for right, these, predicted in ((0, blocks, ref(layout.predictions)), (1, moved, f"ISNUMBER({rated})*({sums})")):
        error, penalty, loss = (check[name].moved(0, right) for name in ("error", "decay", "loss"))
        put_formula(sheet, error, f"=SUMXMY2({ratings},{predicted})/{at['ratings']}", styles.table_plain)
        put_formula(sheet, penalty, f"={_decay(plan, these)}", styles.table_plain)
        put_formula(sheet, loss, f"={error}+{penalty}", styles.table_plain)
    loss = check["loss"]
    there = Range(1, plan.shift + 1, layout.predictions.bottom, plan.shift + layout.predictions.right)
    hit = "+".join(f"({row}>={w.top})*({row}<={w.bottom})*({column}>={w.left})*({column}<={w.right})" for w in blocks.values())
    put_formula(sheet, check["difference"], f"=({loss.moved(0, 1)}-{loss})/{check['by']}", styles.table_plain)
    put_formula(sheet, check["gradient"], f'=IF({hit}=1,INDEX({ref(there)},{row},{column}),"not orange")', styles.table_plain)


def _decay(plan: GradientPlan, blocks: dict[str, Range]) -> str:
    """What weight decay adds to the loss: of every row its squares, as often as it has ratings; of a bias the square of what it
    differs from the mean."""
    at, parts = plan.settings, []
    for role, where in blocks.items():
        counts = ref(plan.counts[role[:4]])
        squares = f"SUM({counts}*{ref(where)}^2)"
        parts.append(f"{at['spread']}*{squares}" if role.endswith("_factors")
                     else f"{squares}-SUM({counts}*{ref(where)})^2/{at['ratings']}")
    return f"{at['weight_decay']}/{at['ratings']}*({'+'.join(parts)})"
