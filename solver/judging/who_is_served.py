"""Whom recommendations serve: who rates, which items are shown to how many, and what other orders of them would change.

Numbers in, numbers out. A fifth of users or items is a fifth of those with ratings, from those with fewest, 0, to those with
most, 4.
"""

from __future__ import annotations

import numpy as np

FIFTHS = 5
CALIBRATION = 0.5     # weight of the mixture of genres beside that of the predictions
CANDIDATES = 10      # times as many items as are recommended take part where lists are calibrated
SMOOTHED = 0.01      # of what a user is used to, mixed into a list's shares, so that no logarithm is of 0 (Steck 2018)


def fifth_of_each(counts: np.ndarray) -> np.ndarray:
    """(n,) the fifth of each member by its number of ratings; −1 of those without any. Of equals, the first comes first."""
    fifths = np.full(len(counts), -1)
    there = np.flatnonzero(counts > 0)
    order = there[np.argsort(counts[there], kind="stable")]
    fifths[order] = np.arange(len(order)) * FIFTHS // max(len(order), 1)
    return fifths


def share_of_most_active(counts: np.ndarray, share: float = 0.1) -> float:
    """The share of all ratings that this share of the members with ratings, those with most, have given or got."""
    there = np.sort(counts[counts > 0])[::-1]
    return float(there[:max(1, round(share * len(there)))].sum() / there.sum())


def rmse_by_fifth(errors: np.ndarray, fifths: np.ndarray) -> list[float | None]:
    """RMSE of the errors (n,) of each fifth; None where it has none."""
    return [float(np.sqrt(np.mean(errors[fifths == fifth] ** 2))) if (fifths == fifth).any() else None for fifth in range(FIFTHS)]


def exposure(recommended: np.ndarray, item_fifths: np.ndarray) -> list[float]:
    """The share of all recommendations, positions (m,) of items, that goes to each fifth of the items by popularity."""
    shown = item_fifths[recommended]
    return [float((shown == fifth).mean()) for fifth in range(FIFTHS)]


def popularity_lift(recommended: np.ndarray, usual: np.ndarray, counts: np.ndarray) -> float:
    """How much more popular the recommended items (m,) are than what these users rate: the mean over users of the
    ratings of the items recommended, over that of what each `usual` (n_users,) rates, less 1 (Abdollahpouri et al. 2019)."""
    return float(counts[recommended].mean() / usual.mean() - 1)


def mean_popularity(user_index: np.ndarray, item_index: np.ndarray, counts: np.ndarray, n_users: int) -> np.ndarray:
    """(n_users,) the mean number of ratings of the items that each user has rated; 0 of who has rated none."""
    sums = np.bincount(user_index, counts[item_index], minlength=n_users)
    return sums / np.maximum(np.bincount(user_index, minlength=n_users), 1)


def shown_of(chosen: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(m,) positions of the items chosen (n_users, n) for all users, without those that score −∞: nothing else was left."""
    return chosen[np.isfinite(np.take_along_axis(scores, chosen, 1))]


def best(scores: np.ndarray, n: int) -> np.ndarray:
    """(n_users, n) positions of the largest scores of each row, best first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :n]


def discounted(scores: np.ndarray, counts: np.ndarray, strength: float) -> np.ndarray:
    """Scores (n_users, n_items) less `strength` for each tenfold of an item's ratings."""
    return scores - strength * np.log10(1.0 + counts)


def calibrated(scores: np.ndarray, columns: np.ndarray, shares: np.ndarray, n: int, weight: float) -> np.ndarray:
    """(n_users, n) items whose columns, genres say, are as mixed as the user is used to (Steck 2018, "Calibrated recommendations").

    Items are added one by one: each is that with the largest (1 − weight) · Σ scores − weight · KL(p, q) of the list so far. `columns`
    (n_items, g) are each item's shares of the columns, `shares` p (n_users, g) those of what each user has rated.
    """
    n_users, at_once = len(scores), min(scores.shape[1], CANDIDATES * n)
    among = best(scores, at_once)                                                     # (n_users, m)
    rows = np.arange(n_users)
    worth, mixed = np.take_along_axis(scores, among, 1), columns[among]               # (n_users, m), (n_users, m, g)
    sums, chosen = np.zeros((n_users, columns.shape[1])), np.empty((n_users, n), np.intp)
    for place in range(n):
        q = (sums[:, None] + mixed) / (place + 1)
        q = (1 - SMOOTHED) * q + SMOOTHED * shares[:, None]
        ratio = np.divide(shares[:, None], q, out=np.ones_like(q), where=(q > 0) & (shares[:, None] > 0))
        gain = (1 - weight) * worth - weight * (shares[:, None] * np.log(ratio)).sum(2)
        pick = np.where(np.isneginf(gain.max(1)), at_once - 1, gain.argmax(1))     # where none is left: one that scores −∞
        chosen[:, place] = among[rows, pick]
        sums += mixed[rows, pick]
        worth[rows, pick] = -np.inf
    return chosen


def share_found(recommended: np.ndarray, liked: np.ndarray) -> float:
    """The share of the items that users like, (n_users, n_items) bool, that is among those recommended to them."""
    return float(np.take_along_axis(liked, recommended, 1).sum() / max(liked.sum(), 1))
