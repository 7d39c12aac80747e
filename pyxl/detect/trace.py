"""Expands a formula down to the constants that it multiplies and adds.

A prediction of the models we know is, whatever functions and lookups lead there,

    x = Σ_f u_f · v_f + b_1 + b_2 + …        or        low + scale · 1 / (1 + e^−x)

with u_f, v_f, b in cells that hold plain numbers. `Tracer.cell` expands a formula into that form
symbolically: a polynomial whose monomials are tuples of cells. Conditions are not evaluated: of
IF's branches the one with a product is the model. Nothing found here is believed until the
numbers agree (see `verify`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import DRAWN_ANEW
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import Binary, Call, Literal, Name, Node, Reference, Structured, Unary, parse
from pyxl.grid.cells import Cell, Range
from pyxl.grid.readable_workbook import ReadableWorkbook

from .polynomials import (
    Traced,
    TracedCell,
    Untraceable,
    plus_traced,
    product_of_traced,
    scaled_polynomial,
    sum_of_traced,
    times_traced,
)

LOOKUPS = ("OFFSET", "INDEX", "INDIRECT", "CHOOSE", "VLOOKUP", "HLOOKUP")


@dataclass(frozen=True)
class _Where:
    """The formula that is being expanded: its sheet, the cell it stands in, and its anchor."""

    sheet: str
    cell: Cell
    anchor: Cell


class Tracer:
    """Expands cells of a book; remembers every cell it has expanded."""

    def __init__(self, workbook: ReadableWorkbook, calculator: Calculator):
        self._workbook, self._calculator = workbook, calculator
        self._known: dict[TracedCell, Traced] = {}
        self._refused: dict[TracedCell, Untraceable] = {}   # a long chain of formulas is followed once, not from each of its cells
        self._areas: dict[tuple[int, _Where], tuple[Node, tuple[str, Range]]] = {}
        self._plain: dict[tuple[str, Range], tuple[TracedCell, ...]] = {}
        self._open: list[TracedCell] = []  # cells that are being expanded, outermost first

    def cell(self, sheet: str, cell: Cell) -> Traced:
        """What this cell is made of. Raises Untraceable."""
        place = (sheet, cell)
        if place in self._open:
            circle = [*self._open[self._open.index(place):], place]
            raise Untraceable(f"{'→'.join(str(c) for _, c in circle)} is circular. Break the circle.")
        if place in self._refused:
            raise self._refused[place]
        if place not in self._known:
            self._open.append(place)
            try:
                self._known[place] = self._expand(sheet, cell)
            except Untraceable as why:
                self._refused[place] = why
                raise
            finally:
                self._open.pop()
        return self._known[place]

    def _expand(self, sheet: str, cell: Cell) -> Traced:
        grid = self._workbook.grid(sheet)
        owner = grid.owner(cell)
        if owner is None:
            return Traced({((sheet, cell),): 1.0})
        formula, row, col = grid.filled[owner], cell.row - owner.row, cell.col - owner.col
        try:
            traced = self._element(parse(formula.text), row, col, _Where(sheet, owner, formula.anchor))
        except FormulaError as why:
            raise Untraceable(str(why)) from why
        except RecursionError:
            raise Untraceable(f"{sheet}!{cell} depends on a very long chain of formulas.") from None
        if traced.inner is None and set(traced.value) <= {()}:
            return Traced({((sheet, cell),): 1.0})  # a number written as a formula, such as =1/2
        return traced

    # -- one element of what a node evaluates to ------------------------------------------------
    def _element(self, node: Node, i: int, j: int, where: _Where) -> Traced:
        match node:
            case Literal(value=bool()) | Literal(value=str()):
                raise Untraceable(f"{where.sheet}!{where.cell} computes with text or TRUE/FALSE.")
            case Literal(value=number):
                return Traced({(): float(number or 0.0)})
            case Unary(op="%", operand=x):
                return times_traced(self._element(x, i, j, where), Traced({(): 0.01}))
            case Unary(op=op, operand=x):
                return times_traced(self._element(x, i, j, where), Traced({(): -1.0 if op == "-" else 1.0}))
            case Binary(op="+" | "-" as op, left=a, right=b):
                second = self._element(b, i, j, where)
                return plus_traced(self._element(a, i, j, where), times_traced(second, Traced({(): -1.0})) if op == "-" else second)
            case Binary(op="*", left=a, right=b):
                return times_traced(self._element(a, i, j, where), self._element(b, i, j, where))
            case Binary(op="/", left=a, right=b):
                return self._quotient(self._element(a, i, j, where), b, i, j, where)
            case Reference() | Name() | Structured():
                return self._referred(node, i, j, where)
            case Call(name=name, args=args):
                return self._call(name, args, node, i, j, where)
        raise Untraceable(f"{where.sheet}!{where.cell} uses a construct that no known model has.")

    def _call(self, name: str, args, node: Node, i: int, j: int, where: _Where) -> Traced:
        if name in LOOKUPS:
            return self._referred(node, i, j, where)
        if name == "MMULT" and len(args) == 2:
            (rows, inner), (needed, cols) = (self._shape(arg, where) for arg in args)
            if inner != needed:
                raise Untraceable(f"{where.sheet}!{where.cell} multiplies a block of {rows}×{inner} by one of "
                                  f"{needed}×{cols}; the inner sizes must be equal. Resize one of them.")
            if (rows, cols) == (1, 1) and (plain := self._plain_dot(args, where)):
                return plain
            return sum_of_traced(times_traced(self._element(args[0], i, t, where), self._element(args[1], t, j, where))
                                 for t in range(inner))
        if name in ("SUMPRODUCT", "SUM"):
            if name == "SUM":
                return sum_of_traced(self._element(a, r, c, where) for a in args
                                     for r, c in self._indices(a, where))
            if len(args) == 2 and (plain := self._plain_dot(args, where)):
                return plain
            return sum_of_traced(product_of_traced(self._element(a, r, c, where) for a in args)
                                 for r, c in self._indices(args[0], where))
        if name == "TRANSPOSE":
            return self._element(args[0], j, i, where)
        if name == "SINGLE":
            return self._element(args[0], 0, 0, where)
        if name in ("IFERROR", "IFNA"):
            return self._element(args[0], i, j, where)
        if name == "IF":
            return self._branch(args[1:], i, j, where)
        if name in DRAWN_ANEW:
            raise Untraceable(f"{where.sheet}!{where.cell} changes at every recalculation ({name}). "
                              "Copy it and paste it as values.")
        raise Untraceable(f"{where.sheet}!{where.cell} uses {name}, which no known model has.")

    def _plain_dot(self, args, where: _Where) -> Traced | None:
        """Σ a·b of two ranges of plain numbers: what a long table has in every row, made short."""
        a, b = (self._plain_cells(arg, where) for arg in args)
        return Traced(dict.fromkeys(zip(a, b), 1.0)) if a and b and len(a) == len(b) else None

    def _plain_cells(self, node: Node, where: _Where) -> tuple[TracedCell, ...]:
        """The cells that a reference or lookup leads to, if none of them holds a formula."""
        if not (isinstance(node, (Reference, Name, Structured)) or (isinstance(node, Call) and node.name in LOOKUPS)):
            return ()
        sheet, area = found = self._area(node, where)
        if found not in self._plain:
            computed = any(map(self._workbook.grid(sheet).owner, area.cells()))
            self._plain[found] = () if computed else tuple((sheet, cell) for cell in area.cells())
        return self._plain[found]

    def _branch(self, branches, i: int, j: int, where: _Where) -> Traced:
        traced, problem = [], None
        for branch in branches:
            if isinstance(branch, Literal):  # the 0 or "" for a blank rating
                continue
            try:
                traced.append(self._element(branch, i, j, where))
            except Untraceable as why:
                problem = why
        if len(traced) == 1:
            return traced[0]
        models = [t for t in traced if any(len(m) == 2 for m in t.linear)]
        if len(models) == 1:
            return models[0]
        raise problem or Untraceable(f"{where.sheet}!{where.cell} has an IF with "
                                     f"{'two models' if models else 'no product of factors'} in it.")

    def _quotient(self, top: Traced, bottom: Node, i: int, j: int, where: _Where) -> Traced:
        # 1 + EXP(−x), in either order, is the denominator of a sigmoid
        if isinstance(bottom, Binary) and bottom.op == "+":
            for one, power in ((bottom.left, bottom.right), (bottom.right, bottom.left)):
                if one == Literal(1.0) and isinstance(power, Call) and power.name == "EXP":
                    minus_x = self._element(power.args[0], i, j, where)
                    if top.inner is None and minus_x.inner is None:
                        return Traced({}, top.value, scaled_polynomial(minus_x.value, -1.0))
        divisor = self._element(bottom, i, j, where)
        if divisor.inner is None and set(divisor.value) == {()} and divisor.value[()]:
            return times_traced(top, Traced({(): 1.0 / divisor.value[()]}))
        raise Untraceable(f"{where.sheet}!{where.cell} divides by something that varies.")

    def _referred(self, node: Node, i: int, j: int, where: _Where) -> Traced:
        sheet, area = self._area(node, where)
        rows, cols = area.shape
        if (i >= rows and rows > 1) or (j >= cols and cols > 1):
            raise Untraceable(f"{where.sheet}!{where.cell} reads past {area}.")
        return self.cell(sheet, Cell(area.top + (i if rows > 1 else 0),
                                     area.left + (j if cols > 1 else 0)))

    def _area(self, node: Node, where: _Where) -> tuple[str, Range]:
        key = (id(node), where)  # the node is kept beside its area, so that its id stays its own
        if key not in self._areas:
            found = self._calculator.reference(node, where.sheet, where.cell, where.anchor)
            if found is None:
                raise Untraceable(f"{where.sheet}!{where.cell} has a lookup that leads to no cell.")
            sheet, area = found
            self._areas[key] = node, (sheet, self._calculator.used_range(area))
        return self._areas[key][1]

    def _shape(self, node: Node, where: _Where) -> tuple[int, int]:
        match node:
            case Call(name="MMULT", args=(a, b)):
                return self._shape(a, where)[0], self._shape(b, where)[1]
            case Call(name="TRANSPOSE", args=(a,)):
                return self._shape(a, where)[::-1]
            case Reference() | Name() | Structured():
                return self._area(node, where)[1].shape
            case Call(name=name) if name in LOOKUPS:
                return self._area(node, where)[1].shape
            case Binary(left=a, right=b):
                (r1, c1), (r2, c2) = self._shape(a, where), self._shape(b, where)
                return max(r1, r2), max(c1, c2)
            case Unary(operand=a):
                return self._shape(a, where)
        return 1, 1

    def _indices(self, node: Node, where: _Where):
        rows, cols = self._shape(node, where)
        return ((r, c) for r in range(rows) for c in range(cols))
