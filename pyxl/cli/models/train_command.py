"""The command `train`: ratings in, a model folder out."""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import Say, json_ready
from pyxl.cli.arguments.option_arguments import add_option_arguments, options_in
from pyxl.cli.arguments.reading_arguments import (
    TABLE_OF_RATINGS,
    add_feedback_arguments,
    add_ratings_arguments,
    add_weight_argument,
    feedback_options,
    named_ratings,
    read_given,
)
from pyxl.cli.arguments.server_argument import add_server_argument
from pyxl.cli.command_line import Command
from solver.core.options import Given
from solver.core.settings import OPTIONS
from solver.errors import UserError
from solver.store.recognised import is_store

from .models_there import read_line, train_there

if TYPE_CHECKING:
    import pandas as pd

    from solver import CollabFilter, Ratings

    from .train_report import TrainReport

_HELD_OUT = 0.1      # share of the ratings that judges a model, unless another is given


def _arguments(parser: argparse.ArgumentParser) -> None:
    from solver.fitting.effort import N_FACTORS

    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS + "; or a store that prepare wrote")
    parser.add_argument("-o", "--output", metavar="MODEL_DIR", required=True, help="the folder to write the model to")
    parser.add_argument("--overwrite", action="store_true", help="replace the model in MODEL_DIR if there is one")
    parser.add_argument("--effort", default="good", metavar="quick|good|best",
                        help="how much time may go into accuracy (default good); chooses what is not given below")
    parser.add_argument("--holdout", type=float, default=_HELD_OUT, metavar="SHARE",
                        help="share of the ratings to judge by, not learnt from; 0: learn from all (default 0.1)")
    parser.add_argument("--split", default="random", metavar="random|time",
                        help="which ratings are held out: drawn by the seed (default), or the latest")
    parser.add_argument("--genres", metavar="FILE", help="a table of items and their genres, several between |; they are "
                        "learnt with, and may help a lot")
    parser.add_argument("--item-columns", metavar="FILE", help="a table of items and what else is known of them, numbers or "
                        "categories; items without a rating are predicted from it")
    parser.add_argument("--user-columns", metavar="FILE", help="the same of users")
    parser.add_argument("--learn-on", metavar="MODEL_DIR", help="go on from this model, with its settings: further ratings, of known users "
                        "and items or new ones")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the RMSE of every epoch")
    parser.add_argument("--plot-gradients", metavar="FILE.png", help="draw the norm of every epoch's gradient and a histogram of its derivatives")
    parser.add_argument("--range", metavar="LOW,HIGH", help="lowest and highest rating (default: those there are)")
    parser.add_argument("--processes", type=int, metavar="N", help="of a store: processes that fit it together (default 1); the result does "
                        "not depend on their number")
    parser.add_argument("--rows-only", action="store_true", help="of a store: make no model folder, which takes memory for all of it")
    add_server_argument(parser)
    add_feedback_arguments(parser)
    add_weight_argument(parser)
    add_ratings_arguments(parser)
    add_option_arguments(parser.add_argument_group("settings", "What is not given here is chosen by --effort."), Given.TRAIN,
                         unset={"n_factors": str(N_FACTORS), "seed": "0", "device": "auto"})


