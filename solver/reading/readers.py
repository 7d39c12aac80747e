"""Read ratings from files of any format, packed or not, and of any size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError, shortened

from .evidence import Guess, found_against
from .looked_at.column_roles import find_by_name, find_columns
from .looked_at.columns import Column, Numbers
from .looked_at.rating_names import RATING_ROLES, TIME_ROLE
from .looked_at.roles import FoundColumns, Role
from .looked_at.table_port import SourceTable, Told
from .looked_at.times import DATE_ORDERS
from .missing_marks import rows_rated
from .rating_columns import (
    DECIMALS,
    IDS,
    how_many_of,
    notes_off_scale,
    notes_on_blanks,
    numbered,
    numbers_of,
    readable_rows,
    refuse_nothing_to_learn,
)
from .tables import Paths, TableRead, opened_table, read_found
from .weight_column import weights_of, with_weight_column

_LARGE = 1_000_000       # ratings from which on indices and values are kept in 32 bits
_TIME = re.compile(r"[0-9]{9,10}|[0-9]{13}|[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?|[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{2,4}( .*)?")  # since 1970, or a date


def read_ratings(path: Paths, *, columns: Sequence[str | int] | None = None, sep: str | None = None,
                 decimal: str | None = None, encoding: str | None = None, sheet: str | None = None, layout: str | None = None,
                 missing: str | None = None, bad_lines: str = "refuse", ids: str = "checked",
                 unrated: float | None = None, weight_column: str | int | None = None,
                 dates: str | None = None) -> tuple[Ratings, list[str]]:
    """The ratings of a file, and notes on what was odd and what was done.

    The file is delimited text (by any sign or by blanks), JSON lines, Parquet, Feather, a sheet of a workbook, or
    blocks as of the Netflix Prize; packed by gzip, bzip2, xz, Zstandard or in a zip archive, or not. Several files, and
    a folder, hold one table in parts; ``'-'`` is the standard input. A rating stands in a row, or in a cell of a crosstab,
    which `layout` ``'long'`` or ``'crosstab'`` says where it cannot be told; `missing` is the number that stands
    for unrated, or ``'none'``.

    The columns of users, items and ratings are found by name, or told by `columns`: three names or positions counted
    from 1; a fourth one holds the times, which else are found by name. A file without a header, or with names that say
    nothing, has them first. With `unrated` a table may have no ratings, and that is each pair's. `sep`, `encoding` and
    `decimal` (``'comma'`` or ``'point'``) None are found, too; `sheet` names the sheet of a workbook. `weight_column`, a name or a position, says how much
    each rating counts (`Ratings.weights`). `dates` is ``'day-first'`` or ``'month-first'``, for times such as 3/4/2024.

    Ids that are all whole numbers become int, others stay text; labels stand in order of first appearance. Two ids that
    are most likely one are refused, unless `ids` is ``'exact'``. Of a pair rated twice the latest rating is kept, without times the last; lines
    without a rating are left out, and with `bad_lines` ``'skip'`` those that cannot be read. From a million
    ratings on, indices are int32, and values float32 where that loses nothing. Raises UserError,
    naming file and line, for anything that is no rating.
    """
    if decimal is not None and decimal not in DECIMALS:
        raise UserError(f"decimal is {decimal!r}. Choose one of: comma, point.")
    if ids not in IDS:
        raise UserError(f"ids is {ids!r}. Choose one of: {', '.join(IDS)}.")
    if dates not in (None, *DATE_ORDERS):
        raise UserError(f"dates is {dates!r}. Choose one of: {', '.join(DATE_ORDERS)}.")
    pairs = unrated is not None
    told = Told(sep, encoding, sheet, layout, missing, RATING_ROLES[:2] if pairs else RATING_ROLES)
    read, weighing = _read(path, columns, told, bad_lines, pairs=pairs, unrated=unrated, weight_column=weight_column)
    table, found, lines = read.table, read.found, read.rows.lines
    (users, items), values = read.rows.columns[:2], read.rows.values
    notes = notes_on_blanks(table, values, lines)
    rated = readable_rows(read.table, read.rows, read.bad, decimal)
    weights = None
    if weighing is not None:
        weights = np.full(len(lines), np.nan)
        weights[rated] = weights_of(table, weighing.take(rated), lines[rated], decimal, read.bad)
        rated &= ~np.isnan(weights)
    users, items, values, lines = users.take(rated), items.take(rated), values.take(rated), lines[rated]
    if not len(lines):
        raise UserError(f"{table.name} holds no rating. Add a {table.unit} for every rating: "
                        "user, item, rating.")
    if found.by_place:
        refuse_contradicted(table, found, users, items)

    numbers, comma, more = numbers_of(table, values, lines, decimal)
    there, marks = (None, []) if table.leaves_out_unrated else rows_rated(table, numbers, missing, refuse=not pairs)
    more += marks
    if there is not None:
        users, items, numbers, lines = users.take(there), items.take(there), numbers[there], lines[there]
        rated[rated] = there
    user_labels, user_index = numbered(table, users, lines, "user", ids=ids)
    item_labels, item_index = numbered(table, items, lines, "item", ids=ids)
    notes += more + read.bad.notes(table.name, table.unit)
    times, time_notes = _times(read, rated, dates)
    weights = None if weights is None else weights[rated]
    del read, weighing, users, items, values  # memory: a long column less of each

    again, repeats = _repeats(table, user_index, item_index, len(item_labels), lines, times)
    notes += repeats + notes_off_scale(table, numbers, lines) + time_notes
    kind, dtype = _dtypes(numbers)
    ratings = Ratings(user_labels, item_labels, user_index.astype(kind, copy=False),
                      item_index.astype(kind, copy=False), numbers.astype(dtype, copy=False), times, weights=weights)
    if again is not None:
        ratings = ratings.take(~again)
    if not pairs:
        refuse_nothing_to_learn(table, ratings, lines)
    return ratings, _notes_on_reading(table, found, ratings, comma_found=comma and decimal is None, pairs=pairs) + notes


def _read(path: Paths, columns: Sequence[str | int] | None, told: Told, bad_lines: str, *, pairs: bool,
          unrated: float | None, weight_column: str | int | None) -> tuple[TableRead, Column | None]:
    """The columns of users, items, ratings and times, as texts or numbers; and that of weights, where it was asked for."""
    weights = None
    with opened_table(path, told) as table:
        found = found_rating_columns(table, columns, pairs=pairs)
        numeric = 2 if len(found.positions) > 2 else None
        wanted = found if weight_column is None else with_weight_column(table, found, weight_column)
        read = read_found(table, wanted, numeric=numeric, bad_lines=bad_lines)
    if wanted is not found:
        *own, weights = read.rows.columns
        read = replace(read, found=found, rows=replace(read.rows, columns=own))
    if numeric is None:
        read = replace(read, rows=replace(read.rows, numbers=Numbers(np.full(len(read.rows.lines), unrated))))
    return read, weights


def found_rating_columns(table: SourceTable, columns: Sequence[str | int] | None, *, pairs: bool) -> FoundColumns:
    """Where users, items, ratings and times stand in a table; of `pairs` without ratings, users and items alone.

    Raises UserError where that cannot be told.
    """
    if isinstance(columns, str):
        columns = columns.split(",")
    roles = _roles(table, columns, pairs=pairs)
    found = find_columns(table, roles, columns, numeric=2 if len(roles) > 2 else None,
                         advice="Say with --columns which are user, item, rating.")
    return _with_times(found, len(roles))


def _roles(table: SourceTable, columns: Sequence[str | int] | None, *, pairs: bool) -> tuple[Role, ...]:
    """The roles to look for: user, item and rating; of pairs without ratings the first two; where four columns are told,
    times too."""
    n = len(RATING_ROLES)
    if columns is not None:
        if pairs and len(columns) == n - 1:
            return RATING_ROLES[:-1]
        return RATING_ROLES if len(columns) != n + 1 else (*RATING_ROLES, TIME_ROLE)
    first = table.first_line()
    named = find_by_name(first, RATING_ROLES)
    if pairs and named[2] is None and (len(first) == n - 1 or None not in named[:2]):
        return RATING_ROLES[:-1]
    if len(first) == n - 1 and None not in named[:2]:
        raise UserError(f"{table.name} has a user and an item in every {table.unit} and no rating: pairs that happened. Learn from "
                        "them with --feedback implicit, or say with --columns which column holds the ratings.")
    return RATING_ROLES


def refuse_contradicted(table: SourceTable, found: FoundColumns, users: Column, items: Column) -> None:
    """Raise UserError where user, item and rating were taken by their places and their values say otherwise."""
    names = [f"'{shortened(name)}'" if found.header else f"column {place}" for place, name in enumerate(found.first_line, 1)]
    n = len(users.codes)
    against = found_against(Guess(names, found.positions, table.sample()[1:], n, (len(users.texts) == n, len(items.texts) == n)))
    if against:
        raise UserError(f"{table.name}: {against[0]}. Say with --columns which are user, item, rating: {against[1]}.")


def _with_times(found: FoundColumns, n_roles: int) -> FoundColumns:
    """With the column of times: as it was asked for, by its name, or, as MovieLens writes tables
    without a header, the fourth of four where it holds dates, or seconds since 1970."""
    first, positions = found.first_line, found.positions
    if n_roles > len(RATING_ROLES):
        return replace(found, positions=positions[:-1], time=positions[-1])
    if found.header:
        (time,) = find_by_name(first, (TIME_ROLE,))
    else:
        time = 3 if len(first) == 4 and _TIME.fullmatch(first[3]) else None
    return replace(found, time=None if time in positions else time)


def _times(read: TableRead, rated: np.ndarray, dates: str | None) -> tuple[np.ndarray | None, list[str]]:
    """(the times (n,) float64, or None where there are none or not all are understood; notes)"""
    table, found, rows = read.table, read.found, read.rows
    if rows.times is None or found.time is None:
        return None, []
    name = f"the column '{found.first_line[found.time]}'" if found.header else f"column {found.time + 1}"
    advice = f"so {name} was not read. Write times as numbers, or as 2024-05-31 18:00:00."
    if rows.times.two_readings(dates):
        return None, [f"{table.name}: {name} holds dates that read as well with the day first as with the month first, so it was not read. Say "
                      "--dates day-first or --dates month-first."]
    times = rows.times.all(dates)
    if rows.times.odd:
        row, text = rows.times.odd
        return None, [f"{table.at(rows.lines[row])}: the time is '{shortened(text)}', {advice}"]
    if times is None:
        return None, []
    times = times if rated.all() else times[rated]
    odd = ~np.isfinite(times)
    if odd.any():
        return None, [f"{table.at(rows.lines[rated][odd][0])}: there is no time, {advice}"]
    return times, []


def _repeats(table: SourceTable, user_index: np.ndarray, item_index: np.ndarray, n_items: int,
             lines: np.ndarray, times: np.ndarray | None) -> tuple[np.ndarray | None, list[str]]:
    """(which ratings (n,) bool a later one of the same pair replaces, by their times or, without any, their lines; or None; notes)"""
    pairs = user_index * np.int64(n_items) + item_index
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return None, []
    order = np.argsort(pairs, kind="stable") if times is None else np.lexsort((times, pairs))     # both stable
    ordered = pairs[order]
    same = ordered[1:] == ordered[:-1]          # as the one before it
    replaced = np.zeros(len(pairs), bool)
    replaced[order[:-1][same]] = True
    n = len(np.unique(ordered[1:][same]))
    several = np.isin(pairs, ordered[1:][same])
    several[np.unique(pairs, return_index=True)[1]] = False     # all but the first line of each pair
    row = int(several.argmax())                 # the first that repeats an earlier one
    earlier = int((pairs == pairs[row]).argmax())
    return replaced, [f"{table.at(lines[row])} rates the same user and item as {table.unit} {lines[earlier]}; of "
                      f"{how_many_of(n, 'pair')} rated more than once the {'last' if times is None else 'latest'} rating was kept."]


def _dtypes(numbers: np.ndarray) -> tuple[type, type]:
    """(of indices, of values): half as long in large data, where that loses nothing."""
    if len(numbers) < _LARGE:
        return np.int64, np.float64
    return np.int32, np.float32 if (numbers.astype(np.float32) == numbers).all() else np.float64


def _notes_on_reading(table: SourceTable, found: FoundColumns, ratings: Ratings, *, comma_found: bool, pairs: bool) -> list[str]:
    """What was found out about the file where it is not the plainest kind of CSV."""
    notes = []
    how = [*table.read_as(), *(["decimal comma"] * comma_found)]
    if how:
        notes.append(f"{table.name} was read with {', '.join(how)}: {len(ratings):,} ratings by "
                     f"{ratings.n_users:,} users of {ratings.n_items:,} items. If that is wrong, "
                     "say --sep, --encoding, --decimal or --layout.")
    if pairs and found.header and not found.by_place and len(found.positions) == 2:
        others = [name for at, name in enumerate(found.first_line) if name and at not in (*found.positions, found.time)]
        if others:
            shown = ", ".join(f"'{shortened(name)}'" for name in others[:6]) + (", …" if len(others) > 6 else "")
            notes.append(f"{table.name}: no column is called after ratings or counts, so every pair was read as one that happened; "
                         f"not read: {shown}. If ratings or counts are among them, say --columns.")
    if found.guessed:
        roles = ("the user", "the item", "the rating")
        taken = ", ".join(f"'{found.first_line[at]}' was taken for {role}" if not n else f"'{found.first_line[at]}' for {role}"
                          for n, (at, role) in enumerate(zip(found.positions, roles)))
        notes.append(f"{table.name}: no column is called user, item or rating; {taken}. If that is "
                     "wrong, say --columns.")
    return notes
