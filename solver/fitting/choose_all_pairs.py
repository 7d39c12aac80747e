"""The penalty and the weight of what did not happen, for implicit feedback by als: those whose lists are best on pairs set apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import part, split_off
from solver.judging.ranking import ranking

from .effort import FEWEST_TO_HOLD_OUT
from .fit_ratings import fit

_ENOUGH = 200_000           # pairs, about, that the choice is made on
_EPOCHS = 8                 # of each short fit: after fewer the lists still change much
_BETTER = 1.03              # times as good a list has to be: less is chance
_DECAYS = (2 / 3, 1.5)      # times the usual penalty
_UNOBSERVED = (1 / 3, 3.0)  # times the usual weight, with the best penalty
_JUDGED = 3_000             # users whose lists are looked at


def choose_all_pairs(pairs: Ratings, settings: Settings, *, among: frozenset[str]) -> Settings:
    """The settings with other values of those `among`, ``weight_decay`` and ``unobserved``, where these list held-out pairs better."""
    if len(pairs) < FEWEST_TO_HOLD_OUT:
        return settings
    learnt, held = split_off(part(pairs, _ENOUGH), 0.2, seed=1)
    held = held.take(np.isin(held.user_index, np.unique(held.user_index)[:_JUDGED]))

    def ndcg(tried: Settings) -> float:
        factors = fit(learnt, None, replace(tried, epochs=_EPOCHS, device="cpu")).factors
        return ranking(lambda users: (factors.user[users] @ factors.item.T).numpy(), learnt, held)["ndcg"]

    best, highest = settings, ndcg(settings)
    for name, multiples in (("weight_decay", _DECAYS), ("unobserved", _UNOBSERVED)):
        for tried in [replace(best, **{name: times * getattr(best, name)}) for times in multiples] if name in among else ():
            if (now := ndcg(tried)) > _BETTER * highest:
                best, highest = tried, now
    return best
