"""The sheet `days` of a model that learnt from times: a rating a row, with its day, and what the model predicts for that day."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.content import DayRows
from workbook.write.display_labels import put_label, width_of
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale, print_setup
from workbook.write.write_cells import put_formula, put_number, put_text

DAYS_SHEET = "days"
DAYS_HEAD = 8           # the row of the columns' names
MOST_LISTED = 1_000     # ratings: each looks up its labels by itself
_SPARE = 5              # rows below them for pairs that somebody asks of
_OF_USER = 1_000_000_000    # what is looked up is user · this + day; a user's row of all other days has half a day
_NAMES = ("user", "item", "day", "rating", "on that day", "latest day", "user no.", "item no.", "row")


def listed_block(ratings: int) -> Range:
    """The cells of the list, with the rows to spare."""
    return Range(DAYS_HEAD + 1, 1, DAYS_HEAD + min(ratings, MOST_LISTED) + _SPARE, len(_NAMES))


def write_days(workbook: Workbook, styles: Styles, view: View, days: DayRows) -> None:
    """Add the sheet. `days` are those of the trained model, and stay what they are; everything else is formulas."""
    sheet, content = workbook.add_worksheet(DAYS_SHEET), view.content
    where = listed_block(len(content.ratings))
    k, left = content.n_factors, where.right + 2
    table = Range(DAYS_HEAD + 1, left, DAYS_HEAD + len(days.users), left + 3 + k)
    _words(sheet, styles, view, where, days)
    for col, name in enumerate(_NAMES, 1):
        put_text(sheet, Cell(DAYS_HEAD, col), name, styles.header if col < 7 else styles.calc_head)
    for row in range(where.top, where.bottom + 1):
        for col, formula in _formulas(view, row, table, biases=days.biases is not None).items():
            style = {4: styles.rating, 5: styles.prediction, 6: styles.prediction}.get(col, styles.calc_whole)
            put_formula(sheet, Cell(row, col), formula, style)
    _asked(sheet, styles, view, where, days)
    _table(sheet, styles, view, table, days)
    for col in (5, 6):
        sheet.conditional_format(*box(Range(where.top, col, where.bottom, col)), colour_scale(*content.scale))
    sheet.set_column(0, 0, width_of(content.users, least=10), styles.text)
    sheet.set_column(1, 1, width_of(content.items, least=10), styles.text)
    sheet.set_column(2, 2, 12, styles.text)
    sheet.set_column(3, 5, 11, styles.text)
    sheet.set_column(left - 1, left - 1, width_of(content.users, least=10), styles.text)
    sheet.set_column(left, left, 12, styles.text)
    sheet.set_row(0, 24)
    sheet.freeze_panes(DAYS_HEAD, 0)
    print_setup(sheet, repeat=(DAYS_HEAD - 1, DAYS_HEAD - 1))


def _formulas(view: View, row: int, table: Range, *, biases: bool) -> dict[int, str]:
    """The formulas of a row of the list, by column."""
    user, item, place = (ref(Cell(row, col), cols=True) for col in (7, 8, 9))
    both, day = f"COUNT({user},{item})<2", ref(Cell(row, 3), cols=True)
    rated = f"INDEX({view.name('ratings')},{user},{item})"
    keys = ref(Range(table.top, table.left + 2, table.bottom, table.left + 2), rows=True, cols=True)
    bias = ref(Range(table.top, table.left + 3, table.bottom, table.left + 3), rows=True, cols=True)
    factors = ref(Range(table.top, table.left + 4, table.bottom, table.right), rows=True, cols=True)

    def predicted(of_user: str, its_bias: str, which: str) -> str:
        product = f"SUM(MMULT(INDEX({of_user},{which},0),INDEX({view.name('item_factors')},0,{item})))"
        return f"{product}+INDEX({its_bias},{which})+INDEX({view.name('item_bias')},{item})" if biases else product

    usual = predicted(view.name("user_factors"), view.name("user_bias"), user)

    def number(what: str, col: int) -> str:
        label = ref(Cell(row, col), cols=True)
        return f'=IF({label}="","",IFERROR(MATCH(1,({view.name(f"{what}_ids")}&""={label}&"")*1,0),""))'

    return {4: f'=IF({both},"",IF(ISNUMBER({rated}),{rated},""))',
            5: f'=IF({both},"",IF(ISNUMBER({place}),{predicted(factors, bias, place)},{usual}))',
            6: f'=IF({both},"",{usual})',
            7: number("user", 1), 8: number("item", 2),
            9: f'=IF(AND(ISNUMBER({user}),ISNUMBER({day})),IFERROR(MATCH({user}*{_OF_USER}+INT({day}),{keys},0),'
               f'IFERROR(MATCH({user}*{_OF_USER}+0.5,{keys},0),"")),"")'}


def _asked(sheet, styles: Styles, view: View, where: Range, days: DayRows) -> None:
    """The pairs and their days, and below them cells to type others into."""
    ratings, content = view.content.ratings, view.content
    for row in range(where.top, where.bottom + 1):
        n = row - where.top
        if n >= min(len(ratings), MOST_LISTED):
            for col, style in ((1, styles.choice), (2, styles.choice), (3, styles.day_asked if days.dated else styles.choice)):
                sheet.write_blank(row - 1, col - 1, None, style)
            continue
        put_label(sheet, row, 1, content.users[ratings.user_index[n]], styles.choice)
        put_label(sheet, row, 2, content.items[ratings.item_index[n]], styles.choice)
        day, style = None if days.of_ratings is None else days.of_ratings[n], styles.day_asked if days.dated else styles.choice
        if day is None:
            sheet.write_blank(row - 1, 2, None, style)
        else:
            put_number(sheet, Cell(row, 3), float(day), style)


def _table(sheet, styles: Styles, view: View, table: Range, days: DayRows) -> None:
    """Each user's days, and in one row more what they are like on all others."""
    content, k = view.content, view.content.n_factors
    for col, name in enumerate(("user", "day", "key", "bias", *(str(number) for number in range(1, k + 1))), table.left):
        put_text(sheet, Cell(DAYS_HEAD, col), name, styles.header)
    for n, row in enumerate(range(table.top, table.bottom + 1)):
        user, day = int(days.users[n]), days.numbers[n]
        put_label(sheet, row, table.left, content.users[user], styles.user)
        if day is None:
            put_text(sheet, Cell(row, table.left + 1), "any other", styles.result_text)
        else:
            put_number(sheet, Cell(row, table.left + 1), float(day), styles.day_known if days.dated else styles.whole)
        put_number(sheet, Cell(row, table.left + 2), (user + 1) * _OF_USER + (0.5 if day is None else float(day)), styles.calc_whole)
        if days.biases is not None:
            put_number(sheet, Cell(row, table.left + 3), float(days.biases[n]), styles.lookup)
        for factor in range(k):
            put_number(sheet, Cell(row, table.left + 4 + factor), float(days.factors[n, factor]), styles.lookup)


def _words(sheet, styles: Styles, view: View, where: Range, days: DayRows) -> None:
    put_text(sheet, Cell(1, 1), "Days", styles.title)
    for row, line in enumerate((
            "The model learnt from times: a user is a little different on each day on which they rated. Type another user, item or day in a yellow cell.",
            "A day on which the user rated nothing is predicted as any other day; without a day, the prediction is that of the user's latest one, as on "
            f"the sheet {view.layout.sheet}.",
            "The rows of the days, at the right, are the trained model's: a fit in this workbook does not change them."), 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    if len(view.content.ratings) > MOST_LISTED:
        put_text(sheet, Cell(5, 1), f"The first {MOST_LISTED:,} of {len(view.content.ratings):,} ratings are listed.", styles.note)
    rated, on_day, latest = (ref(Range(where.top, col, where.bottom - _SPARE, col), rows=True) for col in (4, 5, 6))
    put_text(sheet, Cell(6, 4), "RMSE", styles.label)
    for col, predicted in ((5, on_day), (6, latest)):
        errors = f"SUM(IF(ISNUMBER({rated}),({rated}-{predicted})^2))"
        put_formula(sheet, Cell(6, col), f'=IFERROR(SQRT({errors}/COUNT({rated})),"")', styles.calculated)
