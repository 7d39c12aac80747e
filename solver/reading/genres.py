"""Read the genres, or categories, of items from a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import pandas as pd

from solver.errors import UserError

from .looked_at.column_roles import find_columns
from .looked_at.rating_texts import identity
from .looked_at.roles import Role
from .looked_at.table_port import Told
from .rating_columns import how_many_of
from .tables import opened_table, read_found
from .titles import ITEM_ROLE

_ROLES = (ITEM_ROLE, Role("genres", ("genres", "genre", "categories", "category", "tags", "tag", "subjects", "subject",
                                     "styles", "style", "keywords")))
_NAME_THEM = "Call the columns of ids and genres 'item' and 'genres' in the first line."
_SEPARATORS = "|;,"
_NONE = ("", "(no genres listed)")


def read_genres(path, *, items: Sequence[Hashable], sep: str | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Which genres which of `items` have, as `CollabFilter.fit` takes item columns, and notes on what was odd.

    A row for an item that the file knows, a column for a genre, 1 where it is the item's and 0 where not. The columns of
    ids and genres are found by name, or are the first two; several genres stand in one cell, between ``|``,
    else ``;``, else ``,``. Ids match however they are written: 14, '14' or '014'. Raises UserError, naming
    file and line, for a file that cannot be read or knows the genres of no item.
    """
    with opened_table(path, Told(sep=sep, layout="long", roles=_ROLES)) as looked_at:
        read = read_found(looked_at, find_columns(looked_at, _ROLES, None, advice=_NAME_THEM))
    table, (ids, texts) = read.table, read.rows.columns
    between = next((mark for mark in _SEPARATORS if any(mark in text for text in texts.texts)), _SEPARATORS[0])
    genres_of = [[name for part in text.split(between) if (name := part.strip()) not in _NONE] for text in texts.texts]
    wanted = {identity(item): item for item in items}
    item_of = [wanted.get(identity(text)) for text in ids.texts]
    has: dict[Hashable, set[str]] = {}
    for own, listed in zip(ids.codes, texts.codes):
        if item_of[own] is not None and genres_of[listed]:
            has.setdefault(item_of[own], set()).update(genres_of[listed])
    if not has:
        raise UserError(f"{table.name} has a genre for none of the {how_many_of(len(items), 'item')}. {_NAME_THEM}")
    counts = Counter(name for names in has.values() for name in names)
    names = sorted(counts)
    matrix = pd.DataFrame([[float(name in own) for name in names] for own in has.values()], index=pd.Index(
        list(has), dtype=object, tupleize_cols=False), columns=names)
    return matrix, [f"{table.name} gives {how_many_of(len(names), 'genre')} to {how_many_of(len(has), 'item')}, "
                    f"{max(counts, key=counts.__getitem__)} to most of them."]
