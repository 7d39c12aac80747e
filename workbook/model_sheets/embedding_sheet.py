"""The sheet `embedding`: the dot product once more, a rating a row, its factors looked up."""

from __future__ import annotations

import re

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from pyxl.grid.cells import Cell, Range, quoted
from workbook.write.content import Content
from workbook.write.display_labels import put_label, width_of
from workbook.write.references import box, ref
from workbook.write.source_formulas import label_wanted
from workbook.write.styles import Styles, colour_scale, print_setup
from workbook.write.write_cells import put_array, put_formula, put_text

from .buttons import FIRST_ROW, LEAST_WIDTH, ONE_LINE, write_buttons
from .controls import write_controls
from .geometry import Crosstab, LongForm, LookedUp
from .solver_names import solver_note

# Users × items up to which the looked-up factors stand beside the ratings, as in the lesson, and the list of ratings
# itself follows the crosstab. Above it a prediction looks its factors up by itself (21,000 ratings with 20 factors would
# otherwise need a million formulas), and the list of pairs is typed: to find 20,000 pairs anew after every rating that
# is typed took LibreOffice over 4 s.
MOST_COPIES = 1_000

_NOTES = ("The model of dotprod, a rating a row:", "equal factors give an equal RMSE.")


def write_embedding(workbook: Workbook, styles: Styles, plan: LongForm, content: Content, of: Crosstab) -> None:
    """Add the sheet, with the ratings of the crosstab `of`; its parameters are still to be written."""
    layout, sheet = plan.layout, workbook.add_worksheet(plan.layout.sheet)
    _tables(sheet, styles, plan, content)
    _headers(sheet, styles, plan, content)
    if plan.rated_before is None:
        _listed(sheet, styles, plan, content, of)
        _find_in_source(sheet, styles, plan, content.wild_labels)
    else:
        _count_before(sheet, styles, plan.rated_before, of)
    for column, style, formula in _live_columns(plan, content, of):
        looks = getattr(styles, style)
        # SUMPRODUCT adds up whatever it is given, and the place and the rating read typed cells: a formula a row
        if plan.rated_before is None and column in (plan.user.index, plan.item.index, plan.errors):
            put_array(sheet, column, _spread(formula, column), looks)
            continue
        for row in range(column.top, column.bottom + 1):
            what = formula.format(row=row, first=column.top)
            if plan.rated_before and column == plan.places:     # it computes with arrays
                put_formula(sheet, Cell(row, column.left), what, looks)
            else:
                sheet.write_formula(row - 1, column.left - 1, what, looks)
    write_controls(sheet, styles, plan)
    if content.macros:
        write_buttons(sheet)
    errors, rmse = plan.errors, layout.rmse
    sheet.write_string(rmse.row - 2, rmse.col - 1, "RMSE", styles.header)
    what = f"=SQRT(AVERAGE({ref(errors)}))"
    if plan.rated_before is None:
        put_formula(sheet, rmse, what, styles.calculated)
    else:
        sheet.write_formula(rmse.row - 1, rmse.col - 1, what, styles.calculated)
    for row, line in enumerate((*_NOTES, solver_note(layout)), plan.item.ids.bottom + 2):
        sheet.write_string(row - 1, 1, line, styles.note)
    sheet.conditional_format(*box(layout.predictions), colour_scale(*content.scale))
    print_setup(sheet, repeat=(0, 1))
    sheet.freeze_panes(2, 0)


def _live_columns(plan: LongForm, content: Content, of: Crosstab) -> list[tuple[Range, str, str]]:
    """(column, its style, its formula with ``{row}`` for the row and ``{first}`` for the first) of all columns of the long table."""
    layout, wild = plan.layout, content.wild_labels
    place, factors = _in_row(plan.places), []
    columns = _following(plan, plan.rated_before, content, of) if plan.rated_before else _read_from_source(plan)
    there = _if_there if plan.rated_before else _always
    for side, copies in ((plan.user, plan.user_copies), (plan.item, plan.item_copies)):
        wanted = label_wanted(_in_row(side.keys), wild)
        columns.append((side.index, "lookup_whole", there(place, f"MATCH({wanted},{ref(side.ids, rows=True, cols=True)},0)")))
        table = side.factors.range
        if copies is None:
            factors.append(f"INDEX({ref(table, rows=True, cols=True)},{_in_row(side.index)},0)")
            continue
        factors.append(_in_row(copies))
        for shift in range(table.shape[1]):
            source = Range(table.top, table.left + shift, table.bottom, table.left + shift)
            column = Range(copies.top, copies.left + shift, copies.bottom, copies.left + shift)
            columns.append((column, "lookup", there(place, f"INDEX({ref(source, rows=True)},${_in_row(side.index)})")))
    product, rating = f"SUMPRODUCT({','.join(factors)})", _in_row(layout.ratings)
    columns.append((layout.predictions, "prediction", f'=IF({place}="",0,{product})' if plan.rated_before else f"={product}"))
    columns.append((plan.errors, "lookup", _if_there(rating, f"({rating}-{_in_row(layout.predictions)})^2")))
    return columns


