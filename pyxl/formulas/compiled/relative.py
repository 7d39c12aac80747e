"""A formula's text with every reference relative to its cell: equal for all cells of a fill-down."""

from __future__ import annotations

import re
from functools import lru_cache

from openpyxl.utils import column_index_from_string

_TOKEN = re.compile(r"""
    "(?:[^"]|"")*" | '(?:[^']|'')*' | \[[^\]]*\]                                   # text, a sheet's name, a table's column
  | (?<![\w.$\\]) (?: (\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7}) (?![\w.(!\\])          # a cell
                    | (\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3}) (?![\w.(!$\\])     # whole columns
                    | (\$?)([0-9]{1,7}):(\$?)([0-9]{1,7}) (?![\w.(!$\\]) )         # whole rows
""", re.X)

_column = lru_cache(maxsize=20_000)(lambda letters: column_index_from_string(letters.upper()))


def relative_form(text: str, row: int, col: int) -> str:
    """The text as it would read in R1C1 notation (nearly: only equality counts), for the cell it stands in."""
    def offset(match: re.Match) -> str:
        if letters := match[2]:
            digits = match[4]
            return (f"R{digits}" if match[3] else f"R[{int(digits) - row}]") + \
                   (f"C{_column(letters)}" if match[1] else f"C[{_column(letters) - col}]")
        if match[6]:
            return ":".join(f"C{_column(c)}" if fixed else f"C[{_column(c) - col}]"
                            for fixed, c in (match.group(5, 6), match.group(7, 8)))
        if match[10]:
            return ":".join(f"R{r}" if fixed else f"R[{int(r) - row}]"
                            for fixed, r in (match.group(9, 10), match.group(11, 12)))
        return match[0]
    return _TOKEN.sub(offset, text)
