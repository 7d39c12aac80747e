"""The command `fold-in`: recommendations to newcomers, one or many, from a few ratings; the model stays as it is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.metric_arguments import how_many_listed
from pyxl.cli.arguments.reading_arguments import add_reading_arguments, reading_options
from pyxl.cli.arguments.report_files import add_report_arguments
from pyxl.cli.arguments.table_files import table_rows, write_table
from pyxl.cli.command_line import Command
from solver.errors import UserError

from .model_commands import add_list_arguments, add_model_argument, check_list_target, tell_list, written_list
from .trained_model import load_trained

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from solver import CollabFilter, Ratings

_SHOWN = 10     # rows of a long table that are shown


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_model_argument(parser)
    parser.add_argument("ratings", help="the newcomer's ratings, a table with the columns item and rating (for a new item: user and "
                                        "rating); or those of many newcomers, with the columns user, item and rating")
    parser.add_argument("--new-item", action="store_true", help="the newcomers are items, rated by known users")
    parser.add_argument("--weight-decay", type=float, metavar="X",
                        help="penalty on the distance from the average, for each rating (default: one that suits most data)")
    add_list_arguments(parser)
    add_reading_arguments(parser, columns="[USER,]ITEM,RATING")
    add_report_arguments(parser, "the same as a workbook (.xlsx), or as a table (.csv, .parquet)")


def _fold_in(args: argparse.Namespace, say: Say) -> dict:
    many = _holds_many(args)
    check_list_target(args, table_only=many)
    model, n = load_trained(args.model), how_many_listed(args.n)
    return (_many if many else _one)(model, n, args, say)


def _holds_many(args: argparse.Namespace) -> bool:
    """Whether the table has columns of users, items and ratings, and not one of them alone with ratings."""
    if args.columns is not None:
        return len(args.columns.split(",")) > 2
    from solver.reading.looked_at.column_roles import find_by_name
    from solver.reading.looked_at.rating_names import RATING_ROLES
    from solver.reading.looked_at.table_port import Told
    from solver.reading.tables import opened_table

    if args.ratings == "-":
        return False        # which can be looked at once only
    roles = RATING_ROLES[:2]
    with opened_table(args.ratings, Told(args.sep, args.encoding, args.sheet, "long", roles=roles)) as looked_at:
        return None not in find_by_name(looked_at.first_line(), roles)


def _one(model: CollabFilter, n: int, args: argparse.Namespace, say: Say) -> dict:
    from solver.reading.one_persons_ratings import read_ratings_of_one

    side, other, labels = ("item", "user", model.users_) if args.new_item else ("user", "item", model.items_)
    given, notes = read_ratings_of_one(args.ratings, rated=other, **reading_options(args))
    matched = _matched(list(given), labels, other, args, notes)
    ratings = {own: value for own, value in zip(matched, given.values()) if own is not None}
    newcomer = model.fold_in(ratings, side=side, weight_decay=args.weight_decay)
    for note in notes:
        say(f"Note: {note}")
    say(f"For the new {side} with {len(ratings)} ratings:")
    found = newcomer.recommend(n)
    result = json_ready({"model": args.model, "side": side, "ratings": len(ratings), "bias": newcomer.bias,
                         "factors": newcomer.factors.tolist()} | tell_list(found, other, "prediction", model, args, say) | {"notes": notes})
    return written_list(found, result, "fold-in", args, say)


def _many(model: CollabFilter, n: int, args: argparse.Namespace, say: Say) -> dict:
    from solver import read_ratings

    if args.titles:
        raise UserError("--titles stands beside the list of one newcomer, and the table holds many. Leave it out.")
    side, other = ("item", "user") if args.new_item else ("user", "item")
    ratings, notes = read_ratings(args.ratings, **reading_options(args), unrated=1.0)
    if model.feedback != "implicit" and any("no column is called after ratings" in note for note in notes):
        raise UserError(f"{args.ratings} has no column of ratings. Say with --columns which are user, item, rating.")
    ratings = _known(ratings, model, other, args, notes)
    newcomers = model.fold_in(ratings, side=side, weight_decay=args.weight_decay)
    found = newcomers.recommend(n)
    for note in notes:
        say(f"Note: {note}")
    say(f"{len(found):,} recommendations to {len(newcomers):,} new {side}s.")
    for line in table(tuple(found.columns), table_rows(found.head(_SHOWN if args.output else len(found)))):
        say(line)
    result = {"model": args.model, "side": side, "ratings": len(ratings), f"{side}s": len(newcomers), "recommendations": len(found),
              "output": args.output, "notes": notes}
    if args.output is None:
        return json_ready(result | {"list": found.to_dict("records")})
    write_table(found, args.output, overwrite=args.overwrite)
    say(f"Wrote {args.output}")
    return json_ready(result)


def _known(ratings: Ratings, model: CollabFilter, other: str, args: argparse.Namespace, notes: list[str]) -> Ratings:
    """The ratings of what the model knows, under its labels."""
    import numpy as np

    labels, index, own = ((ratings.items, ratings.item_index, model.items_) if other == "item" else
                          (ratings.users, ratings.user_index, model.users_))
    matched = _matched(list(labels), own, other, args, notes)
    there = np.array([label is not None for label in matched])
    kept, place = tuple(label for label in matched if label is not None), (np.cumsum(there) - 1)[index]
    known = replace(ratings, items=kept, item_index=place) if other == "item" else replace(ratings, users=kept, user_index=place)
    return known.take(there[index])


def _matched(labels: Sequence[Hashable], own: Sequence[Hashable], other: str, args: argparse.Namespace, notes: list[str]) -> list[Hashable | None]:
    """The model's label for each, None for one that it does not know. Raises UserError where it knows none."""
    from solver.collab.labels.id_labels import known_labels

    matched = known_labels(labels, own)
    unknown = [label for label, found in zip(labels, matched) if found is None]
    if len(unknown) == len(labels):
        raise UserError(f"{args.ratings}: the model knows none of the {len(labels)} {other}s, such as {unknown[0]}. "
                        "Check the columns with --columns." if labels else f"{args.ratings} holds no rating.")
    if unknown:
        notes.append(f"The model does not know {len(unknown)} of the {len(labels)} {other}s, such as {unknown[0]}; "
                     "their ratings were left out.")
    return matched


FOLD_IN = Command("fold-in", "Recommend to newcomers from a few ratings; the model stays as it is.",
                  "collabsheet fold-in model my-ratings.csv -n 10", _arguments, _fold_in)
