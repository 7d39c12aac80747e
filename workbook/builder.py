"""Ratings -> workbook: plan every sheet, check that Excel can hold it, write it, put it in place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from xlsxwriter import Workbook

from pyxl.grid.block_names import CONTROLS, ROLES, RUN_LOG, block_name, held_history_name, view_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.layout import Block, Layout
from pyxl.grid.parameters import parameter_cells
from solver import Ratings, Settings, random_factors
from solver.model.net import AnyFactors
from workbook.data_sheets.ratings_sheet import write_ratings
from workbook.data_sheets.run_log_sheet import RUN_LOG_TITLE as RUN_LOG_SHEET
from workbook.data_sheets.run_log_sheet import write_run_log
from workbook.data_sheets.start_sheet import START_SHEET as START
from workbook.data_sheets.start_sheet import write_start
from workbook.gradients.gradient_plan import GradientPlan, gradient_plans
from workbook.gradients.rating_steps import write_rating_steps
from workbook.gradients.rating_steps_plan import RatingStepsPlan, rating_steps_plan
from workbook.gradients.step_buttons import STEP_MODULE, insert_step_buttons, step_macros
from workbook.gradients.step_table import write_gradient_columns
from workbook.model_sheets.buttons import MODULE, add_macros, macro_source
from workbook.model_sheets.controls import write_before_fit
from workbook.model_sheets.crosstab_sheet import write_crosstab
from workbook.model_sheets.embedding_sheet import MOST_COPIES, write_embedding
from workbook.model_sheets.geometry import Crosstab, LongForm, check_size, crosstab, held_beside, long_form
from workbook.model_sheets.loss_chart import write_history
from workbook.model_sheets.net_plan import NetPlan, net_plan, widths_for
from workbook.model_sheets.net_sheet import write_net
from workbook.model_sheets.solver_names import define_solver_names, problem_of
from workbook.views.days_sheet import DAYS_SHEET, write_days
from workbook.views.tour import tour
from workbook.write.content import Content, content_of
from workbook.write.styles import make_styles

from .all_views import VIEWS
from .model_sheets.view import view_on
from .new_file import checked_new_target, compute_formulas, new_file, new_workbook
from .xlwings_conf import write_conf

CROSSTABS = {"dotprod": "dot", "bias": "dot+bias", "bounded": "bounded"}  # sheet -> model
EMBEDDING = "embedding"
NET = "net"     # the sheet, and its model
Plan = Crosstab | LongForm | NetPlan


@dataclass(frozen=True)
class SheetPlans:
    """Where everything will stand, by sheet: the `models`, and beside them the steps of gradient descent, where these are wanted."""

    models: dict[str, Plan]
    gradients: dict[str, GradientPlan] = field(default_factory=dict)
    rating_steps: dict[str, RatingStepsPlan] = field(default_factory=dict)

    @property
    def crosstabs(self) -> dict[str, Crosstab]:
        return {name: plan for name, plan in self.models.items() if isinstance(plan, Crosstab)}

    @property
    def layouts(self) -> dict[str, Layout]:
        return {name: plan.layout for name, plan in self.models.items()}


def build(ratings: Ratings, path, *, n_factors: int = 5, titles: Mapping | None = None, seed: int = 0,
          bounds: tuple[float, float] | None = None, holdout: float = 0.0, net: bool = False, gradients: bool = False,
          python: str = sys.executable, overwrite: bool = False) -> dict[str, Layout]:
    """Write a workbook with these ratings and every model as live formulas; an .xlsm has buttons too.

    `titles` names items by id; `bounds` is (low, high) of the bounded model, by default the ratings'
    range widened by one step. The share `holdout` of the ratings is left out of the model sheets and
    kept on the sheet `check`, to judge the models by; it and the start values are random by `seed`.
    With `net` there is also the lesson's embedding net; with `gradients` the sheets `dotprod` and `bias` show gradient
    descent, step by step, in columns that are folded away. `python` is the path of the Python that buttons start. Returns the
    Layout of each model sheet: ``dotprod``, ``bias``, ``bounded``, ``embedding``, ``net``. Raises UserError, with
    nothing written, for ratings that no sheet can hold or tell apart, and where `path` exists
    (unless `overwrite`), is open elsewhere or cannot be written.
    """
    content = content_of(ratings, titles=titles, n_factors=n_factors, seed=seed, bounds=bounds, holdout=holdout)
    low, high = content.bounds
    parameters: dict[str, AnyFactors] = {
        model: random_factors(content.ratings, model=model, n_factors=n_factors, seed=seed, low=low, high=high)
        for model in CROSSTABS.values()}
    if net:
        widths = widths_for(content.ratings.n_users, content.ratings.n_items)
        content = replace(content, net=widths)
        from solver.fitting.start_values import start_values

        parameters[NET] = start_values(content.ratings, Settings(
            model="net", low=low, high=high, seed=seed, embedding_sizes=(widths.user, widths.item), hidden=(widths.hidden,)))
    return build_with(replace(content, python=python, gradients=gradients), path, overwrite=overwrite, parameters=parameters)


def build_with(content: Content, path, *, parameters: Mapping[str, AnyFactors], overwrite: bool = False,
               fill: Callable[[Path], None] | None = None) -> dict[str, Layout]:
    """As `build`, with given parameters by name of the model, or of single sheets: only the sheets of these models are
    written. `fill` writes into the draft what else belongs there, before formulas are computed."""
    target = checked_new_target(path, overwrite=overwrite)
    content = replace(content, macros=target.suffix.lower() == ".xlsm")
    plans = plan_sheets(content, parameters)
    with new_file(target, overwrite=overwrite) as draft:
        _write(draft, plans, content, parameters)
        if fill:
            fill(draft)
        compute_formulas(draft)
    return plans.layouts


def write_draft(content: Content, path: Path, *, parameters: Mapping[str, AnyFactors]) -> None:
    """As `build_with`, to a file of one's own, whose formulas have no results: what a workbook is made of."""
    content = replace(content, macros=path.suffix.lower() == ".xlsm")
    _write(path, plan_sheets(content, parameters), content, parameters)


