"""New values spliced into a sheet's XML: the edited `<c>` elements change, every other byte stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NoReturn

from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell, Range
from solver.errors import UserError

from .cell_xml import Cached, Edit, InsteadOfFormula, OwnFormula, Unwritable, changed_cell, formula_xml, new_cell, new_value
from .edited_stream import EditedStream, element_name, name_prefix
from .package_checks import damaged_sheet
from .sheet_extent import with_dimension, with_spans
from .sheet_order import misplaced, next_column, next_row
from .xml_stream import TRUE, main_namespace, reader, spliceable

Edits = Mapping[str, Mapping[Cell, Edit]]   # sheet -> cell -> value, None clears

_NAMES = ("dimension", "col", "sheetData", "row", "c", "f", "extLst", "mergeCell", "sheetProtection")


def splice(chunks: Iterable[bytes], edits: Mapping[Cell, Edit], *, sheet: str, part: str,
           pivots: Sequence[tuple[str, Range]] = ()) -> Iterator[bytes]:
    """The sheet's XML with `edits` applied, chunk by chunk; memory does not grow with the sheet.

    Raises UserError, with the cell's name, for what must not be overwritten (a formula, the inside
    of an array formula or pivot table, a covered merged cell, a protected sheet), for a Cached
    result where no formula is, and for values that no cell can hold. The caller drops what came
    out so far.
    """
    reach = Range.around(edits)
    if reach.top < 1 or reach.left < 1 or reach.bottom > MAX_ROW or reach.right > MAX_COL:
        raise UserError(f"Sheet '{sheet}' ends at XFD1048576; an edit lies outside it. Nothing was saved.")
    for pivot, where in pivots:
        if (cell := _hit(where, edits)) is not None:
            raise UserError(f"{sheet}!{cell} belongs to the pivot table {pivot}. "
                            "Choose another cell; nothing was saved.")
    splicer = _Splicer(edits, sheet, part)
    for chunk in itertools.chain(spliceable(chunks, part), [b""]):
        yield from splicer.feed(chunk)
    splicer.check_all_written()


def _hit(where: Range, edits: Mapping[Cell, Edit], *, but: Cell | None = None) -> Cell | None:
    """The first cell of `edits` inside `where` that is given a value of its own."""
    inside = (c for c in edits if c in where) if where.size > len(edits) else (c for c in where.cells() if c in edits)
    return next((Cell(*c) for c in inside if c != but and not isinstance(edits[c], Cached)), None)


class _Splicer:
    """Walks the sheet with expat and tells an EditedStream what to write where."""

    def __init__(self, edits, sheet: str, part: str):
        self.edits, self.sheet, self.part = edits, sheet, part
        self.parser, self.parse = reader(part)
        self.parser.StartElementHandler, self.parser.EndElementHandler = self.start, self.end
        self.stream = EditedStream()
        self.at = 0                                      # offset of the present event
        self.names: dict[str, str] = {}
        self.columns: dict[str, int] = {}                # letters -> number, as met
        self.prefix: bytes | None = None                 # of the sheet's elements: b"" or b"x:"; None before its cells
        self.rows = ((row, list(cells)) for row, cells in itertools.groupby(sorted(edits), itemgetter(0)))
        self.wanted: int | None = None                   # the next row that gets something, and its cells
        self.cells: list = []
        self.depth = 0                                   # of elements, before the cells
        self.row = self.col = 0                          # where the sheet is
        self.within = ""                                 # the innermost of <sheetData>, <row> and <c> that is open
        self.todo: list[Cell] = []                       # what its row still gets, leftmost last
        self.cell: tuple[int, bytes] | None = None       # the cell being replaced: offset, start tag
        self.kept: dict[str, list] = {}                  # its <f> and <extLst>: [offset, start tag, end]
        self.row_style = b""
        self.col_styles: list[tuple[int, int, bytes]] = []
        self.arrays: list[Range] = []                    # blocks of array formulas that may reach further down
        self.written = 0
        self._next_row()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next chunk (``b''`` at the end) and give what is ready."""
        self.stream.feed(chunk)
        self.parse(chunk)
        if not chunk:
            return self.stream.ready(self.stream.end)
        # what comes after the last event may be half a tag; a cell being replaced waits for its end
        return self.stream.ready(self.cell[0] if self.cell else self.at)

    def start(self, name, attributes):
        self.at = self.parser.CurrentByteIndex
        key = self.names.get(name)
        if self.prefix is None:
            self.depth += 1
        if key is None:
            if not self.names:
                namespace = main_namespace(name, self.part)
                self.names = {namespace + key: key for key in _NAMES}
        elif key == "c":
            self._start_cell(attributes)
        elif key == "row":
            self._start_row(attributes)
        elif key == "f" or key == "extLst":
            if self.cell:
                self.kept[key] = [self.at, self.stream.tag(self.at), None]
            if attributes.get("t") in ("array", "dataTable"):
                where = Range.parse(attributes.get("ref", ""))
                if where.size > 1:
                    self.arrays.append(where)
        elif key == "sheetData":
            self._start_data()
        else:
            self._start_around(key, attributes)

    def _start_around(self, key, attributes):
        """What stands before and after the cells."""
        if key == "dimension" and self.prefix is None and self.depth == 2:     # before the cells, where it belongs
            tag = self.stream.tag(self.at)
            filled = [cell for cell, value in self.edits.items() if value is not None]
            self.stream.replace(self.at, tag, with_dimension(tag, attributes.get("ref", ""), filled))
        elif key == "col" and "style" in attributes:
            self.col_styles.append((int(attributes["min"]), int(attributes["max"]), attributes["style"].encode()))
        elif key == "sheetProtection" and attributes.get("sheet") in TRUE:
            raise UserError(f"Sheet '{self.sheet}' is protected. Use Review > Unprotect Sheet in Excel, "
                            "then run again; nothing was saved.")
        elif key == "mergeCell":
            where = Range.parse(attributes.get("ref", ""))
            if (cell := _hit(where, self.edits, but=where.first)) is not None:
                self._fail(cell, f"is covered by the merged cells {where}", "Unmerge them or choose another cell")

    def end(self, name):
        self.at = self.parser.CurrentByteIndex
        key = self.names.get(name)
        if self.prefix is None:
            self.depth -= 1
        if key == "c":
            self.within = "row"
            if self.cell:
                self._end_cell(*self.cell)
        elif key == "row":
            self.within = "sheetData"
            if self.todo:
                self.stream.insert(self.at, self._new_cells(MAX_COL + 1))
        elif key == "sheetData":
            self.within = ""
            self._insert_rows(None)
        elif self.cell and key in self.kept:
            kept = self.kept[key]
            kept[2] = self.stream.end_of_element(kept[0], kept[1], self.at)

    # -- head and rows ----------------------------------------------------------------------

    def _start_data(self):
        if self.prefix is not None:
            raise damaged_sheet(self.sheet, "it has two tables of cells")
        if self.depth != 2:
            raise damaged_sheet(self.sheet, "its <sheetData> stands inside another element")
        self.within = "sheetData"
        tag = self.stream.tag(self.at)
        name = element_name(tag)
        self.prefix = name_prefix(tag)
        if tag.endswith(b"/>") and self.wanted is not None:
            self.stream.replace(self.at, tag, tag[:-2].rstrip() + b">")
            self._insert_rows(None)
            self.stream.insert(self.at, b"</%s>" % name)

    def _next_row(self):
        self.wanted, self.cells = next(self.rows, (None, []))

    def _start_row(self, attributes):
        if self.within != "sheetData":
            raise misplaced("row", self.within, self.sheet)
        self.within = "row"
        self.row, self.col = next_row(attributes, self.row, self.sheet), 0
        row = self.row
        self._insert_rows(row)
        if self.wanted != row:
            return
        self.todo = self.cells[::-1]
        self._next_row()
        self.arrays = [array for array in self.arrays if array.bottom >= row]
        self.row_style = attributes.get("s", "").encode() if attributes.get("customFormat") in TRUE else b""
        tag = self.stream.tag(self.at)
        new = with_spans(tag, attributes.get("spans", ""), [c[1] for c in self.todo if self.edits[c] is not None])
        if tag.endswith(b"/>") and (cells := self._new_cells(MAX_COL + 1)):
            new = new[:-2].rstrip() + b">" + cells + b"</%s>" % element_name(tag)
        if new != tag:
            self.stream.replace(self.at, tag, new)

    def _insert_rows(self, before: int | None):
        """New rows for the edits above row `before`; for all that are left when None."""
        while self.wanted is not None and (before is None or self.wanted < before):
            self.row_style, self.todo, row = b"", self.cells[::-1], self.wanted
            if cells := self._new_cells(MAX_COL + 1):
                self.stream.insert(self.at, b'<%srow r="%d">%s</%srow>' % (self.prefix, row, cells, self.prefix))
            self._next_row()

    # -- cells ------------------------------------------------------------------------------

    def _start_cell(self, attributes):
        # to the end of the sheet, edits or not: a second cell of an address that was edited would hide the edit
        if self.within != "row":
            raise misplaced("c", self.within, self.sheet)
        self.within = "c"
        self.col = col = next_column(attributes, self.row, self.col, self.columns, self.sheet)
        if not self.todo:
            return
        if self.todo[-1][1] < col:
            self.stream.insert(self.at, self._new_cells(col))
        if self.todo and self.todo[-1][1] == col:
            self.cell, self.kept = (self.at, self.stream.tag(self.at)), {}

    def _new_cells(self, before: int) -> bytes:
        """New cells for what is left to do in this row, left of column `before`."""
        cells = []
        while self.todo and self.todo[-1][1] < before:
            cell = Cell(*self.todo.pop())
            value, style = self._allowed(cell, formula=False), self._style(cell.col)
            cells.append(self._xml(cell, new_cell, str(cell).encode(), value, self.prefix, style))
        return b"".join(cells)

    def _style(self, col: int) -> bytes:
        if self.row_style:
            return self.row_style
        return next((style for first, last, style in self.col_styles if first <= col <= last), b"")

    def _end_cell(self, offset: int, tag: bytes):
        cell, self.cell = Cell(*self.todo.pop()), None
        formula, extension = self._kept_bytes("f"), self._kept_bytes("extLst")
        value = self._allowed(cell, formula=bool(formula))
        if isinstance(edit := self.edits[cell], InsteadOfFormula):
            formula = b""
        elif isinstance(edit, OwnFormula):
            formula = formula_xml(edit.text, self.prefix or b"")
        new = self._xml(cell, changed_cell, tag, formula, value, self.prefix, extension)
        self.stream.replace_until(offset, self.stream.end_of_element(offset, tag, self.at), new)

    def _kept_bytes(self, key: str) -> bytes:
        kept = self.kept.get(key)
        return self.stream.between(kept[0], kept[2]) if kept else b""

    def _allowed(self, cell: Cell, *, formula: bool):
        """The value for `cell`, once it is known that it may be written."""
        self.written += 1
        new = self.edits[cell]
        array = next((array for array in self.arrays if cell in array), None)
        if isinstance(new, Cached):
            if not (formula or array):
                self._fail(cell, "holds no formula whose result could be refreshed", "Give it a plain value")
            return new.value
        if isinstance(new, OwnFormula) and formula:
            return new.value
        if array:
            found = f"is part of the array formula in {array}, which is not overwritten"
            self._fail(cell, found, "Choose another cell")
        if formula and not isinstance(new, InsteadOfFormula):
            self._fail(cell, "holds a formula, which is not overwritten", "Choose another cell")
        return new_value(new)

    def _xml(self, cell: Cell, make: Callable[..., bytes], *arguments) -> bytes:
        try:
            return make(*arguments)
        except Unwritable as error:
            raise UserError(f"{self.sheet}!{cell} would get {error}. Correct the value; nothing was saved.") from error

    def _fail(self, cell: Cell, found: str, advice: str) -> NoReturn:
        raise UserError(f"{self.sheet}!{cell} {found}. {advice}; nothing was saved.")

    def check_all_written(self):
        if self.written != len(self.edits):
            missing = len(self.edits) - self.written
            raise damaged_sheet(self.sheet, f"{missing} of {len(self.edits)} edited cells found no place in it")
