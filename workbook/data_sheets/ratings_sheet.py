"""The sheet `ratings`: where every rating is typed, users down, items across. All other sheets follow it by formulas.

A rating that is held out is written with a question mark, ``4.5?``: no model sheet learns from it, and the sheet
`check` judges the models by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter import Workbook

from pyxl.grid.block_names import CONTROLS, SCALE, SOURCE, control_name
from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.buttons import write_update_button
from workbook.write.content import Content
from workbook.write.display_labels import put_label, width_of
from workbook.write.references import box, ref
from workbook.write.source_formulas import held_number
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_formula, put_number, put_text

_NAME = "ratings"
_LOWEST, _HIGHEST, _BUTTON, _WAITING, _STATUS = Cell(4, 2), Cell(5, 2), Cell(1, 2), Cell(1, 4), Cell(4, 9)
_IDS, _HEAD = 6, 7        # the row of item ids, where items have titles, and that of the labels
_LINES = ("The only place for ratings: type, change or clear them here, and every sheet follows at once. Blank: not rated.",
         "A question mark holds a rating out, as in 4.5?: no model learns from it, and the sheet check judges by it. "
         "Rows and columns may be sorted.")


@dataclass(frozen=True)
class SourcePlan:
    """Where ratings and their labels stand, with rows and columns to spare for users and items to come."""

    users: int
    items: int

    @property
    def user_labels(self) -> Range:
        return Range(_HEAD + 1, 1, _HEAD + self.users + max(20, self.users // 5), 1)

    @property
    def item_labels(self) -> Range:
        return Range(_HEAD, 2, _HEAD, self.items + 1 + max(10, self.items // 5))

    @property
    def ratings(self) -> Range:
        return Range(_HEAD + 1, 2, self.user_labels.bottom, self.item_labels.right)

    @property
    def named(self) -> dict[str, Range]:
        """What the names of the source lead to: labels begin with the corner, so that whatever is inserted after it is within."""
        bottom, right = self.ratings.bottom, self.ratings.right
        return dict(zip(SOURCE, (Range(_HEAD, 1, bottom, right), Range(_HEAD, 1, bottom, 1), Range(_HEAD, 1, _HEAD, right),
                                 Range(_IDS, 1, _IDS, right))))


def write_ratings(workbook: Workbook, styles: Styles, content: Content, first_crosstab: str) -> None:
    """Add the sheet, and its names. `first_crosstab` names the ratings of a model sheet, by which it counts those that
    no model sheet shows."""
    sheet, plan, ratings = workbook.add_worksheet(_NAME), SourcePlan(len(content.users), len(content.items)), content.given
    for name, where in plan.named.items():
        workbook.define_name(name, f"={_NAME}!{where.absolute}")
    _words(workbook, sheet, styles, content)
    turned = max(len(str(item)) for item in content.items) > 6
    sheet.set_row(_HEAD - 1, min(18 + 4.9 * max(len(str(item)) for item in content.items), 140) if turned else None)
    for col, (item, own) in enumerate(zip(content.items, content.item_ids), 2):
        put_label(sheet, _HEAD, col, item, styles.header_up if turned else styles.header)
        if content.titled:
            put_label(sheet, _IDS, col, own, styles.calc_head)
    for row, user in enumerate(content.users, _HEAD + 1):
        put_label(sheet, row, 1, user, styles.user)
    # a cell a pair: one that nobody rated has its looks only
    given = {(user, item): (value, apart) for user, item, value, apart in zip(
        ratings.user_index.tolist(), ratings.item_index.tolist(), ratings.values.tolist(), content.apart.tolist())}
    for user in range(len(content.users)):
        for item in range(len(content.items)):
            cell, (value, apart) = plan.ratings.first.moved(user, item), given.get((user, item), (None, False))
            if value is None:
                sheet.write_blank(cell.row - 1, cell.col - 1, None, styles.typed)
            elif apart:
                put_text(sheet, cell, held_text(value), styles.typed)
            else:
                put_number(sheet, cell, value, styles.typed)
    _rules(sheet, styles, plan)
    _waiting(sheet, styles, first_crosstab, "press Update" if content.macros else "collabsheet update takes them in")
    sheet.write_blank(_STATUS.row - 1, _STATUS.col - 1, None, styles.status_above)
    workbook.define_name(control_name(SOURCE[0], CONTROLS[0]), f"={_NAME}!{Range.around([_STATUS]).absolute}")
    if content.macros:
        write_update_button(sheet, _BUTTON)
    sheet.freeze_panes(_HEAD, 1)
    print_setup(sheet, repeat=(_HEAD - 1, _HEAD - 1))


def held_text(value: float) -> str:
    """A rating as the cell of one held out has it."""
    return f"{value!r}?".replace(".0?", "?")


def _words(workbook: Workbook, sheet, styles: Styles, content: Content) -> None:
    put_text(sheet, Cell(1, 1), "Ratings", styles.title)
    for row, line in enumerate(_LINES, 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    low, high = content.stated_scale
    for cell, name, words, value in zip((_LOWEST, _HIGHEST), SCALE, ("lowest", "highest"), (low, high)):
        put_text(sheet, cell.moved(0, -1), words, styles.label)
        put_number(sheet, cell, value, styles.option)
        put_text(sheet, cell.moved(0, 1), f"the {words} rating that may be typed", styles.note_beside)
        workbook.define_name(name, f"={_NAME}!{Range.around([cell]).absolute}")
    if content.titled:
        put_text(sheet, Cell(_IDS, 1), "item id", styles.calc_head)
    put_text(sheet, Cell(_HEAD, 1), "user ↓  item →", styles.corner)
    sheet.set_row(0, 24)
    sheet.set_column(0, 0, width_of(content.users, least=14), styles.text)
    sheet.set_column(1, len(content.items), 6.2, styles.text)


def _rules(sheet, styles: Styles, plan: SourcePlan) -> None:
    cell = ref(plan.ratings.first)
    held = f'AND(ISTEXT({cell}),RIGHT({cell})="?",ISNUMBER({held_number(cell)}))'
    sheet.data_validation(*box(plan.ratings), {
        "validate": "custom", "value": f"=OR(AND(ISNUMBER({cell}),{cell}>={SCALE[0]},{cell}<={SCALE[1]}),{held})",
        "error_title": "This is no rating here",
        "error_message": f"Type a number from the lowest to the highest rating ({_LOWEST} and {_HIGHEST} say which), "
                         "or one with a question mark to hold it out: 4.5?"})
    sheet.conditional_format(*box(plan.ratings), {"type": "formula", "criteria": f'=RIGHT({cell})="?"', "format": styles.held_here})


def _waiting(sheet, styles: Styles, shown: str, remedy: str) -> None:
    """A sentence where ratings are of users or items that the model sheets lack."""
    more = f"COUNT(source)-COUNT(source_user)-COUNT(source_item)-COUNT({shown})"
    put_formula(sheet, _WAITING, f'=IF({more}>0,{more}&" of the ratings are of users or items that the other sheets '
            f'do not have: {remedy}","")', styles.status_above)
