"""The kernels of ALS and of Gibbs sampling without a GPU: Triton's interpreter runs them on the CPU. Run by `test_cuda`, as
`interpreted_walk` is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from triton.runtime import interpreter

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.product_kernel import pair_products
from solver.gpu.triton_ridge import TritonRidge, square_of
from solver.methods.ridge_regression import PlainRidge


@pytest.fixture(autouse=True)
def loops_count(monkeypatch):
    """numpy 2.4 makes no number of an array that holds one, which the interpreter asks it to at the ends of a loop."""
    patch = interpreter._patch_lang_tensor

    def patch_and_count(tensor, scope):
        patch(tensor, scope)
        scope.set_attr(tensor, "__index__", lambda self: self.handle.data.item())
    monkeypatch.setattr(interpreter, "_patch_lang_tensor", patch_and_count)


@pytest.mark.parametrize("d", [16, 17, 20, 33])
@pytest.mark.parametrize("sides", [1, 2])
def test_every_row_is_solved_as_plain_torch_solves_it(d, sides):
    counts, m = np.array([0, 3, 90, 1, 40, 0, 200, 64]), 50
    generator = torch.Generator().manual_seed(d)

    def normal(*size):
        return torch.randn(*size, generator=generator)

    starts, n = np.concatenate([[0], np.cumsum(counts)]), int(counts.sum())
    others = torch.randint(m, (n,), generator=generator, dtype=torch.int32)
    ratings = ByRow(starts, others, normal(n))
    given = normal(m, d), normal(sides, n), normal(len(counts), sides, d), torch.rand(len(counts), generator=generator) + 0.5
    expected = PlainRidge(ratings).solve(*(tensor.double() for tensor in given))
    for stretch, together in ((4096, 100), (32, 4)):    # whole rows at once; rows in pieces, few of them at once
        found = TritonRidge(ratings, stretch=stretch, together=together).solve(*given)
        torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-4)


def test_a_bias_beside_a_power_of_two_is_a_border():
    assert [square_of(d) for d in (16, 17, 18, 51, 64, 65, 66, 129)] == [
        (16, 0), (16, 1), (32, 0), (64, 0), (64, 0), (64, 1), (128, 0), (128, 1)]


@pytest.mark.parametrize("width", [1, 5, 32, 65])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_of_pairs_are_those_of_gathered_rows(width, dtype):
    generator = torch.Generator().manual_seed(width)
    user, item = (torch.randn(n, width, generator=generator, dtype=dtype) for n in (9, 4))
    users, items = (torch.randint(len(rows), (150,), generator=generator, dtype=torch.int32) for rows in (user, item))
    expected = (user[users] * item[items]).sum(1)
    torch.testing.assert_close(pair_products(user, item, users, items), expected, rtol=1e-5 if dtype == torch.float32 else 1e-12,
                               atol=1e-6 if dtype == torch.float32 else 1e-12)
    assert len(pair_products(user, item, users[:0], items[:0])) == 0
