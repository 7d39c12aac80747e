"""The sheets that show what the factors are good for: what they stand on, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyxl.grid.block_names import block_name, result_name
from pyxl.grid.layout import Layout
from workbook.model_sheets.crosstab_sheet import into_range_formula
from workbook.model_sheets.geometry import Crosstab, LongForm
from workbook.views.check.check_sheet import write_check
from workbook.views.map_sheet import write_map
from workbook.views.members_sheet import write_items, write_users
from workbook.views.recommend_sheet import write_recommend
from workbook.views.why_sheet import write_why
from workbook.views.you_sheet import write_you
from workbook.write.content import Content


@dataclass(frozen=True, eq=False)
class View:
    """What a view shows: the content of the workbook, by way of one of its crosstab sheets.

    That is the sheet `bias` where there is one, else the first crosstab. Its blocks are named in
    formulas: ``view.name("item_factors") == "bias_item_factors"``.
    """

    content: Content
    crosstabs: Mapping[str, Crosstab]

    @property
    def plan(self) -> Crosstab:
        return self.crosstabs.get("bias") or next(iter(self.crosstabs.values()))

    @property
    def layout(self) -> Layout:
        return self.plan.layout

    def name(self, role: str) -> str:
        """The workbook's name of a block of the crosstab sheet."""
        return block_name(self.layout.sheet, role)

    @property
    def biases(self) -> bool:
        return self.layout.item_bias is not None

    def into_range(self, x: str) -> str:
        """The formula of the prediction that a sum of factors and biases stands for: the sum, or its sigmoid."""
        return into_range_formula(x, self.name("low"), self.name("high")) if self.layout.low else x

    def until_fitted(self, trained: str, live: str) -> str:
        """The formula of a trained model's number, and after a fit in this workbook of what is here instead."""
        return f'IF({result_name(self.layout.sheet, "rmse_after")}="",{trained},{live})'


VIEWS: dict[str, Callable] = {  # in the order of the tabs
    "recommend": write_recommend, "you": write_you, "why": write_why, "items": write_items, "users": write_users,
    "map": write_map, "check": write_check}

_SUMS_ONLY = {"you"}     # a newcomer's factors in a sigmoid are no formula


def sheets_for(view: View) -> dict[str, Callable]:
    """Those of the table that the model has formulas for."""
    return {name: write for name, write in VIEWS.items() if not (view.layout.low and name in _SUMS_ONLY)}


def view_on(plans: Mapping[str, Crosstab | LongForm], content: Content) -> View:
    """The view of a workbook with these sheets."""
    return View(content, {name: plan for name, plan in plans.items() if isinstance(plan, Crosstab)})
