"""Holds a model sheet of a workbook of ours against the sheet `ratings`, its source, before a fit believes either.

What is odd at the source, or differs between the two, is refused with the cell and what to do, or told in a note:
nothing that somebody typed is left out without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyxl.grid.block_names import SCALE, SOURCE
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.host import Host
from solver.errors import UserError
from solver.reading.rating_texts import NUMBER_TEXT

if TYPE_CHECKING:
    from pyxl.detect.verified_model import VerifiedModel

_Labels = dict[Value, Cell]      # a user's (item's) label, and the cell in which it stands


def check_source(host: Host, ready: VerifiedModel) -> tuple[str, ...]:
    """Notes on ratings of the source that this sheet cannot have, its users and items being others; none where the
    workbook has no source. Raises UserError where source and sheet contradict each other."""
    areas = [area_named(host, name) for name in SOURCE[:3]]
    if None in areas:
        return ()
    (sheet, block), (_, user_labels), (_, item_labels) = areas
    grid = host.grid(sheet)
    _refuse_beyond(grid, block)
    users, items = _labels(grid, user_labels, "user"), _labels(grid, item_labels, "item")
    source = _ratings(host, grid, block, users, items)
    here = ready.ratings
    shown = {(_key(here.users[u]), _key(here.items[i])): value
             for u, i, value in zip(here.user_index.tolist(), here.item_index.tolist(), here.values.tolist())}
    mine = {_key(label) for label in here.users}, {_key(label) for label in here.items}
    _refuse_typed_over(host, ready)
    for (user, item), (cell, value) in source.items():
        if user in mine[0] and item in mine[1] and shown.pop((user, item), None) != value:
            raise UserError(f"{quoted(sheet)}!{cell} is {value:g}, and {quoted(ready.sheet)} has another rating there. "
                            "Let the program calculate everything again (F9), and look at the formula in that sheet.")
    if shown:
        user, item = next(iter(shown))
        raise UserError(f"{quoted(ready.sheet)} has a rating of {user} for {item}, which {quoted(sheet)} has not. "
                        "Let the program calculate everything again (F9).")
    waiting = [cell for (user, item), (cell, _) in source.items() if user not in mine[0] or item not in mine[1]]
    if not waiting:
        return ()
    return (f"{quoted(sheet)}!{waiting[0]}: {len(waiting)} rating{'s' * (len(waiting) > 1)} of users or items that "
            f"{quoted(ready.sheet)} does not have: not fitted. Build the workbook anew to take them in.",)


def _ratings(host: Host, grid: Grid, block: Range, users: _Labels, items: _Labels) -> dict[tuple, tuple[Cell, float]]:
    """(user, item) -> the cell and the number, for every rating that is not held out."""
    user_at, item_at = ({getattr(cell, axis): label for label, cell in labels.items()} for labels, axis in ((users, "row"), (items, "col")))
    ends = [area_named(host, name) for name in SCALE]
    low, high = (host.grid(end[0]).values.get(end[1].first) if end else None for end in ends)
    found = {}
    for cell, value in sorted((cell, value) for cell, value in grid.values.items() if cell in block):
        where = f"{quoted(grid.sheet)}!{cell}"
        held = isinstance(value, str) and value.rstrip().endswith("?") and NUMBER_TEXT.fullmatch(value.rstrip()[:-1].strip().replace(",", "."))
        if not held and type(value) is not float:
            raise UserError(f"{where} holds {value!r}, not a rating. Type a number, or one with a question mark to hold it out: 4.5?")
        number = float(value.rstrip()[:-1].strip().replace(",", ".")) if held else value
        if type(low) is float and type(high) is float and not low <= number <= high:
            raise UserError(f"{where} is {number:g}; ratings here run from {low:g} to {high:g}. Correct it, or the range "
                            f"in {quoted(ends[0][0])}!{ends[0][1]} and {ends[1][1]}.")
        if cell.row not in user_at or cell.col not in item_at:
            what = "user" if cell.row not in user_at else "item"
            raise UserError(f"{where} is a rating of no {what}. Name the {what}, or clear it.")
        if not held:
            found[user_at[cell.row], item_at[cell.col]] = Cell(*cell), value
    return found


def _labels(grid: Grid, area: Range, what: str) -> _Labels:
    found: _Labels = {}
    for cell in area.cells():
        value = grid.values.get(cell)
        if value is None or value == "":
            continue
        if (other := found.setdefault(_key(value), cell)) != cell:
            raise UserError(f"{quoted(grid.sheet)}!{cell} repeats the {what} of {other}. Merge the two, or name them apart.")
    return found


def _refuse_beyond(grid: Grid, block: Range) -> None:
    beyond = [cell for cell in grid.values if cell[0] > block.bottom or cell[1] > block.right and cell[0] >= block.top - 1]
    if beyond:
        raise UserError(f"{quoted(grid.sheet)}!{Cell(*min(beyond))} lies beyond {block}, which is all that the other sheets "
                        "read. Insert rows or columns within it, and move it there.")


def _refuse_typed_over(host: Host, ready: VerifiedModel) -> None:
    layout, grid = ready.model.layout, host.grid(ready.sheet)
    for cell in layout.ratings.cells():
        if grid.owner(cell) is None:
            raise UserError(f"{quoted(ready.sheet)}!{cell} is no formula any more. Copy the cell beside it into it, and type "
                            "the rating on the sheet ratings, which it follows.")


def _key(label: Value):
    """_Labels as MATCH compares them: capitals do not count, a number is no text."""
    return label.casefold() if isinstance(label, str) else float(label)
