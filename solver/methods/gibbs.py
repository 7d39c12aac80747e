"""Gibbs sampling: factors drawn from their posterior, sweep by sweep, instead of one best set of them.

    r_ui ~ N(p_u · q_i + b_u + b_i + offset, 1/α),      x_u = (p_u, b_u) ~ N(m_u, Λ⁻¹), and x_i alike,

with Λ of each side, and m_u by what is known of the row, drawn by `normal_wishart`, and α ~ Gamma(1, 1), in units in which the
ratings' standard deviation is 1 (Salakhutdinov & Mnih 2008, "Bayesian probabilistic matrix
factorization using Markov chain Monte Carlo", with biases and α in the chain). Predictions are
averaged over the draws, which overfits less than any single set of factors can, and needs no
penalty; how much the draws differ says how sure a prediction is.

Given one side, a row x = R·z of the other, with Λ⁻¹ = R·Rᵀ and m = R·c, has the prior z ~ N(c, I) and the
features φ_i = Rᵀ(q_i, 1). A draw of z is a ridge regression with noise on its targets and its centre,
for all rows at once (Papandreou & Yuille 2010, "Gaussian sampling by local perturbations"; for rows
with few ratings its dual form is that of Bhattacharya, Chakraborty & Mallick 2016):

    z = argmin Σ_j (t_j + δ_j/√α − φ_j·z)² + ‖z − c − ε‖²/α,     δ, ε ~ N(0, 1).

Columns that are given of the items, genres say, stand in front of the items' rows and stay (`Factors.given`): what a user
thinks of each is drawn with the user's other factors, and items are drawn given what that leaves of the ratings. They are in the
items' prior as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solver.core.optimizers import OPTIMIZERS
from solver.core.pairs.by_row import ByRow, both_sides
from solver.core.pairs.sparse_products import RatedPairs
from solver.core.steps import FitTask, Seen
from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.models import Bounds
from solver.model.net import additive
from solver.threads import one_thread

from .known_columns import KnownColumns, known_of_both
from .normal_wishart import Common, draw_common, first_precisions
from .ridge_regression import Ridge, ridge_for

BURN_IN = 4          # sweeps, or a quarter of all, that only lead the chain to where draws are worth keeping
CHAIN_SWEEPS = 24    # sweeps of a chain at least: of twice as many there are two chains, of three times as many three
MOST_SWEEPS = 64     # of which draws are kept, evenly spaced over the sweeps that follow …
MOST_MEMORY = 2**30  # … and most bytes for them


class Gibbs:
    """A sweep an epoch: draws of the noise, of all users given the items, and of all items given the users.

    The side with more rows comes second. What it adds to a prediction is not one draw but its mean
    given the other side, which is the average of two draws as far on either side of it: both are kept,
    so that the average over the draws is the better one (Rao & Blackwell) and their spread is right.

    A chain stays near where it began for longer than anybody waits: two chains of 34 sweeps predict ratings of films better by 0.003
    than one of 91. So a long one is given up for another one, from factors dealt out anew.
    """

    first, to_the_end = 1, True
    lr: float | None = None

    def __init__(self, problem: FitTask):
        settings, start, device = problem.settings, additive(problem.start), problem.device
        self.generator = torch.Generator().manual_seed(int(settings.seed))
        self.noise = self.generator if device == "cpu" else torch.Generator(device).manual_seed(int(settings.seed))
        self.epochs = settings.epochs or OPTIMIZERS[settings.optimizer].epochs
        self.train = Average.of(self._in_rows(problem.ratings), start.user.dtype, device)
        held = problem.holdout
        self.held = Average.of(self._in_rows(held), start.user.dtype, device, clip=problem.clip) if held else None
        self.units = Units.of(self.train.values, start)
        rows = self.began = self.units.rows(start.map(lambda tensor: tensor.to(device)))
        threads = torch.get_num_threads()
        known = known_of_both(problem.ratings, settings, dtype=start.user.dtype, device=device)
        self.user, self.item = (Side(own, ratings, ridge_for(ratings, n_features=own.shape[1] - given, threads=threads), columns,
                                      first_precisions(columns), given)
                                for own, ratings, columns, given in zip(
                                    rows, self._by_side(self.units.of_ratings(self.train.values), rows[0].shape[1]), known, (0, start.given)))
        self.residual = self.user.ratings.values - self._predicted(self.train.pairs, *rows)
        self.sweep = 0
        self.alpha: Tensor | None = None    # of the last sweep
        self.samples: tuple[Factors, ...] = ()
        self.noise_variance = 0.0   # of a rating, the mean over the sweeps whose draws are kept
        self.few, self.many = sorted((self.user, self.item), key=lambda side: len(side.rows))
        few, many = (len(self._every_row(side.rows) if side is self.user else side.rows) for side in (self.few, self.many))
        size = (few + 2 * many) * self.few.rows[0].numel() * self.few.rows.element_size()
        self.kept = KeptSweeps.of(self.epochs, size=size, most=MOST_MEMORY, chains=max(1, self.epochs // CHAIN_SWEEPS))

    @one_thread()  # the regressions have threads of their own; the rest is quick
    def step(self, *, last: bool) -> Seen:
        self.sweep += 1
        if self.kept.begins(self.sweep) and self.sweep > 1:
            self._begin_anew()
        alpha = self.alpha = self._draw_precision()
        mean, deviation = self._draw_rows(self.few, self.many, alpha)
        self.few.rows = mean + deviation
        mean, deviation = self._draw_rows(self.many, self.few, alpha)
        self.many.rows = mean
        middle = self.user.rows, self.item.rows
        self.many.rows = mean + deviation
        self.residual = self.user.ratings.values - self._predicted(self.train.pairs, self.user.rows, self.item.rows)
        if self.kept.averages(self.sweep):
            for average in filter(None, (self.train, self.held)):
                average.add(self.units.to_ratings(self._predicted(average.pairs, *middle)), afresh=not self.samples)
            if self.kept.keeps(self.sweep):
                variance = self.units.spread ** 2 / float(alpha)
                self.noise_variance += (variance - self.noise_variance) / (len(self.samples) // 2 + 1)
                self.samples += self._both_draws(mean - deviation)
        rmse, here = self.train.rmse(), self.units.factors(self._every_row(middle[0]), middle[1])
        return Seen(rmse ** 2, rmse, lambda: here, holdout_rmse=self.held.rmse() if self.held else None, samples=self.samples,
                    noise=math.sqrt(self.noise_variance) if self.samples else None)

    def _begin_anew(self) -> None:
        """Go on from the start, its factors dealt out to other rows."""
        for side, began in zip((self.user, self.item), self.began):
            learnt = slice(side.given, began.shape[1] - self.units.biases)
            side.rows = began.clone()
            side.rows[:, learnt] = began[torch.randperm(len(began), generator=self.generator).to(began.device), learnt]
            side.precisions = first_precisions(side.known)
        self.residual = self.user.ratings.values - self._predicted(self.train.pairs, self.user.rows, self.item.rows)

    def _both_draws(self, rows: Tensor) -> tuple[Factors, Factors]:
        """The draw that the chain goes on from, and that with these rows of the many; they share the few."""
        users = self._every_row(self.user.rows)
        one = self.units.factors(users, self.item.rows)
        if self.many is self.item:
            other = self.units.factors(users, rows)
            return one, replace(other, user=one.user, user_bias=one.user_bias)
        other = self.units.factors(self._every_row(rows), self.item.rows)
        return one, replace(other, item=one.item, item_bias=one.item_bias)

    def _draw_precision(self) -> Tensor:
        """α given the residuals e, Gamma(1 + n/2, 1 + Σ e²/2); nothing waits for the device."""
        return draw_precision(len(self.residual), self.residual @ self.residual, self.generator).to(self.residual.dtype)

    def _draw_rows(self, side: Side, other: Side, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of a side given the other: their mean, and how far from it a draw of them is."""
        given, drawn = side.rows[:, :side.given], side.rows[:, side.given:]
        common = draw_common(drawn, side.known, side.precisions, self.generator)
        side.precisions = common.precisions
        features, known = features_of(other.rows, biases=self.units.biases)
        noise = self._normal(side.ratings.values), self._normal(drawn)
        mean, deviation = draw_rows(self._left_for(side), side.ridge, features[:, side.given:] @ common.root, known, common, alpha, noise)
        return torch.cat([given, mean], 1), torch.cat([torch.zeros_like(given), deviation], 1)

    def _left_for(self, side: Side) -> ByRow:
        """The ratings less what is known already of their predictions: what the given columns of this side's rows explain."""
        if not side.given:
            return side.ratings
        explained = self.train.pairs.products(*(rows[:, :side.given].contiguous() for rows in (self.user.rows, self.item.rows)))
        return replace(side.ratings, values=side.ratings.values - explained.index_select(0, self.train.pairs.by_item[0]))

    def _predicted(self, pairs: RatedPairs, user: Tensor, item: Tensor) -> Tensor:
        return predicted_pairs(pairs, self._every_row(user), item, biases=self.units.biases)

    # What `gibbs_by_day` does otherwise, for whom a user has more rows than one.

    def _in_rows(self, ratings: Ratings) -> Ratings:
        """The ratings by the rows that they belong to."""
        return ratings

    def _by_side(self, values: Tensor, width: int) -> tuple[ByRow, ByRow]:
        """(by user, by item) the values, in the order of the training pairs; rows have so many numbers."""
        return both_sides(self.train.pairs, values)

    def _every_row(self, user: Tensor) -> Tensor:
        """What the pairs point into, of the users' own rows."""
        return user

    def _normal(self, like: Tensor) -> Tensor:
        return torch.empty_like(like).normal_(generator=self.noise)