def _following(plan: LongForm, rated_before: Range, content: Content, of: Crosstab) -> list[tuple[Range, str, str]]:
    """The columns that list whatever the crosstab `of` holds, user by user."""
    layout, place, m = plan.layout, _in_row(plan.places), len(content.items)
    crosstab = _on(of, of.layout.ratings)
    # rating number n is of the last user who has fewer than n ratings above: one of those in that row
    *above, last = rated_before.cells()
    nth, before = f"ROWS(${place[:-5]}${{first}}:${place})", ref(Range.around(above), rows=True, cols=True)
    user = f"MATCH({nth}-1,{before},1)"
    rated = f"IF(ISNUMBER(INDEX({crosstab},{user},0)),COLUMN({crosstab})-COLUMN(INDEX({crosstab},1,1)))"
    found = f"({user}-1)*{m}+SMALL({rated},{nth}-INDEX({before},{user}))"      # counted from 0, row by row
    row, col = f"INT({place}/{m})+1", f"MOD({place},{m})+1"
    return [
        (plan.places, "lookup_whole", f'=IF({nth}>{ref(last, rows=True, cols=True)},"",{found})'),
        (plan.user.keys, "result_text", _if_there(place, f"INDEX({_on(of, of.user_ids)},{row})")),
        (plan.item.keys, "result_text", _if_there(place, f"INDEX({_on(of, of.item_ids)},{col})")),
        (layout.ratings, "rating", _if_there(place, f"INDEX({crosstab},{row},{col})"))]


def _in_source(plan: LongForm, side: LookedUp) -> Range:
    """Beside the history, in the row of each user and of each item: which row or column of the sheet `ratings` is theirs. To look each
    one up once, and not in the row of every rating, saves LibreOffice a fifth of a second."""
    return Range(side.ids.top, plan.history.right + 3, side.ids.bottom, plan.history.right + 3)


def _find_in_source(sheet, styles: Styles, plan: LongForm, wild: bool) -> None:
    for side, labels, words in ((plan.user, "source_user", "row of ratings"), (plan.item, "source_item", "column of ratings")):
        where = _in_source(plan, side)
        put_text(sheet, where.first.moved(-1, 0), words, styles.calc_head)
        for cell, label in zip(where.cells(), side.ids.cells()):
            wanted = label_wanted(ref(label, cols=True), wild)
            sheet.write_formula(cell.row - 1, cell.col - 1, f'=IFERROR(MATCH({wanted},{labels},0),"")', styles.calc_whole)


def _read_from_source(plan: LongForm) -> list[tuple[Range, str, str]]:
    """The columns that read the ratings of typed pairs on the sheet `ratings`."""
    layout, place = plan.layout, _in_row(plan.places)
    row, col = (f"INDEX({ref(_in_source(plan, side), rows=True, cols=True)},{_in_row(side.index)})" for side in (plan.user, plan.item))
    where = f"({row}-1)*COLUMNS(source)+{col}-1"      # counted from 0, row by row
    rating = f"INDEX(source,INT({place}/COLUMNS(source))+1,MOD({place},COLUMNS(source))+1)"
    return [(plan.places, "lookup_whole", f'=IFERROR({where},"")'),
            (layout.ratings, "rating", f'=IFERROR(AVERAGE({rating}),"")')]


def _listed(sheet, styles: Styles, plan: LongForm, content: Content, of: Crosstab) -> None:
    """The typed pairs, and how many ratings were typed since that no row lists."""
    layout, ratings = plan.layout, content.ratings
    for row, (user, item) in enumerate(zip(ratings.user_index.tolist(), ratings.item_index.tolist()), layout.ratings.top):
        put_label(sheet, row, plan.user.keys.left, content.users[user], styles.result_text)
        put_label(sheet, row, plan.item.keys.left, content.items[item], styles.result_text)
    more = f"COUNT({_on(of, of.layout.ratings)})-COUNT({ref(layout.ratings)})"
    put_formula(sheet, layout.rmse.moved(1, 0), f'=IF({more}>0,"Ratings typed since the last update are not listed here: "&{more}&". Update lists them.","")',
                styles.status_above)


