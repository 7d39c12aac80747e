"""What of a fitted CollabFilter goes into a model folder, and back: labels, factors, settings, history."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from solver.core.gradients import GradientSeen
from solver.core.loop import Epoch
from solver.core.settings import usable
from solver.data.days import Days
from solver.data.rated import RatedItems
from solver.errors import UserError
from solver.fitting.fit_result import ByDay, FitResult
from solver.model.factors import tensors_later
from solver.model.net import net_of_arrays
from solver.version import __version__

from .arrivals.set_vectors import read_sets, stored_sets
from .labels.id_labels import STORED_LABELS, shown_label
from .learnt_model import LearntModel
from .saved.storage import damaged_model, read_folder, write_folder
from .saved.stored_checks import (
    Misfit,
    check_days,
    check_described,
    check_document,
    check_factors,
    check_labels,
    check_rated,
    check_sets,
)

_Loaded = TypeVar("_Loaded", bound=LearntModel)
_REBUILD: dict[str, Callable[[dict[str, np.ndarray], Mapping], Any]] = {  # what a model's parameters may be: from their arrays and what is noted of them
    "Factors": lambda arrays, about: tensors_later(arrays, offset=about["offset"], given=about.get("given", 0)),
    "NetFactors": lambda arrays, _: net_of_arrays(arrays),
}
_APART = ("factors", "samples", "by_day", "settings", "history", "decay")  # fields of FitResult that are stored in ways of their own, or not


def save_model(model: LearntModel, folder: str | Path, *, overwrite: bool) -> None:
    """Write a fitted model. Raises UserError for labels of a type that cannot be stored, and as `write_folder`."""
    result = model.result_
    every = result.by_day or result         # of whom the rows of latest days are a part
    arrays = _under("factors", every.factors.arrays())
    arrays |= {"rated.starts": model._rated.starts, "rated.items": model._rated.items,
              "rated.values": model._rated.values, "counts.user": model.user_counts_, "counts.item": model.item_counts_}
    if model._rated.held_out is not None:
        arrays["rated.held_out"] = model._rated.held_out
    if model._rated.weights is not None:
        arrays["rated.weights"] = model._rated.weights
    arrays |= {f"described.{side}": rows for side, rows in model._described.items()}
    arrays |= _under("sets", stored_sets(model.set_vectors_))
    if model._rated.times is not None:
        arrays["rated.times"] = model._rated.times
    if result.by_day:
        arrays |= {"days.users": result.by_day.days.users, "days.numbers": result.by_day.days.numbers}
    for n, draw in enumerate(every.samples):
        arrays |= _under(f"samples.{n}", draw.arrays())
    document = {
        "saved_by": {"collabsheet": __version__, "torch": metadata.version("torch"), "numpy": np.__version__,
                     "python": platform.python_version()},
        "parameters": {name: _plain(value) for name, value in model.get_params().items()},
        "rating_range": model.rating_range_, "spread": model.spread_, "notes": model.notes_,
        "factors": {"class": type(result.factors).__name__, "offset": result.factors.offset,
                    "given": result.factors.given}, "item_columns": model.item_columns_,
        "begun_with": model._begun_with, **({"per_day": result.by_day.days.per_day} if result.by_day else {}),
        "samples": [{"offset": draw.offset, "given": draw.given} for draw in result.samples],
        "settings": asdict(result.settings),
        "result": {f.name: _plain(getattr(result, f.name)) for f in fields(result) if f.name not in _APART},
        "history": _columns(result.history),
    }
    for what, labels in (("users", model.users_), ("items", model.items_)):
        arrays[what], document[what] = _packed(labels, what[:-1])
    write_folder(folder, arrays, document, overwrite=overwrite)


def load_model(estimator: Callable[..., _Loaded], folder: str | Path) -> _Loaded:
    """The model that `save_model` wrote, as an `estimator` with the same parameters. Raises UserError as `read_folder`, and where its parts do not fit together."""
    arrays, document = read_folder(folder)
    try:
        check_document(document)
        model = estimator(**_with_tuples(document["parameters"]))
        rebuild = _REBUILD[document["factors"]["class"]]
        factors = rebuild(_at("factors", arrays), document["factors"])
        samples = tuple(rebuild(_at(f"samples.{n}", arrays), draw)
                        for n, draw in enumerate(document["samples"]))
        stored = _with_tuples(document["settings"])
        settings, _ = usable(stored, stored=stored)  # older versions took settings that nothing used
        history = _epochs(document["history"])
        users, items = (_unpacked(arrays[what], document[what]) for what in ("users", "items"))
        check_labels(users, document["users"], "users")
        check_labels(items, document["items"], "items")
        days = _days_of(arrays, document, len(users))
        for one in (factors, *samples):
            check_factors(one, len(users) if days is None else days.n_rows, len(items))
        by_day = None if days is None else ByDay(days, factors, samples)
        if by_day:
            factors, samples = by_day.latest()
        result = FitResult(factors=factors, samples=samples, settings=settings, history=history, by_day=by_day,
                           **_with_tuples(document["result"]))
        rated = RatedItems(**_at("rated", arrays))
        counts = {side: arrays[f"counts.{side}"] for side in ("user", "item")}
        described = _at("described", arrays)
        check_rated(rated, counts, len(users), len(items))
        check_described(described, counts)
        sets = _at("sets", arrays)
        check_sets(sets, factors, counts)
        model._set_fitted(users, items, result, tuple(document["rating_range"]), rated, counts["user"], counts["item"],
                          document["spread"], tuple(document["notes"]), tuple(document.get("item_columns", ())), described,
                          document.get("begun_with", result.n_ratings), read_sets(sets))
    except Misfit as why:
        raise damaged_model(folder, str(why)) from None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, UserError) as error:
        raise damaged_model(folder, f"its parts do not fit together ({type(error).__name__})") from error
    return model


def _days_of(arrays: Mapping[str, np.ndarray], document: Mapping, n_users: int) -> Days | None:
    """The days of the users, where the model has learnt from times."""
    found = _at("days", arrays)
    if not found:
        return None
    days = Days(n_users, found["users"], found["numbers"], document["per_day"])
    check_days(days)
    return days


def _columns(history: Sequence[Epoch]) -> dict[str, list]:
    """The history as a list for each of its columns; that of gradients only where some were noted."""
    columns = {f.name: [_plain(getattr(epoch, f.name)) for epoch in history] for f in fields(Epoch) if f.name != "gradient"}
    noted = [epoch.gradient and asdict(epoch.gradient) for epoch in history]
    return columns | ({"gradient": noted} if any(noted) else {})


def _epochs(columns: Mapping[str, list]) -> tuple[Epoch, ...]:
    """What `_columns` has stored."""
    noted = [one and GradientSeen(one["norms"], tuple(one["counts"])) for one in columns.get("gradient", [None] * len(columns["epoch"]))]
    plain = [columns[f.name] for f in fields(Epoch) if f.name != "gradient"]
    return tuple(Epoch(*row) for row in zip(*plain, noted))


def _packed(labels: tuple, what: str) -> tuple[np.ndarray, dict]:
    """Labels as numbers, so that millions of them are read at once, and a note of how.

    Whole numbers are stored as such; texts, other numbers and mixtures as a JSON list in bytes.
    """
    labels = tuple(_plain(label) if isinstance(label, np.generic) else label for label in labels)
    if all(type(label) is int and -2**63 <= label < 2**63 for label in labels):
        return np.array(labels, np.int64), {"stored": "int64", "how_many": len(labels)}
    for label in labels:
        if type(label) not in STORED_LABELS:
            raise UserError(f"The {what} {shown_label(label)} is of type {type(label).__name__}; a saved model keeps whole "
                            f"numbers, numbers and texts. Fit with such {what}s.")
    listed = json.dumps(labels, allow_nan=False).encode("ascii")
    return np.frombuffer(listed, np.uint8), {"stored": "json", "how_many": len(labels)}


def _unpacked(stored: np.ndarray, how: Mapping) -> tuple:
    return tuple(stored.tolist() if how["stored"] == "int64" else json.loads(stored.tobytes()))


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _at(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    prefix += "."
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _with_tuples(stored: Mapping) -> dict:
    """Lists as the tuples that they were."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}


def _plain(value):
    """As JSON knows it: numpy's numbers as Python's; a source of random numbers as None (its draw is in the settings)."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return None if isinstance(value, (np.random.RandomState, np.random.Generator)) else value
