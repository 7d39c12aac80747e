"""The command `factors`: how many factors predict best what was not learnt from."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say
from pyxl.cli.arguments.new_book_arguments import add_new_book_arguments, add_size_arguments
from pyxl.cli.arguments.reading_arguments import TABLE_OF_RATINGS, add_ratings_arguments, read_given
from pyxl.cli.command_line import Command
from solver.errors import UserError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS)
    add_new_book_arguments(parser, "the workbook to build, an .xlsx with the numbers and their chart")
    parser.add_argument("--most", type=int, default=15, metavar="N", help="try 1 to N factors (default 15)")
    add_size_arguments(parser)
    parser.add_argument("--holdout", type=float, default=0.1, metavar="SHARE", help="share of the ratings to judge by (default 0.1)")
    parser.add_argument("--weight-decay", type=float, default=0.0, metavar="X", help="pull to the average user and item (default 0)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the start values and of what is held out (default 0)")
    add_ratings_arguments(parser)


def _factors(args: argparse.Namespace, say: Say) -> dict:
    from solver import Settings, fit, hold_out, rmse
    from workbook.factors_book import build_factors
    from workbook.new_file import checked_new_target

    checked_new_target(args.output, overwrite=args.overwrite)
    for option in ("most", "users", "items"):
        if getattr(args, option) < 1:
            raise UserError(f"--{option} is {getattr(args, option)}. Give a whole number of 1 or more.")
    everything, notes = read_given(args)
    for note in notes:
        say(f"Note: {note}")
    ratings = everything.top(users=args.users, items=args.items)
    apart = hold_out(ratings, args.holdout, seed=args.seed)
    if not apart.any():
        raise UserError(f"--holdout {args.holdout:g} of {len(ratings)} ratings holds none out, and nothing could be judged. Take a larger share.")
    learnt, held = ratings.take(~apart), ratings.take(apart)
    errors = []
    for n in range(1, args.most + 1):
        found = fit(learnt, None, Settings(model="dot+bias", n_factors=n, weight_decay=args.weight_decay, seed=args.seed))
        errors.append((found.rmse_after, rmse(found.factors, held)))
        say(f"{n:>3} factor{'s' if n > 1 else ' '}  RMSE {errors[-1][0]:.4f}, {errors[-1][1]:.4f} held out")
    best = min(range(len(errors)), key=lambda n: errors[n][1]) + 1
    build_factors(args.output, errors, overwrite=args.overwrite, lines=(
        f"{len(learnt)} ratings by {ratings.n_users} users of {ratings.n_items} items, {len(held)} more held out; biases and factors, weight "
        f"decay {args.weight_decay:g}.",
        "More factors always fit better what they learn from. What was held out says how many are worth it."))
    say(f"Best on what was held out: {best}. Built {args.output}.")
    return {"workbook": str(args.output), "training": [one for one, _ in errors], "held_out": [other for _, other in errors], "best": best,
            "notes": notes}


FACTORS = Command("factors", "Fit 1 to 15 factors and show the RMSE of each, on training and on held-out ratings, as a table and a chart.",
                  "collabsheet factors ratings.csv -o factors.xlsx", _arguments, _factors)
