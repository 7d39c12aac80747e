"""The sheets of fast.ai's own workbook on gradient descent, understood by their names and formulas.

Each has a macro of its own that carries an epoch's end over to the start of the next; the names that it copies between say what. Its
formulas are believed, its labels are not; where it departs from the optimizer that it is called after, a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_of

Pairs = tuple[tuple[Cell, Cell], ...]   # (where a value goes, where it comes from)
_MARKS = ("slope", "const", "lastslope", "lastconst")
_LOST = "The macro carries {lost} over, the values before the last row's step, so that every epoch loses a step; a run here carries {kept}."


@dataclass(frozen=True)
class LessonSheet:
    """One sheet: what it carries over, what its Reset button does, and what one should know of it.

    `parameters` are carried as they should be, `as_macro` as its macro does; `others` are moments and the like. Reset puts
    `at_reset` into cells, carries `warmed` over `passes` times, and puts the error, or a share of it, into the cells
    `shares`. `runs` is False where the macro changes
    the rate by a rule of its own. `error` is the sheet's own cell of the error, where it has one.
    """

    sheet: str
    optimizer: str
    settings: Mapping[str, Cell]
    ys: Range
    predictions: Range
    parameters: Pairs
    as_macro: Pairs
    others: Pairs
    at_reset: Mapping[Cell, float]
    warmed: Pairs
    passes: int
    shares: Mapping[Cell, float]
    log: Range | None
    error: Cell | None
    runs: bool
    notes: tuple[str, ...]


def lesson_sheets(workbook: ReadableWorkbook) -> dict[str, LessonSheet]:
    """The sheets of a workbook that are built as the lesson's, in tab order."""
    found = {}
    for sheet in workbook.sheets:
        names = {name.name: where[1] for name in workbook.names if name.scope == sheet and (where := area_of(name.refers_to)) and where[0] == sheet}
        if names.keys() >= set(_MARKS) and (read := _Reading(workbook.grid(sheet), names)).complete:
            found[sheet] = read.lesson_sheet()
    return found


