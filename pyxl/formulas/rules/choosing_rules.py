"""Rules for what chooses and asks: IF, IFERROR, CHOOSE, AND, OR, NOT, IS…"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import (
    BOOLEAN,
    CONSTANT,
    NUMBER,
    LaneAreas,
    Lanes,
    Split,
    are_errors,
    are_none,
    are_numbers,
    dynamic,
    uniform,
)
from pyxl.formulas.compiled.torch_program import ASKS, CATCHES, CHOOSES
from pyxl.formulas.language.formula_errors import NA, VALUE, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import Call, Literal, Node, walk
from pyxl.formulas.language.values import logical

from .moving_place_rules import choose_by_changing
from .sums.sum_rules import readable, sample

_LOOK_UP = {"MATCH", "XMATCH", "LOOKUP", "VLOOKUP", "HLOOKUP", "XLOOKUP", "NA"}
_CHOOSE = {"IF", "IFERROR", "IFNA", "CHOOSE", "INDEX"}


def if_(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    condition = here.value(node.args[0])
    branches = node.args[1], node.args[2] if len(node.args) > 2 else Literal(False)
    if condition.dynamic:
        return _by_changing_condition(here, condition, branches)
    truth, faults = _truth(condition.const)
    alone = condition.shape[2:] == (1, 1)
    if alone and faults is None and (truth.all() or not truth.any()):
        return here.evaluate(branches[0 if truth.all() else 1])
    keys = np.where(are_none(faults), truth, 2)[:, :, 0, 0] if faults is not None else truth[:, :, 0, 0]
    if alone and (faults is not None or not here.batch.masks) and uniform(keys) == 2 and faults is not None:
        raise Fault(faults.flat[0])
    try:
        yes, no = map(here.value, branches)
    except Unsupported:  # perhaps only in cells that take the other branch
        uniform(keys)
        raise
    if alone and yes.shape[2:] != no.shape[2:]:
        raise Split(keys)
    return here.with_faults(here.choose(truth, yes, no), faults)


def _by_changing_condition(here: Interpreter, condition: Lanes, branches: tuple[Node, Node]) -> Lanes:
    here.note("IF on a condition that changes has no derivative where the condition turns")
    yes, no = map(here.value, branches)
    for lanes in (yes, no):
        if lanes.const.dtype == object and not (are_numbers(lanes.const) | are_none(lanes.const)
                                                | are_errors(lanes.const) | (lanes.kinds != CONSTANT)).all():
            raise Unsupported("IF chooses between text and numbers by a condition that depends on the changing "
                              "cells. Give a number in both cases.")
    both = all(lanes.const.dtype == bool or (lanes.kinds == BOOLEAN).all() for lanes in (yes, no))
    (test, wrong), *parts = map(here.numeric, (condition, yes, no))
    tensors = [_with_nan(here, *part) for part in parts]
    chosen = here.program.step(lambda c, a, b: torch.where(c.isnan(), torch.nan, torch.where(c != 0, a, b)),
                               test, *tensors, does=(CHOOSES, 0.0))
    return here.with_faults(dynamic(chosen, here.common(condition, yes, no), BOOLEAN if both else NUMBER), wrong)


def _with_nan(here: Interpreter, tensor: int, faults: np.ndarray | None) -> int:
    """An error in a branch that may be chosen: NaN."""
    if faults is None:
        return tensor
    return here.program.step(lambda bad, t: torch.where(bad, torch.nan, t),
                             here.program.constant(~are_none(faults)), tensor)


def if_error(only: str | None = None) -> Callable:
    """IFERROR, or IFNA, which catches `only` that error. Which error a changing number is, is not known: a lookup gives #N/A, and so may
    what a cell holds; other functions give others, which are not caught."""
    def rule(here: Interpreter, node: Call) -> Lanes | LaneAreas:
        found = here.evaluate(node.args[0])
        value = here.value(node.args[0])
        wrong = are_errors(value.const) & (value.kinds == CONSTANT)
        if only is not None:
            wrong = wrong & (value.const == only)
        may_fail = value.dynamic and (only is None or _may_be_missing(node.args[0]))
        if not wrong.any() and not may_fail:
            return found
        if wrong.all():
            return here.evaluate(node.args[1])
        other = here.value(node.args[1])
        if may_fail and (other.dynamic or are_numbers(other.const).all()):
            shape = here.common(value, other)
            tensors = [here.numeric(lanes)[0] for lanes in (value, other)]
            caught = here.program.step(lambda a, b: torch.where(a.isfinite(), a, b), *tensors, does=(CATCHES, 0.0))
            kind = np.broadcast_to(np.where(value.kinds == CONSTANT, NUMBER, value.kinds), shape).astype(np.int8)
            value = Lanes(np.broadcast_to(np.zeros(()), shape), kind, caught) if not wrong.any() else \
                Lanes(value.const, value.kind, caught)
        elif may_fail:
            here.note("IFERROR that gives text is not followed into an error at other values of the changing cells")
        return here.choose(wrong, other, value) if wrong.any() else value
    return rule


def _may_be_missing(node: Node) -> bool:
    """Whether an expression may give #N/A: it looks something up, or has no function but such as choose, and takes what cells hold."""
    called = {part.name for part in walk(node) if isinstance(part, Call)} - _CHOOSE
    return not called or bool(called & _LOOK_UP)


