"""What a stored model must be: types, shapes and ranges of every entry, so that nothing odd in it comes up later as a crash."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np

from solver.core.gradients import COUNTED
from solver.core.loop import Epoch
from solver.data.days import Days
from solver.data.rated import RatedItems
from solver.model.net import AnyFactors, NetFactors

_LARGEST = 2**63 - 1     # whole number that a tensor takes


class Misfit(ValueError):
    """What does not fit, for the middle of a sentence: ``its rating_range is [1]``."""


def _number(value) -> bool:
    return isinstance(value, float) and math.isfinite(value) or isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _maybe_number(value) -> bool:
    """A number, also one that is not finite: an error may be; or None."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _texts(value) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _range(value) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_number, value)) and value[0] <= value[1]


def _labels(value) -> bool:
    return isinstance(value, dict) and value.get("stored") in ("int64", "json") and _whole(value.get("how_many"))


def _factors(value) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class"), str) and _number(value.get("offset")) and _whole(value.get("given", 0))


def _samples(value) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and _number(one.get("offset")) and _whole(one.get("given", 0)) for one in value)


def _history(value) -> bool:
    names = [f.name for f in fields(Epoch) if f.name != "gradient"]      # which is there where it was noted
    if not (isinstance(value, dict) and sorted(value.keys() - {"gradient"}) == sorted(names) and all(isinstance(column, list) for column in value.values())):
        return False
    return (len({len(column) for column in value.values()}) == 1 and len(value["epoch"]) > 0 and all(map(_whole, value["epoch"]))
            and all(_maybe_number(one) for name in names for one in value[name]) and all(map(_gradient, value.get("gradient", []))))


def _gradient(value) -> bool:
    return value is None or (isinstance(value, dict) and sorted(value) == ["counts", "norms"] and isinstance(value["norms"], dict)
                             and all(map(_maybe_number, value["norms"].values())) and isinstance(value["counts"], list)
                             and len(value["counts"]) == len(COUNTED) and all(map(_whole, value["counts"])))


def _result(value) -> bool:
    kinds = {"n_ratings": _whole, "rmse_before": _maybe_number, "rmse_after": _maybe_number, "seconds": _maybe_number,
             "stop": _is(str), "converged": _is(bool), "stopped": _is(bool), "notes": _texts, "holdout_rmse": _maybe_number,
             "device": _is(str), "noise": _maybe_number}
    value = {"noise": None} | value if isinstance(value, dict) else value     # models of before it was kept
    return isinstance(value, dict) and sorted(value) == sorted(kinds) and all(good(value[name]) for name, good in kinds.items())


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


_ENTRIES: dict[str, Callable[[object], bool]] = {
    "parameters": _is(dict), "rating_range": _range, "spread": _number, "notes": _texts, "factors": _factors, "samples": _samples,
    "settings": _is(dict), "result": _result, "history": _history, "users": _labels, "items": _labels}


def check_document(document: Mapping) -> None:
    """Raise Misfit unless every entry is what `save_model` writes there."""
    for name, good in _ENTRIES.items():
        if name not in document:
            raise Misfit(f"it has no {name}")
        if not good(document[name]):
            shown = repr(document[name])
            raise Misfit(f"its {name} cannot be {shown if len(shown) <= 60 else shown[:60] + ' …'}")
    if not _whole(document.get("begun_with", 0)):
        raise Misfit("its begun_with is no number of ratings")
    if not _texts(document.get("item_columns", [])):
        raise Misfit("its item_columns are no names")


def check_labels(labels: tuple, how: Mapping, what: str) -> None:
    """Raise Misfit unless these are so many labels, each another one."""
    if not all(isinstance(one, (int, float, str)) for one in labels) or \
            not len(labels) == len({(type(one), one) for one in labels}) == how["how_many"]:
        raise Misfit(f"its labels of {what} are not {how['how_many']} different ones")


