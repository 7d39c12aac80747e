"""Predictions of many pairs by fitted parameters, of users and items known or not: chunk by chunk, in float64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solver.model.models import Bounds, into_range
from solver.model.net import AnyFactors, NetFactors
from solver.threads import one_thread

_CHUNK = 8_192  # pairs predicted at once; their rows of factors fit into the processor's cache


@dataclass(frozen=True, eq=False)
class Everybody:
    """Fitted parameters that answer for everybody.

    `typical` are the mean rows of those users and items that have ratings, float64, by field name. They
    stand for whoever has none: the average user, as the lesson proposes for a newcomer. In
    `factors` they stand where a fit left start values, which say nothing.
    """

    factors: AnyFactors
    typical: Mapping[str, Tensor]

    @classmethod
    def of(cls, factors: AnyFactors, counts: Mapping[str, np.ndarray], *, described: Mapping[str, np.ndarray] | None = None) -> Everybody:
        """`counts` are the ratings learnt from, of each ``user`` and ``item``; `described` (n,) bool who has a row of their own
        without any, by what else is known of them."""
        rows, settled = {}, {}
        for name, tensor in factors.tensors().items():
            if (count := counts.get(_side(name))) is None:
                continue
            rated = torch.as_tensor(count > 0)
            rows[name] = (tensor if rated.all() else tensor[rated]).mean(0, dtype=torch.float64)
            if not rated.all():
                settled[name] = tensor.clone()
                own = (described or {}).get(_side(name))
                settled[name][~(rated if own is None else rated | torch.as_tensor(own))] = rows[name].to(tensor.dtype)
                if name == "item" and factors.given:  # what is given holds, whether anybody rated it or not
                    settled[name][:, :factors.given] = tensor[:, :factors.given]
        return cls(factors.with_tensors(settled), rows)

    def raw(self, users: Tensor | slice, items: Tensor | slice, *, table: bool = False) -> Tensor:
        """What stands before the sigmoid, of pairs or of a table of rows, −1 being the typical one."""
        index, tensors = {"user": users, "item": items}, {}
        for name, tensor in self.factors.tensors().items():  # the layers of a net belong to all pairs
            side = _side(name)
            tensors[name] = _rows(tensor, index[side], self.typical[name]) if side in index else tensor.double()
        gathered = self.factors.with_tensors(tensors)
        return gathered.raw_table() if table else gathered.raw(slice(None), slice(None))


def predict_pairs(draws: Sequence[Everybody], users: np.ndarray, items: np.ndarray, *,
                  bounds: Bounds = None) -> tuple[np.ndarray, np.ndarray]:
    """(n,) float64 predictions of the pairs (users[j], items[j]), and how much the draws differ in them.

    A prediction is the mean over draws from a posterior, and the second their standard deviation;
    of a single set of parameters it is itself, and the second 0.
    """
    means, spreads = np.empty(len(users)), np.empty(len(users))
    with one_thread(not isinstance(draws[0].factors, NetFactors)):  # a chunk's sums are too small to be shared out
        for part in _parts(len(users)):
            of = torch.as_tensor(users[part]), torch.as_tensor(items[part])
            each = torch.stack([into_range(draw.raw(*of), bounds) for draw in draws])
            means[part], spreads[part] = each.mean(0), each.std(0, correction=min(1, len(draws) - 1))
    return means, spreads


def predict_for_user(draws: Sequence[Everybody], user: int, n_items: int, *, bounds: Bounds = None) -> np.ndarray:
    """(n_items,) the same predictions of one user for all items: one product of a matrix and a row."""
    predicted = np.empty(n_items)
    for part in _parts(n_items):
        whose = torch.tensor([user]).expand(len(range(n_items)[part]))
        predicted[part] = torch.stack([into_range(draw.raw(whose, part), bounds) for draw in draws]).mean(0)
    return predicted


def predict_rows(draws: Sequence[Everybody], users: np.ndarray, items: np.ndarray, *,
                 bounds: Bounds = None) -> np.ndarray:
    """(n_users, n_items) predictions of all these users for all these items."""
    of = torch.as_tensor(users), torch.as_tensor(items)
    total = sum((into_range(draw.raw(*of, table=True), bounds) for draw in draws), torch.zeros(()))
    return total.numpy() / len(draws)


def _parts(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK))


def _rows(tensor: Tensor, index: Tensor | slice, typical: Tensor) -> Tensor:
    if isinstance(index, slice):
        return tensor[index].double()
    if len(index) > 1 and index.stride(0) == 0:  # one row for all of them: gathered once
        return _rows(tensor, index[:1], typical).expand(len(index), *tensor.shape[1:])
    rows = tensor[index.clamp(0)].double()
    unknown = index < 0
    if unknown.any():
        rows[unknown] = typical
    return rows


def _side(name: str) -> str:
    return name.split("_")[0]
