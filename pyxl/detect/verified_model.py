"""From a sheet to a verified model with its numbers: everything a fit needs, nothing written yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Range, quoted
from pyxl.grid.layout import Layout
from pyxl.grid.parameters import factors_from, parameter_cells
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.core.settings import OPTIONS
from solver.errors import UserError
from solver.model.array_factors import array_factors, as_arrays, rmse_of_arrays

from .checks.label_checks import refuse_contradicting_labels
from .detect import detect
from .model_sheet import ModelSheet
from .read_model import read_bounds, read_factors, read_sheet_ratings
from .verify import verified

if TYPE_CHECKING:
    from solver import Ratings, Settings
    from solver.model.net import AnyFactors


@dataclass(frozen=True, eq=False)
class VerifiedModel:
    """A sheet whose model is verified: everything a fit needs, and nothing was written yet.

    `start` are arrays (`solver.model.array_factors`). `ratings` are to be fitted; `counted` are those that the sheet's own RMSE counts, more where hidden ones are left out.
    """

    model: ModelSheet
    ratings: Ratings
    counted: Ratings
    start: AnyFactors
    settings: Settings
    mended: dict          # cells whose number was stored as text, and the number
    notes: tuple[str, ...]
    rmse: float           # at the start values

    @property
    def sheet(self) -> str:
        return self.model.layout.sheet

    @property
    def blocks(self) -> dict[str, tuple[str, Range]]:
        """The cells that a fit writes, by role."""
        return self.model.layout.areas


def verified_model(workbook: ReadableWorkbook, sheet: str, settings: Settings, *, start: Sequence[float] | None = None,
                   visible_only: bool = False) -> VerifiedModel:
    """Detect, read and verify one sheet. `start` are start values for all of its parameter cells; None:
    what the settings say. `visible_only` leaves out ratings in hidden rows and columns. Raises NotRecognised or UserError with the reason."""
    calculator = Calculator(workbook)
    model = detect(workbook, sheet, calculator=calculator)
    ratings, counted, mended, notes = read_sheet_ratings(workbook, model, calculator, visible_only=visible_only)
    refuse_contradicting_labels(workbook.grid(sheet), calculator, model.layout, user_of=model.user_of, item_of=model.item_of)
    bounds = read_bounds(workbook, model)
    low, high = bounds or (None, None)
    settings = _as_the_sheet_decides(settings, sheet, {
        "model": model.layout.variant, "low": low, "high": high, "dtype": "float64"} | _widths(workbook, model.layout, settings))
    if start is not None:
        factors = _given(sheet, model, start)
    elif settings.start == "random":
        drawn = _drawn(ratings, settings)
        factors = _unrated_as_they_are(workbook, model, ratings, as_arrays(drawn))
    else:
        factors = read_factors(workbook, model)
    before = rmse_of_arrays(factors, counted, bounds=bounds)
    there = workbook.grid(sheet).values
    changed = {(sheet, cell): value for cell, value in (parameter_cells(model.layout, factors) | mended).items()
               if there.get(cell) != value}
    model = verified(model, Calculator(workbook, overrides=changed) if changed else calculator,
                     rmse=before, n_ratings=len(counted))
    if model.layout.measure != "rmse":
        notes.append(f"{quoted(sheet)}!{model.layout.rmse} is the {model.layout.measure}, whatever its label "
                     "says; RMSE is reported here.")
    of_fitted = before if ratings is counted else rmse_of_arrays(factors, ratings, bounds=bounds)
    return VerifiedModel(model, ratings, counted, factors, settings, mended, tuple(notes), of_fitted)


def _as_the_sheet_decides(settings: Settings, sheet: str, decided: dict[str, Any]) -> Settings:
    """The settings with what the sheet decides. Raises UserError where something else was asked for."""
    for name, here in decided.items():
        asked = getattr(settings, name)
        if asked not in (OPTIONS[name].default, here):
            raise UserError(f"{quoted(sheet)}: {name} is {asked!r}, but on a sheet the sheet decides, and this one has "
                            f"{here!r}. Leave {name} out.")
    return replace(settings, **decided)


def _widths(workbook: ReadableWorkbook, layout: Layout, settings: Settings) -> dict[str, Any]:
    """The settings that the sizes of the blocks are."""
    if layout.variant != "net" or layout.hidden_bias is None:
        return {"n_factors": layout.user_factors.shape[1]}
    widths = {"embedding_sizes": (layout.user_factors.shape[1], layout.item_factors.shape[1]), "hidden": (layout.hidden_bias.shape[0],)}
    if settings.batch_size is None:
        return widths
    share = workbook.grid(layout.sheet).values.get(layout.dropout) if layout.dropout else None
    return widths | {"dropout": share if share else None}     # a step on all ratings at once leaves nothing out


def _drawn(ratings: Ratings, settings: Settings) -> AnyFactors:
    if settings.model == "net":
        from solver.fitting.start_values import start_values
        return start_values(ratings, settings)
    from solver import random_factors
    return random_factors(ratings, model=settings.known_model, n_factors=settings.n_factors, seed=settings.seed,
                          low=settings.low, high=settings.high)


def _given(sheet: str, model: ModelSheet, numbers: Sequence[float]) -> AnyFactors:
    try:
        return factors_from(model.layout, numbers)
    except ValueError:
        raise UserError(f"{quoted(sheet)} has another size than when its start values were kept.") from None


def _unrated_as_they_are(workbook: ReadableWorkbook, model: ModelSheet, ratings: Ratings, start: AnyFactors) -> AnyFactors:
    """Random start values, but for users and items without a rating: nothing would move them from
    there, so they keep what the sheet has, if it has numbers everywhere."""
    try:
        there = read_factors(workbook, model)
    except UserError:
        return start
    kept = {name: np.array(part) for name, part in start.tensors().items()}
    for index, names in ((ratings.user_index, ("user", "user_bias")), (ratings.item_index, ("item", "item_bias"))):
        for name in names:
            if name in kept:
                unrated = sorted(set(range(len(kept[name]))) - set(index.tolist()))
                kept[name][unrated] = there.tensors()[name][unrated]
    return array_factors(kept)