def _train(args: argparse.Namespace, say: Say) -> dict:
    from solver.fitting.effort import N_FACTORS
    from solver.judging.plots import refuse_plot

    from .train_report import Teller

    folder = Path(args.output)
    refuse_target(folder, overwrite=args.overwrite)
    for picture in filter(None, (args.plot, args.plot_gradients)):
        refuse_plot(picture)
    rating_range = _range(args.range)
    if not args.server and is_store(args.ratings):
        from .train_store import train_on_store

        return train_on_store(args, rating_range, say)
    if args.processes is not None or args.rows_only:
        raise UserError("--processes and --rows-only are for a store. Make one by `collabsheet prepare`, and train on that.")
    options = options_in(args, Given.TRAIN) | ({"note_gradients": True} if args.plot_gradients and not args.learn_on else {})
    for name, value in options.items():
        OPTIONS[name].check(value)
    seed, n_factors = options.pop("seed", 0), options.get("n_factors", N_FACTORS)
    if args.server:
        model, told, report, book = train_there(args, rating_range, options | {"seed": seed}, say=say)
        more = _say_how_it_ended(model, told["notes"], say)
        said = _reported(model, told, report, [*told["notes"], *more], args, say)
        say(f"The service keeps it for a while under the name {book}, by which recommend, predict and similar ask it with --server.")
        return said | {"there": book}
    from solver import CollabFilter
    from solver.collab.labels.id_labels import refuse_negative_id

    refuse_missing_device(options.get("device", "auto"))
    if args.learn_on:
        model = _known_model(args, options)
    else:
        model = CollabFilter(effort=args.effort, random_state=seed, holdout=args.holdout, holdout_by=args.split,
                             rating_range=rating_range, **feedback_options(args), **options)
    with enough_memory(n_factors):
        began = time.perf_counter()
        ratings, notes = read_given(args, unrated=1.0 if model.feedback == "implicit" else None)
        refuse_negative_id(ratings, named_ratings(args))
        for note in notes:
            say(f"Note: {note}")
        say(read_line(len(ratings), ratings.n_users, ratings.n_items, time.perf_counter() - began))
        known, more = _described(args, ratings)
        notes += more
        for note in more:
            say(f"Note: {note}")
        with Teller(say, wanted=not args.json) as teller, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)    # what they say is among the notes
            if args.learn_on:
                model.partial_fit(_under_known_labels(ratings, model), on_start=teller.on_start, on_epoch=teller.on_epoch, on_batch=teller.on_batch)
            else:
                model.fit(ratings, item_columns=known.get("item"), user_columns=known.get("user"), on_start=teller.on_start,
                          on_epoch=teller.on_epoch, on_batch=teller.on_batch)
    more = _say_how_it_ended(model, notes, say)
    _save(model, folder, overwrite=args.overwrite)
    return _reported(model, {"ratings": len(ratings), "users": ratings.n_users, "items": ratings.n_items}, teller.report, [*notes, *more], args, say)


def _say_how_it_ended(model: CollabFilter, notes: Sequence[str], say: Say) -> list[str]:
    """Say the notes of the fit that are not among these, and why it ended; those notes."""
    more = [note for note in model.notes_ if note not in notes]
    for note in more:
        say(f"Note: {note}")
    say(model.result_.stop)
    return more


def _reported(model: CollabFilter, read: Mapping[str, Any], report: TrainReport, notes: list[str], args: argparse.Namespace, say: Say) -> dict:
    """Say of a model that was written how it compares, draw what was asked for, and return what --json prints. `read` has how many ratings, users
    and items the table has."""
    from solver.judging.plots import plot_gradients, plot_history

    result = model.result_
    say(f"{report.verdict(result)} {report.method(result)}: {result.seconds:.1f} s.")
    say(f"Wrote the model to {Path(args.output)}")
    if args.plot:
        plot_history(result.history, args.plot)
        say(f"Drew {args.plot}")
    if args.plot_gradients:
        plot_gradients(result.history, args.plot_gradients)
        say(f"Drew {args.plot_gradients}")
    return json_ready({
        "model": str(Path(args.output)), "ratings": read["ratings"], "users": read["users"], "items": read["items"],
        "learnt_from": model.n_ratings_, "rmse": result.rmse_after, "holdout_rmse": result.holdout_rmse,
        "baseline_rmse": report.baseline, "baseline_is_of": report.judged_by, "epochs": result.epochs,
        "history": [{"epoch": e.epoch, "rmse": e.rmse, "holdout_rmse": e.holdout_rmse, "seconds": e.seconds}
                    | ({"gradient": asdict(e.gradient)} if e.gradient else {}) for e in result.history],
        "settings": asdict(model.settings_),
        "device": result.device, "seconds": result.seconds, "stop": result.stop, "stopped": result.stopped,
        "plot": args.plot, "plot_gradients": args.plot_gradients, "notes": notes})


