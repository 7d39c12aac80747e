"""Learning on: ratings that came after a fit beside those that it knows, and start values for all of them."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import split_off
from solver.model.factors import Factors
from solver.model.net import additive

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

_GROWN = 1.1        # times as many ratings as the last fit from the beginning had, from which on another one is made
_SHARE_OF_EPOCHS, _FEWEST_EPOCHS = 0.3, 2       # of a fit that starts near where the last one ended
# Further passes from the factors as they are learn the training ratings by heart: 0.002 to 0.004 of RMSE on ml-100k-like ratings, 0.012 after
# ten times. From half of them, at half the rate, they end where a fit from the beginning does.
_KEPT_OF_FACTORS, _SHARE_OF_RATE = 0.5, 0.5


def beside(known: Ratings, known_held: np.ndarray | None, new: Ratings, new_held: np.ndarray) -> tuple[Ratings, np.ndarray]:
    """(both, which of them (n,) bool are held out): users and items of the first in their places, those of the second behind them; a
    pair that both have counts as in the second."""
    users, user_index = _joined(known.users, new.users, new.user_index)
    items, item_index = _joined(known.items, new.items, new.item_index)
    n = np.int64(max(len(items), 1))
    kept = ~np.isin(known.user_index * n + known.item_index, user_index * n + item_index)
    old = known.take(kept)
    both = Ratings(users, items, np.concatenate([old.user_index, user_index]), np.concatenate([old.item_index, item_index]),
                   np.concatenate([old.values, new.values]), weights=_weights_of_both(old, new),
                   times=None if old.times is None or new.times is None else np.concatenate([old.times, new.times]))
    return both, np.concatenate([np.zeros(kept.sum(), bool) if known_held is None else known_held[kept], new_held])


def held_of(new: Ratings, share: object, *, seed: int, by: str) -> np.ndarray:
    """(n,) bool: which of new ratings are held out, the same share as of those before; none where that was no share."""
    apart = np.zeros(len(new), bool)
    if isinstance(share, Real) and 0 < round(float(share) * len(new)) < len(new):
        numbered = replace(new, values=np.arange(len(new), dtype=np.float64))
        _, held = split_off(numbered, float(share), seed=seed, by=by if new.times is not None else "random")
        apart[held.values.astype(np.int64)] = True
    return apart


def outgrown(n_ratings: int, begun_with: int) -> bool:
    """Whether a fit from the beginning is due: factors learnt from much less stay near what little data said, and each
    warm start learns it once more (0.003 of RMSE on ml-latest-small, begun with a tenth)."""
    return n_ratings >= _GROWN * begun_with


def shorter(settings: Settings, *, epochs_stated: bool, lr_stated: bool) -> Settings:
    """Fewer epochs and smaller steps in batches, where nobody said how many and how large: those that a start near the end needs."""
    if settings.batch_size is None:
        return settings
    if not epochs_stated and settings.epochs is not None:
        settings = replace(settings, epochs=max(_FEWEST_EPOCHS, round(_SHARE_OF_EPOCHS * settings.epochs)))
    if not lr_stated and settings.lr is not None:
        settings = replace(settings, lr=_SHARE_OF_RATE * settings.lr)
    return settings


def start_from(factors: Factors, ratings: Ratings, settings: Settings) -> Factors:
    """Start values for these ratings, whose first users and items are those of the factors: their biases as they are, for a fit in
    batches part of their factors, and of newcomers small random factors, and the mean bias."""
    kept = 1.0 if settings.batch_size is None else _KEPT_OF_FACTORS
    import torch

    from solver.fitting.start_values import start_values

    drawn = additive(start_values(ratings, settings))
    learnt = bool(factors.user.any())       # biases alone have factors that are all 0, from which no step leads on
    rows = {}
    for name, fitted in factors.tensors().items():
        fresh = drawn.tensors()[name].to(fitted.dtype)
        if name.endswith("_bias"):
            fresh = torch.full_like(fresh, float(fitted.mean()))
        if not (learnt or name.endswith("_bias")):
            rows[name] = fresh
            continue
        old = fitted.detach().cpu().clone()
        if not name.endswith("_bias"):
            old[:, factors.given if name == "item" else 0:] *= kept     # what is known of items is not learnt
        rows[name] = torch.cat([old, fresh[len(fitted):]])
    return factors.with_tensors(rows)


def columns_for(factors: Factors, n_items: int) -> np.ndarray | None:
    """(n_items, g) what the factors know of the items beforehand, 0 of those that came later; None where it is nothing."""
    if not factors.given:
        return None
    known = factors.item[:, :factors.given].double().numpy()
    return np.concatenate([known, np.zeros((n_items - len(known), factors.given))])


def _weights_of_both(old: Ratings, new: Ratings) -> np.ndarray | None:
    if old.weights is None and new.weights is None:
        return None
    return np.concatenate([np.ones(len(part)) if part.weights is None else part.weights for part in (old, new)])


def _joined(known: Sequence[Hashable], new: Sequence[Hashable], index: np.ndarray) -> tuple[tuple[Hashable, ...], np.ndarray]:
    place = {label: n for n, label in enumerate(known)}
    to = np.array([place.setdefault(label, len(place)) for label in new], np.int64)
    return tuple(place), to[index]
