"""What stands where: settings beside the history of a sheet and what is noted of gradients, then, folded away, panels of blocks in the rows of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyxl.grid.cells import MAX_COL, Cell, Range
from solver.core.gradients import COUNTED
from solver.errors import UserError
from workbook.model_sheets.geometry import HISTORY_ROWS, Crosstab

STEPPED = {     # optimizer -> what it remembers of every parameter
    "sgd": (), "momentum": ("velocity",), "adam": ("mean", "square")}
STEP_SETTINGS = ("optimizer", "lr_sgd", "lr_momentum", "momentum", "lr_adam", "beta1", "beta2", "eps")   # whose cells have names
_TOP = 3                # of the settings
_SETTINGS_COLS = 6      # two columns of settings, two of the check, and a gap after each
_TABLE_COLS = 7


@dataclass(frozen=True)
class GradientPlan:
    """Beside the blocks of a crosstab sheet."""

    crosstab: Crosstab

    @property
    def sheet(self) -> str:
        return self.crosstab.layout.sheet

    @property
    def left(self) -> int:
        """The first column: labels of the settings, whose values stand in the next one."""
        return self.crosstab.history.right + 3

    @property
    def settings(self) -> dict[str, Cell]:
        """Numbers to set, and what all blocks need."""
        return {name: Cell(_TOP + place, self.left + 1) for place, name in enumerate(
            (*STEP_SETTINGS, "weight_decay", "spread", "ratings", *(f"mean_{role}" for role in self._biases), "largest", "steps", "adam_steps"))}

    @property
    def check(self) -> dict[str, Cell]:
        """The comparison with a finite difference: what is moved, and what follows, as it is now (and moved, one to the right)."""
        names = ("moved", "by", "row", "column", "", "error", "decay", "loss", "difference", "gradient")     # a line for headers
        return {name: Cell(_TOP + place, self.left + 4) for place, name in enumerate(names) if name}

    @property
    def fault(self) -> Cell:
        """Says why no step can be taken; an empty text where one can."""
        return Cell(self.settings["adam_steps"].row + 1, self.left)

    @property
    def table(self) -> Range:
        """What a step copies: what, goes to, next value by each optimizer, comes from, at Reset."""
        n = len(self.crosstab.layout.parameters)
        rows = n + n * sum(len(memory) for memory in STEPPED.values()) + 2
        left = self.folded + 1
        return Range(_TOP + 1, left, _TOP + rows, left + _TABLE_COLS - 1)

    @property
    def now(self) -> Range:
        """What is noted of the gradient, of the present one: the step, the norm of each block, and how many derivatives are how large."""
        left = self.left + _SETTINGS_COLS + 1
        return Range(_TOP, left, _TOP, left + len(self.crosstab.layout.parameters) + len(COUNTED))

    @property
    def by_epoch(self) -> Range:
        """The same of every epoch of the last fit, or of every step."""
        return Range(_TOP + 1, self.now.left, _TOP + HISTORY_ROWS, self.now.right)

    @property
    def chart(self) -> Cell:
        """The upper left corner of the chart of the norms, below settings and check."""
        return Cell(self.fault.row + 2, self.left)

    @property
    def folded(self) -> int:
        """The first column that is folded away."""
        return self.now.right + 2

    @property
    def shift(self) -> int:
        """How far right of a cell of the model its gradient, or the error of its prediction, stands."""
        return self.table.right + 1

    @property
    def errors(self) -> Range:
        """Prediction − rating where there is one, else 0."""
        return _moved(self.crosstab.layout.predictions, self.shift)

    @property
    def counts(self) -> dict[str, Range]:
        """How many ratings every user (item) has: between the gradients and the errors."""
        of, layout = self.crosstab, self.crosstab.layout
        column = Range(layout.predictions.top, of.ids + self.shift, layout.predictions.bottom, of.ids + self.shift)
        row = layout.ratings.bottom + 1
        return {"user": column, "item": Range(row, layout.ratings.left + self.shift, row, layout.ratings.right + self.shift)}

    @property
    def gradients(self) -> dict[str, Range]:
        """The blocks of the derivatives, by the role of the parameters."""
        return {role: _moved(block.range, self.shift) for role, block in self.crosstab.layout.parameters.items()}

    @property
    def panels(self) -> tuple[str, ...]:
        """The blocks of every parameter that follow the gradients, from the left."""
        names = ["moved", "start"]
        for optimizer, memory in STEPPED.items():
            names += [*memory, *(f"next_{name}" for name in memory), f"next_{optimizer}"]
        return tuple(names)

    def panel(self, name: str) -> dict[str, Range]:
        """The blocks of a panel, by the role of the parameters: items above users, and a column of air behind."""
        layout = self.crosstab.layout
        left = self.panel_left(name)
        shifts = {"user": left - 1, "item": left - layout.ratings.left}
        return {role: _moved(block.range, shifts[role[:4]]) for role, block in layout.parameters.items()}

    def panel_left(self, name: str) -> int:
        return self.crosstab.layout.ratings.right + self.shift + 2 + self.panels.index(name) * (self._panel_width + 1)

    @property
    def _panel_width(self) -> int:
        layout = self.crosstab.layout
        return max(layout.user_factors.range.right, layout.ratings.shape[1])

    @property
    def right(self) -> int:
        """The last column, one of air."""
        return self.panel_left(self.panels[-1]) + self._panel_width

    @property
    def area(self) -> Range:
        """All of it."""
        return Range(1, self.left, max(self.crosstab.used.bottom, self.table.bottom, self.by_epoch.bottom), self.right)

    @property
    def _biases(self) -> tuple[str, ...]:
        return tuple(role for role in self.crosstab.layout.parameters if role.endswith("_bias"))


def gradient_plans(crosstabs: Mapping[str, Crosstab]) -> dict[str, GradientPlan]:
    """The plan of each sheet of an unbounded model; UserError where a sheet would need more columns than there are."""
    plans = {name: GradientPlan(plan) for name, plan in crosstabs.items() if plan.layout.variant in ("dot", "dot+bias")}
    for plan in plans.values():
        if plan.right > MAX_COL:
            raise UserError(f"Gradients beside {plan.crosstab.layout.ratings.shape[1]:,} items need {plan.right:,} columns; an Excel sheet holds "
                            f"{MAX_COL:,}. Take fewer items, or leave out the gradients.")
    return plans


def _moved(where: Range, columns: int) -> Range:
    return Range(where.top, where.left + columns, where.bottom, where.right + columns)
