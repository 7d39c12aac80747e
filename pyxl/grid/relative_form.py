"""A formula's text with every reference relative to its cell: equal for all cells of a fill-down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from string import ascii_uppercase

from openpyxl.utils import column_index_from_string

from .cells import MAX_COL, Cell

_TOKEN = re.compile(r"""
    "(?:[^"]|"")*" | '(?:[^']|'')*' | \[[^\]]*\]                                   # text, a sheet's name, a table's column
  | (?<![\w.$\\]) (?: (\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7}) (?![\w.(!\\])          # a cell
                    | (\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3}) (?![\w.(!$\\])     # whole columns
                    | (\$?)([0-9]{1,7}):(\$?)([0-9]{1,7}) (?![\w.(!$\\]) )         # whole rows
""", re.X)

_column = lru_cache(maxsize=20_000)(lambda letters: column_index_from_string(letters.upper()))


@dataclass(frozen=True)
class RelativeForm:
    """`pattern` is the text with ``%s`` where a relative row or column stands; `moves` says for each how far it is from
    the formula's own cell, and whether it is a column. Forms of equal formulas are equal."""

    pattern: str
    moves: tuple[tuple[int, bool], ...]

    def written(self, row: int, col: int) -> str:
        """The text in another cell (not at a sheet's edge, where references come in again on the other side)."""
        letters = _letters()
        return self.pattern % tuple([letters[col + move] if across else row + move for move, across in self.moves])


def relative_form(text: str, row: int, col: int) -> RelativeForm:
    """The relative form of a formula that is written in the cell at this row and column."""
    pattern, moves, end = [], [], 0
    for match in _TOKEN.finditer(text):
        pattern.append(text[end:match.start()].replace("%", "%%"))
        end = match.end()
        ends = match.group(*range(1, 13))
        parts: tuple[tuple[str, str, bool | None], ...]     # (what fixes it, or '', the text, whether it is a column)
        if ends[1]:
            parts = ((ends[0], ends[1], True), (ends[2], ends[3], False))
        elif ends[5]:
            parts = ((ends[4], ends[5], True), (":", ":", True), (ends[6], ends[7], True))
        elif ends[9]:
            parts = ((ends[8], ends[9], False), (":", ":", True), (ends[10], ends[11], False))
        else:
            parts = (("", match[0], None),)
        for fixed, written, across in parts:
            if fixed or across is None:
                pattern.append((fixed if fixed == "$" else "") + (written.upper() if fixed else written).replace("%", "%%"))
            else:
                pattern.append("%s")
                moves.append((_column(written) - col if across else int(written) - row, across))
    pattern.append(text[end:].replace("%", "%%"))
    return RelativeForm("".join(pattern), tuple(moves))


class RelativeForms:
    """For every formula the first one met with the same relative form: its text, and the cell that this was written for.

    Reading a text takes time: first it is held against the form of the cell above.
    """

    def __init__(self) -> None:
        self._first: dict[RelativeForm, tuple[str, Cell]] = {}
        self._shared: dict[tuple[str, Cell], tuple[str, Cell]] = {}
        self._above: dict[int, tuple[RelativeForm, tuple[str, Cell]]] = {}  # by column: the last form seen there

    def first_of(self, text: str, anchor: Cell, cell: Cell) -> tuple[str, Cell]:
        """Of the formula of `cell`, whose `text` was written for `anchor`."""
        row, col = cell
        if anchor != cell:
            if (first := self._shared.get((text, anchor))) is None:
                first = self._shared[text, anchor] = self._met(relative_form(text, *anchor), text, anchor)
            return first
        if (above := self._above.get(col)) is not None and above[0].written(row, col) == text:
            return above[1]
        form = relative_form(text, row, col)
        first = self._met(form, text, anchor)
        self._above[col] = form, first
        return first

    def _met(self, form: RelativeForm, text: str, anchor: Cell) -> tuple[str, Cell]:
        return self._first.setdefault(form, (text, anchor))


@lru_cache(maxsize=1)
def _letters() -> list[str]:
    """Every column's letters by its number, and as many blanks: what lies beside the sheet fits no text."""
    columns = ["".join(letters) for length in (1, 2, 3) for letters in product(ascii_uppercase, repeat=length)]
    return ["", *columns[:MAX_COL], *[""] * MAX_COL]
