"""The port between formats and readers: a table that was looked at, wherever it is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from solver.errors import UserError

from .bad_rows import BadRows
from .columns import Growing
from .rating_names import RATING_ROLES
from .roles import FoundColumns, Role
from .sources import Source

LAYOUTS = ("long", "crosstab")


class SourceTable(Protocol):
    """A table whose columns have names, or a first line of values, and whose rows are read on demand.

    Rows are numbered as a person would find them: by the line of a text, by the row of a sheet.
    """

    @property
    def name(self) -> str:
        """The file's name without its folder, as messages show it."""

    @property
    def unit(self) -> str:
        """What messages count: ``'line'`` or ``'row'``."""

    @property
    def comma_separated(self) -> bool:
        """Whether commas stand between the columns, so that one in a number is rather a mistake."""

    @property
    def leaves_out_unrated(self) -> bool:
        """Whether what stands for "not rated" was settled when the table was looked at, and is not among its rows."""

    @property
    def source(self) -> Source:
        """The file that it is read from, of several the first."""

    def at(self, row: int) -> str:
        """``'ratings.csv, line 17'``: how a message begins."""

    def first_line(self) -> tuple[str, ...]:
        """The names of the columns, or the values of the first row where they have none; () for an empty table."""

    def sample(self) -> list[list[str]]:
        """The first rows as texts, the line of names among them."""

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every row to `rows`.

        Raises UserError, naming the row, for what cannot be read; where it is one row alone, `bad` decides.
        """

    def read_as(self) -> tuple[str, ...]:
        """How the table was read, in a few words each, where it is not the plainest kind: ``"';' between the columns"``."""


class ReadAgain(UserError):
    """A table turned out to be written otherwise than its beginning: `table` is how. The rows read so far do not count."""

    def __init__(self, table: SourceTable):
        super().__init__(f"{table.name} is written otherwise than its beginning.")
        self.table = table


@dataclass(frozen=True)
class Told:
    """What is known beforehand of a table: what it is to hold, and what the user says of how it is written. None: it is
    found out."""

    sep: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    layout: str | None = None           # 'long' or 'crosstab'
    missing: str | None = None          # what stands in a crosstab where nobody rated
    roles: tuple[Role, ...] = RATING_ROLES      # the columns that are looked for


@dataclass(frozen=True)
class Format:
    """A way to store a table: `recognises(source, head)` looks at the name and the first bytes, unpacked;
    `look(source, told)` finds out how it is written, and raises UserError for what is damaged. `deaf_to` are the fields of
    `Told` that have no meaning for it."""

    name: str
    recognises: Callable[[Source, bytes], bool]
    look: Callable[[Source, Told], SourceTable]
    deaf_to: tuple[str, ...] = ()
