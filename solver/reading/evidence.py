"""What the values of columns say about what was guessed from their places: where they contradict it, both readings are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import UserError

from .column_roles import FoundColumns
from .columns import Column, Numbers
from .rating_texts import reads_as_number, shortened
from .table_port import SourceTable

_ENOUGH = 20            # rows from which on their values say anything
_SCALE = 21             # distinct values that a scale of ratings has at most, as half stars from 0 to 10 have


def refuse_contradicted(table: SourceTable, found: FoundColumns, columns: Sequence[Column | Numbers]) -> None:
    """Raise UserError where user, item or rating were taken by their places and their values say otherwise: another
    column of the first rows looks more like ratings, or one of ids is different in every row."""
    n_rows = len(columns[0].codes) if isinstance(columns[0], Column) else 0
    if not found.by_place or n_rows < _ENOUGH:
        return
    user, item, rating = found.positions if len(found.positions) == 3 else (*found.positions, None)
    sample = table.sample()[1:]
    names = [f"'{shortened(name)}'" if found.header else f"column {place}" for place, name in enumerate(found.first_line, 1)]
    if rating is not None and not _is_scale([row[rating] for row in sample if len(row) > rating]):
        like = [at for at in range(len(names)) if at != rating and _is_scale([row[at] for row in sample if len(row) > at])]
        if len(like) == 1:
            others = [at + 1 for at in range(len(names)) if at != like[0]][:2]
            raise UserError(f"{table.name}: {names[rating]} was taken for the rating because it is the third, but {names[like[0]]} looks "
                            f"more like ratings: few values on one scale. Say with --columns which are user, item, rating: "
                            f"{others[0]},{others[1]},{like[0] + 1} or {user + 1},{item + 1},{rating + 1}.")
    for at, column, role in ((user, columns[0], "user"), (item, columns[1], "item")):
        if isinstance(column, Column) and len(np.unique(column.codes)) == n_rows:
            raise UserError(f"{table.name}: {names[at]} was taken for the {role} because of its place, but it is different in each of the "
                            f"{n_rows:,} {table.unit}s, so nothing could be learnt of any. Say with --columns which are user, item, rating, "
                            f"such as {user + 1},{item + 1}{f',{rating + 1}' if rating is not None else ''} if it is.")


def _is_scale(texts: Sequence[str]) -> bool:
    """Whether texts are numbers with few distinct values, each of them often met."""
    there = [text.strip() for text in texts if text.strip()]
    if len(there) < _ENOUGH or not all(reads_as_number(text) for text in there):
        return False
    distinct = set(there)
    return 1 < len(distinct) <= _SCALE and len(distinct) <= len(there) / 3
