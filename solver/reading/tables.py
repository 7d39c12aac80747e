"""Opens a table, wherever it is stored, and reads the columns that were found in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .elsewhere import brought_here
from .formats.format_table import look_at
from .looked_at.bad_rows import BadRows
from .looked_at.columns import Growing, TableRows
from .looked_at.roles import FoundColumns
from .looked_at.sources import STDIN, standard_input
from .looked_at.table_port import ReadAgain, SourceTable, Told

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class TableRead:
    """A table that was read: how it turned out to be written, where its columns are, its rows, and those left out."""

    table: SourceTable
    found: FoundColumns
    rows: TableRows
    bad: BadRows


@contextmanager
def opened_table(path: Paths, told: Told) -> Iterator[SourceTable]:
    """The table of a file, of several, or of a folder, here or at an address; ``'-'`` is the standard input. What is no file here is
    kept as one until the context ends."""
    given = [path] if isinstance(path, (str, Path)) else list(path)
    if [str(one) for one in given] == [STDIN]:
        with standard_input() as source:
            yield look_at(source, told)
    else:
        with brought_here(given) as (files, _):
            yield look_at(files, told)


def read_found(table: SourceTable, found: FoundColumns, *, numeric: int | None = None, bad_lines: str = "refuse") -> TableRead:
    """The found columns of every row; the one at `numeric` as numbers, where the file holds numbers."""
    while True:
        bad = BadRows(bad_lines)
        growing = Growing(len(found.positions), timed=found.time is not None, numeric=numeric)
        try:
            table.read(found, growing, bad)
        except ReadAgain as again:
            table = again.table
        else:
            return TableRead(table, found, growing.rows(), bad)
