"""The command `bias`: whom a trained model serves."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.command_line import Command
from solver.errors import UserError

from .trained_model import load_trained

_FIFTHS = ("least", "2nd", "3rd", "4th", "most")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL_DIR", help="a folder that `collabsheet train` wrote")
    parser.add_argument("-n", type=int, default=10, metavar="N", help="items recommended to each user (default 10)")
    parser.add_argument("--genres", metavar="FILE", help="a table of items and their genres, several between |: lists are also "
                        "calibrated to the genres that each user rates")
    parser.add_argument("--rounds", type=int, default=10, metavar="N",
                        help="rounds in which the users rate what is recommended, and the model learns from it (default 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of what users take in these rounds (default 0)")


def _bias(args: argparse.Namespace, say: Say) -> dict:
    from solver import read_genres
    from solver.collab.judged.bias_report import bias_report
    from solver.collab.labels.item_columns import known_columns_of

    for name, value, least in (("-n", args.n, 1), ("--rounds", args.rounds, 0), ("--seed", args.seed, 0)):
        if value < least:
            raise UserError(f"{name} is {value}. Give a whole number of {least} or more.")
    model = load_trained(args.model)
    columns = None
    if args.genres:
        genres, notes = read_genres(args.genres, items=model.items_)
        columns, _, _ = known_columns_of(genres, model.items_, "item")
        say(f"Note: {notes[0]}")
    found = bias_report(model, n=args.n, rounds=args.rounds, seed=args.seed, item_columns=columns)
    say(f"The most active tenth of the users gave {found['ratings_by_most_active_tenth']:.0%} of the ratings, the most popular tenth of the "
        f"items got {found['ratings_of_most_popular_tenth']:.0%}.")
    say(f"RMSE of {found['judged_by']}, by fifths:")
    for line in table(("by", *_FIFTHS), [("users' activity", *_shown(found["rmse_by_activity"])),
                                         ("items' popularity", *_shown(found["rmse_by_popularity"]))]):
        say(line)
    say(f"Of {args.n} items recommended to each user, the share of each fifth of items by popularity, and what each order costs:")
    head = ("order", *_FIFTHS, "popularity lift", "items shown", "mean prediction", "liked ones found")
    for line in table(head, [(one["order"], *(f"{share:.0%}" for share in one["exposure"]), f"{one['lift']:+.0%}", f"{one['items_shown']:.1%}",
                              f"{one['mean_prediction']:.3f}", "" if one["recall"] is None else f"{one['recall']:.2%}") for one in found["lists"]]):
        say(line)
    if found["loop"]:
        say("Where users rate what is recommended, round by round:")
        for line in table(("round", *_FIFTHS, "items shown"), [(str(one["number"]), *(f"{share:.0%}" for share in one["exposure"]),
                                                               f"{one['items_shown']:.1%}") for one in found["loop"]]):
            say(line)
    return json_ready({"model": args.model} | found)


def _shown(errors: list[float | None]) -> list[str]:
    return ["" if error is None else f"{error:.3f}" for error in errors]


BIAS = Command("bias", "Show whom a trained model serves: who rates, how well each fifth of users and items is predicted, and which items are shown.",
               "collabsheet bias model --genres movies.csv", _arguments, _bias)
