"""The host of a workbook that is open in a program, through plain xlwings: Excel, LibreOffice or our file engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from pyxl.base.retry_while_busy import retry_while_busy
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.grid import DefinedName, Grid, Table, refuse_formulas
from pyxl.grid.problem import SheetRange
from pyxl.grid.scenario import Scenario
from pyxl.xlsx import NewSheet, open_workbook
from solver.errors import UserError

from .live_values import prepared
from .protection import Protected, is_protected
from .read_live import as_value, counts_from_1904, read_grid
from .refresh_results import Changes
from .undo_step import record_one_step, undo_manager, unrecorded

if TYPE_CHECKING:
    import xlwings


class LiveHost:
    """Implements `Host` for an xlwings book. `grid` gives a sheet as it was read, with what was written since; `value` asks
    the program. While a user edits a cell, the program refuses every call; each call is then repeated until it succeeds."""

    def __init__(self, book: xlwings.Book):
        self.book = book
        self._grids: dict[str, Grid] = {}
        self._ranges: dict[tuple[str, Range], xlwings.Range] = {}
        self._around: dict[str, tuple[Range, Grid]] = {}            # of sheets that were written to and not read: the cells written
        self._overwritten: set[tuple[str, Cell]] = set()
        self._ends_step: str | None = None      # the title of the step of Undo that ends with the next recalculation
        self._before: dict[str, dict[Cell, Value]] | None = None   # of cells written in this step of Undo: what they held

    @cached_property
    def name(self) -> str:
        return retry_while_busy(lambda: self.book.name)

    @cached_property
    def place(self) -> str:
        """The full path; where the program tells none, as of a workbook in the cloud, process and name, which no other has."""
        try:
            return retry_while_busy(lambda: self.book.fullname)
        except UserError:
            raise
        except Exception:   # xlwings cannot tell the path that OneDrive's or SharePoint's address has on this machine
            return f"{self.name}, open in process {retry_while_busy(lambda: self.book.app.pid)}"

    @cached_property
    def sheets(self) -> tuple[str, ...]:
        return tuple(retry_while_busy(lambda: [sheet.name for sheet in self.book.sheets]))

    @cached_property
    def names(self) -> tuple[DefinedName, ...]:
        found = retry_while_busy(lambda: [(name.name, name.refers_to) for name in self.book.names])
        return tuple(_defined_name(name, refers_to or "") for name, refers_to in found)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return tuple(retry_while_busy(lambda: [_table(sheet.name, table) for sheet in self.book.sheets for table in sheet.tables]))

    @cached_property
    def date1904(self) -> bool:
        return retry_while_busy(lambda: counts_from_1904(self.book))

    @property
    def _calculating(self):
        """What calculates: this workbook alone, where the engine is one of ours that can, or all that are open in the program."""
        return self.book.impl if hasattr(self.book.impl, "calculate") else self.book.app

    @cached_property
    def _indicator(self):
        return getattr(self.book.impl, "status_indicator", None)

    def say_in_bar(self, text: str | None) -> None:
        """Show a text in the status bar; None gives the bar back."""
        if self._indicator is None:
            retry_while_busy(lambda: setattr(self.book.app, "status_bar", text or False))
        elif text:
            self._indicator.start(text, 0)
        else:
            self._indicator.end()

    @cached_property
    def _undo(self):
        return undo_manager(self.book.api)

    @cached_property
    def vba(self) -> bytes | None:
        """As it was saved last: an open book shows its macros only to those whom Excel trusts."""
        with suppress(UserError, OSError), open_workbook(retry_while_busy(lambda: self.book.fullname)) as saved:
            return saved.vba
        return None

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """As they were saved last: no program but Excel tells them of an open book."""
        with suppress(UserError, OSError), open_workbook(retry_while_busy(lambda: self.book.fullname)) as saved:
            return saved.scenarios
        return ()

    @property
    def manual_calculation(self) -> bool:
        return retry_while_busy(lambda: self._calculating.calculation) == "manual"

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet, read once; UserError when there is no such sheet."""
        if sheet not in self.sheets:
            raise UserError(f"There is no sheet '{sheet}' in '{self.name}'; it has: {', '.join(self.sheets)}. "
                            "Choose one of them.")
        if sheet not in self._grids:
            self._grids[sheet] = retry_while_busy(lambda: read_grid(self.book.sheets[sheet], date1904=self.date1904))
        return self._grids[sheet]

    def _grid_around(self, sheet: str, cells: Iterable[Cell]) -> Grid:
        """The sheet as it was read; of one that was not, no more than these cells and what lies between them."""
        if sheet in self._grids or sheet not in self.sheets:
            return self.grid(sheet)
        where, known = Range.around(cells), self._around.get(sheet)
        if known is None or where.first not in known[0] or (where.bottom, where.right) not in known[0]:
            known = self._around[sheet] = where, retry_while_busy(lambda: read_grid(self.book.sheets[sheet], only=where, date1904=self.date1904))
        return known[1]

    def as_read(self) -> Calculator:
        """What the formulas give of the workbook as `grid` has it now."""
        return Calculator(self)

    def write(self, changes: Changes) -> None:
        """Write constants now, by sheet and cell, a block in a call; None clears. Raises UserError
        for a formula's cell."""
        for sheet, cells in changes.items():
            if not cells:
                continue
            grid = self._grid_around(sheet, cells)
            refuse_formulas(grid, (cell for cell in cells if (sheet, cell) not in self._overwritten))
            if self._before is not None:
                before = self._before.setdefault(sheet, {})
                for cell in cells:
                    before.setdefault(cell, grid.values.get(cell))
            self._put(sheet, cells, recorded=self._before is None)
            grid.values.update(cells)
            for cell in cells:
                grid.formulas.pop(cell, None)
            for cell in [cell for cell, value in cells.items() if value is None]:
                del grid.values[cell]

    def show(self, sheet: str, cell: Cell, value: Value) -> None:
        """Write what only informs, such as a status, or takes it away: no step of Undo."""
        refuse_formulas(self.grid(sheet), {cell: value})
        self._put(sheet, {cell: value}, recorded=False)

    @contextmanager
    def one_undo_step(self, title: str, *, until_recalculated: bool = False) -> Iterator[None]:
        """What is written within is one step of the program's Undo, where it can group them: all that was there is put back.
        `until_recalculated`: nothing is written after the first `recalculate`, which comes after the step is made, and so once."""
        self._before, self._ends_step = {}, title if until_recalculated else None
        try:
            yield
        except BaseException:
            with suppress(Exception):   # the workbook may be closed; the reason for the failure matters
                self._record_step(title)
                self.recalculate()
            raise
        if self._record_step(title):
            self.recalculate()  # what was put back and away again left results of before in some sheets, seen in LibreOffice 7.4

    def _record_step(self, title: str) -> bool:
        """Whether a step of Undo was made of what was written."""
        written, self._before, self._ends_step = self._before or {}, None, None
        # LibreOffice's Undo does not empty again what was blank before a block was written: that stays, as a log does. Beside
        # other cells it is written all the same: a call for each block between blanks takes longer
        before = {sheet: {cell: value for where, rows in blocks_of(cells) if any(value is not None for row in rows for value in row)
                          for cell, value in zip(where.cells(), itertools.chain(*rows))} for sheet, cells in written.items()}
        after = {sheet: {cell: self._grid_around(sheet, cells).values.get(cell) for cell in cells} for sheet, cells in before.items()}
        if any(before.values()):
            record_one_step(self.book.api, self._undo, title, before=lambda: self._put_all(before, recorded=False),
                            after=lambda: self._put_all(after, recorded=True))
            return self._undo is not None
        return False

    def overwrite_formulas(self, cells: Iterable[tuple[str, Cell]]) -> None:
        """From now on `write` takes constants for these (sheet, cell), too, in the place of their formulas."""
        self._overwritten.update(cells)

    def refuse_protected(self, areas: Iterable[SheetRange]) -> None:
        """Raise Protected where one of these ranges cannot be written, before anything else is done."""
        protected = cache(lambda sheet: retry_while_busy(partial(self._is_protected, sheet)))
        for sheet, where in areas:
            if protected(sheet):     # then try, by what is there: not all may be locked
                rows = self.grid(sheet).block(where)
                self._put(sheet, {where.first.moved(i, j): value for i, row in enumerate(rows) for j, value in enumerate(row)},
                          recorded=False)

    def recalculate(self) -> list[str]:
        """Let the program calculate; a sentence on what it could not."""
        if self._ends_step is not None:
            self._record_step(self._ends_step)
        try:
            retry_while_busy(self._calculating.calculate)
        except UserError as why:
            return [str(why)]
        return []

    def value(self, sheet: str, cell: Cell) -> Value:
        """What a cell holds now; None where it is blank."""
        found = retry_while_busy(lambda: self._range(sheet, Range(*cell, *cell)).options(err_to_str=True).value)
        return as_value(found, date1904=self.date1904)

    def values(self, sheet: str, where: Range) -> list[Value]:
        """What the cells of a range hold now, in reading order, to the last digit."""
        rows = retry_while_busy(lambda: self._range(sheet, where).options(ndim=2, err_to_str=True).value)
        return [as_value(value, date1904=self.date1904) for row in rows for value in row]

    def edited(self, sheet: str, where: Range) -> bool:
        """Whether somebody changed a range since it was read."""
        now = retry_while_busy(lambda: read_grid(self.book.sheets[sheet], only=where, date1904=self.date1904))
        return now.block(where) != self.grid(sheet).block(where)

    def add_sheet(self, sheet: NewSheet) -> None:
        """Add a sheet behind all others, unless one of that name is there."""
        def add():
            before = self.book.sheets.active
            added = self.book.sheets.add(sheet.name, after=self.book.sheets[-1])
            if sheet.hidden:
                added.visible = False
            for col, width in enumerate(sheet.widths, 1):
                added.range((1, col)).column_width = width
            before.activate()

        if sheet.name not in self.sheets:
            if retry_while_busy(lambda: is_protected(self.book.api)):
                raise Protected(f"The structure of '{self.name}' is protected, so no sheet can be added. "
                                "Use Review > Protect Workbook in Excel, or Tools in LibreOffice, to end that.")
            with unrecorded(self._undo):
                retry_while_busy(add)
            self.__dict__.pop("sheets")

    def _put_all(self, changes: Changes, *, recorded: bool) -> None:
        for sheet, cells in changes.items():
            self._put(sheet, cells, recorded=recorded)

    def _put(self, sheet: str, cells: Mapping[Cell, Value], *, recorded: bool) -> None:
        for where, rows in blocks_of(cells):
            try:
                # each block anew: LibreOffice records again after it has fitted a row's height to a text
                with nullcontext() if recorded else unrecorded(self._undo):
                    retry_while_busy(partial(self._put_block, sheet, where, rows))
            except Exception as why:
                if isinstance(why, UserError) or not self._is_protected(sheet):
                    raise
                raise Protected(f"Sheet {quoted(sheet)} is protected, and {where} is locked. Use Review > Unprotect Sheet in Excel, "
                                "or Tools > Protect Sheet in LibreOffice, and try again.") from why

    def _put_block(self, sheet: str, where: Range, rows: list[list[Value]]) -> None:
        target = self._range(sheet, where)
        if self.book.app.engine.name == "excel":
            target.value = rows
        else:   # an engine of ours: xlwings would ask for the names of sheet and workbook a dozen times
            target.impl.raw_value = [[prepared(value) for value in row] for row in rows]

    def _is_protected(self, sheet: str) -> bool:
        return is_protected(self.book.sheets[sheet].api)

    def _range(self, sheet: str, where: Range):
        """The same object for the same cells: to get one takes longer than to read or write what is in it."""
        if (sheet, where) not in self._ranges:
            self._ranges[sheet, where] = self.book.sheets[sheet].range((where.top, where.left), (where.bottom, where.right))
        return self._ranges[sheet, where]


