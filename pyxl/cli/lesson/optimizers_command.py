"""The command `optimizers`: builds the workbook on gradient descent, and runs its epochs from outside."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, quoted_command
from pyxl.cli.command_line import Command
from solver.errors import UserError

_FEW = 6    # errors that are told one by one


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=["run"], metavar="run", help="run the epochs of BOOK; without it a workbook is built")
    parser.add_argument("workbook", nargs="?", metavar="BOOK", help="with run: a workbook that this command built, or fast.ai's own")
    parser.add_argument("-o", "--output", metavar="OUT", help="the workbook to write: to build (.xlsm has buttons, .xlsx no macros), or, with run, a copy "
                        "of BOOK")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--data", metavar="FILE", help="build with these points, a table of two columns, x and y (default: the lesson's 29)")
    run = parser.add_argument_group("with run")
    run.add_argument("--sheet", metavar="NAME", action="append", nargs="+", help="run these sheets (default: all that have epochs)")
    run.add_argument("--epochs", type=int, default=5, metavar="N", help="epochs to run (default 5)")
    run.add_argument("--reset", action="store_true", help="start anew before; with --epochs 0, that alone")
    run.add_argument("--as-macro", action="store_true", help="carry over what the macro of fast.ai's own workbook does, which loses the last "
                     "step of each epoch")
    target = run.add_mutually_exclusive_group()
    target.add_argument("--in-place", action="store_true", help="write into BOOK")
    target.add_argument("--live", action="store_true", help="work in the open workbook, in Excel or LibreOffice, which is not saved; it is "
                        "opened if it is not")
    run.add_argument("--engine", metavar="excel|libreoffice|file", help="with --live: the program (default: Excel, else LibreOffice, else the file)")


def _optimizers(args: argparse.Namespace, say: Say) -> dict:
    return _run(args, say) if args.action else _build(args, say)


def _build(args: argparse.Namespace, say: Say) -> dict:
    from workbook.optimizers.optimizer_book import build_optimizers
    from workbook.optimizers.read_points import read_points

    if not args.output:
        raise UserError("The workbook has no name: say -o graddesc.xlsx, or, to run one, collabsheet optimizers run BOOK.")
    if not args.output.lower().endswith((".xlsx", ".xlsm")):
        raise UserError(f"'{args.output}' is no name of a workbook. Give one that ends with .xlsm, for buttons, or .xlsx.")
    points = read_points(args.data) if args.data else None
    plans = build_optimizers(args.output, rows=points, overwrite=args.overwrite)
    rows = next(iter(plans.values())).n_rows
    say(f"Built {args.output}: {rows} points, {len(plans)} optimizers: {', '.join(plans)}.")
    press = "open it and press Run, or close it and: " if args.output.lower().endswith(".xlsm") else ""
    say(f"Run it: {press}{quoted_command('collabsheet', 'optimizers', 'run', args.output, '--epochs', '5', '--in-place')}")
    return {"workbook": str(args.output), "points": rows, "sheets": list(plans)}


def _run(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.training.lesson_sheets import lesson_sheets
    from pyxl.training.run_epochs import run_training, run_training_in_view
    from pyxl.xlsx import open_workbook

    sheets = [sheet for group in args.sheet for sheet in group] if args.sheet else None
    if not args.workbook:
        raise UserError("The workbook is missing: collabsheet optimizers run BOOK --in-place.")
    if args.data:
        raise UserError("--data is for a workbook that is built: leave it out, or paste the points over those on the sheet data.")
    if [bool(args.output), args.in_place, args.live].count(True) != 1:
        raise UserError("Say where the result goes: --in-place, --live, or -o OUT for a copy.")
    if args.engine and not args.live:
        raise UserError("--engine says where a live run goes on: say --live too, or leave it out.")
    if args.overwrite and not args.output:
        raise UserError("--overwrite is for -o OUT. Leave it out.")
    with open_workbook(args.workbook) as file:
        lesson = lesson_sheets(file)
    if args.live:
        from pyxl.base.one_at_a_time import one_at_a_time
        from pyxl.hosts.live_host import LiveHost
        from pyxl.live.open_live import opened_live, where_it_is
        with opened_live(args.workbook, engine=args.engine, show=sheets[0] if sheets else None) as book:
            host = LiveHost(book)
            with one_at_a_time(host.place), host.one_undo_step("Run epochs"):
                errors = run_training_in_view(host, epochs=args.epochs, sheets=sheets, reset=args.reset, as_macro=args.as_macro)
            out, done = host.place, where_it_is(book)
    else:
        out = args.workbook if args.in_place else args.output
        errors = run_training(args.workbook, epochs=args.epochs, sheets=sheets, out=out, overwrite=args.overwrite, reset=args.reset,
                              as_macro=args.as_macro)
        done = f"Wrote {out}"
    width = max(map(len, errors))
    for sheet, by_epoch in errors.items():
        say(f"{sheet:<{width}}  {_told(by_epoch, 'root of Σ err²' if sheet in lesson else 'RMSE')}")
    notes = {sheet: list(lesson[sheet].notes) for sheet in errors if sheet in lesson}
    for sheet, told in notes.items():
        for note in told:
            say(f"Note: {sheet}: {note}")
    say(done)
    return {"workbook": str(out), "sheets": {
        sheet: {"measure": "root of the sum of squares" if sheet in lesson else "rmse", "errors": by_epoch, "notes": notes.get(sheet, [])}
        for sheet, by_epoch in errors.items()}}


def _told(errors: list[float], measure: str) -> str:
    if not errors:
        return "starts anew"
    shown = [f"{error:.6g}" for error in errors]
    few = ", ".join(shown) if len(shown) <= _FEW else f"{', '.join(shown[:_FEW - 1])} … {shown[-1]}"
    return f"{measure} of {len(shown)} epoch{'s' * (len(shown) > 1)}: {few}"


OPTIMIZERS_COMMAND = Command("optimizers", "Build a workbook that shows gradient descent row by row, by nine optimizers, or run its epochs.",
                             "collabsheet optimizers -o graddesc.xlsx", _arguments, _optimizers)
