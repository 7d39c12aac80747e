"""The whole of "press Fit": read, detect, verify, fit, write, recalculate, compare.

The steps are the same wherever the workbook is: a host holds it. A host has `name`, `sheets`,
`names`, `manual_calculation` and `grid(sheet)`, as they were read; `write(changes)`,
`recalculate()`, `value(sheet, cell)` and `edited(sheet, range)` speak of what is there now.
`FileHost` is a file, `LiveHost` an open workbook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from solver.errors import UserError
from solver.model import MODELS

from . import before_fit
from .cells import Cell, Value, quoted
from .detect import NoModel, NotRecognised
from .file_host import FileHost
from .history import history_area, history_cells
from .parameters import parameter_cells
from .ready_model import ReadyModel, ready_model
from .run_log import Run, find_log, logged_run
from .start_sheet import result_cells, sheet_settings
from .verify import agrees
from .xlsx import open_book, same_file

if TYPE_CHECKING:
    from solver import Epoch, Factors, FitResult, Settings


class Watcher(Protocol):
    """Who is told how a fit goes, as `solver.fit` tells it."""

    def look(self, factors: Callable[[], Factors]) -> None: ...

    def on_epoch(self, epoch: Epoch) -> bool | None: ...


@dataclass(frozen=True)
class OnlyEpochs:
    """A watcher of epochs for somebody who wants the sheet's name with them."""

    sheet: str
    tell: Callable[[str, Epoch], bool | None] | None

    def look(self, factors: Callable[[], Factors]) -> None:
        """The factors are not asked for."""

    def on_epoch(self, epoch: Epoch) -> bool | None:
        return self.tell(self.sheet, epoch) if self.tell else None


def fit_workbook(path, *, out=None, sheets: Iterable[str] | None = None,
                 settings: Settings | None = None, options: Mapping | None = None,
                 overwrite: bool = False, repeat: int | None = None,
                 on_epoch: Callable[[str, Epoch], bool | None] | None = None) -> dict[str, FitResult]:
    """Fit every recognised sheet of a workbook, or the named ones, and write the parameters.

    `out` is the new workbook; the same path as `path` means in place, None writes nothing. An
    existing other file is replaced only with `overwrite`. `settings` None takes the workbook's
    own (its `start` sheet), or the defaults; `options` changes single ones of them by name.
    `repeat`, the number of a run in the workbook's run log, takes the sheet, the settings and the
    start values from there, and nothing of them may be given.
    `on_epoch` is called with the sheet's name and the epoch; a true value, or Ctrl-C, stops
    there: what was found so far is written. Formulas stay; their cached results are refreshed.
    Raises UserError; then nothing has been written.
    """
    with open_book(path) as book:
        target = None if out is None or same_file(book.path, out) else Path(out)  # None: in place
        if out is not None:
            book.refuse_unless_savable(out=target, overwrite=overwrite)  # before the work, not after it
        host = FileHost(book)

        results = fit_book(host, sheets=sheets, settings=settings, options=options or {}, repeat=repeat,
                           watch=lambda ready: OnlyEpochs(ready.model.layout.sheet, on_epoch))
        if out is not None:
            host.save(out=target, overwrite=overwrite)
        return results


def fit_book(host, *, sheets: Iterable[str] | None, settings: Settings | None, options: Mapping,
             watch: Callable[[ReadyModel], Watcher], repeat: int | None = None) -> dict[str, FitResult]:
    """Fit the recognised sheets of the workbook that `host` holds, or the named ones, and write.

    ``watch(ready)`` gives who is told how the fit of that sheet goes. Raises UserError; no
    parameter has been written by this function then.
    """
    _refuse_what_no_sheet_holds(settings, options)
    from solver import fit  # torch takes a second: a file that cannot be opened says so before

    if repeat is None:
        settings = replace(settings, **options) if settings else sheet_settings(host, options)
        ready, skipped = _ready(host, _chosen(host, sheets), settings, must=sheets is not None)
    elif sheets or settings or options:
        raise UserError("A run is repeated as it is in the run log: give neither sheets nor settings beside its number.")
    else:
        ready, skipped = [_repeated(host, logged_run(host, repeat))], []
    host.write(before_fit.kept(host, [r.model.layout for r in ready]))
    log, results = find_log(host), {}
    for r in ready:
        sheet = r.model.layout.sheet
        watcher = watch(r)
        try:
            result = fit(r.ratings, r.start, r.settings, on_factors=watcher.look, on_epoch=watcher.on_epoch)
        except UserError as why:
            raise UserError(f"{sheet}: {why}") from why
        results[sheet] = result = _as_the_sheet_has_it(r, result)
        host.write(_changes(host, r, result))
        if log:
            log, notes = log.add(host, r, result)
            results[sheet] = replace(result, notes=result.notes + notes)
        if results[sheet].stopped:
            break
    return _compared(host, [r for r in ready if r.model.layout.sheet in results], results, skipped)


