"""A tour of the workbook: what to look at, one after another, with a question to answer before looking."""

from __future__ import annotations

from collections.abc import Collection

from pyxl.grid.cells import Cell
from workbook.data_sheets.ratings_sheet import SourcePlan
from workbook.data_sheets.start_sheet import Stop
from workbook.model_sheets.view import View
from workbook.views.residuals_sheet import RESIDUALS_HEAD
from workbook.views.why_sheet import EXPLAINED_USER
from workbook.views.you_plan import YOU_HEAD
from workbook.write.content import Content


def tour(content: Content, view: View, sheets: Collection[str]) -> list[Stop]:
    """The stops that these sheets have: eight in a workbook with all of them."""
    layout, held = view.layout, len(content.held) > 0
    source, judged = SourcePlan(len(content.users), len(content.items)).ratings.first, "check" in sheets and held
    stops = [
        Stop("ratings", source, "A rating is typed here, and nowhere else. If you change this one, which sheets will change with it?"),
        Stop(layout.sheet, layout.rmse, "How far off is a prediction on average, in stars, before a fit? And after it? Guess, then press Fit."),
        Stop(layout.sheet, layout.user_factors.range.first, "Factors of one user. Type another number over one of them: which cells change, and does the RMSE fall?"),
        Stop(layout.sheet, view.plan.filled.first, "The table without blanks. Who will like best what they have not seen?"),
        Stop("residuals", Cell(RESIDUALS_HEAD + 1, 2), "Which rating surprises the model most? What would it have to know to expect it?"),
        Stop("check", Cell(8, 3) if judged else Cell(8, 2),
             "Does a model with factors predict ratings that it has not seen better than biases alone? By how much?" if judged else
             "How much of the error do factors take away that biases leave?"),
        Stop("you", Cell(YOU_HEAD + 1, 2), "Rate three items as you like. What will stand first among your ten best?"),
        Stop("why", EXPLAINED_USER, "Why is it recommended: because everybody likes it, or because of this user's taste?")]
    return [stop for stop in stops if stop.sheet in sheets]
