"""The table of kinds: what is attacked, how long a share of the time, and how many cases the long form wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from campaign import broken_writes, dialect_kind, formula_kind, model_kind, office_kind, ratings_kind, workbook_kinds
from campaign.sound_books import bases


@dataclass(frozen=True)
class Kind:
    """`attempt(number)` makes the case of that number and judges it; `warm_up()` makes what all cases need, outside their limits;
    `what` is tried, in the words of docs/reliability.md; `share` is its part of the time, `long` how many cases the long form tries,
    `pieces` how many things of its name are in a case."""

    attempt: Callable[[int], None]
    warm_up: Callable[[], object]
    what: str
    share: float
    long: int
    pieces: int = 1


def _nothing() -> None:
    """No case needs anything."""


KINDS = {
    "packages": Kind(workbook_kinds.packages, bases, "workbooks whose XML, parts or zip were changed: looked at, edited, saved", 3, 100_000),
    "sheets": Kind(workbook_kinds.sheets, _nothing, "odd sheets, edited, against a plain tree of the same XML; those in disorder are refused",
                   2, 50_000, pieces=workbook_kinds.SHEETS),
    "dialects": Kind(dialect_kind.dialects, bases, "sound workbooks as other programs write them: read and edited as their plain twins", 1, 10_000),
    "offices": Kind(office_kind.offices, office_kind.warm_up, "the same two, every edit read back by LibreOffice", 1, 1_000),
    "formulas": Kind(formula_kind.formulas, _nothing, "any functions of any arguments, nested", 2, 100_000),
    "ratings": Kind(ratings_kind.ratings, ratings_kind.warm_up, "CSV, gzip and Parquet tables, broken", 1, 20_000),
    "models": Kind(model_kind.models, model_kind.warm_up, "model folders whose document or numbers were changed: loaded and asked", 1, 10_000),
    "kills": Kind(broken_writes.kills, broken_writes.seconds, "SIGKILL at a random moment of six acts that write", 1, 1_000),
    "disks": Kind(broken_writes.disks, broken_writes.faults, "each call of the system's that these acts make, and writes at forty places, failing in four ways",
                  1, 2_000),
    "memory": Kind(broken_writes.memory, broken_writes.seconds, "these acts with little memory", 1, 1_000),
}
