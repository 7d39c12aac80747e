"""Excel's operators on lanes: constants by the evaluator's own rules, all else as torch functions."""

from __future__ import annotations

import numpy as np
import torch

from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.operators import operate
from pyxl.formulas.language.values import pack

from . import guarded
from .lane_steps import LaneSteps
from .lanes import BOOLEAN, CONSTANT, Lanes, are_blank, are_errors, are_numbers, as_numbers


def unary(here: LaneSteps, op: str, operand: Lanes) -> Lanes:
    if op == "+":
        return operand
    if not operand.dynamic:
        return _constant(op, operand)
    return here.elementwise(torch.neg if op == "-" else lambda x: x / 100, operand)


def binary(here: LaneSteps, op: str, left: Lanes, right: Lanes) -> Lanes:
    """An operator between two values; `&` only of constants."""
    if not (left.dynamic or right.dynamic):
        here.common(left, right)
        return _constant(op, left, right)
    if op == "&":
        raise Unsupported("'&' makes text of a number that depends on the changing cells. "
                          "Take the number itself to where it is needed.")
    if op in COMPARISON_CALLS:
        return _compared(here, op, left, right)
    if op == "^" and not right.dynamic and right.const.dtype == float and right.const.size == 1:
        return here.elementwise(guarded.power_of(float(right.const.flat[0])), left)
    if op == "*" and not (left.dynamic and right.dynamic) or op == "/" and not right.dynamic and as_numbers(right.const).all():
        return here.elementwise(_BY_CONSTANTS[op], left, right)
    return here.elementwise(_ARITHMETIC[op], left, right)


def _compared(here: LaneSteps, op: str, left: Lanes, right: Lanes) -> Lanes:
    texts = [lanes.const.dtype != float and not (are_numbers(lanes.const) | are_blank(lanes.const)).all()
             for lanes in (left, right)]
    if not any(texts) and not ((left.kinds == BOOLEAN).any() or (right.kinds == BOOLEAN).any()):
        return here.elementwise(COMPARISON_CALLS[op], left, right, kind=BOOLEAN)
    # A number is less than any text, a text less than any boolean: constants, whatever the number is.
    shape = here.common(left, right)
    values = [np.broadcast_to(_in_place(lanes), shape) for lanes in (left, right)]
    ranks = [np.broadcast_to(_ranks(lanes), shape) for lanes in (left, right)]
    known = (ranks[0] != ranks[1]) | ((left.kinds == CONSTANT) & (right.kinds == CONSTANT))
    wrong = (are_errors(left.const) | are_errors(right.const))
    answer = _constant(op, Lanes(values[0]), Lanes(values[1]))
    if (known | wrong).all():
        return answer
    numbers = [Lanes(np.where(rank == 1, 0.0, lanes.const), lanes.kind, lanes.tensor)
               for rank, lanes in zip(ranks, (left, right))]
    return here.choose(known | wrong, answer,
                       here.elementwise(COMPARISON_CALLS[op], *map(_loosened, numbers), kind=BOOLEAN))


def _in_place(lanes: Lanes) -> np.ndarray:
    """Constants, with a 0 or FALSE where a dynamic number or boolean stands."""
    return np.where(lanes.kinds == BOOLEAN, False, lanes.const.astype(object))


def _ranks(lanes: Lanes) -> np.ndarray:
    """0 number or blank, 1 text, 2 boolean."""
    def rank(value) -> int:
        return 2 if isinstance(value, bool) else 1 if isinstance(value, str) else 0
    return np.array(list(map(rank, _in_place(lanes).ravel().tolist()))).reshape(lanes.shape)


def _loosened(lanes: Lanes) -> Lanes:
    const = lanes.const
    return Lanes(np.where(are_errors(const), 0.0, const), lanes.kind, lanes.tensor) if const.dtype == object else lanes


def _constant(op: str, *operands: Lanes) -> Lanes:
    """An operator on constants, by the evaluator's own rules."""
    shape = np.broadcast_shapes(*(lanes.shape for lanes in operands))
    if all(lanes.const.size == 1 for lanes in operands):
        found = operate(op, [lanes.const.item() for lanes in operands])
        return Lanes(pack([found], (1, 1)).reshape(shape))
    flat = [lanes.const.item() if lanes.const.size == 1 else np.broadcast_to(lanes.const, shape).reshape(-1, 1)
            for lanes in operands]
    return Lanes(operate(op, flat).reshape(shape))


def _same(a, b):
    return (a - b).abs() <= 2.0**-49 * b.abs()


def _truth(call):
    """A comparison as 1 and 0; of an error neither."""
    return lambda a, b: torch.where(a.isfinite() & b.isfinite(), call(a, b).to(a.dtype), torch.nan)


_ARITHMETIC = {"+": guarded.add, "-": guarded.subtract, "*": guarded.multiply, "/": guarded.safe_divide, "^": guarded.safe_power}
_BY_CONSTANTS = {"*": torch.mul, "/": torch.div}  # their derivatives are finite everywhere
COMPARISON_CALLS = {"=": _truth(_same), "<>": _truth(lambda a, b: ~_same(a, b)),
                "<": _truth(lambda a, b: (a < b) & ~_same(a, b)), ">": _truth(lambda a, b: (a > b) & ~_same(a, b)),
                "<=": _truth(lambda a, b: (a <= b) | _same(a, b)), ">=": _truth(lambda a, b: (a >= b) | _same(a, b))}

COMPARED_BY = {call: op for op, call in COMPARISON_CALLS.items()}  # what a step of a program calls -> the operator
