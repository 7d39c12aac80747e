"""One sheet as it was read: values, formulas, and what may not be touched. Knows no XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from solver.errors import UserError

from .cells import Cell, Range, Value
from .relative_form import RelativeForms
from .scenario import Scenario


@dataclass(frozen=True)
class Formula:
    """A formula as the file holds it.

    `text` has no leading ``=`` and was written for the cell `anchor`. A cell of a shared group
    carries its master's text and the master's cell: its own formula is that one with every
    relative reference moved by (own cell − anchor). `array` is the block of an array formula;
    only its top left cell carries the Formula. `dynamic` ones grow and shrink with their results.
    """

    text: str
    anchor: Cell
    array: Range | None = None
    dynamic: bool = False


@dataclass(frozen=True)
class DefinedName:
    """A name of the workbook: `scope` is a sheet's name, or None for the whole workbook."""

    name: str
    refers_to: str
    scope: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    """An Excel table: `where` is all of it, of which `headers` rows are on top and `totals` at the bottom."""

    name: str
    sheet: str
    where: Range
    columns: tuple[str, ...]
    headers: int = 1
    totals: int = 0


@dataclass
class Grid:
    """The cells of one sheet that hold something.

    `values` holds constants and the cached results of formulas; blank cells are absent.
    `formats` names the cells whose number format makes a number mean something else:
    ``'date'`` or ``'percent'``. `used` is the smallest range around everything, or None. A grid
    is not changed once it is read: `used` and `arrays` are computed once.
    """

    sheet: str
    values: dict[Cell, Value] = field(default_factory=dict)
    formulas: dict[Cell, Formula] = field(default_factory=dict)
    formats: dict[Cell, str] = field(default_factory=dict)
    merged: tuple[Range, ...] = ()
    pivots: tuple[tuple[str, Range], ...] = ()      # (name of the pivot table, where it stands)
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    protected: bool = False
    scenarios: tuple[Scenario, ...] = ()

    @cached_property
    def used(self) -> Range | None:
        cells = self.values.keys() | self.formulas.keys()
        return Range.around(cells) if cells else None

    def held(self, where: Range) -> Iterator[Cell]:
        """The cells of a range that hold a value; a giant range costs no more than a look at all cells that do."""
        if where.size > len(self.values):
            return (cell for cell in self.values if cell in where)
        return (cell for cell in where.cells() if cell in self.values)

    def block(self, where: Range) -> list[list[Value]]:
        """The values of a range, row by row; None where a cell is blank."""
        get = self.values.get
        return [[get(Cell(row, col)) for col in range(where.left, where.right + 1)]
                for row in range(where.top, where.bottom + 1)]

    @cached_property
    def filled(self) -> dict[Cell, Formula]:
        """The formulas; those with the same relative form share the text and the anchor of the first, as the cells of a
        shared group do, so that what is read of a text is read once."""
        forms = RelativeForms()
        first: dict[tuple[str, Cell], Formula] = {}
        found = {}
        for cell, formula in self.formulas.items():
            if formula.text:
                known = forms.first_of(formula.text, formula.anchor, cell)
                if formula.array is None and not formula.dynamic:
                    formula = first.setdefault(known, formula)     # the same object: a million cells need no million
                else:
                    formula = replace(formula, text=known[0], anchor=known[1])
            found[cell] = formula
        return found

    @cached_property
    def arrays(self) -> dict[Range, Cell]:
        """The blocks of array formulas, and the cell that carries each formula."""
        return {f.array: cell for cell, f in self.formulas.items() if f.array}

    def owner(self, cell: Cell) -> Cell | None:
        """The cell whose formula computes this one: itself, or the top left cell of the array
        formula that it is inside of; None for a constant or a blank."""
        if cell in self.formulas:
            return cell
        return next((owner for block, owner in self._arrays_by_row.get(cell.row, ()) if cell in block), None)

    @cached_property
    def _arrays_by_row(self) -> dict[int, list[tuple[Range, Cell]]]:
        # a long table has an array formula or two in each of its rows: asking all of them for
        # every cell would take time by the square of the rows
        rows: dict[int, list[tuple[Range, Cell]]] = {}
        for block, owner in self.arrays.items():
            for row in range(block.top, block.bottom + 1):
                rows.setdefault(row, []).append((block, owner))
        return rows


def refuse_formulas(grid: Grid, cells: Iterable[Cell]) -> None:
    """Raise UserError where constants would be written over a formula or into an array formula."""
    cells = set(cells)
    if taken := cells & grid.formulas.keys():
        found = "holds a formula, which is not overwritten"
    elif taken := {cell for block in grid.arrays for cell in block.cells()} & cells:
        block = next(block for block in grid.arrays if min(taken) in block)
        found = f"is part of the array formula in {block}, which is not overwritten"
    else:
        return
    raise UserError(f"{grid.sheet}!{Cell(*min(taken))} {found}. Choose another cell; nothing was written.")
