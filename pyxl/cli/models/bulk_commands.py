"""Commands that answer for many at once: `recommend`, for one user or for many, and `predict`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.metric_arguments import how_many_listed
from pyxl.cli.arguments.reading_arguments import TABLE_OF_RATINGS, add_ratings_arguments, named_ratings, read_given
from pyxl.cli.arguments.report_files import add_report_arguments
from pyxl.cli.arguments.table_files import add_table_arguments, checked_table, table_rows, write_table
from pyxl.cli.command_line import Command
from solver.errors import UserError

from .model_commands import add_asked_model_arguments, add_list_arguments, check_list_target, tell_list, written_list
from .models_there import ModelThere, asked_model
from .store_commands import recommend_from_passes
from .trained_model import as_label, titles_of

if TYPE_CHECKING:
    from solver import CollabFilter

_SHOWN = 10     # rows of a long table that are shown


class _Options(TypedDict):
    """What `CollabFilter.recommend` is told beside users and n."""

    items: list | None
    exclude: Sequence
    exclude_seen: bool


# ---- recommend

def _recommend_arguments(parser: argparse.ArgumentParser) -> None:
    add_asked_model_arguments(parser)
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--user", action="append", metavar="ID", help="for whom; may be given several times")
    whom.add_argument("--users", metavar="FILE", help="for the users in this file, an id a line")
    whom.add_argument("--all", action="store_true", help="for every user")
    whom.add_argument("--new-user", action="store_true", help="for somebody new, who likes what --likes says")
    parser.add_argument("--likes", metavar="NAME=RATING,…", help="what a new user thinks of item columns, such as Action=5,Musical=1; "
                        "of a model trained with --genres or --item-columns")
    add_list_arguments(parser)
    parser.add_argument("--items", metavar="FILE", help="recommend only the items in this file, an id a line")
    parser.add_argument("--exclude", metavar="FILE", help="recommend none of the items in this file, an id a line")
    parser.add_argument("--seen", action="store_true", help="list what the user has rated, too")
    add_report_arguments(parser, "the same as a workbook (.xlsx), or, for many users, as a table (.csv, .parquet)")
    parser.add_argument("--processes", type=int, metavar="N", help="of MODEL.passes, which `train STORE --rows-only` leaves: so many processes share "
                        "the blocks of users; -o is a folder then, of a Parquet file a block")
    parser.add_argument("--part", metavar="K/N", help="the same on N machines: only the K-th part of the blocks")


def _recommend(args: argparse.Namespace, say: Say) -> dict:
    if not args.server and (Path(args.model) / "fit.json").is_file():
        return recommend_from_passes(args, say)
    if args.processes is not None or args.part is not None:
        raise UserError("--processes and --part share out blocks of users, which the rows of a fit of a store have: the folder MODEL.passes "
                        "that `collabsheet train STORE --rows-only` leaves. Give that, or leave them out.")
    one = args.new_user or (args.user is not None and len(args.user) == 1)
    check_list_target(args, table_only=not one)
    model, n = asked_model(args), how_many_listed(args.n)
    items = None if args.items is None else _known(args.items, model.items_, "item")
    exclude = () if args.exclude is None else _known(args.exclude, model.items_, "item")
    if (args.likes is not None) != args.new_user:
        raise UserError("--new-user and --likes belong together: --new-user --likes \"Action=5,Musical=1\".")
    if args.new_user:
        return _for_likes(model, n, args, say)
    options: _Options = {"items": items, "exclude": exclude, "exclude_seen": not args.seen}
    if one:
        return _for_one(as_label(args.user[0], model.users_), n, model, args, say, options)
    users = None
    if args.user:
        users = [as_label(text, model.users_) for text in args.user]
    elif args.users:
        users = _known(args.users, model.users_, "user")
    found = model.recommend(users, n, **options)
    if titles := titles_of(model.items_, args.titles):
        found["title"] = [titles.get(item) for item in found["item"]]
    how_many = found["user"].nunique()
    say(f"{len(found):,} recommendations to {how_many:,} user{'s' * (how_many != 1)}.")
    for line in table(tuple(found.columns), table_rows(found.head(_SHOWN if args.output else len(found)))):
        say(line)
    result = {"model": args.model, "users": how_many, "recommendations": len(found), "output": args.output}
    if args.output is None:
        return json_ready(result | {"items": found.to_dict("records")})
    write_table(found, args.output, overwrite=args.overwrite)
    say(f"Wrote {args.output}")
    return json_ready(result)


def _for_likes(model: CollabFilter | ModelThere, n: int, args: argparse.Namespace, say: Say) -> dict:
    likes = {}
    for part in args.likes.split(","):
        name, _, number = part.rpartition("=")
        try:
            likes[name.strip()] = float(number)
        except ValueError:
            raise UserError(f"--likes has '{part.strip()}'. Give a name and a rating, such as Action=5, with commas between several.") from None
    if args.items or args.exclude or args.seen:
        raise UserError("--items, --exclude and --seen are for known users. Leave them out.")
    say(f"For a new user who likes {args.likes}:")
    found = model.recommend_for_likes(likes, n) if isinstance(model, ModelThere) else model.fold_in_likes(likes).recommend(n)
    result = json_ready({"model": args.model, "likes": likes} | tell_list(found, "item", "prediction", model, args, say))
    return written_list(found, result, "recommend", args, say)


def _for_one(user, n: int, model: CollabFilter | ModelThere, args: argparse.Namespace, say: Say, options: _Options) -> dict:
    try:
        found = model.recommend(user, n, **options)
    except UserError as error:
        if user in model.users_:
            raise
        likes = ", and --new-user --likes from what they like" if model.item_columns_ else ""
        raise UserError(f"{error} To somebody new, fold-in recommends from a few ratings{likes}.") from None
    say(f"For user {user}:")
    result = json_ready({"model": args.model, "user": user} | tell_list(found, "item", "prediction", model, args, say))
    found.insert(0, "user", user)
    return written_list(found, result, "recommend", args, say)


def _known(path: str, labels: tuple, what: str) -> list:
    """The model's labels for the ids in a file, one a line. Raises UserError for one that the model does not know."""
    from solver.disk import refuse_unless_file

    refuse_unless_file(path)
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"There is no file '{Path(path).name}'. Check its name and folder.") from None
    except UnicodeDecodeError:
        raise UserError(f"{Path(path).name} is not UTF-8 text. Give a file with an id in every line.") from None
    asked = [text for line in lines if (text := line.strip())]
    if asked and asked[0].casefold().replace("_", "") in (what, f"{what}id", f"{what}s", "id"):
        del asked[0]        # the name of the column
    from solver.collab.labels.id_labels import known_labels

    known = known_labels(asked, labels)
    if None in known:
        raise UserError(f"{Path(path).name}: there is no {what} {asked[known.index(None)]} in the model. Remove it, or check the file: "
                        "it is to have an id in every line.")
    return known


