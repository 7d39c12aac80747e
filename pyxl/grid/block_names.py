"""The names our workbooks carry, one scheme for all: `<sheet>_<role>`, workbook-scoped.

`dotprod_ratings`, `bias_item_factors`, `embedding_rmse` … A sheet's blocks are named by the
roles of `Layout`, and so are its cells for a live fit (`<sheet>_status`, `<sheet>_stop`) and for what
every fit leaves (`<sheet>_history`); the `start` sheet holds one settings table for the workbook
(`setting_<option>`), the path of the Python that fits (`collabsheet_python`) and one line of results
for every model sheet (`<sheet>_last_<what>`). A sheet that only shows what a model sheet holds says so
by `<sheet>_view`, its first cell.
"""

from __future__ import annotations

from dataclasses import fields

from solver.core.options import Given
from solver.core.settings import options_given

from .layout import Layout

ROLES = tuple(f.name for f in fields(Layout) if f.name not in ("sheet", "form", "variant", "measure"))
SETTINGS = tuple(options_given(Given.START))    # the options that have a cell on `start`
PYTHON = "collabsheet_python"   # on `start`: the path of the Python that buttons start
CONTROLS = ("status", "stop")  # on a model sheet: what a live fit says, and the cell that stops it; `source_status` on `ratings`
RUN_LOG = "run_log"             # the line of headers of the sheet that keeps all runs
CHOSEN = "model"                # what the names of the chosen model's blocks on `check` begin with,
CHOSEN_BLOCKS = ("user_factors", "item_factors", "user_bias", "item_bias")      # as do those of a model sheet
CHOSEN_MODEL, MODEL_NUMBER = "chosen_model", "model_number"     # on `check`: the cell of the choice, and which it is, from 1
HELD = ("held_users", "held_items", "held_ratings")     # on `check`: the ratings in no model sheet
WITHIN = ("within_user", "within_item", "within_nine_of_ten")    # on `check`: the factors of ± of all users and items, and
# what they are multiplied by
SOURCE = ("source", "source_user", "source_item", "source_item_id")   # on `ratings`: the table with its labels, its first
# column and row, and the ids of items that have titles. Rows and columns inserted anywhere below or beside the labels belong to it.
SCALE = ("source_low", "source_high")       # on `ratings`: the lowest and the highest rating there may be
STEP_ROLES = ("gradients", "step_table", "step_fault", "steps")  # of a model sheet with gradients: all that is beside its blocks,
# the table by which buttons take a step, why none can be taken, and how many were
GRADIENTS_BY_EPOCH, GRADIENTS_NOW = "gradients_by_epoch", "gradients_now"   # there: what is noted of the gradient of every epoch or step,
# and a line of formulas that say the same of the present one
MAP_SHEET, TRAIL_ITEMS, TRAILS = "map", "trail_items", "trails"    # the sheet, and there the numbers of the items whose way in the last fit is
# shown, and these ways
RESULTS = ("rmse_before", "rmse_after", "epochs", "stop")


def block_name(sheet: str, role: str) -> str:
    """The name of a block: ``block_name('bias', 'user_factors') == 'bias_user_factors'``."""
    return f"{sheet}_{role}"


def control_name(sheet: str, what: str) -> str:
    """The name of a cell for a live fit: ``bias_status``, ``bias_stop``."""
    return f"{sheet}_{what}"


def held_out_name(sheet: str) -> str:
    """The name of the cell on `check` with a model sheet's RMSE on held-out ratings: ``bias_held_out``."""
    return f"{sheet}_held_out"


def history_name(sheet: str) -> str:
    """The name of the rows for epoch and error of the last fit: ``bias_history``."""
    return f"{sheet}_history"


def held_history_name(sheet: str) -> str:
    """The name of the column beside them for the error on ratings held out: ``bias_epochs_held``."""
    return f"{sheet}_epochs_held"


def trails_name(sheet: str) -> str:
    """The name of the cells on `map` for the way of the items in a model sheet's last fit: ``bias_trails``."""
    return f"{sheet}_{TRAILS}"


def view_name(sheet: str) -> str:
    """The name that marks a sheet as a view, on which nothing is to be fitted: ``items_view``."""
    return f"{sheet}_view"


def setting_name(option: str) -> str:
    """The name of a settings cell on the `start` sheet: ``setting_epochs``."""
    return f"setting_{option}"


def step_setting_name(sheet: str, what: str) -> str:
    """The name of a setting of the steps of gradient descent on a model sheet: ``bias_step_lr_sgd``."""
    return f"{sheet}_step_{what}"


def result_name(sheet: str, what: str) -> str:
    """The name of a result cell on the `start` sheet: ``bias_last_stop``."""
    return f"{sheet}_last_{what}"
