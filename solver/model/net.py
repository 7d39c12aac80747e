"""The lesson's embedding net: what it learns, and where that starts.

    x₀ = [p_u, q_i]                          the embeddings of user and item, side by side
    x_l = relu(W_l x_{l−1} + b_l)            hidden layers, thinned by dropout while it learns
    r̂  = low + (high − low) · σ(w · x_L + b)

(fast.ai's "Practical Deep Learning", lesson on collaborative filtering.) User and item need not have
embeddings of one size, since no product is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .factors import Factors, as_array

if TYPE_CHECKING:  # a model that is no net answers without torch
    import numpy as np
    from torch import Tensor

HIDDEN = (100,)                 # widths of the hidden layers unless they are given
TABLE_NUMBERS = 10_000_000      # activations of a table of predictions that are held at once


@dataclass(frozen=True, eq=False)
class NetFactors:
    """The parameters of the net: embeddings `user` (n, k_user) and `item` (m, k_item), and for every
    layer, the last one of width 1 included, `weights` (width, width before) and `biases` (width,)."""

    user: Tensor
    item: Tensor
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    model = "net"
    offset = 0.0        # the last layer's bias carries the mean rating
    given = 0
    user_bias = item_bias = None

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name: user, item, weight_0, weight_1, …, bias_0, bias_1, …"""
        return {"user": self.user, "item": self.item,
                **{f"weight_{n}": tensor for n, tensor in enumerate(self.weights)},
                **{f"bias_{n}": tensor for n, tensor in enumerate(self.biases)}}

    def arrays(self) -> dict[str, np.ndarray]:
        """The same as arrays."""
        return {name: as_array(tensor) for name, tensor in self.tensors().items()}

    def with_arrays(self, arrays: Mapping[str, np.ndarray]) -> NetFactors:
        """The same net with these arrays in the places of the tensors of the same name."""
        return net_of_arrays({**self.arrays(), **arrays})

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> NetFactors:
        """From tensors named as `tensors` names them."""
        layers = range(sum(name.startswith("weight_") for name in tensors))
        return cls(tensors["user"], tensors["item"], tuple(tensors[f"weight_{n}"] for n in layers),
                   tuple(tensors[f"bias_{n}"] for n in layers))

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> NetFactors:
        """The same net with these tensors in the places of those of the same name."""
        return NetFactors.of({**self.tensors(), **tensors})

    def map(self, function: Callable[[Tensor], Tensor]) -> NetFactors:
        """The same net with `function` applied to each tensor."""
        return self.with_tensors({name: function(tensor) for name, tensor in self.tensors().items()})

    def raw(self, users: Tensor | slice, items: Tensor | slice, *,
            thinned: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """w · x_L + b of the pairs (users[j], items[j]): what stands inside the sigmoid. `thinned` is
        what dropout does to the output of every hidden layer."""
        import torch
        from torch.nn.functional import linear

        x = torch.cat([self.user[users], self.item[items]], 1)          # (n, k_user + k_item)
        return self._above(linear(x, self.weights[0], self.biases[0]), thinned)

    def raw_table(self) -> Tensor:
        """The same of every user (rows) and every item (columns): (n_users, n_items)."""
        import torch
        from torch.nn.functional import linear

        of_user, of_item = self.weights[0].split([self.user.shape[1], self.item.shape[1]], dim=1)
        from_users = linear(self.user, of_user, self.biases[0])         # (n_users, width)
        from_items = linear(self.item, of_item)                         # (n_items, width)
        widest, n_items = max(map(len, self.weights)), len(self.item)
        at_once = max(1, TABLE_NUMBERS // max(1, widest * n_items))
        rows = [self._above((part[:, None] + from_items).flatten(0, 1), None).view(-1, n_items)
                for part in from_users.split(at_once)]
        return torch.cat(rows)

    def _above(self, x: Tensor, thinned: Callable[[Tensor], Tensor] | None) -> Tensor:
        """From the first layer's sums, (n, width), to the last layer's: (n,)."""
        from torch.nn.functional import linear

        for weight, bias in zip(self.weights[1:], self.biases[1:]):
            x = x.relu() if thinned is None else thinned(x.relu())
            x = linear(x, weight, bias)
        return x.squeeze(1)

    def shapes(self, n_users: int, n_items: int) -> dict[str, tuple[int, ...]]:
        """The shapes that the tensors of so many users and items have, by name."""
        widths = [self.user.shape[1] + self.item.shape[1], *map(len, self.weights[:-1]), 1]
        return {"user": (n_users, self.user.shape[1]), "item": (n_items, self.item.shape[1]),
                **{f"weight_{n}": (after, before) for n, (before, after) in enumerate(zip(widths, widths[1:]))},
                **{f"bias_{n}": (after,) for n, after in enumerate(widths[1:])}}

    @property
    def n_factors(self) -> int:
        """Width of a user's embedding."""
        return self.user.shape[1]


def net_of_arrays(arrays: Mapping[str, np.ndarray]) -> NetFactors:
    """The net whose parts, by the names that `tensors` gives them, are these arrays, as tensors."""
    import torch

    return NetFactors.of({name: torch.from_numpy(array) for name, array in arrays.items()})


AnyFactors = Factors | NetFactors   # the parameters of a model, whichever it is


def additive(factors: AnyFactors) -> Factors:
    """The factors of a model that adds products and biases. Raises TypeError for a net, which callers have refused before."""
    if isinstance(factors, NetFactors):
        raise TypeError("A net has no factors whose products are added.")
    return factors


def embedding_size(n: int) -> int:
    """fast.ai's rule of thumb for the embedding of one of `n` categories: min(600, 1.6 · n^0.56)."""
    return min(600, round(1.6 * n ** 0.56))


def start_net(n_users: int, n_items: int, *, sizes: tuple[int, int], hidden: Sequence[int], mean: float,
              seed: int, spread: float = 0.1) -> NetFactors:
    """Start values by seed: embeddings near 0 (normal, clipped at two `spread`), layers by He et al.
    2015, which keeps the size of what passes through relu, and `mean`, the mean rating before the
    sigmoid, as the last bias; the last weights are small, so that first predictions are near it."""
    import torch

    generator = torch.Generator().manual_seed(int(seed))

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    user, item = (spread * normal(n, k).clamp_(-2, 2) for n, k in zip((n_users, n_items), sizes))
    widths = [sum(sizes), *hidden, 1]
    weights = [math.sqrt(2 / before) * normal(after, before) for before, after in zip(widths, widths[1:])]
    biases = [torch.zeros(after) for after in widths[1:-1]] + [torch.tensor([mean], dtype=torch.float32)]
    weights[-1] *= 0.5
    return NetFactors(user, item, tuple(weights), tuple(biases))
