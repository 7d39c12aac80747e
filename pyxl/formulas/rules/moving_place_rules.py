"""Finding cells by a number that changes: INDEX, CHOOSE and the table lookups, which then go in steps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes import LaneAreas, Lanes, are_none, dynamic
from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.nodes import Call, Literal, Node


def index_by_changing(here: Interpreter, node: Call) -> Lanes:
    """INDEX of a range by a row or a column that changes: one cell for each lane, NaN where there is none."""
    source = here.read(here.in_array().evaluate(node.args[0]))
    height, width = source.shape[2:]
    places = [here.value(arg) for arg in node.args[1:3]]
    if len(places) == 1:
        one = Lanes(np.ones((1, 1, 1, 1)))
        if 1 not in (height, width):
            raise Unsupported("INDEX of a whole row by a number that changes is not compiled. Say the column too.")
        places = [*places, one] if width == 1 else [one, *places]
    if any(place.shape[2:] != (1, 1) for place in places) or len(node.args) > 3:
        raise Unsupported("INDEX by several numbers that change is not compiled. Give each cell its own INDEX.")
    lanes = np.broadcast_shapes(source.shape[:2], *(place.shape[:2] for place in places))
    tensor, faults = here.numeric(source)
    wrong = here.program.constant(np.broadcast_to(False, source.shape) if faults is None else ~are_none(faults))

    def run(values: Tensor, wrong: Tensor, row: Tensor, col: Tensor) -> Tensor:
        row, col = row.trunc(), col.trunc()
        inside = (row >= 1) & (row <= height) & (col >= 1) & (col <= width)
        place = torch.where(inside, (row - 1) * width + col - 1, 0.0).long().expand(*lanes, 1, 1)[..., 0]
        cells = torch.where(wrong, torch.nan, values).expand(*lanes, height, width).reshape(*lanes, height * width)
        return torch.where(inside, cells.gather(-1, place)[..., None], torch.nan)
    here.note("INDEX by a number that changes goes in steps: its derivative is taken as 0")
    return dynamic(here.program.step(run, tensor, wrong, *(here.numeric(place)[0] for place in places)), (*lanes, 1, 1))


def choose_by_changing(here: Interpreter, number: Lanes, branches: tuple[Node, ...]) -> Lanes:
    """CHOOSE by a number that changes; NaN where there is no such branch."""
    values = [here.value(branch) for branch in branches]
    parts = [here.numeric(value) for value in values]
    if any(faults is not None for _, faults in parts):
        raise Unsupported("CHOOSE between texts by a number that changes is not compiled. Give numbers.")

    def run(number: Tensor, *values: Tensor) -> Tensor:
        found = torch.where(number.isfinite(), torch.nan, torch.nan)
        for place, value in enumerate(values, 1):
            found = torch.where(number.trunc() == place, value, found)
        return found
    here.note("CHOOSE by a number that changes goes in steps: its derivative is taken as 0")
    return dynamic(here.program.step(run, here.numeric(number)[0], *(tensor for tensor, _ in parts)), here.common(number, *values))


def lookup_by_changing(here: Interpreter, node: Call, axis: int, *, nearest: bool) -> Lanes | LaneAreas:
    """VLOOKUP (axis 0) or HLOOKUP (1) of a key that changes, as INDEX and MATCH say it."""
    key, table, which = node.args[:3]
    memo = here.batch.memo
    if (name := ("by changing", id(node))) not in memo:     # once, so that what is found of its parts is remembered too
        keys = Call("INDEX", (table, Literal(float(axis)), Literal(float(1 - axis))))
        place = Call("MATCH", (key, keys, Literal(1.0 if nearest else 0.0)))
        memo[name] = node, Call("INDEX", (table, place, which) if axis == 0 else (table, which, place))
    return here.evaluate(memo[name][1])
