"""The sheets that show what the factors are good for: what they stand on, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyxl.layout import Layout
from pyxl.names import block_name

from .content import Content
from .geometry import Crosstab
from .members_sheet import write_items, write_users


@dataclass(frozen=True, eq=False)
class View:
    """What a view shows: the content of the workbook, by way of one crosstab sheet.

    That is the sheet `bias` where there is one, else the first crosstab. Its blocks are named in
    formulas: ``view.name("item_factors") == "bias_item_factors"``.
    """

    content: Content
    plan: Crosstab

    @property
    def layout(self) -> Layout:
        return self.plan.layout

    def name(self, role: str) -> str:
        """The workbook's name of a block of the crosstab sheet."""
        return block_name(self.layout.sheet, role)


VIEWS: dict[str, Callable] = {"items": write_items, "users": write_users}  # in the order of the tabs


def view_on(plans: dict, content: Content) -> View:
    """The view of a workbook with these sheets."""
    crosstabs = {name: plan for name, plan in plans.items() if isinstance(plan, Crosstab)}
    return View(content, crosstabs.get("bias") or next(iter(crosstabs.values())))
