"""The settings of a fit of a store: an effort chooses them on a part of the ratings; what the user gave goes before its choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.fitting.effort import N_FACTORS, best_settings, choose_settings
from solver.model.models import MODELS
from solver.store.rating_store import RatingStore

from .store_task import not_for_stores

ALS_PASSES = 15         # unless their number is given
_SAMPLE = 500_000       # ratings, about, that an effort chooses by
_DOUBLE = 1_000_000     # ratings below which als computes in 64 bits
_MARGIN = 0.05          # a bounded model reaches beyond the ratings' range by this share of it


def store_settings(store: RatingStore, effort: str, said: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """(the settings, notes on what was found by trying) for a store, `said` being values of `Settings` by name.

    Raises UserError for a choice that no pass over a store is made for.
    """
    said = dict(said)
    optimizer = said.get("optimizer", "gibbs" if effort == "best" else "sgd")
    n_factors = said.setdefault("n_factors", N_FACTORS)
    if said.get("model", "dot") in MODELS and MODELS[said.get("model", "dot")].bounded:
        low, high = store.rating_range
        said |= {"low": low - _MARGIN * (high - low), "high": high + _MARGIN * (high - low)}
    if optimizer == "als":
        dtype = "float64" if store.n_ratings < _DOUBLE else "float32"
        usual: dict[str, Any] = {"model": "dot+bias", "weight_decay": 0.05, "epochs": ALS_PASSES, "dtype": dtype}
        return Settings(**usual | said), ()
    if optimizer == "gibbs":
        best = best_settings(store.n_ratings, n_factors=n_factors)
        return (replace(best, **said) if effort == "best" else Settings(**{"model": "dot+bias", "dtype": best.dtype} | said)), ()
    if optimizer != "sgd":
        raise not_for_stores(optimizer)
    if effort == "best":
        raise UserError("The effort best is Gibbs sampling, and --optimizer says sgd. Leave out one of them.")
    if said.get("implicit_sets", "none") != "none":
        raise UserError("On a store gibbs alone learns from sets, and the optimizer is sgd. Leave out --implicit-sets, or say --effort best.")
    choice = choose_settings(effort, sample_of(store), n_factors=n_factors, of=store.n_ratings)
    notes = () if choice.factors_help else ("On a part of the ratings factors predicted no better than biases alone.",)
    return replace(choice.settings, **said | {"optimizer": "sgd", "batch_size": 1}), notes


def sample_of(store: RatingStore, most: int = _SAMPLE) -> Ratings:
    """All ratings of some users, about `most` in all."""
    rng, so_far = np.random.default_rng(0), 0
    columns: tuple[list[np.ndarray], ...] = ([], [], [])
    for u in range(store.blocks):
        of_block = int(store.counts[u].sum())
        chosen = rng.random(store.n_rows("users", u)) < (most - so_far) / max(of_block, 1)
        for i in range(store.blocks):
            users, items, values = store.block(u, i)
            some = chosen[users]
            for pieces, column in zip(columns, (users[some] + store.layout.user_starts[u], items[some] + store.layout.item_starts[i],
                                                values[some])):
                pieces.append(column)
            so_far += int(some.sum())
        if so_far >= 0.9 * most:
            break
    users, items, values = map(np.concatenate, columns)
    user_rows, user_index = np.unique(users, return_inverse=True)
    item_rows, item_index = np.unique(items, return_inverse=True)
    return Ratings(tuple(user_rows.tolist()), tuple(item_rows.tolist()), user_index, item_index, values.astype(np.float64))
