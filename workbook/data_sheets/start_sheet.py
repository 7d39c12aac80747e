"""The sheet `start`: what this is, how to fit, the settings and the last results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook

from pyxl.grid.block_names import PYTHON, RESULTS, SETTINGS, result_name, setting_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.layout import Layout
from solver.core.options import AUTO, Names, Number, Option, Whole
from solver.core.settings import OPTIONS, honoured_by
from solver.reading.rating_columns import how_many_of
from workbook.model_sheets.solver_names import MOST_CHANGING_CELLS, changing_cells
from workbook.write.content import Content
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_formula

START_SHEET = "start"
_LEFT_OPEN = ("weight_decay",)  # in a new workbook, by the word for it
_LARGEST_WHOLE = 2 ** 31 - 1    # in the rules of a cell

INTRODUCTION = (
    "Collaborative filtering: every user and every item gets a few numbers (factors), and a rating is predicted from them.",
    "The model sheets compute predictions and their error (RMSE) with live formulas; fitting finds the factors with the least error.",
    "Change a rating on the sheet ratings, or a factor, and watch: whatever depends on it follows at once.",
)
_BUTTONS = "Go to a model sheet and press Fit: watch it learn. Stop keeps the best so far, Restore undoes it. New people or films on the sheet ratings: press Update there."
LIVE = "(the workbook stays open: watch it learn, and stop it on its sheet)"
BUTTONS_START = "(what the buttons start; on another machine: collabsheet doctor BOOK --repair)"
RUN_MAIN_STARTS = "(what xlwings' Run main starts, the button for a workbook without macros)"
_RESULT_HEIGHT = 40     # of three lines: why a fit ended, and which weight decay was chosen
_RESULT_HEADERS = ("sheet", "model", "RMSE now", "before fit", "after fit", "epochs", "why the fit ended")


@dataclass(frozen=True)
class Stop:
    """A stop of the tour: a cell to look at, and what to ask oneself before."""

    sheet: str
    cell: Cell
    question: str


def write_start(workbook: Workbook, styles: Styles, sheet, content: Content, layouts: Mapping[str, Layout],
                views: Mapping[str, str], file_name: str, *, tour: Sequence[Stop]) -> None:
    """Fill the sheet, which must be the workbook's first; `layouts` are the model sheets, and `views` has a sentence for each
    sheet beside them."""
    for col, width in enumerate((2, 16, 16, 12, 12, 12, 10, 64)):
        sheet.set_column(col, col, width, styles.text)
    sheet.set_default_row(17)
    ratings = content.ratings
    sheet.set_row(1, 26)
    sheet.write_string("B2", "collabsheet", styles.title)
    held = f"; {how_many_of(len(content.held), 'more rating')} held out" if len(content.held) else ""
    sheet.write_string("C2", f"{how_many_of(len(ratings), 'rating')} by {how_many_of(ratings.n_users, 'user')} of "
                             f"{how_many_of(ratings.n_items, 'item')}, {how_many_of(content.n_factors, 'factor')}{held}", styles.note)
    row = _lines(sheet, styles, 3, INTRODUCTION)

    row = _heading(sheet, styles, row + 1, "How to fit")
    row = _how_to(workbook, sheet, styles, row, content, layouts, file_name)
    row = _heading(sheet, styles, row + 1, "A tour: answer each question before you look")
    row = _tour(sheet, styles, row, tour)
    row = _heading(sheet, styles, row + 1, "Settings")
    row = _settings(workbook, sheet, styles, row, content)
    row = _heading(sheet, styles, row + 1, "Results")
    row = _results(workbook, sheet, styles, row, layouts)
    row = _heading(sheet, styles, row + 1, "Ask the models")
    row = _views(sheet, styles, row, views)
    row = _heading(sheet, styles, row + 1, "Colours")
    last = _key(sheet, styles, row, content)
    sheet.print_area(0, 0, last - 1, 7)     # a long reason in the results would make all else small
    print_setup(sheet, one_page=True)
    sheet.activate()


def _lines(sheet, styles: Styles, row: int, lines: Sequence[str]) -> int:
    for line in lines:
        sheet.write_string(row - 1, 1, line, styles.text)
        row += 1
    return row


def _heading(sheet, styles: Styles, row: int, text: str) -> int:
    for col in range(1, 8):
        sheet.write_blank(row - 1, col, None, styles.heading)
    sheet.write_string(row - 1, 1, text, styles.heading)
    return row + 1


def _how_to(workbook: Workbook, sheet, styles: Styles, row: int, content: Content, layouts: Mapping[str, Layout],
            file_name: str) -> int:
    argument = f'"{file_name}"' if " " in file_name else file_name
    too_large = [name for name, layout in layouts.items()
                 if sum(r.size for r in changing_cells(layout)) > MOST_CHANGING_CELLS]
    solver = "Go to a model sheet, then Data > Solver > Solve: the model is set up."
    if len(too_large) == len(layouts):
        solver = f"Solver takes at most {MOST_CHANGING_CELLS} changing cells, and every model sheet has more: fit by the lines below."
    elif too_large:
        solver += f" (Not on {', '.join(too_large)}: Solver takes at most {MOST_CHANGING_CELLS} changing cells.)"
    for label, text in ((("Buttons", _BUTTONS),) if content.macros else ()) + (("In Excel", solver),):
        sheet.write_string(row - 1, 1, label, styles.label)
        sheet.write_string(row - 1, 2, text, styles.beside)
        row += 1
    for label, text, note in (
            ("Command line", f"collabsheet fit {argument} --in-place", "(close the workbook first; all model sheets are fitted)"),
            ("Live", f"collabsheet fit {argument} --live", LIVE),
            ("Python", content.python, BUTTONS_START if content.macros else RUN_MAIN_STARTS)):
        sheet.write_string(row - 1, 1, label, styles.label)
        for col in range(2, 7):
            sheet.write_blank(row - 1, col, None, styles.code)
        sheet.write_string(row - 1, 2, text, styles.code)
        sheet.write_string(row - 1, 7, note, styles.note_beside)
        row += 1
    workbook.define_name(PYTHON, f"={START_SHEET}!$C${row - 1}")
    return row


def _tour(sheet, styles: Styles, row: int, tour: Sequence[Stop]) -> int:
    for number, stop in enumerate(tour, 1):
        sheet.write_url(row - 1, 1, f"internal:{quoted(stop.sheet)}!{stop.cell}", styles.link, f"{number}. {stop.sheet} {stop.cell}")
        sheet.write_string(row - 1, 2, stop.question, styles.beside)
        row += 1
    return row


def _settings(workbook: Workbook, sheet, styles: Styles, row: int, content: Content) -> int:
    values = {"seed": content.seed, **dict.fromkeys(_LEFT_OPEN, AUTO)}
    for name in SETTINGS:
        option = OPTIONS[name]
        sheet.write_string(row - 1, 1, option.label, styles.label)
        _write(sheet, row - 1, 2, values.get(name, option.default), styles.option)
        sheet.write_string(row - 1, 3, _meaning(option), styles.note_beside)
        sheet.data_validation(row - 1, 2, row - 1, 2, _rule(option, f"C{row}") | {
            "ignore_blank": option.values.optional, "input_title": option.label, "input_message": _meaning(option),
            "error_title": f"This is no {option.label}"})
        workbook.define_name(setting_name(name), f"={START_SHEET}!$C${row}")
        row += 1
    return row


def _meaning(option: Option) -> str:
    """What a settings cell is for, and what a blank stands for."""
    users = honoured_by(option.name).get("optimizer")
    used = f" Used by {', '.join(users)}." if users else ""
    return option.help + used + (f" {_open(option)}: {option.unset}." if option.values.optional else "")


def _open(option: Option) -> str:
    """What a cell holds whose setting is left open."""
    return f"{AUTO}, or blank" if option.name in _LEFT_OPEN else "Blank"


def _rule(option: Option, cell: str) -> dict:
    """The data validation of a settings cell, in XlsxWriter's words."""
    if option.name in _LEFT_OPEN:
        return {"validate": "custom", "value": f'=IF(ISNUMBER({cell}),{cell}>=0,LOWER({cell})="{AUTO}")',
                "error_message": f"Give {option.values.told}, or the word {AUTO}."}
    match option.values:
        case Names(table):
            return {"validate": "list", "source": list(table), "error_message": "Choose one of the list."}
        case Whole(least=least, most=most):
            rule = {"validate": "integer", "criteria": "between", "minimum": least,
                    "maximum": min(most or _LARGEST_WHOLE, _LARGEST_WHOLE)}
        case Number(least=None, above=above):
            rule = {"validate": "decimal", "criteria": ">", "value": above}
        case Number(least=least, most=None, below=None):
            rule = {"validate": "decimal", "criteria": ">=", "value": least}
        case Number(least=least, most=most, below=below):
            rule = {"validate": "decimal", "criteria": "between", "minimum": least,
                    "maximum": most if below is None else below - 1e-9}
        case other:
            raise TypeError(f"no rule for {other!r}")
    blank = ", or leave the cell blank" if option.values.optional else ""
    return rule | {"error_message": f"Give {option.values.told}{blank}."}


