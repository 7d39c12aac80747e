"""Arguments of commands that build a workbook: its name, and how many users and items of a table of ratings it takes."""

from __future__ import annotations

import argparse

BUTTONS_OR_NOT = "the workbook to build: .xlsm has buttons, .xlsx no macros"


def add_new_book_arguments(parser: argparse.ArgumentParser, told: str) -> None:
    """The name of the workbook, which `told` describes, and whether it may replace one."""
    parser.add_argument("-o", "--output", metavar="BOOK", required=True, help=told)
    parser.add_argument("--overwrite", action="store_true", help="replace BOOK if it exists")


def add_size_arguments(parser: argparse.ArgumentParser) -> None:
    """How many users and items to take."""
    for what in ("users", "items"):
        parser.add_argument(f"--{what}", type=int, default=15, metavar="N", help=f"{what} to take, those with most ratings (default 15)")
