"""Parameters: which cell of a sheet holds which number of the factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .cells import Cell
from .layout import Layout

if TYPE_CHECKING:
    from solver.model.net import AnyFactors

FIELDS = {"user_factors": "user", "item_factors": "item", "user_bias": "user_bias", "item_bias": "item_bias",
          "hidden_weights": "weight_0", "hidden_bias": "bias_0",
          "output_weights": "weight_1", "output_bias": "bias_1"}  # role on the sheet -> name among the tensors


def parameter_cells(layout: Layout, factors: AnyFactors) -> dict[Cell, float]:
    """The value of every parameter cell of the sheet for these factors."""
    cells: dict[Cell, float] = {}
    parts = factors.arrays()
    for role, block in layout.parameters.items():
        numbers = parts[FIELDS[role]].reshape(block.shape).tolist()
        cells.update((cell, number) for row, line in zip(block.cells(), numbers)
                     for cell, number in zip(row, line))
    return cells


def factors_from(layout: Layout, numbers: Sequence[float]) -> AnyFactors:
    """The factors, arrays of float64, whose values in the parameter cells, in the order of `parameter_cells`, are
    `numbers`. Raises ValueError where their number is another."""
    import numpy as np

    from solver.model.array_factors import array_factors

    shapes = {role: block.shape for role, block in layout.parameters.items()}
    ends = np.cumsum([n * k for n, k in shapes.values()])
    flat = np.array(numbers, dtype=np.float64)
    if len(flat) != ends[-1]:
        raise ValueError(f"{len(flat)} numbers for {ends[-1]} parameter cells")
    return array_factors({FIELDS[role]: part if role.endswith("bias") else part.reshape(shapes[role])
                          for role, part in zip(shapes, np.split(flat, ends[:-1]))})
