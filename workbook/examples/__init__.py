"""Small workbooks with a problem each, made by `make_examples` and kept here as they are."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from pyxl.xlsx.atomic_file import not_saved
from solver.errors import UserError
from workbook.new_file import new_file

NAMES = ("rosenbrock", "least_squares", "logistic_regression", "portfolio", "two_layer_net", "blending", "staff_schedule", "knapsack",
         "k_median", "round_trip")


def write_examples(folder, *, overwrite: bool = False) -> list[Path]:
    """Copy the example workbooks into `folder`, which is made where it is missing; their paths. Raises UserError."""
    folder, source = Path(folder), resources.files(__package__)
    targets = [folder / f"{name}.xlsx" for name in NAMES]
    if not overwrite and (there := next((target for target in targets if target.exists()), None)):
        raise UserError(f"{there} exists already. Choose another folder, or say --overwrite.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            with resources.as_file(source / target.name) as path, new_file(target, overwrite=overwrite) as draft:
                shutil.copyfile(path, draft)
    except OSError as error:
        raise not_saved(str(folder), error) from error
    return targets
