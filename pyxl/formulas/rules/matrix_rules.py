"""Rules for matrices: MMULT, TRANSPOSE, MINVERSE, MDETERM."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lanes import CONSTANT, Lanes, are_numbers, dynamic, uniform
from pyxl.formulas.language.formula_errors import VALUE, Fault
from pyxl.formulas.language.syntax.nodes import Call


def _matrices(here: Interpreter, node: Call) -> list[Lanes] | None:
    """The arguments as arrays of numbers; None when they are constants. Anything but numbers is ``#VALUE!``."""
    found = [here.evaluate(arg) for arg in node.args]
    if not here.dynamic(*found):
        return None
    matrices = [here.read(arg) for arg in found]
    for matrix in matrices:
        numbers = (matrix.kinds != CONSTANT) | are_numbers(matrix.const)
        if not uniform(numbers.all((2, 3))):
            raise Fault(VALUE)
    return matrices


def mmult(here: Interpreter, node: Call) -> Lanes:
    here = here.in_array()
    if (matrices := _matrices(here, node)) is None:
        return here.by_cell(node, here.lanes_of([here.evaluate(arg) for arg in node.args]))
    a, b = matrices
    if a.shape[3] != b.shape[2]:
        raise Fault(VALUE)
    lanes = np.broadcast_shapes(a.shape[:2], b.shape[:2])
    tensors = [here.numeric(matrix)[0] for matrix in matrices]
    return dynamic(here.program.step(guarded.product("rchk,rckw->rchw"), *tensors), (*lanes, a.shape[2], b.shape[3]))


def transpose(here: Interpreter, node: Call) -> Lanes:
    found = here.in_array().value(node.args[0])
    kind, tensor = found.kind, found.tensor
    return Lanes(found.const.swapaxes(2, 3), None if kind is None else kind.swapaxes(2, 3),
                 None if tensor is None else here.program.step(lambda t: t.transpose(2, 3), tensor))


def square(call: Callable[[Tensor], Tensor], *, alone: bool) -> Callable:
    """A function of a square matrix: one number (`alone`), or a matrix like it."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        here = here.in_array()
        if (matrices := _matrices(here, node)) is None:
            return here.by_cell(node, here.lanes_of([here.evaluate(arg) for arg in node.args]))
        matrix, = matrices
        *lanes, height, width = matrix.shape
        if height != width:
            raise Fault(VALUE)
        return dynamic(here.program.step(call, here.numeric(matrix)[0]), (*lanes, 1, 1) if alone else matrix.shape)
    return rule


def _inverse(matrix: Tensor) -> Tensor:
    """NaN, and no gradient, where there is none."""
    inverse, info = torch.linalg.inv_ex(matrix)
    bad = (info != 0) | ~inverse.detach().isfinite().all(-1).all(-1)
    if guarded.sure(lambda: ~bad.any()):
        return inverse
    bad = bad[..., None, None]
    one = torch.eye(matrix.shape[-1], dtype=matrix.dtype)
    return torch.where(bad, torch.nan, torch.linalg.inv(torch.where(bad, one, matrix)))


MATRIX_RULES = {
    "MDETERM": square(lambda m: torch.linalg.det(m)[..., None, None], alone=True),
    "MINVERSE": square(_inverse, alone=False),
    "MMULT": mmult,
    "TRANSPOSE": transpose,
}
