"""Columns of ratings and ids, checked and turned into numbers: what every reader of ratings does.

Raises UserError, with file and line, for what is no rating or no id; notes are sentences on what was odd.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError

from .columns import Column, Numbers, RatingsTable
from .rating_texts import decimal_sign, identity, labels_from_texts, parse_rating

DECIMALS = {"comma": ",", ",": ",", "point": ".", ".": "."}


def refuse_blank(table: RatingsTable, column: Column, lines: np.ndarray, role: str) -> None:
    blank = column.blank()
    if blank.any():
        others = f", nor {how_many_of(blank.sum() - 1, table.unit)} more" if blank.sum() > 1 else ""
        raise UserError(f"{table.at(lines[blank][0])} names no {role}{others}. "
                        f"Name the {role}, or remove the {table.unit}.")


def refuse_nothing_to_learn(table: RatingsTable, ratings: Ratings, lines: np.ndarray) -> None:
    if len(ratings) == 1:
        raise UserError(f"{table.at(lines[0])} holds the only rating; a fit needs 2 or more. "
                        "Add some.")
    if np.ptp(ratings.values) == 0:
        raise UserError(f"{table.name}: all {len(ratings)} ratings are {ratings.values[0]:g}; there "
                        "is nothing to learn. Say with --columns which column holds the ratings.")


def numbered(table: RatingsTable, column: Column, lines: np.ndarray,
             role: str) -> tuple[tuple[Hashable, ...], np.ndarray]:
    """The labels of a column of ids and each row's index into them.

    Raises UserError where two labels are most likely one id, because a user split in two is
    learnt wrongly and nobody sees it.
    """
    names = labels_from_texts(column.texts)
    seen: dict[Hashable, int] = {}
    for code, label in enumerate(names):
        other = seen.setdefault(identity(label), code)
        if other == code or isinstance(label, int):
            continue
        first = lines[column.first_rows()]
        one, two = column.texts[other], column.texts[code]
        alike = " ".join(one.split()).casefold() == " ".join(two.split()).casefold()
        how = "differ only by spaces or capitals" if alike else "are one number in two forms"
        raise UserError(f"{table.name}, {table.unit}s {first[other]} and {first[code]}: the {role}s '{one}' "
                        f"and '{two}' {how}. Write them alike.")
    index: dict[Hashable, int] = {}
    new = np.array([index.setdefault(label, len(index)) for label in names], np.int32)
    return tuple(index), new[column.codes]


def numbers_of(table: RatingsTable, values: Column | Numbers, lines: np.ndarray,
             decimal: str | None) -> tuple[np.ndarray, bool, list[str]]:
    """(the ratings (n,) float64, whether they have decimal commas, notes)"""
    if isinstance(values, Numbers):
        return values.values, False, []
    sign = _decimal_sign(table, values, decimal)
    notes = _notes_on_spaces(table, values, lines)
    first = lines[values.first_rows()]
    numbers = np.array([parse_rating(text, decimal=sign, at=table.at(line))
                        for text, line in zip(values.texts, first)])[values.codes]
    return numbers, sign == ",", notes


def _decimal_sign(table: RatingsTable, values: Column, decimal: str | None) -> str:
    if decimal is not None:
        return DECIMALS[decimal]
    # Between commas a decimal comma had to be quoted: rather a mistake than a habit of the file.
    return "." if table.comma_separates else decimal_sign(values.texts)


def notes_on_blanks(table: RatingsTable, values: Column | Numbers, lines: np.ndarray) -> list[str]:
    blank = values.blank()
    return [f"{table.at(lines[blank][0])}: there is no rating; {how_many_of(blank.sum(), f'such {table.unit}')} "
            "left out."] if blank.any() else []


def _notes_on_spaces(table: RatingsTable, values: Column, lines: np.ndarray) -> list[str]:
    padded = values.where(lambda text: text != text.strip())
    return [f"{table.at(lines[padded][0])}: the rating has a space beside it; "
            f"{how_many_of(padded.sum(), 'such text')} read as numbers."] if padded.any() else []


def notes_on_negatives(table: RatingsTable, numbers: np.ndarray, lines: np.ndarray) -> list[str]:
    negative = numbers < 0
    if not 0 < negative.sum() <= max(1, len(numbers) / 100) or negative.all():
        return []
    rest = numbers[~negative]
    return [f"{table.at(lines[negative][0])}: the rating {numbers[negative][0]:g} lies outside "
            f"{rest.min():g} to {rest.max():g}, where all but {negative.sum()} of the ratings lie; "
            "it was kept. Correct it if it is a mistake."]


def how_many_of(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
