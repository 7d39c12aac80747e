"""What a node of a formula is in all cells of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyxl.formulas.language.values import pack
from pyxl.grid.cells import ErrorValue

CONSTANT, NUMBER, BOOLEAN = range(3)  # kinds of an element; the latter two are dynamic, a boolean as 0 or 1

_ZERO = np.zeros(())
_KINDS = {kind: np.full((), kind, dtype=np.int8) for kind in (CONSTANT, NUMBER, BOOLEAN)}


@dataclass(frozen=True, eq=False)
class Lanes:
    """An array (rows, columns, height, width): for each cell of the batch one of height × width.

    Rows or columns are 1 where all of the batch have the same. `const` holds the constant elements, as
    `values.pack` does, and 0 for dynamic ones; `kind` says which is which, None when all are constant.
    `tensor` is the program's number of a tensor with the dynamic elements, and at the constant ones
    the number there, 0 where there is none.
    """

    const: np.ndarray
    kind: np.ndarray | None = None
    tensor: int | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.const.shape

    @property
    def dynamic(self) -> bool:
        return self.kind is not None

    @property
    def kinds(self) -> np.ndarray:
        return alike(CONSTANT, self.shape) if self.kind is None else self.kind


@dataclass(frozen=True, eq=False)
class LaneAreas:
    """Cells that every cell of a batch refers to, unread: equally large boxes, their first cells given
    as (rows or 1, columns or 1)."""

    sheet: str
    top: np.ndarray
    left: np.ndarray
    height: int
    width: int

    @property
    def lanes(self) -> tuple[int, int]:
        return np.broadcast_shapes(self.top.shape, self.left.shape)


class Split(Exception):
    """The cells of a batch cannot be evaluated together: those with equal `keys` can."""

    def __init__(self, keys: np.ndarray):
        super().__init__()
        self.keys = keys


def alike(kind: int, shape: tuple[int, ...]) -> np.ndarray:
    """One kind for all elements."""
    return np.broadcast_to(_KINDS[kind], shape)


def dynamic(tensor: int, shape: tuple[int, ...], kind: int = NUMBER) -> Lanes:
    """Lanes all of whose elements are dynamic."""
    return Lanes(np.broadcast_to(_ZERO, shape), alike(kind, shape), tensor)


def single(value) -> Lanes:
    """The same constant in all cells of a batch."""
    return Lanes(pack([value], (1, 1))[None, None])


def uniform(keys: np.ndarray):
    """The one value of an array over the lanes; where there are several the batch is split."""
    first = keys.flat[0]
    if keys.size > 1 and not (keys == first).all():
        raise Split(keys)
    return first


def as_numbers(const: np.ndarray) -> np.ndarray:
    """Constants as numbers: what is not a number is 0."""
    if const.dtype == float:
        return const
    if const.dtype == bool:
        return np.zeros(const.shape)
    return np.where(are_numbers(const), const, 0.0).astype(float)


def are_numbers(const: np.ndarray) -> np.ndarray:
    """Which constants are numbers, no booleans."""
    if const.dtype != object:
        return np.broadcast_to(const.dtype == float, const.shape)
    return _by_type(const, lambda kind: issubclass(kind, (float, int)) and kind is not bool)


def are_none(values: np.ndarray) -> np.ndarray:
    """Which elements are None: blank cells, or places without an error."""
    return np.equal(values, np.array(None))


def are_blank(const: np.ndarray) -> np.ndarray:
    return are_none(const) if const.dtype == object else np.broadcast_to(False, const.shape)


def are_errors(const: np.ndarray) -> np.ndarray:
    if const.dtype != object:
        return np.broadcast_to(False, const.shape)
    return _by_type(const, lambda kind: kind is ErrorValue)


def _by_type(const: np.ndarray, wanted) -> np.ndarray:
    kinds = list(map(type, const.ravel().tolist()))
    fits = {kind: wanted(kind) for kind in set(kinds)}
    return np.fromiter(map(fits.__getitem__, kinds), bool, len(kinds)).reshape(const.shape)
