"""SGD rating by rating on a GPU: one kernel, launched once for each stratum, an epoch one CUDA graph.

Everything stays on the device: ratings, factors, the hold-out and the sums. The host waits once an epoch.

The limit, 50 factors in rows of 64: a rating is 12 bytes and its two rows are read and written, 4 · 256 bytes.
100 million ratings are 104 GB an epoch, 22 ms at an H200's 4.8 TB/s; where the items' rows stay in its L2, what is
left is 524 bytes a rating, 11 ms.

What is expected is more. A warp needs about 0.4 µs for a rating (rows from L2 or memory, asked for one rating ahead; a sum
over the warp; a barrier), so an epoch takes Σ over strata of (ratings of the longest block · 0.4 µs + 2 µs for a launch).
100 million ratings on 132 multiprocessors are 2,112 strata of 2,112 blocks of 22 ratings, of which the longest has about 40:
40 ms. The busiest row would take longer by itself, 0.1 s for a film with 0.3 % of all ratings, if it were not walked as
several (`row_copies`). None of this was measured; no GPU was at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from solver.core.objective import Judge
from solver.core.optimizers import OPTIMIZERS
from solver.core.schedules import SCHEDULES
from solver.core.steps import FitTask, Seen
from solver.fused.sgd import row_decay
from solver.kernels.parts.packed import pack_factors
from solver.kernels.parts.target import Target
from solver.model.factors import Factors
from solver.model.net import additive

from .device_strata import device_strata, most_of_a_row
from .row_copies import MEETINGS, RowCopies, dealt_among_copies
from .walk_kernel import walk_blocks


class StratifiedSGD:
    """As `sgd.FusedSGD`, with a block for every warp of a GPU. Factors are float32.

    The order of strata is drawn anew every epoch; that of the ratings within a block once. Rows with more than `most`
    ratings are walked as several. Where `blocks` or `most` is None, it is chosen by the number of ratings and the GPU.
    """

    first, to_the_end = 1, True

    def __init__(self, problem: FitTask, *, blocks: int | None = None, most: int | None = None):
        settings, ratings, device = problem.settings, problem.ratings, problem.device
        method = OPTIMIZERS[settings.optimizer]
        self.problem, self.settings = problem, settings
        self.epochs = settings.epochs or method.batch_epochs
        self.lr = settings.constants["lr"]
        packed, processors = pack_factors(additive(problem.start).map(lambda tensor: tensor.cpu().float())), _processors(device)
        self.width, n_users = packed.width, ratings.n_users
        users, items, values = (torch.as_tensor(array, device=device) for array in packed.rows_of(ratings, slice(None)))
        shuffled = torch.randperm(len(ratings), generator=torch.Generator(device).manual_seed(int(settings.seed)),
                                  device=device)
        users, items, values = (column.index_select(0, shuffled) for column in (users, items - n_users, values))
        table, decay = torch.as_tensor(packed.table, device=device), self._decay(users, items)
        most = most or most_of_a_row(len(ratings), processors=processors)
        users, self.user_copies = dealt_among_copies(users, n_users, most=most)
        items, self.item_copies = dealt_among_copies(items, ratings.n_items, most=most)
        user_table, item_table = _with_copies(table[:n_users], self.user_copies), _with_copies(table[n_users:], self.item_copies)
        self.table, self.first_item = torch.cat([user_table, item_table]), len(user_table)
        self.decay = torch.cat([_with_copies(decay[:n_users], self.user_copies), _with_copies(decay[n_users:], self.item_copies)])
        strata = device_strata(users, items, self.first_item, len(item_table), blocks=blocks, processors=processors)
        self.data = tuple(column.index_select(0, strata.order) for column in (users, items + self.first_item, values))
        self.edges, self.blocks, self.target = strata.edges, strata.blocks, Target.of(settings)
        self.sequence = torch.zeros(self.blocks, dtype=torch.int64, device=device)
        self.rates = torch.zeros(self.blocks, device=device)
        self.sums = torch.zeros(self.blocks ** 2, 2, device=device)
        held = problem.holdout
        self.judge = Judge.of(held, bounds=settings.bounds, clip=problem.clip, device=device) if held else None
        self.rng, self.epoch = np.random.default_rng(settings.seed + 1), 0
        self.walk_all = self._recorded() if self.table.is_cuda else self._walk_all

    def step(self, *, last: bool) -> Seen:
        n, blocks = len(self.data[0]), self.blocks
        done = (self.epoch + np.arange(blocks) / blocks) / self.epochs
        self.rates.copy_(torch.tensor([self.lr * SCHEDULES[self.settings.schedule](share)[0] for share in done]))
        self.sequence.copy_(torch.as_tensor(self.rng.permutation(blocks)))
        self.walk_all()
        self.epoch += 1
        loss, squares = (self.sums.double().sum(0) / n).tolist()  # here the host waits for the device
        if self.problem.on_batch:
            self.problem.on_batch(n, n)
        here = self._factors()
        return Seen(loss, math.sqrt(squares) if squares >= 0 else math.nan, lambda: here.map(torch.clone),
                    holdout_rmse=self.judge.rmse(here) if self.judge else None)

    def _walk_all(self) -> None:
        stretch = -(-self.blocks // MEETINGS)
        for turn in range(self.blocks):
            self._walk(turn, self.blocks, self.edges)
            if turn % stretch == stretch - 1 or turn == self.blocks - 1:
                self._meet()

    def _meet(self) -> None:
        for copies, rows in ((self.user_copies, self.table[:self.first_item]), (self.item_copies, self.table[self.first_item:])):
            if copies is not None:
                copies.meet(rows)

    def _walk(self, turn: int, programs: int, edges: Tensor) -> None:
        lanes = 1 << (self.width - 1).bit_length()
        walk_blocks[(programs,)](*self.data, edges, self.sequence, self.rates, self.table, self.decay, self.sums, turn,
                          additive(self.problem.start).offset, self.target.low, self.target.span,
                          WIDTH=self.width, LANES=lanes, LINK=int(self.target.link), num_warps=1, num_stages=1)

    def _decay(self, users: Tensor, items: Tensor) -> Tensor:
        """(n_users + n_items,) `row_decay` of every row."""
        ratings = self.problem.ratings
        counts = torch.cat([torch.bincount(index, minlength=n) for index, n in ((users, ratings.n_users), (items, ratings.n_items))])
        return torch.as_tensor(row_decay(self.settings, counts.cpu().numpy()), dtype=torch.float32, device=users.device)

    def _recorded(self) -> Callable[[], None]:
        """An epoch as a CUDA graph: its launches are made once, and then all at once by one call."""
        self._walk(0, 1, torch.zeros_like(self.edges[:2]))  # an empty block: the kernel is compiled, nothing moves
        self._meet()        # nor do copies, before they have moved
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._walk_all()
        return graph.replay

    def _factors(self) -> Factors:
        """The factors as they stand in the table: views of it."""
        like, ratings = additive(self.problem.start), self.problem.ratings
        k = like.n_factors
        user, item = self.table[:ratings.n_users], self.table[self.first_item:][:ratings.n_items]
        tensors = {"user": user[:, :k], "item": item[:, :k]}
        if like.user_bias is not None:
            tensors |= {"user_bias": user[:, self.width - 2], "item_bias": item[:, self.width - 1]}
        return like.with_tensors(tensors)


def _with_copies(rows: Tensor, copies: RowCopies | None) -> Tensor:
    return rows if copies is None else rows.index_select(0, copies.owners)


def _processors(device: str) -> int:
    return torch.cuda.get_device_properties(device).multi_processor_count if device == "cuda" else 1
