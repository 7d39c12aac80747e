"""A ridge regression for every row: plain torch and compiled against the normal equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.row_groups import groups
from solver.kernels.parts.ridge_parts import BLOCK
from solver.kernels.ridge_kernel import CompiledRidge
from solver.methods.ridge_regression import PlainRidge

COUNTS = (3, 0, 1, 1, 2, 5, 15, 16, 17, 31, 32, 40, 0, 3 * BLOCK + 7, 12, BLOCK, 9)


def problem(d: int, sides: int, *, counts=COUNTS, dtype=torch.float64, seed: int = 0):
    """(ratings, the arguments of `solve`) of rows with so many ratings each."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, dtype=dtype)

    starts, n, others = np.concatenate([[0], np.cumsum(counts)]), sum(counts), 50
    which = torch.randint(others, (n,), generator=generator, dtype=torch.int32)
    return (ByRow(starts, which, normal(n)),
            (normal(others, d), normal(sides, n), normal(len(counts), sides, d), normal(len(counts)) ** 2 + 0.1))


def by_normal_equations(ratings: ByRow, features, targets, centres, ridge) -> np.ndarray:
    features, targets, ridge = features.numpy(), targets.numpy(), ridge.numpy()
    solved = centres.numpy().copy()
    for row, (begin, end) in enumerate(zip(ratings.starts, ratings.starts[1:])):
        phi = features[ratings.others.numpy()[begin:end]]
        system = phi.T @ phi + ridge[row] * np.eye(features.shape[1])
        for side in range(len(targets)):
            right = phi.T @ targets[side, begin:end] + ridge[row] * solved[row, side]
            solved[row, side] = np.linalg.solve(system, right)
    return solved


@pytest.mark.parametrize("d", [1, 3, 16, 17, 40])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("way", [PlainRidge, lambda ratings: CompiledRidge(ratings, 1)], ids=["plain", "compiled"])
def test_every_row_solves_its_normal_equations(d, sides, way):
    ratings, arguments = problem(d, sides)
    found = way(ratings).solve(*arguments)
    assert found.shape == (len(COUNTS), sides, d)
    np.testing.assert_allclose(found.numpy(), by_normal_equations(ratings, *arguments), rtol=0, atol=1e-10)


def test_compiled_and_plain_agree_in_float32_too():
    ratings, arguments = problem(17, 2, dtype=torch.float32)
    plain, compiled = (way.solve(*arguments) for way in (PlainRidge(ratings), CompiledRidge(ratings, 1)))
    assert compiled.dtype == torch.float32
    torch.testing.assert_close(compiled, plain, rtol=0, atol=2e-4)


def test_a_row_without_ratings_stays_where_its_centre_is():
    ratings, arguments = problem(5, 2)
    for found in (PlainRidge(ratings).solve(*arguments), CompiledRidge(ratings, 1).solve(*arguments)):
        assert torch.equal(found[1], arguments[2][1]) and torch.equal(found[12], arguments[2][12])


def test_any_number_of_threads_gives_the_same_bits():
    counts = np.random.default_rng(0).geometric(0.05, 300)
    ratings, arguments = problem(20, 2, counts=tuple(counts), dtype=torch.float32)
    one, two, five = (CompiledRidge(ratings, threads).solve(*arguments) for threads in (1, 2, 5))
    assert torch.equal(one, two) and torch.equal(one, five)


def test_what_is_given_is_not_changed():
    ratings, arguments = problem(6, 1)
    before = [tensor.clone() for tensor in arguments]
    for way in (PlainRidge(ratings), CompiledRidge(ratings, 2)):
        way.solve(*arguments)
        assert all(torch.equal(a, b) for a, b in zip(arguments, before))


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 500))
def test_groups_hold_every_rating_once_and_little_else(counts, most):
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(int)
    seen, rows_seen = [], []
    for rows, places in groups(starts, most=most):
        assert len(rows) == 1 or places.size <= most
        for row, taken in zip(rows, places):
            inside = taken[taken < starts[-1]]
            assert list(inside) == list(range(starts[row], starts[row + 1]))
            assert len(taken) <= max(8, 1.25 * len(inside))
            seen.extend(inside)
        rows_seen.extend(rows)
    assert sorted(seen) == list(range(starts[-1]))
    assert sorted(rows_seen) == [row for row, count in enumerate(counts) if count]
