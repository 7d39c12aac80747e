"""Columns of ratings and ids, checked and turned into numbers: what every reader of ratings does.

Raises UserError, with file and line, for what is no rating or no id; notes are sentences on what was odd.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError

from .looked_at.bad_rows import BadRows
from .looked_at.columns import Column, Numbers, TableRows
from .looked_at.rating_notations import notation_of
from .looked_at.rating_texts import (
    ambiguous_groups,
    decimal_sign,
    grouped,
    how_alike,
    identity,
    labels_from_texts,
    parse_rating,
    shortened,
)
from .looked_at.table_port import SourceTable
from .off_scale import off_scale

DECIMALS = {"comma": ",", ",": ",", "point": ".", ".": "."}
IDS = ("checked", "exact")      # whether ids that are most likely one are refused


def refuse_blank(table: SourceTable, column: Column, lines: np.ndarray, role: str) -> None:
    blank = column.blank()
    if blank.any():
        others = f", nor {how_many_of(blank.sum() - 1, table.unit)} more" if blank.sum() > 1 else ""
        raise UserError(f"{table.at(lines[blank][0])} names no {role}{others}. "
                        f"Name the {role}, or remove the {table.unit}.")


def readable_rows(table: SourceTable, rows: TableRows, bad: BadRows, decimal: str | None) -> np.ndarray:
    """(n_rows,) bool: the rows with a user, an item and a rating. Raises UserError for a row without user or item, unless
    `bad` leaves it out; then also for what is no number."""
    (users, items), values = rows.columns[:2], rows.values
    good = ~values.blank()
    if not bad.skip:
        for column, role in ((users, "user"), (items, "item")):
            refuse_blank(table, column.take(good), rows.lines[good], role)
        return good
    for column, role in ((users, "user"), (items, "item")):
        _leave_out(good, column.blank(), f"names no {role}.", table, rows.lines, bad)
    if isinstance(values, Column) and notation_of(values.texts) is None:
        sign = _decimal_sign(table, values, decimal)
        thousands = decimal is not None or grouped(values.texts) is not None
        _leave_out(good, values.where(lambda text: bool(text.strip()) and not _is_rating(text, sign, thousands)), "holds no number as its rating.",
                   table, rows.lines, bad)
    return good


def _leave_out(good: np.ndarray, odd: np.ndarray, why: str, table: SourceTable, lines: np.ndarray, bad: BadRows) -> None:
    for row in np.flatnonzero(odd & good):
        bad.found(f"{table.at(lines[row])} {why}")
    good &= ~odd


def _is_rating(text: str, sign: str, thousands: bool) -> bool:
    try:
        parse_rating(text, decimal=sign, at="", thousands=thousands)
    except UserError:
        return False
    return True


def refuse_nothing_to_learn(table: SourceTable, ratings: Ratings, lines: np.ndarray) -> None:
    if len(ratings) == 1:
        raise UserError(f"{table.at(lines[0])} holds the only rating; a fit needs 2 or more. "
                        "Add some.")
    if np.ptp(ratings.values) == 0:
        happened = (" If they mark the pairs that happened, learn from these with --feedback implicit; else say"
                    if ratings.values[0] == 1 else " Say")
        raise UserError(f"{table.name}: all {len(ratings)} ratings are {ratings.values[0]:g}; there "
                        f"is nothing to learn.{happened} with --columns which column holds the ratings.")


def numbered(table: SourceTable, column: Column, lines: np.ndarray,
             role: str, *, ids: str = "checked") -> tuple[tuple[Hashable, ...], np.ndarray]:
    """The labels of a column of ids and each row's index into them.

    Raises UserError where two labels are most likely one id, because a user split in two is
    learnt wrongly and nobody sees it; with `ids` ``'exact'`` they are two.
    """
    names = labels_from_texts(column.texts)
    seen: dict[Hashable, int] = {}
    for code, label in enumerate(names if ids == "checked" else ()):
        other = seen.setdefault(identity(label), code)
        if other == code or isinstance(label, int):
            continue
        first = lines[column.first_rows()]
        one, two = column.texts[other], column.texts[code]
        raise UserError(f"{table.name}, {table.unit}s {first[other]} and {first[code]}: the {role}s '{one}' "
                        f"and '{two}' {how_alike(one, two)}. Write them alike, or say --ids exact if they are two.")
    index: dict[Hashable, int] = {}
    new = np.array([index.setdefault(label, len(index)) for label in names], np.int32)
    return tuple(index), new[column.codes]


def numbers_of(table: SourceTable, values: Column | Numbers, lines: np.ndarray,
             decimal: str | None) -> tuple[np.ndarray, bool, list[str]]:
    """(the ratings (n,) float64, whether they have decimal commas, notes)"""
    if isinstance(values, Numbers):
        return values.values, False, []
    if notation := notation_of(values.texts):
        read = [notation.number(text) for text in values.texts]
        return np.array(read, np.float64)[values.codes], False, [
            f"{table.name}: the ratings are written as {notation.name}; '{shortened(values.texts[0].strip())}' was read as {read[0]:g}."]
    sign = _decimal_sign(table, values, decimal)
    notes = _notes_on_spaces(table, values, lines)
    first = lines[values.first_rows()]
    thousands = decimal is not None or grouped(values.texts) is not None
    numbers = np.array([parse_rating(text, decimal=sign, at=table.at(line), thousands=thousands)
                        for text, line in zip(values.texts, first)])[values.codes]
    return numbers, sign == ",", notes


def _decimal_sign(table: SourceTable, values: Column, decimal: str | None) -> str:
    if decimal is not None:
        return DECIMALS[decimal]
    if groups := grouped(values.texts):     # no number has two decimal commas
        return "." if groups == "," else ","
    if odd := ambiguous_groups(values.texts):
        mark, other = ("comma", "point") if "," in odd else ("point", "comma")
        raise UserError(f"{table.name}: the rating {odd} may be {float(odd.replace(',', '').replace('.', '')):,.0f} or {odd.replace(',', '.')}. Say "
                        f"--decimal {other} if the {mark} groups thousands, --decimal {mark} if it marks decimals.")
    # Between commas a decimal comma had to be quoted: rather a mistake than a habit of the file.
    return "." if table.comma_separated else decimal_sign(values.texts)


def notes_on_blanks(table: SourceTable, values: Column | Numbers, lines: np.ndarray) -> list[str]:
    blank = values.blank()
    return [f"{table.at(lines[blank][0])}: there is no rating; {how_many_of(blank.sum(), f'such {table.unit}')} "
            "left out."] if blank.any() else []


def _notes_on_spaces(table: SourceTable, values: Column, lines: np.ndarray) -> list[str]:
    padded = values.where(lambda text: text != text.strip())
    return [f"{table.at(lines[padded][0])}: the rating has a space beside it; "
            f"{how_many_of(padded.sum(), 'such text')} read as numbers."] if padded.any() else []


def notes_off_scale(table: SourceTable, numbers: np.ndarray, lines: np.ndarray) -> list[str]:
    apart = off_scale(numbers)
    if not apart.any():
        return []
    rest = numbers[~apart]
    return [f"{table.at(lines[apart][0])}: the rating {numbers[apart][0]:g} lies outside "
            f"{rest.min():g} to {rest.max():g}, where all but {apart.sum()} of the ratings lie; "
            "it was kept. Correct it if it is a mistake."]


def how_many_of(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
