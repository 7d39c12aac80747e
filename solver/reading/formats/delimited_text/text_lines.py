"""What reading the columns of a delimited file needs of it: how it is written, its bytes and its lines."""

from __future__ import annotations

from collections.abc import Generator
from typing import BinaryIO, Protocol

from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.sources import Source


class TextLines(Protocol):
    """A delimited file that was looked at."""

    @property
    def source(self) -> Source:
        """The file."""

    @property
    def separator(self) -> str:
        """What stands between two columns."""

    @property
    def cut_off(self) -> bool:
        """Whether the last line has no end, where that is known."""

    @property
    def plainly_written(self) -> bool:
        """Whether pyarrow may read as much of it as it reads alike."""

    def at(self, row: int) -> str:
        """``'ratings.csv, line 17'``: how a message begins."""

    def opened(self) -> BinaryIO:
        """The file's bytes, unpacked."""

    def rows(self, *, start: int = 0, line: int = 1, bad: BadRows | None = None) -> Generator[tuple[int, list[str]], None, None]:
        """(line number, fields) of every line that holds something, from byte `start`, where line number `line` begins."""
