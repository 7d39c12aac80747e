"""What the values of columns say about what was guessed from their places: where they contradict it, both readings are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .looked_at.rating_notations import notation_of
from .looked_at.rating_texts import reads_as_date, reads_as_number

_ENOUGH = 20            # rows from which on their values say anything
_MANY = 8               # columns of numbers, from which on a table is rather a crosstab than one of a rating a row
_SCALE = 21             # distinct values that a scale of ratings has at most, as half stars from 0 to 10 have


@dataclass(frozen=True)
class Guess:
    """Columns taken by their places: `names` and `sample` rows (texts) of all columns, and the `positions` of user, item
    and, where there are ratings, rating; whether users and items are `different` in each of the `n_rows` rows."""

    names: Sequence[str]
    positions: Sequence[int]
    sample: Sequence[Sequence[str]]
    n_rows: int
    different: tuple[bool, bool]


def found_against(guess: Guess) -> tuple[str, str] | None:
    """(what speaks against the guess, the positions from 1 of user, item and rating in the two readings); None where
    nothing does: many columns of numbers, a column of dates, texts among the ratings, another column that looks more like ratings, or ids that are
    different in every row."""
    if guess.n_rows < _ENOUGH:
        return None
    positions, names = list(guess.positions), guess.names
    texts = [_texts(guess, at) for at in range(len(names))]
    if against := _like_a_crosstab(guess, texts):
        return against
    dates = [at for at, column in enumerate(texts) if column and all(map(reads_as_date, column))]
    for at, role in zip(positions, ("user", "item", "rating")):
        if at in dates:
            return f"{names[at]} was taken for the {role} because of its place, but it holds dates", _others_read(guess, dates, texts)
    if len(positions) > 2:
        rating = positions[2]
        like = [at for at in range(len(names)) if at != rating and at not in dates and _is_scale(texts[at])]
        if not _is_scale(texts[rating]) and len(like) == 1:
            others = [at for at in range(len(names)) if at != like[0] and at not in dates][:2]
            return (f"{names[rating]} was taken for the rating because of its place, but {names[like[0]]} looks more like "
                    "ratings, few values on one scale", f"{_counted([*others, like[0]])} or {_counted(positions)}")
        numeric = [at for at in range(len(names)) if at not in positions and at not in dates and _are_numbers(texts[at])]
        if texts[rating] and not _are_numbers(texts[rating]) and notation_of(texts[rating]) is None and numeric:
            return (f"{names[rating]} was taken for the rating because of its place, but it holds texts",
                    " or ".join(_counted([*positions[:2], at]) for at in numeric[:3]))
    for at, role, different in zip(positions, ("user", "item"), guess.different):
        if different:
            return (f"{names[at]} was taken for the {role} because of its place, but it is different in each of the {guess.n_rows:,} "
                    "rows, so nothing could be learnt of any", f"{_counted(positions)} if it is one")
    return None


def _like_a_crosstab(guess: Guess, texts: Sequence[Sequence[str]]) -> tuple[str, str] | None:
    """Of a table most of whose columns hold numbers."""
    names = guess.names
    others = [at for at, column in enumerate(texts) if column and not _are_numbers(column)]
    if len(names) - len(others) < max(_MANY, len(names) / 2):
        return None
    first = f"{_counted(guess.positions)} if every row holds one rating"
    if not others:
        return f"all of its {len(names)} columns hold numbers, as those of a crosstab do", f"{first}, or say --layout crosstab"
    listed = ", ".join(names[at] for at in others[:4]) + (", …" if len(others) > 4 else "")
    return (f"most of its {len(names)} columns hold numbers, as those of a crosstab do, and others do not: {listed}",
            f"{first}; of a crosstab keep one column that names the users, and those of the ratings")


def _others_read(guess: Guess, dates: Sequence[int], texts: Sequence[Sequence[str]]) -> str:
    """The columns without dates as user, item and, last of all that could be, the rating."""
    others = [at for at in range(len(guess.names)) if at not in dates]
    scales = [at for at in others[2:] if _is_scale(texts[at])] or others[2:]
    chosen = [*[at for at in others if at != scales[-1]][:2], scales[-1]] if scales else others[:2]
    return _counted([*chosen, *dates[:1]] if len(chosen) == 3 else chosen)


def _counted(positions: Sequence[int]) -> str:
    return ",".join(str(position + 1) for position in positions)


def _texts(guess: Guess, at: int) -> list[str]:
    """What stands in a column of the sample."""
    return [row[at].strip() for row in guess.sample if len(row) > at and row[at].strip()]


def _are_numbers(texts: Sequence[str]) -> bool:
    return bool(texts) and all(map(reads_as_number, texts))


def _is_scale(texts: Sequence[str]) -> bool:
    """Whether these are numbers with few distinct values, each of them often met."""
    if len(texts) < _ENOUGH or not _are_numbers(texts):
        return False
    distinct = set(texts)
    return 1 < len(distinct) <= _SCALE and len(distinct) <= len(texts) / 3
