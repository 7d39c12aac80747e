"""The tree of a formula: what `parse` makes and everything else reads.

Nothing here knows a workbook: a reference keeps its ``$`` flags, so that one tree serves every
cell of a shared group (see `Reference.at`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from pyxl.grid.cells import MAX_COL, MAX_ROW, Value


@dataclass(frozen=True)
class Literal:
    """A number, text, boolean or error; None where an argument was left out: ``IF(A1,,3)``."""

    value: Value


@dataclass(frozen=True)
class Array:
    """An array constant: ``{1,2;3,4}``."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Reference:
    """A cell or a range as written for the anchor cell; `fixed` are the ``$`` of top, left, bottom, right.

    A whole column is fixed from the first row to the last, a whole row likewise.
    """

    sheet: str | None
    top: int
    left: int
    bottom: int
    right: int
    fixed: tuple[bool, bool, bool, bool]

    def at(self, rows: int, cols: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) for a cell that many rows and columns from the anchor.

        As in Excel, what leaves the sheet at one edge comes in again at the other.
        """
        top, left, bottom, right = self.top, self.left, self.bottom, self.right
        fix_top, fix_left, fix_bottom, fix_right = self.fixed
        if rows:
            top = top if fix_top else (top + rows - 1) % MAX_ROW + 1
            bottom = bottom if fix_bottom else (bottom + rows - 1) % MAX_ROW + 1
            if top > bottom:
                top, bottom = bottom, top
        if cols:
            left = left if fix_left else (left + cols - 1) % MAX_COL + 1
            right = right if fix_right else (right + cols - 1) % MAX_COL + 1
            if left > right:
                left, right = right, left
        return top, left, bottom, right


@dataclass(frozen=True)
class Name:
    """A defined name, perhaps with the sheet it is looked up from."""

    sheet: str | None
    name: str


@dataclass(frozen=True)
class Structured:
    """Cells of an Excel table by the names of its columns: ``Sales[price]``, ``[@price]``.

    `table` is None where the table around the cell is meant, `first` and `last` are None for all
    columns; `items` are ``#data``, ``#this row`` … in small letters, none for the data.
    """

    text: str
    table: str | None
    items: frozenset[str]
    first: str | None
    last: str | None


@dataclass(frozen=True)
class AcrossSheets:
    """The same cells of all sheets from one to another, as their tabs stand: ``Jan:Dec!B2``."""

    first: str
    last: str
    cells: Reference


@dataclass(frozen=True)
class Foreign:
    """Cells of another workbook, which are not followed."""

    text: str


@dataclass(frozen=True)
class Unary:
    """``-x``, ``+x`` or ``x%``."""

    op: str
    operand: Node


@dataclass(frozen=True)
class Binary:
    """``^ * / + - & = <> < > <= >=``, and on references ``:``, ``,`` (union), blank (intersection)."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    """A function by its name in capitals, without ``_xlfn.``"""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Apply:
    """A function that is given by an expression: ``LAMBDA(x,x+1)(3)``."""

    function: Node
    args: tuple[Node, ...]


Node = Union[Literal, Array, Reference, Name, Structured, AcrossSheets, Foreign, Unary, Binary, Call, Apply]


def parameter(name: str) -> str:
    """The name of a LET or LAMBDA in small letters, without the prefix that files put before it."""
    return name.casefold().removeprefix("_xlpm.").removeprefix("_xlop.")


def chained(node: Node) -> tuple[Node, list[Binary]]:
    """What ``a + b + c + …`` begins with, and then each operator with what stands right of it, from the left:
    a loop, as there may be a thousand. Operators that join references end the chain."""
    chain = []
    while isinstance(node, Binary) and node.op not in (":", ",", " "):
        chain.append(node)
        node = node.left
    return node, chain[::-1]


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in no particular order."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Binary):
            todo += (node.left, node.right)
        elif isinstance(node, Unary):
            todo.append(node.operand)
        elif isinstance(node, Call):
            todo += node.args
        elif isinstance(node, Apply):
            todo += (node.function, *node.args)
        elif isinstance(node, AcrossSheets):
            todo.append(node.cells)
