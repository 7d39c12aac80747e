"""How errors fall with the number of ratings: whether more of them would help, or a model that can say more."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.collab.labels.frames import ratings_from
from solver.data.splits import folds as split_into
from solver.errors import UserError

if TYPE_CHECKING:
    from solver.collab.collab_filter import CollabFilter

LEARNT_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_FEWEST = 10     # ratings that a share leaves at least


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """`results`: a frame with a row for each share of the ratings: ``share``, how many ``ratings`` it was learnt from, the RMSE of ratings
    that were ``held_out``, their ``standard_error``, the RMSE of the ``training`` ratings, that of biases alone on held-out ones,
    ``bias_only``, and ``seconds`` a fit; means over the folds."""

    results: pd.DataFrame

    @property
    def reason(self) -> str:
        """What the last step says, as a sentence."""
        last = self.results.iloc[-1]
        told = f"Held out {last.held_out:.4f}, training {last.training:.4f}, learnt from {last.ratings:,.0f} ratings"
        if len(self.results) < 2:
            return f"{told}."
        before = self.results.iloc[-2]
        gain, sure = before.held_out - last.held_out, 2 * float(np.hypot(before.standard_error, last.standard_error))
        step = f"from {before.ratings:,.0f} to {last.ratings:,.0f} ratings the held-out error"
        if gain > sure:
            return f"{told}; {step} fell by {gain:.4f}: more ratings would help further."
        if gain < -sure:
            return f"{told}; {step} rose by {-gain:.4f}: look at what the last ratings are."
        return f"{told}; {step} changed by no more than chance does ({sure:.4f}): other settings may help more than further ratings."

    def plot(self, path: str | Path) -> None:
        """Draw both errors over the number of ratings."""
        from solver.judging.plots import plot_learning_curve

        plot_learning_curve(self.results, path)


def learning_curve(ratings, model: CollabFilter | None = None, *, shares: Sequence[float] = LEARNT_SHARES, folds: int = 3, seed: int = 0,
                   on_share: Callable[[float, float], None] | None = None) -> LearningCurve:
    """Fit `model` to growing shares of the ratings, and predict ratings that none of them holds.

    For each of `folds` the same held-out ratings judge all shares of the others, and a smaller share is part of a larger one, so that
    what differs is how many there are. `ratings` are Ratings, or a table of them as `CollabFilter.fit` takes it; of `model` a copy with
    the same parameters is fitted; None: one with ``effort="quick"``. Held-out ratings of users or items that a share does not know are
    predicted by the mean row, as `predict` does. `on_share` is told each share and its held-out RMSE. Raises UserError as `fit` does, for
    shares that are none, and for implicit feedback, whose ratings are all 1.
    """
    from solver.collab.collab_filter import CollabFilter
    from solver.core.objective import rmse
    from solver.judging.baselines import bias_only

    model = model or CollabFilter(effort="quick", random_state=seed)
    if model.feedback == "implicit":
        raise UserError("A learning curve is one of errors, and the ratings of implicit feedback are all 1. Compare settings by "
                        "cross_validate with metrics of an order.")
    ratings, _ = ratings_from(ratings)
    parts = [(learnt, held, np.random.default_rng(seed).permutation(len(learnt))) for learnt, held in split_into(ratings, folds, seed=seed)]
    scale = float(ratings.values.min()), float(ratings.values.max())    # a small share may hold one value alone
    known = model.get_params() | ({"rating_range": scale} if model.rating_range is None and scale[0] < scale[1] else {})
    rows = []
    for share in _checked(shares, len(parts[0][0])):
        found = []
        for learnt, held, order in parts:
            some = learnt.take(np.sort(order[:round(share * len(learnt))]))
            with warnings.catch_warnings(action="ignore", category=UserWarning):     # of users without a rating in the share
                fitted = type(model)(**known).fit(some)
                found.append((len(some), -fitted.score(held), -fitted.score(some), rmse(bias_only(some), held, clip=fitted.rating_range_),
                              fitted.result_.seconds))
        n, held_out, training, alone, seconds = np.mean(found, 0).tolist()
        error = float(np.std([one[1] for one in found], ddof=1) / np.sqrt(folds))
        rows.append({"share": share, "ratings": round(n), "held_out": held_out, "standard_error": error, "training": training,
                     "bias_only": alone, "seconds": seconds})
        if on_share:
            on_share(share, held_out)
    return LearningCurve(pd.DataFrame(rows))


def _checked(shares: Sequence[float], n: int) -> list[float]:
    """The shares in order, each once. Raises UserError for none, for what is no share, and for one that leaves too few of `n` ratings."""
    numbers = sorted({float(share) for share in shares})
    if not numbers or not 0 < numbers[0] <= numbers[-1] <= 1:
        raise UserError(f"shares are {', '.join(f'{number:g}' for number in numbers) or 'none'}. Give shares above 0 and up to 1, such as 0.1, 0.5, 1.")
    if round(numbers[0] * n) < _FEWEST:
        raise UserError(f"A share of {numbers[0]:g} of {n:,} ratings are fewer than {_FEWEST}. Give larger shares, or more ratings.")
    return numbers
