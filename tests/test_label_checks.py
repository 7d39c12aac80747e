"""Labels of ratings, factors, predictions and filled table that contradict each other: told, never fitted over."""

from __future__ import annotations

import lesson_sheet
import numpy as np
import openpyxl
import pytest
import xlsxwriter
from planted import planted

import workbook
from pyxl import fit_workbook
from pyxl.grid.cells import Cell, Range
from pyxl.xlsx import open_workbook
from solver import UserError

SHEETS = ["dotprod", "bias", "bounded"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "book.xlsx"
    workbook.build(planted(8, 9), path, n_factors=2)
    return path


def edited(path, out, sheet, cells):
    """A copy of a workbook in which values were pasted over some cells of a sheet, formulas or not."""
    book = openpyxl.load_workbook(path)
    for cell, value in cells.items():
        book[sheet].cell(*cell).value = value
    book.save(out)
    return out


def labels_turned(path, sheet, *, what: str) -> dict[Cell, object]:
    """The labels beside the ratings after a person pasted them in another order, of users or of items."""
    from pyxl.detect.detect import detect
    with open_workbook(path) as book:
        layout, grid = detect(book, sheet).layout, book.grid(sheet)
    labels = layout.user_ids if what == "user" else layout.item_ids
    turned = sum(grid.block(labels), [])[::-1]
    return {cell: value for cell, value in zip(labels.cells(), turned) if grid.values.get(cell) != value}


@pytest.mark.parametrize("what", ["user", "item"])
@pytest.mark.parametrize("sheet", SHEETS)
def test_labels_that_were_pasted_in_another_order_are_refused(built, tmp_path, sheet, what):
    out = edited(built, tmp_path / "sorted.xlsx", sheet, labels_turned(built, sheet, what=what))
    before = out.read_bytes()
    with pytest.raises(UserError, match=rf"{sheet}!\w+, beside the .*, says {what} .* ratings .* says .*Undo that") as why:
        fit_workbook(out, out=out, sheets=[sheet])
    assert "\n" not in str(why.value) and out.read_bytes() == before


def test_labels_of_the_filled_table_alone(built, tmp_path):
    with open_workbook(built) as book:
        grid = book.grid("bias")
        first = next(cell for cell, value in grid.values.items() if isinstance(value, str) and value.startswith("Filled table"))
        labels = [cell for cell in grid.values if cell.row > first.row + 1 and grid.owner(Cell(cell.row, cell.col + 1)) is not None
                  and grid.owner(Cell(cell.row, cell.col - 1)) is None]
    assert len(labels) == 8
    swapped = dict(zip(labels[:2], (grid.values[labels[1]], grid.values[labels[0]])))
    with pytest.raises(UserError, match=rf"bias!{labels[0]}, beside the filled table"):
        fit_workbook(edited(built, tmp_path / "swapped.xlsx", "bias", swapped), sheets=["bias"])


def test_labels_that_say_nothing_are_no_contradiction(tmp_path):
    """Blank, in another spelling, or something else altogether: what a person writes beside a table."""
    path = tmp_path / "book.xlsx"

    def edit(ws, places):
        beside = list(Range.parse(places["predictions"]).moved(0, -1).cells())
        first_column = [cell for cell in beside if cell.col == Range.parse(places["predictions"]).left - 1]
        for cell, text in zip(first_column, ["USER 0", " user 1", None, "user 3", "user 4", "user 5"]):
            ws.write(cell.row - 1, cell.col - 1, text)

    lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, edit=edit)
    assert fit_workbook(path)["Sheet1"].rmse_after < 1

    def other_words(ws, places):
        area = Range.parse(places["predictions"])
        for row in range(area.top, area.bottom + 1):
            ws.write(row - 1, area.left - 2, 1000 - row)

    lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, edit=other_words)
    assert fit_workbook(path)["Sheet1"].rmse_after < 1


@pytest.mark.parametrize("sort", [False, True])
def test_a_block_of_factors_that_was_sorted_beside_a_long_table_of_numbered_users(tmp_path, sort):
    """Lookups by a number that somebody typed: they no longer lead to the factors of the user named in the row."""
    path, users = tmp_path / "book.xlsx", ["Zoe", "Bob", "Eve"]
    rng = np.random.default_rng(0)
    book = xlsxwriter.Workbook(str(path))
    ws = book.add_worksheet("long")
    for n, name in enumerate(sorted(users) if sort else users):
        ws.write_row(n, 0, [name, *rng.random(2)])
    for n in range(4):
        ws.write_row(n, 4, [f"film {n}", *rng.random(2)])
    for n, (user, item) in enumerate([(u, i) for u in range(3) for i in range(4)]):
        row = 11 + n
        ws.write_row(row - 1, 0, [users[user], f"film {item}", user + 1, item + 1, rng.integers(1, 6)])
        ws.write_formula(row - 1, 5, f"=SUMPRODUCT(INDEX($B$1:$C$3,C{row},0),INDEX($F$1:$G$4,D{row},0))")
    ws.write_formula("I1", "=SQRT(SUMXMY2(E11:E22,F11:F22)/COUNT(E11:E22))")
    book.close()
    if not sort:
        assert fit_workbook(path)["long"].rmse_after < 2
        return
    with pytest.raises(UserError, match="long!A1, beside the user factors, says user 'Bob', and A1., .* says 'Zoe'"):
        fit_workbook(path)


def test_a_rating_typed_against_the_edge_is_told(tmp_path):
    path = tmp_path / "book.xlsx"
    for rows, cols, where in ((1, 0, "below"), (0, 1, "beside")):
        typed = []

        def edit(ws, places):
            area = Range.parse(places["ratings"])
            cell = Cell(area.bottom, area.left + 2) if rows else Cell(area.top + 2, area.right)
            typed.append(Cell(cell.row + rows, cell.col + cols))
            ws.write(typed[0].row - 1, typed[0].col - 1, 4)

        lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, edit=edit)
        note, = fit_workbook(path)["Sheet1"].notes
        assert note.startswith(f"Sheet1!{typed[0]}, just {where} the ratings") and "left out" in note


@pytest.mark.parametrize("what", ["row", "column"])
def test_a_row_or_column_inserted_inside_is_told(tmp_path, office, what):
    """A row falls into the ratings alone; a column into ratings, predictions and factors, but without formulas."""
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, solver=True)
    inside = Range.parse(places["ratings"]).first.moved(3, 3)
    office.insert(path, out, rows=int(what == "row"), columns=int(what == "column"), before=inside)
    before = out.read_bytes()
    with pytest.raises(UserError, match="different numbers of rows" if what == "row" else "holds no formulas.*a column that was"):
        fit_workbook(out, out=out)
    assert out.read_bytes() == before
