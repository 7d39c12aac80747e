"""The commands that build a workbook: `demo` and `new`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pyxl.cli import Command, Say
from solver.errors import UserError


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="DIR", default=".",
                        help="folder for collabsheet-demo.xlsx (default: this one); a demo that is there is built anew")


def _demo(args: argparse.Namespace, say: Say) -> dict:
    from pyxl import fit_workbook
    from pyxl.commands import result_object, tell_results
    from workbook import build, example

    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "collabsheet-demo.xlsx"
    ratings, titles = example()
    part = ratings.top(users=15, items=15)
    build(part, path, titles=titles, overwrite=True)
    say(f"Built a workbook of {part.n_users} users, {part.n_items} films and {len(part)} ratings.")
    results = fit_workbook(path, out=path)
    tell_results(results, say)
    say(f"Open {path} in Excel or LibreOffice: its formulas are live and show these numbers.")
    return {"workbook": str(path), "sheets": {name: result_object(r) for name, r in results.items()}}


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", help="a long table of ratings: .csv, .tsv, or .dat with '::'")
    parser.add_argument("-o", "--output", metavar="BOOK", required=True, help="the workbook to build (.xlsx)")
    parser.add_argument("--overwrite", action="store_true", help="replace BOOK if it exists")
    parser.add_argument("--users", type=int, default=15, metavar="N", help="users to take, those with most ratings (default 15)")
    parser.add_argument("--items", type=int, default=15, metavar="N", help="items to take, those with most ratings (default 15)")
    parser.add_argument("--factors", type=int, default=5, metavar="N", help="factors for every user and item (default 5)")
    parser.add_argument("--titles", metavar="FILE", help="a table of item ids and titles")
    parser.add_argument("--columns", metavar="USER,ITEM,RATING", help="the columns to read, by name or number from 1")
    parser.add_argument("--sep", help="what separates the columns (default: found out)")
    parser.add_argument("--decimal", choices=("point", "comma"), help="how numbers are written (default: found out)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the random start values (default 0)")


def _new(args: argparse.Namespace, say: Say) -> dict:
    from solver import read_ratings, read_titles
    from workbook import build

    for option in ("users", "items", "factors"):
        if getattr(args, option) < 1:
            raise UserError(f"--{option} is {getattr(args, option)}. Give a whole number of 1 or more.")
    if args.seed < 0:
        raise UserError(f"--seed is {args.seed}. Give a whole number of 0 or more.")
    if Path(args.output).suffix.lower() != ".xlsx":
        raise UserError(f"{args.output}: a workbook is built as .xlsx. Give a name that ends so.")
    decimal = {"point": ".", "comma": ",", None: None}[args.decimal]
    everything, notes = read_ratings(args.ratings, sep=args.sep, decimal=decimal,
                                     columns=args.columns.split(",") if args.columns else None)
    ratings = everything.top(users=args.users, items=args.items)
    titles = None
    if args.titles:
        titles, more = read_titles(args.titles, items=ratings.items)
        notes += more
    build(ratings, args.output, n_factors=args.factors, titles=titles, seed=args.seed, overwrite=args.overwrite)
    for note in notes:
        say(f"Note: {note}")
    say(f"Built {args.output}: {ratings.n_users} users, {ratings.n_items} items, {len(ratings)} of "
        f"{len(everything)} ratings, {args.factors} factors.")
    say(f"Fit it: collabsheet fit {args.output} --in-place")
    return {"workbook": str(args.output), "users": ratings.n_users, "items": ratings.n_items,
            "ratings": len(ratings), "factors": args.factors, "notes": notes}


DEMO = Command("demo", "Build the example workbook from embedded ratings and fit it.",
               "collabsheet demo -o demo", _demo_arguments, _demo)
NEW = Command("new", "Build a workbook from a table of ratings.",
              "collabsheet new ratings.csv -o book.xlsx --titles movies.csv", _new_arguments, _new)
