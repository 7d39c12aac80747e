"""Rules for functions of single values, and for those that go in steps."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lanes import BOOLEAN, CONSTANT, NUMBER, Lanes, dynamic
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import NUM, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import Call
from pyxl.formulas.language.values import Area, lift, pack
from pyxl.grid.cells import ErrorValue


def each_lane(call: Callable[..., Tensor], *, harmless: float = 2.0, kink: str = "") -> Callable:
    """A function of numbers, one result for each; `harmless` is a place where it and its derivative are finite."""
    safe = guarded.guarded(call, harmless)

    def rule(here: Interpreter, node: Call) -> Lanes:
        values = [here.value(arg) for arg in node.args]
        if not any(value.dynamic for value in values):
            return here.by_cell(node, here.lanes_of([here.evaluate(arg) for arg in node.args]))
        if kink:
            here.note(f"{node.name} {kink}")
        return here.elementwise(safe, *values)
    return rule


def in_steps(here: Interpreter, node: Call) -> Lanes:
    """ROUND, MATCH, RANK …: the evaluator's own function at every run; its derivative is 0 where it has one."""
    function = FUNCTIONS.get(node.name)
    plan = function.plan(len(node.args)) if function else None
    if function is None or plan is None or function.here or "x" in plan[0]:
        raise Unsupported(f"{node.name} of cells that depend on the changing cells is not compiled.")
    letters, lifted, call = plan
    found = [(here.value if letter in "ntibv" else here.in_array().evaluate)(arg)
             for letter, arg in zip(letters, node.args)]
    if not here.dynamic(*found):
        return here.by_cell(node, here.lanes_of(found))
    here.note(f"{node.name} goes in steps: its derivative is taken as 0")
    args = [here.read(arg) for arg in found]
    lanes = np.broadcast_shapes(*(arg.shape[:2] for arg in args))
    inner = np.broadcast_shapes(*(args[i].shape[2:] for i in lifted)) if lifted else (1, 1)
    shape = (*lanes, *inner)

    def run(*tensors: Tensor) -> Tensor:
        given = iter(tensors)
        now = [values_now(arg, next(given).detach().numpy() if arg.dynamic else None) for arg in args]
        if all(letter in "ntibv" for letter in letters):
            results = lift(call, [np.broadcast_to(value, shape).reshape(-1, 1) for value in now], lifted, function.vector)
        else:
            results = [_one(call, lifted, letters, [np.broadcast_to(value, (*lanes, *value.shape[2:]))[place]
                                                    for value in now]) for place in np.ndindex(lanes)]
        numbers = [math.nan if isinstance(value, (ErrorValue, str, type(None))) else float(value)
                   for value in np.asarray(results, dtype=object).ravel()]
        return torch.tensor(numbers, dtype=torch.float64).reshape(shape)
    moving = [arg.tensor for arg in args if arg.tensor is not None]
    tensor = here.program.step(guarded.point_by_point(run), *moving, does=_rounding(node.name, args))
    return dynamic(tensor, shape, BOOLEAN if node.name.startswith("IS") else NUMBER)


def _rounding(name: str, args: list[Lanes]) -> tuple[str, float] | None:
    """The function and its digits, where it rounds what changes to as many digits in every lane."""
    if name not in ("INT", "ROUND", "ROUNDDOWN", "ROUNDUP", "TRUNC") or not args[0].dynamic or any(arg.dynamic for arg in args[1:]):
        return None
    digits = args[1].const if len(args) > 1 else np.zeros(1)
    alike = digits.dtype != object and bool((digits == digits.flat[0]).all())
    return (name, float(digits.flat[0])) if alike else None


def values_now(arg: Lanes, tensor: np.ndarray | None) -> np.ndarray:
    """An argument with the values of this run in it; an error is `#NUM!`, whichever it was."""
    if tensor is None:
        return arg.const
    finite = np.isfinite(tensor)
    if (arg.kinds == NUMBER).all() and finite.all():
        return np.broadcast_to(tensor, arg.shape)
    values = np.where(arg.kinds == CONSTANT, arg.const.astype(object), tensor)
    values = np.where(arg.kinds == BOOLEAN, tensor != 0, values)
    wrong = np.broadcast_to(~finite, arg.shape)
    values[wrong] = [ErrorValue(NUM)] * int(wrong.sum())
    return pack(values.ravel().tolist(), (-1, 1)).reshape(arg.shape)


def _area_of(values: np.ndarray) -> Area:
    """An area that no sheet has, with these values."""
    return Area("", (1, 1, values.shape[0], values.shape[1]), lambda sheet, box: values)


def _one(call: Callable, lifted, letters: str, args: list[np.ndarray]):
    """The result for one cell; an array of one element is a scalar where one is meant."""
    prepared = [_area_of(arg) if letter == "r" else arg.item() if letter != "a" and arg.size == 1 else arg
                for letter, arg in zip(letters, args)]
    try:
        return lift(call, prepared, lifted)
    except Fault as fault:
        return fault.value


def _logarithm(x: Tensor, base: Tensor | None = None) -> Tensor:
    return x.log10() if base is None else x.log() / torch.where(base > 0, base, torch.nan).log()


ELEMENTWISE_RULES = {
    "ABS": each_lane(torch.abs, kink="has a kink at 0"),
    "ACOS": each_lane(torch.acos, harmless=0.5), "ACOSH": each_lane(torch.acosh),
    "ASIN": each_lane(torch.asin, harmless=0.5), "ASINH": each_lane(torch.asinh),
    "ATAN": each_lane(torch.atan), "ATAN2": each_lane(lambda x, y: torch.atan2(y, x)), "ATANH": each_lane(torch.atanh, harmless=0.5),
    "COS": each_lane(torch.cos), "COSH": each_lane(torch.cosh),
    "DEGREES": each_lane(torch.rad2deg), "RADIANS": each_lane(torch.deg2rad),
    "EXP": each_lane(torch.exp),
    "LN": each_lane(torch.log), "LOG": each_lane(_logarithm), "LOG10": each_lane(torch.log10),
    "MOD": each_lane(lambda x, by: x - by * (x / by).floor().detach(), kink="jumps where the quotient is whole"),
    "POWER": each_lane(guarded.safe_power),
    "SIN": each_lane(torch.sin), "SINH": each_lane(torch.sinh),
    "SQRT": each_lane(guarded.sqrt),
    "SQRTPI": each_lane(lambda x: guarded.sqrt(x * math.pi)),
    "TAN": each_lane(torch.tan), "TANH": each_lane(torch.tanh),
    **dict.fromkeys(("CEILING", "CEILING.MATH", "CEILING.PRECISE", "COUNTBLANK", "EVEN", "FLOOR", "FLOOR.MATH", "FLOOR.PRECISE", "INT", "ISO.CEILING", "ISEVEN", "ISODD",
                     "MROUND", "ODD", "QUOTIENT", "RANK", "RANK.AVG", "RANK.EQ", "ROUND", "ROUNDDOWN",
                     "ROUNDUP", "SIGN", "TRUNC"), in_steps),
}
