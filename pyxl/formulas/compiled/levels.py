"""The order among formulas whose groups need each other: running totals, recurrences, unrolled loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import Fault, FormulaError, placed
from pyxl.formulas.language.syntax.parse import AcrossSheets, Apply, Binary, Call, Name, Node, Reference, Structured, parse
from pyxl.formulas.language.syntax.substitution import written_out
from pyxl.formulas.language.values import logical
from pyxl.grid.cells import Cell, ErrorValue

from .groups import Group
from .schedule import Batch
from .sheet_map import SheetMap

_Key = tuple[str, int, int]  # a sheet, a group's number and which of its cells or blocks
_Box = tuple[int, int, int, int]


class Levels:
    """Looks at single cells: what each reads, and from that its level, one above the highest it needs.

    Of an IF whose condition reads nothing that is still to be compiled, only the branch taken is looked at.
    """

    def __init__(self, calculator: Calculator, maps: Callable[[str], SheetMap], constant: Callable[[Group], bool]):
        self._calculator, self._maps, self._constant = calculator, maps, constant

    def __call__(self, batches: list[Batch]) -> Iterator[Batch]:
        """These and all they need, each batch after those it needs."""
        numbers = {(batch.group.sheet, number) for batch in batches
                   for number, group in enumerate(self._maps(batch.group.sheet).groups, 1) if group is batch.group}
        level: dict[_Key, int] = {}
        for batch in batches:
            sheet, number = next(known for known in numbers if self._group(*known) is batch.group)
            for lane in batch.lanes.tolist():
                self._settle((sheet, number, lane), level)
        together: dict[tuple[int, str, int], list[int]] = {}
        for (sheet, number, lane), height in level.items():
            together.setdefault((height, sheet, number), []).append(lane)
        for _, sheet, number in sorted(together):
            yield Batch.of(self._group(sheet, number), np.array(together[_, sheet, number]), masks=False)

    def _group(self, sheet: str, number: int) -> Group:
        return self._maps(sheet).groups[number - 1]

    def _settle(self, key: _Key, level: dict[_Key, int]) -> None:
        todo = [key]
        under_way: dict[_Key, list[_Key]] = {}
        while todo:
            key = todo[-1]
            if key in level:
                todo.pop()
            elif key in under_way:
                level[key] = 1 + max((level[need] for need in under_way.pop(key)), default=0)
                todo.pop()
            else:
                under_way[key] = needs = list(self._needs(key))
                if circular := next((need for need in needs if need in under_way), None):
                    raise self._circle(circular)
                todo += needs

    def _circle(self, key: _Key) -> FormulaError:
        group, lane = self._group(*key[:2]), key[2]
        cell = Cell(int(group.rows[lane]), int(group.cols[lane]))
        self._calculator.value(group.sheet, cell)  # says how the circle runs
        return placed(FormulaError("the cell needs itself. Break the circle."), group.sheet, cell)

    def _needs(self, key: _Key) -> Iterator[_Key]:
        group, lane = self._group(*key[:2]), key[2]
        cell = Cell(int(group.rows[lane]), int(group.cols[lane]))
        found: dict[_Key, None] = {}
        for sheet, box in self._reads(group.tree, group, cell, group.anchor):
            known = self._maps(sheet)
            at = known.box(*box)
            open_ = known.segment[at] < 0
            if open_.any():
                found.update(dict.fromkeys((sheet, *pair) for pair in zip(
                    known.group[at][open_].tolist(), known.lane[at][open_].tolist())))
        for need in found:
            if not self._constant(self._group(*need[:2])):
                yield need

    def _reads(self, node: Node, group: Group, cell: Cell, origin: Cell) -> Iterator[tuple[str, _Box]]:
        calculator = self._calculator
        if isinstance(node, Reference):
            sheet = group.sheet if node.sheet is None else calculator.title(node.sheet)
            if sheet is not None:
                yield sheet, node.at(cell.row - origin.row, cell.col - origin.col)
        elif isinstance(node, Name):
            scope = calculator.title(node.sheet) if node.sheet else group.sheet
            refers_to = calculator.named(node.name, scope) if scope else None
            if refers_to is not None:
                yield from self._reads(parse(refers_to.lstrip("=")), group, cell, Cell(1, 1))
        elif isinstance(node, Call):
            args = node.args
            if node.name in ("OFFSET", "INDEX", "INDIRECT", "ANCHORARRAY"):
                if (found := calculator.reference(node, group.sheet, cell, origin)) is not None:
                    yield found[0], (found[1].top, found[1].left, found[1].bottom, found[1].right)
                args = args[1:] if node.name != "INDIRECT" else args
            elif node.name == "IF" and group.block is None:
                condition, *branches = args
                inside = list(self._reads(condition, group, cell, origin))
                if all(self._plain(sheet, box) for sheet, box in inside):
                    value = calculator.part(condition, group.sheet, cell, origin, array=False)
                    if not isinstance(value, ErrorValue):  # as of the names of a LAMBDA, which stand for nothing here
                        args = tuple(branches[:1] if _holds(value) else branches[1:])
            elif node.name == "LET":
                args = (written_out(node),)
            elif node.name not in FUNCTIONS:  # perhaps a LAMBDA of that name
                yield from self._reads(Name(None, node.name), group, cell, origin)
            for arg in args:
                yield from self._reads(arg, group, cell, origin)
        elif isinstance(node, Apply):
            for part in (node.function, *node.args):
                yield from self._reads(part, group, cell, origin)
        elif isinstance(node, AcrossSheets):
            for sheet in calculator.sheets_between(node.first, node.last):
                yield from self._reads(replace(node.cells, sheet=sheet), group, cell, origin)
        elif isinstance(node, Structured) or isinstance(node, Binary) and node.op == ":":
            if (found := calculator.reference(node, group.sheet, cell, origin)) is not None:
                yield found[0], (found[1].top, found[1].left, found[1].bottom, found[1].right)
        elif isinstance(node, Binary):
            while isinstance(node, Binary):  # a + b + c + …: a loop along the left
                yield from self._reads(node.right, group, cell, origin)
                node = node.left
            yield from self._reads(node, group, cell, origin)
        elif hasattr(node, "operand"):
            yield from self._reads(node.operand, group, cell, origin)

    def _plain(self, sheet: str, box: _Box) -> bool:
        known = self._maps(sheet)
        return not known.segment[known.box(*box)].any()


def _holds(value) -> bool:
    """Whether IF takes its first branch; by an error neither is taken, so either may be looked at."""
    try:
        return logical(value)
    except Fault:
        return False
