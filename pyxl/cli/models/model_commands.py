"""The commands that ask a trained model: `similar`, `evaluate` and `explain`."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.metric_arguments import add_list_metric_arguments, how_many_listed, list_options
from pyxl.cli.arguments.reading_arguments import (
    add_ratings_arguments,
    named_ratings,
    read_given,
)
from pyxl.cli.arguments.report_files import REPORTS, checked_report, write_report
from pyxl.cli.arguments.server_argument import add_server_argument
from pyxl.cli.arguments.table_files import TABLE_ENDINGS, checked_table, write_table
from pyxl.cli.command_line import Command
from solver.errors import UserError

from .models_there import ModelThere, asked_model
from .trained_model import as_label, baselines, known_part, load_trained, refuse_reading_options, titles_of

if TYPE_CHECKING:
    import pandas as pd

    from solver import CollabFilter, Ratings


# ---- similar

def _similar_arguments(parser: argparse.ArgumentParser) -> None:
    add_asked_model_arguments(parser)
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--item", metavar="ID", help="list the items whose factors are most like this one's")
    one.add_argument("--user", metavar="ID", help="list the users whose factors are most like this one's")
    parser.add_argument("--min-ratings", type=int, default=1, metavar="N",
                        help="list only those with N ratings or more; with few they are alike by chance (default 1)")
    add_list_arguments(parser)


def _similar(args: argparse.Namespace, say: Say) -> dict:
    model, n = asked_model(args), how_many_listed(args.n)
    if args.item is not None:
        what, label = "item", as_label(args.item, model.items_)
        found = model.similar_items(label, n, min_ratings=args.min_ratings)
    else:
        what, label = "user", as_label(args.user, model.users_)
        found = model.similar_users(label, n, min_ratings=args.min_ratings)
    say(f"Most like {what} {label}:")
    return json_ready({"model": args.model, what: label} | tell_list(found, what, "similarity", model, args, say))


# ---- evaluate

def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    from solver.judging.metrics import METRICS

    add_model_argument(parser)
    parser.add_argument("ratings", nargs="*", metavar="RATINGS", help="ratings that the model has not learnt from, in a table as `train` "
                        "reads it (default: those that `train --holdout` held out)")
    parser.add_argument("--metrics", metavar="NAME,NAME", default="rmse,mae",
                        help=f"what to measure (default rmse,mae): {', '.join(METRICS)}")
    add_list_metric_arguments(parser)
    parser.add_argument("--plot", metavar="FILE.png", help="draw predicted against observed ratings")
    add_ratings_arguments(parser)


def _evaluate(args: argparse.Namespace, say: Say) -> dict:
    from solver.judging.metrics import METRICS
    from solver.judging.plots import plot_predicted, refuse_plot

    metrics = [name.strip() for name in args.metrics.split(",")]
    lists = list_options(args, metrics)
    if args.plot:
        refuse_plot(args.plot)
    model = load_trained(args.model)
    ratings, notes = _ratings_to_judge_by(model, args)
    known_user, known_item, asked = known_part(ratings, model, named_ratings(args) if args.ratings else args.model)
    learnt = model.was_learnt(asked)
    if learnt.all():
        notes.append("The model has learnt from all of these ratings: this tells how well it remembers them, not how well it predicts "
                     "others. `evaluate` without a table judges by what was held out.")
    elif learnt.any():
        notes.append(f"The model has learnt from {learnt.sum():,} of these ratings; they were left out.")
        asked = asked.take(~learnt)
    with warnings.catch_warnings(action="ignore", category=UserWarning):    # of what is among the notes
        measures = model.evaluate(asked, metrics=metrics, **lists)
    rows = [("model", *measures.values())]
    of_ratings = {name: of for name in metrics if (of := METRICS[name].of_ratings)}
    for baseline, constant in baselines(model, asked):
        found = {name: of(constant, asked.values) for name, of in of_ratings.items()}
        measures |= {f"{baseline}_{name}": value for name, value in found.items()}
        rows.append((baseline, *(found.get(name) for name in metrics)))
    for note in notes:
        say(f"Note: {note}")
    for line in table(("", *map(str.upper, metrics)), rows if of_ratings else rows[:1]):
        say(line)
    counts = {"ratings": len(ratings), "known": len(asked), "unknown_users": int((~known_user).sum()),
              "unknown_items": int((~known_item).sum())}
    say(f"Over {counts['known']:,} of {len(ratings):,} ratings; {counts['unknown_users']:,} were of users and "
        f"{counts['unknown_items']:,} of items that the model does not know.")
    if args.plot:
        plot_predicted(model.predict(asked), asked.values, args.plot)
        say(f"Drew {args.plot}")
    return json_ready({"model": args.model} | counts | measures | {"notes": notes, "plot": args.plot})


def _ratings_to_judge_by(model: CollabFilter, args: argparse.Namespace) -> tuple[Ratings, list[str]]:
    """Those of the table, or, without one, those that were held out from the fit; and notes."""
    if args.ratings:
        return read_given(args)
    refuse_reading_options(args, "Give a table, too")
    held = model.holdout_ratings_
    if not len(held):
        raise UserError(f"{args.model} has learnt from all ratings that it was given. Train with --holdout, or give a table of others.")
    return held, ["Judged by the ratings that were held out when the model was trained."]


# ---- explain

def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_argument(parser)
    parser.add_argument("--user", required=True, metavar="ID", help="whose prediction")
    parser.add_argument("--item", required=True, metavar="ID", help="for which item")
    parser.add_argument("--titles", metavar="FILE", help="a table of item ids and titles")


def _explain(args: argparse.Namespace, say: Say) -> dict:
    model = load_trained(args.model)
    user, item = as_label(args.user, model.users_), as_label(args.item, model.items_)
    parts = model.explain(user, item)
    title = titles_of([item], args.titles).get(item)
    say(f"User {user}, item {item}{f' ({title})' if title else ''}:")
    strongest = sorted(zip(model.factor_names_, parts.factors), key=lambda part: -abs(part[1]))
    rows = [("mean", parts.offset), ("user's bias", parts.user_bias), ("item's bias", parts.item_bias),
            *strongest, ("sum", parts.raw), ("prediction", parts.prediction)]
    for line in table(("part", "value"), rows):
        say(line)
    return json_ready({"model": args.model, "user": user, "item": item, "title": title, "offset": parts.offset,
                  "user_bias": parts.user_bias, "item_bias": parts.item_bias, "factors": parts.factors,
                  "factor_names": model.factor_names_, "raw": parts.raw, "prediction": parts.prediction})


# ---- what commands that ask a model share

def add_model_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL_DIR", help="a folder that `collabsheet train` wrote")


def add_asked_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, which may be one that a service keeps."""
    parser.add_argument("model", metavar="MODEL_DIR", help="a folder that `collabsheet train` wrote; with --server what `train --server` said that "
                        "the model is called there")
    add_server_argument(parser)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=int, default=10, metavar="N", help="how many (default 10)")
    parser.add_argument("--titles", metavar="FILE", help="a table of item ids and titles")


