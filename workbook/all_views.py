"""The table of the view sheets, which show what the factors are good for. A new sheet is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xlsxwriter import Workbook

from workbook.model_sheets.view import View
from workbook.views.check.check_sheet import write_check
from workbook.views.map_sheet import write_map
from workbook.views.members.members_sheet import write_items, write_users
from workbook.views.recommend_sheet import write_recommend
from workbook.views.residuals_sheet import write_residuals
from workbook.views.served.served_sheet import write_served
from workbook.views.why_sheet import write_why
from workbook.views.you_sheet import write_you
from workbook.write.styles import Styles


@dataclass(frozen=True)
class ViewSheet:
    """A view sheet: `write(workbook, styles, view)` adds it, and `purpose` is what the sheet `start` says of it."""

    write: Callable[[Workbook, Styles, View], None]
    purpose: str


VIEWS: dict[str, ViewSheet] = {     # in the order of the tabs
    "recommend": ViewSheet(write_recommend, "Choose a user: the ten items predicted highest of those not rated."),
    "you": ViewSheet(
        write_you, "Rate a few items yourself: your factors, predictions and ten best follow at once, without a fit."),
    "why": ViewSheet(write_why, "Choose a user and an item: the parts that add up to the prediction."),
    "items": ViewSheet(write_items, "Items from best to worst by bias, in what they differ, and which are alike."),
    "users": ViewSheet(write_users, "The same for users."),
    "residuals": ViewSheet(write_residuals, "Rating − prediction in colours: where the model is still surprised."),
    "map": ViewSheet(write_map, "The items in the plane in which they differ most."),
    "check": ViewSheet(
        write_check, "Errors beside those of simple baselines, also on ratings held out: does a model overfit, and where? Here one chooses the model that the sheets above show."),
    "served": ViewSheet(write_served, "Whom the model serves: who rates, whose ratings it predicts well, which items all lists show, and what a discount on popular ones costs."),
}
