"""Jobs on ratings and trained models: a model is one book, a zip file of the two files of its folder. Only jobs write such books, so
that the service never unpacks a zip file from elsewhere."""

from __future__ import annotations

import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import json_ready
from solver.core.options import Given
from solver.errors import UserError

from .asked_options import checked_options, yes_or_no

if TYPE_CHECKING:
    from solver import CollabFilter, Epoch
    from solver.collab.preparation import Prepared

MODEL_ENDING = ".zip"
UNPACKED = "unpacked-"        # how a folder begins in which a model stands while a job uses it
PAIRS_AT_MOST = 10_000
_LISTED, _LISTED_AT_MOST = 10, 1_000
_ANSWERS_AT_MOST = 500_000      # lines that are recommended at a time
_TRAIN = ("effort", "holdout", "split", "rating_range", "feedback", "counts", "options", "reading")
_READING = ("columns", "sep", "decimal", "encoding", "sheet", "layout", "missing", "dates", "bad_lines", "ids", "weight_column")


def train_model(source: Path, target: Path, asked: Mapping[str, Any], on_epoch: Callable[[Epoch], bool],
                on_start: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Learn from a table of ratings as the command `train` does, and write a model. Asked: ``effort``, ``holdout`` (the share to judge by),
    ``split``, ``rating_range``, ``feedback``, ``counts``, ``options`` (settings of the fit), and ``reading`` (how the table is written).
    Before the first epoch `on_start` is told what is learnt from, and what biases alone reach."""
    from solver import CollabFilter, read_ratings
    from solver.collab.labels.id_labels import refuse_negative_id

    if unknown := sorted(set(asked) - set(_TRAIN)):
        raise UserError(f"A training takes no '{unknown[0]}'. It takes: {', '.join(_TRAIN)}.")
    options, reading, bounds = checked_options(asked.get("options", {}), Given.TRAIN), _reading(asked.get("reading", {})), asked.get("rating_range")
    model = CollabFilter(effort=asked.get("effort", "good"), random_state=options.pop("seed", 0), holdout=asked.get("holdout", 0.0),
                         holdout_by=asked.get("split", "random"), rating_range=tuple(bounds) if isinstance(bounds, list) else bounds,
                         feedback=asked.get("feedback", "explicit"), counts=float(yes_or_no(asked, "counts")), **options)
    began = time.perf_counter()
    ratings, notes = read_ratings(source, **reading, unrated=1.0 if model.feedback == "implicit" else None)
    refuse_negative_id(ratings, source.name)
    counted = {"ratings": len(ratings), "users": ratings.n_users, "items": ratings.n_items}
    seconds = time.perf_counter() - began

    def started(prepared: Prepared) -> None:
        from solver.judging.baselines import baseline_rmse

        settings = prepared.settings
        baseline = baseline_rmse(prepared.learnt, prepared.held, settings, clip=prepared.rating_range)
        on_start(json_ready(counted | {"seconds": seconds, "notes": notes, "baseline": baseline, "held_out": prepared.held is not None,
                                       "most_epochs": settings.most_epochs, "in_batches": settings.batch_size is not None}))

    with warnings.catch_warnings(action="ignore", category=UserWarning):     # what they say is among the notes
        model.fit(ratings, on_start=started, on_epoch=on_epoch)
    with tempfile.TemporaryDirectory(prefix=UNPACKED, dir=target.parent) as folder:
        model.save(Path(folder) / "model")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted((Path(folder) / "model").iterdir()):
                packed.write(path, path.name)
    result = model.result_
    return json_ready(counted | {"epochs": result.epochs, "rmse": result.rmse_after, "holdout_rmse": result.holdout_rmse, "stop": result.stop,
                                 "notes": [*notes, *(note for note in model.notes_ if note not in notes)]})


def who_is_known(source: Path) -> dict[str, Any]:
    """The users and items that a model has learnt of, in its order, and its item columns."""
    model = loaded_model(source)
    return json_ready({"users": list(model.users_), "items": list(model.items_), "item_columns": list(model.item_columns_)})


def recommend_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a user will rate highest of what they have not rated. Asked: ``user``, or ``users`` (a list, or null for all), or ``likes`` (what
    somebody new thinks of item columns); ``n``; for users also ``items`` and ``exclude`` (lists) and ``seen``."""
    n = _how_many(asked)
    if len({"user", "users", "likes"} & set(asked)) != 1:
        raise UserError("Name a user, or users, or what somebody new likes: user, users or likes.")
    model = loaded_model(source)
    if "likes" in asked:
        if not isinstance(asked["likes"], dict):
            raise UserError("likes is an object of item columns and ratings.")
        return json_ready({"items": model.fold_in_likes(asked["likes"]).recommend(n).to_dict("records")})
    items, exclude = (None if asked.get(name) is None else labels_known(_listed(asked[name], name), model.items_) for name in ("items", "exclude"))
    chosen: dict[str, Any] = {"items": items, "exclude": exclude or (), "exclude_seen": not yes_or_no(asked, "seen")}
    if "user" in asked:
        found = model.recommend(_label(asked["user"], model.users_), n, **chosen)
        return json_ready({"user": asked["user"], "items": found.to_dict("records")})
    users = None if asked["users"] is None else labels_known(_listed(asked["users"], "users"), model.users_)
    if (lines := n * len(model.users_ if users is None else users)) > _ANSWERS_AT_MOST:
        raise UserError(f"These are up to {lines:,} recommendations; {_ANSWERS_AT_MOST:,} are given at a time. Ask for fewer users, or a smaller n.")
    return json_ready({"recommendations": model.recommend(users, n, **chosen).to_dict("records")})


def similar_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The items most like an item, or the users most like a user. Asked: ``item`` or ``user``, ``n``, and ``min_ratings``, how
    many ratings those listed have at least."""
    n, least = _how_many(asked), asked.get("min_ratings", 1)
    model = loaded_model(source)
    if ("item" in asked) == ("user" in asked):
        raise UserError("Name an item or a user, and not both, to find others that are like it.")
    if "item" in asked:
        found = model.similar_items(_label(asked["item"], model.items_), n, min_ratings=least)
    else:
        found = model.similar_users(_label(asked["user"], model.users_), n, min_ratings=least)
    return json_ready({"similar": found.to_dict("records")})


def predict_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The ratings of pairs. Asked: ``pairs``, a list of [user, item], and ``interval``, the probability with which a rating lies between
    the two ends that are given, too. For a user or an item that the model does not know, the mean of the others is taken."""
    (pairs,) = _needed(asked, "pairs")
    if not isinstance(pairs, list) or not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise UserError("pairs is a list of [user, item].")
    if len(pairs) > PAIRS_AT_MOST:
        raise UserError(f"There are {len(pairs):,} pairs; {PAIRS_AT_MOST:,} are predicted at a time. Ask for the others after them.")
    model = loaded_model(source)
    users, items = (labels_known([pair[side] for pair in pairs], known) for side, known in ((0, model.users_), (1, model.items_)))
    import pandas as pd

    with warnings.catch_warnings(action="ignore", category=UserWarning):
        frame = pd.DataFrame({"user": pd.Series(users, dtype=object), "item": pd.Series(items, dtype=object)})
        interval = asked.get("interval")
        measures = {"prediction": model.predict(frame)} if interval is None else dict(
            zip(("prediction", "low", "high"), model.predict(frame, return_interval=interval)))
    known_users, known_items = set(model.users_), set(model.items_)
    known = [user in known_users and item in known_items for user, item in zip(users, items)]
    return json_ready({"predictions": [{"user": user, "item": item} | dict(zip(measures, map(float, numbers))) | {"known": both}
                                       for (user, item), *numbers, both in zip(pairs, *measures.values(), known)]})


def loaded_model(source: Path) -> CollabFilter:
    """The model of a book that a training wrote. Raises UserError for another book."""
    from solver import CollabFilter

    if source.suffix != MODEL_ENDING:
        raise UserError(f"'{source.name}' is no model. Give the book that a training wrote.")
    with tempfile.TemporaryDirectory(prefix=UNPACKED, dir=source.parent) as folder:
        with zipfile.ZipFile(source) as packed:
            packed.extractall(folder)
        return CollabFilter.load(folder)


def _needed(asked: Mapping[str, Any], *names: str) -> list[Any]:
    for name in names:
        if name not in asked:
            raise UserError(f"'{name}' is missing from what is asked for.")
    return [asked[name] for name in names]


def _how_many(asked: Mapping[str, Any]) -> int:
    n = asked.get("n", _LISTED)
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= _LISTED_AT_MOST:
        raise UserError(f"n is {n!r}. Give a whole number from 1 to {_LISTED_AT_MOST:,}.")
    return n


def _listed(given: Any, name: str) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise UserError(f"{name} is a list of ids.")
    return given


def _reading(given: Any) -> dict[str, Any]:
    """How a table is written, as `read_ratings` takes it. Raises UserError for what it does not take."""
    if not isinstance(given, dict) or not all(isinstance(value, str | None) for value in given.values()):
        raise UserError("reading is an object of names and texts, such as {\"sep\": \";\"}.")
    if unknown := sorted(set(given) - set(_READING)):
        raise UserError(f"How a table is written knows no '{unknown[0]}'. It knows: {', '.join(_READING)}.")
    return given


def _label(asked: Hashable, known: Sequence[Hashable]) -> Hashable:
    return labels_known([asked], known)[0]


def labels_known(asked: Sequence[Any], known: Sequence[Hashable]) -> list[Hashable]:
    """The model's own labels for these, such as 14 for '14'. A label that the model does not know stays as it is. Raises UserError for what is no id."""
    from solver.collab.labels.id_labels import under_known_labels

    for label in asked:
        if not isinstance(label, str | int | float) or isinstance(label, bool):
            raise UserError(f"{label!r} is no id of a user or an item. Give a number or a text.")
    return under_known_labels(asked, known)
