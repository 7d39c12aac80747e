"""Searches settings of an estimator: every combination of few values, or as many drawn at random, the better ones on more ratings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from solver.collab.labels.frames import ratings_from
from solver.data.ratings import Ratings
from solver.data.splits import part
from solver.errors import UserError
from solver.judging.metrics import METRICS, check_metrics

from .search import cross_validate

if TYPE_CHECKING:
    from solver.collab.collab_filter import CollabFilter

_KEPT = 3               # of so many one goes on to the next round, with as many times the ratings
_FEWEST = 2_000         # ratings that a round has at least


@dataclass(frozen=True)
class Between:
    """A setting drawn between two numbers; evenly by its logarithm where both are above 0, and rounded where both are whole."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float | int:
        if self.low > 0:
            drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            drawn = rng.uniform(self.low, self.high)
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        return round(drawn) if whole else float(f"{drawn:.3g}")


Space = Mapping[str, Sequence[Any] | Between]


@dataclass(frozen=True, eq=False)
class SettingsSearch:
    """`results`: a frame with a row for each trial: the settings tried, the metric, its ``standard_error``, how many ``ratings`` it was
    judged on and ``seconds`` a fit, best first. `best` are the settings of the first."""

    results: pd.DataFrame
    best: dict[str, Any]


def search_settings(ratings, model: CollabFilter, space: Space, *, trials: int = 20, folds: int = 3, seed: int = 0, metric: str = "rmse",
                    n: int = 10, liked: float | None = None, halving: bool = False,
                    on_trial: Callable[[dict[str, Any], float], None] | None = None) -> SettingsSearch:
    """Cross-validate copies of `model` with settings of the `space`: every combination, where there are no more than `trials` and
    all values are listed, else as many drawn by `seed`.

    With `halving` all are tried on a part of the ratings first (all of some users), and a third of them goes on to three times as many
    (successive halving: Jamieson & Talwalkar 2016). `metric`, `n` and `liked` as for `cross_validate`; `on_trial` is told the settings and
    their metric. Raises UserError as that does, for a setting that there is not, and for an empty space.
    """
    check_metrics([metric])
    known = model.get_params()
    for name in space:
        if name not in known:
            raise UserError(f"There is no setting {name!r} to search. Choose of: {', '.join(known)}.")
    tried = _candidates(space, trials, np.random.default_rng(seed))
    ratings, _ = ratings_from(ratings, unrated=1.0 if model.feedback == "implicit" else None)
    rounds = max(1, math.ceil(math.log(len(tried), _KEPT))) if halving and len(tried) > 1 else 1
    sign = -1.0 if METRICS[metric].more else 1.0
    found: list[dict[str, Any]] = []
    for number in range(rounds):
        some = _share(ratings, rounds - 1 - number)
        judged = []
        for settings in tried:
            copy = type(model)(**known | settings)
            result = cross_validate(some, copy, folds=folds, seed=seed, metrics=[metric], n=n, liked=liked)
            value = result.mean(metric)
            judged.append(settings | {metric: value, "standard_error": result.standard_error_of(metric), "ratings": len(some),
                                      "seconds": float(result.folds.seconds.mean())})
            if on_trial:
                on_trial(settings, value)
        order = np.argsort([sign * one[metric] for one in judged], kind="stable")
        found = [one for one in found if not any(all(one[name] == other[name] for name in space) for other in judged)]
        found = [*(judged[at] for at in order), *found]
        tried = [tried[at] for at in order[:max(1, math.ceil(len(tried) / _KEPT))]]
    return SettingsSearch(pd.DataFrame(found), tried[0])


def _candidates(space: Space, trials: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    if not space or any(isinstance(values, Sequence) and not len(values) for values in space.values()):
        raise UserError("There is nothing to search. Give a setting with several values, or with two numbers to draw between.")
    if trials < 1:
        raise UserError(f"trials is {trials}. Give a whole number of 1 or more.")
    listed = {name: list(values) for name, values in space.items() if not isinstance(values, Between)}
    if len(listed) == len(space) and math.prod(map(len, listed.values())) <= trials:
        return [dict(zip(listed, values)) for values in itertools.product(*listed.values())]
    drawn: dict[tuple, dict[str, Any]] = {}
    for _ in range(20 * trials):
        one = {name: values.draw(rng) if isinstance(values, Between) else values[int(rng.integers(len(values)))] for name, values in space.items()}
        drawn.setdefault(tuple(map(str, one.values())), one)
        if len(drawn) == trials:
            break
    return list(drawn.values())


def _share(ratings: Ratings, rounds_left: int) -> Ratings:
    """A third of the ratings for each round that is left, and of few no fewer than tell something."""
    return part(ratings, max(_FEWEST, len(ratings) // _KEPT ** rounds_left))
