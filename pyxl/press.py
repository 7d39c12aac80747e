"""What a button of a workbook, or the menu of an add-in, starts: ``python -m pyxl.press fit --wb=NAME --sheet=NAME``.

The macro behind it has said a first sentence already, and waits for nothing. This module finds the workbook in the program that
started it; the result of the press stands in the status cell, or, of an add-in, over a workbook that has none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyxl.live.worker_client import ask_worker, has_workers, start_worker

if TYPE_CHECKING:
    import argparse

    import xlwings

WORKER = ["wait"]       # the words by which a worker is started in place of a press


def _fit(book: xlwings.Book, sheet: str) -> str:
    from pyxl.live.live_fit import fit_live, told_end

    return told_end(fit_live(book, sheets=[sheet])[sheet])


def _stop(book: xlwings.Book, _sheet: str) -> str:
    from pyxl.live.live_fit import stop_live

    return stop_live(book)


def _restore(book: xlwings.Book, sheet: str) -> str:
    from pyxl.live.live_fit import restore_live

    restore_live(book, sheets=[sheet])
    return "Restored: the parameters are those of before the last fit."


def _inspect(book: xlwings.Book, sheet: str) -> str:
    from pyxl.live.live_fit import inspect_live

    return inspect_live(book, sheet)


def _randomize(book: xlwings.Book, sheet: str) -> None:
    from pyxl.live.live_fit import randomize_live

    randomize_live(book, sheet)


def _refresh(book: xlwings.Book, sheet: str) -> None:
    from pyxl.live.live_fit import refresh_live

    refresh_live(book, sheet)


def _update(book: xlwings.Book, sheet: str) -> None:
    from pyxl.live.live_update import update_live
    from workbook.update import updated_copy

    update_live(book, sheet, rebuild=updated_copy)


# what does it with (book, sheet); it gives what an add-in shows
ACTIONS: dict[str, Callable[[xlwings.Book, str], str | None]] = {
    "fit": _fit, "stop": _stop, "restore": _restore, "inspect": _inspect, "randomize": _randomize, "refresh": _refresh, "update": _update}


def main(argv: Sequence[str] | None = None) -> int:
    """Have a worker that is warm do what a button asks for, or do it here and start a worker for the next press; the exit code is
    that of `press`."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words == WORKER:
        from pyxl.live.press_worker import wait_for_presses

        return wait_for_presses(press)
    if not has_workers():
        return press(words)
    code = ask_worker(words)
    if code is None:
        code = press(words)
        start_worker(["-m", "pyxl.press", *WORKER])
    return code


def press(words: Sequence[str]) -> int:
    """Do what a button asks for; the exit code: 0, or 2 for what its user can mend, or 1."""
    from pyxl.base.log_file import log_failure
    from solver.errors import UserError

    args = _parser().parse_args(words)
    book = None
    try:
        book = calling_book(args.wb)
        told = ACTIONS[args.action](book, args.sheet)
        if args.announce:
            _announce(book, args, told)
    except UserError as why:
        print(why, file=sys.stderr)     # it stands in the status cell and in the log too
        if args.announce and book is not None:
            _announce(book, args, str(why), failed=True)
        return 2
    except Exception as why:    # the workbook was not found: nobody would read it there
        print(f"{why} (Details: {log_failure(f'{args.wb}: {args.action}', why)})", file=sys.stderr)
        return 1
    return 0


def _announce(book: xlwings.Book, args: argparse.Namespace, told: str | None, *, failed: bool = False) -> None:
    """Show what came out over the workbook; not what stands in the status cell of its sheet already."""
    from pyxl.hosts.live_host import LiveHost
    from pyxl.live.panel import Panel

    in_the_cell = args.action not in ("inspect", "stop") and Panel(LiveHost(book), args.sheet).has_status
    if not told or in_the_cell:
        return
    if hasattr(book.impl, "announce"):
        book.impl.announce(told, failed=failed)
    else:
        book.app.alert(told, "collabsheet")


def calling_book(name: str):
    """The xlwings book whose button was pressed. Raises UserError where it is not open any more."""
    from pyxl.engines.bare_xlwings import import_bare_xlwings
    from solver.errors import UserError

    from .engines import choose_engine

    import_bare_xlwings()
    engine = choose_engine()
    import xlwings
    if engine.name == "excel":
        return xlwings.Book.caller()    # by the arguments --wb, --from_xl and --hwnd of the command line
    app = xlwings.App(visible=True, add_book=False)
    try:
        book = app.books[name]
    except KeyError:
        raise UserError(f"'{name}' is not open any more.") from None
    book.set_mock_caller()      # what else asks for the caller gets it
    return book


def _parser() -> argparse.ArgumentParser:
    import argparse  # not before a worker was asked

    parser = argparse.ArgumentParser(prog="python -m pyxl.press", description="What the buttons of a workbook start.")
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--wb", required=True, metavar="NAME", help="the open workbook")
    parser.add_argument("--sheet", required=True, metavar="NAME", help="the sheet whose button was pressed, or that is in view")
    parser.add_argument("--announce", action="store_true", help="show what came out over the workbook, where its sheet has no status cell")
    parser.add_argument("--from_xl", help="for xlwings: 1")
    parser.add_argument("--hwnd", help="for xlwings, on Windows: the window of Excel")
    return parser


if __name__ == "__main__":
    sys.exit(main())
