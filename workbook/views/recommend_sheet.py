"""The sheet `recommend`: choose a user, see the ten best of what they have not rated."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.views.best_list import BUILT_HIGH, BUILT_LOW, HIGH, LOW, N_BEST, Candidates, write_best
from workbook.views.calibrated_list import HEIGHT, write_calibrated
from workbook.views.check.check_sheet import CHECK_SHEET as CHECK
from workbook.views.check.check_sheet import check_plan
from workbook.views.check.reliability import of_user, within, words_on_within
from workbook.views.choice import unknown, with_most_blanks, write_choice
from workbook.write.display_labels import width_of
from workbook.write.references import ref
from workbook.write.styles import Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

_NAME = "recommend"
CHOSEN_USER, LOWEST, HIGHEST = Cell(5, 2), Cell(6, 2), Cell(7, 2)
_HEAD = 9
CHOSEN_NUMBER = Cell(5, 8)     # the number of the chosen user
_BUILT = (Cell(6, 8), Cell(7, 8))   # the lowest and the highest rating as they were written, by which an update knows what was typed
WORKING = 7             # first column of the calculation
CALIBRATED = _HEAD + N_BEST + 3     # the row of the second list, where genres are known


def write_recommend(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet. It holds the two cells within which all predictions of the workbook's views are kept."""
    sheet, n = workbook.add_worksheet(_NAME), len(view.content.items)
    items, rated, sums, open_ = (Range(_HEAD + 1, WORKING + shift, _HEAD + n, WORKING + shift) for shift in range(4))
    _words(sheet, styles, view)
    _range(workbook, sheet, styles, view)
    write_choice(sheet, styles, view, "user", cell=CHOSEN_USER, number=CHOSEN_NUMBER, chosen=with_most_blanks(view.content.given.crosstab()))

    user = ref(CHOSEN_NUMBER, rows=True, cols=True)
    row = f"INDEX({view.name('ratings')},{user},0)"
    total = f"MMULT(INDEX({view.name('user_factors')},{user},0),{view.name('item_factors')})"
    if view.biases:
        total += f"+{view.name('item_bias')}+INDEX({view.name('user_bias')},{user})"
    put_array(sheet, items, f"=TRANSPOSE({view.name('item_ids')})", styles.calc_label)
    given = f'TRANSPOSE(IF({row}="","",{row}))'
    if len(view.content.held):  # rated too, though no model sheet shows it
        plan = check_plan(view)
        of_held, of_items = (f"{CHECK}!{ref(plan.of_held(which), rows=True, cols=True)}" for which in ("user no.", "item no."))
        numbers = f"ROW({ref(items)})-{_HEAD}"
        given = f'IF(ISNUMBER(MATCH({user}*{n}+{numbers},{of_held}*{n}+{of_items},0)),"held out",{given})'
    put_array(sheet, rated, f'=IF({user}="","",{given})', styles.calc)
    put_array(sheet, sums, f'=IF({user}="","",TRANSPOSE({total}))', styles.calc)
    put_array(sheet, open_, f'=IF({ref(rated)}="",{ref(sums)},"")', styles.calc)

    best = write_best(sheet, styles, view, Candidates(items, sums, open_), head=Cell(_HEAD, 1), working=Cell(_HEAD, WORKING + 4))
    for which in best.cells():
        column, count = f"INDEX({view.name('ratings')},0,{which})", Cell(which.row, 4)
        put_array(sheet, count, f'=IF({which}="","",COUNT({column}))', styles.whole)
        put_array(sheet, count.moved(0, 1), f'=IF(N({count})=0,"",AVERAGE({column}))', styles.ranked)
        put_array(sheet, count.moved(0, 2), f'=IF({which}="","",{within(of_user(user), str(which))})', styles.ranked)
    put_array(sheet, CHOSEN_USER.moved(0, 1), f'=IF({user}="",{unknown(view, "user", CHOSEN_USER)},"has rated "&SUM(({ref(rated)}<>"")*1)'
            f'&" of {n:,} items"&IF(COUNT({ref(open_)})=0,": nothing is left to recommend.","."))', styles.note_beside)
    last, right = _HEAD + N_BEST, WORKING + 5
    if genres := view.content.trained and view.content.trained.genres:
        right = write_calibrated(sheet, styles, view, genres, Candidates(items, sums, open_), rated=rated, by_prediction=best,
                                 title=Cell(CALIBRATED, 1), working=Cell(_HEAD, WORKING + 6))
        last = CALIBRATED + HEIGHT + len(genres.names)
    fold_helpers(sheet, WORKING, right, 12, styles.calc)
    sheet.print_area(0, 0, last, WORKING - 2)
    print_setup(sheet, landscape=False, one_page=True)


def _words(sheet, styles: Styles, view: View) -> None:
    widths = (9, width_of(view.content.items, least=30, most=46), 11, 11, 11, 11)
    for col, width in enumerate(widths):
        sheet.set_column(col, col, width, styles.text)
    sheet.set_row(0, 24)
    put_text(sheet, Cell(1, 1), "Recommendations", styles.title)
    put_text(sheet, Cell(2, 1), "The ten items that the model predicts highest for one user, of those that the user has not rated.", styles.note)
    put_text(sheet, Cell(3, 1), f"Choose a user in the yellow cell. It is live: it shows {view.followed}, "
                            "and follows every rating and every fit.", styles.note)
    put_formula(sheet, Cell(_HEAD + N_BEST + 1, 2), f"={words_on_within()}", styles.note_beside)
    for col, header in enumerate(("ratings", "their mean", "± of 9 in 10"), 4):
        put_text(sheet, Cell(_HEAD, col), header, styles.header)
    put_text(sheet, CHOSEN_NUMBER.moved(-1, -1), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    put_text(sheet, CHOSEN_NUMBER.moved(0, -1), "number of the user", styles.calc_head)
    for col, header in enumerate(("all items", "rated", "factors · + biases" if view.biases else "factors ·", "where not rated"), WORKING):
        put_text(sheet, Cell(_HEAD, col), header, styles.calc_head)


def _range(workbook: Workbook, sheet, styles: Styles, view: View) -> None:
    for cell, built, what, side, names, value in zip((LOWEST, HIGHEST), _BUILT, ("lowest", "highest"), ("above", "below"),
                                                     ((LOW, BUILT_LOW), (HIGH, BUILT_HIGH)), view.content.rating_range):
        put_text(sheet, cell.moved(0, -1), what, styles.label)
        put_number(sheet, cell, value, styles.choice)
        put_text(sheet, cell.moved(0, 1), f"the {what} rating there is: predictions are kept {side} it", styles.note_beside)
        put_text(sheet, built.moved(0, -1), f"{what} as built", styles.calc_head)
        put_number(sheet, built, value, styles.calc)
        for name, where in zip(names, (cell, built)):
            workbook.define_name(name, f"={_NAME}!{Range.around([where]).absolute}")
