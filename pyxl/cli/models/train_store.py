"""`train` on a store that `prepare` wrote: block by block, by one process or by many; a fit that was killed goes on."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import Say, json_ready
from pyxl.cli.arguments.option_arguments import options_in
from solver.core.options import Given
from solver.core.settings import OPTIONS
from solver.errors import UserError

if TYPE_CHECKING:
    from solver import Epoch

_NOT_LEARNT_WITH = {"genres": "--genres", "item_columns": "--item-columns", "user_columns": "--user-columns", "learn_on": "--learn-on",
                    "weight_column": "--weight-column"}
# how a table is read, and what each of these is where nobody said it
_HOW_TO_READ = {"columns": None, "sep": None, "decimal": None, "encoding": None, "sheet": None, "layout": None, "missing": None,
                "bad_lines": "refuse", "ids": "checked"}


def train_on_store(args: argparse.Namespace, rating_range: tuple[float, float] | None, say: Say) -> dict:
    """Train a model from the store ``args.ratings``; under torchrun, do the part of this process. `rating_range` None: that of the store."""
    said = _options(args)
    folder, passes = Path(args.output), Path(f"{args.output}.passes")
    from solver.collab.from_store import model_of_fit, refuse_too_large
    from solver.distributed.fit_store import fit_store
    from solver.distributed.store_settings import store_settings
    from solver.judging.plots import plot_history
    from solver.store.rating_store import open_store

    first = os.environ.get("RANK", "0") == "0"      # of those that torchrun started
    tell = say if first else (lambda line: None)
    store = open_store(args.ratings[0])
    if rating_range and not (rating_range[0] <= store.rating_range[0] and store.rating_range[1] <= rating_range[1]):
        raise UserError(f"--range is '{args.range}', and the ratings of the store run from {store.rating_range[0]:g} to {store.rating_range[1]:g}. "
                        "Give a lowest and a highest rating that hold them.")
    settings, notes = store_settings(store, args.effort, said)
    if not args.rows_only:
        refuse_too_large(store, settings)
    tell(f"Fits {store.n_ratings:,} ratings in {store.blocks} × {store.blocks} blocks by {settings.optimizer}, {settings.n_factors} "
         f"factors, {settings.most_epochs} passes.")
    tell("pass  training RMSE  hold-out RMSE  seconds")

    def on_epoch(epoch: Epoch) -> None:
        held = "" if epoch.holdout_rmse is None else f"{epoch.holdout_rmse:.4f}"
        tell(f"{epoch.epoch:>4}  {epoch.rmse:>13.4f}  {held:>13}  {epoch.seconds:>7.1f}")

    try:
        fit = fit_store(store, passes, settings, holdout=args.holdout, clip=rating_range, processes=args.processes or 1, on_epoch=on_epoch)
    except KeyboardInterrupt:
        raise UserError("Stopped. Run the same command again: it goes on from the last pass.") from None
    last, began = fit.history[-1], time.perf_counter()
    report = {"ratings": store.n_ratings, "users": store.n_users, "items": store.n_items, "rmse": last.rmse,
              "holdout_rmse": last.holdout_rmse, "epochs": last.epoch, "history": [asdict(epoch) for epoch in fit.history],
              "settings": asdict(settings), "seconds": last.seconds, "bytes_sent_in_a_pass": fit.sent, "notes": list(notes)}
    for note in notes:
        tell(f"Note: {note}")
    if args.plot and first:
        plot_history(fit.history, args.plot)
        tell(f"Drew {args.plot}")
    if args.rows_only or not first:
        tell(f"The rows of every block are in {passes}, those of pass {last.epoch}.")
        return json_ready(report | {"rows": str(passes)})
    model_of_fit(fit, effort=args.effort, notes=notes).save(folder, overwrite=args.overwrite)
    shutil.rmtree(passes, ignore_errors=True)
    tell(f"Wrote the model to {folder} in {time.perf_counter() - began:.1f} s")
    return json_ready({"model": str(folder)} | report)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given. Raises UserError for what is not said of a store."""
    for name, flag in _NOT_LEARNT_WITH.items():
        if getattr(args, name) is not None:
            raise UserError(f"{flag} is not for a store. Leave it out, or give the ratings as a table.")
    for name, usual in _HOW_TO_READ.items():
        if getattr(args, name) != usual:
            raise UserError(f"--{name.replace('_', '-')} is not for a store: how its ratings are read was said to `collabsheet prepare`.")
    if args.feedback != "explicit" or args.counts or args.split != "random":
        raise UserError("A store is learnt from by its ratings, and held out at random. Leave out --feedback, --counts and --split, or give the "
                        "ratings as a table.")
    if args.rows_only and args.overwrite:
        raise UserError("--rows-only writes no model folder that --overwrite could replace. Leave out one of them.")
    said = options_in(args, Given.TRAIN)
    for name, value in said.items():
        OPTIONS[name].check(value)
    if said.pop("device", "auto") not in ("auto", "cpu"):
        raise UserError("A store is fitted on the CPU. Leave out --device, or give the ratings as a table.")
    if "patience" in said:
        raise UserError("A fit of a store makes all of its passes. Leave out --patience, or say --epochs.")
    if "non_negative" in said:
        raise UserError("A fit of a store has no limits for factors. Leave out --non-negative, or give the ratings as a table.")
    if "learn_times" in said:
        raise UserError("A store keeps no times. Leave out --learn-times, or give the ratings as a table.")
    if "note_gradients" in said or args.plot_gradients:
        raise UserError("A fit of a store notes no gradients. Leave out --note-gradients and --plot-gradients, or give the ratings as a table.")
    return said
