"""Read the ratings of one newcomer: a small table of item and rating, or, for a new item, of user and rating."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from solver.errors import UserError

from .looked_at.column_roles import find_columns
from .looked_at.rating_names import RATING_ROLES
from .looked_at.table_port import Told
from .rating_columns import DECIMALS, notes_on_blanks, numbered, numbers_of, refuse_blank
from .tables import Paths, opened_table, read_found


def read_ratings_of_one(path: Paths, *, rated: str = "item", columns: Sequence[str | int] | None = None, sep: str | None = None,
                        decimal: str | None = None, encoding: str | None = None, sheet: str | None = None) -> tuple[dict[Hashable, float], list[str]]:
    """The rating of each label, and notes on what was odd; `rated` is ``'item'`` or ``'user'``.

    Columns are found, and labels and numbers read, as in `read_ratings`. Raises UserError, naming file
    and line, for anything that is no rating, and for a label that is rated twice.
    """
    if decimal is not None and decimal not in DECIMALS:
        raise UserError(f"decimal is {decimal!r}. Choose one of: comma, point.")
    roles = tuple(role for role in RATING_ROLES if role.name in (rated, "rating"))
    with opened_table(path, Told(sep, encoding, sheet, "long", roles=roles)) as looked_at:
        found = find_columns(looked_at, roles, columns, numeric=1, advice=f"Call them {rated} and rating in the first line.")
        read = read_found(looked_at, found, numeric=1)
    table, others, values, lines = read.table, read.rows.columns[0], read.rows.values, read.rows.lines
    refuse_blank(table, others, lines, rated)
    notes = notes_on_blanks(table, values, lines)
    there = ~values.blank()
    others, values, lines = others.take(there), values.take(there), lines[there]
    if not len(lines):
        raise UserError(f"{table.name} holds no rating. Add a line for every rating: {rated}, rating. Without any, a model that learnt with genres or "
                        "other columns answers by recommend --new-user --likes.")
    numbers, _, more = numbers_of(table, values, lines, decimal)
    labels, index = numbered(table, others, lines, rated)
    first: dict[int, int] = {}
    for row, of in enumerate(index.tolist()):
        if first.setdefault(of, row) != row:
            raise UserError(f"{table.name}, lines {lines[first[of]]} and {lines[row]} both rate the {rated} "
                            f"{labels[of]}; these are to be the ratings of one newcomer. Keep one of them.")
    return {labels[of]: number for of, number in zip(index.tolist(), numbers.tolist())}, notes + more
