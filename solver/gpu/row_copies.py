"""Copies of the busiest rows, so that no row's ratings have to be walked all in turn.

A row with more ratings than `most` stands in the table several times. Its ratings are dealt among the copies, which blocks
walk at once as rows of their own; MEETINGS times an epoch all copies become their mean. A copy sees thousands of ratings
in an epoch, after which it is where the row would be, but for the noise of the last few; the mean has less of that.
(Zinkevich, Weimer, Li & Smola 2010, "Parallelized stochastic gradient descent", for these rows alone.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solver.core.pairs.sorting import stable_order, starts

MEETINGS = 8


@dataclass(frozen=True, eq=False)
class RowCopies:
    """The rows of one side and, behind them, the copies: row r of these is that of `owners` (n_rows + n_copies,) int64.

    `members` (n_busy, most copies) are the places of a busy row and its copies, filled up with the row itself; `there` says
    which of them count, and `each` (n_busy, 1) how many that are.
    """

    owners: Tensor
    members: Tensor
    there: Tensor
    each: Tensor

    def meet(self, table: Tensor) -> None:
        """Every busy row of `table` (n_rows + n_copies, width) and its copies become their mean. Waits for nothing."""
        mean = (table[self.members] * self.there[:, :, None]).sum(1) / self.each
        for copy in range(self.members.shape[1]):   # places filled up are the row itself, and get the same
            table.index_copy_(0, self.members[:, copy], mean)


def dealt_among_copies(rows: Tensor, n_rows: int, *, most: int) -> tuple[Tensor, RowCopies | None]:
    """(the ratings' rows (n_ratings,), of which none has more than `most` ratings; the copies, None where none are needed)."""
    counts = torch.bincount(rows, minlength=n_rows)
    each = (counts + most - 1) // most
    busy = torch.nonzero(each > 1)[:, 0]
    if not len(busy):
        return rows, None
    further = torch.cumsum(each[busy] - 1, 0)
    first = n_rows + further - (each[busy] - 1)     # where the copies of each busy row begin
    of_row = torch.full((n_rows,), -1, dtype=torch.int64, device=rows.device)
    of_row[busy] = torch.arange(len(busy), device=rows.device)
    places = torch.nonzero(of_row[rows] >= 0)[:, 0]
    places = places[stable_order(of_row[rows[places]], len(busy))]
    number = of_row[rows[places]]
    copy = (torch.arange(len(places), device=rows.device) - starts(number, len(busy))[number]) % each[busy][number]
    dealt = rows.clone()
    dealt[places] = torch.where(copy == 0, busy[number], first[number] + copy - 1).to(rows.dtype)
    copies = torch.arange(1, int(each.max()), device=rows.device)
    there = copies < each[busy][:, None]
    members = torch.where(there, first[:, None] + copies - 1, busy[:, None])
    owners = torch.cat([torch.arange(n_rows, device=rows.device), torch.repeat_interleave(busy, each[busy] - 1)])
    return dealt, RowCopies(owners, torch.cat([busy[:, None], members], 1),
                            torch.cat([torch.ones_like(there[:, :1]), there], 1), each[busy][:, None].float())
