"""Read a long table of ratings from a file, of any size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from solver.data.ratings import Ratings
from solver.disk import refuse_unless_file
from solver.errors import UserError

from .column_roles import RATING_ROLES, TIME_ROLE, FoundColumns, find_by_name, find_columns
from .columns import RatingsTable, TableRows
from .formats import format_of
from .rating_columns import (
    DECIMALS,
    how_many_of,
    notes_on_blanks,
    notes_on_negatives,
    numbered,
    numbers_of,
    refuse_blank,
    refuse_nothing_to_learn,
)
from .rating_texts import shortened

_LARGE = 1_000_000       # ratings from which on indices and values are kept in 32 bits

UNIX_SECONDS = re.compile("[0-9]{9,10}")


def read_ratings(path, *, columns: Sequence[str | int] | None = None, sep: str | None = None,
                 decimal: str | None = None) -> tuple[Ratings, list[str]]:
    """The ratings of a file with one rating a line, and notes on what was odd and what was done.

    Text with separated columns, which may be gzipped, or Parquet (``.parquet``, or a folder of
    such files). The columns of users, items and ratings are found by name, or told by `columns`:
    three names or positions counted from 1; a fourth one holds the times, which else are found by
    name. A file without a header, or with names that say nothing, has them first. `sep` None finds
    the separator; `decimal` is ``'comma'`` or ``'point'``, None finds that too. Ids that are all
    whole numbers become int, others stay text; labels stand in order of first appearance. Of a
    pair rated twice the last rating is kept; lines without a rating are left out. From a million
    ratings on, indices are int32, and values float32 where that loses nothing. Raises UserError,
    naming file and line, for anything that is no rating.
    """
    if decimal is not None and decimal not in DECIMALS:
        raise UserError(f"decimal is {decimal!r}. Choose one of: comma, point.")
    table, found, rows = _read(path, columns, sep)
    (users, items, texts), lines = rows.columns, rows.lines
    values = texts if rows.numbers is None else rows.numbers
    refuse_blank(table, users, lines, "user")
    refuse_blank(table, items, lines, "item")
    notes = notes_on_blanks(table, values, lines)
    rated = ~values.blank()
    users, items, values, lines = users.take(rated), items.take(rated), values.take(rated), lines[rated]
    if not len(lines):
        raise UserError(f"{table.name} holds no rating. Add a {table.unit} for every rating: "
                        "user, item, rating.")

    numbers, comma, more = numbers_of(table, values, lines, decimal)
    user_labels, user_index = numbered(table, users, lines, "user")
    item_labels, item_index = numbered(table, items, lines, "item")
    notes += more
    times, time_notes = _times(table, found, rows, rated)
    del rows, users, items, texts, values  # memory: a long column less of each

    again, repeats = _repeats(table, user_index, item_index, len(item_labels), lines)
    notes += repeats + notes_on_negatives(table, numbers, lines) + time_notes
    kind, dtype = _dtypes(numbers)
    ratings = Ratings(user_labels, item_labels, user_index.astype(kind, copy=False),
                      item_index.astype(kind, copy=False), numbers.astype(dtype, copy=False), times)
    if again is not None:
        ratings = ratings.take(~again)
    refuse_nothing_to_learn(table, ratings, lines)
    read_as = _notes_on_reading(table, found, ratings, sep_given=sep is not None,
                                comma_found=comma and decimal is None)
    return ratings, read_as + notes


def _read(path, columns: Sequence[str | int] | None, sep: str | None) -> tuple[RatingsTable, FoundColumns, TableRows]:
    """(the table, where its columns are, its rows)"""
    if isinstance(columns, str):
        columns = columns.split(",")
    roles = RATING_ROLES if columns is None or len(columns) != len(RATING_ROLES) + 1 else (*RATING_ROLES, TIME_ROLE)
    advice = "Say with --columns which are user, item, rating."
    path = Path(path)
    refuse_unless_file(path)
    file_format = format_of(path)
    table: RatingsTable = file_format.examine(path, sep)
    found = _with_times(find_columns(table, roles, columns, numeric=2, advice=advice))
    return table, found, file_format.read(table, found)


def _with_times(found: FoundColumns) -> FoundColumns:
    """With the column of times: as it was asked for, by its name, or, as MovieLens writes tables
    without a header, the fourth of four where it holds seconds since 1970."""
    first, positions = found.first_line, found.positions
    if len(positions) > len(RATING_ROLES):
        return replace(found, positions=positions[:-1], time=positions[-1])
    if found.header:
        (time,) = find_by_name(first, (TIME_ROLE,))
    else:
        time = 3 if len(first) == 4 and UNIX_SECONDS.fullmatch(first[3]) else None
    return replace(found, time=None if time in positions else time)


def _times(table: RatingsTable, found: FoundColumns, rows: TableRows,
           rated: np.ndarray) -> tuple[np.ndarray | None, list[str]]:
    """(the times (n,) float64, or None where there are none or not all are understood; notes)"""
    if rows.times is None:
        return None, []
    name = f"the column '{found.first_line[found.time]}'" if found.header else f"column {found.time + 1}"
    advice = f"so {name} was not read. Write times as numbers, or as 2024-05-31 18:00:00."
    if rows.times.odd:
        row, text = rows.times.odd
        return None, [f"{table.at(rows.lines[row])}: the time is '{shortened(text)}', {advice}"]
    times = rows.times.all()
    times = times if rated.all() else times[rated]
    odd = ~np.isfinite(times)
    if odd.any():
        return None, [f"{table.at(rows.lines[rated][odd][0])}: there is no time, {advice}"]
    return times, []


def _repeats(table: RatingsTable, user_index: np.ndarray, item_index: np.ndarray, n_items: int,
             lines: np.ndarray) -> tuple[np.ndarray | None, list[str]]:
    """(which ratings (n,) bool a later one of the same pair replaces, or None; notes)"""
    pairs = user_index * np.int64(n_items) + item_index
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return None, []
    order = np.argsort(pairs, kind="stable")
    ordered = pairs[order]
    same = ordered[1:] == ordered[:-1]          # as the one before it
    replaced = np.zeros(len(pairs), bool)
    replaced[order[:-1][same]] = True
    row = int(order[1:][same].min())            # the first that repeats an earlier one
    earlier = int((pairs == pairs[row]).argmax())
    n = len(np.unique(ordered[1:][same]))
    return replaced, [f"{table.at(lines[row])} rates the same user and item as {table.unit} {lines[earlier]}; of "
                      f"{how_many_of(n, 'pair')} rated more than once the last rating was kept."]


def _dtypes(numbers: np.ndarray) -> tuple[type, type]:
    """(of indices, of values): half as long in large data, where that loses nothing."""
    if len(numbers) < _LARGE:
        return np.int64, np.float64
    return np.int32, np.float32 if (numbers.astype(np.float32) == numbers).all() else np.float64


def _notes_on_reading(table: RatingsTable, found: FoundColumns, ratings: Ratings, *,
                      sep_given: bool, comma_found: bool) -> list[str]:
    """What was found out about the file where it is not the plainest kind of CSV."""
    notes = []
    if written := table.way_of_writing(separator_given=sep_given, decimal_comma=comma_found):
        notes.append(f"{table.name} was read with {written}: {len(ratings):,} ratings by "
                     f"{ratings.n_users:,} users of {ratings.n_items:,} items. If that is wrong, "
                     "say --sep or --decimal.")
    if found.guessed:
        user, item, rating = (found.first_line[at] for at in found.positions)
        notes.append(f"{table.name}: no column is called user, item or rating; '{user}' was taken "
                     f"for the user, '{item}' for the item, '{rating}' for the rating. If that is "
                     "wrong, say --columns.")
    return notes


