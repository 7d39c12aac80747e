"""The whole of "press Fit": read, detect, verify, fit, write, recalculate, compare.

The steps are the same wherever the workbook is: a `Host` holds it, `FileHost` a file and `LiveHost` a program in which the
workbook is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.detect.verified_model import VerifiedModel
from pyxl.detect.verify import agrees
from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.parameters import parameter_cells
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.host import Host
from pyxl.hosts.refresh_results import Changes
from pyxl.problems.pose import Posed
from pyxl.problems.reports.report_sheet import report_cells, report_sheet
from pyxl.problems.solve import ByFormulas, Solved, changed_cells, disagreement, solve
from pyxl.xlsx import open_workbook, same_file
from solver.errors import NoSolution, UserError

from .fittable_sheets import Fittable, fittable_sheets
from .own_sheets import before_fit
from .own_sheets.held_out import HeldOutJudge, held_out
from .own_sheets.history import history_area
from .own_sheets.run_log import find_log
from .own_sheets.settings_cells import result_cells
from .own_sheets.trails import Trails, trails_of
from .watcher import OnlyEpochs, Watcher

if TYPE_CHECKING:
    from solver import Epoch, FitResult, Settings, Step
    from solver.model.net import AnyFactors

    Result = FitResult | Solved


@dataclass(frozen=True)
class SolvedProblem:
    """A problem, and the result of minimising its formulas."""

    posed: Posed
    result: Solved

    @property
    def sheet(self) -> str:
        return self.posed.sheet

    def changes(self, host: Host) -> Changes:
        """The values to write, by sheet: those of the changing cells that moved. Where none did all are written again, as those of
        a `FittedModel` are."""
        x = self.result.minimum.x
        changes = changed_cells(self.posed, lambda sheet: host.grid(sheet).values, x)
        return changes if any(changes.values()) else changed_cells(self.posed, lambda sheet: {}, x)

    def notes(self, host: Host) -> Iterable[str]:
        """What is odd about the result, after the workbook has recalculated."""
        return disagreement(host, self.result)

    def noting(self, notes: tuple[str, ...]) -> SolvedProblem:
        """The same with more notes."""
        return replace(self, result=replace(self.result, notes=self.result.notes + notes))


@dataclass(frozen=True)
class FittedModel:
    """A model of ratings, and the result of its fit."""

    ready: VerifiedModel
    result: FitResult
    trails: Trails | None = None

    @property
    def sheet(self) -> str:
        return self.ready.sheet

    def changes(self, host: Host) -> Changes:
        """The values to write, by sheet: parameters that moved, mended ratings, the last result and its history."""
        sheet = self.ready.model.layout.sheet
        parameters = parameter_cells(self.ready.model.layout, self.result.factors)
        # Where none moved all are written again: then formulas that depend on them are calculated, which the stored file may lack.
        changes: dict[str, dict[Cell, Value]] = {sheet: (_unlike(host, sheet, parameters) or dict(parameters)) | self.ready.mended}
        for place, cell, value in result_cells(host, sheet, self.result):
            changes.setdefault(place, {})[cell] = value
        if history := history_area(host, sheet):
            changes.setdefault(history.sheet, {}).update(_unlike(host, history.sheet, history.of(self.result.history)))
        if self.trails:
            for place, cells in self.trails.cells(self.result.factors).items():
                changes.setdefault(place, {}).update(cells)
        return changes

    def notes(self, host: Host) -> Iterator[str]:
        """What is odd about the sheet, and whether its own RMSE differs from ours, after the workbook has recalculated."""
        yield from self.ready.notes
        layout = self.ready.model.layout
        ours, measured = self._rmse_on_the_sheet(), host.value(layout.sheet, layout.rmse)
        if self.ready.counted is not self.ready.ratings:
            yield f"{quoted(layout.sheet)}!{layout.rmse} counts all {len(self.ready.counted):,} ratings: their RMSE is {ours:.6f}."
        if layout.measure != "rmse" or (isinstance(measured, float) and agrees(measured, ours)):
            return
        where = f"{quoted(layout.sheet)}!{layout.rmse} says {measured!r} where the fit says {ours!r}"
        if host.edited(layout.sheet, layout.ratings):
            yield f"{where}: ratings were changed while it ran. Fit again."
        else:
            yield f"{where}: please report this workbook."

    def _rmse_on_the_sheet(self) -> float:
        """What the sheet's own formula has to say, which counts hidden ratings too."""
        from solver import rmse

        ready = self.ready
        return self.result.rmse_after if ready.counted is ready.ratings else rmse(self.result.factors, ready.counted, bounds=ready.settings.bounds)

    def noting(self, notes: tuple[str, ...]) -> FittedModel:
        """The same with more notes."""
        return replace(self, result=replace(self.result, notes=self.result.notes + notes))


