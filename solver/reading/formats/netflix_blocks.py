"""Ratings in blocks, as the Netflix Prize had them: a line ``1:`` for an item, then a line ``user,rating,date`` for each rating."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import Told

from .delimited_text.encodings import checked_encoding
from .text_rows import add_rows

FIRST_LINE = re.compile(rb"(\xef\xbb\xbf)?\s*[0-9]+:[ \t]*\r?\n[ \t]*[^,\n]+,[ \t]*[0-9.]+[ \t]*(,[^,\n]*)?(\r?\n|$)")
_ITEM = re.compile(r"([0-9]+):")


@dataclass(frozen=True)
class BlocksTable:
    """A file of blocks, read as lines of user, item, rating and, where there are dates, time."""

    source: Source
    dated: bool
    encoding: str

    unit = "line"
    comma_separated, leaves_out_unrated = True, False

    @property
    def name(self) -> str:
        return self.source.name

    def at(self, row: int) -> str:
        return f"{self.name}, line {row}"

    def first_line(self) -> tuple[str, ...]:
        """The names that its fields would have in a table."""
        return ("user", "item", "rating", "time") if self.dated else ("user", "item", "rating")

    def sample(self) -> list[list[str]]:
        return [list(self.first_line())]

    def read_as(self) -> tuple[str, ...]:
        return ("a block for every item",)

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add every rating, with the item of its block."""
        add_rows(self._ratings(bad), found, rows)
        self.source.refuse_if_cut()

    def _ratings(self, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
        item, wanted = "", len(self.first_line()) - 1
        with self.source.opened() as raw, io.TextIOWrapper(raw, encoding=self.encoding, errors="replace") as text:
            for number, line in enumerate(text, 1):
                line = line.strip()
                if head := _ITEM.fullmatch(line):
                    item = head[1]
                elif line:
                    fields = [field.strip() for field in line.split(",")]
                    if len(fields) == wanted:
                        yield number, [fields[0], item, *fields[1:]]
                    else:
                        bad.found(f"{self.at(number)}: {len(fields)} field{'s' * (len(fields) > 1)} where a rating has {wanted}. "
                                  "Complete or remove that line.")


def look_at_blocks(source: Source, told: Told) -> BlocksTable:
    """The table of a file of blocks."""
    match = FIRST_LINE.match(source.head())
    return BlocksTable(source, match is not None and match[2] is not None,
                       checked_encoding(told.encoding, source) if told.encoding else "utf-8-sig")
