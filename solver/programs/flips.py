"""A better point of a linear model with 0/1 numbers, looked for beside one that is known: one flip at a time, and not soon back.

For models that branch and bound does not end in time. A tabu search (Glover 1989): each step takes the best of all flips, also where that
is worse than the point it leaves, and a number that was flipped stays as it is for a few steps. The numbers that need not be
whole follow: where no row has two of them, each is at the end of its interval that its cost asks for.
"""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np
from threadpoolctl import threadpool_limits

from .highs import EXACT, LinearModel

MOST_ENTRIES = 4_000_000     # rows times 0/1 numbers: more take too long for each step
TENURE = 10                  # steps for which a number that was flipped stays, at least
MOST_IDLE = 300                  # steps without a better point after which the search begins elsewhere
SHAKEN = 0.15                # share of the numbers that are flipped to begin elsewhere
BETTER = 1e-9                # relative above 1: less is rounding


class _Flips:
    """What every flip of a point makes of the objective and of the rows, all at once."""

    def __init__(self, model: LinearModel):
        self.model = model
        binary = model.whole & (model.low >= 0) & (model.high <= 1)
        self.bits, self.numbers = np.flatnonzero(binary & (model.low < model.high)), np.flatnonzero(~model.whole)
        fixed = np.where(model.whole & (model.low == model.high), model.low, 0.0)
        rows = model.rows.tocsc()
        others = rows[:, self.numbers].tocsr()
        self.usable = bool(len(self.bits) > 1 and (binary | ~model.whole | (model.low == model.high)).all()
                           and (np.diff(others.indptr) <= 1).all() and len(self.bits) * max(1, rows.shape[0]) <= MOST_ENTRIES)
        if not self.usable:
            return
        self.a = rows[:, self.bits].toarray()               # (rows, bits)
        shift = rows @ fixed
        floor, ceiling = model.floor - shift, model.ceiling - shift
        of = np.full(rows.shape[0], -1)
        of[np.flatnonzero(np.diff(others.indptr))] = others.indices
        self.alone = np.flatnonzero(of < 0)                 # rows of 0/1 numbers only
        with_one = np.flatnonzero(of >= 0)
        # a row that has a number says: bottom <= number - share.x <= top
        c = others.data
        self.share = -self.a[with_one] / c[:, None]
        ends = np.sort(np.stack([floor[with_one] / c, ceiling[with_one] / c]), axis=0)
        # and its own bounds say so too, as rows without 0/1 numbers
        k = len(self.numbers)
        self.share = np.concatenate([self.share, np.zeros((k, len(self.bits)))])
        bottom, top = np.concatenate([ends[0], model.low[self.numbers]]), np.concatenate([ends[1], model.high[self.numbers]])
        column = np.concatenate([of[with_one], np.arange(k)])
        order = np.argsort(column, kind="stable")
        self.share, self.bottom, self.top = self.share[order], bottom[order], top[order]
        self.first = np.searchsorted(column[order], np.arange(k))
        self.floor, self.ceiling = floor[self.alone], ceiling[self.alone]
        self.cost, self.cost_of_numbers = model.cost[self.bits], model.cost[self.numbers]
        self.a = self.a[self.alone]
        self.offset = float(model.cost @ fixed) + model.offset
        self.fixed = fixed

    def looked(self, x: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(objective, missed) of x with each number j moved by moves[j] alone: (bits,) each."""
        alone = (self.a @ x)[:, None] + self.a * moves
        missed = np.maximum(0.0, np.maximum(self.floor[:, None] - alone, alone - self.ceiling[:, None])).sum(axis=0)
        objective = self.offset + self.cost @ x + self.cost * moves
        if len(self.numbers):
            ends, apart = self._numbers((self.share @ x)[:, None] + self.share * moves)
            missed += apart.sum(axis=0)
            objective = objective + self.cost_of_numbers @ ends
        return objective, np.where(missed <= EXACT, 0.0, missed)

    def _numbers(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers, each at the end that is best, and how far its interval is from having a point: (numbers, points) each."""
        low = np.maximum.reduceat(self.bottom[:, None] + shares, self.first, axis=0)
        high = np.minimum.reduceat(self.top[:, None] + shares, self.first, axis=0)
        cost = self.cost_of_numbers[:, None]
        near = np.clip(0.0, low, np.maximum(low, high))
        ends = np.where(cost > 0, low, np.where(cost < 0, np.maximum(low, high), near))
        return ends, np.maximum(0.0, low - high)

    def whole_point(self, x: np.ndarray) -> np.ndarray:
        """All numbers of the model."""
        y = self.fixed.copy()
        y[self.bits] = x
        if len(self.numbers):
            y[self.numbers] = self._numbers((self.share @ x)[:, None])[0][:, 0]
        return y


def better_by_flips(model: LinearModel, y: np.ndarray, *, seconds: float, seed: int = 0) -> np.ndarray | None:
    """A point (k,) of a model with a lower value than y has, which meets its rows; None where none was found in so many `seconds` of
    the processor, or the model is of another kind."""
    flips = _Flips(model)
    if not flips.usable:
        return None
    search = _TabuSearch(flips, y, model.value(y), seed)
    began = time.thread_time()
    with suppress(KeyboardInterrupt), threadpool_limits(limits=1):
        while time.thread_time() - began < seconds:
            search.step()
    return search.found


class _TabuSearch:
    """Where the search is, and the best that it met."""

    def __init__(self, flips: _Flips, y: np.ndarray, value: float, seed: int):
        self.flips, self.random, self.best = flips, np.random.default_rng(seed), value
        self.found: np.ndarray | None = None
        self.x = np.round(y[flips.bits])
        self.home, self.until, self.at, self.stale = self.x.copy(), np.zeros(len(self.x)), 0, 0
        self.price = 1.0 + abs(value)     # of a missed row, which rises where rows are missed and falls where they are met

    def step(self) -> None:
        """One flip, and what it teaches."""
        objective, missed = self.flips.looked(self.x, 1.0 - 2.0 * self.x)
        better = (missed == 0) & (objective < self.best - BETTER * max(1.0, abs(self.best)))
        wanted = np.where((self.until > self.at) & ~better, np.inf, objective + self.price * missed)
        flip = int(np.argmin(np.where(better, objective, np.inf) if better.any() else wanted))
        self.x[flip] = 1.0 - self.x[flip]
        self.at, self.stale = self.at + 1, self.stale + 1
        self.until[flip] = self.at + TENURE + self.random.integers(TENURE)
        self.price *= 1.05 if missed[flip] else 0.95
        if better[flip]:
            self.best, self.home, self.found, self.stale = float(objective[flip]), self.x.copy(), self.flips.whole_point(self.x), 0
        elif self.stale >= MOST_IDLE:
            self.x = np.where(self.random.random(len(self.x)) < SHAKEN, 1.0 - self.home, self.home)
            self.until, self.stale = np.zeros(len(self.x)), 0
