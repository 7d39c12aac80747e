"""How far ratings may lie from predictions, ±, by those held out; and whether intervals hold as many of them as they claim.

    ± = q · a_u · a_i,     a = √(1 + d / (n + d))

of a user, or an item, with n ratings and d numbers in a row of the model: with many ratings only their noise is left, and
without any a row is as unsure again. q is the conformal quantile of |r − r̂| / (a_u·a_i) of those held out, so that nine of ten
lie within ± (Vovk, Gammerman & Shafer 2005). Neither draws nor a covariance need cells for that, and it follows every
fit. Of a trained model's own numbers the model says ±: a_u and a_i are stored then, and q is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from xlsxwriter import Workbook

from pyxl.grid.block_names import WITHIN
from pyxl.grid.cells import Range
from workbook.model_sheets.view import View
from workbook.write.references import ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .check_numbers import fixed
from .check_plan import LEVELS, RELIABILITY, CheckPlan

FEWEST_WITHIN = 9       # held-out ratings: of fewer, none is as far off as one in ten may be


def write_reliability(workbook: Workbook, sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """The two factors of ± of all users and items, what they are multiplied by, and the table of the chart."""
    unknowns = view.of_chosen(lambda layout: str(plan.factors + (layout.item_bias is not None)))
    put_formula(sheet, plan.constant("numbers in a row"), f"={unknowns}", styles.calc_whole)
    spreads = view.content.trained.spreads if view.content.trained else None
    for side, stored in (("user", spreads.users if spreads else None), ("item", spreads.items if spreads else None)):
        _factors(sheet, styles, plan, view, side, stored)
    if plan.held:
        pair = "*".join(f"LOOKUP({fixed(plan.of_held(f'{side} no.'))},{fixed(plan.of_side(side, 'number'))},{fixed(plan.of_side(side, 'times ±'))})"
                        for side in ("user", "item"))
        error = fixed(plan.of_held("error"))
        put_array(sheet, plan.of_held("share of ±"), f'=IF(ISNUMBER({error}),ABS({error})/({pair}),"")', styles.calc)
        _levels(sheet, styles, plan)
    shares = fixed(plan.of_held("share of ±")) if plan.held else ""
    live = f'IF(COUNT({shares})<{FEWEST_WITHIN},"",SMALL({shares},ROUNDUP(9*(COUNT({shares})+1)/10,0)))' if plan.held else '""'
    put_formula(sheet, plan.constant("nine of ten within"), f"={view.until_fitted('1', live) if spreads else live}", styles.calc)
    for name, where in zip(WITHIN, (plan.of_side("user", "times ±"), plan.of_side("item", "times ±"),
                                    Range.around([plan.constant("nine of ten within")]))):
        workbook.define_name(name, f"={sheet.get_name()}!{where.absolute}")


def within(user: str, item: str) -> str:
    """The formula of ± of a prediction, by formulas of the user's factor and of the item's number; an empty text where nothing tells."""
    _, of_items, nine = WITHIN
    return f'IF(ISNUMBER({nine}),{nine}*{user}*INDEX({of_items},{item}),"")'


def of_user(user: str) -> str:
    """The formula of the factor of the user with this number."""
    return f"INDEX({WITHIN[0]},{user})"


def of_newcomer(n: str, view: View) -> str:
    """The formula of the factor of somebody with `n` ratings who is in no fit."""
    unknowns = view.of_chosen(lambda layout: str(view.content.n_factors + (layout.item_bias is not None)))
    live = unsure(n, f"({unknowns})")
    spreads = view.content.trained.spreads if view.content.trained else None
    return view.until_fitted(repr(spreads.newcomer), live) if spreads else live


def unsure(n: str, d: str) -> str:
    """The formula of a, where n ratings tell of d numbers."""
    return f"SQRT(1+{d}/({n}+{d}))"


def words_on_within() -> str:
    """The formula of a sentence on ±."""
    return (f'IF(ISNUMBER({WITHIN[2]}),"±: nine of ten ratings lie as near to what is predicted for them.",'
            f'"No ±: {FEWEST_WITHIN} ratings or more that are held out tell how far ratings lie from predictions.")')


def _factors(sheet, styles: Styles, plan: CheckPlan, view: View, side: str, stored: Sequence[float] | None) -> None:
    live = unsure(fixed(plan.of_side(side, "ratings")), fixed(plan.constant("numbers in a row")))
    if stored is not None:
        for cell, value in zip(plan.of_side(side, "the model's ±").cells(), stored, strict=True):
            put_number(sheet, cell, value, styles.calc)
        live = view.until_fitted(fixed(plan.of_side(side, "the model's ±")), live)
    put_array(sheet, plan.of_side(side, "times ±"), f"={live}", styles.calc)


def _levels(sheet, styles: Styles, plan: CheckPlan) -> None:
    """Normal intervals as wide as the errors are spread, which no quantile has corrected: how many ratings they hold."""
    shares, spread = fixed(plan.of_held("share of ±")), plan.constant("σ of the shares")
    put_formula(sheet, spread, f'=IF(COUNT({shares})=0,"",SQRT(SUMSQ({shares})/COUNT({shares})))', styles.calc)
    put_text(sheet, plan.of_level("claimed").first.moved(-2, 0), "held-out ratings in normal intervals", styles.calc_head)
    for which in RELIABILITY:
        put_text(sheet, plan.of_level(which).first.moved(-1, 0), which, styles.calc_head)
    for row, level in enumerate(LEVELS):
        claimed, quantile, found = (plan.of_level(which).first.moved(row, 0) for which in RELIABILITY)
        put_number(sheet, claimed, level, styles.calc)
        put_number(sheet, quantile, NormalDist().inv_cdf((1 + level) / 2), styles.calc)
        put_array(sheet, found, f'=IF(COUNT({shares})=0,"",SUM(IF(ISNUMBER({shares}),({shares}<={ref(quantile)}*{fixed(spread)})*1,0))/COUNT({shares}))',
                  styles.calc)
