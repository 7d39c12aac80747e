"""Rules for functions that find cells: OFFSET, INDEX, the lookups. What they select is known when compiling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.compiled.groups import boxes
from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import LaneAreas, Lanes, uniform
from pyxl.formulas.functions.cells.lookup import find
from pyxl.formulas.language.formula_errors import NA, REF, VALUE, Fault, FormulaError, Unsupported
from pyxl.formulas.language.syntax.nodes import Call, Literal, Name, Node, Reference, Structured
from pyxl.formulas.language.syntax.parse import parse
from pyxl.formulas.language.values import logical
from pyxl.grid.cells import MAX_COL, MAX_ROW

from .moving_place_rules import index_by_changing, lookup_by_changing, match_by_changing, vector_lookup_by_changing


def offset(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    found = here.evaluate(node.args[0])
    if not isinstance(found, LaneAreas):
        raise Fault(VALUE)
    rows, cols = (_whole(here, arg, node.name) for arg in node.args[1:3])
    high, wide = (size if arg is None or here.value(arg).const.flat[0] is None else
                  _same(_whole(here, arg, node.name))
                  for arg, size in zip((*node.args[3:], None, None), (found.height, found.width)))
    if not high or not wide:
        raise Fault(REF)
    top, left = (start[:, :, None, None] + moved + min(size + 1, 0)
                 for start, moved, size in ((found.top, rows, high), (found.left, cols, wide)))
    return _moved(here, found.sheet, top, left, abs(high), abs(wide))


def index(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    if any(here.value(arg).dynamic for arg in node.args[1:3]):
        return index_by_changing(here, node)
    found = here.evaluate(node.args[0])
    if len(node.args) > 3 and _same(_whole(here, node.args[3], node.name)) != 1:
        raise Fault(REF)
    height, width = (found.height, found.width) if isinstance(found, LaneAreas) else found.shape[2:]
    row = _whole(here, node.args[1], node.name)
    if len(node.args) > 2:
        col = _whole(here, node.args[2], node.name)
    elif height == 1 and width > 1:
        row, col = np.ones((1, 1, 1, 1), int), row
    else:
        col = np.full((1, 1, 1, 1), 1 if width == 1 else 0)
    return pick(here, found, row, col)


def pick(here: Interpreter, found: Lanes | LaneAreas, row: np.ndarray, col: np.ndarray) -> Lanes | LaneAreas:
    """The cells at `row` and `col`, counted from 1 and given for every lane; 0 means all rows or columns."""
    height, width = (found.height, found.width) if isinstance(found, LaneAreas) else found.shape[2:]
    if uniform(_by_lane((row < 0) | (col < 0))):
        raise Fault(VALUE)
    if uniform(_by_lane((row > height) | (col > width))):
        raise Fault(REF)
    high, wide = (size if uniform(_by_lane(place == 0)) else 1 for place, size in ((row, height), (col, width)))
    row, col = np.maximum(row, 1), np.maximum(col, 1)
    if isinstance(found, LaneAreas):
        return _moved(here, found.sheet, found.top[:, :, None, None] + row - 1,
                      found.left[:, :, None, None] + col - 1, high, wide)
    first, side = _same(row) - 1, _same(col) - 1
    part = (slice(None), slice(None), slice(first, first + high), slice(side, side + wide))
    return Lanes(found.const[part], None if found.kind is None else found.kind[part],
                 None if found.tensor is None else here.program.step(lambda t: t[part], found.tensor))


def _moved(here: Interpreter, sheet: str, top: np.ndarray, left: np.ndarray, high: int, wide: int) -> Lanes | LaneAreas:
    """The areas whose first cells are given, (rows, columns, height, width): more than one of a lane are read at once."""
    outside = (top < 1) | (left < 1) | (top + high - 1 > MAX_ROW) | (left + wide - 1 > MAX_COL)
    if uniform(_by_lane(outside)):
        raise Fault(REF)
    if np.broadcast_shapes(top.shape, left.shape)[2:] == (1, 1):
        return LaneAreas(sheet, top[:, :, 0, 0], left[:, :, 0, 0], high, wide)
    if (high, wide) != (1, 1):
        raise Unsupported("an array whose elements are ranges is not compiled")
    return here.reader.cells(sheet, top, left)


def indirect(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    address = _constant(here, node.args[0], node.name)
    if len(node.args) > 1 and not logical(uniform(_constant(here, node.args[1], node.name).const)):
        raise Unsupported("INDIRECT with R1C1 addresses is not compiled. Use A1 addresses.")
    try:
        target = parse(str(uniform(_by_lane(address.const))))
    except FormulaError:
        raise Fault(REF) from None
    if isinstance(target, (Name, Structured)):
        return here.evaluate(target)
    sheet = here.sheet if not isinstance(target, Reference) or target.sheet is None else \
        here.reader.calculator.title(target.sheet)
    if not isinstance(target, Reference) or sheet is None:
        raise Fault(REF)
    still = np.zeros((1, 1), int)  # the text says where it points from no cell in particular
    return here.areas(sheet, *boxes(target, still, still))


def table_lookup(axis: int) -> Callable:
    """VLOOKUP (0: keys in the first column) or HLOOKUP (1: in the first row)."""
    def rule(here: Interpreter, node: Call) -> Lanes | LaneAreas:
        key, *_ = args = list(node.args)
        nearest = logical(uniform(_constant(here, args[3], node.name).const)) if len(args) > 3 else True
        if here.value(key).dynamic or here.value(args[2]).dynamic:
            return lookup_by_changing(here, node, axis, nearest=nearest)
        table = here.in_array().evaluate(args[1])
        which = _whole(here, args[2], node.name)
        if uniform(_by_lane(which < 1)):
            raise Fault(VALUE)
        one = np.ones((1, 1, 1, 1), int)
        keys = pick(here, table, one * axis, one * (1 - axis))
        place = _find(here, key, keys, 1.0 if nearest else 0.0, node.name) + 1
        return pick(here, table, *((place, which) if axis == 0 else (which, place)))
    return rule


def lookup(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    """The vector form, or the array form: search the longer side's first line, answer from the last."""
    if len(node.args) == 3 and here.value(node.args[0]).dynamic:
        return vector_lookup_by_changing(here, node, nearest=True)
    here = here.in_array()
    keys = answers = here.evaluate(node.args[1])
    height, width = (keys.height, keys.width) if isinstance(keys, LaneAreas) else keys.shape[2:]
    one, across = np.ones((1, 1, 1, 1), int), width > height
    if len(node.args) > 2:
        answers = here.evaluate(node.args[2])
    else:
        keys = pick(here, keys, one * (1 if across else 0), one * (0 if across else 1))
        answers = pick(here, answers, one * (height if across else 0), one * (0 if across else width))
    place = _find(here, node.args[0], keys, 1.0, node.name) + 1
    high = answers.height if isinstance(answers, LaneAreas) else answers.shape[2]
    return pick(here, answers, *((place, one) if high > 1 else (one, place)))


