"""Factors: the numbers that a fit finds."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Factors:
    """The parameters of a model: `user` (n_users, k), `item` (n_items, k), and, where the model
    has them, `user_bias` (n_users,) and `item_bias` (n_items,).

    `offset` is added to every prediction and not learnt: the mean rating in large data, so that
    biases are deviations from it; 0 on a sheet, whose equation has no such term.
    """

    user: Tensor
    item: Tensor
    user_bias: Tensor | None = None
    item_bias: Tensor | None = None
    offset: float = 0.0

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are there, by field name."""
        return {f.name: getattr(self, f.name) for f in fields(self)
                if f.name != "offset" and getattr(self, f.name) is not None}

    def map(self, function) -> Factors:
        """The same factors with `function` applied to each tensor."""
        return Factors(**{name: function(tensor) for name, tensor in self.tensors().items()}, offset=self.offset)

    def without_offset(self) -> Factors:
        """The same predictions with the offset inside the biases, half in each, as a sheet needs it."""
        if not self.offset:
            return self
        return replace(self, user_bias=self.user_bias + self.offset / 2,
                       item_bias=self.item_bias + self.offset / 2, offset=0.0)

    @property
    def n_factors(self) -> int:
        return self.user.shape[1]
