"""Arguments that say how a table of ratings is written, shared by the commands that read one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import UserError

if TYPE_CHECKING:
    from solver import Ratings

TABLE_OF_RATINGS = ("a table of ratings: text with any separator, .xlsx, JSON lines, Parquet or Feather, packed or not, a long table or a "
                    "crosstab; a folder, or - for the standard input; or an address, such as s3://bucket/ratings/*.parquet")


def add_reading_arguments(parser: argparse.ArgumentParser, *, columns: str = "USER,ITEM,RATING[,TIME]") -> None:
    """Add the arguments that say how a table is written."""
    group = parser.add_argument_group("how the table is written", "What is not given here is found out.")
    group.add_argument("--columns", metavar=columns, help="the columns to read, by name or number from 1")
    group.add_argument("--sep", help="what separates the columns: a sign, tab or blanks")
    group.add_argument("--decimal", choices=("point", "comma"), help="how numbers are written")
    group.add_argument("--encoding", metavar="NAME", help="the encoding of a text, such as latin-1")
    group.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")


def add_ratings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those, and what else may be said of a table of ratings."""
    add_reading_arguments(parser)
    group = parser.add_argument_group("what is in the table")
    group.add_argument("--layout", choices=("long", "crosstab"), help="whether a row or a cell holds a rating (default: found out)")
    group.add_argument("--missing", metavar="X", help="the number that stands for unrated, or none (default: found out, or asked for)")
    group.add_argument("--dates", choices=("day-first", "month-first"), help="how times such as 3/4/2024 are written (default: found out, or asked for)")
    group.add_argument("--bad-lines", choices=("refuse", "skip"), default="refuse",
                       help="what is done about lines that cannot be read: refuse the table (default), or skip them and say how many")
    group.add_argument("--ids", choices=("checked", "exact"), default="checked",
                       help="checked: refuse ids that differ by capitals or zeros only (default); exact: they are different ones")


def add_weight_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says how much each rating counts; `read_given` honours it."""
    parser.add_argument("--weight-column", metavar="COLUMN", help="a column, by name or number from 1, that says how much each rating counts: 2 as much "
                        "as one that is there twice; als, which learns with weights, fits then unless --optimizer says otherwise")


def add_feedback_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say whether the table holds ratings or what happened."""
    parser.add_argument("--feedback", default="explicit", metavar="explicit|implicit",
                        help="explicit: ratings (default); implicit: pairs that happened, with or without a column of counts")
    parser.add_argument("--counts", action="store_true", help="with --feedback implicit: the values say how often a pair happened; one that happened "
                        "n times weighs 1 + log(1 + n)")


def feedback_options(args: argparse.Namespace) -> dict:
    """What was given of it, as `CollabFilter` takes it."""
    return {"feedback": args.feedback, "counts": float(args.counts)}


def reading_options(args: argparse.Namespace) -> dict:
    """What was given of how a table is written, as the readers take it."""
    return {"columns": args.columns, "sep": args.sep, "decimal": args.decimal, "encoding": args.encoding, "sheet": args.sheet}


def named_ratings(args: argparse.Namespace) -> str:
    """What messages call ``args.ratings``."""
    given = [args.ratings] if isinstance(args.ratings, str) else args.ratings
    first = "standard input" if given[0] == "-" else Path(given[0]).name
    return first if len(given) == 1 else f"{first} and {len(given) - 1} more"


def read_given(args: argparse.Namespace, *, unrated: float | None = None) -> tuple[Ratings, list[str]]:
    """The ratings of ``args.ratings``, and notes on what was odd; with `unrated` the pairs may have no ratings."""
    from solver import read_ratings

    ratings, notes = read_ratings(args.ratings, **reading_options(args), layout=args.layout, missing=args.missing, bad_lines=args.bad_lines,
                        ids=args.ids, unrated=unrated, weight_column=getattr(args, "weight_column", None), dates=args.dates)
    if ratings.times is None and getattr(args, "split", None) == "time" and (why := next((note for note in notes if "was not read" in note), None)):
        raise UserError(f"{why} Until then there are no times to split by.")
    return ratings, notes
