"""Output of commands: tables of text for people, and numbers that JSON can hold."""

from __future__ import annotations

import math
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

Say = Callable[[str], None]
"""Tells a person one line."""


def table(headers: Sequence[str], rows: Sequence[Sequence]) -> list[str]:
    """Lines of aligned columns: texts to the left, numbers to the right."""
    if not rows:
        return []
    columns = list(zip(*rows))
    lines = [[_shown(cell) for cell in row] for row in rows]
    widths = [max(len(header), *(len(line[n]) for line in lines)) for n, header in enumerate(headers)]
    right = [all(isinstance(cell, (int, float)) or cell is None for cell in column) for column in columns]

    def aligned(cells: Sequence[str]) -> str:
        return "  ".join(cell.rjust(width) if is_right else cell.ljust(width)
                         for cell, width, is_right in zip(cells, widths, right)).rstrip()

    return [aligned(headers), *map(aligned, lines)]


def _shown(cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def json_ready(value):
    """The same with numbers as JSON knows them: NaN and infinities, which it lacks, become None."""
    if isinstance(value, dict):
        return {str(key): json_ready(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(entry) for entry in value]
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def quoted_command(*words) -> str:
    """A command as one types it into a terminal, with quotes where they are needed."""
    texts = list(map(str, words))
    return subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts)
