"""The torch calls that formulas were compiled to, and running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pyxl.grid.cells import Cell

CATCHES, ASKS, CHOOSES, INSIDE = "IFERROR", "ISERROR", "IF", "CHOOSE"     # what steps do with errors, and that may give one
INPUT = 0  # the number of the tensor that holds all changing cells


@dataclass(frozen=True, eq=False)
class ProgramStep:
    """The tensor `output` is what `call` makes of the tensors `inputs`; `place` is the cell whose formula asks for it.
    `does` names the function where the step is MATCH, catches errors or asks for them, chooses, or rounds its only input (INT, ROUND …), with the
    digits that it leaves. `jumps` are (keys, values), each (rows, columns, keys), of a step that gives the value of the last key that is not
    larger than its input."""

    call: Callable[..., Tensor]
    inputs: tuple[int, ...]
    output: int
    place: tuple[str, Cell] | None
    does: tuple[str, float] | None = None
    jumps: tuple[np.ndarray, np.ndarray] | None = None


class TorchProgram:
    """Grows while formulas are compiled: every tensor has a number, 0 is the vector of changing cells. `place` is the cell
    that is being compiled."""

    def __init__(self) -> None:
        self.place: tuple[str, Cell] | None = None
        self._constants: dict[int, Tensor] = {}
        self._steps: list[ProgramStep] = []
        self._count = 1

    def constant(self, array: np.ndarray) -> int:
        """Numbers or a mask that are the same in every run; what is only stretched is kept once."""
        array = np.asarray(array)
        array = array[tuple(slice(0, 1) if stride == 0 and size > 1 else slice(None)
                            for size, stride in zip(array.shape, array.strides))]
        number = self._next()
        self._constants[number] = torch.from_numpy(np.array(array))
        return number

    def step(self, call: Callable[..., Tensor], *tensors: int, does: tuple[str, float] | None = None,
             jumps: tuple[np.ndarray, np.ndarray] | None = None) -> int:
        """The tensor that `call` will make of others."""
        number = self._next()
        self._steps.append(ProgramStep(call, tensors, number, self.place, does, jumps))
        return number

    def recorded(self, output: int) -> Recorded:
        """What leads to `output`, and nothing that was given up on the way."""
        needed, steps = {output}, []
        for step in reversed(self._steps):
            if step.output in needed:
                needed.update(step.inputs)
                steps.append(step)
        constants = {number: tensor for number, tensor in self._constants.items() if number in needed}
        return Recorded(constants, tuple(reversed(steps)), output)

    def _next(self) -> int:
        self._count += 1
        return self._count - 1


@dataclass(frozen=True, eq=False)
class Recorded:
    """A finished program."""

    constants: dict[int, Tensor]
    steps: Sequence[ProgramStep]
    output: int

    def on(self, device: torch.device | str) -> Recorded:
        """The same program for changing cells on this device."""
        return replace(self, constants={number: tensor.to(device) for number, tensor in self.constants.items()})

    def run(self, x: Tensor) -> Tensor:
        held = {INPUT: x, **self.constants}
        for step in self.steps:
            held[step.output] = step.call(*[held[tensor] for tensor in step.inputs])
        return held[self.output]
