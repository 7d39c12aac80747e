"""What formulas make of one whole number each, value by value: ROUND, INT, INDEX, CHOOSE and lookups by a changing cell; and orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .growing_model import MOST_UNITS, Affine, GrowingModel, NotExact, constant_form

if TYPE_CHECKING:
    from pyxl.formulas.structure.nonlinear_terms import NonlinearTerms, Structure


class CellTables:
    """The values of terms that depend on one whole number with few values, from the compiled program run at each of them: all cells take
    their values together, as each such term sees one of them alone."""

    def __init__(self, structure: Structure, reached: Sequence[NonlinearTerms], columns: GrowingModel):
        self._structure, self._reached, self._columns = structure, reached, columns
        n = structure.n_cells
        whole = np.array(columns.whole[:n], dtype=bool)
        self._low, self._high = np.ceil(np.array(columns.low[:n]) - 1e-9), np.floor(np.array(columns.high[:n]) + 1e-9)
        self._few = whole & (self._high - self._low < MOST_UNITS)
        self._only: np.ndarray | None = None
        self._outputs: list[dict[int, np.ndarray]] = []

    def form(self, terms: NonlinearTerms, number: int) -> tuple[Affine, list[Affine]]:
        """A term as a sum over the values of its cell, and what is 1 where it is an error. Raises NotExact where it depends on more than
        one whole number."""
        cell, values = self._table(terms, number)
        found, errors = constant_form(0.0), []
        for value, result in enumerate(values.tolist(), int(self._low[cell])):
            unit = self._columns.unit(cell, value)
            if np.isfinite(result):
                found = found + unit * result
            elif unit.parts:
                errors.append(unit)
        return found, errors

    def _table(self, terms: NonlinearTerms, number: int) -> tuple[int, np.ndarray]:
        """(changing cell, the term's value at each of its values from the lowest up)."""
        if terms.source is None:
            raise NotExact
        if self._only is None:
            self._only = self._structure.only_cells()
        cell = int(self._only[terms.first + number])
        if cell < 0 or not self._few[cell]:
            raise NotExact
        self._outputs = self._outputs or self._run()
        place, step = terms.source.places[number], terms.source.step
        values = np.array([outputs[step][place] for outputs in self._outputs[:int(self._high[cell] - self._low[cell]) + 1]])
        if not np.isfinite(values).any():
            raise NotExact
        return cell, values

    def _run(self) -> list[dict[int, np.ndarray]]:
        """The outputs of the steps that are asked for, with every such cell at its first value, its second …"""
        steps = {terms.source.step for terms in self._reached if terms.source is not None}
        low, sizes = np.where(self._few, self._low, 0.0), np.where(self._few, self._high - self._low, 0.0)
        return [self._structure.outputs_of(low + np.minimum(value, sizes), steps) for value in range(int(sizes.max()) + 1)]


def add_assignment(columns: GrowingModel, cells: np.ndarray) -> None:
    """Rows that hold some cells at 1, 2, 3 … in any order: each number is the value of one of them."""
    if len(cells) > MOST_UNITS:
        raise NotExact
    for number in range(1, len(cells) + 1):
        columns.rows.append((sum((columns.unit(int(cell), number) for cell in cells), constant_form(0.0)), 1.0, 1.0))
