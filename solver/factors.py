"""Factors: the numbers that a fit finds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Factors:
    """The parameters of a model: `user` (n_users, k), `item` (n_items, k), and, where the model
    has them, `user_bias` (n_users,) and `item_bias` (n_items,)."""

    user: Tensor
    item: Tensor
    user_bias: Tensor | None = None
    item_bias: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are there, by field name."""
        return {f.name: getattr(self, f.name) for f in fields(self)
                if getattr(self, f.name) is not None}

    def map(self, function) -> Factors:
        """The same factors with `function` applied to each tensor."""
        return Factors(**{name: function(tensor) for name, tensor in self.tensors().items()})

    @property
    def n_factors(self) -> int:
        return self.user.shape[1]
