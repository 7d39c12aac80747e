"""The formats of ratings files: one table, which `read_ratings` goes through. A new format is a new entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from .column_roles import RATING_ROLES, FoundColumns
from .columns import RatingsTable, TableRows
from .delimited import TextTable, examine_text
from .parquet_files import ParquetTable, examine_parquet, is_parquet, read_parquet
from .text_columns import read_whole_text

Table = TypeVar("Table", bound=RatingsTable)


@dataclass(frozen=True, kw_only=True)
class Format(Generic[Table]):
    """One format.

    `holds(path)` says whether a file, or a folder, is in this format, by its name. `examine(path, separator)` looks at its
    beginning and gives the table; the separator is None unless the user gave one. `read(table, found)` gives the rows of
    the columns that were found. All of them raise UserError for a file that cannot be read.
    """

    holds: Callable[[Path], bool]
    examine: Callable[[Path, str | None], Table]
    read: Callable[[Table, FoundColumns], TableRows]


def _examine_text(path: Path, separator: str | None) -> TextTable:
    return examine_text(path, sep=separator, fewest=len(RATING_ROLES))


def _examine_parquet(path: Path, separator: str | None) -> ParquetTable:
    return examine_parquet(path)    # it has no separators


FORMATS: dict[str, Format[Any]] = {     # the first that holds a path reads it; text holds every path and comes last
    "Parquet": Format(holds=is_parquet, examine=_examine_parquet,
                      read=partial(read_parquet, numeric=[role.name for role in RATING_ROLES].index("rating"))),
    "text": Format(holds=lambda path: True, examine=_examine_text, read=read_whole_text),
}


def format_of(path: Path) -> Format[Any]:
    """The format of the file or folder at `path`."""
    return next(entry for entry in FORMATS.values() if entry.holds(path))
