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
    parser.add_argument("--item-columns", metavar="FILE", help="a table of items, and numbers or categories of them: the error and the exposure "
                        "of each group")
    parser.add_argument("--user-columns", metavar="FILE", help="the same of users")
    parser.add_argument("--rounds", type=int, default=10, metavar="N",
                        help="rounds in which the users rate what is recommended, and the model learns from it (default 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of what users take in these rounds (default 0)")


def _bias(args: argparse.Namespace, say: Say) -> dict:
    import numpy as np

    from solver import read_genres
    from solver.collab.judged.bias_report import bias_report
    from solver.collab.labels.item_columns import known_columns_of
    from solver.reading.member_columns import read_known_columns

    for name, value, least in (("-n", args.n, 1), ("--rounds", args.rounds, 0), ("--seed", args.seed, 0)):
        if value < least:
            raise UserError(f"{name} is {value}. Give a whole number of {least} or more.")
    model = load_trained(args.model)
    columns, groups = None, {}
    if args.genres:
        genres, notes = read_genres(args.genres, items=model.items_)
        columns, names, _ = known_columns_of(genres, model.items_, "item")
        groups["item"] = columns, names
        say(f"Note: {notes[0]}")
    for side, path, labels in (("item", args.item_columns, model.items_), ("user", args.user_columns, model.users_)):
        if path:
            described, notes = read_known_columns(path, side=side, labels=labels)
            known, names, more = known_columns_of(described, labels, side)
            groups[side] = (np.hstack([groups[side][0], known]), (*groups[side][1], *names)) if side in groups else (known, names)
            for note in (*notes, *more):
                say(f"Note: {note}")
    found = bias_report(model, n=args.n, rounds=args.rounds, seed=args.seed, item_columns=columns, groups=groups)
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
    if found["groups"]:
        say("Groups, by these columns: their share of the ratings, their RMSE, and what is recommended of them or to them:")
        for line in table(("group", "members", "of the ratings", "RMSE", "of what is recommended", "popularity lift"), [
                (f"{one['side']}s: {one['name']}", f"{one['members']:,}", f"{one['ratings']:.0%}", *_shown([one["rmse"]]),
                 *("" if one[key] is None else f"{one[key]:{form}}" for key, form in (("recommended", ".0%"), ("lift", "+.0%"))))
                for one in found["groups"]]):
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
