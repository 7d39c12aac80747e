"""Checks a detected model against the sheet's own numbers: its RMSE must equal ours to 1e-9."""

from __future__ import annotations

import math
from dataclasses import replace

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import quoted

from .model_sheet import ModelSheet, NotRecognised, NotVerified

AGREE = 1e-9  # how close the sheet's number and ours must be, relative above 1

MEASURES = {  # what a cell that judges predictions may compute, from Σ(r̂ − r)² and the count
    "rmse": lambda squares, n: math.sqrt(squares / n),
    "mean squared error": lambda squares, n: squares / n,
    "sum of squared errors": lambda squares, n: squares,
    "root of the sum of squared errors": lambda squares, n: math.sqrt(squares),
    "half the mean squared error": lambda squares, n: squares / n / 2,
}


def verified(model: ModelSheet, calculator: Calculator, *, rmse: float, n_ratings: int) -> ModelSheet:
    """The model with the measure that its cell really computes.

    `rmse` is ours at the parameters that `calculator` has; it evaluates the sheet's own formulas
    afresh, cached values are not asked. Raises
    NotRecognised when no measure agrees to 1e-9: then the sheet computes something else.
    """
    layout = model.layout
    where = f"{quoted(layout.sheet)}!{layout.rmse}"
    try:
        measured = calculator.value(layout.sheet, layout.rmse)
    except FormulaError as why:
        raise NotRecognised(f"{where} cannot be checked: {why}") from why
    if isinstance(measured, float):
        squares = rmse ** 2 * n_ratings
        for name, measure in MEASURES.items():
            if agrees(measure(squares, n_ratings), measured):
                return replace(model, layout=replace(layout, measure=name))
    raise NotVerified(f"{where} is {measured}, but a {layout.variant} model of {layout.ratings} has an RMSE "
                        f"of {rmse:.9g} there: its formulas compute something else.")


def agrees(a: float, b: float) -> bool:
    """Equal to 1e-9, absolutely below 1 and relatively above."""
    return abs(a - b) <= AGREE * max(1.0, abs(a), abs(b))
