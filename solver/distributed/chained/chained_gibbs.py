"""Gibbs sampling on a store: the model, the order of the draws and the equations of `solver.methods.gibbs`.

A sweep draws the noise, all rows of the side with fewer of them, and all rows of the other (`items_everywhere`). Every process
draws the same values of what rows have in common, from sums over all users that are added in the order of their blocks. The random
numbers of a row depend on the seed, the sweep and the row's block alone, so that every process would draw the same. In memory all
numbers come from one stream: so the same seed gives another chain there. Users are drawn as in memory, by noise on their ratings.
Items are drawn by the root of their systems of equations: the distribution is the same, and no noise for each rating is needed.

The training RMSE is that of the sweep's own draw, because mean predictions of all ratings would take as much room as the ratings.
Predictions of held-out ratings are averaged over the draws, as in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.sparse_products import RatedPairs
from solver.distributed.group import ProcessGroup
from solver.distributed.start_rows import moving_rows
from solver.distributed.store_task import StoreTask
from solver.kernels.system_kernel import solved_systems
from solver.methods.gibbs import draw_precision, draw_rows, features_of, predicted_pairs
from solver.methods.known_columns import ColumnProducts, KnownColumns, column_gram
from solver.methods.normal_wishart import Common, draw_common, draw_moves, first_precisions
from solver.methods.ridge_regression import ridge_for
from solver.store.rating_store import RatingStore
from solver.store.read_ahead import held_out_part, learnt_part, ratings_in_part
from solver.threads import one_thread

from .items_everywhere import ItemsEverywhere
from .kept_draws import CHAIN, OTHER_DRAW, kept_sweeps, last_side, units_of
from .stored_sets import SetColumns, gathered_pairs, set_columns_of

_NOISE, _COMMON_OF_USERS, _COMMON_OF_ITEMS, _RATINGS, _USERS, _ITEMS = range(6)    # what random numbers are for


class ChainedGibbs(ItemsEverywhere):
    """A process's part of Gibbs sampling, in the units of its chain."""

    def __init__(self, store: RatingStore, task: StoreTask, group: ProcessGroup):
        super().__init__(store, task, group)
        self.units, self.keeping = units_of(store, task.settings), kept_sweeps(store, task.settings)
        self.users_last = last_side(store) == "users"
        self.learnt, self.held = (ratings_in_part(store, part) for part in (learnt_part(task.holdout), held_out_part(task.holdout)))
        self.known: _Known | None = None
        self.resumed = False
        self.squares = 0.0                      # Σ e² of the ratings learnt from
        self.noise_variance = 0.0               # of a rating, the mean over the sweeps whose draws are kept
        self.precisions: dict[str, Tensor] = {}
        part = held_out_part(task.holdout)      # predictions of the ratings held out, averaged over the draws
        self.means = {u: torch.zeros(sum(len(range(*part(int(n)).indices(int(n)))) for n in store.counts[u]), dtype=torch.float64)
                      for u in self.own}
        self.middle: tuple[dict[int, Tensor], Tensor] = self.users, self.items     # where the last side drawn is at its mean

    def begin(self) -> None:
        """Draw the start values."""
        for side, block in self.blocks_held():
            if side in ("users", "items"):
                self.put_rows(side, block, moving_rows(self.task.settings, self.store.mean, self.store.spread, side, block,
                                                       self.store.n_rows(side, block)))

    def in_units(self, values: Tensor) -> Tensor:
        """Ratings in the units of the chain."""
        return self.units.of_ratings(values)

    @one_thread()   # the regressions have threads of their own
    def run_pass(self, number: int) -> tuple[float, float | None]:
        """One sweep; (RMSE of its draw, RMSE of the mean predictions of the ratings held out or None)."""
        known = self.known = self.known or self._look()
        alpha = draw_precision(self.learnt, torch.tensor(self.squares, dtype=torch.float64), self._generator(_NOISE, number)).to(self.dtype)
        if self.users_last:
            self._draw_items(known, number, alpha)
            self._draw_users(known, number, alpha)
        else:
            self._draw_users(known, number, alpha)
            self._draw_items(known, number, alpha)
        if self.keeping.keeps(number):
            so_far = len(self.passes_kept(number))
            self.noise_variance += (self.units.spread ** 2 / float(alpha) - self.noise_variance) / so_far
        held_out = self._judge(number) if self.held else None
        return self.units.spread * math.sqrt(max(self.squares, 0.0) / self.learnt) if math.isfinite(self.squares) else math.nan, held_out

    # -- what is known before a sweep -------------------------------------------------------------------

    def _look(self) -> _Known:
        """Read all ratings once, for what is known of the rows beside them and for the first errors. A resumed fit skips this where
        nothing is known of them."""
        store, sets = self.store, self.task.settings.implicit_sets
        columns = set_columns_of(store, self.group, self.own, holdout=self.task.holdout, sets=sets, dtype=self.dtype)
        sums, squares = dict[int, np.ndarray](), dict[int, float]()
        grams, in_sets = list[np.ndarray](), [np.empty((2, 0), np.int64)]
        for u in self.own:
            if sets == "none" and self.resumed:
                n = store.n_rows("users", u)
                ratings = ByRow(np.zeros(n + 1, np.int64), torch.zeros(0, dtype=torch.int32), torch.zeros(0, dtype=self.dtype))
            else:
                ratings = self.user_ratings(u)
            table = columns.table_of_users(ratings)
            sums[u] = table.transposed_times(self.users[u]).double().numpy()
            grams.append(column_gram(table).numpy())
            in_sets.append(columns.in_item_sets(ratings, int(store.layout.user_starts[u])))
            if not self.resumed:
                squares[u] = self._squares(ratings, self.users[u])
        gram = torch.from_numpy(self.added_in_order(grams, (1 + sum(columns.sizes_of_users()),) * 2))
        known = _Known(columns, ColumnProducts(gram, columns.sizes_of_users()),
                       columns.known_of_items(gathered_pairs(np.concatenate(in_sets, 1), self.group)), sums)
        if not self.resumed:
            self.squares = self.total(squares)
            self.precisions = {"users": first_precisions(known.users), "items": first_precisions(known.items)}
        return known

    def _squares(self, ratings: ByRow, rows: Tensor) -> float:
        starts = torch.from_numpy(ratings.starts).to(torch.int32)
        own = torch.repeat_interleave(torch.arange(len(rows), dtype=torch.int32), starts.diff())
        pairs = RatedPairs(own[:0], own, ratings.others, starts, len(self.items))     # sorted by user as they are
        errors = ratings.values - predicted_pairs(pairs, rows, self.items, biases=self.biases)
        return float((errors.double() ** 2).sum())

    # -- the draws ----------------------------------------------------------------------------------------

    def _draw_users(self, known: _Known, number: int, alpha: Tensor) -> None:
        pieces = (np.concatenate([known.sums[u], (self.users[u].T @ self.users[u]).double().numpy()]) for u in self.own)
        columns = len(known.users.gram)
        sums = torch.from_numpy(self.added_in_order(pieces, (columns + self.d, self.d)))
        moves, root, self.precisions["users"] = draw_moves(self.store.n_users, sums[columns:], sums[:columns], known.users,
                                                           self.precisions["users"], self._generator(_COMMON_OF_USERS, number))
        moves, root = moves.to(self.dtype), root.to(self.dtype)
        features, bias = features_of(self.items, biases=self.biases)
        features = features @ root
        middle, squares = dict[int, Tensor](), dict[int, float]()
        for u in self.own:
            ratings = self.user_ratings(u)
            table = known.columns.table_of_users(ratings)
            ridge = ridge_for(ratings, n_features=self.d, threads=self.task.threads)
            noise = self._normal(_RATINGS, number, u, len(ratings.values)), self._normal(_USERS, number, u, *self.users[u].shape)
            mean, deviation = draw_rows(ratings, ridge, features, bias, Common(table.times(moves), root, self.precisions["users"]), alpha, noise)
            self.users[u], middle[u] = mean + deviation, mean
            known.sums[u] = table.transposed_times(self.users[u]).double().numpy()
            if self.users_last:
                squares[u] = self._squares(ratings, self.users[u])
        if self.users_last:
            self.squares, self.middle = self.total(squares), (middle, self.items)

    def _draw_items(self, known: _Known, number: int, alpha: Tensor) -> None:
        common = draw_common(self.items, known.items, self.precisions["items"], self._generator(_COMMON_OF_ITEMS, number))
        self.precisions["items"] = common.precisions
        features = {u: features_of(rows, biases=self.biases)[0] @ common.root for u, rows in self.users.items()}
        mean, draw, squares = torch.empty_like(self.items), torch.empty_like(self.items), np.zeros(1)

        def solve(block: int, systems: np.ndarray, centres: Tensor) -> None:
            nonlocal squares
            rows, noise = self.item_rows(block), self._normal(_ITEMS, number, block, *centres.shape)
            step, strayed, errors = solved_systems(systems, self.d, (1 / alpha).expand(len(centres)), self.workers, noise=noise,
                                                   sigma=1 / math.sqrt(float(alpha)))
            mean[rows], draw[rows] = (centres + step) @ common.root.T, (centres + strayed) @ common.root.T
            squares += float(errors.sum())

        self.add_up_items(features, lambda block: common.centres[self.item_rows(block)], solve)
        self.shared(draw.numpy())
        self.items = draw
        if not self.users_last:
            self.shared(mean.numpy())
            self.group.add_up(squares)
            self.squares, self.middle = float(squares[0]), (self.users, mean)

    def _generator(self, what: int, number: int) -> torch.Generator:
        drawn = np.random.SeedSequence((self.task.settings.seed, what, number)).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(drawn >> np.uint64(1)))

    def _normal(self, what: int, number: int, block: int, *shape: int) -> Tensor:
        rng = np.random.default_rng((self.task.settings.seed, what, number, block))
        return torch.from_numpy(rng.standard_normal(shape, np.dtype(self.task.settings.dtype)))

    # -- what is left of a sweep --------------------------------------------------------------------------

    def _judge(self, number: int) -> float:
        """RMSE of the mean predictions of the ratings held out, clipped."""
        so_far = max(len(self.passes_kept(number)), 1)
        squares, begin = dict.fromkeys(self.own, 0.0), dict.fromkeys(self.own, 0)
        for u, now, values in self.predicted_held_out(*self.middle):
            mean = self.means[u][begin[u]:begin[u] + len(values)]
            if self.keeping.averages(number):
                mean += (self.units.to_ratings(now) - mean) / so_far
            squares[u] += float(((mean.clamp(*self.task.clip) - values) ** 2).sum())
            begin[u] += len(values)
        return math.sqrt(self.total(squares) / self.held)

    def kept(self, number: int) -> list[tuple[str, int, np.ndarray]]:
        """(side, block, rows) of a draw that predictions are averaged over; of the last side drawn a second one."""
        if not self.keeping.keeps(number):
            return []
        every = [(side, u, self.rows_of_block(side, u)) for side in ("users", "items") for u in self.own]
        users, items = self.middle
        for u in self.own:
            rows = self.item_rows(u)
            other = 2 * users[u] - self.users[u] if self.users_last else 2 * items[rows] - self.items[rows]
            every.append((("users" if self.users_last else "items") + OTHER_DRAW, u, other.numpy()))
        return every

    def passes_kept(self, number: int) -> list[int]:
        """The passes up to this one of which draws are kept."""
        return self.keeping.up_to(number)

    def blocks_written(self) -> list[tuple[str, int]]:
        """(side, block) of all that this process writes after a sweep."""
        held = [("held", u) for u in self.own] if self.held else []
        return super().blocks_written() + held + ([(CHAIN, 0)] if self.group.rank == 0 else [])

    def blocks_held(self) -> list[tuple[str, int]]:
        """(side, block) of all that this process has before a sweep."""
        held = [("held", u) for u in self.own] if self.held else []
        return super().blocks_held() + held + [(CHAIN, 0)]

    def rows_of_block(self, side: str, block: int) -> np.ndarray:
        """Rows, mean predictions, or the chain's other numbers, as they are written after a sweep."""
        if side == "held":
            return self.means[block].numpy()
        if side == CHAIN:
            own = [self.squares, self.noise_variance]
            return np.array([*own, *self.precisions["users"].tolist(), *self.precisions["items"].tolist()])
        return super().rows_of_block(side, block)

    def put_rows(self, side: str, block: int, rows: np.ndarray) -> None:
        """Take what was written."""
        if side == "held":
            self.means[block] = torch.from_numpy(rows)
        elif side == CHAIN:
            n = self.task.settings.implicit_sets in ("users", "both")
            self.resumed = True
            self.squares, self.noise_variance = map(float, rows[:2])
            self.precisions = {"users": torch.from_numpy(rows[2:2 + n].copy()), "items": torch.from_numpy(rows[2 + n:].copy())}
        else:
            super().put_rows(side, block, rows)


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known beside the ratings. Of the users: the products of the columns, and FᵀX of each own block. Of the items: all columns."""

    columns: SetColumns
    users: ColumnProducts
    items: KnownColumns
    sums: dict[int, np.ndarray]
