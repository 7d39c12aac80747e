"""Principal components: scikit-learn's, with a sign and an answer where there is no direction."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from solver import principal_components


@pytest.mark.parametrize("m, k", [(30, 5), (4, 8), (200, 50)])
def test_they_are_those_of_scikit_learn_but_for_the_sign(m, k):
    rows = np.random.default_rng(0).standard_normal((m, k)) * np.linspace(1, 3, k)
    found, theirs = principal_components(rows, 3), PCA(3).fit(rows)
    np.testing.assert_allclose(np.abs(found.loadings.T), np.abs(theirs.components_), atol=1e-9)
    np.testing.assert_allclose(found.shares, theirs.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.scores), np.abs(theirs.transform(rows)), atol=1e-9)
    assert (found.loadings[np.abs(found.loadings).argmax(0), np.arange(3)] > 0).all()


def test_rows_that_are_left_out_are_placed_all_the_same():
    rows = np.random.default_rng(1).standard_normal((10, 3))
    among = np.arange(10) < 7
    found, alone = principal_components(rows, among=among), principal_components(rows[:7])
    np.testing.assert_allclose(found.scores[:7], alone.scores)
    np.testing.assert_allclose(found.scores[7:], (rows[7:] - rows[:7].mean(0)) @ alone.loadings)


@pytest.mark.parametrize("rows, directions", [(np.ones((4, 3)), 0), (np.arange(8.0)[:, None], 1), ([[1, 2], [3, 4]], 1)])
def test_where_there_are_fewer_directions_the_others_are_0(rows, directions):
    found = principal_components(rows)
    assert (found.shares > 0).sum() == directions and found.shares.sum() == pytest.approx(min(directions, 1))
    assert not found.loadings[:, directions:].any() and not found.scores[:, directions:].any()
