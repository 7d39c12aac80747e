"""By what a crosstab is recognised: its header, its labels, columns that sum up, and what stands where nobody rated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from solver.errors import UserError, shortened
from solver.reading.looked_at.column_roles import find_by_name
from solver.reading.looked_at.rating_names import RATING_ROLES
from solver.reading.looked_at.rating_texts import reads_as_number
from solver.reading.looked_at.table_port import SourceTable

NARROWEST_CROSSTAB = 5                                  # columns from which on a table may be a crosstab
_NOTHING = ("", "na", "n/a", "nan", "null", "none", "-", "?", ".")   # texts of a cell that nobody filled
WORDS_FOR_SUMS = ("total", "totals", "sum", "average", "mean", "avg", "count", "n", "gesamt", "summe", "mittelwert", "durchschnitt", "moyenne", "media")
_ROW_NUMBERS = ("", "n", "no", "nr", "row", "index", "unnamed0", "id", "x")     # names of a column that counts the rows
_MOST_SUMS = 3                                          # columns that sum up: total, mean and number
_ENOUGH_ROWS = 5                                        # from which on numbers of rows say something
_ROUNDED = 0.051                                        # of a mean to one digit
_FEW, _MOST = 0.05, 0.5                                 # shares of the cells
_SCALE = 0.2                                            # of all values' span, that each column of one scale has at least


def numbers_rows(first: Sequence[str], body: list[list[str]]) -> bool:
    """Whether the first column counts the rows, and the labels stand behind it: in texts, or under a name for users or items."""
    counted = [row[0].strip() for row in body]
    if len(body) < 2 or counted not in ([str(n) for n in range(start, start + len(body))] for start in (0, 1)):
        return False
    if first[0] and _plain(first[0]) not in _ROW_NUMBERS:
        return False
    labels = [row[1].strip() for row in body]
    texts = not any(reads_as_number(label) for label in labels if label)
    return len(set(labels)) == len(labels) and (texts or find_by_name(first[1:2], RATING_ROLES[:2]) != [None, None])


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def columns_that_sum_up(body: list[list[str]], numbers: list[list[float | None]], missing: float | None) -> tuple[int, ...]:
    """The columns, first or last, that hold the total, the mean or the number of the others in every row but those that sum up."""
    rows = [[None if number == missing else number for number in row] for text, row in zip(body, numbers)
            if text[0].strip().casefold() not in WORDS_FOR_SUMS]
    if len(rows) < _ENOUGH_ROWS:
        return ()
    every = range(len(rows[0]))
    for n in range(min(_MOST_SUMS, len(every) - 2), 0, -1):
        for last, others in ((every[-n:], every[:-n]), (every[:n], every[n:])):
            if all(_sums_up(rows, at, others) for at in last):
                return tuple(last)
    return ()


def _sums_up(rows: list[list[float | None]], at: int, others: Sequence[int]) -> bool:
    found: set[str] | None = None
    for row in rows:
        there = [number for n in others if (number := row[n]) is not None]
        own = row[at]
        if not there and own in (None, 0):
            continue
        if own is None or not there:
            return False
        results = {"total": sum(there), "mean": sum(there) / len(there), "number": len(there)}
        fitting = {name for name, result in results.items() if abs(result - own) <= _ROUNDED}
        found = fitting if found is None else found & fitting
        if not found:
            return False
    return found is not None


def refuse_other_scale(table: SourceTable, items: Sequence[str], numbers: list[list[float | None]], missing: float | None,
                       sums: Sequence[int]) -> None:
    """Raise UserError for a first or last column of numbers that all lie beyond those of all others: a count or an age, no ratings."""
    columns = [[number for number in column if number is not None and number != missing] for column in zip(*numbers)]
    left = [at for at in range(len(columns)) if at not in sums]
    for at in (left[0], left[-1]) if len(left) > 2 else ():
        rest = [number for other in left if other != at for number in columns[other]]
        if not rest or len(columns[at]) < _ENOUGH_ROWS:
            continue
        span = max(rest) - min(rest)
        if min(columns[at]) > max(rest) + span or max(columns[at]) < min(rest) - span:
            raise UserError(f"{table.name}: the numbers of '{items[at]}' in the crosstab, {columns[at][0]:g} among them, lie beyond those of all "
                            f"other columns, {min(rest):g} to {max(rest):g}. Remove that column if it holds no ratings.")


def names_columns(first: Sequence[str]) -> bool:
    """Whether the first line names columns: texts stand beside the corner, or whole numbers that are all different, beside a
    number only where they are counted."""
    corner, names = first[0], first[1:]
    if any(not reads_as_number(name) and not is_unrated(name, None) for name in names):
        return True
    if not all(name.lstrip("-").isdecimal() for name in names) or len(set(names)) < len(names):
        return False
    counted = list(names) in ([str(n) for n in range(start, start + len(names))] for start in (0, 1))
    return counted or not reads_as_number(corner)


def looks_like_crosstab(body: list[list[str]], numbers: list[list[float | None]]) -> bool:
    """Whether all cells are numbers or blank, with blanks in most columns or one scale in all of them."""
    if any(number is None and not is_unrated(text, None) for row, values in zip(body, numbers)
           for text, number in zip(row[1:], values)):
        return False
    columns = list(zip(*numbers))
    with_blanks = sum(None in column for column in columns)
    there = [[number for number in column if number is not None] for column in columns]
    if with_blanks > len(columns) / 2:
        return any(there)
    spans = [max(column) - min(column) for column in there if len(column) > 1]
    every = [number for column in there for number in column]
    return bool(spans) and len(columns) >= NARROWEST_CROSSTAB and min(spans) >= _SCALE * (max(every) - min(every)) > 0


def number_for_unrated(table: SourceTable, numbers: list[float | None]) -> float | None:
    """The number that stands for unrated: a frequent one that lies farther from all others than they from each other."""
    there = [number for number in numbers if number is not None]
    counts = Counter(there)
    distinct = sorted(counts)
    if len(distinct) < 3:
        return None
    for odd, rest in ((distinct[-1], distinct[:-1]), (distinct[0], distinct[1:])):
        gap = min(abs(odd - rest[0]), abs(odd - rest[-1]))
        if counts[odd] >= _FEW * len(there) and gap > rest[-1] - rest[0]:
            return odd
    least = distinct[0]
    if len(there) == len(numbers) and least <= 0 and counts[least] > _MOST * len(there):
        share = 100 * counts[least] / len(there)
        raise UserError(f"{table.name}: {least:g} stands in {share:.0f} % of the cells. Say --missing {least:g} if it means unrated, or "
                        "--missing none if it is a rating.")
    return None


def stated_missing(text: str) -> float | None:
    """The number that was said to stand for unrated; None where none does. Raises UserError for what is neither."""
    if text.strip().casefold() == "none":
        return None
    number = number_in_cell(text)
    if number is None:
        raise UserError(f"--missing is '{shortened(text)}'. Give the number that stands for unrated, or none.")
    return number


def what_first_column_is(body: list[list[str]], numbers: list[list[float | None]], *, header: bool, named: bool, missing: float | None) -> str:
    """What the first column holds: the 'labels' of rows, the 'counts' of their ratings, or 'values' as all others; `named` is whether
    the header calls it after users or items."""
    first = [row[0].strip() for row in body]
    if not header and len(first) > 1:
        counts = [sum(number is not None and number != missing for number in row) for row in numbers]
        if [number_in_cell(text) for text in first] == counts:
            return "counts"
    distinct = len(set(first)) == len(first)
    whole = all(not reads_as_number(text) or "." not in text for text in first)
    if header and not named and not distinct and {number_in_cell(text) for text in first} <= {number for row in numbers for number in row} | {None}:
        return "labels" if any(text and number_in_cell(text) is None for text in first) else "values"    # labels seldom repeat
    return "labels" if header or (distinct and whole) else "values"


def number_in_cell(text: str) -> float | None:
    """The number that a text is, with a comma or a point; None for any other text."""
    text = text.strip()
    if not reads_as_number(text):
        return None
    return float(text.replace(",", "."))


def is_unrated(text: str, missing: float | None) -> bool:
    """Whether a cell holds no rating: it is blank, says so, or holds the number that stands for unrated."""
    text = text.strip()
    return text.casefold() in _NOTHING or (missing is not None and number_in_cell(text) == missing)