def xlookup(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    """Exact search from the first; other modes are left to constants."""
    if len(node.args) == 3 and here.value(node.args[0]).dynamic:
        return vector_lookup_by_changing(here, node, nearest=False)
    if any(_constant(here, arg, node.name).const.flat[0] not in (None, standard)
           for arg, standard in zip(node.args[4:], (0.0, 1.0))):
        raise Unsupported("XLOOKUP with a match or search mode is not compiled. Use INDEX and MATCH.")
    keys, answers = (here.in_array().evaluate(arg) for arg in node.args[1:3])
    missing = node.args[3] if len(node.args) > 3 else Literal(None)
    try:
        place = _find(here, node.args[0], keys, 0.0, node.name) + 1
    except Fault as fault:
        if fault.value != NA or missing == Literal(None):
            raise
        return here.evaluate(missing)
    every = np.zeros((1, 1, 1, 1), int)
    high = keys.height if isinstance(keys, LaneAreas) else keys.shape[2]
    return pick(here, answers, *((place, every) if high > 1 else (every, place)))


def places(axis: int) -> Callable:
    """ROW or COLUMN: of a reference, or of the cells that the formula itself fills."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        if node.args:
            found = here.evaluate(node.args[0])
            if not isinstance(found, LaneAreas):
                raise Fault(VALUE)
            first, count = (found.top, found.height) if axis == 0 else (found.left, found.width)
        else:
            first, count = (here.batch.rows, here.batch.cols)[axis], (here.batch.group.block or (1, 1))[axis]
        numbers = first[:, :, None].astype(float) + np.arange(count)
        return Lanes(numbers[..., None] if axis == 0 else numbers[:, :, None, :])
    return rule


def size(axis: int) -> Callable:
    """ROWS or COLUMNS."""
    def rule(here: Interpreter, node: Call) -> Lanes:
        found = here.evaluate(node.args[0])
        count = ((found.height, found.width) if isinstance(found, LaneAreas) else found.shape[2:])[axis]
        return Lanes(np.full((1, 1, 1, 1), float(count)))
    return rule


def _find(here: Interpreter, key: Node, among: Lanes | LaneAreas, how: float, name: str) -> np.ndarray:
    """Where each lane's key stands among constants, from 0; ``#N/A`` when nowhere."""
    wanted, among = _constant(here, key, name), here.read(among)
    if among.dynamic:
        raise Unsupported(f"{name} searches among cells that depend on the changing cells: it has no derivative.")
    if uniform(np.zeros((1, 1)) if wanted.shape[2:] == (1, 1) else np.ones((1, 1))):
        raise Unsupported(f"{name} with an array of keys is not compiled. Give each cell its own {name}.")
    lanes = np.broadcast_shapes(wanted.shape[:2], among.shape[:2])
    lines = [line.ravel() for line in among.const.reshape(-1, *among.shape[2:])]
    keys = np.broadcast_to(wanted.const[:, :, 0, 0], lanes).ravel().tolist()
    numbers = np.broadcast_to(np.arange(len(lines)).reshape(among.shape[:2]), lanes).ravel().tolist()
    known: dict = {}
    for which in zip(keys, numbers):
        if which not in known:
            try:
                known[which] = find(which[0], lines[which[1]], how)
            except Fault as fault:
                known[which] = fault
    found = [known[which] for which in zip(keys, numbers)]
    wrong = np.array([isinstance(place, Fault) for place in found]).reshape(lanes)
    if uniform(wrong):
        raise found[0]
    return np.array(found, dtype=int).reshape(*lanes, 1, 1)


def _constant(here: Interpreter, node: Node, name: str) -> Lanes:
    lanes = here.value(node)
    if lanes.dynamic:
        raise Unsupported(f"{name} selects cells by a value that depends on the changing cells: "
                          "that has no derivative.")
    return lanes


def _whole(here: Interpreter, node: Node, name: str) -> np.ndarray:
    return np.trunc(here.numbers(_constant(here, node, name))).astype(int)


def _same(numbers: np.ndarray) -> int:
    """The one number of all lanes; the batch is split where they differ."""
    if numbers.shape[2:] != (1, 1):
        raise Unsupported("an array of positions is compiled only among cells")
    return int(uniform(numbers[:, :, 0, 0]))


def _by_lane(mask: np.ndarray) -> np.ndarray:
    """Of (rows, columns, height, width) the elements that lanes can be split by."""
    return mask[:, :, 0, 0] if mask.shape[2:] == (1, 1) else np.any(mask, (2, 3))


PLACE_RULES = {
    "COLUMN": places(1), "COLUMNS": size(1), "HLOOKUP": table_lookup(1), "INDEX": index, "INDIRECT": indirect,
    "LOOKUP": lookup, "MATCH": match_by_changing, "OFFSET": offset, "ROW": places(0), "ROWS": size(0),
    "SINGLE": lambda here, node: here.single(node.args[0]), "VLOOKUP": table_lookup(0), "XLOOKUP": xlookup,
}
