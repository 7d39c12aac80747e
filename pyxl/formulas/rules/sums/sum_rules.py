"""Rules for sums and statistics: which elements count is known when compiling, as Excel decides it by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import guarded
from pyxl.formulas.compiled.lanes.lanes import (
    BOOLEAN,
    CONSTANT,
    NUMBER,
    LaneAreas,
    Lanes,
    are_errors,
    are_none,
    are_numbers,
    as_numbers,
    dynamic,
    uniform,
)
from pyxl.formulas.language.formula_errors import DIV0, NA, VALUE, Fault
from pyxl.formulas.language.syntax.nodes import AcrossSheets, Binary, Call, Node
from pyxl.grid.cells import ErrorValue


@dataclass(frozen=True, eq=False)
class Sample:
    """What a function counts of an argument: `tensor` (rows, columns, n) with 0 for what does not count, `counts` (the
    same shape) which do, `zeros` where a constant 0 stands, counted or not, `faults` (rows, columns, 1, 1) the first
    error, or None."""

    tensor: int
    counts: np.ndarray
    zeros: np.ndarray
    faults: np.ndarray | None


def sample(here: Interpreter, found: Lanes | LaneAreas, *, booleans: bool = False, texts: bool = False,
           as_range: bool = False) -> Sample:
    """Of a range or an array only numbers count (and `booleans`, and `texts` as 0); a value written as the argument
    itself is coerced, but not `as_range`."""
    lanes = here.read(found)
    rows, cols, *inner = lanes.shape
    if isinstance(found, Lanes) and inner == [1, 1] and not as_range:
        tensor, faults = here.numeric(lanes)
        counts = np.broadcast_to(True, lanes.shape)
    else:
        constant = (lanes.kinds == CONSTANT) & (are_numbers(lanes.const) | (booleans and _booleans(lanes.const))
                                                | (texts and _are_texts(lanes.const)))
        counts = constant | (lanes.kinds == NUMBER) | (booleans and lanes.kinds == BOOLEAN)
        tensor = here.numeric(Lanes(readable(lanes.const), lanes.kind, lanes.tensor))[0]
        if ((lanes.kinds == BOOLEAN) & ~counts).any():
            tensor = here.program.step(lambda m, t: torch.where(m, t, 0.0), here.program.constant(counts), tensor)
        wrong = are_errors(lanes.const)
        faults = lanes.const if wrong.any() else None
    if faults is not None:
        wrong = are_errors(faults).reshape(rows, cols, -1)
        first = np.take_along_axis(faults.reshape(rows, cols, -1), wrong.argmax(-1)[..., None], -1)
        faults = np.where(np.any(wrong, -1)[..., None], first, np.array(None))[..., None]
    size = inner[0] * inner[1]
    flat = here.program.step(lambda t: t.expand(*t.shape[:2], *inner).reshape(*t.shape[:2], size), tensor)
    zeros = (lanes.kinds == CONSTANT) & (as_numbers(lanes.const) == 0)
    return Sample(flat, counts.reshape(rows, cols, size), zeros.reshape(rows, cols, size), faults)


def _booleans(const: np.ndarray) -> np.ndarray:
    return np.broadcast_to(const.dtype == bool, const.shape) if const.dtype != object else \
        np.vectorize(lambda value: isinstance(value, bool), otypes=[bool])(const)


def _are_texts(const: np.ndarray) -> np.ndarray:
    if const.dtype != object:
        return np.broadcast_to(False, const.shape)
    return np.vectorize(lambda value: isinstance(value, str) and not isinstance(value, ErrorValue), otypes=[bool])(const)


def readable(const: np.ndarray) -> np.ndarray:
    """Numbers, booleans as 1 and 0; 0 for all else."""
    return np.where(_booleans(const), const.astype(bool), as_numbers(const)) if const.dtype != float else const


def gathered(here: Interpreter, found: list[Lanes | LaneAreas], *, every_value: bool = False) -> Sample:
    """All arguments as one sample; with `every_value` booleans and texts of ranges count as well."""
    samples = [sample(here, arg, booleans=every_value, texts=every_value) for arg in found]
    if len(samples) == 1:
        return samples[0]
    lanes = np.broadcast_shapes(*(part.counts.shape[:2] for part in samples))
    tensor = here.program.step(lambda *parts: torch.cat([part.expand(*lanes, part.shape[-1]) for part in parts], -1),
                               *(part.tensor for part in samples))
    counts = np.concatenate([np.broadcast_to(part.counts, (*lanes, part.counts.shape[-1])) for part in samples], -1)
    faults = [part.faults for part in samples if part.faults is not None]
    merged = None
    for fault in faults[::-1]:
        merged = fault if merged is None else np.where(are_none(fault), merged, fault)
    return Sample(tensor, counts, np.zeros_like(counts), merged)


def over_lanes(call: Callable[[Tensor, Tensor | None, Tensor], Tensor], *, kink: bool = False,
         every_value: bool = False) -> Callable:
    """A function of all the numbers among its arguments: ``call(x, counts, n)``, x (…, elements), 0 where not
    counted; `counts` a mask, None when all do; n (…) how many."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        found = [here.evaluate(part) for arg in node.args for part in _united(here, arg)]
        if not here.dynamic(*found):
            return here.by_cell(node, here.lanes_of(found))
        if kink:
            here.note(f"{node.name} has a kink where two of its numbers are equal")
        return reduced(here, call, gathered(here, found, every_value=every_value))
    return rule


