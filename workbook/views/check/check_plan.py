"""Where everything stands on the sheet `check`: a summary and charts, printed, and grey helper columns to their right."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range

SUMMARY = 6             # the first row of the summary: the mean, the biases, then the models
CHECK_HEAD, CHECK_FIRST = 6, 7      # of the helper columns
PRINTED = 12            # columns
BINS = 13               # of the residuals
QUARTERS = 4            # groups by number of ratings
MOST_DOTS = 500         # ratings of the training set in the chart

SIDE = ("number", "ratings", "sum", "first bias", "bias", "error²", "held out", "their error²")
GROUP = ("up to", "members", "ratings", "training", "held out")
BIN = ("centre", "up to", "training", "held out", "share", "share held out")


@dataclass(frozen=True)
class CheckPlan:
    """`sheets` are the crosstab sheets, `held` and `shown` how many ratings are held out and stand in the chart,
    `source_rows` how many rows the sheet `ratings` has for users."""

    sheets: tuple[str, ...]
    users: int
    items: int
    held: int
    shown: int
    source_rows: int

    # -- printed -----------------------------------------------------------------------------------
    @property
    def mean_only(self) -> Cell:
        """The training RMSE of the mean; that of held-out ratings stands right of it, and so for all below."""
        return Cell(SUMMARY, 2)

    @property
    def bias_only(self) -> Cell:
        return Cell(SUMMARY + 1, 2)

    def model(self, sheet: str) -> Cell:
        return Cell(SUMMARY + 2 + self.sheets.index(sheet), 2)

    @property
    def counts(self) -> Cell:
        return Cell(SUMMARY + 2 + len(self.sheets), 2)

    @property
    def charts(self) -> int:
        """The first row below the summary."""
        return self.counts.row + 2

    # -- grey: the ratings held out ------------------------------------------------------------------
    @property
    def held_before(self) -> Range:
        """How many ratings are held out in the rows of the source above each: far right, a row of the source a row."""
        return self._column(self.constants.right + 2, self.source_rows)

    def of_held(self, which: str) -> Range:
        """A column of the list: its row and column in the source, user, item, their numbers, observed, a prediction by each sheet and by biases, error…"""
        return self._column(PRINTED + 2 + self.held_columns.index(which), self.held)

    @property
    def held_columns(self) -> tuple[str, ...]:
        return ("row", "column", "user", "item", "user no.", "item no.", "observed", *self.sheets, "biases only", "error", "error²", "counted")

    # -- grey: ratings of the training set, for the chart ----------------------------------------------
    def of_shown(self, which: str) -> Range:
        left = self.of_held(self.held_columns[-1]).left + 2
        return self._column(left + ("user no.", "item no.", "observed", "predicted").index(which), self.shown)

    # -- grey: every user and every item ---------------------------------------------------------------
    def of_side(self, side: str, which: str) -> Range:
        left = self.of_shown("predicted").left + 2 + (0 if side == "user" else len(SIDE) + 1)
        return self._column(left + SIDE.index(which), self.users if side == "user" else self.items)

    # -- grey: what the charts show --------------------------------------------------------------------
    def of_bin(self, which: str) -> Range:
        return self._column(self.of_side("item", SIDE[-1]).left + 2 + BIN.index(which), BINS)

    def of_group(self, side: str, which: str) -> Range:
        column = self._column(self.of_bin(BIN[-1]).left + 2 + GROUP.index(which), QUARTERS)
        return column if side == "user" else column.moved(QUARTERS + 2, 0)

    @property
    def constants(self) -> Range:
        """The mean, the damping, the lowest rating, the highest, the width of a bin: one below the other."""
        return self._column(self.of_group("user", GROUP[-1]).left + 3, 5)

    @property
    def mean(self) -> Cell:
        return self.constants.first

    @property
    def damping(self) -> Cell:
        return self.constants.first.moved(1, 0)

    @property
    def ends(self) -> Range:
        """Of the diagonal in the chart: the lowest rating and the highest."""
        first = self.constants.first.moved(2, 0)
        return Range(first.row, first.col, first.row + 1, first.col)

    @property
    def step(self) -> Cell:
        return self.constants.first.moved(4, 0)

    def _column(self, left: int, rows: int) -> Range:
        return Range(CHECK_FIRST, left, CHECK_FIRST + max(rows, 1) - 1, left)