class _Reading:
    """What the formulas of one sheet say; `complete` where they are those of a row-by-row descent."""

    def __init__(self, grid: Grid, names: Mapping[str, Range]):
        self.grid, self.names = grid, names
        self.sheet, self.const, self.slope = grid.sheet, names["const"].first, names["slope"].first
        first = {self._text(cell): cell for cell in grid.formulas if self._text(cell) in (str(self.const), str(self.slope))}
        self.b, self.a = first.get(str(self.const)), first.get(str(self.slope))
        self.bottom = names["lastconst"].top
        self.complete = False
        if self.b and self.a and self.b.row == self.a.row < self.bottom:
            following = [found[0] for cell in (self.b, self.a) if (found := re.fullmatch(r"[A-Z]+\d+", self._text(cell.moved(1, 0))))]
            inputs = [cell for cell in grid.values if cell.row == self.b.row and cell not in grid.formulas and cell.col < self.b.col]
            line = [cell for cell in grid.formulas if cell.row == self.b.row
                    and re.fullmatch(rf"{self.b}\+{self.a}\*[A-Z]+\d+", self._text(cell))]
            self.complete = len(following) == 2 and len(inputs) == 2 and len(line) == 1
            if self.complete:
                self.next_b, self.next_a = map(Cell.parse, following)
                self.prediction = line[0]
                self.y = next((cell for cell in inputs if str(cell) not in self._text(line[0])), inputs[-1])

    def lesson_sheet(self) -> LessonSheet:
        moments, squares, gathered = (self._pairs(*ends) for ends in (("momtarget", "momlast"), ("gradtarget", "ms_last"), ("gradtarget", "histgrad")))
        update = self._text(self.next_b)
        if "dtee" in self.names:
            optimizer = "eve"
        elif moments or squares:
            optimizer = {(True, True): "adam", (True, False): "momentum", (False, True): "rmsprop"}[bool(moments), bool(squares)]
        else:
            optimizer = "adagrad" if gathered and self._is_number(gathered[0][0]) else "sgd"
        if optimizer != "adagrad":
            gathered = ()
        anneals = "gradrat" in self.names or any("histgrad" in formula.text for formula in self.grid.formulas.values())
        single = {"ft_2": "ft_1", "ft_1": "loss", "dt_1": "dtee"} if optimizer == "eve" else {}
        warmed = (*moments, *squares, *gathered)
        carried = (*warmed, *((self.names[to].first, self.names[source].first) for to, source in single.items()))
        last = [Cell(self.bottom, cell.col) for cell in (self.next_b, self.next_a)]
        as_macro = [self.names[name].first for name in ("lastconst", "lastslope")]
        parameters = tuple(zip((self.const, self.slope), last))
        error = next((self.names[name].first for name in ("rmse", "loss") if name in self.names), None)
        starts = dict.fromkeys((self.const, self.slope), 1.0) | {to: 0.0 for to, _ in moments} | {to: 1e4 for to, _ in (*squares, *gathered)}
        shares: dict[Cell, float] = {}
        if optimizer == "eve":
            starts[self.names["dt_1"].first] = 1.0
            shares = {self.names["ft_1"].first: 1.0, self.names["ft_2"].first: 0.5}
        return LessonSheet(
            self.sheet, optimizer, self._settings(moments, squares), self._down(self.y), self._down(self.prediction), parameters,
            tuple(zip((self.const, self.slope), as_macro)), carried, starts, warmed, {"sgd": 0, "momentum": 1, "adagrad": 1}.get(optimizer, 2), shares,
            self.names.get("rmses"), error, not anneals, tuple(self._notes(optimizer, update, error, last, as_macro, anneals=anneals)))

    def _notes(self, optimizer: str, update: str, error: Cell | None, last: list[Cell], as_macro: list[Cell], *, anneals: bool):
        if last != as_macro:
            yield _LOST.format(lost=" and ".join(map(str, as_macro)), kept=" and ".join(map(str, last)))
        if error is None:
            yield "No cell holds an error of the predictions."
        elif "COUNT" not in self._text(error):
            yield f"{error} is the root of the sum of the squared errors: divided by the root of the number of rows it is RMSE."
        if optimizer == "momentum":
            yield "The velocity gathers (1 − β) of each derivative: torch's momentum with dampening = β."
        if "SQRT(" in update and optimizer != "rmsprop":
            yield "It has no bias correction and no ε. Its Reset warms the moments by two passes instead."
        if optimizer == "rmsprop":
            root = re.search(r"SQRT\(([A-Z]+)(\d+)\)", update)
            if root and int(root[2]) < self.next_b.row:
                yield f"{self.next_b} divides by the root of {root[1]}{root[2]}, the mean square of the row before; RMSprop takes that of its own row."
        if optimizer == "adagrad":
            yield "One number an epoch divides the rate, a mean of the epoch before; Adagrad adds up the squares of every step."
        for cell in sorted(self.grid.formulas):
            if self.next_b.row - 1 <= cell.row <= self.bottom and (other := re.search(r"('[^']+'|[A-Za-z_]\w*)!\$?[A-Z]+\$?\d+", self._text(cell))):
                yield f"{cell} reads {other[0]}, on another sheet than its neighbours: probably a slip."
        if anneals:
            yield "Its macro also lowers the learning rate from epoch to epoch by a rule of its own, which is not run here."

    def _settings(self, moments: Pairs, squares: Pairs) -> dict[str, Cell]:
        found = {}
        learn = next((cell for cell, value in self.grid.values.items() if value == "learn"), None)
        rate = next((cell for cell in (learn.moved(0, 1), learn.moved(1, 0)) if self._is_number(cell)), None) if learn else None
        if rate:
            found["lr"] = rate
        for name, pairs in (("beta1" if squares else "momentum", moments), ("beta2", squares)):
            if pairs and (beta := re.search(r"\$([A-Z]+)\$(\d+)", self._text(pairs[0][1]))):
                found[name] = Cell.parse(beta[0])
        return found

    def _pairs(self, to: str, source: str) -> Pairs:
        """Cell by cell, where both names lead to cells."""
        if to not in self.names or source not in self.names:
            return ()
        return tuple(zip(self.names[to].cells(), self.names[source].cells()))

    def _down(self, cell: Cell) -> Range:
        return Range(cell.row, cell.col, self.bottom, cell.col)

    def _is_number(self, cell: Cell) -> bool:
        return isinstance(self.grid.values.get(cell), (int, float)) and cell not in self.grid.formulas

    def _text(self, cell: Cell) -> str:
        """A formula as it stands in the first rows; further down it may be that of the cell from which it was copied."""
        formula = self.grid.formulas.get(cell)
        return formula.text if formula else ""


def told_training(lesson: LessonSheet) -> str:
    """One line on what a sheet is."""
    settings = ", ".join(f"{name} {cell}" for name, cell in lesson.settings.items())
    error = f"its error in {lesson.error}" if lesson.error else "no cell for its error"
    return f"gradient descent by {lesson.optimizer}, a row a step: {lesson.ys.shape[0]} rows, {settings}; {error}; starts at {quoted(lesson.sheet)}!" + \
        " and ".join(str(to) for to, _ in lesson.parameters)
