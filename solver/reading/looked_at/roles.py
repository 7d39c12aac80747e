"""What is looked for in a table, a role for every column, and where the columns were found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A column that is looked for: what messages call it, and its usual names, likeliest first.

    Where no column has one of them, the one whose name ends as `endings` say is taken: ``Book-Rating``, ``anime_id``.
    """

    name: str
    names: tuple[str, ...]              # letters and digits only, lower case
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundColumns:
    """Where the roles' columns stand, counted from 0, and the first line they were found by."""

    positions: tuple[int, ...]
    first_line: tuple[str, ...]
    header: bool
    guessed: bool           # taken by position although the file has a header
    by_place: bool = False  # neither told nor found by name
    time: int | None = None  # where the times stand, if there are any
