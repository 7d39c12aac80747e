"""What samples say together, against dense numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from solver import Factors
from solver.model import posterior
from solver.model.posterior import mean_prediction, point_factors, standard_deviation


def some(n: int = 12, m: int = 9, k: int = 3, *, samples: int = 5, biases: bool = True, noise: float = 1.0,
         seed: int = 0, dtype=torch.float64) -> list[Factors]:
    """Samples around one set of factors."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, dtype=dtype)

    user, item = normal(n, k), normal(m, k)
    return [Factors(user + noise * normal(n, k), item + noise * normal(m, k), normal(n) if biases else None,
                    normal(m) if biases else None, 3.5 if biases else 0.0) for _ in range(samples)]


def tables(samples: list[Factors]) -> np.ndarray:
    return np.stack([sample.raw_table().double().numpy() for sample in samples])


@pytest.mark.parametrize("biases", [True, False])
def test_mean_and_standard_deviation_are_those_over_the_samples(biases):
    samples = some(biases=biases)
    users, items = torch.tensor([0, 3, 11, 3]), torch.tensor([8, 0, 4, 0])
    every = tables(samples)[:, users, items]
    np.testing.assert_allclose(mean_prediction(samples, users, items), every.mean(0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(standard_deviation(samples, users, items), every.std(0, ddof=1), rtol=0, atol=1e-12)


def test_one_sample_is_its_own_mean():
    (sample,) = some(samples=1)
    users, items = torch.tensor([0, 1]), torch.tensor([2, 3])
    np.testing.assert_allclose(mean_prediction([sample], users, items), sample.raw(users, items))
    found = point_factors([sample])
    np.testing.assert_allclose(found.raw_table(), sample.raw_table(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", ["dense", "iterated"])
@pytest.mark.parametrize("biases", [True, False])
def test_point_factors_are_the_truncated_svd_of_the_mean_table(way, biases, monkeypatch):
    monkeypatch.setattr(posterior, "DENSE", 10**9 if way == "dense" else 0)
    monkeypatch.setattr(posterior, "ENOUGH", 1e-15)
    samples = some(30, 40, 3, biases=biases, noise=0.3)
    mean = np.mean([(s.user @ s.item.T).numpy() for s in samples], 0)
    left, values, right = np.linalg.svd(mean)
    best = left[:, :3] * values[:3] @ right[:3]
    found = point_factors(samples)
    np.testing.assert_allclose(found.user @ found.item.T, best, rtol=0, atol=1e-9 if way == "dense" else 1e-6)
    assert found.offset == samples[0].offset
    if biases:
        np.testing.assert_allclose(found.user_bias, np.mean([s.user_bias.numpy() for s in samples], 0))
        np.testing.assert_allclose(found.item_bias, np.mean([s.item_bias.numpy() for s in samples], 0))


def test_iterated_loses_no_more_than_the_best_where_singular_values_lie_close(monkeypatch):
    """Pure noise: which of many like directions are kept is chance, how much is lost is not."""
    monkeypatch.setattr(posterior, "DENSE", 0)
    samples = some(300, 200, 4, samples=8, noise=3.0, dtype=torch.float32)
    mean = np.mean([(s.user @ s.item.T).double().numpy() for s in samples], 0)
    lost = (np.linalg.svd(mean, compute_uv=False)[4:] ** 2).sum()
    found = point_factors(samples)
    assert ((mean - (found.user @ found.item.T).double().numpy()) ** 2).sum() <= 1.001 * lost


@pytest.mark.parametrize("dense", [0, 10**9])
@pytest.mark.parametrize("side", ["user", "item"])
def test_samples_may_share_a_side(side, dense, monkeypatch):
    monkeypatch.setattr(posterior, "DENSE", dense)
    apart = some(20, 25, 2)
    shared = [replace(sample, **{side: getattr(apart[j // 2 * 2], side)}) for j, sample in enumerate(apart)]
    copies = [sample.map(torch.clone) for sample in shared]
    for name, tensor in point_factors(shared).tensors().items():
        torch.testing.assert_close(tensor, point_factors(copies).tensors()[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("dense", [0, 10**9])
def test_more_factors_than_users_leave_the_rest_0(dense, monkeypatch):
    monkeypatch.setattr(posterior, "DENSE", dense)
    samples = some(2, 7, 5)
    found = point_factors(samples)
    assert found.user.shape == (2, 5) and found.item.shape == (7, 5)
    mean = np.mean([(s.user @ s.item.T).numpy() for s in samples], 0)  # its rank is 2: nothing is lost
    np.testing.assert_allclose(found.user @ found.item.T, mean, rtol=0, atol=1e-12)


def test_both_sides_take_the_root_of_the_singular_values_and_the_type_of_the_samples():
    found = point_factors(some(dtype=torch.float32))
    assert found.user.dtype == torch.float32
    np.testing.assert_allclose(found.user.norm(dim=0), found.item.norm(dim=0), rtol=1e-5)
