"""Reads a text of a ratings table as a number or an id, or says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from solver.errors import UserError, shortened

LARGEST_RATING = 1e100        # beyond it the squares of errors may no longer be finite
LONGEST_INTEGER = 15   # digits that a sheet keeps of a number; longer ids stay text

NUMBER_TEXT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)(\.0*)?")
_PADDED_INTEGER = re.compile(r"0+([0-9]+)")
_MONTH = r"(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?"
_GROUPS = {",": re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?"), ".": re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?")}
_OTHER = {",": ".", ".": ","}
_ONE_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_SCALE = 100        # the largest number that scales of ratings have
_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}([ T].*)?"      # 2024-05-04, 4.5.2024
                   rf"|[0-9]{{1,2}}[-. ]+{_MONTH}([- ][0-9]{{2,4}})?"       # 4-May, 4. May 2024
                   rf"|{_MONTH}[- ][0-9]{{1,4}}", re.IGNORECASE)            # May-04


def reads_as_number(text: str, decimal: str | None = None) -> bool:
    """Whether a text is a number; with `decimal` None a comma and a point both may mark decimals."""
    if decimal is None:
        return reads_as_number(text, ".") or reads_as_number(text, ",")
    return bool(NUMBER_TEXT.fullmatch(_with_point(text.strip(), decimal)))


def reads_as_date(text: str) -> bool:
    """Whether a text is a date, with or without a time of day."""
    return bool(_DATE.fullmatch(text.strip()))


def grouped(texts: Sequence[str]) -> str | None:
    """The sign that groups thousands, where a number among the texts shows it: 1,234,567 or 1.234,5; None where none does."""
    for sign, pattern in _GROUPS.items():
        if any(pattern.fullmatch(text.strip()) and (text.count(sign) > 1 or _OTHER[sign] in text) for text in texts):
            return sign
    return None


def ambiguous_groups(texts: Sequence[str]) -> str | None:
    """A number that may have thousands or decimals behind its sign, 2.159 beside 939: every number with the sign has three
    digits behind it, and the whole numbers go beyond a scale of ratings. None where there is none."""
    for sign in _GROUPS:
        signed = [text.strip() for text in texts if sign in text]
        whole = [int(bare) for bare in map(str.strip, texts) if bare.isdecimal()]     # int() keeps some signs that strip() takes off
        if signed and whole and _SCALE < max(whole) < 1000 and all(_ONE_GROUP.fullmatch(text) for text in signed):
            return signed[0]
    return None


def decimal_sign(texts: Sequence[str]) -> str:
    """',' where numbers among the texts have a decimal comma and none a point, else '.'."""
    comma = any("," in text and reads_as_number(text, ",") for text in texts)
    point = any("." in text and reads_as_number(text, ".") for text in texts)
    return "," if comma and not point else "."


def parse_rating(text: str, *, decimal: str, at: str, thousands: bool = False) -> float:
    """The number that a rating's text stands for; spaces around it do not count.

    With `thousands` the sign that does not mark decimals may group them: 1,234. `at` begins the sentence of the UserError
    for anything that is not a finite number.
    """
    bare = text.strip()
    group = _OTHER[decimal]
    ungrouped = bare.replace(group, "") if thousands and _GROUPS[group].fullmatch(bare) else bare
    number = _with_point(ungrouped, decimal)
    if NUMBER_TEXT.fullmatch(number):
        value = float(number)
        if abs(value) <= LARGEST_RATING:
            return value
        raise UserError(f"{at}: the rating {bare} is too large to compute with. Correct it.")
    if reads_as_number(bare):
        other, option = ("comma", "comma") if decimal == "." else ("point", "point")
        raise UserError(f"{at}: the rating is the text '{bare}', written with a decimal {other}. "
                        f"Write all ratings alike, or pass --decimal {option}.")
    if bare.endswith("%") and reads_as_number(bare[:-1]):
        raise UserError(f"{at}: the rating is {bare}, a percentage. "
                        "Write it as a number on the scale of the others.")
    if _DATE.fullmatch(bare):
        raise UserError(f"{at}: the rating '{bare}' is a date. Enter a rating, "
                        "or say with --columns which column holds the ratings.")
    if bare.casefold() in ("true", "false"):
        raise UserError(f"{at}: {bare} is not a rating. Replace it with a number.")
    if bare.startswith("#"):
        raise UserError(f"{at}: the rating is {bare}, an error of the sheet it came from. "
                        "Correct or clear it.")
    if bare.casefold().lstrip("+-") in ("nan", "inf", "infinity"):
        raise UserError(f"{at}: the rating {bare} is not a finite number. Correct or clear it.")
    raise UserError(f"{at}: the rating is '{shortened(bare)}', not a number. "
                    "Correct or remove that line.")


def labels_from_texts(texts: Sequence[str]) -> list[Hashable]:
    """The labels that the distinct ids of a column stand for, one for each text.

    Whole numbers become int where all of them are; otherwise ids stay text. 14.0 is 14, as a
    table that once had blanks writes it; 007 stays text, and so does what a sheet would round.
    """
    bare = [text.strip() for text in texts]
    if all(_INTEGER.fullmatch(t) and len(t.split(".")[0].lstrip("-")) <= LONGEST_INTEGER
           for t in bare):
        return [int(t.split(".")[0]) for t in bare]
    return list[Hashable](bare)


def identity(label: Hashable) -> str:
    """What two ways of writing one id have in common: 14, '14' and '014'; 'Bob' and 'bob '."""
    text = " ".join(str(label).split()).casefold()
    if match := _PADDED_INTEGER.fullmatch(text):
        return match[1].lstrip("0") or "0"
    return text.split(".")[0] if _INTEGER.fullmatch(text) else text


def how_alike(one: str, two: str) -> str:
    """How two ids differ that are most likely one, for the end of a sentence."""
    alike = " ".join(one.split()).casefold() == " ".join(two.split()).casefold()
    return "differ only by spaces or capitals" if alike else "are one number in two forms"


def _with_point(text: str, decimal: str) -> str:
    """The number as Python writes it; what has the other sign becomes no number at all."""
    return text if decimal == "." else text.replace(".", "?").replace(",", ".")


