"""Where everything stands on the sheet `check`: a summary and charts, printed, and grey helper columns to their right."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range

CHOICE = Cell(5, 2)      # of the model that the other sheets show
SUMMARY = 8             # the first row of the summary: the mean, the biases, then the models
CHECK_HEAD, CHECK_FIRST = 6, 7      # of the helper columns
PRINTED = 12            # columns
BINS = 13               # of the residuals
QUARTERS = 4            # groups by number of ratings
MOST_DOTS = 500         # ratings of the training set in the chart

SIDE = ("number", "ratings", "sum", "first bias", "bias", "error²", "held out", "their error²", "times ±", "the model's ±")
GROUP = ("up to", "members", "ratings", "training", "held out")
CONSTANTS = ("mean rating", "damping of biases", "lowest rating", "highest rating", "step of residuals", "model shown",
             "least error on held out", "next", "standard errors between", "numbers in a row", "nine of ten within", "σ of the shares")
BIN = ("centre", "up to", "training", "held out", "share", "share held out")
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)      # shares that intervals claim to hold
RELIABILITY = ("claimed", "normal quantile", "found")


@dataclass(frozen=True)
class CheckPlan:
    """`sheets` are the crosstab sheets, `held` and `shown` how many ratings are held out and stand in the chart,
    `source_rows` how many rows the sheet `ratings` has for users."""

    sheets: tuple[str, ...]
    users: int
    items: int
    factors: int
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
        return self._column(self.of_chosen("item_bias").right + 2, self.source_rows)

    def of_held(self, which: str) -> Range:
        """A column of the list: its row and column in the source, user, item, their numbers, observed, a prediction by each sheet and by biases, error…"""
        return self._column(PRINTED + 2 + self.held_columns.index(which), self.held)

    @property
    def held_columns(self) -> tuple[str, ...]:
        return ("row", "column", "user", "item", "user no.", "item no.", "observed", *self.sheets, "biases only", "shown model", "error", "error²", "counted",
                "share of ±")

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

    def of_level(self, which: str) -> Range:
        """How many held-out ratings lie in intervals that claim to hold each of LEVELS: below the residuals."""
        return self._column(self.of_bin(BIN[0]).left + RELIABILITY.index(which), len(LEVELS)).moved(BINS + 3, 0)

    def constant(self, which: str) -> Cell:
        """A number by itself, its name left of it."""
        return Cell(CHECK_FIRST + CONSTANTS.index(which), self.of_group("user", GROUP[-1]).left + 3)

    @property
    def ends(self) -> Range:
        """Of the diagonal in the chart: the lowest rating and the highest."""
        return Range.around([self.constant("lowest rating"), self.constant("highest rating")])

    # -- grey: the parameters of the model that is shown, biases of 0 where it has none ----------------
    def of_chosen(self, role: str) -> Range:
        """`user_factors` (users × k), `user_bias` (users × 1), `item_factors` (k × items) or `item_bias` (1 × items)."""
        left = self.constant(CONSTANTS[0]).col + 2
        users = self._column(left, self.users)
        match role:
            case "user_bias":
                return users
            case "user_factors":
                return Range(users.top, left + 1, users.bottom, left + self.factors)
        first = Cell(CHECK_FIRST, left + self.factors + 2)
        if role == "item_bias":
            return Range(first.row, first.col, first.row, first.col + self.items - 1)
        return Range(first.row + 1, first.col, first.row + self.factors, first.col + self.items - 1)

    def _column(self, left: int, rows: int) -> Range:
        return Range(CHECK_FIRST, left, CHECK_FIRST + max(rows, 1) - 1, left)
