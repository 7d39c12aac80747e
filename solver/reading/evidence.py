"""What the values of columns say about what was guessed from their places: where they contradict it, both readings are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .looked_at.rating_texts import reads_as_number

_ENOUGH = 20            # rows from which on their values say anything
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
    nothing does: another column looks more like ratings, or one of ids is different in every row."""
    if guess.n_rows < _ENOUGH:
        return None
    positions, names = list(guess.positions), guess.names
    if len(positions) > 2 and not _is_scale(guess, positions[2]):
        like = [at for at in range(len(names)) if at != positions[2] and _is_scale(guess, at)]
        if len(like) == 1:
            others = [at for at in range(len(names)) if at != like[0]][:2]
            return (f"{names[positions[2]]} was taken for the rating because of its place, but {names[like[0]]} looks more like "
                    "ratings, few values on one scale", f"{_counted([*others, like[0]])} or {_counted(positions)}")
    for at, role, different in zip(positions, ("user", "item"), guess.different):
        if different:
            return (f"{names[at]} was taken for the {role} because of its place, but it is different in each of the {guess.n_rows:,} "
                    "rows, so nothing could be learnt of any", f"{_counted(positions)} if it is one")
    return None


def _counted(positions: Sequence[int]) -> str:
    return ",".join(str(position + 1) for position in positions)


def _is_scale(guess: Guess, at: int) -> bool:
    """Whether a column holds numbers with few distinct values, each of them often met."""
    texts = [row[at].strip() for row in guess.sample if len(row) > at and row[at].strip()]
    if len(texts) < _ENOUGH or not all(reads_as_number(text) for text in texts):
        return False
    distinct = set(texts)
    return 1 < len(distinct) <= _SCALE and len(distinct) <= len(texts) / 3
