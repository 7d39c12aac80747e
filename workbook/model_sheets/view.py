"""What every view sheet is made from: the content of the workbook, and the blocks of its model sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyxl.grid.block_names import CHOSEN, CHOSEN_BLOCKS, MODEL_NUMBER, block_name, result_name
from pyxl.grid.layout import Layout
from workbook.model_sheets.crosstab_sheet import into_range_formula
from workbook.model_sheets.geometry import Crosstab, LongForm
from workbook.model_sheets.net_plan import NetPlan
from workbook.write.content import Content


@dataclass(frozen=True, eq=False)
class View:
    """What a view shows: the content of the workbook, by way of its crosstab sheets.

    Where there are several, their parameters come by way of the sheet `check`, which holds those of the model that is
    chosen there: ``view.name("item_factors") == "model_item_factors"``. Ratings and labels are those of the sheet `bias`
    where there is one, else of the first crosstab. Where there is one alone, all blocks are its own.
    """

    content: Content
    crosstabs: Mapping[str, Crosstab]

    @property
    def plan(self) -> Crosstab:
        return self.crosstabs.get("bias") or next(iter(self.crosstabs.values()))

    @property
    def layout(self) -> Layout:
        return self.plan.layout

    @property
    def several(self) -> bool:
        """Whether there is a model to choose."""
        return len(self.crosstabs) > 1

    def name(self, role: str) -> str:
        """The workbook's name of a block."""
        return block_name(CHOSEN if self.several and role in CHOSEN_BLOCKS else self.layout.sheet, role)

    def of_chosen(self, formula: Callable[[Layout], str]) -> str:
        """The formula of what is one for the chosen model and another for the others: ``formula(layout)`` for each."""
        *before, last = (formula(plan.layout) for plan in self.crosstabs.values())
        for number in range(len(before), 0, -1):
            last = f"IF({MODEL_NUMBER}={number},{before[number - 1]},{last})"
        return last

    def block_of_chosen(self, role: str, formula: str = "{block}") -> str:
        """The formula with the chosen model sheet's block of this role at ``{block}``."""
        return self.of_chosen(lambda layout: formula.format(block=block_name(layout.sheet, role)))

    @property
    def biases(self) -> bool:
        """Whether any of the models has biases; those of one that has none are 0."""
        return any(plan.layout.item_bias for plan in self.crosstabs.values())

    @property
    def bounded(self) -> bool:
        """Whether any of the models is bounded."""
        return any(plan.layout.low for plan in self.crosstabs.values())

    def into_range(self, x: str) -> str:
        """The formula of the prediction that a sum of factors and biases stands for: the sum, or its sigmoid."""
        return self.of_chosen(lambda layout: into_range_formula(
            x, block_name(layout.sheet, "low"), block_name(layout.sheet, "high")) if layout.low else x) if self.bounded else x

    @property
    def followed(self) -> str:
        """What the views show, in words for a note."""
        return "the model chosen on the sheet check" if self.several else f"the sheet {self.layout.sheet}"

    def until_fitted(self, trained: str, live: str) -> str:
        """The formula of a trained model's number, and after a fit in this workbook of what is here instead."""
        return f'IF({result_name(self.layout.sheet, "rmse_after")}="",{trained},{live})'


def view_on(plans: Mapping[str, Crosstab | LongForm | NetPlan], content: Content) -> View:
    """The view of a workbook with these sheets."""
    return View(content, {name: plan for name, plan in plans.items() if isinstance(plan, Crosstab)})
