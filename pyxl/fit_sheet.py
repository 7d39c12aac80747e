"""The whole of "press Fit" on a file: read, detect, verify, fit, write, recalculate, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import UserError

from .cells import Cell, Value, quoted
from .detect import NoModel, NotRecognised
from .formulas import Calculator
from .parameters import parameter_cells
from .ready_model import ReadyModel, ready_model
from .recalculate import refreshed
from .start_sheet import result_cells, sheet_settings
from .verify import agrees
from .xlsx import open_book, same_file

if TYPE_CHECKING:
    from solver import Epoch, FitResult, Settings


def fit_workbook(path, *, out=None, sheets: Iterable[str] | None = None,
                 settings: Settings | None = None, options: Mapping | None = None,
                 overwrite: bool = False,
                 on_epoch: Callable[[str, Epoch], bool | None] | None = None) -> dict[str, FitResult]:
    """Fit every recognised sheet of a workbook, or the named ones, and write the parameters.

    `out` is the new workbook; the same path as `path` means in place, None writes nothing. An
    existing other file is replaced only with `overwrite`. `settings` None takes the workbook's
    own (its `start` sheet), or the defaults; `options` changes single ones of them by name.
    `on_epoch` is called with the sheet's name and the epoch; a true value, or Ctrl-C, stops
    there: what was found so far is written. Formulas stay; their cached results are refreshed.
    Raises UserError; then nothing has been written.
    """
    with open_book(path) as book:
        from solver import fit  # torch takes a second: a file that cannot be opened says so before
        save = None
        if out is not None:
            target = None if same_file(book.path, out) else Path(out)  # None: in place
            book.refuse_unless_savable(out=target, overwrite=overwrite)  # before the work, not after it
            save = partial(book.save, out=target, overwrite=overwrite)
        settings = replace(settings, **(options or {})) if settings else sheet_settings(book, options or {})
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
        return _write(book, fitted, results, skipped, save=save)


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
        reason = skipped[0] if len(skipped) == 1 else f"`collabsheet inspect {book.path.name}` says what each sheet lacks."
        raise UserError(f"'{book.path.name}' has no sheet with a model that we know. {reason}")
    return ready, skipped


def _write(book, fitted: list[ReadyModel], results: dict[str, FitResult], skipped: list[str], *,
           save: Callable[[dict], Path] | None) -> dict[str, FitResult]:
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
    if save is not None:
        save({sheet: {**changes.get(sheet, {}), **cached.get(sheet, {})} for sheet in changes | cached})
    return {sheet: replace(result, notes=result.notes + tuple(notes[sheet])) for sheet, result in results.items()}


def _changes(book, fitted: list[ReadyModel], results: dict[str, FitResult]) -> dict[str, dict[Cell, Value]]:
    """The constants to write, by sheet: parameters that moved, ratings mended, and last results."""
    changes: dict[str, dict[Cell, Value]] = {}
    for r in fitted:
        sheet = r.model.layout.sheet
        result, values = results[sheet], book.grid(sheet).values
        moved = {cell: number for cell, number in parameter_cells(r.model.layout, result.factors).items()
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