def tell_list(found: pd.DataFrame, what: str, measure: str, model: CollabFilter | ModelThere, args: argparse.Namespace, say: Say) -> dict:
    """Show a list of users or items, best first; the same for --json."""
    if args.titles and what != "item":
        raise UserError("--titles is of items, and users are listed here. Leave it out.")
    labels, values = found[what].tolist(), found[measure].tolist()
    titles = titles_of(model.items_, args.titles) if what == "item" else {}
    rows = [{what: label, measure: float(value)} | ({"title": titles.get(label)} if titles else {})
            for label, value in zip(labels, values)]
    headers = [what, measure, *(["title"] if titles else [])]
    for line in table(headers, [[row[name] for name in headers] for row in rows]) or ["Nothing is left to list."]:
        say(line)
    return {f"{what}s": rows}


def check_list_target(args: argparse.Namespace, *, table_only: bool) -> None:
    """Before anything is computed: raise UserError where the list cannot be written to -o, as a table or, unless it is long, a report."""
    if args.output is None:
        return
    if table_only or _is_table(args.output):
        checked_table(args.output, overwrite=args.overwrite)
    else:
        checked_report(args.output, overwrite=args.overwrite)


def written_list(found: pd.DataFrame, result: dict, report_of: str, args: argparse.Namespace, say: Say) -> dict:
    """Write what one user or item is recommended where -o says so: the table `found`, or the report of a command's `result`."""
    if args.output is None:
        return result
    if _is_table(args.output):
        write_table(found, args.output, overwrite=args.overwrite)
    else:
        write_report(REPORTS[report_of](result), args.output, overwrite=args.overwrite)
    say(f"Wrote {args.output}")
    return result | {"report": str(args.output)}


def _is_table(path: str) -> bool:
    return Path(path).suffix.lower() in TABLE_ENDINGS


SIMILAR = Command("similar", "List the items, or users, that a model finds most alike.",
                  "collabsheet similar model --item 260 --titles movies.csv", _similar_arguments, _similar)
EVALUATE = Command("evaluate", "Measure a model's errors on ratings that it has not seen.",
                   "collabsheet evaluate model --metrics rmse,ndcg", _evaluate_arguments, _evaluate)
EXPLAIN = Command("explain", "Take a prediction apart: mean, biases, and each factor's part.",
                  "collabsheet explain model --user 14 --item 260", _explain_arguments, _explain)
