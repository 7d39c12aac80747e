"""Finding cells by a number that changes: INDEX, CHOOSE and the table lookups, which then go in steps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import NUMBER, LaneAreas, Lanes, are_none, are_numbers, dynamic
from pyxl.formulas.compiled.torch_program import INSIDE
from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.syntax.nodes import Call, Literal, Node

from .elementwise_rules import in_steps


def index_by_changing(here: Interpreter, node: Call) -> Lanes:
    """INDEX of a range by a row or a column that changes: one cell for each lane, NaN where there is none."""
    source = here.read(here.in_array().evaluate(node.args[0]))
    match node.args[1]:
        case Call("MATCH", (key, keys)) | Call("MATCH", (key, keys, Literal(1.0))) if len(node.args) == 2 and here.value(key).dynamic:
            among = here.read(here.in_array().evaluate(keys))
            if 1 in among.shape[2:] and 1 in source.shape[2:] and (found := _nearest_by_changing(here, here.value(key), among, source)) is not None:
                return found
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


def match_by_changing(here: Interpreter, node: Call) -> Lanes:
    """MATCH of a number that changes among constant numbers, exactly, or the last that is not larger where they ascend; else point by
    point."""
    key, among = here.value(node.args[0]), here.read(here.in_array().evaluate(node.args[1]))
    how = here.value(node.args[2]) if len(node.args) > 2 else Lanes(np.ones((1, 1, 1, 1)))
    if not key.dynamic or among.dynamic or how.dynamic or not are_numbers(among.const).all() or how.const.size != 1 or \
            not (key.kinds == NUMBER).all() or key.shape[2:] != (1, 1) or 1 not in among.shape[2:]:
        return in_steps(here, node)
    line = among.const.astype(float).reshape(*among.shape[:2], -1)
    way = float(how.const.item() or 0.0)
    if way < 0 or way > 0 and (np.diff(line, axis=-1) < 0).any():
        return in_steps(here, node)
    among_numbers = here.program.constant(line)

    def run(key: Tensor, keys: Tensor) -> Tensor:
        wanted = key[..., 0]
        alike = (keys - wanted).abs() <= 2.0**-49 * wanted.abs()
        if way > 0:
            place = ((keys <= wanted) | alike).sum(-1, keepdim=True)
        else:
            place = torch.where(alike.any(-1, keepdim=True), alike.to(torch.int8).argmax(-1, keepdim=True) + 1, 0)
        return torch.where((place > 0) & wanted.isfinite(), place.to(key.dtype), torch.nan)[..., None]
    here.note("MATCH goes in steps: its derivative is taken as 0")
    lanes = np.broadcast_shapes(key.shape[:2], line.shape[:2])
    jumps = (line, np.broadcast_to(np.arange(1.0, line.shape[-1] + 1), line.shape)) if way > 0 else None
    return dynamic(here.program.step(run, here.numeric(key)[0], among_numbers, does=("MATCH", 0.0), jumps=jumps), (*lanes, 1, 1))


def _nearest_by_changing(here: Interpreter, key: Lanes, keys: Lanes, answers: Lanes) -> Lanes | None:
    """The answer beside the last key that is not larger, all of them constant numbers in one line, the keys ascending; None where they are
    not."""
    lines = [lanes.const.reshape(*lanes.shape[:2], -1) for lanes in (keys, answers) if not lanes.dynamic and are_numbers(lanes.const).all()]
    if len(lines) < 2 or not (key.kinds == NUMBER).all() or key.shape[2:] != (1, 1) or lines[0].shape[-1] > lines[1].shape[-1]:
        return None
    line, values = lines[0].astype(float), lines[1].astype(float)[..., :lines[0].shape[-1]]
    if (np.diff(line, axis=-1) < 0).any():
        return None
    lanes = np.broadcast_shapes(key.shape[:2], line.shape[:2], values.shape[:2])

    def run(key: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        wanted = key[..., 0]
        place = ((keys <= wanted) | ((keys - wanted).abs() <= 2.0**-49 * wanted.abs())).sum(-1, keepdim=True)
        found = values.expand(*lanes, values.shape[-1]).gather(-1, (place - 1).clamp(min=0).expand(*lanes, 1))
        return torch.where((place > 0) & wanted.isfinite(), found, torch.nan)[..., None]
    here.note("a lookup of a number that changes goes in steps: its derivative is taken as 0")
    program = here.program
    return dynamic(program.step(run, here.numeric(key)[0], program.constant(line), program.constant(values), jumps=(line, values)), (*lanes, 1, 1))


def choose_by_changing(here: Interpreter, number: Lanes, branches: tuple[Node, ...]) -> Lanes:
    """CHOOSE by a number that changes; NaN where there is no such branch."""
    values = [here.value(branch) for branch in branches]
    parts = [here.numeric(value) for value in values]
    if any(faults is not None for _, faults in parts):
        raise Unsupported("CHOOSE between texts by a number that changes is not compiled. Give numbers.")

    count = len(values)

    def run(whole: Tensor, *values: Tensor) -> Tensor:
        found = values[-1]
        for place in range(count - 1, 0, -1):
            found = torch.where(whole == place, values[place - 1], found)
        return found

    def inside(found: Tensor, whole: Tensor) -> Tensor:
        return torch.where((whole >= 1) & (whole <= count), found, torch.nan)
    here.note("CHOOSE by a number that changes goes in steps: its derivative is taken as 0")
    whole = here.program.step(torch.trunc, here.numeric(number)[0], does=("TRUNC", 0.0))
    found = here.program.step(run, whole, *(tensor for tensor, _ in parts))
    return dynamic(here.program.step(inside, found, whole, does=(INSIDE, float(count))), here.common(number, *values))


def lookup_by_changing(here: Interpreter, node: Call, axis: int, *, nearest: bool) -> Lanes | LaneAreas:
    """VLOOKUP (axis 0) or HLOOKUP (1) of a key that changes, as INDEX and MATCH say it."""
    key, table, which = node.args[:3]
    if nearest and not (chosen := here.value(which)).dynamic and chosen.const.size == 1 and are_numbers(chosen.const).all():
        lines, at = here.read(here.in_array().evaluate(table)), int(chosen.const.item()) - 1
        if 0 <= at < lines.shape[3 - axis] and not lines.dynamic:
            first, wanted = (Lanes(np.take(lines.const, [place], axis=3 - axis)) for place in (0, at))
            if (found := _nearest_by_changing(here, here.value(key), first, wanted)) is not None:
                return found
    memo = here.batch.memo
    if (name := ("by changing", id(node))) not in memo:     # once, so that what is found of its parts is remembered too
        keys = Call("INDEX", (table, Literal(float(axis)), Literal(float(1 - axis))))
        place = Call("MATCH", (key, keys, Literal(1.0 if nearest else 0.0)))
        memo[name] = node, Call("INDEX", (table, place, which) if axis == 0 else (table, which, place))
    return here.evaluate(memo[name][1])


def vector_lookup_by_changing(here: Interpreter, node: Call, *, nearest: bool) -> Lanes | LaneAreas:
    """LOOKUP or XLOOKUP of a key that changes among a row or column of keys, with answers beside them."""
    if nearest:
        keys, answers = (here.read(here.in_array().evaluate(arg)) for arg in node.args[1:3])
        if 1 in keys.shape[2:] and 1 in answers.shape[2:] and (found := _nearest_by_changing(here, here.value(node.args[0]), keys, answers)) is not None:
            return found
    memo = here.batch.memo
    if (name := ("by changing", id(node))) not in memo:
        place = Call("MATCH", (*node.args[:2], Literal(1.0 if nearest else 0.0)))
        memo[name] = node, Call("INDEX", (node.args[2], place))
    return here.evaluate(memo[name][1])
