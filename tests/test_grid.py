"""A sheet as it was read: whose formula computes a cell."""

from __future__ import annotations

from pyxl.grid.cells import Cell, Range
from pyxl.grid.grid import Formula, Grid


def test_owner_of_constants_formulas_and_the_inside_of_arrays():
    a1, e2, f3 = Cell(1, 1), Cell(2, 5), Cell(3, 6)
    grid = Grid("S", values={a1: 1.0}, formulas={e2: Formula("1", e2, Range(2, 5, 4, 6)),
                                                  Cell(4, 1): Formula("A1", Cell(4, 1))})
    assert grid.owner(Cell(4, 1)) == Cell(4, 1)
    assert grid.owner(e2) == grid.owner(f3) == grid.owner(Cell(4, 6)) == e2
    assert [grid.owner(cell) for cell in (a1, Cell(2, 4), Cell(5, 5), Cell(4, 7))] == [None] * 4
