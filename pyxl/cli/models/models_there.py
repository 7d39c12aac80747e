"""`train`, `recommend`, `predict` and `similar` with ``--server``: a service learns, and answers by the model that it keeps."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import Say
from pyxl.cli.arguments.reading_arguments import reading_options
from pyxl.cli.arguments.server_argument import refuse_only_here, service_of
from solver.errors import UserError

from .trained_model import load_trained

if TYPE_CHECKING:
    import pandas as pd

    from pyxl.serve.trained_there import TrainedThere
    from solver import CollabFilter

    from .train_report import TrainReport

# what `train` takes and a service does not, by its name among the arguments
_ONLY_HERE = {"genres": "--genres", "item_columns": "--item-columns", "user_columns": "--user-columns", "learn_on": "--learn-on",
              "processes": "--processes", "rows_only": "--rows-only"}


def train_there(args: argparse.Namespace, rating_range: tuple[float, float] | None, options: Mapping[str, Any], *,
                say: Say) -> tuple[CollabFilter, dict[str, Any], TrainReport, str]:
    """What `train` does, by the service, written to the folder: the model, what it was told of the start, the report of its epochs, and what
    the model is called there."""
    from solver import Epoch

    from .train_report import TrainReport

    refuse_only_here(args, _ONLY_HERE)
    if len(args.ratings) > 1 or args.ratings[0] == "-" or not Path(args.ratings[0]).is_file():
        raise UserError("With --server the ratings are one file of this machine, which is sent there. Give one, or leave out --server.")
    begun: dict[str, Any] = {}
    report: TrainReport | None = None

    def on_start(start: dict[str, Any]) -> None:
        nonlocal report
        begun.update(start)
        report = TrainReport(start["baseline"], start["held_out"], start["most_epochs"], start["in_batches"])
        for note in start["notes"]:
            say(f"Note: {note}")
        say(read_line(start["ratings"], start["users"], start["items"], start["seconds"]))
        for line in report.head():
            say(line)

    def on_epoch(told: dict[str, Any]) -> None:
        if report:
            say(report.line(Epoch(told["epoch"], told["rmse"], told["seconds"], told["held_out"])))

    reading = reading_options(args) | {name: getattr(args, name) for name in ("layout", "missing", "dates", "bad_lines", "ids", "weight_column")}
    there = service_of(args).train(args.ratings[0], effort=args.effort, holdout=args.holdout, split=args.split, rating_range=rating_range,
                                   feedback=args.feedback, counts=args.counts, options=options, reading=reading, on_start=on_start, on_epoch=on_epoch)
    there.save(args.output, overwrite=args.overwrite)
    if report is None:
        raise UserError("The service told nothing of its training. It may be of another version: run the same one on both machines.")
    return load_trained(args.output), begun, report, there.book


def read_line(ratings: int, users: int, items: int, seconds: float) -> str:
    """What was read."""
    return f"Read {ratings:,} ratings by {users:,} users of {items:,} items in {seconds:.1f} s."


class ModelThere:
    """A model that a service keeps, with as much of what `CollabFilter` has as the commands ask for."""

    def __init__(self, there: TrainedThere):
        self._there = there

    @cached_property
    def _known(self) -> dict[str, Any]:
        return self._there.asked("model")

    @property
    def users_(self) -> tuple[Hashable, ...]:
        return tuple(self._known["users"])

    @property
    def items_(self) -> tuple[Hashable, ...]:
        return tuple(self._known["items"])

    @property
    def item_columns_(self) -> tuple[str, ...]:
        return tuple(self._known["item_columns"])

    def recommend(self, users: Any = None, n: int = 10, *, items: list | None = None, exclude: Sequence = (), exclude_seen: bool = True) -> pd.DataFrame:
        more = {"exclude": list(exclude) or None, "items": items, "seen": not exclude_seen}
        if users is None or isinstance(users, list):
            return _frame(self._there.recommend_many(users, n, **more), "user", "item", "prediction")
        return _frame(self._there.recommend(users, n, **more), "item", "prediction")

    def similar_items(self, item: Any, n: int = 10, *, min_ratings: int = 1) -> pd.DataFrame:
        return _frame(self._there.similar_items(item, n, min_ratings=min_ratings), "item", "similarity")

    def similar_users(self, user: Any, n: int = 10, *, min_ratings: int = 1) -> pd.DataFrame:
        return _frame(self._there.similar_users(user, n, min_ratings=min_ratings), "user", "similarity")

    def predict(self, frame: pd.DataFrame, *, return_interval: float | None = None) -> Any:
        found = self._there.predictions(list(zip(frame["user"].tolist(), frame["item"].tolist())), interval=return_interval)
        measures = ("prediction",) if return_interval is None else ("prediction", "low", "high")
        columns = [_frame(found, measure)[measure].to_numpy() for measure in measures]
        return columns[0] if return_interval is None else columns

    def recommend_for_likes(self, likes: Mapping[str, float], n: int) -> pd.DataFrame:
        return _frame(self._there.asked("recommend", {"likes": dict(likes), "n": n})["items"], "item", "prediction")


def asked_model(args: argparse.Namespace) -> CollabFilter | ModelThere:
    """The model that a command asks: of a folder, or, with ``--server``, what it is called there. Raises UserError where there is none."""
    if not args.server:
        return load_trained(args.model)
    if Path(args.model).exists():
        raise UserError(f"'{args.model}' is on this machine. With --server give what `train --server` said that the model is called there, or leave out --server.")
    return ModelThere(service_of(args).model(args.model))


def _frame(rows: list[dict[str, Any]], *columns: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns))
