"""The sheet `embedding`: the dot product once more, a rating a row, its factors looked up."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from pyxl.grid.cells import Range
from workbook.write.content import Content
from workbook.write.display_labels import put_label, width_of
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale, print_setup
from workbook.write.write_cells import put_array

from .buttons import FIRST_ROW, LEAST_WIDTH, write_buttons
from .controls import write_controls
from .geometry import LongForm
from .solver_names import solver_note

# Ratings × 2 × factors up to which the looked-up factors stand beside the ratings, as in the lesson.
# Above it a prediction looks its factors up by itself, and indices and errors are one array formula
# a column: 21,000 ratings with 20 factors would otherwise need 920,000 formulas.
MOST_COPIES = 10_000

_NOTES = ("The model of dotprod, a rating a row:", "equal factors give an equal RMSE.")


def write_embedding(workbook: Workbook, styles: Styles, plan: LongForm, content: Content) -> None:
    """Add the sheet; its parameters are still to be written."""
    layout, sheet = plan.layout, workbook.add_worksheet(plan.layout.sheet)
    _tables(sheet, styles, plan, content)
    _headers(sheet, styles, plan, content)
    ratings = content.ratings
    for row, (user, item, value) in enumerate(
            zip(ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist()),
            layout.ratings.top):
        put_label(sheet, row, layout.user_keys.left, content.users[user], styles.result_text)
        put_label(sheet, row, layout.item_keys.left, content.items[item], styles.result_text)
        sheet.write_number(row - 1, layout.ratings.left - 1, value, styles.rating)
    for column, style, formula in _live_columns(plan, content):
        looks = getattr(styles, style)
        # SUMPRODUCT adds up whatever it is given: it stays a formula a row
        if plan.user_copies is None and "SUMPRODUCT" not in formula:
            sheet.write_array_formula(*box(column), "{" + _spread(formula, column) + "}", looks)
            continue
        for row in range(column.top, column.bottom + 1):
            sheet.write_formula(row - 1, column.left - 1, formula.format(row=row), looks)
    write_controls(sheet, styles, plan)
    if content.macros:
        write_buttons(sheet)
    errors, rmse = plan.errors, layout.rmse
    sheet.write_string(rmse.row - 2, rmse.col - 1, "RMSE", styles.header)
    what = f"=SQRT(AVERAGE({ref(errors)}))"
    if plan.user_copies is None:    # the errors are an array formula: see `put.formula`
        put_array(sheet, rmse, what, styles.calculated)
    else:
        sheet.write_formula(rmse.row - 1, rmse.col - 1, what, styles.calculated)
    for row, line in enumerate((*_NOTES, solver_note(layout)), layout.item_ids.bottom + 2):
        sheet.write_string(row - 1, 1, line, styles.note)
    sheet.conditional_format(*box(layout.predictions), colour_scale(*content.scale))
    print_setup(sheet, repeat=(0, 1))
    sheet.freeze_panes(2, 0)


def _live_columns(plan: LongForm, content: Content) -> list[tuple[Range, str, str]]:
    """(column, its style, its formula with ``{row}`` for the row) of all formulas beside the ratings."""
    layout = plan.layout
    columns, factors = [], []
    for keys, labels, ids, index, copies, block in (
            (layout.user_keys, content.users, layout.user_ids, plan.user_index, plan.user_copies, layout.user_factors),
            (layout.item_keys, content.items, layout.item_ids, plan.item_index, plan.item_copies, layout.item_factors)):
        columns.append((index, "lookup_whole", _lookup(_in_row(keys), ids, labels)))
        table = block.range
        if copies is None:
            factors.append(f"INDEX({ref(table, rows=True, cols=True)},{_in_row(index)},0)")
            continue
        for shift in range(table.shape[1]):
            source = Range(table.top, table.left + shift, table.bottom, table.left + shift)
            column = Range(copies.top, copies.left + shift, copies.bottom, copies.left + shift)
            columns.append((column, "lookup", f"=INDEX({ref(source, rows=True)},${_in_row(index)})"))
        factors.append(_in_row(copies))
    columns.append((layout.predictions, "prediction", f"=SUMPRODUCT({factors[0]},{factors[1]})"))
    columns.append((plan.errors, "lookup", f"=({_in_row(layout.ratings)}-{_in_row(layout.predictions)})^2"))
    return columns


def _spread(formula: str, column: Range) -> str:
    """A row's formula as one array formula for the whole column."""
    return re.sub(r"([A-Z]+)\{row\}", rf"\g<1>{column.top}:\g<1>{column.bottom}", formula)


def _in_row(columns: Range) -> str:
    """``I{row}`` or ``M{row}:Q{row}``"""
    ends = [xl_col_to_name(col - 1) + "{row}" for col in (columns.left, columns.right)]
    return ends[0] if ends[0] == ends[1] else ":".join(ends)


def _lookup(key: str, ids: Range, labels: list) -> str:
    """The formula for the number that a key's row has in its table.

    MATCH, as in the lesson; but MATCH reads ``*`` and ``?`` in text as wildcards and ``~`` as their
    escape, so where one label, read as a pattern, means another, labels are compared outright.
    """
    texts = [label.casefold() for label in labels if isinstance(label, str)]
    wild = [text for text in texts if "*" in text or "?" in text]
    astray = any("~" in text for text in texts) or any(
        fnmatchcase(other, pattern.replace("[", "[[]"))
        for pattern in wild for other in texts if other is not pattern)
    where = ref(ids, rows=True, cols=True)
    if not astray:
        return f"=MATCH({key},{where},0)"
    numbers = ref(Range(ids.top, 1, ids.bottom, 1), rows=True, cols=True)
    return f"=SUMPRODUCT(({where}={key})*{numbers})"


def _tables(sheet, styles: Styles, plan: LongForm, content: Content) -> None:
    """idx and id of users, and below of items; their factors stand to the right."""
    layout = plan.layout
    for kind, ids, labels in (("Users", layout.user_ids, content.users), ("Items", layout.item_ids, content.items)):
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
    for column, width in ((layout.user_keys, width_of(content.users)), (layout.item_keys, width_of(content.items)),
                          (plan.user_index, 9), (plan.item_index, 9), (layout.predictions, 8), (plan.errors, 8)):
        sheet.set_column(column.left - 1, column.left - 1, width, styles.text)
    sheet.set_column(layout.rmse.col - 1, layout.rmse.col - 1, 10, styles.text)
    sheet.set_row(0, FIRST_ROW if content.macros else 24)
    sheet.write_string(0, 0, "Embeddings", styles.title)
    groups = ((layout.user_keys, "ratings"), (plan.user_index, "user embedding"),
              (plan.item_index, "item embedding"), (layout.predictions, "model"))
    for column, text in groups:
        sheet.write_string(0, column.left - 1, text, styles.heading)
    names = ((layout.user_keys, "user"), (layout.item_keys, "item"), (layout.ratings, "rating"),
             (plan.user_index, "user idx"), (plan.item_index, "item idx"),
             (layout.predictions, "predict"), (plan.errors, "error²"))
    for column, text in names:
        sheet.write_string(1, column.left - 1, text, styles.header)
    for copies in filter(None, (plan.user_copies, plan.item_copies)):
        for number, col in enumerate(range(copies.left, copies.right + 1), 1):
            sheet.write_number(1, col - 1, number, styles.header)
