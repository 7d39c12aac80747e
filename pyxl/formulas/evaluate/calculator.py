"""The value of any cell of a workbook, computed from its formulas and not believed from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import cached_property

import numpy as np

from pyxl.formulas.language.comparison import same
from pyxl.formulas.language.formula_errors import Fault, FormulaError, Unsupported, placed
from pyxl.formulas.language.syntax.parse import Binary, Node, parse
from pyxl.formulas.language.values import MOST_ARRAY_ELEMENTS, Area, number, pack, spread
from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell, Range, Value, quoted
from pyxl.grid.grid import Grid, Table
from pyxl.grid.readable_workbook import ReadableWorkbook

from .cell_source import Box, StoredValue
from .node_evaluator import NodeEvaluator
from .sheet_state import Key, Pending, SheetState, python_value, shown_value


def too_large(box: Box) -> bool:
    """Whether a range has more cells than an array may have elements."""
    top, left, bottom, right = box
    return (bottom - top + 1) * (right - left + 1) > MOST_ARRAY_ELEMENTS


class Calculator:
    """Evaluates the formulas of a workbook, each at most once; constants and `overrides` are given.

    The cached value of a formula is used only where it reads another workbook. A FormulaError names the cell that cannot be evaluated and why: Unsupported when Excel could, a
    circle of references otherwise.
    """

    def __init__(self, workbook: ReadableWorkbook, *, overrides: Mapping[Key, Value] = {}):
        self._workbook = workbook
        self._given = overrides
        self._titles = {title.casefold(): title for title in workbook.sheets}
        self._names = {(name.scope.casefold() if name.scope else None, name.name.casefold()): name.refers_to
                       for name in workbook.names}
        self._overrides: dict[str, dict[Cell, Value]] = {}
        for (title, cell), value in overrides.items():
            self._overrides.setdefault(title, {})[Cell(*cell)] = python_value(value)
        self._sheets: dict[str, SheetState] = {}
        self._failed: dict[Key, FormulaError] = {}

    def value(self, sheet: str, cell: Cell) -> Value:
        """The value of one cell; None when it is blank."""
        return self._settled(lambda: self.cell(sheet, *cell))

    def array(self, sheet: str, where: Range) -> np.ndarray:
        """The values of a range as `values.pack` has them; of whole columns as far as any sheet is used."""
        return self._settled(lambda: self.read(sheet, (where.top, where.left, where.bottom, where.right)))

    def block(self, sheet: str, where: Range) -> list[list[Value]]:
        """The values of a range, row by row."""
        rows = self.array(sheet, where).tolist()
        blanks = [None] * (where.shape[1] - len(rows[0]))
        rows = [row + blanks for row in rows]
        return rows + [[None] * where.shape[1] for _ in range(where.shape[0] - len(rows))]

    def reference(self, node: Node, sheet: str, cell: Cell, anchor: Cell) -> tuple[str, Range] | None:
        """The cells that `node` of a formula means, unread; None when it is not a reference.

        The node comes from a formula written for `anchor` and is looked at from `cell`. OFFSET,
        INDEX, INDIRECT, CHOOSE and IF are followed, and so are names. Raises FormulaError.
        """
        at = NodeEvaluator(self, sheet, cell, cell.row - anchor.row, cell.col - anchor.col, False)
        try:
            found = self._settled(lambda: at.area(node))
        except StoredValue:
            return None
        except FormulaError as error:
            raise placed(error, sheet, cell) from None
        return (found.sheet, found.range) if isinstance(found, Area) else None

    def used_range(self, where: Range) -> Range:
        """A range without what lies beyond all cells that are used, where it is of whole columns or rows, or giant."""
        return Range(*self.used_part((where.top, where.left, where.bottom, where.right)))

    def part(self, node: Node, sheet: str, cell: Cell, anchor: Cell, *, array: bool, block: Range | None = None):
        """What a node of a formula is for `cell`, as `NodeEvaluator` evaluates it: a value or an array. Raises FormulaError."""
        at = NodeEvaluator(self, sheet, cell, cell.row - anchor.row, cell.col - anchor.col, array, block)
        return self._settled(lambda: at.values(at.evaluate(node)))

    # What `NodeEvaluator` reads from; both raise Pending while a formula they need is unsettled.

    def cell(self, title: str, row: int, col: int) -> Value:
        sheet = self._sheets.get(title) or self._open(title)
        cell = (row, col)
        if cell in sheet.values:
            return sheet.values[cell]
        if cell in sheet.waiting:
            raise Pending([(title, sheet.waiting[cell])])
        return None

    def read(self, title: str, box: Box) -> np.ndarray:
        sheet = self._sheets.get(title) or self._open(title)
        box = self.used_part(box)
        if too_large(box):
            raise Unsupported(f"{quoted(title)}!{Range(*box)} has too many cells to be evaluated here. Name a smaller range.")
        return sheet.block(*box)

    def sample(self, title: str, box: Box) -> np.ndarray:
        """As `read`, for what adds up or counts and asks not where: of a giant range only what its cells hold, as a row."""
        if not too_large(self.used_part(box)):
            return self.read(title, box)
        return (self._sheets.get(title) or self._open(title)).held(*box)

    def used_part(self, box: Box) -> Box:
        """Whole columns and rows, and giant ranges, as far as any sheet is used.

        One end for all sheets, so that whole columns of different sheets still match in length.
        """
        top, left, bottom, right = box
        if bottom < MAX_ROW and right < MAX_COL and not too_large(box):
            return box
        return top, left, max(top, min(bottom, self.last[0])), max(left, min(right, self.last[1]))

    def what_if(self, changes: Mapping[Key, Value]) -> Calculator:
        """A calculator of the same workbook in which more cells are given."""
        return Calculator(self._workbook, overrides={**self._given, **changes})

    def without(self, changing: Mapping[str, Iterable[Cell]], depending: Mapping[str, Iterable[Cell]]) -> Calculator:
        """This calculator with all that it evaluated, but for the cells `depending`, which wait until those `changing` are
        given: see `with_values`."""
        other = copy(self)
        titles = self._sheets.keys() | changing.keys() | depending.keys()
        other._sheets = {title: (self._sheets.get(title) or self._open(title)).without(changing.get(title, ()), depending.get(title, ()))
                         for title in titles}
        return other

    def with_values(self, given: Mapping[str, Mapping[Cell, Value]]) -> Calculator:
        """A copy in which more cells are given, by sheet; nothing of what was evaluated is forgotten."""
        other = copy(self)
        other._sheets = {title: state.with_values(given.get(title, {})) for title, state in self._sheets.items()}
        other._given = {**self._given, **{(title, cell): value for title, cells in given.items() for cell, value in cells.items()}}
        other._failed = {}
        other.__dict__.pop("last", None)
        return other

    def changed(self, given: Mapping[str, Mapping[Cell, Value]], depending: Mapping[str, Iterable[Cell]]) -> Calculator:
        """A calculator of the same workbook in which more cells are given. What was evaluated is kept, but for the cells `depending`
        on those."""
        if not self._sheets:
            return self.what_if({(title, cell): value for title, cells in given.items() for cell, value in cells.items()})
        return self.without(given, depending).with_values(given)

    def grid(self, sheet: str) -> Grid:
        """A sheet as it was read."""
        return self._workbook.grid(sheet)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The worksheets as their tabs stand."""
        return tuple(self._workbook.sheets)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The Excel tables of the workbook."""
        return self._workbook.tables

    @property
    def date1904(self) -> bool:
        """Whether days are counted from 1 January 1904."""
        return self._workbook.date1904

    def sheets_between(self, first: str, last: str) -> tuple[str, ...]:
        """All sheets from one to another as their tabs stand; none where one of the two is not there."""
        sheets, one, other = list(self._workbook.sheets), self.title(first), self.title(last)
        if one is None or other is None:
            return ()
        low, high = sorted((sheets.index(one), sheets.index(other)))
        return tuple(sheets[low:high + 1])

    def title(self, sheet: str) -> str | None:
        """A sheet's name as the workbook writes it; None when there is no such sheet."""
        return self._titles.get(sheet.casefold())

    def named(self, name: str, scope: str) -> str | None:
        """What a name stands for on the sheet `scope`."""
        name = name.casefold()
        return self._names.get((scope.casefold(), name)) or self._names.get((None, name))

    @cached_property
    def last(self) -> tuple[int, int]:
        """The last row and column that any sheet uses: how far whole columns and rows are read."""
        sheets = [self._sheets.get(title) or self._open(title) for title in self._workbook.sheets]
        return max(sheet.last[0] for sheet in sheets), max(sheet.last[1] for sheet in sheets)

    def _open(self, title: str) -> SheetState:
        sheet = self._sheets[title] = SheetState.begun(title, self._workbook.grid(title), self._overrides.get(title, {}))
        return sheet

    def _settled(self, question: Callable):
        """What `question` gives once all formulas that it needs are settled."""
        while True:
            try:
                return question()
            except Pending as pending:
                self._settle(pending.needs)

    def _settle(self, needs: Iterable[Key]) -> None:
        """Evaluates formulas, and first those they need: a stack of our own, as chains may be long."""
        todo = list(needs)
        under_way: dict[Key, None] = {}  # each needs the next
        while todo:
            key = todo[-1]
            title, cell = key
            sheet = self._sheets[title]
            if cell not in sheet.waiting:
                todo.pop()
                continue
            try:
                if key in self._failed:
                    raise self._failed[key]
                self._store(sheet, cell, self._evaluate(title, sheet, cell))
            except Pending as pending:
                under_way[key] = None
                for need in pending.needs:
                    if need in under_way:
                        self._fail(under_way, _circle(list(under_way), need))
                todo += pending.needs
            except FormulaError as error:
                self._fail((*under_way, key), error)
            else:
                under_way.pop(key, None)
                todo.pop()

    def _fail(self, keys: Iterable[Key], error: FormulaError) -> None:
        self._failed.update((key, error) for key in keys)
        raise error

    def _evaluate(self, title: str, sheet: SheetState, cell: Cell):
        formula = sheet.grid.filled[cell]
        at = NodeEvaluator(self, title, cell, cell[0] - formula.anchor[0], cell[1] - formula.anchor[1],
                bool(formula.array), formula.array)
        try:
            tree = parse(formula.text)
            result = at.values(at.evaluate(tree))
            return 0.0 if _cancels(at, tree, result) else result
        except StoredValue as outside:
            if (stored := sheet.grid.values.get(cell)) is None or formula.array:
                raise placed(Unsupported(f"{outside} cannot be followed. Open both workbooks in Excel and save."),
                             title, cell) from None
            return stored
        except FormulaError as error:
            raise placed(error, title, cell) from None
        except Fault as fault:
            return fault.value
        except Pending:
            raise
        except RecursionError:
            raise placed(FormulaError("the formula or the names in it are nested too deeply. Split it over several "
                                      "cells."), title, cell) from None
        except Exception as error:  # a defect of ours: it costs this cell's value and no other
            raise placed(Unsupported(f"the formula cannot be evaluated here ({type(error).__name__}: {error}). Please "
                                     "report it."), title, cell) from error

    def _store(self, sheet: SheetState, cell: Cell, result) -> None:
        block = sheet.grid.formulas[cell].array
        if block is None:
            sheet.values[cell] = shown_value(result.flat[0] if isinstance(result, np.ndarray) else result)
            del sheet.waiting[cell]
            return
        rows, cols = block.shape
        if not isinstance(result, np.ndarray):
            result = pack([result], (1, 1))
        result = spread(result[:rows, :cols], rows, cols)
        for inner, value in zip(block.cells(), result.ravel().tolist()):
            if sheet.waiting.get(inner) == cell:
                sheet.values[inner] = shown_value(value)
                del sheet.waiting[inner]


def _cancels(at: NodeEvaluator, tree: Node, result) -> bool:
    """Whether a formula's last step is a difference that is zero but for rounding: ``=0.5-0.4-0.1`` shows 0."""
    if not (type(result) is float and 0 < abs(result) < 1 and isinstance(tree, Binary) and tree.op in ("+", "-")):
        return False
    left, right = number(at.value(tree.left)), number(at.value(tree.right))
    return bool(same(left, right if tree.op == "-" else -right))


def _circle(chain: list[Key], again: Key) -> FormulaError:
    ring = [*chain[chain.index(again):], again]
    home = again[0]
    path = "→".join(str(Cell(*cell)) if title == home else f"{quoted(title)}!{Cell(*cell)}" for title, cell in ring)
    return FormulaError(f"{quoted(home)}!{Cell(*again[1])}: {path} is circular. Break the circle.",
                        reason="a circle of references")
