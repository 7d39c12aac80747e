"""Holds a model sheet of a workbook of ours against the sheet `ratings`, its source, before a fit believes either.

What differs between the two is refused with the cell and what to do, or told in a note: nothing that somebody typed
is left out without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyxl.grid.block_names import SOURCE
from pyxl.grid.cells import quoted
from pyxl.grid.sheet_names import area_named, blocks_by_name
from pyxl.hosts.host import Host
from solver.errors import UserError

from .source_table import RatingsSource, label_key, refuse_lost_source

if TYPE_CHECKING:
    from pyxl.detect.verified_model import VerifiedModel


def check_source(source: RatingsSource | None, ready: VerifiedModel) -> tuple[str, ...]:
    """Notes on users and items that only the source has, or only this sheet; none where the workbook has no source.
    Raises UserError where source and sheet contradict each other."""
    if source is None:
        return ()
    here, sheet = ready.ratings, quoted(source.sheet)
    shown = {(label_key(here.users[u]), label_key(here.items[i])): value
             for u, i, value in zip(here.user_index.tolist(), here.item_index.tolist(), here.values.tolist())}
    users, items = ({label_key(label): label for label in labels} for labels in (here.users, here.items))
    lists = ready.model.layout.form == "long"       # a large one does not grow by itself
    waiting = []
    for (user, item), rating in source.ratings.items():
        unlisted = lists and (user, item) not in shown
        if user not in users or item not in items or unlisted and not rating.held:
            waiting.append(rating.cell)
        elif not rating.held and shown.pop((user, item), None) != rating.value:
            raise UserError(f"{sheet}!{rating.cell} is {rating.value:g}, and {quoted(ready.sheet)} has another rating there. "
                            "Let the program calculate everything again (F9), and look at the formula in that sheet.")
    if shown:
        user, item = next(iter(shown))
        raise UserError(f"{quoted(ready.sheet)} has a rating of {user} for {item}, which {sheet} has not. "
                        "Let the program calculate everything again (F9).")
    notes = []
    if waiting:
        lacking = f"that {quoted(ready.sheet)} does not list" if lists else f"of users or items that {quoted(ready.sheet)} does not have"
        notes.append(f"{sheet}!{waiting[0]}: {len(waiting)} rating{'s' * (len(waiting) > 1)} {lacking}: not fitted. "
                     "Update takes them in: collabsheet update.")
    for what, mine, theirs in (("user", users, source.users), ("item", items, source.items)):
        if gone := [label for key, label in mine.items() if key not in theirs]:
            notes.append(f"{quoted(ready.sheet)} has the {what} {gone[0]!r}"
                         + (f" and {len(gone) - 1} more {what}s" if len(gone) > 1 else "")
                         + f", which {sheet} does not name: without ratings there. Update takes them out: collabsheet update.")
    return tuple(notes)


def refuse_typed_over(host: Host, sheet: str) -> None:
    """Raise UserError where somebody typed, or pasted, over formulas of a model sheet that follows the source, or deleted
    the source: it would be no model any more, or one of other ratings."""
    refuse_lost_source(host)
    if area_named(host, SOURCE[0]) is None:
        return
    grid, blocks = host.grid(sheet), blocks_by_name(host, sheet)
    for role, remedy in (("ratings", "type the rating on the sheet ratings, which it follows"), ("predictions", "it predicts again")):
        for cell in blocks[role].cells() if role in blocks else ():
            if grid.owner(cell) is None:
                raise UserError(f"{quoted(sheet)}!{cell}, among the {role}, is no formula any more. Copy the cell beside it into it, and "
                                f"{remedy}.")
