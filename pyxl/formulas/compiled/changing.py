"""Which groups may depend on a changing cell at all: those that surely do not are never compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import sheet_read, unforeseen
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import AcrossSheets, Binary, Call, Name, Node, Reference, Structured, parse, walk
from pyxl.grid.cells import Cell

from .groups import Group, boxes, distinct
from .sheet_map import SheetMap

Hull = tuple[str, int, int, int, int]  # sheet, top, left, bottom, right


class Reach:
    """Follows references back from a group, whole groups at a time and all that their formulas name."""

    def __init__(self, calculator: Calculator, maps: Callable[[str], SheetMap]):
        self._calculator, self._maps = calculator, maps
        self._known: dict[Group, bool] = {}

    def constant(self, group: Group) -> bool:
        """Whether it surely depends on no changing cell; False where only evaluation tells (INDIRECT …)."""
        if group not in self._known:
            seen, todo = {group}, [group]
            while todo:
                hulls = self._hulls(here := todo.pop())
                if hulls is None or any(self._changing(*hull) for hull in hulls):
                    self._known[here] = self._known[group] = False
                    return False
                for near in {near for hull in hulls for near in self._groups(*hull)} - seen:
                    if self._known.get(near) is False:
                        self._known[here] = self._known[group] = False
                        return False
                    seen.add(near)
                    if near not in self._known:
                        todo.append(near)
            self._known.update(dict.fromkeys(seen, True))
        return self._known[group]

    def _changing(self, sheet: str, *box: int) -> bool:
        known = self._maps(sheet)
        at = known.box(*box)
        return bool(((known.segment[at] != 0) & (known.group[at] == 0)).any())

    def _groups(self, sheet: str, *box: int) -> set[Group]:
        known = self._maps(sheet)
        return {known.groups[number - 1] for number in distinct(known.group[known.box(*box)]).tolist() if number}

    def _hulls(self, group: Group) -> list[Hull] | None:
        try:
            return list(self._named_by(group.tree, group, group.anchor, frozenset()))
        except (_Unforeseen, FormulaError):
            return None

    def _named_by(self, tree: Node, group: Group, origin: Cell, through: frozenset) -> Iterator[Hull]:
        nodes = list(walk(tree))
        inside = {id(node.cells) for node in nodes if isinstance(node, AcrossSheets)}
        nodes = [node for node in nodes if id(node) not in inside]
        nodes += [replace(node.cells, sheet=sheet) for node in nodes if isinstance(node, AcrossSheets)
                  for sheet in self._calculator.sheets_between(node.first, node.last)]
        nodes += [read for node in nodes if unforeseen(node) and (read := sheet_read(node))]
        nodes += [Name(None, node.name) for node in nodes if isinstance(node, Call) and node.name not in FUNCTIONS]
        for node in nodes:
            if isinstance(node, Reference):
                sheet = group.sheet if node.sheet is None else self._calculator.title(node.sheet)
                if sheet is not None:
                    top, left, bottom, right = boxes(node, group.rows - origin.row, group.cols - origin.col)
                    yield sheet, int(top.min()), int(left.min()), int(bottom.max()), int(right.max())
            elif isinstance(node, Name):
                scope = self._calculator.title(node.sheet) if node.sheet else group.sheet
                refers_to = self._calculator.named(node.name, scope) if scope else None
                if refers_to is not None and refers_to not in through:
                    yield from self._named_by(parse(refers_to.lstrip("=")), group, Cell(1, 1), through | {refers_to})
            elif _unforeseen(node):
                raise _Unforeseen


class _Unforeseen(Exception):
    """Only evaluation tells what the formula reads."""


def _unforeseen(node: Node) -> bool:
    return unforeseen(node) and sheet_read(node) is None or isinstance(node, Call) and node.name in ("TABLE", "ANCHORARRAY") or \
        isinstance(node, Binary) and node.op == ":" or isinstance(node, Structured)
