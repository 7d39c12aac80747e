"""The torch calls that formulas were compiled to, and running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

INPUT = 0  # the number of the tensor that holds all changing cells


class TorchProgram:
    """Grows while formulas are compiled: every tensor has a number, 0 is the vector of changing cells."""

    def __init__(self) -> None:
        self._constants: dict[int, Tensor] = {}
        self._steps: list[tuple[Callable, tuple[int, ...], int]] = []
        self._count = 1

    def constant(self, array: np.ndarray) -> int:
        """Numbers or a mask that are the same in every run; what is only stretched is kept once."""
        array = np.asarray(array)
        array = array[tuple(slice(0, 1) if stride == 0 and size > 1 else slice(None)
                            for size, stride in zip(array.shape, array.strides))]
        number = self._next()
        self._constants[number] = torch.from_numpy(np.array(array))
        return number

    def step(self, call: Callable[..., Tensor], *tensors: int) -> int:
        """The tensor that `call` will make of others."""
        number = self._next()
        self._steps.append((call, tensors, number))
        return number

    def recorded(self, output: int) -> Recorded:
        """What leads to `output`, and nothing that was given up on the way."""
        needed, steps = {output}, []
        for call, tensors, number in reversed(self._steps):
            if number in needed:
                needed.update(tensors)
                steps.append((call, tensors, number))
        constants = {number: tensor for number, tensor in self._constants.items() if number in needed}
        return Recorded(constants, tuple(reversed(steps)), output)

    def _next(self) -> int:
        self._count += 1
        return self._count - 1


@dataclass(frozen=True, eq=False)
class Recorded:
    """A finished program."""

    constants: dict[int, Tensor]
    steps: Sequence[tuple[Callable, tuple[int, ...], int]]
    output: int

    def run(self, x: Tensor) -> Tensor:
        held = {INPUT: x, **self.constants}
        for call, tensors, number in self.steps:
            held[number] = call(*[held[tensor] for tensor in tensors])
        return held[self.output]
