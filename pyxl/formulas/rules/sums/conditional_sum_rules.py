"""Rules for sums and counts over cells that fit a condition: SUMIF(S), AVERAGEIF(S), COUNTIF(S), MINIFS, MAXIFS; COUNT."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lane_operators import COMPARISON_CALLS
from pyxl.formulas.compiled.lanes.lanes import BOOLEAN, CONSTANT, NUMBER, LaneAreas, Lanes, are_none, are_numbers, dynamic
from pyxl.formulas.functions.cells.criteria import criterion, read_criterion
from pyxl.formulas.language.formula_errors import VALUE, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import Call, Node
from pyxl.formulas.rules.elementwise_rules import values_now

from .statistics_rules import extreme
from .sum_rules import Sample, reduced, sample


def count_numbers(here: Interpreter, node: Call) -> Lanes:
    """How many numbers: known when compiling, so that what is chosen by it is too. An error that the changing cells
    bring about later is counted, which Excel would not."""
    found = [here.evaluate(arg) for arg in node.args]
    if not here.dynamic(*found):
        return here.by_cell(node, here.lanes_of(found))
    parts = [_numbers(here, arg) for arg in found]
    lanes = np.broadcast_shapes(*(part.shape[:2] for part in parts))
    return Lanes(_added([part.sum((2, 3)) for part in parts], lanes))


def _numbers(here: Interpreter, found: Lanes | LaneAreas) -> np.ndarray:
    lanes = here.read(found)
    written = isinstance(found, Lanes) and lanes.shape[2:] == (1, 1)  # as an argument itself a boolean counts
    return ((lanes.kinds == CONSTANT) & (are_numbers(lanes.const) | (written and lanes.const.dtype == bool))) | (
        lanes.kinds == NUMBER) | (written and lanes.kinds == BOOLEAN)


def count_all(here: Interpreter, node: Call) -> Lanes:
    """How many cells that are not blank."""
    found = [here.evaluate(arg) for arg in node.args]
    parts = [here.read(arg) for arg in found]
    filled = [(part.kinds != CONSTANT) | ~are_none(part.const) | np.full(
        part.shape, isinstance(arg, Lanes)) for part, arg in zip(parts, found)]
    lanes = np.broadcast_shapes(*(part.shape[:2] for part in filled))
    return Lanes(_added([part.sum((2, 3)) for part in filled], lanes))


def _added(counts: list[np.ndarray], lanes: tuple[int, ...]) -> np.ndarray:
    """(rows, columns, 1, 1) float64: the sum of counts by lane."""
    total = np.zeros(lanes)
    for count in counts:
        total += count
    return total[:, :, None, None]


def where_fits(call: Callable[[Tensor, Tensor | None, Tensor], Tensor], taken: int | None) -> Callable:
    """A function ``call(x, counts, n)`` of the numbers that stand where conditions hold; argument `taken` has the
    numbers (None: the cells themselves are counted), pairs of range and condition are the others.

    With `taken` -1 the last argument has them, or the tested range itself (SUMIF).
    """
    def rule(here: Interpreter, node: Call) -> Lanes:
        args = list(node.args)
        numbers = _numbers_of(here, args, taken)
        tests = [(here.in_array().evaluate(area), here.value(wanted)) for area, wanted in zip(args[::2], args[1::2])]
        found = [part for test in tests for part in test] + ([] if numbers is None else [numbers])
        if not here.dynamic(*found):
            return here.by_cell(node, here.lanes_of(found))
        if not all(isinstance(area, LaneAreas) for area, _ in tests):
            raise Fault(VALUE)
        shapes = {here.read(area).shape[2:] for area, _ in tests}
        if len(shapes) > 1 or numbers is not None and here.read(numbers).shape[2:] not in shapes:
            raise Fault(VALUE)
        constant = np.ones((1, 1, int(np.prod(shapes.pop()))), dtype=bool)
        changing = []
        for area, wanted in tests:
            if here.dynamic(area, wanted):
                here.note(f"{node.name} with a condition on changing cells has no derivative where it turns")
                changing.append(_fits_at_run(here, here.read(area), wanted))
            else:
                constant = constant & _fits(here.read(area).const, wanted.const)
        if numbers is None:
            ones = np.ones((1, 1, constant.shape[-1]))
            given = Sample(here.program.constant(ones), constant, ones == 0, None)
        else:
            given = sample(here, here.read(numbers), as_range=True)
            counts = given.counts & constant
            given = Sample(given.tensor, counts, given.zeros, _only_where(given.faults, counts))
        return _reduced(here, call, given, changing)
    return rule


def _numbers_of(here: Interpreter, args: list[Node], taken: int | None) -> Lanes | LaneAreas | None:
    """The cells that are summed, taken out of the arguments."""
    if taken is None:
        return None
    if taken == 0:
        return here.in_array().evaluate(args.pop(0))
    tested = here.in_array().evaluate(args[0])
    if len(args) < 3:
        return tested
    found = here.in_array().evaluate(args.pop())
    if not (isinstance(found, LaneAreas) and isinstance(tested, LaneAreas)):
        raise Fault(VALUE)
    return LaneAreas(found.sheet, found.top, found.left, tested.height, tested.width)  # as many as are tested


def _reduced(here: Interpreter, call: Callable, given: Sample, changing: list[int]) -> Lanes:
    lanes = np.broadcast_shapes(given.counts.shape[:2])
    counts = here.program.constant(given.counts)

    def run(x: Tensor, counts: Tensor, *more: Tensor) -> Tensor:
        for mask in more:
            counts = counts & mask
        return call(torch.where(counts, x, 0.0), counts, counts.sum(-1).to(x.dtype))
    if not changing:
        return reduced(here, lambda x, m, n: call(guarded.where_counted(m, x), m, n), given)
    step = here.program.step(guarded.guarded_reduction(run), given.tensor, counts, *changing)
    return here.with_faults(dynamic(step, (*lanes, 1, 1)), given.faults)


def _only_where(faults: np.ndarray | None, counts: np.ndarray) -> np.ndarray | None:
    if faults is None:
        return None
    raise Unsupported("a conditional sum over cells with errors is not compiled. Mend these cells.")


def _fits(tested: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(rows, columns, cells): where constants fit each lane's condition."""
    lanes = np.broadcast_shapes(tested.shape[:2], wanted.shape[:2])
    cells = np.broadcast_to(tested.reshape(*tested.shape[:2], -1), (*lanes, tested.shape[2] * tested.shape[3]))
    conditions = np.broadcast_to(wanted[:, :, 0, 0], lanes)
    holds = np.empty(cells.shape, dtype=bool)
    for lane in np.ndindex(lanes):
        condition = conditions[lane]
        fits = criterion(condition.item() if isinstance(condition, (np.generic, np.ndarray)) else condition)
        holds[lane] = [fits(value) for value in cells[lane].tolist()]
    return holds