def _known_model(args: argparse.Namespace, options: Mapping[str, object]) -> CollabFilter:
    """The model to go on from. Raises UserError for what only a new model is told."""
    from .trained_model import load_trained

    given = [*(OPTIONS[name].flag for name in options), *(flag for flag, value in (
        ("--genres", args.genres), ("--item-columns", args.item_columns), ("--user-columns", args.user_columns), ("--range", args.range),
        ("--effort", args.effort != "good"), ("--feedback", args.feedback != "explicit"), ("--counts", args.counts), ("--plot-gradients", args.plot_gradients),
        ("--holdout", args.holdout != _HELD_OUT), ("--split", args.split != "random")) if value)]
    if given:
        raise UserError(f"--learn-on goes on with the settings of the model. Leave out {given[0]}, or train a new one.")
    return load_trained(args.learn_on)


def _under_known_labels(ratings: Ratings, model: CollabFilter) -> Ratings:
    """The ratings under the model's labels, where it has one that means the same: 14, '14' or '014'."""
    from solver.collab.labels.id_labels import under_known_labels

    return replace(ratings, users=tuple(under_known_labels(ratings.users, model.users_)),
                   items=tuple(under_known_labels(ratings.items, model.items_)))


def _described(args: argparse.Namespace, ratings: Ratings) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """What else is known of the ``item`` and the ``user`` side, and notes."""
    from solver import read_genres
    from solver.reading.member_columns import read_known_columns

    if args.genres and args.item_columns:
        raise UserError("--genres and --item-columns say the same of items. Give one of them.")
    known: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    if args.genres:
        known["item"], notes = read_genres(args.genres, items=ratings.items)
    for side, path, labels in (("item", args.item_columns, ratings.items), ("user", args.user_columns, ratings.users)):
        if path:
            known[side], more = read_known_columns(path, side=side, labels=labels)
            notes += more
    return known, notes


def _save(model: CollabFilter, folder: Path, *, overwrite: bool) -> None:
    try:
        model.save(folder, overwrite=overwrite)
    except MemoryError:
        raise UserError(f"There is too little memory to save the model '{folder.name}'; nothing was written. "
                        "Close other programs, or take fewer --factors.") from None


def refuse_target(folder: Path, *, overwrite: bool) -> None:
    """Before hours of work, not after: raise UserError where a model cannot be written."""
    if os.path.lexists(folder):
        if not folder.is_dir():
            raise UserError(f"'{folder.name}' is a file. Give a folder for the model.")
        if not overwrite:
            raise UserError(f"There is a folder '{folder.name}' already. Choose another, or say --overwrite.")
        if not (folder / "model.json").exists() and any(folder.iterdir()):
            raise UserError(f"The folder '{folder.name}' holds other files and no model. Choose another folder.")
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise UserError(f"The folder of '{folder.name}' does not exist. Make it, or choose another one.")
    if not os.access(folder if folder.is_dir() else parent, os.W_OK):
        raise UserError(f"'{folder.name}' cannot be written: permission denied. Choose a folder you may write to.")


def refuse_missing_device(device: str) -> None:
    """Who asks for a GPU is not to wait a hundred times longer without knowing."""
    if device not in ("cuda", "mps"):
        return
    import torch

    there: dict[str, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if not there[device]():
        raise UserError(f"There is no {device} device on this machine. Say --device auto or --device cpu.")


@contextmanager
def enough_memory(n_factors: int) -> Iterator[None]:
    """One sentence where memory does not suffice, whoever finds out: Python, numpy, pyarrow or torch."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        told = str(error).lower()
        if not isinstance(error, MemoryError) and not any(
                sign in told for sign in ("out of memory", "can't allocate memory", "not enough memory", "overflowed")):
            raise
        raise UserError(f"There is too little memory for these ratings and {n_factors:,} factors; nothing was written. "
                        "Take fewer --factors, or a machine with more memory.") from None


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--range is '{text}'. Give the lowest and the highest rating, such as 0.5,5.") from None
    return low, high


TRAIN = Command("train", "Learn factors from a table of ratings and write them to a model folder.",
                "collabsheet train ratings.csv -o model --holdout 0.1", _arguments, _train)
