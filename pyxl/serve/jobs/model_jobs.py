"""Jobs on ratings and trained models: a model is one book, a zip file of the two files of its folder. Only jobs write such books, so
that the service never unpacks a zip file from elsewhere."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyxl.base.plain_output import json_ready
from solver.errors import UserError

if TYPE_CHECKING:
    from solver import CollabFilter, Epoch

MODEL_ENDING = ".zip"
UNPACKED = "unpacked-"        # how a folder begins in which a model stands while a job uses it
PAIRS_AT_MOST = 10_000
_LISTED, _LISTED_AT_MOST = 10, 1_000
_TRAIN = ("effort", "holdout")


def train_model(source: Path, target: Path, asked: Mapping[str, Any], on_epoch: Callable[[Epoch], bool]) -> dict[str, Any]:
    """Learn from a table of ratings and write a model. Asked: ``effort``, ``holdout`` (the share to judge by)."""
    from solver import CollabFilter, read_ratings

    if unknown := sorted(set(asked) - set(_TRAIN)):
        raise UserError(f"A training takes no '{unknown[0]}'. It takes: {', '.join(_TRAIN)}.")
    ratings, notes = read_ratings(source)
    model = CollabFilter(effort=asked.get("effort", "good"), holdout=asked.get("holdout", 0.0))
    with warnings.catch_warnings(action="ignore", category=UserWarning):     # what they say is among the notes
        model.fit(ratings, on_epoch=on_epoch)
    with tempfile.TemporaryDirectory(prefix=UNPACKED, dir=target.parent) as folder:
        model.save(Path(folder) / "model")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted((Path(folder) / "model").iterdir()):
                packed.write(path, path.name)
    result = model.result_
    return json_ready({"ratings": len(ratings), "users": len(model.users_), "items": len(model.items_), "epochs": result.epochs,
                       "rmse": result.rmse_after, "holdout_rmse": result.holdout_rmse, "stop": result.stop,
                       "notes": [*notes, *(note for note in model.notes_ if note not in notes)]})


def recommend_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a user will rate highest of what they have not rated. Asked: ``user``, ``n``."""
    model, (user,) = _loaded(source), _needed(asked, "user")
    found = model.recommend(_label(user, model.users_), _how_many(asked))
    return json_ready({"user": user, "items": found.to_dict("records")})


def similar_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The items most like an item, or the users most like a user. Asked: ``item`` or ``user``, ``n``."""
    model, n = _loaded(source), _how_many(asked)
    if ("item" in asked) == ("user" in asked):
        raise UserError("Name an item or a user, and not both, to find others that are like it.")
    if "item" in asked:
        found = model.similar_items(_label(asked["item"], model.items_), n)
    else:
        found = model.similar_users(_label(asked["user"], model.users_), n)
    return json_ready({"similar": found.to_dict("records")})


def predict_by_model(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The ratings of pairs. Asked: ``pairs``, a list of [user, item]. For a user or an item that the model does not know, the mean of the others is taken."""
    (pairs,) = _needed(asked, "pairs")
    if not isinstance(pairs, list) or not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise UserError("pairs is a list of [user, item].")
    if len(pairs) > PAIRS_AT_MOST:
        raise UserError(f"There are {len(pairs):,} pairs; {PAIRS_AT_MOST:,} are predicted at a time. Ask for the others after them.")
    model = _loaded(source)
    users, items = (_labels([pair[side] for pair in pairs], known) for side, known in ((0, model.users_), (1, model.items_)))
    import pandas as pd

    with warnings.catch_warnings(action="ignore", category=UserWarning):
        predicted = model.predict(pd.DataFrame({"user": pd.Series(users, dtype=object), "item": pd.Series(items, dtype=object)}))
    known_users, known_items = set(model.users_), set(model.items_)
    known = [user in known_users and item in known_items for user, item in zip(users, items)]
    return json_ready({"predictions": [{"user": user, "item": item, "prediction": float(number), "known": both}
                                       for (user, item), number, both in zip(pairs, predicted, known)]})


def _loaded(source: Path) -> CollabFilter:
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


def _label(asked: Hashable, known: Sequence[Hashable]) -> Hashable:
    return _labels([asked], known)[0]


def _labels(asked: Sequence[Any], known: Sequence[Hashable]) -> list[Hashable]:
    """The model's own labels for these, such as 14 for '14'. A label that the model does not know stays as it is. Raises UserError for what is no id."""
    from solver.collab.labels.id_labels import under_known_labels

    for label in asked:
        if not isinstance(label, str | int | float) or isinstance(label, bool):
            raise UserError(f"{label!r} is no id of a user or an item. Give a number or a text.")
    return under_known_labels(asked, known)