# ---- predict

def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    add_asked_model_arguments(parser)
    parser.add_argument("ratings", nargs="+", metavar="PAIRS", help=f"users and items, with or without ratings: {TABLE_OF_RATINGS}")
    parser.add_argument("--interval", type=float, metavar="SHARE",
                        help="also say between what ends a rating lies with this probability, such as 0.9")
    add_ratings_arguments(parser)
    add_table_arguments(parser, "the predictions")


def _predict(args: argparse.Namespace, say: Say) -> dict:
    import pandas as pd

    from solver.collab.labels.id_labels import known_labels

    if args.output is not None:
        checked_table(args.output, overwrite=args.overwrite)
    model = asked_model(args)
    asked, notes = read_given(args, unrated=1.0)
    pairs = {}
    for what, labels, own, index in (("user", asked.users, model.users_, asked.user_index), ("item", asked.items, model.items_, asked.item_index)):
        matched = known_labels(labels, own)
        pairs[what] = pd.Series([label if known is None else known for label, known in zip(labels, matched)], dtype=object).take(index)
        if unknown := [label for label, known in zip(labels, matched) if known is None]:
            notes.append(f"The model does not know {len(unknown):,} {what}{'s' * (len(unknown) > 1)}, such as {unknown[0]}: the mean of the "
                         "others stands in.")
    frame = pd.DataFrame({what: column.reset_index(drop=True) for what, column in pairs.items()})
    asking = frame
    if not isinstance(model, ModelThere) and model.result_.by_day:     # a service predicts each user as on their latest day
        asking = frame if asked.times is None else frame.assign(time=asked.times)
        notes.append("No times are given: each user is predicted as on their latest day." if asked.times is None else
                     "Each pair is predicted at its time.")
    with _silent():
        if args.interval is None:
            frame["prediction"] = model.predict(asking)
        else:
            frame["prediction"], frame["low"], frame["high"] = model.predict(asking, return_interval=args.interval)
    for note in notes:
        say(f"Note: {note}")
    say(f"Predicted {len(frame):,} pairs of {named_ratings(args)}.")
    for line in table(tuple(frame.columns), table_rows(frame.head(_SHOWN if args.output else len(frame)))):
        say(line)
    result = {"model": args.model, "pairs": len(frame), "output": args.output, "notes": notes}
    if args.output is None:
        return json_ready(result | {"predictions": frame.to_dict("records")})
    write_table(frame, args.output, overwrite=args.overwrite)
    say(f"Wrote {args.output}")
    return json_ready(result)


def _silent():
    """What the model warns of is among the notes."""
    import warnings

    return warnings.catch_warnings(action="ignore", category=UserWarning)


RECOMMEND = Command("recommend", "List the items that a user has not rated and would rate highest; for one user, for many, or for all.",
                    "collabsheet recommend model --user 14 -n 10 --titles movies.csv", _recommend_arguments, _recommend)
PREDICT = Command("predict", "Predict the ratings of the pairs in a table.",
                  "collabsheet predict model pairs.csv -o predicted.csv", _predict_arguments, _predict)
