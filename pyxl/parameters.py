"""Parameters: which cell of a sheet holds which number of the factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import Cell
from .layout import Layout

if TYPE_CHECKING:
    from solver import Factors

FIELDS = {"user_factors": "user", "item_factors": "item",
          "user_bias": "user_bias", "item_bias": "item_bias"}  # role on the sheet -> field of Factors


def parameter_cells(layout: Layout, factors: Factors) -> dict[Cell, float]:
    """The value of every parameter cell of the sheet for these factors."""
    cells = {}
    for role, block in layout.parameters.items():
        numbers = getattr(factors, FIELDS[role]).reshape(block.shape).tolist()
        cells.update((cell, number) for row, line in zip(block.cells(), numbers)
                     for cell, number in zip(row, line))
    return cells
