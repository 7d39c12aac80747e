"""The GPU's kernel without a GPU: Triton's interpreter runs it on the CPU.

Run by `test_cuda` in a process of its own, since triton looks for TRITON_INTERPRET once, when it is imported.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import planted, settings

from solver.core.steps import FitTask
from solver.fitting.start_values import start_values
from solver.gpu.stratified_sgd import StratifiedSGD
from solver.kernels import reference
from solver.kernels.parts.packed import LANES, pack_factors
from solver.kernels.parts.target import Link, Target


def problem(model="bounded", *, factors=5, **options) -> FitTask:
    ratings = planted(9, 7, noise=0.3)
    chosen = settings(model, n_factors=factors, optimizer="sgd", batch_size=1, dtype="float32", lr=0.05, epochs=2,
                      weight_decay=0.1, schedule="one-cycle", **options)
    return FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen, holdout=ratings)


def walked_by_the_reference(steps: StratifiedSGD, table: np.ndarray):
    """What the blocks of the epoch just walked do to `table`: (table, sums of each block)."""
    users, items, values = (column.numpy() for column in steps.data)
    chunks, blocks, sums = steps.width // LANES, steps.blocks, np.zeros((steps.blocks ** 2, 2))
    walk = reference.sgd_kernel(chunks, steps.target.link)
    fixed = pack_factors(steps.problem.start).fixed
    for turn, stratum in enumerate(steps.sequence.tolist()):
        first, after = stratum * blocks, (stratum + 1) * blocks
        walk(users, items, values, steps.edges[first:after + 1].numpy(), 0, blocks, table, steps.decay.numpy(), fixed,
             steps.rates[turn].item(), steps.problem.start.offset, steps.target.low, steps.target.span,
             sums[first:after])
    return table, sums


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("model, factors, link", [
    ("dot", 5, Link.LINEAR), ("dot+bias", 14, Link.LINEAR), ("bounded", 40, Link.BOUNDED),
    ("dot+bias", 5, Link.LOGISTIC)])
def test_the_kernel_walks_as_the_reference_does(model, factors, link, blocks):
    steps = StratifiedSGD(problem(model, factors=factors), blocks=blocks)
    if link == Link.LOGISTIC:
        steps.target = Target(link)
        steps.data[2].sub_(1).div_(5).clamp_(0, 1)  # targets from 0 to 1
    start = steps.table.numpy().copy()
    seen = steps.step(last=False)
    table, sums = walked_by_the_reference(steps, start.copy())
    assert np.abs(table - start).max() > 0.01
    np.testing.assert_allclose(steps.table.numpy(), table, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(steps.sums.numpy(), sums, rtol=1e-4, atol=1e-5)
    assert seen.loss == pytest.approx(sums[:, 0].sum() / len(steps.problem.ratings), rel=1e-5)


def test_a_fit_learns_and_comes_out_the_same_every_time():
    one, two = (StratifiedSGD(problem(), blocks=3) for _ in range(2))
    for steps in (one, two):
        first, second = steps.step(last=False), steps.step(last=True)
        assert second.rmse < first.rmse and second.holdout_rmse < first.holdout_rmse
    assert torch.equal(one.table, two.table)
    start, found = one.problem.start, second.factors()
    assert [t.shape for t in found.tensors().values()] == [t.shape for t in start.tensors().values()]
    assert torch.equal(found.user, two.table[:9, :5]) and torch.equal(found.item_bias, two.table[9:, -1])
    assert (one.table[:9, -1] == 1).all() and (one.table[9:, -2] == 1).all()  # what biases are multiplied by


def test_the_busiest_rows_are_walked_as_several_and_meet():
    one, two = (StratifiedSGD(problem(), blocks=2, most=3) for _ in range(2))
    users, items, _ = one.data
    assert max(torch.bincount(rows).max() for rows in (users, items)) <= 3 and len(one.table) > 16
    for steps in (one, two):
        first, second = steps.step(last=False), steps.step(last=True)
        assert second.rmse < first.rmse and second.holdout_rmse < first.holdout_rmse
    assert torch.equal(one.table, two.table)
    for copies, rows in ((one.user_copies, one.table[:one.first_item]), (one.item_copies, one.table[one.first_item:])):
        torch.testing.assert_close(rows, rows[copies.owners], rtol=0, atol=0)
    ends = second.factors()
    assert ends.user.shape == (9, 5) and ends.item.shape == (7, 5)
    assert (one.table[:one.first_item, -1] == 1).all() and (one.table[one.first_item:, -2] == 1).all()
