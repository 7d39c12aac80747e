"""The commands that work on an existing workbook: `inspect`, `fit`, `goal-seek` and `restore`."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import contextmanager

from pyxl.base.plain_output import Say
from pyxl.cli.arguments.option_arguments import add_option_arguments, options_in
from pyxl.cli.arguments.server_argument import add_server_argument, service_of
from pyxl.cli.arguments.stating_arguments import add_stating_arguments, statement_of
from pyxl.cli.arguments.target_arguments import add_target_arguments, out_of, refuse_idle, sheets_of
from pyxl.cli.command_line import Command
from solver.core.options import Given
from solver.errors import UserError

from .inputs_argument import solve_inputs_as_asked
from .on_a_server import fit_there, restore_there

SILENT_SECONDS = 10     # between two lines about a fit whose reader has no terminal


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook; it is only read")
    add_server_argument(parser)


def _inspect(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.fit.inspect_sheet import inspect_workbook, told_report

    sheets = service_of(args).inspect(args.workbook) if args.server else inspect_workbook(args.workbook)
    width = max(map(len, sheets), default=0)
    for name, report in sheets.items():
        head, parts = told_report(name, report)
        say(f"{name:<{width}}  {head}")
        for what, text in parts:
            say(f"{'':<{width}}    {what:<13} {text}")
    return {"workbook": str(args.workbook), "sheets": sheets}


def _fit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook")
    add_target_arguments(parser, "fitted")
    parser.add_argument("--sheet", metavar="NAME", action="append", nargs="+",
                        help="fit these sheets (default: every recognised one)")
    add_option_arguments(parser.add_argument_group("settings", "They take precedence over the settings on the sheet 'start'."), Given.FIT)
    parser.add_argument("--repeat", type=int, metavar="N", help="repeat run N of the workbook's run log: its sheet, settings, "
                        "start values")
    add_server_argument(parser)
    parser.add_argument("--visible-only", action="store_true", help="leave ratings in hidden rows and columns out of the fit")
    by_formulas = parser.add_argument_group("any problem that formulas state", "A sheet without a model that we know is "
                                            "minimised by its formulas, as Solver's model of it says, or as you say here.")
    by_formulas.add_argument("--via", metavar="model|formulas", help="only factor models, without Solver's constraints, or every "
                             "sheet by its formulas")
    add_stating_arguments(by_formulas)
    by_formulas.add_argument("--scenario", metavar="NAME", help="show this scenario of Excel's scenario manager first: its values are where the "
                             "search begins in changing cells, and what it reckons with in others")
    by_formulas.add_argument("--inputs", metavar="TABLE", help="solve once for each row of a table, a range, a name or a .csv file, whose headers are "
                             "cells or names; the results are a table on a new sheet, or in OUT.csv, and no other cell is written")
    by_formulas.add_argument("--starts", type=int, metavar="N",
                             help="search from N starts, the sheet's and random ones by --seed, and keep the best (default 1)")
    by_formulas.add_argument("--seconds", type=float, metavar="S", help="search for at most S seconds and keep the best (default: until "
                             "it is done)")
    by_formulas.add_argument("--write-anyway", action="store_true", help="where no point meets all constraints, write the one that "
                             "comes nearest (default: leave the cells as they are)")
    by_formulas.add_argument("--overwrite-formulas", action="store_true", help="write numbers over formulas in changing cells, as Excel's "
                             "Solver does (default: refuse)")
    by_formulas.add_argument("--report", action="store_true", help="tell cells, constraints, slacks and sensitivity, here and on "
                             "a new sheet of the workbook")


def _fit(args: argparse.Namespace, say: Say) -> dict:
    refuse_idle(args)
    if args.server:
        return fit_there(args, sheets_of(args), say)
    if args.inputs is not None:
        with _progress(not args.json) as on_step:
            return solve_inputs_as_asked(args, _by_formulas(args), say, on_step)
    from pyxl.fit.fit_messages import result_object, tell_reports, tell_results
    from pyxl.fit.press_fit import fit_workbook

    how = {"options": options_in(args, Given.FIT), "repeat": args.repeat, "by_formulas": _by_formulas(args)}
    if args.live:
        if args.visible_only:
            raise UserError("--visible-only needs the file: an open workbook does not tell which rows are hidden. Save and close it, and leave "
                            "out --live.")
        from pyxl.hosts.live_host import LiveHost
        from pyxl.live.live_fit import fit_live
        from pyxl.live.open_live import opened_live, where_it_is
        sheets = sheets_of(args)
        with opened_live(args.workbook, engine=args.engine, show=sheets[0] if sheets else None) as book:
            results = fit_live(book, sheets=sheets, **how)
            out, done = LiveHost(book).place, where_it_is(book)
    else:
        out = out_of(args)
        done = f"Wrote {out}"
        with _progress(not args.json) as on_epoch:
            results = fit_workbook(args.workbook, out=out, overwrite=args.overwrite, sheets=sheets_of(args),
                                   visible_only=args.visible_only, on_epoch=on_epoch, **how)
    tell_results(results, say)
    if args.report:
        tell_reports(results, say)
    say(done)
    return {"workbook": str(out), "sheets": {name: result_object(r) for name, r in results.items()}}


def _goal_seek_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook")
    parser.add_argument("--set", required=True, metavar="CELL", help="the cell whose formula is to give the value")
    parser.add_argument("--to", required=True, type=float, metavar="X", help="the value")
    parser.add_argument("--by", required=True, metavar="CELL", help="the cell that may change")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet that the cells are on, unless they name one")
    add_target_arguments(parser, "changed")


def _goal_seek(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.problems.solve import ByFormulas, Solved
    from pyxl.problems.stated import Statement

    refuse_idle(args)
    sheets, sought = [args.sheet] if args.sheet else None, ByFormulas(problem=Statement(args.set, (args.by,), f"value={args.to!r}"), must_reach=True)
    if args.live:
        from pyxl.hosts.live_host import LiveHost
        from pyxl.live.live_fit import fit_live
        from pyxl.live.open_live import opened_live, where_it_is
        with opened_live(args.workbook, engine=args.engine, show=args.sheet) as book:
            results = fit_live(book, sheets=sheets, by_formulas=sought)
            out, done = LiveHost(book).place, where_it_is(book)
    else:
        from pyxl.fit.press_fit import fit_workbook
        out = out_of(args)
        done = f"Wrote {out}"
        results = fit_workbook(args.workbook, out=out, overwrite=args.overwrite, sheets=sheets, by_formulas=sought)
    (solved,) = (result for result in results.values() if isinstance(result, Solved))
    before, after, reached = float(solved.posed.program.start[0]), float(solved.minimum.x[0]), solved.minimum.value
    say(f"{args.set} is {reached:.9g} with {args.by} = {after:.9g} (it was {before:.9g}).")
    for note in solved.notes:
        say(f"Note: {note}")
    say(done)
    return {"workbook": str(out), "set": args.set, "to": args.to, "by": args.by, "before": before, "after": after, "reached": reached,
            "notes": list(solved.notes)}


def _by_formulas(args: argparse.Namespace):
    from pyxl.problems.solve import ByFormulas

    return ByFormulas(args.via, statement_of(args), steps=args.epochs, starts=1 if args.starts is None else args.starts, seed=args.seed or 0,
                      report=args.report, seconds=args.seconds, write_anyway=args.write_anyway,
                      overwrite_formulas=args.overwrite_formulas, scenario=args.scenario)


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook that was fitted")
    add_target_arguments(parser, "restored")
    parser.add_argument("--sheet", metavar="NAME", action="append", nargs="+",
                        help="restore these sheets (default: all that were fitted)")
    add_server_argument(parser)


def _restore(args: argparse.Namespace, say: Say) -> dict:
    refuse_idle(args)
    if args.live:
        from pyxl.hosts.live_host import LiveHost
        from pyxl.live.live_fit import restore_live
        from pyxl.live.open_live import opened_live, where_it_is
        with opened_live(args.workbook, engine=args.engine) as book:
            restored = restore_live(book, sheets=sheets_of(args))
            out, done = LiveHost(book).place, where_it_is(book)
    else:
        from pyxl.fit.restore import restore_workbook
        out = out_of(args)
        done = f"Wrote {out}"
        restored = restore_there(args, sheets_of(args)) if args.server else restore_workbook(args.workbook, out=out, overwrite=args.overwrite, sheets=sheets_of(args))
    for sheet, n_cells in restored.items():
        say(f"{sheet}: the parameters of before the last fit; {n_cells} cells changed.")
    say(done)
    return {"workbook": str(out), "sheets": restored}


@contextmanager
def _progress(wanted: bool):
    """A progress bar on a terminal, and elsewhere now and then a line on stderr: gives `on_epoch(sheet, epoch)`, or None."""
    if not (wanted and sys.stderr.isatty()):
        yield _now_and_then() if wanted else None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from pyxl.fit.fit_messages import on_the_way
    # a fit ends when it has converged, nobody knows when: the bar runs, the numbers tell
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20),
               TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict = {}

        def on_epoch(sheet, epoch):
            told = on_the_way(epoch)
            if sheet not in tasks:
                tasks[sheet] = bar.add_task(sheet, total=None, told=told)
            bar.update(tasks[sheet], told=told)

        yield on_epoch


def _now_and_then():
    from pyxl.fit.fit_messages import on_the_way

    said = time.monotonic()

    def on_epoch(sheet, epoch):
        nonlocal said
        if (now := time.monotonic()) - said >= SILENT_SECONDS:
            said = now
            print(f"{sheet}  {on_the_way(epoch)}", file=sys.stderr, flush=True)

    return on_epoch


INSPECT = Command("inspect", "Say what is on each sheet of a workbook, and why a sheet is not recognised.",
                  "collabsheet inspect book.xlsx", _inspect_arguments, _inspect)
FIT = Command("fit", "Fit the models of a workbook and write the parameters; its formulas stay live.",
              "collabsheet fit book.xlsx --sheet bias -o fitted.xlsx", _fit_arguments, _fit)
GOAL_SEEK = Command("goal-seek", "Find the number in one cell with which another cell's formula gives a value.",
                    "collabsheet goal-seek loan.xlsx --set B4 --to 1000 --by B1 -o found.xlsx", _goal_seek_arguments, _goal_seek)
RESTORE = Command("restore", "Undo the last fit: put the parameters back as they were before it.",
                  "collabsheet restore book.xlsx --in-place", _restore_arguments, _restore)
