"""Read a long table of ratings, and the titles of its items, from text files."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from .delimited import TextTable, look_at
from .errors import UserError
from .rating_texts import decimal_sign, identity, labels, parse_rating
from .ratings import Ratings
from .text_columns import Column, FoundColumns, Role, find_columns, read_columns

_ITEM_NAMES = ("item", "itemid", "movie", "movieid", "film", "filmid", "product", "productid",
               "asin", "book", "bookid", "isbn", "song", "songid", "track", "trackid", "artist",
               "artistid", "business", "businessid", "iid")
_TITLE_NAMES = ("title", "name", "itemname", "itemtitle", "movietitle", "moviename", "booktitle",
                "movie", "film", "product", "book", "song", "item")
_RATING_ROLES = (
    Role("user", ("user", "userid", "reviewer", "reviewerid", "customer", "customerid", "member",
                  "memberid", "rater", "raterid", "person", "personid", "username", "reviewername",
                  "uid")),
    Role("item", (*_ITEM_NAMES, "title", "itemname", "itemtitle", "movietitle", "booktitle", "name")),
    Role("rating", ("rating", "ratings", "score", "stars", "value", "overall", "grade", "mark",
                    "points", "vote")),
)
_TITLE_ROLES = (Role("item", (*(name for name in _ITEM_NAMES if name.endswith("id")), "isbn", "asin",
                              "id", *_ITEM_NAMES)),
                Role("title", _TITLE_NAMES))
_NAME_THEM = "Call the columns of ids and titles 'item' and 'title' in the first line."
_DECIMALS = {"comma": ",", ",": ",", "point": ".", ".": "."}


def read_ratings(path, *, columns: Sequence[str | int] | None = None, sep: str | None = None,
                 decimal: str | None = None) -> tuple[Ratings, list[str]]:
    """The ratings of a file with one rating a line, and notes on what was odd and what was done.

    The columns of users, items and ratings are found by name, or told by `columns`: three names
    or positions counted from 1. A file without a header, or with names that say nothing, has
    them first. `sep` None finds the separator; `decimal` is ``'comma'`` or ``'point'``, None
    finds that too. Ids that are all whole numbers become int, others stay text; labels stand in
    order of first appearance. Of a pair rated twice the last rating is kept; lines without a
    rating are left out. Raises UserError, naming file and line, for anything that is no rating.
    """
    if decimal is not None and decimal not in _DECIMALS:
        raise UserError(f"decimal is {decimal!r}. Choose one of: comma, point.")
    table = look_at(path, sep=sep, fewest=len(_RATING_ROLES))
    found = find_columns(table, _RATING_ROLES, columns, numeric=2,
                         advice="Say with --columns which are user, item, rating.")
    (users, items, values), lines = read_columns(table, found)
    _refuse_blank(table, users, lines, "user")
    _refuse_blank(table, items, lines, "item")
    notes = _notes_on_blanks(table, values, lines)
    rated = ~values.where(_is_blank)
    users, items, values, lines = users.take(rated), items.take(rated), values.take(rated), lines[rated]
    if not len(lines):
        raise UserError(f"{table.name} holds no rating. Add a line for every rating: "
                        "user, item, rating.")

    notes += _notes_on_spaces(table, values, lines)
    sign = _decimal_sign(table, values, decimal)
    first = lines[values.first_rows()]
    numbers = np.array([parse_rating(text, decimal=sign, at=table.at(line))
                        for text, line in zip(values.texts, first)])[values.codes]
    user_labels, user_index = _numbered(table, users, lines, "user")
    item_labels, item_index = _numbered(table, items, lines, "item")

    pair = pd.Series(user_index * len(item_labels) + item_index)
    notes += _notes_on_repeats(table, pair, lines) + _notes_on_negatives(table, numbers, lines)
    last = ~pair.duplicated(keep="last").to_numpy()
    ratings = Ratings(user_labels, item_labels, user_index[last], item_index[last], numbers[last])
    _refuse_nothing_to_learn(table, ratings, lines)
    read_as = _notes_on_reading(table, found, ratings, sep_given=sep is not None,
                                comma_found=sign == "," and decimal is None)
    return ratings, read_as + notes


def read_titles(path, *, items: Sequence[Hashable], columns: Sequence[str | int] | None = None,
                sep: str | None = None) -> tuple[dict[Hashable, str], list[str]]:
    """The titles of `items` that a file knows, by item label, and notes on what was odd.

    The columns of ids and titles are found by name, told by `columns` (names, or positions
    counted from 1), or the first two. Ids match however they are written: 14, '14' or '014'.
    Raises UserError, naming file and line, for a file that cannot be read or knows no item.
    """
    table = look_at(path, sep=sep, fewest=len(_TITLE_ROLES))
    found = find_columns(table, _TITLE_ROLES, columns, advice=_NAME_THEM)
    (ids, titles), lines = read_columns(table, found)
    wanted = {identity(item): item for item in items}
    wanted_of_code = [wanted.get(identity(text)) for text in ids.texts]
    known: dict[Hashable, tuple[str, int]] = {}  # item -> (title, line)
    differ = []
    for row, code in enumerate(ids.codes):
        item, title = wanted_of_code[code], " ".join(titles.texts[titles.codes[row]].split())
        if item is None or not title:
            continue
        before, line = known.setdefault(item, (title, int(lines[row])))
        if before != title:
            differ.append(f"{table.at(lines[row])}: item {item} has another title than on line "
                          f"{line}; '{before}' was kept")
    if not known:
        raise UserError(f"{table.name} has a title for none of the {_number(len(items), 'item')}. "
                        f"{_NAME_THEM}")
    result = {item: known[item][0] for item in items if item in known}
    notes = [f"{_and_others(differ)}."] if differ else []
    return result, notes + _notes_on_titles(table, result, items)


def _refuse_blank(table: TextTable, column: Column, lines: np.ndarray, role: str) -> None:
    blank = column.where(_is_blank)
    if blank.any():
        others = f", nor {_number(blank.sum() - 1, 'line')} more" if blank.sum() > 1 else ""
        raise UserError(f"{table.at(lines[blank][0])} names no {role}{others}. "
                        f"Name the {role}, or remove the line.")


def _refuse_nothing_to_learn(table: TextTable, ratings: Ratings, lines: np.ndarray) -> None:
    if len(ratings) == 1:
        raise UserError(f"{table.at(lines[0])} holds the only rating; a fit needs 2 or more. "
                        "Add some.")
    if np.ptp(ratings.values) == 0:
        raise UserError(f"{table.name}: all {len(ratings)} ratings are {ratings.values[0]:g}; there "
                        "is nothing to learn. Say with --columns which column holds the ratings.")


def _numbered(table: TextTable, column: Column, lines: np.ndarray,
              role: str) -> tuple[tuple[Hashable, ...], np.ndarray]:
    """The labels of a column of ids and each row's index into them.

    Raises UserError where two labels are most likely one id, because a user split in two is
    learnt wrongly and nobody sees it.
    """
    names, first, seen = labels(column.texts), lines[column.first_rows()], {}
    for code, label in enumerate(names):
        other = seen.setdefault(identity(label), code)
        if other == code or isinstance(label, int):
            continue
        one, two = column.texts[other], column.texts[code]
        alike = " ".join(one.split()).casefold() == " ".join(two.split()).casefold()
        how = "differ only by spaces or capitals" if alike else "are one number in two forms"
        raise UserError(f"{table.name}, lines {first[other]} and {first[code]}: the {role}s '{one}' "
                        f"and '{two}' {how}. Write them alike.")
    index: dict[Hashable, int] = {}
    new = np.array([index.setdefault(label, len(index)) for label in names], np.int64)
    return tuple(index), new[column.codes]


def _decimal_sign(table: TextTable, values: Column, decimal: str | None) -> str:
    if decimal is not None:
        return _DECIMALS[decimal]
    # Between commas a decimal comma had to be quoted: rather a mistake than a habit of the file.
    return "." if table.separator == "," else decimal_sign(values.texts)


def _notes_on_reading(table: TextTable, found: FoundColumns, ratings: Ratings, *,
                      sep_given: bool, comma_found: bool) -> list[str]:
    """What was found out about the file where it is not the plainest kind of CSV."""
    notes = []
    if comma_found or table.encoding != "utf-8" or (table.separator != "," and not sep_given):
        as_ = [f"'{table.separator_name}' between the columns", table.encoding_name]
        as_ += ["decimal comma"] * comma_found
        notes.append(f"{table.name} was read with {', '.join(as_)}: {len(ratings):,} ratings by "
                     f"{ratings.n_users:,} users of {ratings.n_items:,} items. If that is wrong, "
                     "say --sep or --decimal.")
    if found.guessed:
        user, item, rating = (found.first_line[at] for at in found.positions)
        notes.append(f"{table.name}: no column is called user, item or rating; '{user}' was taken "
                     f"for the user, '{item}' for the item, '{rating}' for the rating. If that is "
                     "wrong, say --columns.")
    return notes


def _notes_on_blanks(table: TextTable, values: Column, lines: np.ndarray) -> list[str]:
    blank = values.where(_is_blank)
    return [f"{table.at(lines[blank][0])}: there is no rating; {_number(blank.sum(), 'such line')} "
            "left out."] if blank.any() else []


def _notes_on_spaces(table: TextTable, values: Column, lines: np.ndarray) -> list[str]:
    padded = values.where(lambda text: text != text.strip())
    return [f"{table.at(lines[padded][0])}: the rating has a space beside it; "
            f"{_number(padded.sum(), 'such text')} read as numbers."] if padded.any() else []


def _notes_on_negatives(table: TextTable, numbers: np.ndarray, lines: np.ndarray) -> list[str]:
    negative = numbers < 0
    if not 0 < negative.sum() <= max(1, len(numbers) / 100) or negative.all():
        return []
    rest = numbers[~negative]
    return [f"{table.at(lines[negative][0])}: the rating {numbers[negative][0]:g} lies outside "
            f"{rest.min():g} to {rest.max():g}, where all but {negative.sum()} of the ratings lie; "
            "it was kept. Correct it if it is a mistake."]


def _notes_on_repeats(table: TextTable, pair: pd.Series, lines: np.ndarray) -> list[str]:
    again = pair.duplicated().to_numpy()
    if not again.any():
        return []
    row = int(again.argmax())
    earlier = int((pair == pair[row]).argmax())
    n = pair[again].nunique()
    return [f"{table.at(lines[row])} rates the same user and item as line {lines[earlier]}; of "
            f"{_number(n, 'pair')} rated more than once the last rating was kept."]


def _notes_on_titles(table: TextTable, titles: dict[Hashable, str], items) -> list[str]:
    notes = []
    without = [item for item in items if item not in titles]
    if without:
        notes.append(f"{table.name} has no title for {_number(len(without), 'item')}, the first "
                     f"of them {without[0]}: the id stands for it.")
    first: dict[str, Hashable] = {}
    doubled = [f"'{title}' is the title of {first[title]} and {item}" for item, title in titles.items()
               if first.setdefault(title, item) != item]
    return notes + ([f"{table.name}: {_and_others(doubled)}."] if doubled else [])


def _and_others(sentences: list[str]) -> str:
    return sentences[0] + (f", and so {_number(len(sentences) - 1, 'more case')}"
                           if len(sentences) > 1 else "")


def _is_blank(text: str) -> bool:
    return not text.strip()


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
