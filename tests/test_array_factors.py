"""Factors that are arrays say the same as those that are tensors."""

import numpy as np
import pytest

from solver import Ratings, random_factors, rmse
from solver.model.array_factors import as_arrays, as_tensors, rmse_of_arrays


@pytest.mark.parametrize("model, bounds", [("dot", None), ("dot+bias", None), ("bounded", (0.5, 5.5))])
@pytest.mark.parametrize("size", [1.0, 1e4])     # inside σ, also where it has no slope left
def test_the_rmse_of_arrays_is_that_of_tensors(model, bounds, size):
    drawn = np.random.default_rng(3)
    ratings = Ratings.from_crosstab(np.where(drawn.random((9, 7)) < 0.6, drawn.uniform(1, 5, (9, 7)), np.nan), range(9), range(7))
    low, high = bounds or (None, None)
    factors = random_factors(ratings, model=model, n_factors=3, seed=1, low=low, high=high).map(lambda part: part.double() * size)
    arrays = as_arrays(factors)
    assert all(isinstance(part, np.ndarray) for part in arrays.tensors().values())
    with np.errstate(all="raise", under="ignore"):
        found = rmse_of_arrays(arrays, ratings, bounds=bounds)
    assert found == pytest.approx(rmse(factors, ratings, bounds=bounds), abs=1e-12, rel=1e-12)
    assert rmse(as_tensors(arrays), ratings, bounds=bounds) == rmse(factors, ratings, bounds=bounds)
