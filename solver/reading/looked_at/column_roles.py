"""Which columns of a table matter: found by name, by position, or told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from solver.errors import UserError, shortened

from .rating_texts import reads_as_number
from .roles import FoundColumns, Role

if TYPE_CHECKING:
    from .table_port import SourceTable

_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")     # at the end of a name: 'rating (1-5)'


def find_columns(table: SourceTable, roles: Sequence[Role], columns=None, *,
                 numeric: int | None = None, advice: str) -> FoundColumns:
    """Find the column of each role: as `columns` says, by the header's names, or by position.

    `columns` holds a name or a position from 1 for every role. `numeric` is the role that holds
    numbers in a line of data; without it a first line that has not the names is data.
    Raises UserError, which lists the columns that are there, where one is missing; `advice` is
    what it then says to do.
    """
    first = table.first_line()
    if not first:
        raise UserError(f"{table.name} is empty. Give a file with a line for every entry.")
    wanted = ", ".join(role.name for role in roles)
    guessed = False
    if columns is not None:
        positions, named = _asked_for(table, first, roles, columns)
    else:
        by_name = find_by_name(first, roles)
        positions = [at for at in by_name if at is not None]
        named = len(positions) == len(roles)
        if not named:
            some = bool(positions)
            missing = [role.name for role, at in zip(roles, by_name) if at is None]
            positions = list(range(len(roles)))
            if len(first) < len(roles):
                raise UserError(f"{table.name} has {_columns(first)}, but {len(roles)} are needed: "
                                f"{wanted}. Separate them by one of , ; tab | :: or blanks, or say with --sep what stands between.")
            for role, candidates in zip(roles, _by_ending(first, roles, find_by_name(first, roles))):
                if len(candidates) > 1:
                    one, two = (shortened(first[at]) for at in candidates[:2])
                    raise UserError(f"{table.name} has two columns that may hold the {role.name}: '{one}' and '{two}'. {advice}")
            guessed = not any(reads_as_number(first[at]) for at in positions)
            if some and guessed:
                raise UserError(f"{table.name} has no column for: {', '.join(missing)}. It has "
                                f"{_columns(first)}. {advice}")
    header = named or (numeric is not None and not any(reads_as_number(first[at]) for at in positions))
    return FoundColumns(tuple(positions), first, header, guessed and header, by_place=columns is None and not named)


def _asked_for(table: SourceTable, first, roles, columns) -> tuple[list[int], bool]:
    """(positions, whether any was asked for by name)"""
    if isinstance(columns, str):
        columns = columns.split(",")
    wanted = ", ".join(role.name for role in roles)
    if len(columns) != len(roles):
        raise UserError(f"--columns names {len(columns)}; give {len(roles)}: {wanted}.")
    positions = [column_at(table, first, column) for column in columns]
    named = any(_place(column, len(first)) is None for column in columns)
    if len(set(positions)) < len(positions):
        raise UserError(f"--columns names a column twice. Give {len(roles)} different ones: {wanted}.")
    return positions, named


def column_at(table: SourceTable, first: Sequence[str], column: str | int) -> int:
    """The position of a column that was asked for by name, or by its place counted from 1. Raises UserError where there is none."""
    place = _place(column, len(first))
    if place is not None:
        return place    # also where the first line is data that holds this number
    plain = [_plain(field) for field in first]
    if isinstance(column, str) and _plain(column) in plain:
        return plain.index(_plain(column))
    raise UserError(f"{table.name} has no column '{column}'; it has {_columns(first)}. Give their names, or positions counted from 1.")


def _place(column: str | int, n: int) -> int | None:
    """The position among `n` of a column that was asked for by its place; None where it was not."""
    bare = str(column).strip()      # int() keeps some signs that strip() takes off
    return int(bare) - 1 if re.fullmatch("[0-9]+", bare) and 1 <= int(bare) <= n else None


def find_by_name(first: Sequence[str], roles: Sequence[Role]) -> list[int | None]:
    """The position of each role's column among these names, None where none is called so, or two may be meant because
    their names end alike."""
    plain = [_plain(_BRACKETS.sub("", field)) for field in first]
    positions: list[int | None] = []
    for role in roles:
        there = [plain.index(name) for name in role.names if name in plain]
        positions.append(next((at for at in there if at not in positions), None))
    for number, candidates in enumerate(_by_ending(first, roles, positions)):
        if len(candidates) == 1:
            positions[number] = candidates[0]
    return positions


def _by_ending(first: Sequence[str], roles: Sequence[Role], positions: Sequence[int | None]) -> list[list[int]]:
    """For each role without a column, those of the free columns whose names end as its names do."""
    last = [_last_words(_BRACKETS.sub("", name)) for name in first]
    its_role = [_role_of(words, roles) for words in last]
    return [[] if position is not None else [at for at, of in enumerate(its_role) if of is role and at not in positions]
            for role, position in zip(roles, positions)]


def _last_words(name: str) -> tuple[str, str]:
    """(the last word, the last two joined) of a name such as ``buyerUserID``, ``Book-Rating`` or ``anime_id``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+", name)
    return "".join(words[-1:]).casefold(), "".join(words[-2:]).casefold()


def _role_of(last: tuple[str, str], roles: Sequence[Role]) -> Role | None:
    """The role whose ending this is; of several the longest, so that 'buyer_user_id' is a user and no other id."""
    fitting = [(len(ending), role) for role in roles for ending in role.endings if ending in last]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def _plain(name: str) -> str:
    """'User ID', 'user_id' and 'userId' are one name."""
    return re.sub(r"[\W_]+", "", name).casefold() or name.strip()


def _columns(first) -> str:
    shown = ", ".join(f"'{shortened(' '.join(name.split()))}'" for name in first[:12]) + (", …" if len(first) > 12 else "")
    return f"{len(first)} column{'s' * (len(first) > 1)}: {shown}"
