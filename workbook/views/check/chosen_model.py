"""The choice on the sheet `check` of the model that all other views show, and that model's parameters in one place."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import CHOSEN, CHOSEN_BLOCKS, CHOSEN_MODEL, MODEL_NUMBER, block_name
from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.references import ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_formula, put_text

from .check_numbers import fixed
from .check_plan import CHECK_FIRST, CHOICE, CheckPlan

BEST_MODEL = "best"       # the choice of a new workbook
SURELY = 2          # standard errors from which on one model is called better than another


def write_choice_of_model(workbook: Workbook, sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """The cell, a sentence on what it leads to, the number of the model, and its parameters by formulas.

    `BEST_MODEL` is the model with the least error on held-out ratings, as it is after any fit, and where none are held out the
    one that `view` is on. A model that somebody chose stays.
    """
    place = {name: number for number, name in enumerate(plan.sheets, 1)}
    put_text(sheet, CHOICE.moved(0, -1), "model to show", styles.label)
    sheet.write_string(CHOICE.row - 1, CHOICE.col - 1, BEST_MODEL, styles.option)
    sheet.data_validation(str(CHOICE), {
        "validate": "list", "source": [BEST_MODEL, *plan.sheets], "input_title": "model to show",
        "input_message": f"The sheets recommend, you, why, items, users and map show this model. {BEST_MODEL}: the one with the "
                         "least error on ratings held out.", "error_title": "No such model", "error_message": "Choose one of the list."})
    names = "{" + ",".join(f'"{name}"' for name in plan.sheets) + "}"
    least, own = fixed(plan.constant("least error on held out")), view.layout.sheet
    put_formula(sheet, plan.constant("model shown"), f"=IFERROR(MATCH({fixed(CHOICE)}&\"\",{names},0),{least})", styles.calc_whole)
    for name, where in ((CHOSEN_MODEL, CHOICE), (MODEL_NUMBER, plan.constant("model shown"))):
        workbook.define_name(name, f"={sheet.get_name()}!{Range.around([where]).absolute}")
    if plan.held:
        _best_two(sheet, styles, plan, place[own])
        _sentence(sheet, styles, plan, names)
    else:
        put_formula(sheet, plan.constant("least error on held out"), f"={place[own]}", styles.calc_whole)
        put_formula(sheet, CHOICE.moved(0, 1), f'=INDEX({names},{MODEL_NUMBER})&", on recommend, you, why, items, users and map. '
                    'No rating is held out to judge the models by."', styles.note_beside)
    _parameters(workbook, sheet, styles, plan, view)


def paired_errors(plan: CheckPlan, worse: str, better: str) -> tuple[str, str]:
    """Formulas of two columns of predictions of the held-out ratings: the mean difference of their squared errors, in
    standard errors (0 where they agree throughout), and how many ratings that is from."""
    observed = fixed(plan.of_held("observed"))
    there = f"ISNUMBER({worse})*ISNUMBER({better})"
    gain = f"IF({there},({observed}-{worse})^2-({observed}-{better})^2,\"\")"
    n = f"SUM({there})"
    return f"IF({n}<2,0,IFERROR(AVERAGE({gain})/STDEV({gain})*SQRT({n}),0))", n


def no_difference(to: str, n: str) -> str:
    """The formula of the words where two models differ by less than is sure; `to` and `n` are formulas."""
    return f'"no difference to "&{to}&" that "&IF({n}=1,"this one rating","these "&{n}&" ratings")&" can show"'


def _best_two(sheet, styles: Styles, plan: CheckPlan, otherwise: int) -> None:
    """Which models have the least errors on held-out ratings, and how sure their difference is."""
    first, last = (plan.model(name).moved(0, 1) for name in (plan.sheets[0], plan.sheets[-1]))
    errors = fixed(Range(first.row, first.col, last.row, last.col))
    best, second = plan.constant("least error on held out"), plan.constant("next")
    put_formula(sheet, best, f"=IF(COUNT({errors})=0,{otherwise},MATCH(MIN({errors}),{errors},0))", styles.calc_whole)
    others = f"IF((ROW({errors})-{first.row - 1}<>{fixed(best)})*ISNUMBER({errors}),{errors},1E9)"
    put_formula(sheet, second, f"=MATCH(MIN({others}),{others},0)", styles.calc_whole)
    block = _models(plan)
    surely, _ = paired_errors(plan, f"INDEX({block},0,{fixed(second)})", f"INDEX({block},0,{fixed(best)})")
    put_formula(sheet, plan.constant("standard errors between"), f"={surely}", styles.calc)


def _sentence(sheet, styles: Styles, plan: CheckPlan, names: str) -> None:
    """Beside the choice: what is shown, and whether that model is surely the best."""
    best, second, between = (fixed(plan.constant(which)) for which in ("least error on held out", "next", "standard errors between"))
    n = fixed(plan.counts.moved(0, 1))
    told = (f'IF({n}=0,"no rating is held out any more",IF({between}>{SURELY},INDEX({names},{best})&" predicts those held out better than "'
            f'&INDEX({names},{second}),INDEX({names},{best})&" has the least error on those held out, but "&{no_difference(f"INDEX({names},{second})", n)}))')
    put_formula(sheet, CHOICE.moved(0, 1), f'="Shown: "&INDEX({names},{MODEL_NUMBER})&". Of the models "&{told}&"."', styles.note_beside)


def _models(plan: CheckPlan) -> str:
    """The block of what the sheets predict of the held-out ratings."""
    first, last = plan.of_held(plan.sheets[0]), plan.of_held(plan.sheets[-1])
    return fixed(Range(first.top, first.left, last.bottom, last.right))


def _parameters(workbook: Workbook, sheet, styles: Styles, plan: CheckPlan, view: View) -> None:
    """The blocks of the model shown, with names like those of a model sheet."""
    put_text(sheet, Cell(CHECK_FIRST - 2, plan.of_chosen("user_bias").left), "the model shown: user bias and factors; item bias and factors",
             styles.calc_head)
    for role in CHOSEN_BLOCKS:
        where = plan.of_chosen(role)
        workbook.define_name(block_name(CHOSEN, role), f"={sheet.get_name()}!{where.absolute}")

        def block(layout, role=role, where=where) -> str:
            if getattr(layout, role) is not None:
                return block_name(layout.sheet, role)
            return "0*" + ("ROW" if role == "user_bias" else "COLUMN") + f"({ref(where)})"
        put_array(sheet, where, f"={view.of_chosen(block)}", styles.calc)
