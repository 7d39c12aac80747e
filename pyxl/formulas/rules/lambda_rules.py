"""Rules for LET and LAMBDA, which are written out, and for what calls a LAMBDA, which is left to constants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import LaneAreas, Lanes, uniform
from pyxl.formulas.language.formula_errors import REF, Fault, Unsupported
from pyxl.formulas.language.syntax.nodes import Call, Reference, walk
from pyxl.formulas.language.syntax.substitution import written_out
from pyxl.grid.cells import Cell


def let(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    if len(node.args) < 3 or len(node.args) % 2 == 0:
        return here.by_cell(node, here.batch.shape)  # says what is wrong
    return here.evaluate(here.once("let", node, lambda: written_out(node)))


def of_constants(here: Interpreter, node: Call) -> Lanes:
    """What calls a function for every element: by the Calculator where it reads nothing that changes."""
    read = [here.evaluate(part) for part in walk(node) if isinstance(part, Reference)]
    if here.dynamic(*read):
        raise Unsupported(f"{node.name} of cells that depend on the changing cells has no derivative here. "
                          "Write its formula into cells of their own.")
    return here.by_cell(node, here.batch.shape)


def anchor_array(here: Interpreter, node: Call) -> LaneAreas:
    """``A1#``: all cells that the array formula of a cell fills."""
    found = here.evaluate(node.args[0])
    if not isinstance(found, LaneAreas) or (found.height, found.width) != (1, 1):
        raise Fault(REF)
    formulas = here.reader.calculator.grid(found.sheet).formulas
    rows, cols = np.broadcast_arrays(found.top, found.left)
    blocks = [getattr(formulas.get(Cell(*cell)), "array", None) for cell in zip(rows.ravel().tolist(), cols.ravel().tolist())]
    height, width = (uniform(np.array([block.shape[axis] if block else 0 for block in blocks]).reshape(rows.shape))
                     for axis in (0, 1))
    if not height or not width:
        raise Fault(REF)
    return LaneAreas(found.sheet, found.top, found.left, int(height), int(width))


def data_table(here: Interpreter, node: Call) -> Lanes:
    raise Unsupported("a what-if data table is not compiled. Write its formula into the cells.")


LAMBDA_RULES: dict[str, Callable] = {
    **dict.fromkeys(("BYCOL", "BYROW", "MAKEARRAY", "MAP", "REDUCE", "SCAN"), of_constants),
    "ANCHORARRAY": anchor_array,
    "LET": let,
    "TABLE": data_table,
}
