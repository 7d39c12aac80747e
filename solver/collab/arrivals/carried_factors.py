"""Factors carried over to other users and items, or to another number of factors, without a fit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from solver.collab.answers.recommend import fold_in, members, newcomer_ridge, seen_by
from solver.data.ratings import Ratings
from solver.model.models import Bounds

if TYPE_CHECKING:
    from solver.model.factors import Factors
    from solver.model.net import NetFactors


def carried_factors(factors: Factors, *, users: Sequence[Hashable], items: Sequence[Hashable], ratings: Ratings,
                    bounds: Bounds = None) -> Factors:
    """The factors for the users and items of `ratings`; `users` and `items` say whose rows `factors` has.

    Who stays keeps the row to the last digit. A newcomer gets the average row, folded in by its own ratings: first
    users, from the items that were there, then items, from all users.
    """
    grown = _one_side(factors, "user", users, ratings.users, ratings.user_index, ratings.item_index, ratings.values,
                      others=_places(ratings.items, items), bounds=bounds)
    return _one_side(grown, "item", items, ratings.items, ratings.item_index, ratings.user_index, ratings.values,
                     others=np.arange(ratings.n_users), bounds=bounds)


def carried_net(net: NetFactors, *, users: Sequence[Hashable], items: Sequence[Hashable],
                wanted: tuple[Sequence[Hashable], Sequence[Hashable]]) -> NetFactors:
    """The net for the users and items `wanted`; `users` and `items` say whose embeddings it has. A newcomer gets the mean one."""
    import torch

    tensors = {}
    for side, there, now in (("user", users, wanted[0]), ("item", items, wanted[1])):
        rows, places = net.tensors()[side], _places(now, there)
        tensors[side] = torch.where(torch.as_tensor(places >= 0)[:, None], rows[places], rows.mean(0))
    return net.with_tensors(tensors)


def resized_factors(factors: Factors, n_factors: int, *, draw: Callable[[int], np.ndarray]) -> Factors:
    """The factors with another number of columns: with more, predictions stay as they are; with fewer, they are the
    nearest that so few columns give (Eckart & Young 1936).

    `draw(k)` gives (n_users, k) random numbers for columns that are added; the items' are 0.
    """
    import torch

    k = factors.n_factors
    if n_factors == k:
        return factors
    if n_factors > k:
        user = torch.cat([factors.user, torch.as_tensor(draw(n_factors - k), dtype=factors.user.dtype)], 1)
        item = torch.cat([factors.item, torch.zeros(len(factors.item), n_factors - k, dtype=factors.item.dtype)], 1)
        return factors.with_tensors({"user": user, "item": item})
    left, left_part = torch.linalg.qr(factors.user)         # (n_users, k), (k, k)
    right, right_part = torch.linalg.qr(factors.item)
    u, sizes, v = torch.linalg.svd(left_part @ right_part.T)
    u, sizes, v = u[:, :n_factors], sizes[:n_factors].sqrt(), v[:n_factors].T
    user, item = left @ u * sizes, right @ v * sizes
    missing = n_factors - user.shape[1]     # of a table that is smaller than the number of factors
    if missing > 0:
        user, item = (torch.nn.functional.pad(part, (0, missing)) for part in (user, item))
    return factors.with_tensors({"user": user, "item": item})


def _one_side(factors: Factors, side: str, there: Sequence[Hashable], wanted: Sequence[Hashable], index: np.ndarray,
              other_index: np.ndarray, values: np.ndarray, *, others: np.ndarray, bounds: Bounds) -> Factors:
    """The factors with a row on `side` for each of `wanted`. `others` leads from `other_index` to rows of the other
    side as `factors` has it, -1 where it has none."""
    import torch

    rows = members(factors, side)       # (n_there, d): factors, and the bias where there is one
    features, base = seen_by(factors, side)
    typical, ridge = rows.mean(0), newcomer_ridge(factors.n_factors, biases=factors.user_bias is not None,
                                                  spread=float(np.std(values)) or 1.0, bounds=bounds)
    place, new = _places(wanted, there), []
    for one in range(len(wanted)):
        if place[one] >= 0:
            new.append(rows[place[one]])
            continue
        mine = np.flatnonzero((index == one) & (others[other_index] >= 0))
        seen = others[other_index[mine]]
        new.append(fold_in(features[seen], base[seen], values[mine], typical=typical, ridge=ridge, bounds=bounds))
    table, k = torch.as_tensor(np.array(new)), factors.n_factors
    bias = {} if factors.user_bias is None else {f"{side}_bias": table[:, k]}
    return factors.with_tensors({side: table[:, :k]} | bias)


def _places(wanted: Sequence[Hashable], there: Sequence[Hashable]) -> np.ndarray:
    """(n_wanted,) where each of them stands in `there`; -1 where it does not."""
    place = {label: row for row, label in enumerate(there)}
    return np.array([place.get(label, -1) for label in wanted], dtype=np.intp)
