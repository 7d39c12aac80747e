"""What somebody typed into a workbook of ours beside ratings and factors: carried over when the workbook is built anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyxl.fit.own_sheets.before_fit import SHEET as BEFORE_FIT
from pyxl.fit.own_sheets.source_table import label_key
from pyxl.grid.block_names import CONTROLS, RESULTS, ROLES, RUN_LOG, SCALE, SOURCE, STEP_ROLES, TRAIL_ITEMS, TRAILS, result_name
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named
from pyxl.xlsx import NewSheet, open_workbook
from pyxl.xlsx.parts.sheet_splice import Edits
from workbook.data_sheets.start_sheet import START_SHEET
from workbook.model_sheets.crosstab_sheet import OWN_WORDS
from workbook.model_sheets.solver_names import is_solver_note
from workbook.views.best_list import BUILT_HIGH, BUILT_LOW, HIGH, LOW
from workbook.views.recommend_sheet import CHOSEN_USER
from workbook.views.served.served_sheet import SERVED_ASKED
from workbook.views.why_sheet import EXPLAINED_USER, ITEM
from workbook.views.you_plan import YOU_HEAD

from .xlwings_conf import XLWINGS_CONF

KEPT_SHEET = "kept cells"   # what found no place
_HEADERS = ("sheet", "cell", "what it held")
_CHOICES = (("recommend", CHOSEN_USER), ("why", EXPLAINED_USER), ("why", ITEM))
_REFERENCE = re.compile(r"\$?\b[A-Z]{1,3}\$?\d+\b|\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b")
_NUMBERS = re.compile(r"\{#(?:[,;]#)*\}")
_WAYS = (TRAILS, TRAIL_ITEMS)      # of the last fit, which the new workbook has not seen
_RESULTS = tuple(result_name("", what) for what in RESULTS)
_BLOCKS = tuple(f"_{role}" for role in (*ROLES, *CONTROLS, *STEP_ROLES, "filled", "history", "epochs_held", "people", *_WAYS))


@dataclass(frozen=True)
class TypedCells:
    """Of the workbook before: the sheets as they were read, and the area of every workbook-wide name."""

    grids: dict[str, Grid]
    areas: dict[str, tuple[str, Range]]

    def _sheets_now(self, new: TypedCells) -> dict[str, str]:
        """What each sheet is called in the new workbook: somebody may have renamed it."""
        return {self.areas[name][0]: new.areas[name][0] for name in self.areas if name in new.areas}

    def write_into(self, draft: Path, parameters: Edits, as_built: Callable[[], TypedCells]) -> list[str]:
        """Write into the new workbook what belongs there, and `parameters`; notes on what found no place at its old one.

        `as_built` gives the workbook of before as it was built: at another size, or without held-out ratings, sheets have other
        formulas and words, which are nobody's.
        """
        with open_workbook(draft) as book:
            new = typed_cells(book)
            edits = {sheet: dict(cells) for sheet, cells in parameters.items()}
            for sheet, cell, value in (*self._named(new), *self._choices(new), *self._range(new), *self._you(new), *self._log(new)):
                edits.setdefault(sheet, {})[cell] = value
            homeless = self._kept_before()
            for sheet, cell, value, formula in self._not_built(list(self._own(new)), as_built):
                sheet = self._sheets_now(new).get(sheet, sheet)
                there = new.grids.get(sheet)
                if there is None or formula or cell in there.values or there.owner(cell) or cell in edits.get(sheet, {}):
                    homeless.append((sheet, str(cell), f"={formula}" if formula else value))
                else:
                    edits.setdefault(sheet, {})[cell] = value
            sheets: tuple[NewSheet, ...] = ()
            if homeless:
                sheets = (NewSheet(KEPT_SHEET, widths=(16, 10, 60)),)
                edits[KEPT_SHEET] = {Cell(row, col): value for row, line in enumerate((_HEADERS, *homeless), 1)
                                     for col, value in enumerate(line, 1)}
            if edits:
                book.save(edits, new_sheets=sheets)
        if not homeless:
            return []
        first = homeless[0]
        more = f" and {len(homeless) - 1} more" if len(homeless) > 1 else ""
        return [f"What you wrote in {quoted(str(first[0]))}!{first[1]}{more} has no place in the new layout, or is a formula, whose cells moved: "
                f"it stands on the sheet {quoted(KEPT_SHEET)}."]

    def _kept_before(self) -> list[tuple[Value, ...]]:
        """What an earlier update found no place for."""
        grid = self.grids.get(KEPT_SHEET)
        if grid is None or grid.used is None:
            return []
        return [tuple(line) for line in grid.block(Range(2, 1, max(2, grid.used.bottom), len(_HEADERS))) if any(cell is not None for cell in line)]

    def _named(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value]]:
        """Settings, results, the history: what stands in areas of the same name and shape."""
        for name, (sheet, area) in self.areas.items():
            there = new.areas.get(name)
            if there is None or there[1].shape != area.shape or name in SOURCE or name == RUN_LOG or not name.endswith(_RESULTS) and name.endswith(
                    tuple(f"_{role}" for role in (*ROLES, *CONTROLS, *STEP_ROLES, *_WAYS, "filled", "view"))):
                continue
            old, now = self.grids[sheet], new.grids[there[0]]
            for cell, place in zip(area.cells(), there[1].cells()):
                value = old.values.get(cell)
                if old.owner(cell) is None and now.owner(place) is None and value != now.values.get(place):
                    yield there[0], place, value

    def _choices(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value]]:
        known = {label_key(value) for label in SOURCE[1:3] if label in new.areas
                 for value in new.block_of(label) if isinstance(value, (str, float))}
        for sheet, cell in _CHOICES:
            value = self.grids[sheet].values.get(cell) if sheet in self.grids else None
            if sheet in new.grids and value != new.grids[sheet].values.get(cell) and isinstance(value, (str, float)) and label_key(value) in known:
                yield sheet, cell, value

    def _range(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value]]:
        """The lowest and the highest rating within which predictions are kept, where they are not what was built."""
        for name, built in ((LOW, BUILT_LOW), (HIGH, BUILT_HIGH)):
            if {name, built} <= set(self.areas) and name in new.areas:
                (value,), (before,), (sheet, area) = self.block_of(name), self.block_of(built), new.areas[name]
                if isinstance(value, float) and value != before:
                    yield sheet, area.first, value

    def _you(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value]]:
        """What the reader rated, beside the item again."""
        if "you" not in self.grids or "you" not in new.grids:
            return
        old = self.grids["you"]
        items = [label for label in new.block_of(SOURCE[2])[1:] if label is not None]     # the sheet lists them in this order
        places = {label_key(label): row for row, label in enumerate(items, YOU_HEAD + 1)}
        for cell, value in old.values.items():
            label = old.values.get(Cell(cell[0], 1))
            if cell[1] == 2 and cell[0] > YOU_HEAD and isinstance(label, (str, float)) and label_key(label) in places:
                yield "you", Cell(places[label_key(label)], 2), value

    def _log(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value]]:
        """All lines of the run log, below its headers."""
        if RUN_LOG not in self.areas or RUN_LOG not in new.areas:
            return
        (sheet, head), (place, there) = self.areas[RUN_LOG], new.areas[RUN_LOG]
        for cell, value in self.grids[sheet].values.items():
            if cell[0] > head.top:
                yield place, Cell(cell[0] - head.top + there.top, cell[1]), value

    def _own(self, new: TypedCells) -> Iterator[tuple[str, Cell, Value, str]]:
        """(sheet, cell, value, its formula or an empty text) of cells that are none of ours: neither in a named block, nor a text,
        number or kind of formula that we write on this sheet."""
        log = self.areas.get(RUN_LOG)
        for sheet, grid in self.grids.items():
            if sheet in (BEFORE_FIT, KEPT_SHEET, XLWINGS_CONF) or log and sheet == log[0]:
                continue
            blocks = self._blocks(sheet)
            now = new.grids.get(self._sheets_now(new).get(sheet, sheet)) or Grid(sheet)
            if now.sheet == START_SHEET and now.used:
                blocks.append(now.used)     # full of words about this very workbook, which are others now
            theirs = new._blocks(now.sheet)
            kinds, ours = _formulas_and_values(now, without=theirs)
            for cell, value in grid.values.items():
                if any(cell in block for block in blocks) or value in OWN_WORDS or is_solver_note(value) or sheet == "you" and cell[1] == 2:
                    continue
                formula = grid.formulas.get(cell)
                if formula is None and grid.owner(cell) is None and _as_saved(value) not in ours and (sheet, cell) not in _CHOICES:
                    yield sheet, Cell(*cell), value, ""
                if formula is not None and _kind(formula.text) not in kinds:
                    yield sheet, Cell(*cell), value, formula.text

    def _not_built(self, own: list[tuple[str, Cell, Value, str]], as_built: Callable[[], TypedCells]) -> list[tuple[str, Cell, Value, str]]:
        """Those of the cells that were not there when the workbook was built."""
        if not own:
            return []
        built, found = as_built(), []
        names = self._sheets_now(built)
        ours = {sheet: _formulas_and_values(grid) for sheet, grid in built.grids.items()}
        for sheet, cell, value, formula in own:
            there = names.get(sheet, sheet)
            kinds, values = ours.get(there, (set(), set()))
            # a text of ours is ours wherever it stands now; of numbers there are many alike
            known = _as_saved(value) in values and (isinstance(value, str) or _as_saved(value) == _as_saved(built.grids[there].values.get(cell)))
            if not (_kind(formula) in kinds if formula else known):
                found.append((sheet, cell, value, formula))
        return found

    def _blocks(self, sheet: str) -> list[Range]:
        """The named blocks of a sheet, with the labels above them and at their left."""
        return [Range(max(1, area.top - 1), max(1, area.left - 1), area.bottom, area.right) for name, (where, area) in self.areas.items()
                if where == sheet and (name.endswith(_BLOCKS) or name in (*SOURCE, *SCALE, *SERVED_ASKED))]

    def block_of(self, name: str) -> list[Value]:
        """The values of a named area."""
        sheet, area = self.areas[name]
        return [self.grids[sheet].values.get(cell) for cell in area.cells()]


def typed_cells(book: ReadableWorkbook) -> TypedCells:
    """Read all sheets of a workbook of ours."""
    areas = {name.name: where for name in book.names if name.scope is None and (where := area_named(book, name.name))}
    return TypedCells({sheet: book.grid(sheet) for sheet in book.sheets}, areas)


def _formulas_and_values(grid: Grid, *, without: Collection[Range] = ()) -> tuple[set[str], set[Value]]:
    """The kinds of formulas on a sheet, and the texts and numbers that no formula gives, outside of some blocks."""
    values = {_as_saved(value) for cell, value in grid.values.items() if grid.owner(cell) is None and not any(cell in block for block in without)}
    return {_kind(formula.text) for formula in grid.formulas.values()}, values


def _as_saved(value: Value) -> Value:
    """A value as LibreOffice saves it: it keeps 15 digits of a number."""
    return float(f"{value:.15g}") if isinstance(value, float) else value


def _kind(formula: str) -> str:
    """A formula without the addresses and numbers in it, however many a list of them has. LibreOffice writes FALSE() for FALSE, and
    1000000000 for 1E9."""
    return _NUMBERS.sub("{#}", _REFERENCE.sub("#", formula.replace("FALSE()", "FALSE").replace("TRUE()", "TRUE")))