def blocks_of(cells: Mapping[Cell, Value]) -> list[tuple[Range, list[list[Value]]]]:
    """Cells as few rectangles with their rows: runs of neighbours in a row, joined downwards."""
    blocks: dict[tuple[int, int, int], tuple[int, list]] = {}   # (next row, left, right) -> (top, rows)
    done = []
    for row, left, values in _runs(cells):
        top, rows = blocks.pop((row, left, left + len(values) - 1), (row, []))
        rows.append(values)
        blocks[row + 1, left, left + len(values) - 1] = top, rows
    for (below, left, right), (top, rows) in blocks.items():
        done.append((Range(top, left, below - 1, right), rows))
    return done


def _runs(cells: Mapping[Cell, Value]):
    """(row, first column, values) of cells that stand side by side, in reading order."""
    run: tuple[int, int, list] | None = None
    for cell in sorted(cells):
        row, col = cell
        if run and run[0] == row and run[1] + len(run[2]) == col:
            run[2].append(cells[cell])
            continue
        if run:
            yield run
        run = row, col, [cells[cell]]
    if run:
        yield run


def _table(sheet: str, table: xlwings.Table) -> Table:
    cells, headers = table.range, table.header_row_range
    where = Range(cells.row, cells.column, cells.row + cells.shape[0] - 1, cells.column + cells.shape[1] - 1)
    # a table whose headers are not shown calls its columns so, unless somebody named them before
    titles = headers.options(ndim=1).value if headers is not None else [f"Column{n}" for n in range(1, where.shape[1] + 1)]
    return Table(table.name, sheet, where, tuple(str(title) for title in titles), headers=int(headers is not None),
                 totals=int(table.show_totals))


def _defined_name(name: str, refers_to: str) -> DefinedName:
    scope, _, own = name.rpartition("!")
    if scope.startswith("'"):
        scope = scope[1:-1].replace("''", "'")
    return DefinedName(own, refers_to.removeprefix("="), scope or None)
