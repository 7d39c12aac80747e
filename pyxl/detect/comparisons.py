"""Where a sheet measures its error: the cell, the ratings and the predictions it compares.

Labels lie, so formulas are asked: a cell that compares two blocks of the same shape, one of plain
numbers, or of formulas that look them up (the ratings), and one of formulas (the predictions), either directly, as in
``SQRT(SUMXMY2(H2:V16,H25:V39)/COUNT(H2:V16))``, or by way of a block of errors, as in
``SQRT(AVERAGE(Y3:Y208))`` over ``Y3: (K3-X3)^2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import Call, Name, Node, Reference, Structured, parse, walk
from pyxl.grid.cells import Cell, Range
from pyxl.grid.grid import Grid
from pyxl.grid.readable_workbook import ReadableWorkbook

MEASURING = re.compile(r"\b(SQRT|SUMXMY2|SUMSQ|SUMPRODUCT|AVERAGE|SUM|DEVSQ)\b", re.I)
LIKELIHOOD = re.compile(r"\b(LN|LOG|LOG10)\(", re.I)
DEEPEST = 3  # cells between the objective and the blocks: SQRT(V40), V40: V39/COUNT(…), …


@dataclass(frozen=True)
class ErrorMeasure:
    """A cell that measures how far `predictions` are from `ratings`; both of one shape."""

    cell: Cell
    ratings: Range
    predictions: Range


def comparisons(workbook: ReadableWorkbook, sheet: str, calculator: Calculator, *, first: list[Cell]) -> Iterator[ErrorMeasure]:
    """Every comparison on the sheet: cells in `first` before all others, the outermost (a root of
    a mean, say, before the mean) before those it is made from."""
    grid = workbook.grid(sheet)
    others = [cell for cell, formula in grid.filled.items() if MEASURING.search(formula.text)]
    others.sort(key=lambda cell: _rank(grid.filled[cell].text))
    seen = set()
    for cell in [c for c in first if c in grid.formulas] + others:
        for ratings, predictions in _compared(grid, calculator, cell, DEEPEST):
            if (ratings, predictions) not in seen:
                seen.add((ratings, predictions))
                yield ErrorMeasure(cell, ratings, predictions)


def unequal_blocks(grid: Grid, calculator: Calculator) -> Iterator[ErrorMeasure]:
    """Cells that compare a block of numbers with a block of formulas of another size, which no SUMXMY2 can: what is left
    where a row or column was inserted in one of them alone."""
    for cell, formula in grid.formulas.items():
        if "SUMXMY2" in formula.text.upper():
            blocks = [area for area in ranges_named(grid, calculator, cell) if min(area.shape) > 1]
            for ratings in (area for area in blocks if _is_data(grid, area)):
                for predictions in (area for area in blocks if _is_computed(grid, area)):
                    if sum(a != b for a, b in zip(ratings.shape, predictions.shape)) == 1:
                        yield ErrorMeasure(cell, ratings, predictions)


def _rank(text: str) -> int:
    upper = text.upper()
    return 0 if upper.startswith("SQRT(") else 1 if "SUMXMY2" in upper else 2


def _compared(grid: Grid, calculator: Calculator, cell: Cell, depth: int) -> Iterator[tuple[Range, Range]]:
    areas = ranges_named(grid, calculator, cell)
    blocks = [a for a in areas if a.size > 1]
    data = [a for a in blocks if _is_data(grid, a)]
    computed = [a for a in blocks if _is_computed(grid, a) and not _is_likelihood(grid, a)]
    for ratings in (*data, *computed):      # ratings may be formulas too, that look them up
        for predictions in computed:
            if ratings.shape == predictions.shape and not ratings.overlaps(predictions):
                yield ratings, predictions
    for errors in computed:
        yield from _behind(grid, calculator, errors)
    if depth:
        for area in areas:
            if area.size == 1 and area.first in grid.formulas and area.first != cell:
                yield from _compared(grid, calculator, area.first, depth - 1)


def _behind(grid: Grid, calculator: Calculator, errors: Range) -> Iterator[tuple[Range, Range]]:
    """What a block of errors, one for every rating, compares: (ratings, predictions)."""
    if errors.first not in grid.formulas:
        return
    if grid.formulas[errors.first].array == errors:  # one array formula over whole blocks
        areas = [a for a in ranges_named(grid, calculator, errors.first) if a.shape == errors.shape]
    else:
        last = Cell(errors.bottom, errors.right)
        if last not in grid.formulas:
            return
        ends = {area.first for area in ranges_named(grid, calculator, last) if area.size == 1}
        rows, cols = last.row - errors.top, last.col - errors.left
        areas = [errors.moved(a.top - errors.top, a.left - errors.left)
                 for a in ranges_named(grid, calculator, errors.first)
                 if a.size == 1 and a.first.moved(rows, cols) in ends]  # those that move along
    data = [area for area in areas if _is_data(grid, area)]
    computed = [area for area in areas if _is_computed(grid, area)]
    for ratings in (*data, *computed):
        for predictions in computed:
            if ratings != predictions:
                yield ratings, predictions


def ranges_named(grid: Grid, calculator: Calculator, cell: Cell) -> list[Range]:
    """The ranges of this sheet that a cell's formula names, each once, in order."""
    formula = grid.filled[cell]
    found: dict[Range, None] = {}
    for node in _naming(formula.text):
        if isinstance(node, Reference):     # no need to evaluate: many formulas are copies that hold nothing else
            if _on(grid, calculator, node):
                found[calculator.used_range(Range(*node.at(cell.row - formula.anchor.row, cell.col - formula.anchor.col)))] = None
            continue
        if isinstance(node, Call) and isinstance(start := node.args[0], Reference) and not _on(grid, calculator, start):
            continue
        try:
            where = calculator.reference(node, grid.sheet, cell, formula.anchor)
        except FormulaError:
            continue
        if where and where[0] == grid.sheet:
            found[calculator.used_range(where[1])] = None
    return list(found)


def _on(grid: Grid, calculator: Calculator, node: Reference) -> bool:
    return node.sheet is None or calculator.title(node.sheet) == grid.sheet


@lru_cache(maxsize=4096)
def _naming(text: str) -> tuple[Node, ...]:
    """The nodes of a formula that name cells, each once; copies of it share their text."""
    try:
        return tuple(dict.fromkeys(node for node in walk(parse(text)) if isinstance(node, (Reference, Name, Structured))
                                   or isinstance(node, Call) and node.name == "OFFSET" and node.args))
    except FormulaError:
        return ()


def _is_likelihood(grid: Grid, area: Range) -> bool:
    """Whether a block is of logarithms: no differences from ratings, but what a chance costs, as in a cross-entropy."""
    formula = grid.formulas.get(area.first)
    return formula is not None and LIKELIHOOD.search(formula.text) is not None


def _is_data(grid: Grid, area: Range) -> bool:
    """Plain numbers and blanks, no formula."""
    return (not _is_computed(grid, area)
            and any(type(grid.values[cell]) is float for cell in grid.held(area)))


def _is_computed(grid: Grid, area: Range) -> bool:
    return all(map(grid.owner, (area.first, Cell(area.bottom, area.right))))
