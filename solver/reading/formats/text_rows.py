"""Adds rows of texts to a table that grows: what the formats without columns of their own share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns

_AT_ONCE = 100_000


def add_rows(numbered: Iterable[tuple[int, Sequence[str]]], found: FoundColumns, growing: Growing) -> None:
    """Add the found columns of (row number, texts)."""
    import pyarrow as pa

    lines: list[int] = []
    texts: list[list[str]] = [[] for _ in found.positions]
    times: list[str] = []

    def flush() -> None:
        growing.add([growing.codes_of(column, part) for column, part in enumerate(texts)], np.array(lines, np.int32))
        if growing.times:
            growing.times.add(pa.array(times, pa.string()))
        lines.clear()
        times.clear()
        for part in texts:
            part.clear()

    for number, fields in numbered:
        lines.append(number)
        for position, part in zip(found.positions, texts):
            part.append(fields[position])
        if found.time is not None:
            times.append(fields[found.time])
        if len(lines) == _AT_ONCE:
            flush()
    if lines:
        flush()
