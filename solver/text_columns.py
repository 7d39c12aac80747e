"""The columns of a delimited file that matter: which they are, and what stands in them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .delimited import TextTable
from .errors import UserError
from .rating_texts import is_number


@dataclass(frozen=True)
class Role:
    """A column that is looked for: what messages call it, and its usual names, likeliest first."""

    name: str
    names: tuple[str, ...]  # letters and digits only, lower case


@dataclass(frozen=True)
class FoundColumns:
    """Where the roles' columns stand, counted from 0, and the first line they were found by."""

    positions: tuple[int, ...]
    first_line: tuple[str, ...]
    header: bool
    guessed: bool           # taken by position although the file has a header


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its distinct texts in order of first appearance, and which of them each row has.

    Ratings tables repeat few texts over many rows; so each is looked at once.
    """

    texts: list[str]
    codes: np.ndarray       # (n_rows,) int64, into texts

    def first_rows(self) -> np.ndarray:
        """(n_texts,) the row on which each text stands first."""
        first = np.empty(len(self.texts), np.int64)
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]  # the last assignment stays
        return first

    def where(self, is_it) -> np.ndarray:
        """(n_rows,) bool: the rows for whose text the function `is_it` is true."""
        return np.array([is_it(text) for text in self.texts], bool)[self.codes]

    def take(self, rows: np.ndarray) -> Column:
        """The column with the given rows (bool) only."""
        codes, kept = pd.factorize(self.codes[rows])
        return Column([self.texts[code] for code in kept], codes)


def find_columns(table: TextTable, roles: Sequence[Role], columns=None, *,
                 numeric: int | None = None, advice: str) -> FoundColumns:
    """Find the column of each role: as `columns` says, by the header's names, or by position.

    `columns` holds a name or a position from 1 for every role. `numeric` is the role that holds
    numbers in a line of data; without it a first line that has not the names is data.
    Raises UserError, which lists the columns that are there, where one is missing; `advice` is
    what it then says to do.
    """
    with closing(table.rows()) as rows:
        first = tuple(field.strip() for field in next(rows, (0, ()))[1])
    if not first:
        raise UserError(f"{table.name} is empty. Give a file with a line for every entry.")
    wanted = ", ".join(role.name for role in roles)
    guessed = False
    if columns is not None:
        positions, named = _asked_for(table, first, roles, columns)
    else:
        positions = _by_name(first, roles)
        named = None not in positions
        if not named:
            some = any(position is not None for position in positions)
            missing = [role.name for role, at in zip(roles, positions) if at is None]
            positions = range(len(roles))
            if len(first) < len(roles):
                raise UserError(f"{table.name} has {_columns(first)}, but {len(roles)} are needed: "
                                f"{wanted}. Separate them by one of , ; tab | ::.")
            guessed = not any(is_number(first[at]) for at in positions)
            if some and guessed:
                raise UserError(f"{table.name} has no column for: {', '.join(missing)}. It has "
                                f"{_columns(first)}. {advice}")
    header = named or (numeric is not None and not any(is_number(first[at]) for at in positions))
    return FoundColumns(tuple(positions), first, header, guessed and header)


def read_columns(table: TextTable, found: FoundColumns) -> tuple[list[Column], np.ndarray]:
    """The found columns and the (n_rows,) numbers of the lines they were read from.

    Raises UserError for a line with more or fewer fields than the first.
    """
    known: list[dict[str, int]] = [{} for _ in found.positions]
    codes = [array("q") for _ in found.positions]
    lines = array("q")
    columns = list(zip(found.positions, known, codes))
    for line, fields in _fitting_rows(table, found):
        lines.append(line)
        for position, texts, column in columns:
            column.append(texts.setdefault(fields[position], len(texts)))
    return ([Column(list(texts), np.array(column, np.int64)) for _, texts, column in columns],
            np.array(lines, np.int64))


def _fitting_rows(table: TextTable, found: FoundColumns) -> Iterator[tuple[int, list[str]]]:
    most = fewest = len(found.first_line)
    if found.header:  # the last columns may have no name, and then need not be there
        fewest = max([n for n, name in enumerate(found.first_line, 1) if name])
        fewest = max(fewest, *(at + 1 for at in found.positions))
    rows = table.rows()
    if found.header:
        next(rows)
    for line, fields in rows:
        n = len(fields)
        if n < fewest:
            if table.cut_off and next(rows, None) is None:
                raise UserError(f"{table.at(line)}: the file ends in the middle of the line, after "
                                f"{n} of {fewest} fields. Get a whole copy, or remove that line.")
            raise UserError(f"{table.at(line)}: {_fields(n)} where the first line has {most}. "
                            "Complete or remove that line.")
        if n > most and "".join(fields[most:]).strip():
            raise UserError(f"{table.at(line)}: {_fields(n)} where the first line has {most}. "
                            "Put texts and numbers that hold the separator in quotes.")
        yield line, fields


def _asked_for(table: TextTable, first, roles, columns) -> tuple[list[int], bool]:
    """(positions, whether any was asked for by name)"""
    if isinstance(columns, str):
        columns = columns.split(",")
    wanted = ", ".join(role.name for role in roles)
    if len(columns) != len(roles):
        raise UserError(f"--columns names {len(columns)}; give {len(roles)}: {wanted}.")
    plain = [_plain(field) for field in first]
    positions, named = [], False
    for column in columns:
        if _plain(str(column)) in plain and isinstance(column, str):
            positions.append(plain.index(_plain(column)))
            named = True
        elif re.fullmatch("[0-9]+", str(column).strip()) and 1 <= int(column) <= len(first):
            positions.append(int(column) - 1)
        else:
            raise UserError(f"{table.name} has no column '{column}'; it has {_columns(first)}. "
                            "Give their names, or positions counted from 1.")
    if len(set(positions)) < len(positions):
        raise UserError(f"--columns names a column twice. Give {len(roles)} different ones: {wanted}.")
    return positions, named


def _by_name(first, roles) -> list[int | None]:
    plain = [_plain(field) for field in first]
    positions: list[int | None] = []
    for role in roles:
        there = [plain.index(name) for name in role.names if name in plain]
        positions.append(next((at for at in there if at not in positions), None))
    return positions


def _plain(name: str) -> str:
    """'User ID', 'user_id' and 'userId' are one name."""
    return re.sub(r"[\W_]+", "", name).casefold() or name.strip()


def _columns(first) -> str:
    shown = ", ".join(f"'{name}'" for name in first[:12]) + (", …" if len(first) > 12 else "")
    return f"{len(first)} column{'s' * (len(first) > 1)}: {shown}"


def _fields(n: int) -> str:
    return f"{n} field{'s' * (n > 1)}"
