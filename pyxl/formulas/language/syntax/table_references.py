"""References to an Excel table by its name and columns: ``Sales[price]``, ``[@price]``, ``Sales[[#Headers],[a]:[b]]``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyxl.formulas.language.formula_errors import REF, VALUE, Fault, FormulaError, Unsupported
from pyxl.grid.cells import Cell
from pyxl.grid.grid import Table

from .nodes import Structured

_STRUCTURED = re.compile(r"([^\W\d][\w.\\]*)?\[(.*)\]", re.S)
_ELSEWHERE = re.compile(r"\[[^\]]*\][^\[]*!")
_PIECE = re.compile(r"\[((?:'.|[^'\[\]])*)\]|([^\[\],:\s][^\[\],:]*)", re.S)  # the latter as XlsxWriter writes ``[@price]``
_ITEMS = {"#all", "#data", "#headers", "#totals", "#this row"}


def structured(text: str) -> Structured | None:
    """The node of a structured reference; None when the text is none. Raises FormulaError for a wrong one."""
    match = _STRUCTURED.fullmatch(text)
    if match is None or _ELSEWHERE.match(text):
        return None
    inner = match[2].strip()
    this_row = inner.startswith("@")
    inner = inner[this_row:].strip()
    pieces, between = [inner] if inner else [], ""
    if inner.startswith("["):
        pieces, between = list(map("".join, _PIECE.findall(inner))), re.sub(r"\s", "", _PIECE.sub("", inner))
    items = {piece.strip().lower() for piece in pieces if piece.startswith("#")} | ({"#this row"} if this_row else set())
    columns = [re.sub(r"'(.)", r"\1", piece, flags=re.S) for piece in pieces if not piece.startswith("#")]
    if items - _ITEMS or between.strip(",") not in ("", ":") or len(columns) != (2 if ":" in between else min(len(columns), 1)):
        raise FormulaError(f"'{text}' does not name cells of a table.")
    first, last = (columns[0], columns[-1]) if columns else (None, None)
    return Structured(text, match[1], frozenset(items), first, last)


def resolved(node: Structured, tables: Iterable[Table], sheet: str, cell: Cell) -> tuple[str, tuple[int, int, int, int]]:
    """(sheet, box) of the cells that are meant at `cell` of `sheet`; a Fault with the error value when there are none."""
    table = next((table for table in tables if _is_meant(node, table, sheet, cell)), None)
    if table is None:
        raise Unsupported(f"the table of '{node.text}' is not known here. Use plain ranges.")
    names = [column.casefold() for column in table.columns]
    ends = [0, len(names) - 1]
    if node.first is not None and node.last is not None:
        first, last = node.first.casefold(), node.last.casefold()
        if not {first, last} <= set(names):
            raise Fault(REF)
        ends = sorted((names.index(first), names.index(last)))
    top, bottom = _rows(node.items, table, cell)
    return table.sheet, (top, table.where.left + ends[0], bottom, table.where.left + ends[1])


def _is_meant(node: Structured, table: Table, sheet: str, cell: Cell) -> bool:
    if node.table is None:
        return table.sheet == sheet and cell in table.where
    return table.name.casefold() == node.table.casefold()


def _rows(items: frozenset[str], table: Table, cell: Cell) -> tuple[int, int]:
    top, bottom = table.where.top, table.where.bottom
    first, last = top + table.headers, bottom - table.totals
    if "#this row" in items:
        if not first <= cell[0] <= last:
            raise Fault(VALUE)
        return cell[0], cell[0]
    parts = {"#all": (top, bottom), "#data": (first, last), "#headers": (top, top + table.headers - 1),
             "#totals": (bottom - table.totals + 1, bottom)}
    rows = [parts[item] for item in items or ("#data",)]
    top, bottom = min(row[0] for row in rows), max(row[1] for row in rows)
    if top > bottom:  # a table without headers, or without totals
        raise Fault(REF)
    return top, bottom