def _as_the_sheet_has_it(r: ReadyModel, result: FitResult) -> FitResult:
    """With the RMSE of the factors before and after; in batches `fit` gives means over an epoch of steps."""
    if r.settings.batch_size is None:
        return result
    from solver import rmse
    return replace(result, rmse_before=r.rmse, rmse_after=rmse(result.factors, r.ratings, bounds=r.settings.bounds))


def _repeated(host, run: Run) -> ReadyModel:
    ready = ready_model(host, run.sheet, run.settings, start=run.start)
    if not isinstance(run.rmse_before, float) or agrees(run.rmse_before, ready.rmse):
        return ready
    note = f"Run {run.number} began at RMSE {run.rmse_before:.6f}, this one at {ready.rmse:.6f}: the ratings are others."
    return replace(ready, notes=(*ready.notes, note))


def _refuse_what_no_sheet_holds(settings: Settings | None, options: Mapping) -> None:
    model = options.get("model", settings and settings.model)
    if isinstance(model, str) and model in MODELS and not MODELS[model].additive:
        raise UserError(f"The model {model} cannot stand on a sheet, whose formulas are sums of products and biases: "
                        "leave out model, and the sheet decides.")


def _chosen(host, sheets: Iterable[str] | None) -> list[str]:
    if sheets is None:
        return list(host.sheets)
    chosen = [sheets] if isinstance(sheets, str) else list(dict.fromkeys(sheets))
    for sheet in chosen:
        host.grid(sheet)  # raises when there is none of that name
    return chosen


def _ready(host, sheets: list[str], settings: Settings, *, must: bool) -> tuple[list[ReadyModel], list[str]]:
    """The sheets that can be fitted, and why others that look like a model cannot. Where each one
    `must` be fitted, or none can, that is a UserError."""
    ready, skipped = [], []
    for sheet in sheets:
        try:
            ready.append(ready_model(host, sheet, settings))
        except NotRecognised as why:
            if must:
                raise
            if not isinstance(why, NoModel):
                skipped.append(str(why))
    if not ready:
        reason = skipped[0] if len(skipped) == 1 else f"`collabsheet inspect {host.name}` says what each sheet lacks."
        raise UserError(f"'{host.name}' has no sheet with a model that we know. {reason}")
    return ready, skipped


def _compared(host, fitted: list[ReadyModel], results: dict[str, FitResult], skipped: list[str]) -> dict[str, FitResult]:
    """The last step: the workbook recalculates, and its RMSE is held against ours. The results with notes."""
    problems = host.recalculate()
    notes = {r.model.layout.sheet: [*r.notes, *_disagreement(host, r, results)] for r in fitted}
    of_the_book = [f"Not fitted: {why}" for why in skipped]
    if host.manual_calculation:
        of_the_book.append(f"'{host.name}' calculates by hand: press F9 in Excel to see every result afresh.")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        of_the_book.append(f"{problems[0]}{more} Its stored result is stale until Excel opens the workbook.")
    notes[fitted[0].model.layout.sheet] += of_the_book
    return {sheet: replace(result, notes=result.notes + tuple(notes[sheet])) for sheet, result in results.items()}


def _changes(host, r: ReadyModel, result: FitResult) -> dict[str, dict[Cell, Value]]:
    """The constants to write, by sheet: parameters that moved, ratings mended, the last result and its history."""
    sheet = r.model.layout.sheet
    changes: dict[str, dict[Cell, Value]] = {
        sheet: _unlike(host, sheet, parameter_cells(r.model.layout, result.factors)) | r.mended}
    for place, cell, value in result_cells(host, sheet, result):
        changes.setdefault(place, {})[cell] = value
    if area := history_area(host, sheet):
        changes.setdefault(area[0], {}).update(_unlike(host, area[0], history_cells(area[1], result.history)))
    return changes


def _unlike(host, sheet: str, cells: Mapping[Cell, Value]) -> dict[Cell, Value]:
    """Of these cells those whose value is not there yet."""
    there = host.grid(sheet).values
    return {cell: value for cell, value in cells.items() if there.get(cell) != value}


def _disagreement(host, r: ReadyModel, results: dict[str, FitResult]) -> Iterator[str]:
    layout = r.model.layout
    ours, measured = results[layout.sheet].rmse_after, host.value(layout.sheet, layout.rmse)
    if layout.measure != "rmse" or (isinstance(measured, float) and agrees(measured, ours)):
        return
    where = f"{quoted(layout.sheet)}!{layout.rmse} says {measured!r} where the fit says {ours!r}"
    if host.edited(layout.sheet, layout.ratings):
        yield f"{where}: ratings were changed while it ran. Fit again."
    else:
        yield f"{where}: please report this workbook."