def _fits_at_run(here: Interpreter, tested: Lanes, wanted: Lanes) -> int:
    if (compared := _compared(here, tested, wanted)) is not None:
        return compared
    tensors = [part.tensor for part in (tested, wanted) if part.tensor is not None]

    def run(*tensors: Tensor) -> Tensor:
        given = iter(tensors)
        now = [values_now(part, next(given).detach().numpy() if part.dynamic else None) for part in (tested, wanted)]
        return torch.from_numpy(_fits(*now))
    return here.program.step(guarded.point_by_point(run), *tensors)


def _compared(here: Interpreter, tested: Lanes, wanted: Lanes) -> int | None:
    """The same where numbers are compared with a number for each lane: thousands of points at once, and seen by what asks how formulas
    depend on the changing cells."""
    if any((part.kinds == BOOLEAN).any() or not (are_numbers(part.const) | (part.kinds == NUMBER)).all() for part in (tested, wanted) if part.dynamic):
        return None
    if not tested.dynamic and not are_numbers(tested.const).all():
        return None
    sign, target = "=", wanted
    if not wanted.dynamic:
        read = [read_criterion(value.item() if isinstance(value, np.generic) else value) for value in wanted.const.ravel()]
        signs = {sign for sign, _ in read}
        if len(signs) != 1 or not all(type(number) is float for _, number in read):
            return None
        sign, target = signs.pop(), Lanes(np.array([number for _, number in read]).reshape(wanted.shape))
    held = here.program.step(COMPARISON_CALLS[sign], *(_in_a_row(here, lanes) for lanes in (tested, target)))
    return here.program.step(lambda truth: truth.nan_to_num(0.0) != 0, held)


def _in_a_row(here: Interpreter, lanes: Lanes) -> int:
    """The numbers of each lane along one axis."""
    size = lanes.shape[2:]
    return here.program.step(lambda x: x.expand(*x.shape[:2], *size).reshape(*x.shape[:2], size[0] * size[1]), here.numeric(lanes)[0])


def _average(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return x.sum(-1) / n


def _sum(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return x.sum(-1)


def _count(x: Tensor, counts: Tensor | None, n: Tensor) -> Tensor:
    return n


CONDITIONAL_SUM_RULES = {
    "AVERAGEIF": where_fits(_average, -1), "AVERAGEIFS": where_fits(_average, 0),
    "COUNT": count_numbers, "COUNTA": count_all,
    "COUNTIF": where_fits(_count, None), "COUNTIFS": where_fits(_count, None),
    "MAXIFS": where_fits(extreme(torch.amax, -torch.inf), 0), "MINIFS": where_fits(extreme(torch.amin, torch.inf), 0),
    "SUMIF": where_fits(_sum, -1), "SUMIFS": where_fits(_sum, 0),
}