def choose(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    index = here.value(node.args[0])
    if index.dynamic:
        return choose_by_changing(here, index, node.args[1:])
    place = uniform(np.trunc(here.numbers(index)[:, :, 0, 0]))
    if not 1 <= place < len(node.args):
        raise Fault(VALUE)
    return here.evaluate(node.args[int(place)])


def judged(call: Callable) -> Callable:
    """AND, OR, XOR of all that is a number or a boolean."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        found = [here.evaluate(arg) for arg in node.args]
        if not here.dynamic(*found):
            return here.by_cell(node, here.lanes_of(found))
        parts = [sample(here, arg, booleans=True) for arg in found]
        lanes = np.broadcast_shapes(*(part.counts.shape[:2] for part in parts))
        steps = []
        for part in parts:
            counts = here.program.constant(part.counts)
            steps.append(here.program.step(lambda x, m: call(x, m).expand(lanes), part.tensor, counts))
        together = here.program.step(
            lambda *found: call(torch.stack(found, -1), torch.ones((), dtype=torch.bool))[..., None, None], *steps)
        return here.with_faults(dynamic(together, (*lanes, 1, 1), BOOLEAN), *(part.faults for part in parts))
    return rule


def all_true(x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return ((x != 0) | ~counts).all(-1).to(x.dtype)


def any_true(x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return ((x != 0) & counts).any(-1).to(x.dtype)


def odd_true(x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return ((x != 0) & counts).sum(-1).remainder(2).to(x.dtype)


def not_(here: Interpreter, node: Call) -> Lanes:
    operand = here.value(node.args[0])
    if not operand.dynamic:
        return here.by_cell(node, here.lanes_of([here.evaluate(node.args[0])]))
    return here.elementwise(lambda x: (x == 0).to(x.dtype), operand, kind=BOOLEAN)


def asks(of_dynamic: Callable[[torch.Tensor], torch.Tensor] | None) -> Callable:
    """ISNUMBER and its kin: `of_dynamic` answers for a changing number; None: never."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        value = here.value(node.args[0])
        if value.tensor is None:
            return here.by_cell(node, here.lanes_of([here.evaluate(node.args[0])]))
        if not (value.kinds == NUMBER).all():
            raise Unsupported(f"{node.name} of constants and changing cells together is not compiled.")
        if of_dynamic is None:
            return Lanes(np.broadcast_to(np.array(False), value.shape))
        return dynamic(here.program.step(lambda x: of_dynamic(x).to(x.dtype), value.tensor, does=(ASKS, 0.0)), value.shape, BOOLEAN)
    return rule


def as_number(here: Interpreter, node: Call) -> Lanes:
    """N: booleans as 1 and 0, text as 0; of a range its first cell."""
    found = here.evaluate(node.args[0])
    value = here.read(LaneAreas(found.sheet, found.top, found.left, 1, 1) if isinstance(found, LaneAreas) else found)
    wrong = are_errors(value.const)
    numbers = Lanes(readable(value.const), value.kind, value.tensor)
    if value.dynamic:
        kind = np.where(value.kinds == BOOLEAN, NUMBER, value.kinds).astype(np.int8)
        numbers = Lanes(numbers.const, kind, here.numeric(numbers)[0])
    return here.choose(wrong, value, numbers) if wrong.any() else numbers


def _truth(const: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Constants as conditions, and the errors of those that are none, or None."""
    if const.dtype != object:
        return const.astype(bool), None
    truth, faults = np.zeros(const.shape, dtype=bool), np.full(const.shape, None, dtype=object)
    for place, value in np.ndenumerate(const):
        try:
            truth[place] = logical(value)
        except Fault as fault:
            faults[place] = fault.value
    return truth, faults if (~are_none(faults)).any() else None


CHOOSING_RULES = {
    "AND": judged(all_true), "OR": judged(any_true), "XOR": judged(odd_true), "NOT": not_,
    "CHOOSE": choose, "IF": if_, "IFERROR": if_error(), "IFNA": if_error(NA),
    "ISBLANK": asks(None), "ISTEXT": asks(None), "ISNUMBER": asks(torch.isfinite),
    "N": as_number,
    "ISERROR": asks(lambda x: ~x.isfinite()), "ISERR": asks(lambda x: ~x.isfinite()), "ISNA": asks(lambda x: ~x.isfinite()), "ISLOGICAL": asks(None),
}
