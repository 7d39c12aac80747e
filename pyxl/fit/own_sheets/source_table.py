"""The sheet `ratings` of a workbook of ours, the one place where ratings are typed, as it was read: every label, every rating."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

from pyxl.grid.block_names import SCALE, SOURCE
from pyxl.grid.cells import Cell, ErrorValue, Range, Value, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named
from solver.errors import UserError
from solver.reading.looked_at.rating_texts import NUMBER_TEXT


@dataclass(frozen=True)
class SourceRating:
    """A number, where it was typed, and whether it is held out."""

    cell: Cell
    value: float
    held: bool


@dataclass(frozen=True)
class RatingsSource:
    """`users` and `items` by `label_key`, in the order of the sheet: the label as it was typed, and its cell; `item_ids` of
    items that have titles; `ratings` by the keys of user and item."""

    sheet: str
    users: dict[str | float, tuple[Value, Cell]]
    items: dict[str | float, tuple[Value, Cell]]
    item_ids: dict[str | float, Value]
    ratings: dict[tuple, SourceRating]


def read_source(workbook: ReadableWorkbook) -> RatingsSource | None:
    """The source of a workbook; None where it has none. Raises UserError, with the cell and what to do, for what is no
    label or no rating, and for what stands where no formula reads it."""
    refuse_lost_source(workbook)
    areas = [area for name in SOURCE[:3] if (area := area_named(workbook, name))]
    if len(areas) < 3:
        return None
    (sheet, table), (_, user_column), (_, item_row) = areas
    grid = workbook.grid(sheet)
    _refuse_outside(grid, table)
    users = _labels(grid, [cell for cell in user_column.cells() if cell.row > item_row.bottom], "user")
    items = _labels(grid, [cell for cell in item_row.cells() if cell.col > user_column.right], "item")
    ids = area_named(workbook, SOURCE[3])
    own = {key: grid.values.get(Cell(ids[1].top, cell.col)) for key, (_, cell) in items.items()} if ids else {}
    return RatingsSource(sheet, users, items, {key: value for key, value in own.items() if value not in (None, "")},
                       _ratings(workbook, grid, table, users, items))


def refuse_lost_source(workbook: ReadableWorkbook) -> None:
    """Raise UserError where the table of ratings, or its labels, were deleted."""
    for name in workbook.names:
        if name.scope is None and name.name in SOURCE and "#REF!" in name.refers_to:
            raise UserError(f"The name {name.name} is #REF!: the table of ratings, or its labels, were deleted. Undo that (Ctrl+Z), or "
                            "take the workbook as it was saved before.")


def label_key(label: Hashable) -> str | float:
    """A label as MATCH compares it: capitals do not count, a number is no text."""
    return label.casefold() if isinstance(label, str) else float(cast(float, label))


def _ratings(workbook: ReadableWorkbook, grid: Grid, table: Range, users: dict, items: dict) -> dict[tuple, SourceRating]:
    user_at = {cell.row: key for key, (_, cell) in users.items()}
    item_at = {cell.col: key for key, (_, cell) in items.items()}
    ends = [end for name in SCALE if (end := area_named(workbook, name))]
    low, high = (workbook.grid(sheet).values.get(area.first) for sheet, area in ends) if len(ends) == 2 else (None, None)
    found = {}
    for cell, value in sorted((cell, value) for cell, value in grid.values.items()
                              if cell in table and cell[0] > table.top and cell[1] > table.left):
        where = f"{quoted(grid.sheet)}!{Cell(*cell)}"
        text = value.strip() if isinstance(value, str) and not isinstance(value, ErrorValue) else ""
        if value == "":
            continue
        held = text.endswith("?") and bool(NUMBER_TEXT.fullmatch(text[:-1].strip().replace(",", ".")))
        if held:
            number = float(text[:-1].strip().replace(",", "."))
        elif isinstance(value, float):
            number = value
        else:
            raise UserError(f"{where} holds {value!r}, not a rating. Type a number, or one with a question mark to hold it out: 4.5?")
        if isinstance(low, float) and isinstance(high, float) and not low <= number <= high:
            raise UserError(f"{where} is {number:g}; ratings here run from {low:g} to {high:g}. Correct it, or the range "
                            f"in {quoted(ends[0][0])}!{ends[0][1].first} and {ends[1][1].first}.")
        if cell[0] not in user_at or cell[1] not in item_at:
            what, label = ("user", Cell(cell[0], table.left)) if cell[0] not in user_at else ("item", Cell(table.top, cell[1]))
            raise UserError(f"{where} is a rating of no {what}. Name the {what} in {label}, or clear the rating.")
        found[user_at[cell[0]], item_at[cell[1]]] = SourceRating(Cell(*cell), number, held)
    return found


def _labels(grid: Grid, cells: list[Cell], what: str) -> dict[str | float, tuple[Value, Cell]]:
    found: dict[str | float, tuple[Value, Cell]] = {}
    for cell in cells:
        value = grid.values.get(cell)
        if value is None or isinstance(value, str) and not value.strip():
            continue
        where = f"{quoted(grid.sheet)}!{cell}"
        if isinstance(value, (bool, ErrorValue)):
            raise UserError(f"{where} is {value}, no name of a {what}. Type the {what}'s name or number.")
        _, other = found.setdefault(label_key(value), (value, cell))
        if other != cell:
            raise UserError(f"{where} repeats the {what} of {other}. Merge the two, or name them apart.")
    return found


def _refuse_outside(grid: Grid, table: Range) -> None:
    beyond = [cell for cell in grid.values if cell[0] > table.bottom or cell[1] > table.right and cell[0] >= table.top
              or cell[1] < table.left and cell[0] > table.top]
    if beyond:
        raise UserError(f"{quoted(grid.sheet)}!{Cell(*min(beyond))} lies outside {table}, which is all that the other sheets "
                        "read. Insert rows or columns within it, and move it there.")
