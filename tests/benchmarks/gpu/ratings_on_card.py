"""Very many made ratings, made on the device: a long tail of users and of items, planted factors, noise, half stars."""

from __future__ import annotations

import torch

from solver import Ratings

PLANTED = 16        # factors of the truth
MORE = 1.5          # pairs drawn for every one that is wanted: those drawn twice count once
CHUNK = 1 << 22
NOISE, BIAS, INTERACTION = 0.75, 0.45, 0.5


def made_ratings(n: int, n_users: int, n_items: int, *, device: str, seed: int = 0) -> Ratings:
    """About `n` ratings of different pairs, n at most, in no order; int32 and float32 arrays on the host."""
    generator = torch.Generator(device).manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, device=device)

    users = drawn(torch.exp(1.2 * normal(n_users)), int(MORE * n), generator)
    rank = 1 + torch.randperm(n_items, generator=generator, device=device)
    items = drawn((rank + 0.013 * n_items).float() ** -1.9, int(MORE * n), generator)
    pairs = torch.unique(users * n_items + items)
    pairs = pairs[torch.randperm(len(pairs), generator=generator, device=device)[:n]]
    (users, n_users), (items, n_items) = (renumbered(index) for index in (pairs // n_items, pairs % n_items))
    of_user, of_item = normal(n_users, PLANTED), normal(n_items, PLANTED)
    user_bias, item_bias = BIAS * normal(n_users), BIAS * normal(n_items)
    values = torch.empty(len(pairs), device=device)
    for first in range(0, len(pairs), CHUNK):
        u, i = users[first:first + CHUNK], items[first:first + CHUNK]
        exact = 3.6 + user_bias[u] + item_bias[i] + INTERACTION / PLANTED ** 0.5 * (of_user[u] * of_item[i]).sum(1)
        values[first:first + CHUNK] = ((exact + NOISE * normal(len(u))) * 2).round().clamp(1, 10) / 2
    user_index, item_index = (index.int().cpu().numpy() for index in (users, items))
    return Ratings(tuple(range(n_users)), tuple(range(n_items)), user_index, item_index, values.cpu().numpy())


def drawn(weights: torch.Tensor, how_many: int, generator: torch.Generator) -> torch.Tensor:
    """Rows, each as often as its weight says."""
    ends = torch.cumsum(weights.double(), 0)
    at = torch.rand(how_many, generator=generator, device=weights.device, dtype=torch.float64) * ends[-1]
    return torch.searchsorted(ends, at).clamp_(max=len(ends) - 1)


def renumbered(index: torch.Tensor) -> tuple[torch.Tensor, int]:
    """(the same with the rows left out that do not occur, how many rows do): as every way of fitting is given them."""
    there = torch.bincount(index) > 0
    return (torch.cumsum(there, 0) - 1)[index], int(there.sum())
