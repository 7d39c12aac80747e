"""The sheet `why`: a prediction taken apart into mean, biases and each factor's part."""

from __future__ import annotations

import numpy as np
from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.views.best_list import kept_in_range
from workbook.views.choice import unknown, with_most_blanks, write_choice
from workbook.views.waterfall import write_waterfall
from workbook.write.display_labels import width_of
from workbook.write.references import box, ref
from workbook.write.styles import BARS, Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text, put_words, quoted_text

_NAME = "why"
EXPLAINED_USER, ITEM = Cell(5, 2), Cell(6, 2)
WHY_HEAD = 9
PART = 5                                    # the column of the parts; left of it are the user's and the item's factors
USER_NUMBER, ITEM_NUMBER = Cell(5, 8), Cell(6, 8)
USER_MEAN, ITEM_MEAN = Cell(7, 8), Cell(8, 8)
_CHART_ROWS = 18        # rows that the waterfall covers, with an empty one below
_MEANINGS = (("mean", "what the average user gives the average item, before any taste"),
             ("user bias", "how much more or less this user gives than the average one"),
             ("item bias", "how much more or less this item gets than the average one"))


def write_why(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet."""
    sheet, k = workbook.add_worksheet(_NAME), view.content.n_factors
    table = view.content.given.crosstab()
    user = with_most_blanks(table)
    _words(sheet, styles, view)
    write_choice(sheet, styles, view, "user", cell=EXPLAINED_USER, number=USER_NUMBER, chosen=user)
    write_choice(sheet, styles, view, "item", cell=ITEM, number=ITEM_NUMBER, chosen=int(np.isnan(table[user]).argmax()))
    first = WHY_HEAD + 1
    if view.biases:
        _means(sheet, styles, view, Cell(first, PART))
        first += len(_MEANINGS)
    for factor in range(1, k + 1):
        row = first + factor - 1
        put_text(sheet, Cell(row, 1), f"factor {factor}", styles.listed)
        put_text(sheet, Cell(row, 2), "the user's times the item's" if factor == 1 else "", styles.listed)
        for cell, value in ((Cell(row, 3), f"INDEX({view.name('user_factors')},{_fixed(USER_NUMBER)},{factor})"),
                            (Cell(row, 4), f"INDEX({view.name('item_factors')},{factor},{_fixed(ITEM_NUMBER)})"),
                            (Cell(row, PART), f"{Cell(row, 3)}*{Cell(row, 4)}")):
            put_array(sheet, cell, _if_chosen(value), styles.ranked)
    parts = Range(WHY_HEAD + 1, PART, first + k - 1, PART)
    total, predicted, rated = (Cell(parts.bottom + shift, PART) for shift in (1, 2, 3))
    given = f"INDEX({view.name('ratings')},{_fixed(USER_NUMBER)},{_fixed(ITEM_NUMBER)})"
    bent = view.of_chosen(lambda layout: quoted_text(("through the sigmoid, and " if layout.low else "") + "kept within the range of the ratings"))
    for cell, name, meaning, value in (
            (total, "sum", quoted_text(""), f"SUM({ref(parts)})"),
            (predicted, "prediction", bent, kept_in_range(view.into_range(str(total)))),
            (rated, "rating", quoted_text("what the user gave"), f'IF({given}="","none",{given})')):
        put_text(sheet, Cell(cell.row, 1), name, styles.header_left)
        put_words(sheet, Cell(cell.row, 2), meaning, styles.note_beside)
        put_array(sheet, cell, _if_chosen(value), styles.ranked)
    deviations = Range(parts.top + view.biases, PART, parts.bottom, PART)   # without the mean, beside which all bars would be short
    sheet.conditional_format(*box(deviations), BARS)
    write_waterfall(workbook, sheet, styles, deviations, USER_NUMBER.col - 1, Cell(rated.row + 2, 1),
                    title="What lifts and lowers the prediction" + (", from the mean" if view.biases else ""))
    sheet.print_area(0, 0, rated.row + _CHART_ROWS, PART - 1)
    print_setup(sheet, landscape=False, one_page=True)


def _means(sheet, styles: Styles, view: View, first: Cell) -> None:
    """Write mean and biases. The model sheet has no cell for the mean: it is part of the biases, and is separated from them here."""
    for cell, bias in ((USER_MEAN, "user_bias"), (ITEM_MEAN, "item_bias")):
        live = f"AVERAGE({view.name(bias)})"
        if view.content.trained:    # the offset of the trained model that the numbers come from
            put_number(sheet, cell.moved(0, 1), view.content.trained.offset / 2, styles.calc)
            live = view.until_fitted(ref(cell.moved(0, 1)), live)
        put_formula(sheet, cell, f"={live}", styles.calc)
    own = (f"{_fixed(USER_MEAN)}+{_fixed(ITEM_MEAN)}", f"INDEX({view.name('user_bias')},{_fixed(USER_NUMBER)})-{_fixed(USER_MEAN)}",
           f"INDEX({view.name('item_bias')},{_fixed(ITEM_NUMBER)})-{_fixed(ITEM_MEAN)}")
    for row, ((name, meaning), value) in enumerate(zip(_MEANINGS, own), first.row):
        put_text(sheet, Cell(row, 1), name, styles.listed)
        put_text(sheet, Cell(row, 2), meaning, styles.listed)
        for col in (3, 4):
            put_text(sheet, Cell(row, col), "", styles.ranked)
        put_array(sheet, Cell(row, first.col), _if_chosen(value), styles.ranked)


def _if_chosen(value: str) -> str:
    return f'=IF(ISNUMBER({_fixed(USER_NUMBER)}+{_fixed(ITEM_NUMBER)}),{value},"")'


def _words(sheet, styles: Styles, view: View) -> None:
    wide = width_of(view.content.items, least=52, most=56)
    for col, width in enumerate((12, wide, 11, 11, 11, 3)):
        sheet.set_column(col, col, width, styles.text)
    fold_helpers(sheet, USER_NUMBER.col - 1, USER_NUMBER.col + 5, 9, styles.calc)
    sheet.set_row(0, 24)
    put_text(sheet, Cell(1, 1), "Why", styles.title)
    put_text(sheet, Cell(2, 1), "What the prediction for one user and one item is made of: the parts add up to it.", styles.note)
    put_text(sheet, Cell(3, 1), f"Choose both in the yellow cells. A part above 0 speaks for the item; factors are those of {view.followed}.", styles.note)
    for what, cell, own in (("user", EXPLAINED_USER, USER_NUMBER), ("item", ITEM, ITEM_NUMBER)):
        put_array(sheet, cell.moved(0, 1), f'=IF({_fixed(own)}="",{unknown(view, what, cell)},"")', styles.note_beside)
        put_text(sheet, own.moved(0, -1), f"number of the {what}", styles.calc_head)
    put_text(sheet, USER_NUMBER.moved(-1, -1), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    if view.biases:
        for what, cell in (("user", USER_MEAN), ("item", ITEM_MEAN)):
            put_text(sheet, cell.moved(0, -1), f"mean in the {what} biases", styles.calc_head)
    for col, header in enumerate(("part", "", "user's", "item's", "adds"), 1):
        put_text(sheet, Cell(WHY_HEAD, col), header, styles.header_left if col < 3 else styles.header)


def _fixed(where: Cell | Range) -> str:
    return ref(where, rows=True, cols=True)
