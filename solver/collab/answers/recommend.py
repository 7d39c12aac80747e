"""What fitted factors are for: the best unseen items, neighbours, a newcomer, the parts of a prediction.

Numbers in, numbers out; labels are the business of `collab`, cells that of the sheet. All in float64.

A user is a row x = [p_u, b_u]. It sees an item as the row f = [q_i, 1] above a base o + b_i (o the
offset), so that r̂ = f·x + base, inside the sigmoid where the model is bounded. An item sees users in
the same way. Without biases there is no 1 and no b, and the base is o.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.errors import UserError
from solver.model.models import penalty_scales

if TYPE_CHECKING:  # worksheet functions come with arrays and need no torch
    from solver.model.factors import Factors
    from solver.model.models import Bounds

OTHER = {"user": "item", "item": "user"}  # the two sides, and which each of them sees

NEWCOMER_RIDGE = 5.0    # where newcomers' other ratings are predicted best; see `newcomer_ridge`
_MOST_STEPS = 1_000
_CONVERGED = 1e-12
AT_THE_MEAN = 1e-9      # of a row's length: nearer to the mean it is there but for rounding
_FLAT = 1e-12    # slope of a sigmoid at its end


# -- choosing ---------------------------------------------------------------------------------------

def top_n(predictions: np.ndarray, n: int, *, seen: Sequence[int] | np.ndarray = ()) -> np.ndarray:
    """Positions of the `n` largest predictions (n_items,) but those `seen`, best first.

    Of equals the first comes first; where fewer are left, as many as there are. NaN is never chosen.
    """
    scores = np.array(predictions, dtype=np.float64)  # a copy
    scores[np.asarray(seen, dtype=np.intp)] = np.nan
    return _largest(scores, n)


def similar(rows: np.ndarray, position: int, n: int, *, rated: np.ndarray | None = None, among: np.ndarray | None = None
            ) -> tuple[np.ndarray, np.ndarray]:
    """(positions, cosines) of the `n` rows of (m, k) that lie, seen from their mean, most nearly in the direction of
    the row at `position`.

    From 0 all rows lie in nearly one direction where factors carry what all have in common, and everybody is like
    everybody. `rated` (m,) bool says which rows the mean is taken of, `among` which may be chosen; None: all. The row
    itself is left out, and so are rows at the mean (`AT_THE_MEAN`), which lie in no direction and have no neighbours.
    """
    rows = np.asarray(rows)
    sizes = np.sqrt(np.einsum("mk,mk->m", rows, rows, dtype=np.float64))
    rows = rows - (rows if rated is None else rows[rated]).mean(0, dtype=np.float64)
    own = rows[position]
    lengths = np.sqrt(np.einsum("mk,mk->m", rows, rows))
    apart = lengths > AT_THE_MEAN * sizes
    allowed = apart if among is None else apart & among
    own_way = apart[position]
    allowed[position] = False
    cosines = np.full(len(rows), np.nan)
    if own_way:
        np.divide(np.einsum("mk,k->m", rows, own), lengths * lengths[position], out=cosines, where=allowed)
        np.clip(cosines, -1.0, 1.0, out=cosines)
    found = _largest(cosines, n)
    return found, cosines[found]


def _largest(scores: np.ndarray, n: int) -> np.ndarray:
    """Positions of the n largest scores, best first, of equals the first; NaN is none."""
    there = np.flatnonzero(~np.isnan(scores))
    n = min(n, len(there))
    if n == 0:
        return there[:0]
    values = scores[there]
    if n < len(values):  # sort only what can be among the n
        least = np.partition(values, len(values) - n)[len(values) - n]
        there, values = there[values >= least], values[values >= least]
    return there[np.argsort(-values, kind="stable")[:n]]


# -- rows, and what they see ------------------------------------------------------------------------

def members(factors: Factors, side: str) -> np.ndarray:
    """(n, d) the rows [p, b] of a side's members."""
    return _beside(_numpy(factors, side), _bias(factors, side))


