"""The sheet `one hot`: a row of a table, looked up, is a product of matrices."""

from __future__ import annotations

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from workbook.examples.draft import Draft
from workbook.write.styles import Styles

_NAME = "one hot"
_ROWS = [[0.21, 1.61, 2.89], [1.55, 0.75, 0.22], [1.5, 1.17, 0.22], [0.47, 0.89, 1.32], [0.31, 2.1, 1.47], [1.5, 1.02, 0.89]]
_WANTED = (4, 1, 6, 1, 3)


def write_one_hot(workbook: Workbook, styles: Styles) -> None:
    """Add the sheet: an embedding of six, five of whom are wanted, by both ways."""
    draft = Draft(workbook, styles, _NAME, "An embedding is a lookup, and a product of matrices",
                  ("A row with a 1 in one place and 0 elsewhere, times the matrix, gives the row of that place: so a lookup has a gradient.",
                   "Nobody multiplies by all these zeros: the lookup is the quick way to the same numbers. Change a yellow cell, or an orange one."))
    draft.labels("A5", ("embedding", "1", "2", "3"))
    draft.labels("A6", (f"user {n}" for n in range(1, 7)), down=True)
    draft.numbers("B6", _ROWS, changing=True)
    draft.labels("G4", ("", "", "one-hot", "", "", ""))
    draft.labels("F5", ("which user",))
    draft.counts("G5", range(1, 7))
    draft.labels("N5", ("product 1", "product 2", "product 3"))
    draft.labels("R5", ("lookup 1", "lookup 2", "lookup 3"))
    draft.labels("V5", ("difference²",))
    for row, which in enumerate(_WANTED, 6):
        draft.option(f"F{row}", which)
        draft.result(f"V{row}", f"=SUMXMY2(N{row}:P{row},R{row}:T{row})")
    draft.fill("G6:L10", lambda cell: f"=IF($F{cell.row}={xl_col_to_name(cell.col - 1)}$5,1,0)", whole=True)
    draft.fill("N6:P10", lambda cell: f"=MMULT($G{cell.row}:$L{cell.row},{xl_col_to_name(cell.col - 13)}$6:{xl_col_to_name(cell.col - 13)}$11)")
    draft.fill("R6:T10", lambda cell: f"=INDEX({xl_col_to_name(cell.col - 17)}$6:{xl_col_to_name(cell.col - 17)}$11,$F{cell.row})")
