"""Problems without slopes: whole generations of points, each evaluated at once, then polished coordinate by coordinate.

For whole numbers in formulas that are not linear, for numbers that are to be all different, and for formulas that go in steps.
Where there are few enough points all of them are looked at, which is a proof; else nothing is proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from solver.errors import UserError

from .highs import CLOCK_SHARE, solve_model
from .minimum import Minimum
from .program import FEASIBLE, Program
from .sensitivity import Sensitivity
from .trials import TIGHT, Step

ALL = 200_000         # points that are all looked at where there are no more
GENERATION = 400      # points of a generation
NEIGHBOURS = 20_000   # most neighbours that are looked at in one polishing step
SECONDS = 6.0         # of the processor for a search, unless told otherwise: a busy machine gives the same answer
STALE = 12            # rounds without a better point after which a search ends
SPREAD = 10.0           # a number without bounds is sought within so many times its size, at first
KICKS = 3             # moves by which an order is shaken before it is polished again
DESCENTS = 20         # times in each round that this is done
MANY_STARTS = 4       # points that meet the linear constraints, from which generations begin

Polish = Callable[[Program], Minimum]


class _Ended(Exception):
    """The search is over; the text says why."""


class _Search:
    """The best point so far, and everything that is needed to look for a better one."""

    def __init__(self, program: Program, seconds: float | None, seed: int, on_step):
        self.program, self.random = program, np.random.default_rng(seed)
        self.began, self.worked, self.limit, self.on_step = time.perf_counter(), time.thread_time(), seconds, on_step
        self.history: list[Step] = []
        self.evaluations, self.together = 0, GENERATION
        n = len(program.start)
        self.grouped = np.zeros(n, dtype=bool)
        for group in program.different:
            self.grouped[group] = True
        size = SPREAD * np.maximum(1.0, np.abs(program.start))
        self.low = np.where(np.isfinite(program.low), program.low, np.minimum(program.start, np.minimum(program.high, program.start)) - size)
        self.high = np.where(np.isfinite(program.high), program.high, np.maximum(program.start, program.low) + size)
        self.free = np.flatnonzero(~self.grouped & (program.low < program.high))
        self.whole = self.free[program.whole[self.free]]
        self.moves = [_moves(len(group), self.random) for group in program.different if len(group) > 1]
        self.x = self._repaired(program.start[None])[0]
        self.key = self._looked(self.x[None])[0]

    # -- evaluating ---------------------------------------------------------------------------------
    def _looked(self, points: np.ndarray) -> np.ndarray:
        """(violation, merit) of each point, (p, 2); a violation that counts as none is 0."""
        values = self.program.many(points)
        self.evaluations += len(points)
        with np.errstate(invalid="ignore", over="ignore"):
            merit = np.where(np.isfinite(values[:, 0]), self.program.merit(values[:, 0]), np.inf)
            violation = np.zeros(len(points))
            if self.program.n_constraints:
                c, floor, ceiling = values[:, 1:], self.program.floor, self.program.ceiling
                missed = np.maximum(0.0, np.maximum(floor - c, c - ceiling))
                bound = np.where(c < floor, floor, ceiling)
                violation = (missed / np.where(missed > 0, np.maximum(1.0, np.abs(bound)), 1.0)).max(axis=1)
        wrong = ~np.isfinite(values).all(axis=1)
        violation[wrong], merit[wrong] = np.inf, np.inf
        return np.stack([np.where(violation <= TIGHT, 0.0, violation), merit], axis=1)

    def try_points(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look at points and keep the best; the points as they were repaired, and their keys."""
        points = self._repaired(points)
        found: list[np.ndarray] = []
        while (done := sum(len(keys) for keys in found)) < len(points):
            began = time.perf_counter()
            part = points[done:done + self.together]
            found.append(keys := self._looked(part))
            best = np.lexsort((keys[:, 1], keys[:, 0]))[0]
            if _better(keys[best], self.key):
                self.x, self.key = part[best], keys[best]
            self._step()
            # as many at once as take half a second: slow formulas are stopped in time, too
            rate = len(part) / max(1e-6, time.perf_counter() - began)
            self.together = int(np.clip(rate / 2, 16, NEIGHBOURS))
        return points, np.concatenate(found)

    def _step(self) -> None:
        f = float(self.program.values(self.x)[0])
        step = Step(len(self.history) + 1, f, float(self.key[0]), time.perf_counter() - self.began)
        self.history.append(step)
        if self.on_step and self.on_step(step, lambda: self.x):
            raise _Ended("as you asked")
        if step.seconds >= self.limit if self.limit is not None else (
                time.thread_time() - self.worked >= SECONDS or step.seconds >= CLOCK_SHARE * SECONDS):
            raise _Ended("seconds")

    def _repaired(self, points: np.ndarray) -> np.ndarray:
        """Within bounds, whole where they should be, and all different in each group by their order."""
        points = np.where(self.program.whole, np.round(points), points)
        points = np.clip(points, self.program.low, self.program.high)
        for group in self.program.different:
            order = np.argsort(points[:, group], axis=1, kind="stable")
            ranks = np.empty_like(order)
            np.put_along_axis(ranks, order, np.arange(1, len(group) + 1)[None, :].repeat(len(points), 0), axis=1)
            points[:, group] = ranks
        return points

    # -- making points ------------------------------------------------------------------------------
    def drawn(self, count: int) -> np.ndarray:
        """Random points of the box."""
        return self.low + (self.high - self.low) * self.random.random((count, len(self.x)))

    def children(self, parents: np.ndarray) -> np.ndarray:
        """A generation made of parents: steps of all sizes, exchanges, crossings and differences."""
        random, n = self.random, len(self.x)
        children = parents[random.integers(len(parents), size=GENERATION)].copy()
        others = parents[random.integers(len(parents), size=(3, GENERATION))]
        rows = np.arange(GENERATION)
        how = random.random(GENERATION)
        crossed = how < 0.2
        children[crossed] = np.where(random.random((crossed.sum(), n)) < 0.5, children[crossed], others[0, crossed])
        along = (how >= 0.2) & (how < 0.4)
        children[along] += random.uniform(0.2, 1.2, (along.sum(), 1)) * (others[1, along] - others[2, along])
        if len(self.free):
            for _ in range(3):
                some = rows[(how >= 0.4) & (random.random(GENERATION) < 0.7)]
                column = self.free[random.integers(len(self.free), size=len(some))]
                span = self.high[column] - self.low[column]
                size = span * 10.0 ** random.uniform(-6, 0, len(some))
                move = np.where(self.program.whole[column], np.sign(random.standard_normal(len(some))) * np.maximum(1.0, np.round(size * random.random(len(some)))),
                                size * random.standard_normal(len(some)))
                children[some, column] += move
        if len(self.whole) > 1:
            some = rows[how > 0.8]
            a, b = self.whole[random.integers(len(self.whole), size=(2, len(some)))]
            children[some, a], children[some, b] = children[some, b], children[some, a]
        for group, moves in zip(self.program.different, self.moves):
            children[:, group] = np.take_along_axis(children[:, group], moves[random.integers(len(moves), size=GENERATION)], axis=1)
        return children

    def neighbours(self, x: np.ndarray) -> np.ndarray:
        """All points that differ from x in one whole number, in two that are exchanged, or in one stretch of an order."""
        found = []
        for column in self.whole:
            found += [(np.array([column]), np.array([x[column] + move])) for move in (-1.0, 1.0)
                      if self.program.low[column] <= x[column] + move <= self.program.high[column]]
        a, b = np.triu_indices(len(self.whole), 1)
        unlike = np.flatnonzero(x[self.whole[a]] != x[self.whole[b]])
        for k in self.random.permutation(unlike)[:NEIGHBOURS // 2]:
            pair = self.whole[[a[k], b[k]]]
            found.append((pair, x[pair][::-1]))
        points = np.repeat(x[None], len(found), axis=0)
        for point, (columns, values) in zip(points, found):
            point[columns] = values
        for group, moves in zip(self.program.different, self.moves):
            turned = np.repeat(x[None], len(moves), axis=0)
            turned[:, group] = x[group][moves]
            points = np.concatenate([points, turned])
        return points[self.random.permutation(len(points))[:NEIGHBOURS]]

    def descend(self, x: np.ndarray, key: np.ndarray) -> None:
        """From x to its best neighbour, as long as that is better."""
        while len(points := self.neighbours(x)):
            points, keys = self.try_points(points)
            best = np.lexsort((keys[:, 1], keys[:, 0]))[0]
            if not _better(keys[best], key):
                return
            x, key = points[best], keys[best]

    def kicked(self) -> np.ndarray:
        """The best point with a few moves in each of its orders."""
        x = self.x.copy()
        for group, moves in zip(self.program.different, self.moves):
            for move in moves[self.random.integers(len(moves), size=KICKS)]:
                x[group] = x[group][move]
        return x

    # -- the search ---------------------------------------------------------------------------------
    def polish(self, by_slopes: Polish | None) -> None:
        """The best neighbour, as long as it is better; then the numbers that need not be whole, by their slopes."""
        while True:
            before = self.key.copy()
            self.descend(self.x, self.key)
            if by_slopes is not None:
                fixed = self.program.whole | self.grouped
                inner = replace(self.program.relaxed(), start=self.x, low=np.where(fixed, self.x, self.program.low),
                                high=np.where(fixed, self.x, self.program.high), different=(), linear=None, linear_rows=None, convex=None)
                with suppress(UserError):    # no slope there
                    self.try_points(by_slopes(inner).x[None])
            if not _better(self.key, before) or not len(self.whole):
                return

    def run(self, by_slopes: Polish | None, seeds: list[np.ndarray]) -> None:
        """Rounds of generations, each polished, until none is better any more."""
        parents, keys = self.try_points(np.concatenate([[self.x], *([seed[None] for seed in seeds]), self.drawn(GENERATION)]))
        stale = 0
        while stale < STALE:
            before = self.key.copy()
            for _ in range(10):
                points, new = self.try_points(self.children(np.concatenate([parents, self.x[None]])))
                parents, keys = np.concatenate([parents, points]), np.concatenate([keys, new])
                chosen = np.lexsort((keys[:, 1], keys[:, 0]))[:GENERATION // 8]
                parents, keys = parents[chosen], keys[chosen]
            self.polish(by_slopes)
            for _ in range(DESCENTS if self.moves else 0):
                x = self.kicked()
                self.descend(x, self._looked(x[None])[0])
            stale = 0 if _better(self.key, before) else stale + 1
            if stale and stale % 4 == 0:     # others may lead elsewhere
                parents, keys = self.try_points(self.drawn(GENERATION))


def minimise_by_generations(program: Program, *, seconds: float | None = None, seed: int = 0, by_slopes: Polish | None = None,
                            on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None) -> Minimum:
    """The best point found of a program whose ``many`` evaluates a generation at once.

    `by_slopes` minimises a program by its gradients: it polishes the numbers that need not be whole. Raises UserError where the
    formulas give no number at any point met.
    """
    search = _Search(program, seconds, seed, on_step)
    values_before, proved, why = program.values_at_start, False, ""
    smooth = by_slopes if len(search.free) > len(search.whole) else None
    try:
        if (points := _all_points(program)) is not None:
            for part in np.array_split(points, max(1, len(points) // NEIGHBOURS)):
                search.try_points(part)
            proved = True
        else:
            search.run(smooth, _linear_starts(program, search))
    except _Ended as ended:
        why = str(ended)
    except KeyboardInterrupt:
        why = "Ctrl-C"
    values = program.values(search.x)
    if not np.isfinite(values).all():
        raise UserError("The objective or a constraint is no number at any of the points that were tried. Choose other start values.")
    f, violation = float(values[0]), program.violation(values[1:])
    m = program.n_constraints
    near = FEASIBLE * np.maximum(1.0, np.abs(values[1:]))
    binding = (np.abs(values[1:] - program.floor) <= near) | (np.abs(values[1:] - program.ceiling) <= near)
    none = "infeasible" if proved and violation > FEASIBLE else None
    if none:
        search.x, values, f, violation = program.start, values_before, float(values_before[0]), program.violation(values_before[1:])
    return Minimum(search.x, f, float(values_before[0]), values, values_before, violation,
                   Sensitivity(np.full(m, np.nan), np.full(len(search.x), np.nan), binding), tuple(search.history),
                   _told(program, search, why, violation, proved=proved), proved, why in ("Ctrl-C", "as you asked"),
                   time.perf_counter() - search.began, engine="every point" if proved else "generations", proved=proved and none is None,
                   bound=f if proved and none is None else None, none=none)


def _told(program: Program, search: _Search, why: str, violation: float, *, proved: bool) -> str:
    looked = f"{search.evaluations:,} points"
    if proved:
        return f"No point meets all constraints: every one of {looked} was looked at." if violation > FEASIBLE else \
            f"The optimum: every one of {looked} was looked at."
    if violation > FEASIBLE:
        return f"No point was found among {looked} that meets all constraints; that none does is not proved. Search longer: --seconds."
    after = {"as you asked": "Stopped as you asked", "Ctrl-C": "Stopped by Ctrl-C", "seconds": "Ended in time"}.get(why, "Ended")
    return f"{after}: the best of {looked} is kept; that no point is better is not proved."


def _moves(n: int, random: np.random.Generator) -> np.ndarray:
    """Ways to change an order of n, as orders (ways, n): a stretch is turned round, moved by one place to either side, or its ends
    are exchanged."""
    i, j = np.triu_indices(n, 1)
    chosen = random.permutation(len(i))[:NEIGHBOURS // 4]
    i, j, at = i[chosen, None], j[chosen, None], np.arange(n)[None]
    inside = (i <= at) & (at <= j)
    turned = np.where(inside, i + j - at, at)
    forth = np.where(inside, np.where(at == i, j, at - 1), at)
    back = np.where(inside, np.where(at == j, i, at + 1), at)
    ends = np.where(at == i, j, np.where(at == j, i, at))
    return np.unique(np.concatenate([turned, forth, back, ends]), axis=0)


def _all_points(program: Program) -> np.ndarray | None:
    """All points, where these are whole and few."""
    if not program.whole.all() or program.different or not (np.isfinite(program.low).all() and np.isfinite(program.high).all()):
        return None
    sizes = program.high - program.low + 1
    if np.log(sizes).sum() > np.log(ALL):
        return None
    axes = [np.arange(low, high + 1) for low, high in zip(program.low, program.high)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))


def _linear_starts(program: Program, search: _Search) -> list[np.ndarray]:
    """Points that meet those constraints that are linear, in several corners."""
    if program.linear_rows is None or program.different:
        return []
    found = []
    for _ in range(MANY_STARTS):
        cost = search.random.standard_normal(len(program.start))
        boxed = np.isfinite(program.low) & np.isfinite(program.high)
        model = replace(program.linear_rows, cost=np.where(boxed, cost, 0.0), low=np.maximum(program.low, -1e9), high=np.minimum(program.high, 1e9))
        answer = solve_model(model, seconds=1.0)
        if answer.y is not None:
            found.append(answer.y)
    return found


def _better(key: np.ndarray, than: np.ndarray) -> bool:
    """By violation as far as one is not feasible, else by merit, by more than rounding."""
    if key[0] != than[0]:
        return bool(key[0] < than[0])
    return bool(key[1] < than[1] - 1e-12 * max(1.0, abs(than[1]))) if np.isfinite(than[1]) else bool(key[1] < than[1])