def seen_by(factors: Factors, side: str) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) rows f = [q, 1] of all that the members of `side` see, and the (m,) bases under them."""
    rows, bias = _numpy(factors, OTHER[side]), _bias(factors, OTHER[side])
    base = np.full(len(rows), factors.offset) if bias is None else factors.offset + bias
    return _beside(rows, None if bias is None else np.ones(len(rows))), base


def predictions_for(x: np.ndarray, features: np.ndarray, base: np.ndarray, *, bounds: Bounds = None) -> np.ndarray:
    """(m,) r̂ = F x + base of one row x (d,), bent into the range where the model is bounded."""
    return _into_range(np.einsum("md,d->m", features, x) + base, bounds)  # row by row alike: ties stay ties


def _beside(rows: np.ndarray, column: np.ndarray | None) -> np.ndarray:
    return rows if column is None else np.concatenate([rows, column[:, None]], axis=1)


def _bias(factors: Factors, side: str) -> np.ndarray | None:
    return _numpy(factors, f"{side}_bias") if factors.model != "dot" else None


def _numpy(factors: Factors, part: str) -> np.ndarray:
    return factors.arrays()[part].astype(np.float64)


def _into_range(x: np.ndarray, bounds: Bounds) -> np.ndarray:
    if bounds is None:
        return x
    low, high = bounds
    return low + (high - low) * _sigmoid(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))  # = 1 / (1 + e^−x), and never overflows


# -- a newcomer -------------------------------------------------------------------------------------

def newcomer_ridge(n_factors: int, *, biases: bool, spread: float, bounds: Bounds = None) -> np.ndarray:
    """(d,) ridge of a newcomer for whom no weight decay is given.

    5·s for the factors and 5 for the bias, where s is the standard deviation of the ratings, so that
    whoever counts in stars or in percent gets the same newcomer: factors grow with √s and biases with
    s. Inside a sigmoid neither does, and all have 5·s². It does not grow with the newcomer's ratings:
    on films in half stars and on generated ratings, fitted by AdamW, L-BFGS, SGD and Gibbs with 5 to
    50 factors and with biases, given 1, 3, 10 and 30 ratings of hidden users, 5 came within 0.011 of
    the least RMSE on their others by any ridge tried (0.02 without biases). Every λ·n from 0.02·n to
    1·n lost 0.04 or more somewhere, and the covariance of the users' rows, a prior by Bayes, 0.023.
    """
    d = n_factors + biases
    if bounds is not None:
        return np.full(d, NEWCOMER_RIDGE * spread ** 2)
    ridge = np.full(d, NEWCOMER_RIDGE * spread)
    if biases:
        ridge[-1] = NEWCOMER_RIDGE
    return ridge


def decay_ridge(weight_decay: float, n_ratings: int, n_factors: int, *, biases: bool, spread: float,
                bounds: Bounds = None) -> np.ndarray:
    """(d,) ridge of a newcomer with so many ratings for the weight decay of a fit (`solver.core.objective`)."""
    of_factors, of_bias = penalty_scales(spread, bounds)
    return weight_decay * n_ratings * np.array([of_factors] * n_factors + [of_bias] * biases)


def fold_in(features: np.ndarray, base: np.ndarray, values: np.ndarray, *, typical: np.ndarray,
            ridge: float | np.ndarray, bounds: Bounds = None) -> np.ndarray:
    """The row x = [p, b] (d,) of a newcomer, from its n ratings `values`; all that was fitted stays.

    `features` (n, d) and `base` (n,) are what it rated, as `seen_by` gives them; `typical` x̄ (d,)
    is the mean row of those already there: without ratings the newcomer is that. Minimises

        Σ (r − r̂)² + Σ_j ridge_j · (x_j − x̄_j)²,    x = x̄ + (FᵀF + diag(ridge))⁻¹ Fᵀ (r − base − F x̄)

    where `ridge` is that of `newcomer_ridge`, or of `decay_ridge`, a weight decay λ for each rating (Koren, Bell &
    Volinsky 2009, eq. 5, for one row). Where ridge 0 leaves several solutions, it is the nearest to x̄. With `bounds`, where there
    is no formula, by descent from x̄ until no step of 1e-12 is left. Raises UserError where ridge 0
    leaves no finite solution.
    """
    typical, root = np.asarray(typical, np.float64), np.sqrt(np.broadcast_to(ridge, np.shape(typical)))
    features, values = np.asarray(features, np.float64).reshape(-1, len(typical)), np.asarray(values, np.float64)
    if bounds is None:
        return typical + _least_squares(features, values - base - features @ typical, root)
    return _bounded_fold_in(features, base, values, typical, root, bounds)


def _least_squares(features: np.ndarray, errors: np.ndarray, root: np.ndarray) -> np.ndarray:
    """The shortest y (d,) that minimises ‖errors − F y‖² + ‖root ∘ y‖²."""
    stacked = np.concatenate([features, np.diag(root)])
    if not np.isfinite(stacked).all():
        raise UserError("The model's factors or its weight decay are too large to be computed with. Fit it again.")
    return np.linalg.lstsq(stacked, np.concatenate([errors, np.zeros(len(root))]), rcond=None)[0]


def _bounded_fold_in(features, base, values, typical, root, bounds) -> np.ndarray:
    """By Newton steps, damped until they go down (Nocedal & Wright 2006, ch. 3): Gauss-Newton ones crawl
    where ratings at the end of the range leave large errors."""
    span = bounds[1] - bounds[0]

    def loss(x):
        return ((values - _into_range(features @ x + base, bounds)) ** 2).sum() + ((root * (x - typical)) ** 2).sum()

    x, now, damping = typical, loss(typical), 1e-3
    for _ in range(_MOST_STEPS):
        share = _sigmoid(features @ x + base)
        error, slope = values - bounds[0] - span * share, span * share * (1 - share)
        downhill = features.T @ (slope * error) - root ** 2 * (x - typical)        # half of −∂loss/∂x
        curvature = (features.T * (slope ** 2 - error * slope * (1 - 2 * share))) @ features + np.diag(root ** 2)
        widths, directions = np.linalg.eigh(curvature)
        widths = np.abs(widths)
        felt = widths > 1e-14 * widths.max(initial=0.0)                            # in others nothing changes
        step = directions[:, felt] @ (directions[:, felt].T @ downhill / (widths[felt] + damping))
        after = loss(x + step)
        if after <= now * (1 + 1e-14):  # what is lost in rounding is no step uphill
            x, now, damping = x + step, after, damping / 10
            if np.abs(step).max() <= _CONVERGED * max(1.0, np.abs(x).max()):
                if root.any() or (slope > _FLAT * span).all():
                    return x
                break  # not arrived, only so far out that the sigmoid is flat
        else:
            damping *= 10
    raise UserError("No finite factors fit these ratings, which reach the end of the model's range. "
                    "Give a weight_decay above 0, such as 0.05.")


# -- the parts of a prediction ----------------------------------------------------------------------

@dataclass(frozen=True)
class Explanation:
    """A prediction and what it is made of: offset + user_bias + item_bias + Σ factors = `raw`.

    `prediction` is `raw` after the model's sigmoid, where it has one, clipped to the range of the ratings. Parts that a
    model does not have are 0.
    """

    offset: float
    user_bias: float
    item_bias: float
    factors: tuple[float, ...]  # p_uf · q_if, one for every factor f
    prediction: float

    @property
    def raw(self) -> float:
        return self.offset + self.user_bias + self.item_bias + sum(self.factors)


def explain(factors: Factors, user: int, item: int, *, bounds: Bounds = None, clip: Bounds = None) -> Explanation:
    """The parts of the prediction for one pair of rows."""
    def bias(side: str, row: int) -> float:
        column = arrays.get(f"{side}_bias")
        return 0.0 if column is None else float(column[row])

    arrays = factors.arrays()
    parts = arrays["user"][user].astype(np.float64) * arrays["item"][item]
    explained = Explanation(float(factors.offset), bias("user", user), bias("item", item), tuple(parts.tolist()), 0.0)
    prediction = float(_into_range(np.array(explained.raw), bounds))
    return Explanation(explained.offset, explained.user_bias, explained.item_bias, explained.factors,
                       prediction if clip is None else min(max(prediction, clip[0]), clip[1]))
