"""SGD on a store: users stay with their process, blocks of items go round.

In step s of a pass, the block (u, u + s) is learnt for every block u of users. No two of these blocks share a row, so threads and
processes learn them at once (Gemulla et al. 2011, "Large-scale matrix factorization with distributed stochastic gradient
descent"). A process has a run of user blocks; before step s + 1 it gives the item block that it no longer needs to the
process before it, and takes one from the process after it. After a pass every item block is where it began, and each
process has sent all of them once. What is learnt from a block depends neither on the process that learns it nor on the moment within
a step: the result is the same to the last bit for any number of processes and threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from solver.core.schedules import SCHEDULES
from solver.core.settings import Settings
from solver.core.units import settings_in_units, times
from solver.fused.sgd import row_decay
from solver.kernels import best_kernels
from solver.kernels.parts.packed import LANES, Packed, aligned, pack_factors
from solver.kernels.parts.target import Target
from solver.kernels.parts.workers import Workers
from solver.model.factors import Factors
from solver.model.net import additive
from solver.store.rating_store import RatingStore, StoredBlock
from solver.store.read_ahead import Part, blocks_ahead, held_out_part, learnt_part, ratings_in_part

from .group import ProcessGroup
from .start_rows import one_side, start_factors, start_offset
from .store_task import StoreTask, own_blocks


class RingSGD:
    """One table of packed rows: the factors of this process's user blocks, and of the item blocks that it has at the moment. Ratings
    are in units of their spread."""

    def __init__(self, store: RatingStore, task: StoreTask, group: ProcessGroup):
        self.store, self.task, self.group = store, task, group
        self.unit, self.own = store.spread, own_blocks(store.blocks, group)
        self.settings = settings_in_units(task.settings, self.unit)
        self.mean = store.mean / self.unit
        kernels, self.target = best_kernels(), Target.of(self.settings)
        none = start_factors(self.settings, self.mean, "users", 0, 0, dtype=torch.float32)
        self.width = pack_factors(none).width
        self.lr = self.settings.constants["lr"]
        starts = store.layout.user_starts
        self.first, self.n_users = int(starts[self.own.start]), int(starts[self.own.stop] - starts[self.own.start])
        self.slot_rows = int(np.diff(store.layout.item_starts).max())
        held = range(store.blocks) if group.size == 1 else self.own
        self.slots = {block: slot for slot, block in enumerate(held)}
        self.table = aligned((self.n_users + len(self.slots) * self.slot_rows, self.width), np.float32)
        self.fixed = Packed(self.table, self.width, self.n_users, none).fixed
        self.decay = np.zeros(len(self.table), np.float32)
        self.decay[:self.n_users] = self._decay(store.user_counts[self.first:self.first + self.n_users])
        for block in self.slots:
            self._note_decay(block)
        self.workers = Workers(min(task.threads, len(self.own)))
        chunks = self.width // LANES
        self.learn, self.judge = kernels.sgd_kernel(chunks, self.target.link, 0), kernels.predict_kernel(chunks, self.target.link)
        self.constants = [np.float32(x) for x in (none.offset, self.target.low, self.target.span)]
        self.clip = [np.float32(x / self.unit) for x in task.clip]

    def begin(self) -> None:
        """Draw the start values."""
        for side, block in self.blocks_held():
            self.put_rows(side, block, self._packed_start(side, block))

    def run_pass(self, number: int) -> tuple[float, float | None]:
        """One pass; (RMSE over it, RMSE of the ratings held out after it or None)."""
        blocks, epochs = self.store.blocks, self.task.epochs
        table, fixed, decay = self.table, self.fixed, self.decay

        def learn(block: StoredBlock, step: int, sums: np.ndarray) -> None:
            rate = np.float32(self.lr * SCHEDULES[self.settings.schedule]((number - 1 + step / blocks) / epochs)[0])
            self.learn(*block, np.array([0, len(block[0])]), 0, 1, table, decay, fixed, rate, *self.constants, sums)

        def judge(block: StoredBlock, step: int, sums: np.ndarray) -> None:
            self.judge(*block, np.array([0, len(block[0])]), 0, 1, table, *self.constants, *self.clip, sums[0, 1:])

        share = self.task.holdout
        rmse = self._walk(learnt_part(share), learn)
        return rmse, self._walk(held_out_part(share), judge) if share else None

    def _walk(self, part: Part, work: Callable[[StoredBlock, int, np.ndarray], None]) -> float:
        """Call `work` for all blocks, step by step, while item blocks go round. Gives the RMSE from the sums that `work` writes."""
        store, blocks = self.store, self.store.blocks
        sums = np.zeros((blocks, blocks, 2))
        cuts = [len(self.own) * n // self.workers.n for n in range(self.workers.n + 1)]
        shares = [self.own[first:after] for first, after in zip(cuts[:-1], cuts[1:])]
        streams = [blocks_ahead(store, [(u, (u + step) % blocks) for step in range(blocks) for u in share], part) for share in shares]
        for step in range(blocks):
            def walk(first: int, after: int, step: int = step) -> None:
                for number in range(first, after):
                    for u in shares[number]:
                        work(self._in_table(next(streams[number]), u, (u + step) % blocks), step, sums[u, step:step + 1])
            self.workers.share(len(shares), walk)
            self._pass_on(step)
        for stream in streams:
            next(stream, None)      # ends its reader
        self.group.add_up(sums)
        n = ratings_in_part(store, part)
        return self.unit * math.sqrt(sums.reshape(-1, 2).sum(0)[1] / n) if n else math.nan

    def _in_table(self, block: StoredBlock, user_block: int, item_block: int) -> StoredBlock:
        users, items, values = block
        users = users + np.int32(self.store.layout.user_starts[user_block] - self.first)
        items = items + np.int32(self.n_users + self.slots[item_block] * self.slot_rows)
        return users, items, values / np.float32(self.unit)

    def _pass_on(self, step: int) -> None:
        if self.group.size == 1:
            return
        blocks = self.store.blocks
        gone, new = (self.own.start + step) % blocks, (self.own.stop + step) % blocks
        received = np.empty((self._n_rows("items", new), self.width), np.float32)
        self.group.pass_on(self._rows("items", gone), received)
        self.slots[new] = self.slots.pop(gone)
        self.put_rows("items", new, received)
        self._note_decay(new)

    def blocks_written(self) -> list[tuple[str, int]]:
        """(side, block) of all rows that this process writes after a pass."""
        return [(side, block) for side in ("users", "items") for block in self.own]

    def blocks_held(self) -> list[tuple[str, int]]:
        """(side, block) of all rows that this process has before a pass: those that it writes after it."""
        return self.blocks_written()

    def put_rows(self, side: str, block: int, rows: np.ndarray) -> None:
        """Put the packed rows of a block into the table."""
        self._rows(side, block)[:] = rows

    def rows_of_block(self, side: str, block: int) -> np.ndarray:
        """The packed rows of a block, as they are written after a pass."""
        return self._rows(side, block)

    def kept(self, number: int) -> list[tuple[str, int, np.ndarray]]:
        """No rows: SGD needs those of the last pass alone."""
        return []

    def passes_kept(self, number: int) -> list[int]:
        """No passes: nothing is kept of earlier ones."""
        return []

    def _rows(self, side: str, block: int) -> np.ndarray:
        n = self._n_rows(side, block)
        begin = (self.n_users + self.slots[block] * self.slot_rows if side == "items"
                 else int(self.store.layout.user_starts[block]) - self.first)
        return self.table[begin:begin + n]

    def _n_rows(self, side: str, block: int) -> int:
        return self.store.n_rows(side, block)

    def _packed_start(self, side: str, block: int) -> np.ndarray:
        return pack_factors(start_factors(self.settings, self.mean, side, block, self._n_rows(side, block), dtype=torch.float32)).table

    def _note_decay(self, block: int) -> None:
        starts = self.store.layout.item_starts
        begin = self.n_users + self.slots[block] * self.slot_rows
        own = self._decay(self.store.item_counts[starts[block]:starts[block + 1]])
        self.decay[begin:begin + len(own)] = own

    def _decay(self, counts: np.ndarray) -> np.ndarray:
        return row_decay(self.settings, np.asarray(counts) * (1 - self.task.holdout)).astype(np.float32)


def table_unpacked(rows: np.ndarray, side: str, store: RatingStore, settings: Settings) -> Factors:
    """The factors of a block's packed rows, in the ratings' own units; the other side has no rows."""
    inside, unit = settings_in_units(settings, store.spread), store.spread
    like = start_factors(inside, store.mean / unit, side, 0, len(rows), dtype=torch.float32)
    found = Packed(rows, rows.shape[1], len(rows) if side == "users" else 0, like).factors()
    bias = found.user_bias if side == "users" else found.item_bias
    factors = one_side(side, found.user if side == "users" else found.item, start_offset(inside, store.mean / unit),
                       biases=bias is not None, bias=bias)
    return additive(times(factors, unit, settings.bounds is not None))