_Finished = SolvedProblem | FittedModel


def _unlike(host: Host, sheet: str, cells: Mapping[Cell, Value]) -> dict[Cell, Value]:
    """Of these cells those whose value is not there yet."""
    there = host.grid(sheet).values
    return {cell: value for cell, value in cells.items() if there.get(cell) != value}


def fit_workbook(path, *, out=None, sheets: Iterable[str] | None = None,
                 settings: Settings | None = None, options: Mapping | None = None,
                 overwrite: bool = False, repeat: int | None = None, by_formulas: ByFormulas = ByFormulas(),
                 visible_only: bool = False,
                 on_epoch: Callable[[str, Epoch | Step], bool | None] | None = None,
                 watch: Callable[[Fittable], Watcher] | None = None) -> dict[str, FitResult | Solved]:
    """Fit every recognised sheet of a workbook, or the named ones, and write the parameters.

    A sheet without a model that we know, but with one that Solver keeps, is minimised by its formulas; `by_formulas`
    says how, states a problem by hand, or treats all sheets so.

    `out` is the new workbook; the same path as `path` means in place, None writes nothing. An
    existing other file is replaced only with `overwrite`. `settings` None takes the workbook's
    own (its `start` sheet), or the defaults; `options` changes single ones of them by name.
    `repeat`, the number of a run in the workbook's run log, takes the sheet, the settings and the
    start values from there, and nothing of them may be given.
    `visible_only` leaves the ratings in hidden rows and columns out of the fit of a factor model.
    `on_epoch` is called with the sheet's name and the epoch (or `Step`); a true value, or Ctrl-C, stops
    there: what was found so far is written. `watch` gives each sheet a `Watcher` in its place. Formulas stay; their cached results are refreshed.
    Raises UserError; then nothing has been written.
    """
    with open_workbook(path) as book:
        target = None if out is None or same_file(book.path, out) else Path(out)  # None: in place
        if out is not None:
            book.refuse_unless_savable(out=target, overwrite=overwrite)  # before the work, not after it
        host = FileHost(book)
        unkept = before_fit.make_place(host) if out is not None and target is None else ()   # a copy leaves the old file
        beside = book.notes_on_saving(out=target) if out is not None else ()

        results = fit_on_host(host, sheets=sheets, settings=settings, options=options or {}, repeat=repeat,
                           by_formulas=by_formulas, visible_only=visible_only, watch=watch or (lambda ready: OnlyEpochs(ready.sheet, on_epoch)))
        if out is not None:
            host.save(out=target, overwrite=overwrite)
        return {sheet: replace(result, notes=result.notes + unkept + beside) for sheet, result in results.items()}


