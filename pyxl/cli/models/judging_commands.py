"""The commands that judge ways of learning before a model is trained: `cross-validate`, `search`, `learning-curve` and `lr-find`."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.metric_arguments import add_list_metric_arguments, list_options
from pyxl.cli.arguments.option_arguments import add_option_arguments, options_in
from pyxl.cli.arguments.reading_arguments import (
    TABLE_OF_RATINGS,
    add_feedback_arguments,
    add_ratings_arguments,
    add_weight_argument,
    feedback_options,
    read_given,
)
from pyxl.cli.arguments.table_files import add_table_arguments, checked_table, table_rows, write_table
from pyxl.cli.command_line import Command
from solver.core.options import Given
from solver.core.settings import OPTIONS, options_given
from solver.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from solver import CollabFilter, Ratings
    from solver.collab.judged.settings_search import Between


def _model_arguments(parser: argparse.ArgumentParser, *, folds: int) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS)
    parser.add_argument("--effort", default="quick", metavar="quick|good|best",
                        help="how much time may go into accuracy (default quick); chooses what is not given below")
    parser.add_argument("--folds", type=int, metavar="N", default=folds, help=f"parts of the ratings, each of which is held out once (default {folds})")
    add_table_arguments(parser, "the table")
    add_weight_argument(parser)
    add_ratings_arguments(parser)
    add_option_arguments(parser.add_argument_group("settings", "What is not given here is chosen by --effort."), Given.TRAIN, unset={"seed": "0", "device": "auto"})


def _metric_arguments(parser: argparse.ArgumentParser) -> None:
    add_feedback_arguments(parser)
    add_list_metric_arguments(parser)


def _model_and_ratings(args: argparse.Namespace, say: Say, *, feedback: Mapping[str, Any]) -> tuple[CollabFilter, int, Ratings, list[str]]:
    """(an estimator with what was given, the seed, the ratings, notes)"""
    from solver import CollabFilter

    if args.output is not None:
        checked_table(args.output, overwrite=args.overwrite)
    options = options_in(args, Given.TRAIN)
    for name, value in options.items():
        OPTIONS[name].check(value)
    seed = int(options.pop("seed", 0))
    model = CollabFilter(effort=args.effort, random_state=seed, **feedback, **options)
    ratings, notes = read_given(args, unrated=1.0 if model.feedback == "implicit" else None)
    for note in notes:
        say(f"Note: {note}")
    return model, seed, ratings, notes


def _tell(frame: pd.DataFrame, args: argparse.Namespace, say: Say) -> None:
    for line in table(tuple(frame.columns), table_rows(frame)):
        say(line)
    if args.output is not None:
        write_table(frame, args.output, overwrite=args.overwrite)
        say(f"Wrote {args.output}")


# ---- cross-validate

def _cross_validate_arguments(parser: argparse.ArgumentParser) -> None:
    from solver.judging.metrics import METRICS

    parser.add_argument("--metrics", metavar="NAME,NAME", help=f"what to measure (default rmse,mae; of implicit feedback ndcg): {', '.join(METRICS)}")
    parser.add_argument("--split", default="random", metavar="random|time",
                        help="how the parts are made: drawn by the seed (default), or by time, each learnt from those before it")
    _metric_arguments(parser)
    _model_arguments(parser, folds=5)


def _cross_validate(args: argparse.Namespace, say: Say) -> dict:
    from solver import cross_validate

    metrics = [name.strip() for name in (args.metrics or ("ndcg" if args.feedback == "implicit" else "rmse,mae")).split(",")]
    lists = list_options(args, metrics)
    model, seed, ratings, notes = _model_and_ratings(args, say, feedback=feedback_options(args))
    with warnings.catch_warnings(action="ignore", category=UserWarning):    # pairs that a fold does not know are left out
        found = cross_validate(ratings, model, folds=args.folds, seed=seed, metrics=metrics, split=args.split, **lists)
    _tell(found.folds, args, say)
    means = {name: found.mean(name) for name in metrics}
    errors = {name: found.standard_error_of(name) for name in metrics}
    for name in metrics:
        say(f"{name}: {means[name]:.4f} ± {errors[name]:.4f}" + (f" (biases alone {found.bias_only:.4f})" if name == "rmse" else ""))
    return json_ready({"means": means, "standard_errors": errors, "folds": found.folds.to_dict("records"), "output": args.output, "notes": notes})


# ---- search

def _search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--try", dest="tried", action="append", required=True, metavar="SETTING=A,B,…",
                        help="values to try, such as factors=10,30,100, or two numbers to draw between, such as weight-decay=0.1:3; several times")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="combinations that are tried at most (default 20)")
    parser.add_argument("--metric", default="rmse", metavar="NAME", help="by which the best is chosen (default rmse)")
    parser.add_argument("--halving", action="store_true", help="try all on a part of the ratings, and the better third on three times as many")
    _metric_arguments(parser)
    _model_arguments(parser, folds=3)


def _search(args: argparse.Namespace, say: Say) -> dict:
    from solver.collab.judged.settings_search import search_settings

    space, lists = dict(_values(text) for text in args.tried), list_options(args, [args.metric])
    model, seed, ratings, notes = _model_and_ratings(args, say, feedback=feedback_options(args))
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        found = search_settings(ratings, model, space, trials=args.trials, folds=args.folds, seed=seed, metric=args.metric,
                                halving=args.halving, **lists,
                                on_trial=lambda one, value: say(f"{', '.join(f'{name} {one[name]}' for name in one)}: {args.metric} {value:.4f}"))
    say("")
    _tell(found.results, args, say)
    flags = " ".join(f"{OPTIONS[name].flag if name in OPTIONS else '--' + name} {value}" for name, value in found.best.items())
    say(f"Best: train with {flags}")
    return json_ready({"best": found.best, "results": found.results.to_dict("records"), "output": args.output, "notes": notes})


def _values(text: str) -> tuple[str, Sequence[Any] | Between]:
    """(the setting, its values) of ``factors=10,30`` or ``weight-decay=0.1:3``. Raises UserError for what is neither."""
    from solver.collab.judged.settings_search import Between

    flag, _, listed = text.partition("=")
    by_flag = {declared.flag.lstrip("-"): name for name, declared in options_given(Given.TRAIN).items()} | {"effort": "effort"}
    name = by_flag.get(flag.strip().lstrip("-").replace("_", "-"), flag.strip())
    if name not in by_flag.values() or not listed:
        raise UserError(f"--try is '{text}'. Give a setting and its values, such as factors=10,30,100; settings are {', '.join(by_flag)}.")
    if name == "effort":
        return name, listed.split(",")
    read: Callable[[str], Any] = OPTIONS[name].values.parse
    try:
        if ":" in listed:
            low, high = (read(part) for part in listed.split(":"))
            return name, Between(low, high)
        return name, [read(part) for part in listed.split(",")]
    except ValueError:
        raise UserError(f"--try is '{text}', and {flag} is {OPTIONS[name].values.told}. Correct it.") from None


# ---- learning-curve

def _learning_curve_arguments(parser: argparse.ArgumentParser) -> None:
    from solver.collab.judged.learning_curve import LEARNT_SHARES

    listed = ",".join(f"{share:g}" for share in LEARNT_SHARES)
    parser.add_argument("--shares", metavar="A,B,…", default=listed, help=f"shares of the ratings to learn from (default {listed})")
    parser.add_argument("--plot", metavar="FILE.png", help="draw both errors over the number of ratings")
    _model_arguments(parser, folds=3)


def _learning_curve(args: argparse.Namespace, say: Say) -> dict:
    from solver.collab.judged.learning_curve import learning_curve
    from solver.judging.plots import refuse_plot

    if args.plot:
        refuse_plot(args.plot)
    try:
        shares = [float(part) for part in args.shares.split(",")]
    except ValueError:
        raise UserError(f"--shares is '{args.shares}'. Give shares above 0 and up to 1, such as 0.1,0.5,1.") from None
    model, seed, ratings, notes = _model_and_ratings(args, say, feedback={})
    found = learning_curve(ratings, model, shares=shares, folds=args.folds, seed=seed,
                           on_share=lambda share, error: say(f"{share:.0%} of the ratings: held-out RMSE {error:.4f}"))
    say("")
    _tell(found.results, args, say)
    say(found.reason)
    if args.plot:
        found.plot(args.plot)
        say(f"Drew {args.plot}")
    return json_ready({"shares": found.results.to_dict("records"), "reason": found.reason, "output": args.output, "plot": args.plot, "notes": notes})


# ---- lr-find

def _lr_find_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS)
    parser.add_argument("-o", "--output", metavar="BOOK", help="write a workbook with the losses, smoothed by formulas, and their chart: the sheet `lr` of an .xlsx")
    parser.add_argument("--overwrite", action="store_true", help="replace BOOK if it exists")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the loss over the rate")
    add_ratings_arguments(parser)
    add_option_arguments(parser.add_argument_group("settings", "Optimizer and batch size are adamw and 512 unless given."), Given.TRAIN,
                         unset={"n_factors": "5", "seed": "0", "device": "auto"})


def _lr_find(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.cli.arguments.report_files import checked_report
    from solver import Settings, find_lr
    from solver.judging.plots import refuse_plot
    from workbook.lr_book import build_lr

    if args.plot:
        refuse_plot(args.plot)
    if args.output:
        checked_report(args.output, overwrite=args.overwrite)
    options = options_in(args, Given.TRAIN)
    if options.get("lr") is not None:
        raise UserError("lr-find looks for the learning rate. Leave out --lr.")
    if unused := next((name for name in ("epochs", "schedule", "patience") if name in options), None):
        raise UserError(f"lr-find goes once through all rates, each a little above the last. Leave out --{unused}.")
    chosen: dict[str, Any] = {"optimizer": "adamw", "batch_size": 512} | options
    settings = Settings(**chosen)
    ratings, notes = read_given(args)
    found = find_lr(ratings, settings)
    for note in notes:
        say(f"Note: {note}")
    say(f"Suggested learning rate: {found.suggestion:.2g} (least loss at {found.at_least:.2g}"
        f"{'' if found.blew_up else '; the loss never blew up, so that there may be better rates beyond'}). Train with --optimizer {settings.optimizer} "
        f"--batch-size {settings.batch_size} --lr {found.suggestion:.2g}.")
    if args.plot:
        found.plot(args.plot)
        say(f"Drew {args.plot}")
    if args.output:
        build_lr(args.output, found, overwrite=args.overwrite, line=f"{len(ratings)} ratings in batches of {settings.batch_size}, by {settings.optimizer}.")
        say(f"Built {args.output}.")
    return json_ready({"suggestion": found.suggestion, "at_least": found.at_least, "blew_up": found.blew_up, "rates": found.rates.tolist(),
                       "losses": found.smoothed.tolist(), "plot": args.plot, "workbook": args.output, "notes": notes})


CROSS_VALIDATE = Command("cross-validate", "Measure how well a model predicts ratings that it did not learn from, each of them once. No model is kept.",
                         "collabsheet cross-validate ratings.csv --folds 5 --metrics rmse,ndcg", _cross_validate_arguments, _cross_validate)
SEARCH = Command("search", "Try settings by cross-validation and name the best.",
                 "collabsheet search ratings.csv --try factors=10,30,100 --try weight-decay=0.3:3 --trials 10", _search_arguments, _search)
LEARNING_CURVE = Command("learning-curve", "Show how the errors fall as the number of ratings grows, and so whether more ratings would help.",
                         "collabsheet learning-curve ratings.csv --plot curve.png", _learning_curve_arguments, _learning_curve)
LR_FIND = Command("lr-find", "Find a learning rate for a fit in batches, by one short run that tries all rates.",
                  "collabsheet lr-find ratings.csv -o lr.xlsx", _lr_find_arguments, _lr_find)
