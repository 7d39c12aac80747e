"""Reads blocks of cells: rows of numbers, texts and blanks (None, ``""`` or NaN), as a range or a Python list holds them.

One row may be a flat list, one cell a number. Each function raises UserError, a sentence that names argument, row and column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from solver.errors import UserError

BlockInCells = Any     # a number, a row, or rows of cells


def rows_of_cells(block: BlockInCells) -> list[list]:
    """A block as rows of cells."""
    if isinstance(block, np.ndarray):
        block = block.tolist()
    if not isinstance(block, (list, tuple)):
        return [[block]]
    return [list(row) for row in block] if block and isinstance(block[0], (list, tuple)) else [list(block)]


def numbers_in(block: BlockInCells, what: str, *, blanks: bool = False) -> np.ndarray:
    """(rows, columns) float64; where blanks are allowed they are NaN."""
    rows = rows_of_cells(block)
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if is_finite_cell(cell):
                table[i, j] = cell
            elif not (blanks and blank_cell(cell)):
                found = "blank" if blank_cell(cell) else str(cell) if str(cell).startswith("#") else repr(cell)
                raise UserError(f"{what}, row {i + 1}, column {j + 1}, is {found}, not a number.")
    if not table.size:
        raise UserError(f"{what} is empty. Give a range of cells.")
    return table


def number_in(block: BlockInCells, what: str) -> float:
    """The number of one cell."""
    table = numbers_in(block, what)
    if table.size != 1:
        raise UserError(f"{what} has {size_of(table)}. Give one cell, or a number.")
    return float(table[0, 0])


def how_many(block: BlockInCells, what: str = "n", *, least: int = 1) -> int:
    """How many are asked for: a whole number."""
    n = number_in(block, what)
    if n < least or n != int(n):
        raise UserError(f"{what} is {n:g}. Give a whole number of {least} or more.")
    return int(n)


def is_blank(block: BlockInCells) -> bool:
    """Whether an argument was left out, or all of its cells are blank."""
    return all(blank_cell(cell) for row in rows_of_cells(block) for cell in row)


def is_finite_cell(cell) -> bool:
    return isinstance(cell, Real) and not isinstance(cell, bool) and math.isfinite(cell)


def blank_cell(cell) -> bool:
    return cell is None or cell == "" or cell != cell


def size_of(table: np.ndarray) -> str:
    return f"{table.shape[0]} × {table.shape[1]} cells"


def biases_in(block: BlockInCells, what: str, n: int) -> np.ndarray:
    """(n,) biases; 0 where there are none."""
    if is_blank(block):
        return np.zeros(n)
    bias = numbers_in(block, what).ravel()
    if len(bias) != n:
        raise UserError(f"{what} has {len(bias)} cells, and there are {n} {what.partition('_')[0]}s. Give one for each.")
    return bias


def items_in(table: np.ndarray, k: int, users: np.ndarray) -> np.ndarray:
    """(m, k): an item a row."""
    if k not in table.shape:
        raise UserError(f"user_factors has {size_of(users)}, item_factors {size_of(table)}: items need as many factors as "
                        "a row of users has.")
    return table.T if table.shape[0] == k else table


def of_length(table: np.ndarray, n: int, what: str, *, across: bool) -> np.ndarray:
    """With an item a row, where `what` has `n` cells; a square has an item a column if `across`."""
    if n in table.shape:
        columns = table.shape[1] == n and (across or table.shape[0] != n)
        return table.T if columns else table
    raise UserError(f"item_factors has {size_of(table)}, {what} has {n}. Give factors for as many items.")


def mean_user(users: np.ndarray, k: int) -> np.ndarray:
    """(k,) the mean user."""
    if users.shape[1] != k:
        raise UserError(f"user_factors has {size_of(users)}, and items have {k} factors. Give a user a row, with as many.")
    return users.mean(axis=0)


def bounds_in(low: BlockInCells, high: BlockInCells) -> tuple[float, float] | None:
    if is_blank(low) and is_blank(high):
        return None
    low, high = number_in(low, "lo"), number_in(high, "hi")
    if not low < high:
        raise UserError(f"lo is {low:g} and hi is {high:g}. Give two numbers, the lower one first.")
    return low, high


def position_of(item: BlockInCells, n: int, names: Sequence | None) -> int:
    """The row of an item, given by its number or, where there are titles, by its title."""
    asked = rows_of_cells(item)[0][0]
    if names is not None:
        same = [i for i, name in enumerate(names) if str(name).casefold() == str(asked).casefold()]
        if not same:
            raise UserError(f"{asked!r} is none of the titles.")
        return same[0]
    position = number_in(item, "item")
    if position != int(position) or not 1 <= position <= n:
        raise UserError(f"item is {position:g}. Give a whole number from 1 to {n}.")
    return int(position) - 1