def fit_on_host(host: Host, *, sheets: Iterable[str] | None, settings: Settings | None, options: Mapping,
             watch: Callable[[Fittable], Watcher], repeat: int | None = None,
             by_formulas: ByFormulas = ByFormulas(), visible_only: bool = False) -> dict[str, Result]:
    """Fit the recognised sheets of the workbook that `host` holds, or the named ones, and write.

    ``watch(ready)`` gives the `Watcher` of a sheet's fit. All other arguments are those of `fit_workbook`. Where it raises
    UserError for a sheet, it has written no parameter of that sheet.
    """
    ready, skipped = fittable_sheets(host, sheets=sheets, settings=settings, options=options, repeat=repeat,
                                  by_formulas=by_formulas, visible_only=visible_only)
    host.refuse_protected(area for r in ready for area in r.blocks.values())
    host.write(before_fit.cells_to_keep(host, {r.sheet: r.blocks for r in ready}))
    log, finished, unsolved = find_log(host), list[_Finished](), list[NoSolution]()
    for r in ready:
        if isinstance(r, Posed):
            host.overwrite_formulas(r.overwritten)
        watcher, before = watch(r), _present(host, r)
        try:
            done: _Finished = (SolvedProblem(r, solve(r, by_formulas, on_step=watcher.on_step)) if isinstance(r, Posed)
                               else _fitted(host, r, watcher))
        except NoSolution as why:
            unsolved.append(NoSolution(f"{r.sheet}: {why}"))
            for sheet, cells in before.items():      # what was shown while it was sought
                host.write({sheet: _unlike(host, sheet, cells)})
            if sheets is not None:
                raise unsolved[-1] from why
            continue
        except UserError as why:
            raise UserError(f"{r.sheet}: {why}") from why
        host.write(done.changes(host))
        if isinstance(done, SolvedProblem):
            if by_formulas.report:
                _add_report(host, done.result)
        elif log:
            log, notes = log.add(host, done.ready, done.result)
            done = done.noting(notes)
        finished.append(done)
        if done.result.stopped:
            break
    if not finished:
        raise unsolved[0]
    return _compared(host, finished, [*skipped, *map(str, unsolved)])


def _present(host: Host, r: Fittable) -> Changes:
    """What the cells hold that a search for a solution may show numbers in, where there may be none."""
    if not isinstance(r, Posed):
        return {}
    return {sheet: {cell: host.grid(sheet).values.get(cell) for place, area in r.blocks.values() if place == sheet for cell in area.cells()}
            for sheet in dict.fromkeys(place for place, _ in r.blocks.values())}


def _add_report(host: Host, result: Solved) -> None:
    sheet = report_sheet(result)
    host.add_sheet(sheet)
    host.write({sheet.name: report_cells(result, list(host.grid(sheet.name).values))})


def _fitted(host: Host, r: VerifiedModel, watcher: Watcher) -> FittedModel:
    """With the result, judged by the ratings that the workbook holds out, where it does."""
    from solver import fit, rmse
    from solver.model.array_factors import as_tensors

    bounds, held, trails = r.settings.bounds, held_out(host, r), trails_of(host, r.sheet, r.ratings)
    watcher.trails = trails
    judge = HeldOutJudge(watcher, held, bounds)

    def look(factors: Callable[[], AnyFactors]) -> None:
        judge.look(factors)
        if trails:
            trails.look(factors)

    shown = history_area(host, r.sheet)
    settings = replace(r.settings, note_gradients=True) if shown and shown.gradients else r.settings
    result = fit(r.ratings, as_tensors(r.start), settings, on_factors=look, on_epoch=judge.on_epoch)
    result = replace(result, settings=replace(result.settings, note_gradients=r.settings.note_gradients))     # as was asked, in the run log
    if r.settings.batch_size is not None:
        # in batches `fit` gives means over an epoch of steps; the sheet has the RMSE of the factors before and after
        result = replace(result, rmse_before=r.rmse, rmse_after=rmse(result.factors, r.ratings, bounds=bounds))
    if held is None:
        return FittedModel(r, result, trails)
    return FittedModel(r, replace(result, holdout_rmse=rmse(result.factors, held, bounds=bounds), history=judge.judged(result.history)), trails)


def _compared(host: Host, finished: list[_Finished], skipped: list[str]) -> dict[str, Result]:
    """The last step: the workbook recalculates, and its objective is held against ours. The results with notes, by sheet."""
    problems = host.recalculate()
    notes = [tuple(done.notes(host)) for done in finished]
    of_the_workbook = [f"Not fitted: {why}" for why in skipped]
    if host.manual_calculation:
        of_the_workbook.append(f"'{host.name}' calculates by hand: press F9 in Excel to see every result afresh.")
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        of_the_workbook.append(f"{problems[0]}{more} Its stored result is stale until Excel opens the workbook.")
    notes[0] += tuple(of_the_workbook)
    return {done.sheet: done.noting(own).result for done, own in zip(finished, notes)}
