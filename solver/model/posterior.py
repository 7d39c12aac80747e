"""What draws from a posterior say together: the mean of their predictions, how far they spread, and
the one set of factors that comes nearest to that mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .factors import Factors

DENSE = 250_000      # pairs of user and item up to which their table is simply computed
_ROUNDS = 40          # most rounds of the iteration for larger ones …
_ENOUGH = 1e-5        # … which ends when what is found of the table grows by less than this share of it
OVERSAMPLING = 10    # columns beyond those sought, so that the last of these converge too


def mean_prediction(samples: Sequence[Factors], users: Tensor, items: Tensor) -> Tensor:
    """Posterior mean (n,) float64 of the ratings of the pairs (users[j], items[j]), not clipped."""
    return _moments(samples, users, items)[0]


def standard_deviation(samples: Sequence[Factors], users: Tensor, items: Tensor) -> Tensor:
    """Posterior standard deviation (n,) float64 of what the model predicts for the pairs; the noise of
    a single rating comes on top of it. Two samples or more are needed."""
    return _moments(samples, users, items)[1]


def _moments(samples: Sequence[Factors], users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the samples, one after the other (Welford 1962)."""
    mean = torch.zeros(len(users), dtype=torch.float64, device=samples[0].user.device)
    squares = torch.zeros_like(mean)
    for count, sample in enumerate(samples, 1):
        difference = sample.raw(users, items) - mean
        mean += difference / count
        squares += difference * difference * ((count - 1) / count)
    return mean, (squares / max(len(samples) - 1, 1)).sqrt()


def point_factors(samples: Sequence[Factors]) -> Factors:
    """The factors whose table of products p_u · q_i is nearest to the mean table of the samples
    (Eckart & Young 1936), beside the mean biases.

    The mean table has a rank of up to k times the number of samples; what the k largest singular
    values leave of it is lost. Each side takes the root of the singular values. Small tables are
    decomposed as they are, large ones, never made, by subspace iteration (Halko, Martinsson & Tropp
    2011, algorithm 4.4) to a share of `ENOUGH`.
    """
    first = samples[0]
    if first.given:
        return _beside_given(samples)
    (n, k), m = first.user.shape, len(first.item)
    terms = _terms(samples)
    if n * m <= DENSE:
        table = sum(user.double() @ item.double().T for user, item in terms) / len(samples)
        left, values, right = torch.linalg.svd(table, full_matrices=False)
        left, right = left[:, :k], right[:k].T
    else:
        left, values, right = _leading(terms, k)
        values = values / len(samples)
    root = values[:k].sqrt()
    pad = k - len(root)  # more factors than users or items: the rest is 0
    user, item = (torch.nn.functional.pad(side * root, (0, pad)).to(first.user.dtype) for side in (left, right))
    biases = {} if first.user_bias is None else {
        name: torch.stack([getattr(sample, name) for sample in samples]).mean(0) for name in ("user_bias", "item_bias")}
    return replace(first.with_tensors(biases), user=user, item=item)


def _beside_given(samples: Sequence[Factors]) -> Factors:
    """The same of factors of which the items' first columns are given: what users have there is the mean of the samples."""
    first, given = samples[0], samples[0].given
    learnt: dict[Tensor, Tensor] = {}      # what samples share, they share without the given columns too

    def without(rows: Tensor) -> Tensor:
        if rows not in learnt:
            learnt[rows] = rows[:, given:]
        return learnt[rows]

    point = point_factors([replace(sample, user=without(sample.user), item=without(sample.item), given=0) for sample in samples])
    liked = torch.stack([sample.user[:, :given] for sample in samples]).mean(0)
    return replace(point, user=torch.cat([liked, point.user], 1), item=torch.cat([first.item[:, :given], point.item], 1), given=given)


def _terms(samples: Sequence[Factors]) -> list[tuple[Tensor, Tensor]]:
    """(user, item) factors whose products add up to the sum of the samples' tables. Samples that share a
    side, as a tensor in memory, make one term."""
    items, users = defaultdict(list), defaultdict(list)
    for sample in samples:
        items[sample.user].append(sample.item)
        users[sample.item].append(sample.user)
    if len(items) <= len(users):
        return [(user, _sum(shared)) for user, shared in items.items()]
    return [(_sum(shared), item) for item, shared in users.items()]


def _sum(tensors: Sequence[Tensor]) -> Tensor:
    return sum(tensors[1:], tensors[0])


def _leading(terms: Sequence[tuple[Tensor, Tensor]], k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The first k singular vectors (n, k) and (m, k) and values of the sum of the terms' tables."""
    user, item = terms[-1]
    width = min(k + OVERSAMPLING, len(user), len(item))
    generator = torch.Generator().manual_seed(0)
    extra = torch.randn(len(item), max(width - k, 0), generator=generator).to(item)
    right = torch.linalg.qr(torch.cat([item, extra], 1)[:, :width]).Q  # near the answer: all terms span about the same
    found = 0.0
    for _ in range(_ROUNDS):
        left = torch.linalg.qr(sum(user @ (item.T @ right) for user, item in terms)).Q
        right, core = torch.linalg.qr(sum(item @ (user.T @ left) for user, item in terms))
        before, found = found, float((core.double() ** 2).sum())
        if found - before <= _ENOUGH * found:
            break
    u, values, v = torch.linalg.svd(core)  # the table is about left · coreᵀ · rightᵀ
    return left @ v.T[:, :k], values[:k], right @ u[:, :k]
