"""Factors as one table: what a kernel works on.

A row is a user or an item, users first: its factors, then two columns that make the biases part of the
dot product, p·q + b_u + b_i = (p, b_u, 1) · (q, 1, b_i), filled up with zeros to a multiple of 16
numbers in which these two columns are the last. Without biases both are 0. Given columns (`Factors.given`)
come first, filled up to a multiple of 16 of their own, so that kernels leave whole registers of an item as they
are. Rows begin at cache lines, and what a method keeps for a row (momentum, squares) stands right behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.data.ratings import Ratings
from solver.model.factors import Factors

LANES = 16  # as in `vectors`, which is loaded only where numba is


@dataclass(frozen=True, eq=False)
class Packed:
    """`table` (n_users + n_items, parts·width); the first `width` columns are the rows above."""

    table: np.ndarray
    width: int
    n_users: int
    like: Factors   # of the same shape: what to unpack into

    @property
    def fixed(self) -> np.ndarray:
        """(4, 16): what a user's last 16 columns are multiplied by after an update, and what is then
        added, so that the column of ones stays; the same for an item."""
        ends = aligned((4, LANES), self.table.dtype)
        ends[0], ends[2] = 1.0, 1.0
        ends[0, -1], ends[2, -2] = 0.0, 0.0
        if self.like.model != "dot":        # it has biases
            ends[1, -1], ends[3, -2] = 1.0, 1.0
        return ends

    def rows_of(self, ratings: Ratings, order) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(users, items, values) in that order: row numbers int32, values in the table's precision."""
        items = ratings.item_index[order].astype(np.int32)  # a copy
        items += self.n_users
        return (ratings.user_index[order].astype(np.int32, copy=False), items,
                ratings.values[order].astype(self.table.dtype, copy=False))

    def counts(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """(rows,) how many of these ratings each row has."""
        return np.bincount(users, minlength=len(self.table)) + np.bincount(items, minlength=len(self.table))

    def room(self, n: int) -> np.ndarray:
        """(n, width) work space for a kernel."""
        return aligned((n, self.width), self.table.dtype)

    def factors(self) -> Factors:
        """A copy of the factors in the table."""
        rows, n = self.table[:, :self.width].copy(), self.n_users
        factors = rows[:, _columns(self.like)] if self.like.given else rows[:, :self.like.n_factors]
        arrays = {"user": factors[:n], "item": factors[n:]}
        if self.like.model != "dot":
            arrays |= {"user_bias": rows[:n, -2], "item_bias": rows[n:, -1]}
        return self.like.with_arrays(arrays)


def pack_factors(factors: Factors, *, parts: int = 1) -> Packed:
    """A table of these factors, with room for as many numbers again in each of the other `parts`, 0."""
    arrays, columns = factors.arrays(), _columns(factors)
    user, item = arrays["user"], arrays["item"]
    n_users, width = len(user), given_width(factors) + _filled(factors.n_factors - factors.given + 2)
    table = aligned((n_users + len(item), parts * width), user.dtype)
    table[:n_users, columns], table[n_users:, columns] = user, item
    if factors.model != "dot":
        table[:n_users, width - 2], table[n_users:, width - 1] = arrays["user_bias"], arrays["item_bias"]
        table[:n_users, width - 1], table[n_users:, width - 2] = 1.0, 1.0
    return Packed(table, width, n_users, factors)


def given_width(factors: Factors) -> int:
    """How many numbers at the beginning of a row are for given columns."""
    return _filled(factors.given)


def _columns(factors: Factors) -> np.ndarray:
    """(k,) where in a row the factors stand."""
    columns = np.arange(factors.n_factors)
    columns[factors.given:] += given_width(factors) - factors.given
    return columns


def _filled(n: int) -> int:
    return LANES * -(-n // LANES)


def aligned(shape: tuple[int, ...], dtype) -> np.ndarray:
    """Zeros that begin at a multiple of 64 bytes, a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + 64, np.uint8)
    begin = -room.ctypes.data % 64
    return room[begin:begin + size].view(dtype).reshape(shape)
