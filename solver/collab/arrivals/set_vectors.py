"""What it says of a newcomer that they rated something at all, whatever the rating.

The row of a user whom a fit with the users' sets knows has the mean Wᵀf_u before any rating is looked at (`solver.methods.row_sets`). The W of
every draw is in coordinates of its own; that of the factors that are kept is found by the same regression, X on F:

    W = (FᵀF + diag(λ))⁻¹ Fᵀ (X − x̄)

Who rated n others so has the prior mean x̄ + n/(n + 10) · (w₁ + Σ w_j / √n) over what they rated, where the sampler has it without n/(n + 10): it
was learnt from users with many ratings, and on films a single one of a newcomer's misled more than it told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solver.collab.answers.recommend import OTHER, members
from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.methods.row_sets import SIDES, regressed_on, set_columns, set_family, with_ones
from solver.model.factors import Factors
from solver.model.net import AnyFactors

FEW_OF_A_SET = 10.0     # ratings with which a set counts half
_PRECISION = 10.0       # λ of a set's vectors: by their evidence 9 for users of films, and less for films
_OF_ONES = 2.0          # λ of the column of ones
_MOST_ROWS = 20_000     # of which a few hundred vectors are learnt: more would take memory and change little


@dataclass(frozen=True, eq=False)
class SetVectors:
    """How the row of a newcomer differs from the mean row by what they rated: `always` w₁ (d,), and the `vectors` (c, d) of those others
    at the positions `members` (c,), in rising order, that have one."""

    always: np.ndarray
    members: np.ndarray
    vectors: np.ndarray

    def of(self, others: np.ndarray) -> np.ndarray:
        """(n, d) the vectors of others by position; zeros where one has none."""
        places = np.minimum(np.searchsorted(self.members, others), len(self.members) - 1)
        return np.where((self.members[places] == others)[:, None], self.vectors[places], 0.0)

    def move(self, rated: np.ndarray) -> np.ndarray:
        """(d,) how far from the mean row one starts who rated the others at these positions."""
        n = len(rated)
        return n / (n + FEW_OF_A_SET) * (self.always + self.of(rated).sum(0) / np.sqrt(max(n, 1)))


def sets_of_newcomers(factors: AnyFactors, ratings: Ratings, settings: Settings) -> dict[str, SetVectors]:
    """Those of each side whose sets a fit of these ratings learnt from."""
    return {side: _regressed(factors, side, ratings) for side in SIDES[settings.implicit_sets] if isinstance(factors, Factors)}


def _regressed(factors: Factors, side: str, ratings: Ratings) -> SetVectors:
    index, n = {"user": ratings.user_index, "item": ratings.item_index}, {"user": ratings.n_users, "item": ratings.n_items}
    columns = set_columns(np.bincount(index[OTHER[side]], minlength=n[OTHER[side]]))
    counts = np.bincount(index[side], minlength=n[side])
    rated = np.flatnonzero(counts)
    rows = members(factors, side)[rated]
    taken = np.unique(np.linspace(0, len(rated) - 1, min(len(rated), _MOST_ROWS)).astype(np.int64))
    place = np.full(n[side], -1)
    place[rated[taken]] = np.arange(len(taken))
    among = place[index[side]] >= 0
    family = set_family(place[index[side][among]], index[OTHER[side]][among], counts[rated[taken]], columns)
    family = with_ones(family, len(taken))
    penalty = np.array([_OF_ONES, *[_PRECISION] * (family.n_columns - 1)])
    found = regressed_on(family, rows[taken] - rows.mean(0), penalty, weights=np.ones(len(taken)))
    known = np.flatnonzero(columns >= 0)
    return SetVectors(found[0], known, found[1 + columns[known]])


def stored_sets(sets: Mapping[str, SetVectors]) -> dict[str, np.ndarray]:
    """As arrays of a model file, by name."""
    return {f"{side}.{name}": array for side, one in sets.items() for name, array in vars(one).items()}


def read_sets(arrays: Mapping[str, np.ndarray]) -> dict[str, SetVectors]:
    """What `stored_sets` gave; older models have none."""
    return {side: SetVectors(*(arrays[f"{side}.{name}"] for name in ("always", "members", "vectors"))) for side in OTHER if f"{side}.always" in arrays}
