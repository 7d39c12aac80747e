"""What stands where on a sheet with a rating a row: the rating in hand, where a step by it alone leads, and what a press copies."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import MAX_COL, Cell, Range
from solver.errors import UserError
from workbook.model_sheets.geometry import LongForm

RATING_STEP_SETTINGS = ("optimizer", "lr_sgd")      # whose cells have names
_LINES = ("optimizer", "lr_sgd", "weight_decay", "spread", "ratings", "steps", "passes", "",
          "row", "user", "item", "user_idx", "item_idx", "rating", "predicted", "error")
_ROWS = ("p", "q", "gradient_p", "gradient_q", "next_p", "next_q")
_TABLE = ("what", "goes to", "comes from", "at Reset")
_TABLE_ROWS = 5     # the two rows of factors in hand, all factors at Reset, and the number of steps
_TOP = 3


@dataclass(frozen=True)
class RatingStepsPlan:
    """Beside the history of a sheet in long form."""

    long: LongForm

    @property
    def sheet(self) -> str:
        return self.long.layout.sheet

    @property
    def factors(self) -> int:
        return self.long.layout.user_factors.shape[1]

    @property
    def left(self) -> int:
        """The first column: labels, whose numbers stand in the next ones."""
        return self.long.history.right + 4      # between them stands how many ratings are above

    @property
    def settings(self) -> dict[str, Cell]:
        """Numbers to set, and what is known of the rating in hand."""
        return {name: Cell(_TOP + place, self.left + 1) for place, name in enumerate(_LINES) if name}

    @property
    def fault(self) -> Cell:
        """Says why no step can be taken; an empty text where one can."""
        return Cell(self.rows["next_q"].bottom + 2, self.left)

    @property
    def rows(self) -> dict[str, Range]:
        """The factors of the two in hand, their gradients and their next values: a row each, below a line of headers."""
        top = _TOP + len(_LINES) + 2
        return {name: Range(top + place, self.left + 1, top + place, self.left + self.factors) for place, name in enumerate(_ROWS)}

    @property
    def folded(self) -> int:
        """The first column that is folded away."""
        return self.left + max(self.factors, 3) + 2

    @property
    def table(self) -> Range:
        """What a step copies, as macros read it."""
        return Range(_TOP + 1, self.folded + 1, _TOP + _TABLE_ROWS, self.folded + len(_TABLE))

    @property
    def start(self) -> dict[str, Range]:
        """The factors before the first step, beside those of now."""
        left = self.table.right + 2
        return {role: Range(block.range.top, left, block.range.bottom, left + self.factors - 1)
                for role, block in self.long.layout.parameters.items()}

    @property
    def right(self) -> int:
        """The last column, one of air."""
        return self.start["user_factors"].right + 1

    @property
    def area(self) -> Range:
        """All of it."""
        return Range(1, self.left, max(self.long.used.bottom, self.fault.row, self.table.bottom), self.right)


def rating_steps_plan(plan: LongForm) -> RatingStepsPlan:
    """The plan for a sheet; UserError where it would need more columns than there are."""
    steps = RatingStepsPlan(plan)
    if steps.right > MAX_COL:
        raise UserError(f"Steps of {steps.factors:,} factors need {steps.right:,} columns; an Excel sheet holds {MAX_COL:,}. "
                        "Take fewer factors, or leave out the gradients.")
    return steps
