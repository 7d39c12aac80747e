"""Evaluates a formula's tree for one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from pyxl.formulas.functions.all_functions import DRAWN_ANEW, FUNCTIONS
from pyxl.formulas.language.formula_errors import NAME, NULL, NUM, REF, VALUE, DrawnAnew, Fault, FormulaError, Unsupported
from pyxl.formulas.language.operators import operate
from pyxl.formulas.language.syntax.lambdas import Lambda, Named
from pyxl.formulas.language.syntax.nodes import chained, parameter
from pyxl.formulas.language.syntax.parse import (
    AcrossSheets,
    Apply,
    Array,
    Binary,
    Call,
    Foreign,
    Literal,
    Name,
    Node,
    Reference,
    Structured,
    Unary,
    parse,
)
from pyxl.formulas.language.syntax.table_references import resolved
from pyxl.formulas.language.values import Area, Areas, counted, lift, pack
from pyxl.grid.cells import Cell, ErrorValue, Range

from .cell_source import CellSource, StoredValue

_MEAN_CELLS = {"OFFSET", "INDEX", "INDIRECT", "CHOOSE", "IF", "IFS", "SWITCH", "SINGLE", "XLOOKUP",
               "ANCHORARRAY", "LET"}  # may answer with a reference


class NodeEvaluator:
    """Evaluates nodes as cell `cell` of `sheet` sees them.

    `rows`, `cols` is how far the cell is from the one the text was written for. With `array`
    operators work on whole ranges, as in an array formula; otherwise a range where one value is
    wanted means its cell in this row or column (implicit intersection). `block` is what the
    formula fills: the cell, or the block of an array formula. `given` are the names of LET and LAMBDA around
    the node, and what they stand for.
    """

    __slots__ = ("workbook", "sheet", "cell", "rows", "cols", "array", "block", "given")

    def __init__(self, workbook: CellSource, sheet: str, cell: Cell, rows: int, cols: int, array: bool,
                 block: Range | None = None, given: Mapping[str, object] = MappingProxyType({})):
        self.workbook, self.sheet, self.cell = workbook, sheet, cell
        self.rows, self.cols, self.array = rows, cols, array
        self.block, self.given = block or Range(*cell, *cell), given

    def with_given(self, given: Mapping[str, object]) -> NodeEvaluator:
        """The same place, where more names stand for something."""
        return NodeEvaluator(self.workbook, self.sheet, self.cell, self.rows, self.cols, self.array, self.block,
                             {**self.given, **given})

    def evaluate(self, node: Node):
        """A scalar, an array or an Area. Errors are values here; Unsupported is raised."""
        return _EVALUATE[type(node)](self, node)

    def values(self, found):
        """What was found, read: an Area becomes its one value, its intersection or an array."""
        if not isinstance(found, Area):
            return ErrorValue(VALUE) if isinstance(found, Areas) else found
        top, left, bottom, right = found.box
        if top == bottom and left == right:
            return self.workbook.cell(found.sheet, top, left)
        return found.array() if self.array else self.values(self.intersect(found))

    def intersect(self, area: Area):
        """The one cell of a row or column that lies beside this cell; ``#VALUE!`` when none does."""
        top, left, bottom, right = area.box
        row, col = self.cell
        if left == right and (top <= row <= bottom or top == bottom):
            return Area(area.sheet, (row if top < bottom else top, left, row if top < bottom else top, left), area.read)
        if top == bottom and left <= col <= right:
            return Area(area.sheet, (top, col, top, col), area.read)
        return ErrorValue(VALUE)

    def value(self, node: Node):
        """The value or values of a node, read."""
        if type(node) is Reference:
            top, left, bottom, right = node.at(self.rows, self.cols)
            if top == bottom and left == right and (sheet := self._title(node)):
                return self.workbook.cell(sheet, top, left)
        return self.values(self.evaluate(node))

    def area(self, node: Node):
        """The Area a node means, without reading it; None for what cannot mean one."""
        means = isinstance(node, (Reference, Name, Structured)) or (
            isinstance(node, Binary) and node.op in (":", " ")) or (
            isinstance(node, Call) and node.name in _MEAN_CELLS)
        found = self.evaluate(node) if means else None
        return found if isinstance(found, Area) else None

    def in_array(self) -> NodeEvaluator:
        return self if self.array else NodeEvaluator(self.workbook, self.sheet, self.cell, self.rows, self.cols, True, self.block, self.given)

    def indirect(self, address: str):
        """What the text of an address means, as INDIRECT reads it."""
        try:
            node = parse(address)
        except FormulaError:
            return ErrorValue(REF)
        # The text says where it points from no cell in particular: nothing is moved.
        found = NodeEvaluator(self.workbook, self.sheet, self.cell, 0, 0, self.array, self.block).evaluate(node) \
            if isinstance(node, (Reference, Name, Structured, Foreign)) else None
        return found if isinstance(found, Area) else ErrorValue(REF)

    def _title(self, node: Reference) -> str | None:
        return self.sheet if node.sheet is None else self.workbook.title(node.sheet)

    def _literal(self, node: Literal):
        return node.value

    def _array(self, node: Array):
        return pack([value for row in node.rows for value in row], (len(node.rows), len(node.rows[0])))

    def _reference(self, node: Reference):
        sheet = self._title(node)
        return Area(sheet, node.at(self.rows, self.cols), self.workbook.read) if sheet else ErrorValue(REF)

    def _name(self, node: Name):
        if node.sheet is None and (known := parameter(node.name)) in self.given:
            return self.given[known]
        if node.name.casefold().startswith("_xleta."):
            return Named(node.name[len("_xleta."):].upper(), self)
        scope = self.workbook.title(node.sheet) if node.sheet else self.sheet
        refers_to = self.workbook.named(node.name, scope) if scope else None
        if refers_to is None:
            return ErrorValue(NAME)
        # A name's relative references are written for A1, and it is always computed as an array.
        row, col = self.cell
        return NodeEvaluator(self.workbook, self.sheet, self.cell, row - 1, col - 1, True, self.block).evaluate(
            parse(refers_to.lstrip("=")))

    def _structured(self, node: Structured):
        try:
            sheet, box = resolved(node, self.workbook.tables, self.sheet, self.cell)
        except Fault as fault:
            return fault.value
        return Area(sheet, box, self.workbook.read)

    def _foreign(self, node: Foreign):
        raise StoredValue(f"'{node.text}', a reference to another workbook,")

    def _across_sheets(self, node: AcrossSheets):
        sheets = self.workbook.sheets_between(node.first, node.last)
        if not sheets:
            return ErrorValue(REF)
        box = node.cells.at(self.rows, self.cols)
        return Areas(tuple(Area(sheet, box, self.workbook.read) for sheet in sheets))

    def _unary(self, node: Unary):
        operand = self.value(node.operand)
        return operand if node.op == "+" else operate(node.op, [operand])

    def _binary(self, node: Binary):
        first, chain = chained(node)
        if not chain:
            return self._join(node)
        left = self.value(first)
        for link in chain:
            left = operate(link.op, [left, self.value(link.right)])
        return left

    def _join(self, node: Binary):
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        for side in (left, right):
            if isinstance(side, ErrorValue):
                return side
            if not isinstance(side, Area) and not (node.op == "," and isinstance(side, Areas)):
                return ErrorValue(VALUE)
        if node.op == ",":
            return Areas(sum((side.parts if isinstance(side, Areas) else (side,) for side in (left, right)), ()))
        if left.sheet != right.sheet:
            return ErrorValue(VALUE)
        inner = node.op == " "
        nearer, farther = (max, min) if inner else (min, max)
        box = (*map(nearer, left.box[:2], right.box[:2]), *map(farther, left.box[2:], right.box[2:]))
        return ErrorValue(NULL) if box[0] > box[2] or box[1] > box[3] else Area(left.sheet, box, left.read)

    def _call(self, node: Call):
        function = FUNCTIONS.get(node.name)
        if parameter(node.name) in self.given or function is None and self._defines(node.name):
            return self._applied(Name(None, node.name), node.args)
        if node.name in DRAWN_ANEW:
            raise DrawnAnew(f"{node.name} gives something else at every recalculation. Put values in its place "
                            "(copy the cells, Paste Special > Values).")
        if function is None:
            raise Unsupported(f"the function {node.name} is not evaluated here. "
                              "Use another, or recalculate the workbook in Excel.")
        plan = function.plan(len(node.args))
        if plan is None:
            raise FormulaError(f"{node.name} cannot take {len(node.args)} arguments. Correct the formula.")
        letters, lifted, call = plan
        try:
            args = [_PREPARE[letter](self, arg) for letter, arg in zip(letters, node.args)]
            return lift(partial(call, self) if function.here else call, args, lifted, function.vector)
        except Fault as fault:
            return fault.value
        except (ArithmeticError, MemoryError):  # a result beyond what Python computes: no number for Excel either
            return ErrorValue(NUM)

    def _defines(self, name: str) -> bool:
        """Whether a name of the workbook is that of a function."""
        return self.workbook.named(name, self.sheet) is not None

    def _apply(self, node: Apply):
        return self._applied(node.function, node.args)

    def _applied(self, function: Node, args: tuple[Node, ...]):
        found = self.evaluate(function)
        if not isinstance(found, Lambda):
            return found if isinstance(found, ErrorValue) else ErrorValue(VALUE)
        try:
            return found.of([self.evaluate(arg) for arg in args])
        except Fault as fault:
            return fault.value


