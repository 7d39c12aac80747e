"""A cell in which a user or an item is chosen from a list, and the cell with its number."""

from __future__ import annotations

import numpy as np

from pyxl.grid.cells import Cell, quoted
from workbook.model_sheets.view import View
from workbook.write.display_labels import put_label
from workbook.write.references import ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_text


def write_choice(sheet, styles: Styles, view: View, what: str, *, cell: Cell, number: Cell, chosen: int) -> None:
    """Write a drop-down list of all users (items) to `cell`, with a caption at its left. At first the one with the number
    `chosen`, from 0, is chosen. `number` gets the number of the chosen one, from 1, or an empty text where there is none such.

    `what` is ``'user'`` or ``'item'``. Labels are compared as texts, so that 14 is found whether it was typed as a number or as a
    text. They are compared by ``=``, because MATCH would take ``*`` and ``?`` in a title for wildcards.
    """
    labels = {"user": view.content.users, "item": view.content.items}[what]
    texts = any(isinstance(label, str) for label in labels)
    put_text(sheet, cell.moved(0, -1), what, styles.label)
    put_label(sheet, *cell, labels[chosen], styles.choice_text if texts else styles.choice)
    sheet.data_validation(cell.row - 1, cell.col - 1, cell.row - 1, cell.col - 1, {
        "validate": "list", "source": f"={quoted(view.layout.sheet)}!{getattr(view.layout, f'{what}_ids').absolute}",
        "input_title": what, "input_message": f"Choose one of the {len(labels):,} {what}s.",
        "error_title": f"No such {what}", "error_message": "Choose one of the list."})
    key = ref(cell, rows=True, cols=True)
    put_array(sheet, number, f'=IFERROR(MATCH(1,({view.name(f"{what}_ids")}&""={key}&"")*1,0),"")', styles.calc_whole)


def unknown(view: View, what: str, cell: Cell) -> str:
    """The formula of the sentence that is shown where the choice names no user (item)."""
    key = ref(cell, rows=True, cols=True)
    return (f'IF({key}="","Choose the {what} in the yellow cell.",'
            f'"There is no {what} "&{key}&" on the sheet {view.layout.sheet}. Choose one of the list.")')


def with_most_blanks(table: np.ndarray) -> int:
    """The user, a row of the table, with most ratings missing; of equals the first."""
    return int(np.isnan(table).sum(1).argmax())
