"""The port between formulas and the workbook that they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from pyxl.grid.cells import Cell, Value
from pyxl.grid.readable_workbook import ReadableSheets

Box = tuple[int, int, int, int]  # top, left, bottom, right


class StoredValue(Exception):
    """The formula reads another workbook: only the value stored with it can be used."""


class CellSource(ReadableSheets, Protocol):
    """What formulas read: `Calculator` gives it. Its sheets are called by the names that the workbook writes."""

    def cell(self, title: str, row: int, col: int) -> Value:
        """The value of one cell; None where it is blank. Raises Pending while its formula is not evaluated."""

    def read(self, title: str, box: Box) -> np.ndarray:
        """The values of a range. Raises Pending while a formula in it is not evaluated."""

    def sample(self, title: str, box: Box) -> np.ndarray:
        """As `read`, for functions that add or count and do not ask where a value stands."""

    def title(self, sheet: str) -> str | None:
        """A sheet's name as the workbook writes it; None where there is no such sheet."""

    def named(self, name: str, scope: str) -> str | None:
        """What a name refers to on the sheet `scope`; None where it is not defined."""

    def sheets_between(self, first: str, last: str) -> tuple[str, ...]:
        """The sheets from one to another as their tabs stand; () where one of the two is not there."""

    def value(self, sheet: str, cell: Cell) -> Value:
        """The value of one cell, evaluated at once."""

    def what_if(self, changes: Mapping[tuple[str, Cell], Value]) -> CellSource:
        """The same workbook with other values in some cells."""