# How an argument is prepared, by its letter in `Function.takes`.

def _thunk(at: NodeEvaluator, node: Node) -> Callable:
    return lambda: at.evaluate(node)


def _written(at: NodeEvaluator, node: Node) -> Node:
    return node


def _found(at: NodeEvaluator, node: Node):
    """A reference unread, or an array computed whole; error values too."""
    return at.in_array().evaluate(node)


def _unread(at: NodeEvaluator, node: Node):
    found = at.evaluate(node)
    if isinstance(found, ErrorValue):
        raise Fault(found)
    return found


def _sample(at: NodeEvaluator, node: Node):
    if type(node) is Reference and (sheet := at._title(node)):
        return at.workbook.sample(sheet, node.at(at.rows, at.cols))
    found = at.evaluate(node)
    if isinstance(found, Area):
        return at.workbook.sample(found.sheet, found.box)
    return found.array() if isinstance(found, Areas) else found


def _matrix(at: NodeEvaluator, node: Node) -> np.ndarray:
    found = at.in_array().evaluate(node)
    if isinstance(found, Area):
        return found.array()
    if isinstance(found, ErrorValue):
        raise Fault(found)
    if isinstance(found, Areas):
        raise Fault(VALUE)
    return found if isinstance(found, np.ndarray) else pack([found], (1, 1))


def _numbers(at: NodeEvaluator, node: Node):
    return counted(at.value(node))


_PREPARE = {"l": _written, "u": _found, "x": _thunk, "r": _unread, "s": _sample, "a": _matrix, "n": _numbers,
            **dict.fromkeys("tibvw", NodeEvaluator.value)}

_EVALUATE: dict[type, Callable[[NodeEvaluator, Any], Any]] = {      # kind of node -> what evaluates it
    Literal: NodeEvaluator._literal, Array: NodeEvaluator._array, Reference: NodeEvaluator._reference,
    Name: NodeEvaluator._name, Structured: NodeEvaluator._structured, AcrossSheets: NodeEvaluator._across_sheets,
    Apply: NodeEvaluator._apply, Foreign: NodeEvaluator._foreign, Unary: NodeEvaluator._unary, Binary: NodeEvaluator._binary,
    Call: NodeEvaluator._call,
}
