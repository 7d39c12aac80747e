"""Users and items without a rating, from what else is known of them: rows like those of others who are described alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from solver.collab.labels.item_columns import known_columns_of
from solver.data.ratings import Ratings
from solver.model.net import AnyFactors

_RIDGE = 10.0       # in rated rows: so many say as much as the mean
_FEW = 5.0          # ratings with which a row counts half


@dataclass(frozen=True, eq=False)
class Described:
    """Ratings whose users and items include all that the tables describe; the `columns` (n, g) of each side that has a
    table, its `names`, and notes."""

    ratings: Ratings
    columns: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def described_by(ratings: Ratings, tables: Mapping[str, pd.DataFrame | None]) -> Described:
    """The ratings with these tables of ``user`` and ``item``. Raises UserError for what is no table of columns."""
    columns: dict[str, np.ndarray] = {}
    names: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for side, table in tables.items():
        if table is None:
            continue
        labels = getattr(ratings, f"{side}s")
        found, names[side], more = known_columns_of(table, labels, side)
        unrated = _others(table, labels)
        if unrated:
            every = (*labels, *unrated)
            ratings = replace(ratings, users=every) if side == "user" else replace(ratings, items=every)
            found, names[side], _ = known_columns_of(table, every, side)
            more = (*more, f"{len(unrated):,} {side}s without a rating are described by {side}_columns, and predicted by these.")
        columns[side] = found
        notes += more
    return Described(ratings, columns, names, tuple(notes))


def _others(table: pd.DataFrame, labels: Sequence[Hashable]) -> list[Hashable]:
    known = set(labels)
    return [label for label in table.index.tolist() if label not in known]


def with_described_rows(factors: AnyFactors, columns: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray]) -> AnyFactors:
    """The factors in which whoever has no rating, but columns, has the row that a ridge regression of the rated rows on their
    columns gives; given factors stay as they are."""
    import torch

    changed, described = {}, described_rows(columns, counts)
    for name, tensor in factors.tensors().items():
        side = name.split("_")[0]
        rows = described.get(side)
        if rows is None or not rows.any():
            continue
        first = factors.given if name == "item" else 0
        changed[name] = tensor.clone()
        learnt = tensor[:, first:] if tensor.dim() > 1 else tensor[:, None]
        found = torch.as_tensor(_regressed(columns[side], learnt.double().numpy(), counts[side], rows), dtype=tensor.dtype)
        if tensor.dim() > 1:
            changed[name][torch.as_tensor(rows), first:] = found
        else:
            changed[name][torch.as_tensor(rows)] = found[:, 0]
    return factors.with_tensors(changed)


def described_rows(columns: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """For each side with columns (n,) bool: who has no rating, but something in the columns."""
    return {side: (counts[side] == 0) & known.any(1) for side, known in columns.items()}


def _regressed(columns: np.ndarray, rows: np.ndarray, counts: np.ndarray, asked: np.ndarray) -> np.ndarray:
    rated = counts > 0
    weights = (counts[rated] / (counts[rated] + _FEW))[:, None]
    mean = (weights * rows[rated]).sum(0) / weights.sum()
    centre = (weights * columns[rated]).sum(0) / weights.sum()
    x, y = columns[rated] - centre, rows[rated] - mean
    gram = x.T @ (weights * x) + _RIDGE * np.eye(x.shape[1])
    return mean + (columns[asked] - centre) @ np.linalg.solve(gram, x.T @ (weights * y))
