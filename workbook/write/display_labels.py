"""What users and items are called in the sheets: ids as they are, titles made unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from numbers import Integral, Real

from solver.errors import UserError

LONGEST_TITLE = 100     # a header longer than this helps nobody
LONGEST_ID = 255        # what Excel's MATCH takes
_FORMULA_SIGNS, _SHOWN = ("=", "+", "-", "@"), 40
_EXACT = 2 ** 53        # above it a cell no longer holds every whole number


def cell_label(label: Hashable) -> float | int | str:
    """The label as a cell holds it: a number where a number is exact, else text."""
    if isinstance(label, Real) and not isinstance(label, bool):
        number = float(label)
        if isinstance(label, Integral) or number.is_integer():
            number = int(label) if isinstance(label, Integral) else int(number)
        if abs(number) <= _EXACT:
            return number
    return str(label)


def same_in_a_sheet(label: Hashable) -> str:
    """A key that is equal for labels that a reader, or MATCH, cannot tell apart."""
    return str(cell_label(label)).strip().casefold()


def id_labels(labels: Sequence[Hashable], kind: str) -> list:
    """The ids of users (items) as cells hold them.

    Raises UserError for an id that is blank, too long to be looked up, or not to be told from
    another one: 14 and '14', 'Bob' and 'bob '.
    """
    seen: dict[str, Hashable] = {}
    for label in labels:
        key = same_in_a_sheet(label)
        if not key or key == "nan":
            raise UserError(f"A {kind} has no id: {label!r}. Name it.")
        if len(key) > LONGEST_ID:
            raise UserError(f"The {kind} id '{key[:30]}…' has {len(key)} characters; a sheet looks up "
                            f"{LONGEST_ID} at most. Shorten it.")
        if key in seen:
            raise UserError(f"The {kind} ids {seen[key]!r} and {label!r} look the same in a sheet. Unify them.")
        seen[key] = label
    return [cell_label(label) for label in labels]


def item_headers(items: Sequence[Hashable], titles: Mapping | None) -> list:
    """What stands above each item's column: its title, or its id where there is none.

    A title that occurs twice gets its id in brackets, so that headers stay unique.
    """
    ids = id_labels(items, "item")
    headers = [_title(titles, item, own) for item, own in zip(items, ids)]
    while True:
        count = Counter(map(same_in_a_sheet, headers))
        twice = [count[same_in_a_sheet(header)] > 1 for header in headers]
        if not any(twice):
            return headers
        headers = [f"{header} ({own})" if again else header
                   for header, own, again in zip(headers, ids, twice)]


def _title(titles: Mapping | None, item: Hashable, own):
    title = titles.get(item) if titles else None
    if title is None or not str(title).strip():
        return own
    title = " ".join(str(title).split())
    return title if len(title) <= LONGEST_TITLE else title[:LONGEST_TITLE - 1].rstrip() + "…"


def reads_as_pattern(labels: Sequence) -> bool:
    """Whether a label, read as a pattern of ``*``, ``?`` and ``~``, means another label than itself."""
    texts = [label.casefold() for label in labels if isinstance(label, str)]
    wild = [text for text in texts if "*" in text or "?" in text]
    return any("~" in text for text in texts) or any(
        fnmatchcase(other, pattern.replace("[", "[[]")) for pattern in wild for other in texts if other is not pattern)


def notes_on_formula_like(labels: Iterable[Hashable]) -> list[str]:
    """A sentence on texts that look like formulas, which a program that is less careful would run."""
    found = [label for label in labels if isinstance(label, str) and label.lstrip().startswith(_FORMULA_SIGNS)]
    if not found:
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    shown = found[0] if len(found[0]) <= _SHOWN else found[0][:_SHOWN - 1] + "…"
    return [f"'{shown}'{more} begins like a formula: stored as text, which nothing runs."]


def put_label(sheet, row: int, col: int, label, style) -> None:
    """Write a label at (row, col), counted from 1: text stays text, whatever it begins with."""
    if isinstance(label, str):
        sheet.write_string(row - 1, col - 1, label, style)
    else:
        sheet.write_number(row - 1, col - 1, label, style)


def width_of(labels: Sequence, *, least: int = 7, most: int = 34) -> float:
    """A column's width, in characters, for these labels."""
    return min(max(max(len(str(label)) for label in labels) + 2, least), most)
