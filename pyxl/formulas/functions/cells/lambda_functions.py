"""LET, LAMBDA, and the functions that call a LAMBDA for every element, row or column of an array."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyxl.formulas.language.formula_errors import CALC, REF, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.syntax.lambdas import Lambda
from pyxl.formulas.language.syntax.nodes import Name, Node, parameter
from pyxl.formulas.language.values import Area, Areas, pack, refuse_giant, scalar, spread
from pyxl.grid.cells import ErrorValue


def _let(here, *nodes: Node):
    """Names and what they stand for, each seen by those after it; the last node is the result."""
    if len(nodes) % 2 == 0:
        raise Fault(VALUE)
    *bindings, result = nodes
    for name, value in zip(bindings[::2], bindings[1::2]):
        if not isinstance(name, Name):
            raise Fault(VALUE)
        here = here.with_given({parameter(name.name): here.evaluate(value)})
    return here.evaluate(result)


def _lambda(here, *nodes: Node) -> Lambda:
    *names, body = nodes
    parameters = tuple(parameter(name.name) for name in names if isinstance(name, Name))
    if len(parameters) < len(names):
        raise Fault(VALUE)
    return Lambda(parameters, body, here)


def _function(found) -> Lambda:
    if isinstance(found, ErrorValue):
        raise Fault(found)
    if not isinstance(found, Lambda):
        raise Fault(VALUE)
    return found


def _one(here, function: Lambda, *args):
    """The one value of a call; ``#CALC!`` where it gives an array."""
    try:
        found = here.in_array().values(function.of(list(args)))
    except Fault as fault:
        return fault.value
    if isinstance(found, Lambda) or isinstance(found, np.ndarray) and found.size > 1:
        return ErrorValue(CALC)
    return scalar(found.item() if isinstance(found, np.ndarray) else found)


def _matrix(found) -> np.ndarray:
    if isinstance(found, ErrorValue):
        raise Fault(found)
    if isinstance(found, (Lambda, Areas)):
        raise Fault(VALUE)
    found = found.array() if isinstance(found, Area) else found
    return found if isinstance(found, np.ndarray) else pack([found], (1, 1))


def _map(here, *given):
    arrays, function = [_matrix(found) for found in given[:-1]], _function(given[-1])
    rows, cols = (max(array.shape[axis] for array in arrays) for axis in (0, 1))
    columns = [spread(array, rows, cols).ravel().tolist() for array in arrays]
    return pack([_one(here, function, *values) for values in zip(*columns)], (rows, cols))


def _make_array(here, rows: int, cols: int, function):
    if rows < 1 or cols < 1:
        raise Fault(VALUE)
    refuse_giant(rows, cols)
    function = _function(function)
    return pack([_one(here, function, float(row), float(col)) for row in range(1, rows + 1) for col in range(1, cols + 1)],
                (rows, cols))


def _lines(found, axis: int) -> Iterator:
    """Each row (axis 0) or column (1) of a reference, as a reference, or of an array."""
    if isinstance(found, Area):
        top, left, bottom, right = found.box
        for place in range(found.shape[axis]):
            yield found.to(top + place, left, top + place, right) if axis == 0 else \
                found.to(top, left + place, bottom, left + place)
    else:
        array = _matrix(found)
        yield from (array[i:i + 1] if axis == 0 else array[:, i:i + 1] for i in range(array.shape[axis]))


def _by(axis: int) -> Function:
    def call(here, found, function):
        function = _function(function)
        values = [_one(here, function, line) for line in _lines(found, axis)]
        return pack(values, (len(values), 1) if axis == 0 else (1, len(values)))
    return Function("uu", call, here=True)


def _reduced(here, start, found, function) -> list:
    """All values that the function gives one after the other, with the one before and the next element."""
    function, value, values = _function(function), start, []
    for element in _matrix(found).ravel().tolist():
        value = function.of([value, element])
        values.append(value)
    return values


def _reduce(here, start, found, function):
    values = _reduced(here, start, found, function)
    return values[-1] if values else start


def _scan(here, start, found, function):
    values = [here.in_array().values(value) for value in _reduced(here, start, found, function)]
    values = [value.item() if isinstance(value, np.ndarray) and value.size == 1 else
              ErrorValue(CALC) if isinstance(value, (np.ndarray, Lambda)) else value for value in values]
    return pack(values, _matrix(found).shape)


def _anchor_array(here, found) -> Area:
    """``A1#``: all cells that the dynamic array formula of a cell fills."""
    if not isinstance(found, Area) or found.shape != (1, 1):
        raise Fault(VALUE)
    formula = here.workbook.grid(found.sheet).formulas.get(found.box[:2])
    if formula is None or formula.array is None:
        raise Fault(REF)
    block = formula.array
    return found.to(block.top, block.left, block.bottom, block.right)


LAMBDAS: dict[str, Function] = {
    "ANCHORARRAY": Function("r", _anchor_array, here=True),
    "BYCOL": _by(1),
    "BYROW": _by(0),
    "ISOMITTED": Function("v", lambda value: value is None),
    "LAMBDA": Function("l+", _lambda, here=True),
    "LET": Function("lll+", _let, here=True),
    "MAKEARRAY": Function("iiu", _make_array, here=True),
    "MAP": Function("uu+", _map, here=True),
    "REDUCE": Function("uuu", _reduce, here=True),
    "SCAN": Function("uuu", _scan, here=True),
}
