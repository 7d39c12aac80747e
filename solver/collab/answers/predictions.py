"""Predictions of many pairs by fitted parameters, of users and items known or not: chunk by chunk, in float64.

Factors are arrays here, since torch takes longer to load than all else that a saved model does; a net is torch's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solver.fitting.fit_result import ByDay
from solver.model.array_factors import array_in_range
from solver.model.factors import Factors
from solver.model.models import Bounds
from solver.model.net import AnyFactors, NetFactors, net_of_arrays
from solver.threads import survive_forks

_CHUNK = 8_192  # pairs predicted at once; their rows of factors fit into the processor's cache


@dataclass(frozen=True, eq=False)
class Everybody:
    """Fitted parameters that answer for everybody.

    `typical` are the mean rows of those users and items that have ratings, float64, by field name. They
    stand for whoever has none: the average user, as the lesson proposes for a newcomer. In
    `factors` they stand where a fit left start values, which say nothing.
    """

    factors: AnyFactors
    typical: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, factors: AnyFactors, counts: Mapping[str, np.ndarray], *, described: Mapping[str, np.ndarray] | None = None) -> Everybody:
        """`counts` are the ratings learnt from, of each ``user`` and ``item``; `described` (n,) bool who has a row of their own
        without any, by what else is known of them."""
        rows, settled = {}, {}
        for name, array in factors.arrays().items():
            if (count := counts.get(_side(name))) is None:
                continue
            rated = count > 0
            rows[name] = (array if rated.all() else array[rated]).mean(0, dtype=np.float64)
            if not rated.all():
                settled[name] = array.copy()
                own = (described or {}).get(_side(name))
                settled[name][~(rated if own is None else rated | own)] = rows[name]
                if name == "item" and factors.given:  # what is given holds, whether anybody rated it or not
                    settled[name][:, :factors.given] = array[:, :factors.given]
        return cls(factors.with_arrays(settled) if settled else factors, rows)

    def raw(self, users: np.ndarray, items: np.ndarray | slice, *, table: bool = False) -> np.ndarray:
        """What stands before the sigmoid, of pairs or of a table of rows, −1 being the typical one; one user alone is that of
        all the pairs."""
        index = {"user": users, "item": items}
        parts = {name: _rows(array, index[_side(name)], self.typical[name]) if _side(name) in index else array.astype(np.float64)
                 for name, array in self.factors.arrays().items()}      # the layers of a net belong to all pairs
        return _raw_of_net(parts, table) if isinstance(self.factors, NetFactors) else _raw(self.factors, parts, table)


def _raw(factors: Factors, parts: Mapping[str, np.ndarray], table: bool) -> np.ndarray:
    user, item = parts["user"], parts["item"]
    x = user @ item.T if table else (user * item).sum(1)    # pair by pair alike: ties stay ties
    if "user_bias" in parts:
        x = x + (parts["user_bias"][:, None] if table else parts["user_bias"]) + parts["item_bias"]
    return x + factors.offset if factors.offset else x


def _raw_of_net(parts: Mapping[str, np.ndarray], table: bool) -> np.ndarray:
    survive_forks()
    n = max(len(parts["user"]), len(parts["item"]))
    net = net_of_arrays(parts)
    if table:
        return net.raw_table().numpy()
    same = net.with_tensors({"user": net.user.expand(n, -1)})
    return same.raw(slice(None), slice(None)).numpy()


def of_days(draws: Sequence[Everybody], by_day: ByDay | None) -> tuple[Everybody, ...]:
    """The draws with a row for each day of each user behind those of the users, whom a day unlike all theirs finds as they usually are."""
    if by_day is None:
        return ()
    starts = by_day.days.starts
    never = np.flatnonzero(starts[1:] == starts[:-1])       # who has no day is who they are
    found = []
    for draw, every in zip(draws, by_day.samples):
        arrays, settled = every.arrays(), draw.factors.arrays()
        rows = {name: arrays[name] for name in arrays if _side(name) == "user"}
        if len(never):
            rows = {name: array.copy() for name, array in rows.items()}
            for name, array in rows.items():
                array[never] = settled[name][never]
        found.append(Everybody(draw.factors.with_arrays(rows), draw.typical))
    return tuple(found)


def predict_pairs(draws: Sequence[Everybody], users: np.ndarray, items: np.ndarray, *,
                  bounds: Bounds = None) -> tuple[np.ndarray, np.ndarray]:
    """(n,) float64 predictions of the pairs (users[j], items[j]), and how much the draws differ in them.

    A prediction is the mean over draws from a posterior, and the second their standard deviation;
    of a single set of parameters it is itself, and the second 0.
    """
    means, spreads = np.empty(len(users)), np.empty(len(users))
    for part in _parts(len(users)):
        each = np.stack([array_in_range(draw.raw(users[part], items[part]), bounds) for draw in draws])
        means[part], spreads[part] = each.mean(0), each.std(0, ddof=min(1, len(draws) - 1))
    return means, spreads


def predict_for_user(draws: Sequence[Everybody], user: int, n_items: int, *, bounds: Bounds = None) -> np.ndarray:
    """(n_items,) the same predictions of one user for all items: one product of a matrix and a row."""
    predicted = np.empty(n_items)
    for part in _parts(n_items):
        predicted[part] = np.mean([array_in_range(draw.raw(np.array([user]), part), bounds) for draw in draws], 0)
    return predicted


def predict_rows(draws: Sequence[Everybody], users: np.ndarray, items: np.ndarray, *,
                 bounds: Bounds = None) -> np.ndarray:
    """(n_users, n_items) predictions of all these users for all these items."""
    total = array_in_range(draws[0].raw(users, items, table=True), bounds)
    for draw in draws[1:]:
        total += array_in_range(draw.raw(users, items, table=True), bounds)
    return total / len(draws)


def _parts(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK))


def _rows(array: np.ndarray, index: np.ndarray | slice, typical: np.ndarray) -> np.ndarray:
    if isinstance(index, slice):
        return array[index].astype(np.float64, order="C")
    rows = array.take(np.maximum(index, 0), axis=0).astype(np.float64, order="C")
    unknown = index < 0
    if unknown.any():
        rows[unknown] = typical
    return rows


def _side(name: str) -> str:
    return name.split("_")[0]
