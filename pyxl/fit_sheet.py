"""The whole of "press Fit" on a file: read, detect, verify, fit, write, recalculate, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from solver.errors import UserError

from .xlsx import open_book
from .cells import Cell, quoted
from .detect import ModelSheet, NotRecognised, detect
from .formulas import Calculator
from .read_model import FIELDS, read_bounds, read_factors, read_ratings
from .recalculate import refreshed
from .start_sheet import result_cells, sheet_settings
from .verify import agrees, verified

if TYPE_CHECKING:
    from solver import Epoch, Factors, FitResult, Ratings, Settings


@dataclass(frozen=True, eq=False)
class ReadyModel:
    """A sheet whose model is verified: everything a fit needs, and nothing was written yet."""

    model: ModelSheet
    ratings: Ratings
    start: Factors
    settings: Settings
    mended: dict          # cells whose number was stored as text, and the number
    notes: tuple[str, ...]
    rmse: float           # at the start values


def fit_workbook(path, *, out=None, sheets: Iterable[str] | None = None,
                 settings: Settings | None = None, options: Mapping | None = None,
                 overwrite: bool = False,
                 on_epoch: Callable[[str, Epoch], bool | None] | None = None) -> dict[str, FitResult]:
    """Fit every recognised sheet of a workbook, or the named ones, and write the parameters.

    `out` is the new workbook; the same path as `path` means in place, None writes nothing. An
    existing other file is replaced only with `overwrite`. `settings` None takes the workbook's
    own (its `start` sheet), or the defaults; `options` changes single ones of them by name.
    `on_epoch` is called with the sheet's name and the
    epoch; a true value, or Ctrl-C, stops there: what was found so far is written. Formulas stay;
    their cached results are refreshed. Raises UserError; then nothing has been written.
    """
    with open_book(path) as book:
        from solver import fit  # torch takes a second: a file that cannot be opened says so before
        settings = settings or sheet_settings(book, options or {})
        chosen = _chosen(book, sheets)
        ready = [_ready(book, sheet, settings, must=sheets is not None) for sheet in chosen]
        ready = [r for r in ready if r is not None]
        if not ready:
            raise UserError(f"'{book.path.name}' has no sheet with a model that we know. "
                            f"`collabsheet inspect {book.path.name}` says what each sheet lacks.")
        results: dict[str, FitResult] = {}
        for r in ready:
            sheet = r.model.layout.sheet
            results[sheet] = fit(r.ratings, r.start, r.settings,
                                 on_epoch=on_epoch and (lambda epoch, sheet=sheet: on_epoch(sheet, epoch)))
            if results[sheet].stopped:
                break
        fitted = [r for r in ready if r.model.layout.sheet in results]
        return _write(book, fitted, results, out=out, overwrite=overwrite)


def ready_model(book, sheet: str, settings: Settings) -> ReadyModel:
    """Detect, read and verify one sheet. Raises NotRecognised or UserError with the reason."""
    from solver import random_factors, rmse

    model = detect(book, sheet)
    ratings, mended, notes = read_ratings(book, model)
    bounds = read_bounds(book, model)
    low, high = bounds or (None, None)
    settings = replace(settings, model=model.layout.variant, low=low, high=high,
                       n_factors=model.layout.user_factors.shape[1])
    if settings.start == "random":
        start = random_factors(ratings, model=settings.model, n_factors=settings.n_factors,
                               seed=settings.seed, low=low, high=high)
    else:
        start = read_factors(book, model)
    before = rmse(start, ratings, bounds=bounds)
    model = verified(book, model, rmse=before, n_ratings=len(ratings),
                     overrides=_by_place(sheet, parameter_cells(model, start) | mended))
    if model.layout.measure != "rmse":
        notes.append(f"{quoted(sheet)}!{model.layout.rmse} is the {model.layout.measure}, whatever its label "
                     "says; RMSE is reported here.")
    return ReadyModel(model, ratings, start, settings, mended, tuple(notes), before)


def parameter_cells(model: ModelSheet, factors: Factors) -> dict[Cell, float]:
    """The value of every parameter cell of the sheet for these factors."""
    cells = {}
    for role, block in model.layout.parameters.items():
        numbers = getattr(factors, FIELDS[role]).reshape(block.shape).tolist()
        cells.update((cell, number) for row, line in zip(block.cells(), numbers)
                     for cell, number in zip(row, line))
    return cells


def _chosen(book, sheets: Iterable[str] | None) -> list[str]:
    if sheets is None:
        return list(book.sheets)
    chosen = [sheets] if isinstance(sheets, str) else list(dict.fromkeys(sheets))
    for sheet in chosen:
        book.grid(sheet)  # raises when there is none of that name
    return chosen


def _ready(book, sheet: str, settings: Settings, *, must: bool) -> ReadyModel | None:
    try:
        return ready_model(book, sheet, settings)
    except NotRecognised:
        if must:
            raise
        return None


def _write(book, fitted: list[ReadyModel], results: dict[str, FitResult], *, out,
           overwrite: bool) -> dict[str, FitResult]:
    changes: dict[str, dict] = {}
    for r in fitted:
        sheet, result = r.model.layout.sheet, results[r.model.layout.sheet]
        values = book.grid(sheet).values
        new = {cell: number for cell, number in parameter_cells(r.model, result.factors).items()
               if values.get(cell) != number}
        changes.setdefault(sheet, {}).update(new | r.mended)
        for place, cell, value in result_cells(book, sheet, result):
            changes.setdefault(place, {})[cell] = value
    overrides = {(sheet, cell): value for sheet, cells in changes.items() for cell, value in cells.items()}
    calculator = Calculator(book, overrides=overrides)
    cached, problems = refreshed(book, changes, calculator)
    for r in fitted:
        layout = r.model.layout
        measured = calculator.value(layout.sheet, layout.rmse)
        result, notes = results[layout.sheet], list(r.notes)
        if layout.measure == "rmse" and not agrees(measured, result.rmse_after):
            notes.append(f"{quoted(layout.sheet)}!{layout.rmse} says {measured!r} where the fit says "
                         f"{result.rmse_after!r}: please report this workbook.")
        results[layout.sheet] = replace(result, notes=result.notes + tuple(notes))
    first = fitted[0].model.layout.sheet
    if book.manual_calculation:
        note = f"'{book.path.name}' calculates by hand: press F9 in Excel to see every result afresh."
        results[first] = replace(results[first], notes=results[first].notes + (note,))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        note = f"{problems[0]}{more} Its stored result is stale until Excel recalculates, which it does on opening."
        results[first] = replace(results[first], notes=results[first].notes + (note,))
    if out is not None:
        edits = {sheet: {**changes.get(sheet, {}), **cached.get(sheet, {})} for sheet in changes | cached}
        same = book.path.exists() and _same_file(book.path, out)
        book.save(edits, out=None if same else out, overwrite=overwrite)
    return results


def _same_file(path, out) -> bool:
    from pathlib import Path
    return Path(out).exists() and Path(path).samefile(out)


def _by_place(sheet: str, cells: dict) -> dict:
    return {(sheet, cell): value for cell, value in cells.items()}
