"""Read the titles of items from a table."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from solver.errors import UserError

from .looked_at.column_roles import find_columns
from .looked_at.rating_names import ITEM_NAMES
from .looked_at.rating_texts import identity
from .looked_at.roles import Role
from .looked_at.table_port import SourceTable, Told
from .rating_columns import how_many_of
from .tables import opened_table, read_found

_TITLE_NAMES = ("title", "name", "itemname", "itemtitle", "movietitle", "moviename", "booktitle",
                "movie", "film", "product", "book", "song", "item")
ITEM_ROLE = Role("item", (*(name for name in ITEM_NAMES if name.endswith("id")), "isbn", "asin", "id", *ITEM_NAMES))
_TITLE_ROLES = (ITEM_ROLE, Role("title", _TITLE_NAMES))
_APOSTROPHES = ("'", "’")
# a title, or another one in brackets behind it, that ends in an article
_ARTICLE_LAST = re.compile(r"([^\s()][^()]*?), (The|An?|L[eao]s?|Les|L['’]|Il|I|Gli|El|Un|Une|Una|Der|Die|Das|Den|Det|De|Het)(?=\s*(?:[()]|$))")
_NAME_THEM = "Call the columns of ids and titles 'item' and 'title' in the first line."


def read_titles(path, *, items: Sequence[Hashable], columns: Sequence[str | int] | None = None,
                sep: str | None = None) -> tuple[dict[Hashable, str], list[str]]:
    """The titles of `items` that a file knows, by item label, and notes on what was odd.

    The columns of ids and titles are found by name, told by `columns` (names, or positions
    counted from 1), or the first two. Ids match however they are written: 14, '14' or '014'.
    Raises UserError, naming file and line, for a file that cannot be read or knows no item.
    """
    with opened_table(path, Told(sep=sep, layout="long", roles=_TITLE_ROLES)) as looked_at:
        read = read_found(looked_at, find_columns(looked_at, _TITLE_ROLES, columns, advice=_NAME_THEM))
    table, (ids, titles), lines = read.table, read.rows.columns, read.rows.lines
    wanted = {identity(item): item for item in items}
    wanted_of_code = [wanted.get(identity(text)) for text in ids.texts]
    known: dict[Hashable, tuple[str, int]] = {}  # item -> (title, line)
    differ = []
    for row, code in enumerate(ids.codes):
        item, title = wanted_of_code[code], " ".join(titles.texts[titles.codes[row]].split())
        if item is None or not title:
            continue
        before, line = known.setdefault(item, (title, int(lines[row])))
        if before != title:
            differ.append(f"{table.at(lines[row])}: item {item} has another title than on line "
                          f"{line}; '{before}' was kept")
    if not known:
        raise UserError(f"{table.name} has a title for none of the {how_many_of(len(items), 'item')}. "
                        f"{_NAME_THEM}")
    result = {item: known[item][0] for item in items if item in known}
    notes = [f"{_and_others(differ)}."] if differ else []
    return result, notes + _notes_on_titles(table, result, items)


def article_first(title: str) -> str:
    """The title as one says it: 'Fugitive, The (1993)' is sorted by its first word, and spoken 'The Fugitive (1993)'."""
    return _ARTICLE_LAST.sub(lambda found: f"{found[2]}{'' if found[2].endswith(_APOSTROPHES) else ' '}{found[1]}", title)


def _notes_on_titles(table: SourceTable, titles: dict[Hashable, str], items) -> list[str]:
    notes = []
    without = [item for item in items if item not in titles]
    if without:
        notes.append(f"{table.name} has no title for {how_many_of(len(without), 'item')}, the first "
                     f"of them {without[0]}: the id stands for it.")
    first: dict[str, Hashable] = {}
    doubled = [f"'{title}' is the title of {first[title]} and {item}" for item, title in titles.items()
               if first.setdefault(title, item) != item]
    return notes + ([f"{table.name}: {_and_others(doubled)}."] if doubled else [])


def _and_others(sentences: list[str]) -> str:
    return sentences[0] + (f", and so {how_many_of(len(sentences) - 1, 'more case')}"
                           if len(sentences) > 1 else "")
