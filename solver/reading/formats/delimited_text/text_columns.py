"""The columns of a delimited file that matter, line by line: every oddity has its sentence."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns

from .text_lines import TextLines

_LARGE = 1_000_000       # bytes of a file that is worth the faster way
_TIMES_AT_ONCE = 100_000
_LINES_AT_ONCE = 500_000    # after which they are added: what takes them in may not keep all of them


def read_columns(table: TextLines, found: FoundColumns, growing: Growing, bad: BadRows) -> None:
    """Add the found columns, in order, and the lines they were read from.

    Raises UserError for a line with more or fewer fields than the first, unless `bad` leaves it out.
    """
    start, line = 0, 1
    if table.source.path.stat().st_size >= _LARGE:
        from .large_files import read_plain  # loads pyarrow's reader
        start, line = read_plain(table, found, growing)
    _read_lines(table, found, growing, bad, start, line)


def _read_lines(table: TextLines, found: FoundColumns, growing: Growing, bad: BadRows, start: int, line: int) -> None:
    """Add what stands from byte `start`, line number `line`, to the end."""
    codes = [array("i") for _ in found.positions]
    lines, times = array("i"), []
    columns = list(zip(found.positions, growing.texts, codes))

    def add_lines() -> None:
        growing.add([np.array(column, np.int32) for column in codes], np.array(lines, np.int32))
        for filled in (*codes, lines):
            del filled[:]

    for number, fields in _fitting_rows(table, found, bad, start, line):
        lines.append(number)
        for position, texts, column in columns:
            column.append(texts.setdefault(fields[position], len(texts)))
        if growing.times and found.time is not None:
            times.append(fields[found.time])
            if len(times) == _TIMES_AT_ONCE:
                _add_times(growing, times)
        if len(lines) == _LINES_AT_ONCE:
            add_lines()
    if times:
        _add_times(growing, times)
    add_lines()


def _add_times(growing: Growing, texts: list[str]) -> None:
    import pyarrow as pa

    if growing.times:
        growing.times.add(pa.array(texts, pa.string()))
    texts.clear()


def _fitting_rows(table: TextLines, found: FoundColumns, bad: BadRows, start: int,
                  line: int) -> Iterator[tuple[int, list[str]]]:
    most = fewest = len(found.first_line)
    if found.header:  # the last columns may have no name, and then need not be there
        fewest = max(n for n, name in enumerate(found.first_line, 1) if name)
        fewest = max(fewest, *(at + 1 for at in found.positions))
    rows = table.rows(start=start, line=line, bad=bad)
    if found.header and not start:
        next(rows)
    for line, fields in rows:
        n = len(fields)
        if n < fewest:
            if table.cut_off and not bad.skip and next(rows, None) is None:
                bad.found(f"{table.at(line)}: the file ends in the middle of the line, after "
                          f"{n} of {fewest} fields. Get a whole copy, or remove that line.")
            bad.found(f"{table.at(line)}: {_fields(n)} where the first line has {most}. Complete or remove that line.")
        elif n > most and "".join(fields[most:]).strip():
            bad.found(f"{table.at(line)}: {_fields(n)} where the first line has {most}. "
                      "Put texts and numbers that hold the separator in quotes.")
        else:
            yield line, fields


def _fields(n: int) -> str:
    return f"{n} field{'s' * (n > 1)}"
