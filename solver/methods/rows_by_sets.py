"""The rows of a side once more, after the last epoch of SGD: regressed on their ratings, and pulled to what their sets say.

That somebody rated an item at all tells something of it, whatever the rating was (`known_columns`). Gibbs sampling draws what the members of a
set say in the chain; here it is found once. F has the set of each row, 1/√n for each of its n members, X are the rows as SGD left them,
w = n / (n + 5), and all others stay as they are:

    W = argmin Σ_i w_i ‖x_i − m − Wᵀ f_i‖² + λ‖W‖²,      x_i ← argmin_x Σ_j (r_ij − r̂_ij)² + ρ ‖x − m − Wᵀ f_i‖²

in units in which the ratings' standard deviation is 1. Where the sets say nothing it makes predictions worse: `effort` tries that out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from solver.core.objective import rmse
from solver.core.pairs.by_row import ByRow
from solver.core.pairs.sparse_products import RatedPairs, SparseTable
from solver.core.steps import FitTask, Seen, Steps
from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.net import additive

from .known_columns import set_columns, set_family
from .ridge_regression import ridge_for

_PULL = 12.0        # ρ: more than twice that of newcomers, whose prior mean says less
_OF_VECTORS = 2.0   # λ
_FEW = 5.0          # ratings with which a row counts half
_ROWS_AT_ONCE = 4_096


class RowsBySets:
    """Steps whose last one ends with the rows of the sides that ``settings.implicit_sets`` names."""

    def __init__(self, steps: Steps, problem: FitTask):
        self.steps, self.problem = steps, problem
        self.first, self.epochs, self.to_the_end, self.lr = steps.first, steps.epochs, steps.to_the_end, steps.lr

    def step(self, *, last: bool) -> Seen:
        seen = self.steps.step(last=last)
        if not last:
            return seen
        problem, found = self.problem, additive(seen.factors())
        home = found.user.device
        factors = found.map(lambda tensor: tensor.cpu())
        for side in {"users": ("user",), "items": ("item",), "both": ("item", "user")}[problem.settings.implicit_sets]:
            factors = rows_by_sets(factors, side, problem.ratings)
        held = None if problem.holdout is None else rmse(factors, problem.holdout, clip=problem.clip)
        error = rmse(factors, problem.ratings)
        moved = factors.map(lambda tensor: tensor.to(home))
        return replace(seen, loss=error ** 2, rmse=error, factors=lambda: moved, holdout_rmse=held)


def rows_by_sets(factors: Factors, side: str, ratings: Ratings) -> Factors:
    """The factors, on the CPU, with new rows of one side; given columns stay."""
    other, given = "item" if side == "user" else "user", factors.given
    index = {"user": torch.as_tensor(ratings.user_index), "item": torch.as_tensor(ratings.item_index)}
    n = {"user": ratings.n_users, "item": ratings.n_items}
    pairs = RatedPairs.of(index[side], index[other], n[side], n[other])
    rows, others = getattr(factors, side), getattr(factors, other)
    targets = torch.as_tensor(ratings.values, dtype=rows.dtype)[pairs.order] - factors.offset
    own_rows, features = rows[:, given:], others[:, given:]
    if factors.biases is not None:
        own_rows = torch.cat([own_rows, getattr(factors, f"{side}_bias")[:, None]], 1)
        features = torch.cat([features, features.new_ones(len(features), 1)], 1)
        targets = targets - getattr(factors, f"{other}_bias").index_select(0, pairs.items)
    if given:
        targets = targets - pairs.products(rows[:, :given].contiguous(), others[:, :given].contiguous())
    by_row = ByRow(pairs.user_starts.numpy(), pairs.items, targets)
    centres = _expected(own_rows, pairs).contiguous()
    ridge = ridge_for(by_row, n_features=features.shape[1], threads=torch.get_num_threads())
    found = ridge.solve(features.contiguous(), targets[None], centres[:, None], torch.full((len(rows),), _PULL, dtype=rows.dtype))[:, 0]
    learnt = rows.shape[1] - given
    bias = {} if factors.biases is None else {f"{side}_bias": found[:, learnt].clone()}
    return factors.with_tensors({side: torch.cat([rows[:, :given], found[:, :learnt]], 1)} | bias)


def _expected(rows: Tensor, pairs: RatedPairs) -> Tensor:
    """(n, d) m + Wᵀ f of each row, of which the members of its set are the `items` of its pairs."""
    counts = pairs.user_starts.diff().numpy()
    columns = set_columns(np.bincount(pairs.items.numpy(), minlength=pairs.n_items))
    family = set_family(pairs.users.numpy(), pairs.items.numpy(), counts, columns)
    root = torch.as_tensor(np.sqrt(counts / (counts + _FEW)), dtype=rows.dtype)
    mean = (root ** 2) @ rows / (root ** 2).sum()
    sets = SparseTable.of(torch.as_tensor(family.rows), torch.as_tensor(family.columns), torch.as_tensor(family.numbers, dtype=rows.dtype),
                          len(rows), family.n_columns)
    # rows and columns times √w: a regression without weights
    weighted = replace(sets, numbers=sets.numbers * root.index_select(0, sets.pairs.users))
    gram = weighted.gram(at_once=_ROWS_AT_ONCE)
    gram.diagonal().add_(_OF_VECTORS)
    sums = weighted.transposed_times((rows - mean) * root[:, None]).double()
    vectors = torch.linalg.solve(gram, sums).to(rows.dtype)
    return mean + sets.times(vectors)
