"""A formula's tree, evaluated for all cells of a batch at once: as `NodeEvaluator` does for one cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pyxl.formulas.functions.all_functions import DRAWN_ANEW, FUNCTIONS
from pyxl.formulas.language.formula_errors import NAME, REF, VALUE, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import chained
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
    walk,
)
from pyxl.formulas.language.syntax.substitution import called
from pyxl.formulas.language.syntax.table_references import resolved
from pyxl.formulas.language.values import pack
from pyxl.grid.cells import Cell, ErrorValue, Range

from .cell_reader import Reader
from .groups import boxes
from .lanes import lane_operators as operators
from .lanes.lane_steps import LaneSteps
from .lanes.lanes import LaneAreas, Lanes, Split, single, uniform
from .schedule import Batch
from .torch_program import TorchProgram

Notes = dict[tuple[str, Cell, str], Cell]   # (sheet, first cell of the group, sentence) -> first cell of which it is true


class Interpreter(LaneSteps):
    """Evaluates nodes for a batch. `array` as in `NodeEvaluator`; `origin` is the cell the text was written for.

    `rules` leads from a function's name to what compiles it, ``rule(interpreter, call)``; `notes`
    collects what has no derivative everywhere.
    """

    def __init__(self, batch: Batch, reader: Reader, program: TorchProgram, rules, notes: Notes, *,
                 array: bool, origin: Cell):
        super().__init__(program)
        self.batch, self.reader, self.rules, self.notes = batch, reader, rules, notes
        self.array, self.origin = array, origin
        self.sheet = batch.group.sheet
        self._moved = batch.rows - origin.row, batch.cols - origin.col

    def evaluate(self, node: Node) -> Lanes | LaneAreas:
        """Lanes, or the Areas that a reference means."""
        key = id(node), self.array, self.origin
        if key not in self.batch.memo:
            # the node is kept beside what it is, so that its id stays its own
            self.batch.memo[key] = node, _EVALUATE[type(node)](self, node)
        return self.batch.memo[key][1]

    def value(self, node: Node) -> Lanes:
        """The value or values of a node, read; outside of array formulas a range means its cell beside."""
        found = self.evaluate(node)
        if isinstance(found, LaneAreas) and not self.array and found.height * found.width > 1:
            return self._beside(found)
        return self.read(found)

    def read(self, found: Lanes | LaneAreas) -> Lanes:
        if isinstance(found, Lanes):
            return found
        key = id(found)
        if key not in self.batch.memo:
            self.batch.memo[key] = found, self.reader.read(found)
        return self.batch.memo[key][1]

    def in_array(self) -> Interpreter:
        return self if self.array else self._elsewhere(array=True, origin=self.origin)

    def _elsewhere(self, *, array: bool, origin: Cell) -> Interpreter:
        return Interpreter(self.batch, self.reader, self.program, self.rules, self.notes,
                           array=array, origin=origin)

    def note(self, what: str) -> None:
        """Remembers that no derivative exists somewhere, for the first cell of the batch."""
        self.notes.setdefault((self.sheet, self.batch.group.first, what), self.batch.first)

    def by_cell(self, node: Node, lanes: tuple[int, int]) -> Lanes:
        """A node that reads constants only, by the Calculator: once for all cells that see the same."""
        group, (rows, cols) = self.batch.group, lanes
        height, width = group.block or (1, 1)
        found = []
        for i in range(rows):
            for j in range(cols):
                row = int(self.batch.rows[i if len(self.batch.rows) > 1 else 0, 0])
                col = int(self.batch.cols[i if len(self.batch.cols) > 1 else 0, j if self.batch.cols.shape[1] > 1 else 0])
                value = self.reader.calculator.part(
                    node, self.sheet, Cell(row, col), self.origin, array=self.array,
                    block=Range(row, col, row + height - 1, col + width - 1))
                found.append(value if isinstance(value, np.ndarray) else pack([value], (1, 1)))
        if len(shapes := {array.shape for array in found}) > 1:
            order = {shape: i for i, shape in enumerate(shapes)}
            raise Split(np.array([order[array.shape] for array in found]).reshape(rows, cols))
        flat = pack([value for array in found for value in array.ravel().tolist()], (-1, 1))
        return Lanes(flat.reshape(rows, cols, *found[0].shape))

    # -- nodes ----------------------------------------------------------------------------------------
    def _literal(self, node: Literal) -> Lanes:
        return single(node.value)

    def _array(self, node: Array) -> Lanes:
        values = [value for row in node.rows for value in row]
        return Lanes(pack(values, (len(node.rows), len(node.rows[0])))[None, None])

    def _reference(self, node: Reference) -> Lanes | LaneAreas:
        sheet = self.sheet if node.sheet is None else self.reader.calculator.title(node.sheet)
        if sheet is None:
            return single(ErrorValue(REF))
        return self.areas(sheet, *boxes(node, *self._moved))

    def areas(self, sheet: str, top, left, bottom, right) -> LaneAreas:
        height, width = uniform(bottom - top + 1), uniform(right - left + 1)
        return LaneAreas(sheet, top, left, int(height), int(width))

    def _name(self, node: Name) -> Lanes | LaneAreas:
        scope = self.reader.calculator.title(node.sheet) if node.sheet else self.sheet
        refers_to = self.reader.calculator.named(node.name, scope) if scope else None
        if refers_to is None:
            return single(ErrorValue(NAME))
        # A name's relative references are written for A1, and it is always computed as an array.
        return self._elsewhere(array=True, origin=Cell(1, 1)).evaluate(parse(refers_to.lstrip("=")))

    def _foreign(self, node: Foreign):
        raise Unsupported(f"'{node.text}' is a reference to another workbook, which is not compiled. Use plain ranges of this "
                          "workbook.")

    def _across_sheets(self, node: AcrossSheets):
        raise Unsupported(f"'{node.first}:{node.last}!…' goes through several sheets, which is compiled in sums only. Name the "
                          "ranges one by one.")

    def one_by_one(self, node: AcrossSheets) -> tuple[Reference, ...]:
        """The references to each of the sheets."""
        sheets = self.reader.calculator.sheets_between(node.first, node.last)
        return self.once("sheets", node, lambda: tuple(replace(node.cells, sheet=sheet) for sheet in sheets))

    def once(self, what: str, node: Node, make: Callable):
        """What is made of a node, made once for a batch, so that what is found of its parts is remembered too."""
        key = what, id(node)
        if key not in self.batch.memo:
            self.batch.memo[key] = node, make()
        return self.batch.memo[key][1]

    def one_number(self, lanes: Lanes) -> float:
        """The one number that all cells of the batch have; the batch is split where they differ."""
        return float(uniform(self.numbers(lanes)[:, :, 0, 0]))

    def _apply(self, node: Apply) -> Lanes | LaneAreas:
        return self._called(node, node.function, node.args)

    def _called(self, node: Node, function: Node, args: tuple[Node, ...]) -> Lanes | LaneAreas:
        written = self.once("called", node, lambda: called(self._function(function), args))
        return self.in_array().evaluate(written)

    def _function(self, node: Node) -> Node:
        """A name of the workbook replaced by the LAMBDA that it stands for."""
        if not isinstance(node, Name):
            return node
        refers_to = self.reader.calculator.named(node.name, self.sheet)
        tree = parse(refers_to.lstrip("=")) if refers_to else node
        if any(isinstance(part, Reference) and not all(part.fixed) for part in walk(tree)):
            raise Unsupported(f"{node.name} has relative references in its LAMBDA, which is not compiled. Fix them by $.")
        return tree

    def _structured(self, node: Structured) -> Lanes | LaneAreas:
        rows, cols = self.batch.rows, self.batch.cols
        if node.table is not None:  # else the table around each cell
            rows, cols = (rows if "#this row" in node.items else rows[:1]), cols[:1, :1]
        rows, cols = np.broadcast_arrays(rows, cols)
        found = [self._of_table(node, Cell(*cell)) for cell in zip(rows.ravel().tolist(), cols.ravel().tolist())]
        sheet = uniform(np.array([where for where, _ in found], dtype=object).reshape(rows.shape))
        if isinstance(sheet, ErrorValue):
            return single(sheet)
        return self.areas(sheet, *np.array([box for _, box in found]).T.reshape(4, *rows.shape))

    def _of_table(self, node: Structured, cell: Cell) -> tuple[str, tuple[int, int, int, int]]:
        try:
            return resolved(node, self.reader.calculator.tables, self.sheet, cell)
        except Fault as fault:
            return fault.value, (0, 0, 0, 0)

    def _unary(self, node: Unary) -> Lanes:
        return operators.unary(self, node.op, self.value(node.operand))

    def _binary(self, node: Binary) -> Lanes | LaneAreas:
        first, chain = chained(node)
        if not chain:
            return self._join(node)
        left = self.value(first)
        for link in chain:
            left = operators.binary(self, link.op, left, self.value(link.right))
        return left

    def _join(self, node: Binary) -> LaneAreas | Lanes:
        if node.op == ",":
            raise Unsupported("a union of ranges is not compiled. Name the ranges one by one.")
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if not (isinstance(left, LaneAreas) and isinstance(right, LaneAreas) and left.sheet == right.sheet):
            return single(ErrorValue(VALUE))
        (top, end, *_), (first, last, *_) = [(area.top, area.top + area.height - 1) for area in (left, right)]
        (side, far), (start, stop) = [(area.left, area.left + area.width - 1) for area in (left, right)]
        nearer, farther = (np.maximum, np.minimum) if node.op == " " else (np.minimum, np.maximum)
        return self.areas(left.sheet, nearer(top, first), nearer(side, start), farther(end, last), farther(far, stop))

    def _beside(self, area: LaneAreas) -> Lanes:
        """Implicit intersection: the cell of a row or column that lies beside each cell of the batch."""
        rows, cols = self.batch.rows, self.batch.cols
        if area.width == 1:
            inside = (area.top <= rows) & (rows < area.top + area.height)
            top, left = np.broadcast_arrays(rows, area.top)[0], area.left
        elif area.height == 1:
            inside = (area.left <= cols) & (cols < area.left + area.width)
            top, left = area.top, np.broadcast_arrays(cols, area.left)[0]
        else:
            return single(ErrorValue(VALUE))
        if not uniform(inside):
            return single(ErrorValue(VALUE))
        return self.read(LaneAreas(area.sheet, top, left, 1, 1))

    def single(self, node: Node) -> Lanes | LaneAreas:
        """``@``: one value of what the node gives."""
        found = self.evaluate(node)
        if isinstance(found, LaneAreas):
            return found if found.height * found.width == 1 else self._beside(found)
        if found.shape[2:] == (1, 1):
            return found
        kind = None if found.kind is None else found.kind[:, :, :1, :1]
        tensor = None if found.tensor is None else self.program.step(lambda t: t[:, :, :1, :1], found.tensor)
        return Lanes(found.const[:, :, :1, :1], kind, tensor)

    def _call(self, node: Call) -> Lanes | LaneAreas:
        if node.name in DRAWN_ANEW:
            raise Unsupported(f"{node.name} changes at every recalculation, so nothing can be fitted through it. "
                              "Copy its cells and paste them as values.")
        if (rule := self.rules.get(node.name)) is not None:
            try:
                return rule(self, node)
            except Fault as fault:
                return single(fault.value)
        known = FUNCTIONS.get(node.name)
        if known is None and self.reader.calculator.named(node.name, self.sheet) is not None:
            return self._called(node, Name(None, node.name), node.args)
        if known is not None and known.plan(len(node.args)) is None:
            return self.by_cell(node, self.batch.shape)  # says what is wrong
        found = [self.evaluate(arg) for arg in node.args]
        if self.dynamic(*found):
            raise Unsupported(f"{node.name} of cells that depend on the changing cells has no derivative here. "
                              "Use another function, or leave it out of what is fitted.")
        whole = known is None or known.here  # what takes the cell's place into account
        return self.by_cell(node, self.batch.shape if whole else self.lanes_of(found))

    def dynamic(self, *found: Lanes | LaneAreas) -> bool:
        """Whether any of them depends on the changing cells."""
        read = [self.read(arg) for arg in found]    # all of them, so that each is checked
        return any(lanes.dynamic for lanes in read)

    def lanes_of(self, found: list[Lanes | LaneAreas]) -> tuple[int, int]:
        """How many different cells of the batch there are, as far as these go."""
        shapes = [arg.lanes if isinstance(arg, LaneAreas) else arg.shape[:2] for arg in found]
        beside = not self.array and any(isinstance(arg, LaneAreas) and arg.height * arg.width > 1 for arg in found)
        return self.batch.shape if beside else np.broadcast_shapes((1, 1), *shapes)


_EVALUATE: dict[type, Callable[[Interpreter, Any], Any]] = {      # kind of node -> what evaluates it
    Literal: Interpreter._literal, Array: Interpreter._array, Reference: Interpreter._reference, Name: Interpreter._name,
    Structured: Interpreter._structured, AcrossSheets: Interpreter._across_sheets, Apply: Interpreter._apply,
    Foreign: Interpreter._foreign, Unary: Interpreter._unary, Binary: Interpreter._binary, Call: Interpreter._call,
}