def _united(here: Interpreter, node: Node) -> Iterator[Node]:
    """The parts of a union, or of a reference through sheets: ``SUM((A1:A3,C1))`` adds up what ``SUM(A1:A3,C1)`` does."""
    while isinstance(node, Binary) and node.op == ",":
        yield node.right
        node = node.left
    if isinstance(node, AcrossSheets):
        yield from here.one_by_one(node)
    else:
        yield node


def reduced(here: Interpreter, call: Callable, given: Sample) -> Lanes:
    """A sample made one number for every cell of the batch."""
    n = here.program.constant(given.counts.sum(-1).astype(float))
    tensors = [given.tensor, n]
    if given.counts.all():
        step = here.program.step(guarded.guarded_reduction(lambda x, n: call(x, None, n)), *tensors)
    else:
        step = here.program.step(guarded.guarded_reduction(lambda x, n, m: call(x, m, n)), *tensors,
                                 here.program.constant(given.counts))
    return here.with_faults(dynamic(step, (*given.counts.shape[:2], 1, 1)), given.faults)


def over_pairs_of_lanes(call: Callable[[Tensor, Tensor, Tensor | None, Tensor], Tensor], *, of_zeros: bool = True) -> Callable:
    """A function of two ranges, of the pairs of which both are numbers: ``call(x, y, counts, n)``. Without `of_zeros`
    two zeros may stand for a pair that does not count: it adds nothing; without any pair it is ``#DIV/0!``."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        here = here.in_array()
        found = [here.evaluate(arg) for arg in node.args]
        if not here.dynamic(*found):
            return here.by_cell(node, here.lanes_of(found))
        x, y = (sample(here, arg) for arg in found)
        if x.counts.shape[-1] != y.counts.shape[-1]:
            raise Fault(NA)
        counts = x.counts & y.counts
        if not of_zeros and uniform(~counts.any(-1)):
            raise Fault(DIV0)
        tensors = [x.tensor, y.tensor, here.program.constant(counts.sum(-1).astype(float))]
        if (counts | (not of_zeros and x.zeros & y.zeros)).all():
            step = here.program.step(guarded.guarded_reduction(lambda x, y, n: call(x, y, None, n), 2), *tensors)
        else:
            step = here.program.step(guarded.guarded_reduction(lambda x, y, n, m: call(x, y, m, n), 2), *tensors,
                                     here.program.constant(counts))
        return here.with_faults(dynamic(step, (*counts.shape[:2], 1, 1)), x.faults, y.faults)
    return rule


def sum_product(here: Interpreter, node: Call) -> Lanes:
    """What is no number counts as 0."""
    here = here.in_array()
    found = [here.evaluate(arg) for arg in node.args]
    if not here.dynamic(*found):
        return here.by_cell(node, here.lanes_of(found))
    lanes = [here.read(arg) for arg in found]
    if len({part.shape[2:] for part in lanes}) > 1:
        raise Fault(VALUE)
    if lanes[0].shape[2:] == (1, 1) and any(uniform(_texts(part)) for part in lanes):
        raise Fault(VALUE)
    parts = [sample(here, part, as_range=True) for part in lanes]
    shape = np.broadcast_shapes(*(part.counts.shape[:2] for part in parts))
    step = here.program.step(guarded.product(",".join(["rcn"] * len(parts)) + "->rc"),
                             *(part.tensor for part in parts))
    step = here.program.step(lambda t: t[..., None, None], step)
    return here.with_faults(dynamic(step, (*shape, 1, 1)), *(part.faults for part in parts))


def _texts(lanes: Lanes) -> np.ndarray:
    """In which lanes a text stands that is no error."""
    return np.array([isinstance(value, str) and not isinstance(value, ErrorValue)
                     for value in lanes.const[:, :, 0, 0].ravel().tolist()]).reshape(lanes.shape[:2])


SUM_RULES = {
    "SUM": over_lanes(lambda x, m, n: x.sum(-1)),
    "SUMPRODUCT": sum_product,
    "SUMSQ": over_lanes(lambda x, m, n: (x * x).sum(-1)),
    "SUMX2MY2": over_pairs_of_lanes(lambda x, y, m, n: guarded.where_counted(m, x * x - y * y).sum(-1), of_zeros=False),
    "SUMX2PY2": over_pairs_of_lanes(lambda x, y, m, n: guarded.where_counted(m, x * x + y * y).sum(-1), of_zeros=False),
    "SUMXMY2": over_pairs_of_lanes(lambda x, y, m, n: guarded.squared_distance(guarded.where_counted(m, x), guarded.where_counted(m, y)),
                          of_zeros=False),
}
