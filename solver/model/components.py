"""Principal components of rows of factors, on which the map of items is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDING = 1e-12    # a component with a smaller share of the variance is rounding, and taken as none
TIE = 1e-9          # loadings whose squares differ by a smaller share are equally large


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """`loadings` (k, n), a unit vector a column; `shares` (n,) of the variance, largest first; and the
    `scores` (m, n) of the rows on them, measured from the `mean` (k,)."""

    mean: np.ndarray
    loadings: np.ndarray
    shares: np.ndarray
    scores: np.ndarray


def principal_components(rows: np.ndarray, n: int = 2, *, among: np.ndarray | None = None) -> PrincipalComponents:
    """The first `n` principal components of rows (m, k) (Hotelling 1933): eigenvectors of their covariance.

    `among` (m,) bool says which rows they are made from; all are placed on them. The first of the
    largest loadings of a component is positive. Where there are fewer directions than `n`, the
    others have loadings and scores of 0. Of two components with nearly equal shares any mixture
    is as good: they are then not to be relied on one by one.
    """
    rows = np.asarray(rows, np.float64)
    chosen = rows if among is None else rows[among]
    mean = chosen.mean(0)
    covariance = (chosen - mean).T @ (chosen - mean) / len(chosen)
    variances, vectors = np.linalg.eigh(covariance)   # ascending
    total, k = np.trace(covariance), rows.shape[1]
    loadings, shares = np.zeros((k, n)), np.zeros(n)
    for place in range(min(n, k)):
        variance, vector = variances[-1 - place], vectors[:, -1 - place]
        if variance <= ROUNDING * total:
            break
        squares = vector ** 2
        first = np.argmax(squares >= squares.max() * (1 - TIE))
        loadings[:, place], shares[place] = vector * np.sign(vector[first]), variance / total
    return PrincipalComponents(mean, loadings, shares, (rows - mean) @ loadings)