def features_of(rows: Tensor, *, biases: bool) -> tuple[Tensor, Tensor]:
    """What a row of the other side is multiplied by, (q, 1) or q, and what is added to that, b or 0."""
    if not biases:
        return rows, rows.new_zeros(len(rows))
    features = rows.clone()
    features[:, -1] = 1
    return features, rows[:, -1]


def predicted_pairs(pairs: RatedPairs, user: Tensor, item: Tensor, *, biases: bool) -> Tensor:
    """Predictions of pairs by the rows of both sides, in the chain's units."""
    features, known = features_of(item, biases=biases)
    return pairs.products(user, features) + known.index_select(0, pairs.items)


def draw_precision(n: int, squares: Tensor, generator: torch.Generator) -> Tensor:
    """α given the sum of the squares of `n` residuals e, Gamma(1 + n/2, 1 + Σ e²/2), float64; nothing waits for the device."""
    gamma = torch._standard_gamma(torch.tensor(1 + n / 2, dtype=torch.float64), generator=generator)
    return gamma.to(squares.device) / (1 + squares.double() / 2)


def draw_rows(ratings: ByRow, ridge: Ridge, features: Tensor, known: Tensor, common: Common, alpha: Tensor,
              noise: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The rows of a side given the other: their mean, and how far from it a draw of them is.

    `features` (n_others, d) are φ, and `known` (n_others,) what is added to predictions; `noise` is N(0, 1), of the shape of the
    ratings and of the rows.
    """
    targets = torch.stack([ratings.values - known.index_select(0, ratings.others), noise[0]])
    centres = torch.stack([common.centres, alpha.sqrt() * noise[1]], 1)
    z = ridge.solve(features, targets, centres, (1 / alpha).expand(len(centres)))
    return z[:, 0] @ common.root.T, z[:, 1] @ (common.root.T / alpha.sqrt())


@dataclass(frozen=True)
class KeptSweeps:
    """Of which sweeps the draws are kept: evenly spaced ones after the first `burn_in` of each `chain` of so many sweeps."""

    burn_in: int
    every: int
    chain: int

    @classmethod
    def of(cls, sweeps: int, *, size: int, most: int, chains: int = 1) -> KeptSweeps:
        """For so many sweeps whose draws take `size` bytes each, and `most` bytes in all."""
        chain = math.ceil(sweeps / chains)
        burn_in = min(BURN_IN, chain // 4)
        return cls(burn_in, math.ceil((sweeps - chains * burn_in) / max(1, min(MOST_SWEEPS, most // size))), chain)

    def begins(self, sweep: int) -> bool:
        """Whether a chain begins with this sweep."""
        return (sweep - 1) % self.chain == 0

    def keeps(self, sweep: int) -> bool:
        after = (sweep - 1) % self.chain - self.burn_in
        return after >= 0 and after % self.every == 0

    def up_to(self, sweep: int) -> list[int]:
        """The sweeps up to this one whose draws are kept."""
        return [number for number in range(1, sweep + 1) if self.keeps(number)]

    def averages(self, sweep: int) -> bool:
        """Whether predictions are taken of this sweep, to be averaged or, before any draw is kept, to be looked at."""
        return sweep <= self.burn_in or self.keeps(sweep)


@dataclass(eq=False)
class Side:
    """The users, or the items: their rows in the chain's units, (n, k + 1) or (n, k)."""

    rows: Tensor
    ratings: ByRow
    ridge: Ridge
    known: KnownColumns
    precisions: Tensor   # of the families of what is known
    given: int           # columns of the rows, the first ones, that stay as they are


@dataclass(frozen=True, eq=False)
class Units:
    """The chain's units: ratings less `mean`, in multiples of `spread`; a row is (p, b), or p without biases.

    So that the priors mean the same whatever the scale of the ratings is.
    """

    mean: float
    spread: float
    offset: float   # that of the factors, which stays what it is
    biases: bool
    given: int = 0  # the same

    @classmethod
    def of(cls, values: Tensor, start: Factors) -> Units:
        biases = start.user_bias is not None
        wide = values.double()
        return cls(float(wide.mean()) if biases else 0.0, float(wide.std()) or 1.0, start.offset, biases, start.given)

    def of_ratings(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.spread

    def to_ratings(self, values: Tensor) -> Tensor:
        return self.mean + self.spread * values

    def rows(self, factors: Factors) -> tuple[Tensor, Tensor]:
        """(users, items) of these factors; what the mean has more than the offset is in the biases, half in each."""
        root, half = math.sqrt(self.spread), (self.mean - self.offset) / 2
        if factors.biases is None:
            return factors.user / root, factors.item / root
        user, item = (torch.cat([rows / root, ((bias - half) / self.spread)[:, None]], 1) for rows, bias in
                      zip((factors.user, factors.item), factors.biases))
        return user, item

    def factors(self, user: Tensor, item: Tensor) -> Factors:
        root, half = math.sqrt(self.spread), (self.mean - self.offset) / 2
        if not self.biases:
            return Factors(root * user, root * item, given=self.given)
        return Factors(root * user[:, :-1], root * item[:, :-1], self.spread * user[:, -1] + half,
                       self.spread * item[:, -1] + half, self.offset, self.given)


@dataclass(eq=False)
class Average:
    """The mean prediction of given ratings over the draws so far."""

    pairs: RatedPairs
    values: Tensor      # (n_ratings,) in the order of the pairs
    clip: Bounds
    mean: Tensor | float = 0.0
    count: int = 0

    @classmethod
    def of(cls, ratings: Ratings, dtype: torch.dtype, device: str, *, clip: Bounds = None) -> Average:
        users, items = (torch.as_tensor(index, device=device) for index in (ratings.user_index, ratings.item_index))
        pairs = RatedPairs.of(users, items, ratings.n_users, ratings.n_items)
        return cls(pairs, torch.as_tensor(ratings.values, dtype=dtype, device=device)[pairs.order], clip)

    def add(self, predicted: Tensor, *, afresh: bool) -> None:
        self.count = 1 if afresh else self.count + 1
        self.mean = predicted if afresh else self.mean + (predicted - self.mean) / self.count

    def rmse(self) -> float:
        mean = torch.as_tensor(self.mean)
        mean = mean if self.clip is None else mean.clamp(*self.clip)
        return float(((mean - self.values) ** 2).mean(dtype=torch.float64).sqrt())