def _results(workbook: Workbook, sheet, styles: Styles, row: int, layouts: Mapping[str, Layout]) -> int:
    for col, header in enumerate(_RESULT_HEADERS, 1):
        sheet.write_string(row - 1, col, header, styles.header_left if col in (1, 2, 7) else styles.header)
    for name, layout in layouts.items():
        row += 1
        sheet.set_row(row - 1, _RESULT_HEIGHT)
        sheet.write_url(row - 1, 1, f"internal:{quoted(name)}!A1", styles.link, name)
        sheet.write_string(row - 1, 2, layout.variant, styles.result_text)
        put_formula(sheet, Cell(row, 4), f"={quoted(name)}!{layout.rmse}", styles.calculated)
        looks = {"epochs": styles.result_whole, "stop": styles.result_lines}
        for col, what in enumerate(RESULTS, 4):
            sheet.write_blank(row - 1, col, None, looks.get(what, styles.result))
            cell = Range(row, col + 1, row, col + 1)
            workbook.define_name(result_name(name, what), f"={START_SHEET}!{cell.absolute}")
    return row + 1


def _views(sheet, styles: Styles, row: int, views: Mapping[str, str]) -> int:
    for name, sentence in views.items():
        sheet.write_url(row - 1, 1, f"internal:{quoted(name)}!A1", styles.link, name)
        sheet.write_string(row - 1, 2, sentence, styles.beside)
        row += 1
    return row


def _key(sheet, styles: Styles, row: int, content: Content) -> int:
    held = [(None, styles.held, "rated, but held out: the sheet check judges the models by it")] if len(content.held) else []
    for sample, style, text in (
            (0.85, styles.factor, "a parameter: a fit writes these cells, and only these"),
            (None, styles.option, "yours to change: a setting"),
            (0.3929, styles.calculated, "the error that a fit makes small: a live formula"),
            (None, styles.blank, "not rated: a rating typed on the sheet ratings comes here"),
            *held,
            (3.7, styles.key_predicted, "in a filled table: predicted, because nobody rated")):
        _write(sheet, row - 1, 1, sample, style)
        sheet.write_string(row - 1, 2, text, styles.beside)
        row += 1
    return row - 1


def _write(sheet, row: int, col: int, value, style) -> None:
    if value is None:
        sheet.write_blank(row, col, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, col, value, style)
    else:
        sheet.write_number(row, col, value, style)
