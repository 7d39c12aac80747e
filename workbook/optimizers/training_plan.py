"""What stands where on a training sheet: the lesson's cells first, settings, charts and the log of errors beside them."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from solver.tracing.update_rules import UPDATE_RULES

from .sheet_formulas import SHEET_RULES

TOP_ROW = 4           # of the data, as in the lesson
START = {"b": Cell(1, 3), "a": Cell(2, 3)}     # the lesson's start values
LOG_ROWS = 100
_ALWAYS = ("x", "y", "b", "a", "prediction", "squared_error")
_NUDGED = ("nudged_b", "estimate_b", "nudged_a", "estimate_a")
_CHARTS = 8             # columns


@dataclass(frozen=True)
class TrainingPlan:
    """A sheet of one optimizer on so many rows of data. `columns` are those of `Trace`, from the left."""

    sheet: str
    optimizer: str
    n_rows: int
    columns: tuple[str, ...]

    @property
    def bottom(self) -> int:
        """The last row of data."""
        return TOP_ROW + self.n_rows - 1

    def cell(self, column: str, row: int) -> Cell:
        return Cell(row, self.columns.index(column) + 1)

    def column(self, name: str) -> Range:
        """A column's cells beside the data."""
        col = self.columns.index(name) + 1
        return Range(TOP_ROW, col, self.bottom, col)

    @property
    def error(self) -> Cell:
        """RMSE of the epoch."""
        return self.cell("squared_error", self.bottom + 1)

    @property
    def fault(self) -> Cell:
        """Says why the sheet cannot go on; an empty text where it can."""
        return Cell(self.bottom + 3, 2)

    @property
    def panel(self) -> int:
        """The column of the labels of the settings; their values stand in the next one."""
        return len(self.columns) + 2

    @property
    def settings(self) -> dict[str, Cell]:
        rule = UPDATE_RULES[self.optimizer]
        return {name: Cell(TOP_ROW + place, self.panel + 1) for place, name in enumerate((*rule.settings, *rule.between))}

    @property
    def now(self) -> dict[str, Cell]:
        """Where the training stands: below the settings."""
        top = TOP_ROW + len(self.settings) + 2
        return {name: Cell(top + place, self.panel + 1) for place, name in enumerate(("epochs", "row", "b_now", "a_now"))}

    @property
    def drawn(self) -> Range:
        """What the first chart draws beside the data: x and prediction at both ends of the line, and the row in hand."""
        top = self.now["a_now"].row + 3
        return Range(top, self.panel, top + 2, self.panel + 1)

    @property
    def charts(self) -> Cell:
        return Cell(TOP_ROW - 1, self.panel + 3)

    @property
    def log(self) -> Range:
        """Epoch and RMSE of each epoch."""
        left = self.charts.col + _CHARTS
        return Range(TOP_ROW, left, TOP_ROW + LOG_ROWS - 1, left + 1)

    @property
    def carried(self) -> dict[str, Cell]:
        """What goes from the end of an epoch to the start of the next, and the cell to which it goes."""
        own = {name: self.settings[name] for name in UPDATE_RULES[self.optimizer].between}
        return {**START, **self.remembered_before, **own, "epochs": self.now["epochs"], "row": self.now["row"]}

    @property
    def remembered_before(self) -> dict[str, Cell]:
        """What is remembered from before the first row: two rows above it."""
        return {column: self.cell(column, TOP_ROW - 2) for column in self.columns if column in self._remembered}

    @property
    def _remembered(self) -> tuple[str, ...]:
        return ("t", *(f"{name}_{which}" for name in SHEET_RULES[self.optimizer].remembered for which in "ba"))

    @property
    def carry(self) -> Range:
        """The table of what is carried over: what, where to, its next value, its value at Reset."""
        top = self.bottom + 6
        return Range(top, 2, top + len(self.carried) - 1, 5)


def training_plan(optimizer: str, n_rows: int) -> TrainingPlan:
    """The plan of the sheet that is called as its optimizer."""
    return TrainingPlan(optimizer, optimizer, n_rows, training_columns(optimizer))


def training_columns(optimizer: str) -> tuple[str, ...]:
    """The columns of a row of data."""
    rule = SHEET_RULES[optimizer]
    remembered = [f"{name}_{which}" for name in rule.remembered for which in "ba"]
    return (*_ALWAYS, *(_NUDGED if optimizer == "sgd" else ()), "gradient_b", "gradient_a", *(["t"] if rule.counts else ()),
               *remembered, "next_b", "next_a")
