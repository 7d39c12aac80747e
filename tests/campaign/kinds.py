"""The table of kinds: what is attacked, how long a share of the time, and how many cases the long form wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from campaign import other_kinds, workbook_kinds


@dataclass(frozen=True)
class Kind:
    """`warm_up()` makes what all cases need, outside their limits; `attempt(number)` makes the case of that number and judges it; `share` is its part of the time, `long` how
    many the long form tries."""

    attempt: Callable[[int], None]
    warm_up: Callable[[], object]
    share: float
    long: int


KINDS = {
    "packages": Kind(workbook_kinds.packages, workbook_kinds.bases, 3, 100_000),
    "sheets": Kind(workbook_kinds.sheets, workbook_kinds.bases, 2, 1_000_000),
    "formulas": Kind(other_kinds.formulas, lambda: None, 2, 100_000),
    "ratings": Kind(other_kinds.ratings, other_kinds.warm_up, 1, 20_000),
    "models": Kind(other_kinds.models, lambda: (other_kinds.warm_up(), other_kinds.base_models()), 1, 10_000),
    "kills": Kind(workbook_kinds.kills, workbook_kinds.bases, 0.5, 1_000),
    "disks": Kind(workbook_kinds.disks, workbook_kinds.bases, 0.5, 5_000),
}
