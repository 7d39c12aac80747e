"""Steps of a program that work on lanes: numbers of them, choices between them, errors laid over them."""

from __future__ import annotations

import numpy as np
import torch

from pyxl.formulas.compiled.torch_program import TorchProgram
from pyxl.formulas.language.formula_errors import NA, Fault, Unsupported
from pyxl.formulas.language.values import number, pack
from pyxl.grid.cells import ErrorValue

from .lanes import CONSTANT, NUMBER, Lanes, are_blank, are_none, are_numbers, as_numbers, dynamic, uniform


class LaneSteps:
    """Writes into `program`."""

    def __init__(self, program: TorchProgram):
        self.program = program

    def numeric(self, lanes: Lanes) -> tuple[int, np.ndarray | None]:
        """(a tensor of the lanes as numbers in arithmetic, error values where there is none, or None)."""
        const, kind = lanes.const, lanes.kinds
        if const.dtype == float:
            return (self.program.constant(const) if lanes.tensor is None else lanes.tensor), None
        faults: np.ndarray | None = None
        numbers = as_numbers(const)
        if const.dtype == bool:
            numbers = np.where(kind == CONSTANT, const, 0.0).astype(float)
        else:
            odd = (kind == CONSTANT) & ~are_numbers(const)
            coerced = list(map(_coerced, const[odd].tolist()))
            numbers[odd] = [0.0 if isinstance(value, ErrorValue) else value for value in coerced]
            if any(isinstance(value, ErrorValue) for value in coerced):
                faults = np.full(const.shape, None, dtype=object)
                faults[odd] = [value if isinstance(value, ErrorValue) else None for value in coerced]
        fixed = self.program.constant(numbers)
        if lanes.tensor is None:
            return fixed, faults
        if (numbers == as_numbers(const)).all():
            return lanes.tensor, faults
        return self.program.step(torch.where, self.program.constant(kind != CONSTANT), lanes.tensor, fixed), faults

    def numbers(self, lanes: Lanes) -> np.ndarray:
        """Constants as numbers in arithmetic; raises Fault where there is none."""
        if lanes.const.dtype == float:
            return lanes.const
        coerced = list(map(_coerced, lanes.const.ravel().tolist()))
        wrong = np.array([isinstance(value, ErrorValue) for value in coerced]).reshape(lanes.shape)
        if uniform(np.any(wrong, (2, 3))):
            raise Fault(next(value for value in coerced if isinstance(value, ErrorValue)))
        return np.array(coerced, dtype=float).reshape(lanes.shape)

    def elementwise(self, call, *operands: Lanes, kind: int = NUMBER) -> Lanes:
        """A torch function of numbers, element by element; an error among the operands stays that error."""
        shape = self.common(*operands)
        tensors, faults = zip(*map(self.numeric, operands))
        result = dynamic(self.program.step(call, *tensors), shape, kind)
        return self.with_faults(result, *faults)

    def with_faults(self, lanes: Lanes, *faults: np.ndarray | None) -> Lanes:
        """The lanes with constant errors laid over them, of several the first."""
        if all(fault is None for fault in faults):
            return lanes
        merged = np.full(lanes.shape, None, dtype=object)
        for fault in [fault for fault in faults[::-1] if fault is not None]:
            merged = np.where(are_none(fault), merged, fault)
        wrong = ~are_none(merged)
        if not wrong.any():
            return lanes
        const = np.where(wrong, merged, lanes.const)
        kind = np.where(wrong, CONSTANT, lanes.kinds).astype(np.int8)
        if not kind.any() or lanes.tensor is None:
            return Lanes(pack(const.ravel().tolist(), (-1, 1)).reshape(const.shape))
        return Lanes(const, kind, self.program.step(
            lambda keep, t: torch.where(keep, t, 0.0), self.program.constant(~wrong), lanes.tensor))

    def common(self, *operands: Lanes) -> tuple[int, ...]:
        """The shape that all are stretched to."""
        try:
            return np.broadcast_shapes(*(lanes.shape for lanes in operands))
        except ValueError:
            raise Unsupported("arrays of different sizes are not compiled. Make them equally large.") from None

    def choose(self, condition: np.ndarray, yes: Lanes, no: Lanes) -> Lanes:
        """`yes` or `no` by a mask of constants."""
        shape = self.common(Lanes(condition), yes, no)
        of_yes, of_no = yes.const, no.const
        if of_yes.dtype != of_no.dtype:
            of_yes, of_no = of_yes.astype(object), of_no.astype(object)
        const = np.broadcast_to(np.where(condition, of_yes, of_no), shape)
        if not (yes.dynamic or no.dynamic):
            return Lanes(const)
        kind = np.broadcast_to(np.where(condition, yes.kinds, no.kinds), shape)
        tensors = [self.program.constant(as_numbers(lanes.const)) if lanes.tensor is None else lanes.tensor for lanes in (yes, no)]
        return Lanes(const, kind, self.program.step(torch.where, self.program.constant(condition), *tensors))

    def filling(self, result: Lanes, block: tuple[int, int]) -> Lanes:
        """What a formula's result shows in its cell, or in all cells of its block; a blank shows as 0."""
        const, kind, tensor = result.const, result.kinds, result.tensor
        *_, height, width = result.shape
        if block == (1, 1) and (height, width) != (1, 1) or height > block[0] or width > block[1]:
            part = np.s_[:, :, :block[0], :block[1]]
            const, kind = const[part], kind[part]
            tensor = tensor and self.program.step(lambda t: t[part], tensor)
        shown = (*result.shape[:2], *block)
        if any(have not in (1, size) for have, size in zip(const.shape[2:], block)):
            more = [(0, 0), (0, 0), *((0, 0 if have == 1 else size - have) for have, size in zip(const.shape[2:], block))]
            const = np.pad(const.astype(object), more, constant_values=np.array(None))
            missing = np.pad(np.zeros(kind.shape, bool), more, constant_values=True)
            const[missing] = [ErrorValue(NA)] * int(missing.sum())  # one alone would become plain text
            inner, (down, across) = kind.shape[2:], (end for _, end in more[2:])
            kind = np.pad(kind, more)
            tensor = tensor and self.program.step(
                lambda t: torch.nn.functional.pad(t.expand(*t.shape[:2], *inner), [0, across, 0, down]), tensor)
        const, kind = np.broadcast_to(const, shown), np.broadcast_to(kind, shown)
        if const.dtype == object:
            const = np.where(are_blank(const), 0.0, const)
            const = pack(const.ravel().tolist(), (-1, 1)).reshape(shown)
        return Lanes(const, kind if tensor is not None and kind.any() else None, tensor)


def _coerced(value):
    try:
        return number(value)
    except Fault as fault:
        return fault.value
