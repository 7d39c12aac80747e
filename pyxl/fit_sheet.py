"""The whole of "press Fit" on a file: read, detect, verify, fit, write, recalculate, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import UserError

from .xlsx import open_book
from .cells import Cell, Value, quoted
from .detect import ModelSheet, NoModel, NotRecognised, detect
from .formulas import Calculator
from .read_model import FIELDS, read_bounds, read_factors, read_ratings
from .recalculate import refreshed
from .sheet_names import solver_model
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
        ready, skipped = _ready(book, _chosen(book, sheets), settings, must=sheets is not None)
        results: dict[str, FitResult] = {}
        for r in ready:
            sheet = r.model.layout.sheet
            watch = on_epoch and (lambda epoch, sheet=sheet: on_epoch(sheet, epoch))
            try:
                results[sheet] = fit(r.ratings, r.start, r.settings, on_epoch=watch)
            except UserError as why:
                raise UserError(f"{sheet}: {why}") from why
            if results[sheet].stopped:
                break
        fitted = [r for r in ready if r.model.layout.sheet in results]
        return _write(book, fitted, results, skipped, out=out, overwrite=overwrite)


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
    notes += _solvers_other_wishes(book, model)
    return ReadyModel(model, ratings, start, settings, mended, tuple(notes), before)


def _solvers_other_wishes(book, model: ModelSheet) -> Iterator[str]:
    """What Solver's stored model asks beyond "make the error small by changing these blocks"."""
    layout, solver = model.layout, solver_model(book, model.layout.sheet)
    if solver is None:
        return
    wishes = []
    if solver.goal != "min":
        wishes.append("another goal than a minimum")
    if solver.constraints:
        wishes.append(f"{solver.constraints} constraint{'s' if solver.constraints > 1 else ''}")
    if solver.non_negative:
        wishes.append("no negative numbers")
    parameters = {cell for block in layout.parameters.values() for cell in block.range.cells()}
    if solver.changing and {cell for area in solver.changing for cell in area.cells()} != parameters:
        wishes.append("other changing cells")
    if wishes:
        yield (f"{quoted(layout.sheet)}: Solver's model there asks for {' and '.join(wishes)}; this fit made the "
               "error small by changing all factors and biases.")


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


def _ready(book, sheets: list[str], settings: Settings, *, must: bool) -> tuple[list[ReadyModel], list[str]]:
    """The sheets that can be fitted, and why others that look like a model cannot. Where each one
    `must` be fitted, or none can, that is a UserError."""
    ready, skipped = [], []
    for sheet in sheets:
        try:
            ready.append(ready_model(book, sheet, settings))
        except NotRecognised as why:
            if must:
                raise
            if not isinstance(why, NoModel):
                skipped.append(str(why))
    if not ready:
        reasons = skipped or [f"`collabsheet inspect {book.path.name}` says what each sheet lacks."]
        raise UserError(" ".join([f"'{book.path.name}' has no sheet with a model that we know.", *reasons]))
    return ready, skipped


def _write(book, fitted: list[ReadyModel], results: dict[str, FitResult], skipped: list[str], *, out,
           overwrite: bool) -> dict[str, FitResult]:
    """Steps 5 and 6: parameters and fresh results into the file, and the sheet's RMSE against ours."""
    changes = _changes(book, fitted, results)
    calculator = Calculator(book, overrides={(sheet, cell): value for sheet, cells in changes.items()
                                             for cell, value in cells.items()})
    cached, problems = refreshed(book, changes, calculator)
    notes = {r.model.layout.sheet: [*r.notes, *_disagreement(r, results, calculator)] for r in fitted}
    of_the_book = [f"Not fitted: {why}" for why in skipped]
    if book.manual_calculation:
        of_the_book.append(f"'{book.path.name}' calculates by hand: press F9 in Excel to see every result afresh.")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        of_the_book.append(f"{problems[0]}{more} Its stored result is stale until Excel opens the workbook.")
    notes[fitted[0].model.layout.sheet] += of_the_book
    if out is not None:
        edits = {sheet: {**changes.get(sheet, {}), **cached.get(sheet, {})} for sheet in changes | cached}
        book.save(edits, out=None if _same_file(book.path, out) else out, overwrite=overwrite)
    return {sheet: replace(result, notes=result.notes + tuple(notes[sheet])) for sheet, result in results.items()}


def _changes(book, fitted: list[ReadyModel], results: dict[str, FitResult]) -> dict[str, dict[Cell, Value]]:
    """The constants to write, by sheet: parameters that moved, ratings mended, and last results."""
    changes: dict[str, dict[Cell, Value]] = {}
    for r in fitted:
        sheet = r.model.layout.sheet
        result, values = results[sheet], book.grid(sheet).values
        moved = {cell: number for cell, number in parameter_cells(r.model, result.factors).items()
                 if values.get(cell) != number}
        changes.setdefault(sheet, {}).update(moved | r.mended)
        for place, cell, value in result_cells(book, sheet, result):
            changes.setdefault(place, {})[cell] = value
    return changes


def _disagreement(r: ReadyModel, results: dict[str, FitResult], calculator: Calculator) -> Iterator[str]:
    layout = r.model.layout
    ours, measured = results[layout.sheet].rmse_after, calculator.value(layout.sheet, layout.rmse)
    if layout.measure == "rmse" and not (isinstance(measured, float) and agrees(measured, ours)):
        yield (f"{quoted(layout.sheet)}!{layout.rmse} says {measured!r} where the fit says {ours!r}: "
               "please report this workbook.")


def _same_file(path: Path, out) -> bool:
    return Path(out).exists() and path.samefile(out)


def _by_place(sheet: str, cells: dict) -> dict:
    return {(sheet, cell): value for cell, value in cells.items()}
