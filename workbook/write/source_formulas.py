"""Formulas that read the sheet `ratings`, where every rating is typed: by the labels of its user and its item.

Labels are looked up, so rows and columns of the source may be sorted, inserted and deleted. A rating that is held
out is a text there, ``4.5?``, so that no formula counts it by accident.
"""

from __future__ import annotations


def source_cell(user: str, item: str, wild: bool) -> str:
    """The cell of the rating by the user (item) whose label stands in the cell `user` (`item`); an error where the
    source has no such label. `wild`: see `Content.wild_labels`."""
    return f"INDEX(source,{source_row(user, wild)},{source_column(item, wild)})"


def source_rating(user: str, item: str, wild: bool) -> str:
    """The formula of one rating: a number, or an empty text where there is none, or only one held out.

    AVERAGE of a single cell is its number, and an error for a blank or a text: the cell is looked up once.
    """
    return f'=IFERROR(AVERAGE({source_cell(user, item, wild)}),"")'


def source_block(users: str, items: str, wild: bool, *, shape: tuple[int, int]) -> str:
    """The array formula of all ratings by a column of users for a row of items, as many as `shape` says: numbers, or an empty text.

    Where the source has the same labels in the same order, its cells are taken as they stand; else, after somebody sorted it, each
    is looked up. At 300 × 200 LibreOffice takes 0.2 instead of 0.7 seconds for it. One HLOOKUP for the block: an INDEX and
    two MATCHes a cell took longer still.
    """
    rows, cols = shape

    def part(top: int, left: int, bottom: int, right: int) -> str:
        return f"INDEX(source,{top},{left}):INDEX(source,{bottom},{right})"
    alike = f"IFERROR(AND({users}={part(2, 1, rows + 1, 1)},{items}={part(1, 2, 1, cols + 1)}),FALSE)"
    here = part(2, 2, rows + 1, cols + 1)
    numbers = 'IF(ISNUMBER(source)+(ROW(source)=ROW(source_item)),source,"")'
    looked_up = f'IFERROR(HLOOKUP({label_wanted(items, wild)},{numbers},{source_row(users, wild)},0),"")'
    return f'=IF({alike},IF(ISNUMBER({here}),{here},""),{looked_up})'


def source_row(user: str, wild: bool) -> str:
    """Which row of the source a user has."""
    return f"MATCH({label_wanted(user, wild)},source_user,0)"


def source_column(item: str, wild: bool) -> str:
    """Which column of the source an item has."""
    return f"MATCH({label_wanted(item, wild)},source_item,0)"


def held_number(cell: str) -> str:
    """The number of a rating held out, ``4.5?``, in whatever language the program speaks."""
    return f'_xlfn.NUMBERVALUE(SUBSTITUTE(SUBSTITUTE({cell},"?",""),",","."),".","\'")'


def blanks_as_zero(ratings: str) -> str:
    """A block of ratings as an array, with 0 where there is none."""
    return f"IF(ISNUMBER({ratings}),{ratings},0)"


def label_wanted(label: str, wild: bool) -> str:
    """A label as MATCH finds it: with ``~`` before what would make it a pattern, where `wild`."""
    escaped = label
    for sign in "~*?":
        escaped = f'SUBSTITUTE({escaped},"{sign}","~{sign}")'
    return f"IF(ISTEXT({label}),{escaped},{label})" if wild else label
