"""Several files, or a folder of them, that hold one table in parts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import SourceTable


@dataclass(frozen=True)
class ManyTables:
    """Tables read one after the other; the first says what the columns are called."""

    name: str
    parts: Sequence[SourceTable]
    _ends: list[int] = field(default_factory=list, repr=False)  # the last row of each part that was read

    @property
    def unit(self) -> str:
        return self.parts[0].unit

    @property
    def comma_separated(self) -> bool:
        return all(part.comma_separated for part in self.parts)

    @property
    def leaves_out_unrated(self) -> bool:
        return all(part.leaves_out_unrated for part in self.parts)

    @property
    def source(self) -> Source:
        return self.parts[0].source

    def at(self, row: int) -> str:
        """``'part-2.csv, line 17'``: how a message begins; the row counts on from file to file."""
        part = min(bisect_left(self._ends, row), len(self.parts) - 1)
        return self.parts[part].at(row - (self._ends[part - 1] if part else 0))

    def first_line(self) -> tuple[str, ...]:
        return self.parts[0].first_line()

    def sample(self) -> list[list[str]]:
        return self.parts[0].sample()

    def read_as(self) -> tuple[str, ...]:
        return (f"{len(self.parts)} files in the order of their names", *self.parts[0].read_as())

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every part. Raises UserError for a part that lacks one of them."""
        self._ends.clear()
        for part in self.parts:
            rows.offset = self._ends[-1] if self._ends else 0
            part.read(found_in_part(part, self.parts[0], found), rows, bad)
            self._ends.append(max(rows.last_line, rows.offset))


def parts_of(table: SourceTable) -> Sequence[SourceTable]:
    """The tables of one file each that a table is made of."""
    return table.parts if isinstance(table, ManyTables) else (table,)


def found_in_part(part: SourceTable, first: SourceTable, found: FoundColumns) -> FoundColumns:
    """Where the columns found in the first table stand in another one: by their names, or in the same places."""
    line = part.first_line()
    if part is first or line == found.first_line:
        return found
    if not found.header:
        if len(line) != len(found.first_line):
            raise UserError(f"{part.name} has {len(line)} columns and {first.name} has {len(found.first_line)}. Remove one of them.")
        return replace(found, first_line=line)
    wanted = [found.first_line[at] for at in (*found.positions, *([] if found.time is None else [found.time]))]
    for name in wanted:
        if name not in line:
            raise UserError(f"{part.name} has no column '{name}', as the first file beside it has. Remove one of them.")
    places = [line.index(name) for name in wanted]
    n = len(found.positions)
    return replace(found, positions=tuple(places[:n]), time=places[n] if len(places) > n else None, first_line=line)
