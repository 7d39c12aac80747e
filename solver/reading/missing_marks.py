"""A number that stands for "not rated" among ratings: told, or asked for where it looks like one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import UserError

from .formats.crosstab_signs import stated_missing
from .looked_at.table_port import SourceTable

_LONGEST_SCALE = 21     # distinct numbers that a scale of ratings has at most
_OFTEN = 0.25           # share of all from which on a 0 below a scale is asked for
_ENOUGH = 500_000       # ratings that are looked at
_TIMES = 1.7            # as often as the next most frequent rating


def possible_mark(values: np.ndarray) -> float | None:
    """0 or −1 where it may mean "not rated": the lowest of a scale, −1 the only number below 0, 0 far more frequent than
    any rating; None where there is none."""
    values = values[::max(1, len(values) // _ENOUGH)]
    distinct, counts = np.unique(values, return_counts=True)
    if not 4 <= len(distinct) <= _LONGEST_SCALE:
        return None
    if distinct[0] == -1 and distinct[1] >= 0 and distinct[-1] >= 3:
        return -1.0
    often = counts[0] >= max(_OFTEN * len(values), _TIMES * counts[1:].max())
    return 0.0 if distinct[0] == 0 and distinct[1] >= 0.5 and often else None


def rows_rated(table: SourceTable, values: np.ndarray, missing: str | None, *, refuse: bool) -> tuple[np.ndarray | None, list[str]]:
    """(the rows (n,) bool that hold a rating, None where all do; notes).

    Raises UserError where 0 or −1 may mean "not rated" and nobody said so; without `refuse` that is a note.
    """
    if missing is not None:
        mark = stated_missing(missing)
        left_out = np.zeros(len(values), bool) if mark is None else values == mark
        if not left_out.any():
            return None, []
        return ~left_out, [f"{table.name}: {left_out.sum():,} {table.unit}s with {mark:g}, which means unrated, were left out."]
    mark = possible_mark(values)
    if mark is None:
        return None, []
    share, rest = float((values == mark).mean()), values[values != mark]
    odd = f"{table.name}: {mark:g} stands in {_percent(share)} of the ratings; the others are from {rest.min():g} to {rest.max():g}"
    advice = f"Say --missing {mark:g} if it means unrated, or --missing none if it is a rating."
    if refuse:
        raise UserError(f"{odd}. {advice}")
    return None, [f"{odd}. {advice}"]


def note_on_marks(values: np.ndarray) -> Sequence[str]:
    """The same of ratings in memory, where rows are the caller's to leave out: a sentence, or none."""
    mark = possible_mark(values)
    if mark is None:
        return ()
    return (f"{mark:g} stands in {_percent(float((values == mark).mean()))} of the ratings. If it means unrated, leave these rows out.",)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "fewer than 1 %"
