"""Chooses the sheets of a workbook that can be fitted, as factor models or by their formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from pyxl.detect.changing_cells import solvers_further_wishes
from pyxl.detect.model_sheet import Damaged, NoModel, NotRecognised, NotVerified, StatedOtherwise
from pyxl.detect.verified_model import VerifiedModel, verified_model
from pyxl.detect.verify import agrees
from pyxl.grid.cells import quoted
from pyxl.grid.problem import SolverProblem
from pyxl.grid.stored_options import option_notes
from pyxl.grid.stored_problem import LostModel
from pyxl.hosts.host import Host
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.problems.given_values import scenario_values, scenarios_named
from pyxl.problems.pose import Posed, pose
from pyxl.problems.solve import ByFormulas, refuse_settings_of_models
from pyxl.problems.stated import stated_problem
from solver.errors import NoSolution, UserError

from .own_sheets.check_source import check_source, refuse_typed_over
from .own_sheets.run_log import Run, logged_run
from .own_sheets.settings_cells import sheet_settings
from .own_sheets.source_table import RatingsSource, read_source

if TYPE_CHECKING:
    from solver import Settings

Fittable = VerifiedModel | Posed
VIAS = ("model", "formulas")


def fittable_sheets(host: Host, *, sheets: Iterable[str] | None, settings: Settings | None, options: Mapping, repeat: int | None,
                 by_formulas: ByFormulas, visible_only: bool = False) -> tuple[list[Fittable], list[str]]:
    """What can be fitted of the sheets named, or of all, or the problem stated, or the run to be repeated; and why other
    sheets that look like a model cannot.

    Arguments as for `fit_workbook`. Raises UserError where a sheet that was named cannot be fitted, or none can, or an
    option says nothing to them.
    """
    if by_formulas.via not in (None, *VIAS):
        raise UserError(f"A fit goes via {' or '.join(VIAS)}, not '{by_formulas.via}'. Choose one, or leave it out.")
    if repeat is not None:
        if sheets or settings or options or visible_only or by_formulas != ByFormulas():
            raise UserError("A run is repeated as it is in the run log: give neither sheets nor settings beside its number.")
        return [_repeated(host, logged_run(host, repeat))], []
    if by_formulas.scenario is not None:
        scenarios_named(host, by_formulas.scenario)      # before anything is tried
    settings, notes = (replace(settings, **options), ()) if settings else sheet_settings(host, options)
    if by_formulas.problem is not None:
        if by_formulas.via == "model":
            raise UserError("A problem that is stated is solved by formulas: leave out --via model.")
        ready: list[Fittable] = [_posed(host, stated_problem(host, by_formulas.problem, _only(sheets)), by_formulas)]
        skipped: list[str] = []
    else:
        ready, skipped = _ready(host, _chosen(host, sheets), settings, by_formulas, must=sheets is not None, visible_only=visible_only)
    _refuse_what_makes_no_sense(ready, options, by_formulas)
    if visible_only and any(isinstance(r, Posed) for r in ready):
        raise UserError("--visible-only leaves out ratings of factor models, and a sheet here is solved by its formulas. Leave it out.")
    return [replace(r, notes=(*notes, *r.notes)) if isinstance(r, VerifiedModel) else r for r in ready], skipped


def _repeated(host: Host, run: Run) -> VerifiedModel:
    ready = verified_model(host, run.sheet, run.settings, start=run.start)
    if not isinstance(run.rmse_before, float) or agrees(run.rmse_before, ready.rmse):
        return ready
    note = f"Run {run.number} began at RMSE {run.rmse_before:.6f}, this one at {ready.rmse:.6f}: the ratings are others."
    return replace(ready, notes=(*ready.notes, note))


def _refuse_what_makes_no_sense(ready: list[Fittable], options: Mapping, by_formulas: ByFormulas) -> None:
    problems = [r for r in ready if isinstance(r, Posed)]
    for r in problems:
        refuse_settings_of_models(r.sheet, options)
    given = {"--starts": by_formulas.starts > 1, "--scenario": by_formulas.scenario is not None, "--seconds": by_formulas.seconds is not None,
             "--write-anyway": by_formulas.write_anyway, "--overwrite-formulas": by_formulas.overwrite_formulas, "--report": by_formulas.report}
    if not problems and (idle := next((flag for flag, said in given.items() if said), None)):
        raise UserError(f"{idle} is for sheets that are solved by their formulas. Leave it out, or say --via formulas.")


def _posed(host: Host, problem: SolverProblem, by_formulas: ByFormulas) -> Posed:
    """The problem, with the values of the scenario that was asked for."""
    name = by_formulas.scenario
    given = None if name is None else scenario_values(host, name, problem.sheet)
    posed = pose(host, problem, overwrite_formulas=by_formulas.overwrite_formulas, given=given, calculator=host.as_read())
    return posed if name is None else replace(posed, notes=(f"Scenario '{name}' was shown first.", *posed.notes))


def _only(sheets: Iterable[str] | None) -> str | None:
    chosen = [sheets] if isinstance(sheets, str) else list(sheets or ())
    if len(chosen) > 1:
        raise UserError("A problem stands on one sheet. Give that one.")
    return chosen[0] if chosen else None


def _chosen(host: Host, sheets: Iterable[str] | None) -> list[str]:
    if sheets is None:
        return list(host.sheets)
    chosen = [sheets] if isinstance(sheets, str) else list(dict.fromkeys(sheets))
    for sheet in chosen:
        host.grid(sheet)  # raises when there is none of that name
    return chosen


def _ready(host: Host, sheets: list[str], settings: Settings, by_formulas: ByFormulas, *, must: bool,
           visible_only: bool) -> tuple[list[Fittable], list[str]]:
    """The sheets that can be fitted, and why others that look like a model cannot. Where each one
    `must` be fitted, or none can, that is a UserError."""
    ready, skipped = [], []
    source = cache(partial(read_source, host))      # the same for all sheets, and not looked at where none follows it
    for sheet in sheets:
        try:
            ready.append(_ready_sheet(host, sheet, settings, by_formulas, source, visible_only=visible_only))
        except (NotRecognised, LostModel, NoSolution) as why:
            if must or isinstance(why, NoSolution) and len(sheets) == 1:
                raise
            if not isinstance(why, NoModel):
                skipped.append(str(why))
    if not ready:
        reason = skipped[0] if len(skipped) == 1 else f"`collabsheet inspect {host.name}` says what each sheet lacks."
        raise UserError(f"'{host.name}' has no sheet with a model that we know. {reason}")
    return ready, skipped


def _ready_sheet(host: Host, sheet: str, settings: Settings, by_formulas: ByFormulas, source: Callable[[], RatingsSource | None], *,
                 visible_only: bool) -> Fittable:
    """The factor model on a sheet, or else the problem that Solver keeps there. Raises NotRecognised."""
    why, via = None, by_formulas.via
    if via != "formulas":
        refuse_typed_over(host, sheet)
        try:
            ready = verified_model(host, sheet, settings, visible_only=visible_only)
        except Damaged:
            raise
        except NotRecognised as unknown:
            why = unknown
        else:
            wishes = solvers_further_wishes(host, sheet)
            if not wishes:
                return replace(ready, notes=(*ready.notes, *check_source(source(), ready)))
            if via == "model":
                return replace(ready, notes=(*ready.notes, f"{wishes} --via model left that out."))
            why = StatedOtherwise(wishes)
    asked = None if via == "model" else stored_or_in_macro(host, sheet)
    if asked is None:
        raise why or NoModel(f"{quoted(sheet)}: Solver keeps no model there. State one: --objective CELL --change RANGES.")
    unlike = f"{why} " if isinstance(why, (NotVerified, StatedOtherwise)) else ""
    try:
        posed = _posed(host, asked.problem, by_formulas)
    except NoSolution:
        raise
    except UserError as unposed:
        raise NotRecognised(f"{unlike}{unposed}") from unposed
    first = (f"{unlike}So it was fitted by its formulas.",) if unlike else ()
    return replace(posed, notes=(*first, *asked.notes, *posed.notes), options=option_notes(asked.names))