def check_factors(factors: AnyFactors, n_users: int, n_items: int) -> None:
    """Raise Misfit unless all tensors are finite numbers of the shapes that so many users and items have."""
    arrays = factors.arrays()
    if arrays["user"].ndim != 2 or arrays["item"].ndim != 2 or any(not array.ndim for array in arrays.values()):
        raise Misfit("its factors are no tables")
    if isinstance(factors, NetFactors) and not factors.weights:
        raise Misfit("its net has no layers")
    if (len(arrays["user"]), len(arrays["item"])) != (n_users, n_items):
        raise Misfit("it has other numbers of labels than of factors")
    shapes = factors.shapes(n_users, n_items)
    if any(array.shape != shapes[name] for name, array in arrays.items()) or ("user_bias" in arrays) != ("item_bias" in arrays) or factors.given > factors.n_factors:
        raise Misfit("its factors do not have the shapes of one model")
    for name, array in arrays.items():
        if not (array.dtype.kind == "f" and bool(np.isfinite(array).all())):
            raise Misfit(f"its factors '{name}' are not all finite numbers")


def check_rated(rated: RatedItems, counts: Mapping[str, np.ndarray], n_users: int, n_items: int) -> None:
    """Raise Misfit unless the ratings are rows of items that are there, and the counts are of these users and items."""
    starts, items, values = rated.starts, rated.items, rated.values
    fit = (all(array.ndim == 1 for array in (starts, items, values)) and starts.dtype.kind == items.dtype.kind == "i"
           and values.dtype.kind == "f" and len(starts) == n_users + 1 and len(items) == len(values)
           and (starts[0], starts[-1]) == (0, len(items)) and bool((np.diff(starts) >= 0).all())
           and bool(((items >= 0) & (items < n_items)).all()) and bool(np.isfinite(values).all()))
    fit = fit and (rated.held_out is None or (rated.held_out.shape == items.shape and rated.held_out.dtype == bool))
    fit = fit and (rated.weights is None or (rated.weights.shape == items.shape and bool((rated.weights > 0).all())))
    fit = fit and (rated.times is None or (rated.times.shape == items.shape and bool(np.isfinite(rated.times).all())))
    for what, size in (("user", n_users), ("item", n_items)):
        count = counts[what]
        fit = fit and count.shape == (size,) and count.dtype.kind == "i" and bool((count >= 0).all())
    if not fit:
        raise Misfit("its ratings are not those of its users and items")


def check_days(days: Days) -> None:
    """Raise Misfit unless these are days of users that are there, in rising order."""
    users, numbers = days.users, days.numbers
    fit = (users.ndim == 1 and users.shape == numbers.shape and users.dtype == numbers.dtype == np.int64 and len(users) > 0
           and users[0] >= 0 and users[-1] < days.n_users and bool((np.diff(users) >= 0).all())
           and bool((np.diff(numbers)[np.diff(users) == 0] > 0).all()) and _number(days.per_day) and days.per_day > 0)
    if not fit:
        raise Misfit("its days are not those of its users")


def check_described(described: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray]) -> None:
    """Raise Misfit unless it is said of each user or item whether columns describe it."""
    if any(side not in counts or rows.dtype != bool or rows.shape != counts[side].shape for side, rows in described.items()):
        raise Misfit("its described users and items are not its users and items")


def check_sets(sets: Mapping[str, np.ndarray], factors: AnyFactors, counts: Mapping[str, np.ndarray]) -> None:
    """Raise Misfit unless each side with sets has a row of finite numbers for each of some members of the other, in rising order."""
    for side, other in (("user", "item"), ("item", "user")):
        if not any(name.startswith(f"{side}.") for name in sets):
            continue
        always, members, vectors = (sets[f"{side}.{name}"] for name in ("always", "members", "vectors"))
        width = factors.n_factors + (f"{side}_bias" in factors.arrays())
        fit = always.shape == (width,) and members.ndim == 1 and vectors.shape == (len(members), width) and members.dtype.kind == "i"
        fit = fit and len(members) > 0 and bool((np.diff(members, prepend=-1) > 0).all()) and members[-1] < len(counts[other])
        if not fit or not all(array.dtype.kind == "f" and bool(np.isfinite(array).all()) for array in (always, vectors)):
            raise Misfit(f"what it says of the sets of {side}s does not fit")
