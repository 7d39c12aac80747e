"""Arguments that say where the result of a command on a workbook goes, and which sheets it is about."""

from __future__ import annotations

import argparse

from solver.errors import UserError


def add_target_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Where the result goes: a new file, the workbook itself, or the program in which it is open."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", metavar="OUT", help=f"write the {what} workbook here; the given one stays as it is")
    target.add_argument("--in-place", action="store_true", help="write into the given workbook")
    target.add_argument("--live", action="store_true",
                        help="work in the open workbook, in Excel or LibreOffice, which is not saved; it is opened if it is not")
    parser.add_argument("--engine", metavar="excel|libreoffice|file",
                        help="with --live: the program (default: Excel, else LibreOffice, else the file itself)")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def out_of(args: argparse.Namespace) -> str:
    """The file to write, of a command that is not live."""
    from pyxl.xlsx import same_file

    if args.engine:
        raise UserError("--engine says where a live fit runs: say --live too, or leave it out.")
    if not args.in_place and same_file(args.output, args.workbook):
        raise UserError(f"{args.output} is the workbook itself: say --in-place to write into it, or give another name.")
    return args.workbook if args.in_place else args.output


def refuse_idle(args: argparse.Namespace) -> None:
    """Raise UserError for what the place of the result makes no use of."""
    if args.overwrite and not args.output:
        raise UserError(f"--overwrite is for -o OUT: {'--live saves no file' if args.live else '--in-place writes into the workbook anyway'}. Leave it out.")


def sheets_of(args: argparse.Namespace) -> list[str] | None:
    """The sheets that were named."""
    return [sheet for group in args.sheet for sheet in group] if args.sheet else None
