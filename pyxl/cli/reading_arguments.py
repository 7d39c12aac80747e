"""Arguments that say how a table of ratings is written, shared by the commands that read one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solver import Ratings


def add_reading_arguments(parser: argparse.ArgumentParser, *, columns: str = "USER,ITEM,RATING[,TIME]") -> None:
    """Add ``--columns``, ``--sep`` and ``--decimal``."""
    parser.add_argument("--columns", metavar=columns, help="the columns to read, by name or number from 1")
    parser.add_argument("--sep", help="what separates the columns (default: found out)")
    parser.add_argument("--decimal", choices=("point", "comma"), help="how numbers are written (default: found out)")


def reading_options(args: argparse.Namespace) -> dict:
    """What was given of them, as the readers take it."""
    return {"columns": args.columns, "sep": args.sep, "decimal": args.decimal}


def read_given(args: argparse.Namespace) -> tuple[Ratings, list[str]]:
    """The ratings of ``args.ratings``, and notes on what was odd."""
    from solver import read_ratings

    return read_ratings(args.ratings, **reading_options(args))