def _count_before(sheet, styles: Styles, rated_before: Range, of: Crosstab) -> None:
    """Beside the history, a user a row: how many ratings the users above have, and below how many all have."""
    rows = of.layout.ratings
    put_text(sheet, rated_before.first.moved(-1, 0), "ratings above", styles.calc_head)
    for user, cell in enumerate(rated_before.cells()):
        above = Range(rows.top + user - 1, rows.left, rows.top + user - 1, rows.right)
        what = f"={cell.moved(-1, 0)}+COUNT({_on(of, above)})" if user else "=0"
        put_formula(sheet, cell, what, styles.calc_whole)


def _spread(formula: str, column: Range) -> str:
    """A row's formula as one array formula for the whole column."""
    return re.sub(r"([A-Z]+)\{row\}", rf"\g<1>{column.top}:\g<1>{column.bottom}", formula)


def _on(crosstab: Crosstab, where: Range) -> str:
    return f"{quoted(crosstab.layout.sheet)}!{where.absolute}"


def _if_there(place: str, what: str) -> str:
    """A formula that is blank in the rows to spare."""
    return f'=IF({place}="","",{what})'


def _always(place: str, what: str) -> str:
    """A formula where no row is to spare."""
    return f"={what}"


def _in_row(columns: Range) -> str:
    """``I{row}`` or ``M{row}:Q{row}``"""
    ends = [xl_col_to_name(col - 1) + "{row}" for col in (columns.left, columns.right)]
    return ends[0] if ends[0] == ends[1] else ":".join(ends)


def _tables(sheet, styles: Styles, plan: LongForm, content: Content) -> None:
    """idx and id of users, and below of items; their factors stand to the right."""
    for kind, ids, labels in (("Users", plan.user.ids, content.users), ("Items", plan.item.ids, content.items)):
        sheet.write_string(ids.top - 3, 1, kind, styles.heading)
        sheet.write_string(ids.top - 3, 2, "Embeddings", styles.heading)
        sheet.write_string(ids.top - 2, 0, "idx", styles.header)
        sheet.write_string(ids.top - 2, 1, "id", styles.header)
        for col in range(content.n_factors):
            sheet.write_number(ids.top - 2, 2 + col, col + 1, styles.header)
        for index, label in enumerate(labels):
            sheet.write_number(ids.top + index - 1, 0, index + 1, styles.lookup_whole)
            put_label(sheet, ids.top + index, 2, label, styles.user)


def _headers(sheet, styles: Styles, plan: LongForm, content: Content) -> None:
    layout = plan.layout
    id_width = width_of((*content.users, *content.items))
    # buttons stand left of the ratings: few factors leave them little room, so the first column gives it
    room = id_width + 6.2 * (content.n_factors + 1)
    sheet.set_column(0, 0, max(5, LEAST_WIDTH - room) if content.macros else 5, styles.text)
    sheet.set_column(1, 1, id_width, styles.text)
    sheet.set_column(2, plan.used.right - 1, 6.2, styles.text)
    for column, width in ((plan.user.keys, width_of(content.users)), (plan.item.keys, width_of(content.items)),
                          (plan.user.index, 9), (plan.item.index, 9), (layout.predictions, 8), (plan.errors, 8)):
        sheet.set_column(column.left - 1, column.left - 1, width, styles.text)
    sheet.set_column(layout.rmse.col - 1, layout.rmse.col - 1, 10, styles.text)
    sheet.set_row(0, FIRST_ROW + ONE_LINE * content.gradients if content.macros else 24)     # buttons of their own take steps
    sheet.write_string(0, 0, "Embeddings", styles.title)
    sheet.set_column(plan.places.left - 1, plan.places.left - 1, 4, styles.calc)
    groups = ((plan.user.keys, "ratings"), (plan.user.index, "user embedding"),
              (plan.item.index, "item embedding"), (layout.predictions, "model"))
    for column, text in groups:
        sheet.write_string(0, column.left - 1, text, styles.heading)
    names = ((plan.places, "no."), (plan.user.keys, "user"), (plan.item.keys, "item"), (layout.ratings, "rating"),
             (plan.user.index, "user idx"), (plan.item.index, "item idx"),
             (layout.predictions, "predict"), (plan.errors, "error²"))
    for column, text in names:
        sheet.write_string(1, column.left - 1, text, styles.header)
    for copies in filter(None, (plan.user_copies, plan.item_copies)):
        for number, col in enumerate(range(copies.left, copies.right + 1), 1):
            sheet.write_number(1, col - 1, number, styles.header)