def plan_sheets(content: Content, models: Container[str]) -> SheetPlans:
    """Where everything will stand, by sheet, for the sheets of these models; UserError where it is
    more than Excel holds."""
    ratings, k = content.ratings, content.n_factors
    size = {"users": ratings.n_users, "items": ratings.n_items, "factors": k}
    plans: dict[str, Plan] = {
        name: crosstab(name, model, **size) for name, model in CROSSTABS.items() if model in models or name in models}
    if "dot" in models or EMBEDDING in models:
        small = ratings.n_users * ratings.n_items <= MOST_COPIES
        plans[EMBEDDING] = long_form(EMBEDDING, **size, ratings=len(content.given if small else ratings), copies=small)
    if content.net:
        plans[NET] = net_plan(NET, users=ratings.n_users, items=ratings.n_items, ratings=len(content.given), widths=content.net)
    found = SheetPlans(plans)
    if content.gradients:
        found = replace(found, gradients=gradient_plans(found.crosstabs),
                        rating_steps={name: rating_steps_plan(plan) for name, plan in plans.items() if isinstance(plan, LongForm)})
    check_size(**size, ratings=len(content.given), bottom=max((plan.used.bottom for plan in plans.values()), default=1),
               right=max((plan.history.right + 1 for plan in plans.values()), default=1))
    return found


def _write(path: Path, plans: SheetPlans, content: Content, parameters: Mapping[str, AnyFactors]) -> None:
    crosstabs = plans.crosstabs
    with new_workbook(path) as workbook:
        workbook.set_size(2400, 1500)
        styles = make_styles(workbook)
        start = workbook.add_worksheet(START)
        write_ratings(workbook, styles, content, block_name(next(iter(plans.models)), "ratings"))
        for name, plan in plans.models.items():
            layout = plan.layout
            if isinstance(plan, Crosstab):
                write_crosstab(workbook, styles, plan, content, next(iter(crosstabs.values())))
                _define(workbook, layout.sheet, "filled", plan.filled)
            elif isinstance(plan, NetPlan):
                write_net(workbook, styles, plan, content)
            else:
                write_embedding(workbook, styles, plan, content, crosstabs["dotprod"])
            sheet = workbook.get_worksheet_by_name(layout.sheet)
            write_history(workbook, sheet, styles, plan, held=len(content.held) > 0)
            _define(workbook, layout.sheet, "history", plan.history)
            if len(content.held):
                workbook.define_name(held_history_name(layout.sheet), f"={quoted(layout.sheet)}!{held_beside(plan.history).absolute}")
            for cell, number in parameter_cells(layout, parameters.get(layout.sheet) or parameters[layout.variant]).items():
                sheet.write_number(cell.row - 1, cell.col - 1, number, styles.factor)
            if name in plans.gradients:
                write_gradient_columns(workbook, sheet, styles, plans.gradients[name], content)
            if name in plans.rating_steps:
                write_rating_steps(workbook, sheet, styles, plans.rating_steps[name])
            if content.macros and (name in plans.gradients or name in plans.rating_steps):
                insert_step_buttons(sheet)
            _define_block_names(workbook, layout)
            for what in CONTROLS:
                _define(workbook, layout.sheet, what, Range.around([getattr(plan, what)]))
            define_solver_names(workbook, problem_of(layout))
        view = view_on(plans.models, content)
        for name, view_sheet in VIEWS.items():
            view_sheet.write(workbook, styles, view)
            workbook.define_name(view_name(name), f"={quoted(name)}!$A$1")
        purposes = {name: view_sheet.purpose for name, view_sheet in VIEWS.items()}
        if content.trained and content.trained.days:
            write_days(workbook, styles, view, content.trained.days)
            workbook.define_name(view_name(DAYS_SHEET), f"={quoted(DAYS_SHEET)}!$A$1")
            purposes[DAYS_SHEET] = "Predictions of the day on which each rating was given, by formulas over the model's rows of days."
        workbook.define_name(RUN_LOG, f"={quoted(RUN_LOG_SHEET)}!{write_run_log(workbook, styles).absolute}")
        write_before_fit(workbook)
        write_conf(workbook)
        write_start(workbook, styles, start, content, plans.layouts,
                    purposes, path.name, tour=tour(content, view, {"ratings", *plans.models, *VIEWS}))
        if content.macros:
            add_macros(workbook, {MODULE: macro_source(), **({STEP_MODULE: step_macros()} if content.gradients else {})})


def model_of(sheet: str) -> str:
    """The model of a sheet, by the name that it is built with."""
    return CROSSTABS.get(sheet, "dot")


def _define_block_names(workbook: Workbook, layout: Layout) -> None:
    for role in ROLES:
        where = getattr(layout, role)
        if isinstance(where, Block):
            where = where.range
        elif isinstance(where, Cell):
            where = Range.around([where])
        if where is not None:
            _define(workbook, layout.sheet, role, where)


def _define(workbook: Workbook, sheet: str, role: str, where: Range) -> None:
    workbook.define_name(block_name(sheet, role), f"={quoted(sheet)}!{where.absolute}")
