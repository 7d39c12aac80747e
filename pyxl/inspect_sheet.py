"""What was found on each sheet, as plain data: for `collabsheet inspect`."""

from __future__ import annotations

from solver.errors import UserError

from .layout import Block
from .names import ROLES
from .ready_model import ready_model
from .sheet_names import solver_model
from .xlsx import open_book

GOALS = {"min": "minimise", "max": "maximise", "value": "bring to {target:g}"}


def inspect_workbook(path) -> dict[str, dict]:
    """A report for every sheet: recognised or the reason why not, the cells of every part, the
    RMSE now, Solver's stored model, and notes. Nothing is written."""
    from solver import Settings
    with open_book(path) as book:
        return {sheet: _report(book, sheet, Settings()) for sheet in book.sheets}


def _report(book, sheet: str, settings) -> dict:
    report: dict = {"recognised": False, "reason": None, "solver": None, "notes": []}
    try:
        report["solver"] = _solver(book, sheet)
        ready = ready_model(book, sheet, settings)
    except UserError as why:
        return report | {"reason": str(why)}
    layout = ready.model.layout
    cells = {role: _where(getattr(layout, role)) for role in ROLES if getattr(layout, role) is not None}
    return report | {
        "recognised": True, "variant": layout.variant, "form": layout.form, "measure": layout.measure,
        "n_ratings": len(ready.ratings), "n_users": layout.user_factors.shape[0],
        "n_items": layout.item_factors.shape[0], "n_factors": layout.user_factors.shape[1],
        "rmse": ready.rmse, "cells": cells, "notes": list(ready.notes)}


def _where(part) -> str:
    return str(part.range) if isinstance(part, Block) else str(part)


def _solver(book, sheet: str) -> str | None:
    model = solver_model(book, sheet)
    if model is None:
        return None
    goal = GOALS[model.goal].format(target=model.target)
    constraints = f", {model.constraints} constraints" if model.constraints else ""
    return (f"{goal} {model.objective or '(no cell)'} by changing "
            f"{', '.join(map(str, model.changing)) or 'no cells'}{constraints}")
