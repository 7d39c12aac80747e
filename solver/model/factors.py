"""Factors: the numbers that a fit finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # numbers of a sheet are looked at where torch need not be loaded (`array_factors`)
    import numpy as np
    from torch import Tensor


class TensorLater:
    """An array that becomes a tensor, with the same memory, when somebody asks for it: a saved model answers without torch, the
    slowest of all libraries to load."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray):
        self.array = array


class _Part:
    """A field of `Factors`: the tensor that was put there, or the one that a `TensorLater` becomes."""

    def __init__(self, *, needed: bool):
        self._needed = needed

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, factors: object | None, owner: type | None = None) -> Any:
        if factors is None:     # dataclasses ask for the default
            if self._needed:
                raise AttributeError(self._name)
            return None
        part = vars(factors)[self._name]
        if isinstance(part, TensorLater):
            import torch
            part = vars(factors)[self._name] = torch.from_numpy(part.array)
        return part

    def __set__(self, factors: object, part: object) -> None:
        vars(factors)[self._name] = part


def _part(*, needed: bool = False) -> Any:
    return _Part(needed=needed)


@dataclass(frozen=True, eq=False)
class Factors:
    """The parameters of a model: `user` (n_users, k), `item` (n_items, k), and, where the model
    has them, `user_bias` (n_users,) and `item_bias` (n_items,).

    `offset` is added to every prediction and not learnt: the mean rating in large data, so that
    biases are deviations from it; 0 on a sheet, whose equation has no such term.
    Of `item` the first `given` columns are known beforehand, an item's genres say, and not learnt: what
    `user` has there is how much a user likes them.
    """

    user: Tensor = _part(needed=True)
    item: Tensor = _part(needed=True)
    user_bias: Tensor | None = _part()
    item_bias: Tensor | None = _part()
    offset: float = 0.0
    given: int = 0

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are there, by field name."""
        return {f.name: getattr(self, f.name) for f in fields(self)
                if f.name not in ("offset", "given") and getattr(self, f.name) is not None}

    def arrays(self) -> dict[str, np.ndarray]:
        """The parts that are there as arrays, by field name; those of tensors on the CPU are the tensors' own memory."""
        parts = {f.name: vars(self)[f.name] for f in fields(self) if f.name not in ("offset", "given")}
        return {name: as_array(part) for name, part in parts.items() if part is not None}

    def with_arrays(self, arrays: Mapping[str, np.ndarray], **others: float) -> Factors:
        """The same factors with these arrays in the places of the parts of the same name, and with another `offset` or `given`."""
        return Factors(**vars(self) | {name: TensorLater(array) for name, array in arrays.items()} | others)

    def map(self, function: Callable[[Tensor], Tensor]) -> Factors:
        """The same factors with `function` applied to each tensor."""
        return self.with_tensors({name: function(tensor) for name, tensor in self.tensors().items()})

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> Factors:
        """The same factors with these tensors in the places of those of the same name."""
        return replace(self, **dict[str, Any](tensors))

    def raw(self, users: Tensor | slice, items: Tensor | slice) -> Tensor:
        """x = p_u · q_i + b_u + b_i + offset of the pairs (users[j], items[j]): what stands inside a
        bounded model's sigmoid, and is the prediction of the others."""
        x = (self.user[users] * self.item[items]).sum(1)
        if self.user_bias is not None and self.item_bias is not None:
            x = x + self.user_bias[users] + self.item_bias[items]
        return x + self.offset if self.offset else x

    def raw_table(self) -> Tensor:
        """x of every user (rows) and every item (columns): (n_users, n_items)."""
        x = self.user @ self.item.T
        if self.user_bias is not None and self.item_bias is not None:
            x = x + self.user_bias[:, None] + self.item_bias[None, :]
        return x + self.offset if self.offset else x

    def shapes(self, n_users: int, n_items: int) -> dict[str, tuple[int, ...]]:
        """The shapes that the tensors of so many users and items have, by field name."""
        k = self.n_factors
        return {"user": (n_users, k), "item": (n_items, k), "user_bias": (n_users,), "item_bias": (n_items,)}

    def without_offset(self) -> Factors:
        """The same predictions with the offset inside the biases, half in each, as a sheet needs it."""
        if not self.offset or self.biases is None:      # without biases there is no offset
            return self
        user, item = self.biases
        return replace(self, user_bias=user + self.offset / 2, item_bias=item + self.offset / 2, offset=0.0)

    def balanced(self) -> Factors:
        """The same predictions with given columns as long as what users have there, as learnt ones are: else
        they would count for more, or less, among neighbours and for newcomers."""
        if not self.given:
            return self
        user, item = self.user.clone(), self.item.clone()
        lengths = user[:, :self.given].norm(dim=0), item[:, :self.given].norm(dim=0)
        scale = (lengths[0] / lengths[1]).sqrt()
        scale = scale.where((scale > 0) & scale.isfinite(), 1.0)
        user[:, :self.given] /= scale
        item[:, :self.given] *= scale
        return replace(self, user=user, item=item)

    @property
    def biases(self) -> tuple[Tensor, Tensor] | None:
        """The biases of users and of items, where the model has them."""
        return None if self.user_bias is None or self.item_bias is None else (self.user_bias, self.item_bias)

    @property
    def n_factors(self) -> int:
        part = vars(self)["user"]
        return (part.array if isinstance(part, TensorLater) else part).shape[1]

    @property
    def model(self) -> str:
        """The model that the parts make, where no bounds say that it is a bounded one."""
        return "dot" if vars(self)["user_bias"] is None else "dot+bias"


def tensors_later(arrays: Mapping[str, np.ndarray], *, offset: float = 0.0, given: int = 0) -> Factors:
    """Factors of these arrays, by field name, which become tensors when they are asked for."""
    return Factors(**dict[str, Any]({name: TensorLater(array) for name, array in arrays.items()}), offset=offset, given=given)


def as_array(part: Any) -> np.ndarray:
    """A part as an array, whatever it is: a tensor, an array, or one that is to be a tensor later."""
    if isinstance(part, TensorLater):
        return part.array
    return part.detach().cpu().numpy() if hasattr(part, "detach") else part
