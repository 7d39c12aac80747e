"""What the tests of the fused ways of fitting share."""

from __future__ import annotations

import pytest
import torch

from solver.core.steps import FitTask
from solver.fitting.random_start import random_factors
from solver.fused.lazy_adamw import LazyAdamW
from solver.fused.sgd import FusedSGD

each_model = pytest.mark.parametrize("model", ["dot", "dot+bias", "bounded"])
each_way = pytest.mark.parametrize("way", [FusedSGD, LazyAdamW])


def options(way, **more) -> dict:
    own = {"optimizer": "sgd", "batch_size": 1, "lr": 0.02, "weight_decay": 0.05} if way is FusedSGD else \
        {"optimizer": "adamw", "batch_size": 7, "lr": 0.01, "weight_decay": 0.1, "schedule": "one-cycle"}
    return own | {"epochs": 3} | more


def problem(ratings, chosen, **more) -> FitTask:
    start = random_factors(ratings, model=chosen.model, n_factors=chosen.n_factors, seed=chosen.seed,
                           low=chosen.low, high=chosen.high)
    return FitTask(ratings=ratings, start=start, settings=chosen, **more)


def gone_through(steps, epochs: int = 3):
    return [steps.step(last=False) for _ in range(epochs)]


def assert_same_factors(one, two, **tolerance):
    for name, tensor in one.tensors().items():
        torch.testing.assert_close(tensor, two.tensors()[name], **({"rtol": 0, "atol": 1e-10} | tolerance))
