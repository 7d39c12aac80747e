"""What is done in a workbook that is open: fit it, with its progress on the sheet, stop, restore, inspect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyxl.base.one_at_a_time import ask_to_stop
from pyxl.fit.fit_messages import before_and_after, time_and_place
from pyxl.fit.own_sheets import before_fit
from pyxl.fit.own_sheets.run_log import logged_run
from pyxl.fit.watcher import Watcher
from pyxl.hosts.live_host import LiveHost
from pyxl.problems.pose import Posed
from pyxl.problems.solve import ByFormulas, Solved

from .one_run import alone
from .panel import Panel
from .watch import ProblemWatch, Watch

if TYPE_CHECKING:
    import xlwings

    from pyxl.detect.verified_model import VerifiedModel
    from pyxl.fit.refresh import Refreshed
    from solver import FitResult, Settings


def fit_live(book: xlwings.Book, *, sheets: Iterable[str] | None = None, settings: Settings | None = None,
             options: Mapping | None = None, repeat: int | None = None,
             by_formulas: ByFormulas = ByFormulas()) -> dict[str, FitResult | Solved]:
    """Fit the recognised sheets of an open xlwings book, or the named ones; nothing is saved.

    `settings`, `options`, `repeat` and `by_formulas` as for `fit_workbook`. While it runs the parameters, the cells
    `<sheet>_status` and the status bar show how far it is; anything in the cell `<sheet>_stop`, or
    Ctrl-C, stops it and keeps the best. The parameters of before are kept for `restore_live`.
    Raises UserError; the status cells show its sentence, too.
    """
    host = LiveHost(book)
    chosen = None if sheets is None else list(sheets)
    shown = chosen if repeat is None else [logged_run(host, repeat).sheet]
    with alone(host, shown, "Not fitted") as panels:
        for panel in panels.values():
            panel.clear_stop()
            panel.say("Fitting: reading the sheet …")
        from pyxl.fit.press_fit import fit_on_host

        def watch(ready: VerifiedModel | Posed) -> Watcher:
            panel = panels.setdefault(ready.sheet, Panel(host, ready.sheet))
            if isinstance(ready, Posed):
                panel.say(f"Fitting: {ready.problem.told()} …")
                return ProblemWatch(host, ready, panel)
            panel.say(f"Fitting: {len(ready.ratings):,} ratings, RMSE {ready.rmse:.6f} at the start …")
            return Watch(host, ready, panel)

        with host.one_undo_step("Fit", until_recalculated=True):
            unkept = before_fit.make_place(host)
            results = fit_on_host(host, sheets=chosen, settings=settings, options=options or {}, watch=watch, repeat=repeat,
                                  by_formulas=by_formulas)
        results = {sheet: replace(result, notes=result.notes + unkept) for sheet, result in results.items()}
        for sheet, panel in panels.items():
            panel.clear_stop()
            panel.say(told_end(results[sheet]) if sheet in results else "")
        return results


def restore_live(book: xlwings.Book, *, sheets: Iterable[str] | None = None) -> dict[str, int]:
    """Put back the parameters of before the last fit in an open xlwings book; how many cells
    changed, by sheet. Raises UserError; the status cells show its sentence, too."""
    from pyxl.fit.restore import restore_on_host

    host = LiveHost(book)
    chosen = None if sheets is None else list(sheets)
    with alone(host, chosen, "Not restored") as panels:
        with host.one_undo_step("Restore", until_recalculated=True):
            restored = restore_on_host(host, chosen)
        for sheet in restored:
            panels[sheet].say("Restored: the parameters are those of before the last fit.")
        return restored


def randomize_live(book: xlwings.Book, sheet: str) -> tuple[int, float]:
    """Give a sheet of an open xlwings book new start values by the next seed, which is told with
    their RMSE; `restore_live` brings the former ones back. Raises UserError, as above."""
    from pyxl.fit.randomize import randomize

    host = LiveHost(book)
    with alone(host, [sheet], "Not randomized") as panels:
        panels[sheet].say("Randomizing: reading the sheet …")
        with host.one_undo_step("Randomize", until_recalculated=True):
            unkept = before_fit.make_place(host)
            seed, rmse = randomize(host, sheet)
        panels[sheet].say(f"New start values of seed {seed}: RMSE {rmse:.6f}. "
                          + (f"Note: {unkept[0]}" if unkept else "Restore brings the former ones back."))
        return seed, rmse


def refresh_live(book: xlwings.Book, sheet: str) -> Refreshed:
    """Calculate an open xlwings book again and say what a sheet shows. Raises UserError, as above."""
    from pyxl.fit.refresh import refresh

    host = LiveHost(book)
    with alone(host, [sheet], "Not refreshed") as panels:
        panels[sheet].say("Calculating everything again …")
        found = refresh(host, sheet)
        panels[sheet].say(f"Calculated again: RMSE {found.rmse:.6f} on {found.n_ratings:,} ratings, as Python computes it; "
                          f"{found.n_blanks:,} blanks are predicted.")
        return found


def inspect_live(book: xlwings.Book, sheet: str) -> str:
    """What is on a sheet of an open xlwings book, in words; nothing is written."""
    from pyxl.fit.inspect_sheet import inspect_sheets, told_report

    head, parts = told_report(sheet, inspect_sheets(LiveHost(book), [sheet])[sheet])
    return f"{sheet}: {head}.\n" + "\n".join(f"{what}: {text}" for what, text in parts)


def stop_live(book: xlwings.Book) -> str:
    """Ask the fit that runs in an open xlwings book to stop and keep the best so far; what was done, in words."""
    return "Asked to stop; the best so far is kept." if ask_to_stop(LiveHost(book).place) else "No fit of this workbook is running."


def told_end(result: FitResult | Solved) -> str:
    """How a fit ended, in words."""
    notes = "".join(f" Note: {note}" for note in result.notes)
    return f"{before_and_after(result)}, {time_and_place(result)}. {result.stop}{notes}"
