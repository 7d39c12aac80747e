"""Ratings that are not written as plain numbers: stars, 4/5, 80 %, yes and no, and the answers of questionnaires."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_OUT_OF = re.compile(rf"({_NUMBER})\s*(?:/|out of|von|sur|de)\s*([1-9][0-9]*)", re.IGNORECASE)
_PERCENT = re.compile(rf"([+-]?{_NUMBER})\s*%")
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*-?(?:stars?|points?|pts?\.?)", re.IGNORECASE)
_STARS = re.compile("([★⭐*✭✮]\ufe0f?)*(½?)[☆✩]*\ufe0f?")
_FILLED = "★⭐*✭✮"

_YES_OR_NO = ({"yes": 1, "no": 0}, {"true": 1, "false": 0}, {"like": 1, "dislike": 0}, {"liked": 1, "disliked": 0},
              {"thumbs up": 1, "thumbs down": 0}, {"up": 1, "down": 0}, {"👍": 1, "👎": 0}, {"ja": 1, "nein": 0}, {"oui": 1, "non": 0})
_ANSWERS: tuple[tuple[tuple[str, ...], ...], ...] = (    # of questionnaires, lowest first; several names of one answer together
    (("strongly disagree",), ("disagree",), ("neutral", "undecided", "neither agree nor disagree", "neither"), ("agree",), ("strongly agree",)),
    (("very dissatisfied",), ("dissatisfied",), ("neutral", "neither satisfied nor dissatisfied", "neither"), ("satisfied",),
     ("very satisfied",)),
    (("very unlikely",), ("unlikely",), ("neutral", "undecided"), ("likely",), ("very likely",)),
    (("never",), ("rarely", "seldom"), ("sometimes",), ("often",), ("always",)),
    (("poor",), ("fair",), ("good",), ("very good",), ("excellent",)),
    (("very bad",), ("bad",), ("ok", "okay", "average", "neutral"), ("good",), ("very good",)),
    (("hated it",), ("disliked it", "didn't like it"), ("it was ok", "ok"), ("liked it",), ("loved it",)),
    (("did not like it",), ("it was ok",), ("liked it",), ("really liked it",), ("it was amazing",)),      # Goodreads
)


@dataclass(frozen=True)
class Notation:
    """A way to write ratings: what messages call it, and the number of a text, None where it is not written so."""

    name: str
    number: Callable[[str], float | None]


def notation_of(texts: Sequence[str]) -> Notation | None:
    """The one way in which all of these texts that are not blank are written; None where there is none, or it is plain numbers."""
    asked = [text.strip().casefold() for text in texts if text.strip()]
    if len(asked) < 2:
        return None     # one text is rather a mistake than a way to write
    every = (*_of_shares(asked), Notation("stars", _stars), Notation("percentages", _matched(_PERCENT)),
             Notation("numbers with a unit", _matched(_WITH_UNIT)), *_of_words())
    return next((notation for notation in every if all(notation.number(text) is not None for text in asked)), None)


def _of_shares(texts: Sequence[str]) -> Sequence[Notation]:
    """4/5 and 8/10: of all the same whole, or brought to the largest."""
    wholes = {int(match[2]) for text in texts if (match := _OUT_OF.fullmatch(text))}
    if not wholes:
        return ()
    largest = max(wholes)

    def number(text: str) -> float | None:
        match = _OUT_OF.fullmatch(text.strip().casefold())
        if match is None or (part := _float(match[1])) > int(match[2]):
            return None
        return part if int(match[2]) == largest else part * largest / int(match[2])

    return (Notation(f"shares of {largest}", number),)


def _of_words() -> Sequence[Notation]:
    scales: list[tuple[str, Mapping[str, int]]] = [(" and ".join(words), words) for words in _YES_OR_NO]
    scales += [(f"answers from '{answers[0][0]}' to '{answers[-1][0]}'",
                {name: value for value, names in enumerate(answers, 1) for name in names}) for answers in _ANSWERS]
    return [Notation(name, _looked_up(words)) for name, words in scales]


def _looked_up(words: Mapping[str, int]) -> Callable[[str], float | None]:
    return lambda text: words.get(" ".join(text.casefold().replace("’", "'").split()))


def _matched(pattern: re.Pattern[str]) -> Callable[[str], float | None]:
    def number(text: str) -> float | None:
        match = pattern.fullmatch(text.strip())
        return None if match is None else _float(match[1])

    return number


def _stars(text: str) -> float | None:
    text = text.strip()
    if not _STARS.fullmatch(text):
        return None
    return sum(text.count(sign) for sign in _FILLED) + (0.5 if "½" in text else 0.0)


def _float(text: str) -> float:
    return float(text.replace(",", "."))
