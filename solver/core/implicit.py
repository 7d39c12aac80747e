"""Implicit feedback: pairs that happened, and pairs drawn beside them that did not.

What somebody bought, read or liked is known; what they would not have liked is not. So every pair that
happened is a 1, pairs drawn at random are 0s, and the model learns to tell them apart: for a pair
with score x, the cross-entropy −t·log σ(x) − (1 − t)·log(1 − σ(x)), t being 1 or 0 (logistic matrix
factorisation by negative sampling; Mikolov et al. 2013, He et al. 2017).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from solver.data.ratings import Ratings
from solver.errors import UserError

__all__ = ["Negatives", "check_happened", "cross_entropy", "slots", "with_negatives"]

SLOTS = 1 << 20          # places in the table that items are drawn from, about: shares are right to a millionth



class Negatives:
    """Draws items that a user has not chosen. All data stay on the device.

    A pair drawn that did happen is drawn once more; the few that happened after all, of users who
    have a large part of everything, keep their true value, 1.
    """

    def __init__(self, known: Ratings, *, power: float, device: str = "cpu"):
        self.n_items = known.n_items
        keys = np.unique(known.user_index.astype(np.int64) * self.n_items + known.item_index)
        self.known = torch.as_tensor(keys, device=device)       # (n_pairs,) ascending
        self.slots = torch.as_tensor(slots(known, power=power), device=device)

    def draw(self, users: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """An item for every user, both (n,), and whether that pair happened after all, bool."""
        items = self._items(len(users), generator)
        items = torch.where(self._happened(users, items), self._items(len(users), generator), items)
        return items, self._happened(users, items)

    def beside(self, users: Tensor, items: Tensor, how_many: int,
               generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The pairs (n,) and `how_many` drawn ones for each: users, items and their 0s and 1s."""
        of = users.repeat(how_many)
        drawn, happened = self.draw(of, generator)
        targets = torch.cat([torch.ones_like(users, dtype=torch.bool), happened])
        return torch.cat([users, of]), torch.cat([items, drawn.to(items.dtype)]), targets

    def _items(self, n: int, generator: torch.Generator) -> Tensor:
        places = torch.randint(len(self.slots), (n,), generator=generator, device=self.slots.device)
        return self.slots[places].to(torch.int64)

    def _happened(self, users: Tensor, items: Tensor) -> Tensor:
        keys = users.to(torch.int64) * self.n_items + items
        place = torch.searchsorted(self.known, keys).clamp_(max=len(self.known) - 1)
        return self.known[place] == keys


def slots(known: Ratings, *, power: float) -> np.ndarray:
    """A table of items, int32, in which each has places in proportion to its count to that power, and one at
    least: an item that nobody chose must be drawn to be known as unwanted."""
    weight = np.maximum(np.bincount(known.item_index, minlength=known.n_items), 1.0) ** power
    places = np.maximum(np.round(weight / weight.sum() * max(SLOTS, 8 * known.n_items)), 1)
    return np.repeat(np.arange(known.n_items, dtype=np.int32), places.astype(np.int64))


def with_negatives(held: Ratings, known: Ratings, *, how_many: int, power: float, seed: int) -> Ratings:
    """Held-out pairs that happened, and `how_many` pairs for each that did not, neither there nor
    among the `known`: zeros and ones by which a fit can be judged, the same every epoch."""
    check_happened(held, negatives=how_many)
    if not how_many:
        return held
    both = Ratings(known.users, known.items, np.concatenate([known.user_index, held.user_index]),
                   np.concatenate([known.item_index, held.item_index]), np.empty(0))
    users, items, targets = Negatives(both, power=power).beside(
        torch.as_tensor(held.user_index), torch.as_tensor(held.item_index), how_many,
        torch.Generator().manual_seed(int(seed)))
    return Ratings(held.users, held.items, users.numpy(), items.numpy(), targets.numpy().astype(held.values.dtype))


def check_happened(ratings: Ratings, *, negatives: int) -> None:
    """Raises UserError unless the values are those of implicit feedback."""
    wrong = ratings.values != 1 if negatives else (ratings.values < 0) | (ratings.values > 1)
    if not wrong.any():
        return
    first = int(wrong.argmax())
    where = f"The rating of user {ratings.users[ratings.user_index[first]]!r} for item " \
            f"{ratings.items[ratings.item_index[first]]!r} is {ratings.values[first]:g}"
    if negatives:
        raise UserError(f"{where}, but cross-entropy with negatives takes every pair as one that happened, value 1. "
                        "Keep the pairs that count as such, and set their values to 1.")
    raise UserError(f"{where}, but cross-entropy is for values from 0 to 1. Change the values, or the loss.")
