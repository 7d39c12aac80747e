"""Rules for SUBTOTAL and AGGREGATE: the plain function that is meant, where nothing is left out of it."""

from __future__ import annotations

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import LaneAreas, Lanes
from pyxl.formulas.functions.cells.subtotal import AGGREGATES, OF_ARRAYS, TOTALS, hidden_rows, holds_totals, left_out
from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.syntax.nodes import Call
from pyxl.grid.cells import Range


def subtotal(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    code = here.value(node.args[0])
    found = [here.evaluate(arg) for arg in node.args[1:]]
    if code.dynamic or not here.dynamic(*found):
        return here.by_cell(node, here.batch.shape)
    number = int(here.one_number(code))
    if not 1 <= number % 100 <= len(TOTALS):
        return here.by_cell(node, here.batch.shape)  # an error value
    _refuse_what_is_left_out(here, node, found, totals=True, hidden=True)
    return here.evaluate(here.once("total", node, lambda: Call(TOTALS[number % 100 - 1], node.args[1:])))


def aggregate(here: Interpreter, node: Call) -> Lanes | LaneAreas:
    if len(node.args) < 3:
        return here.by_cell(node, here.batch.shape)  # says what is wrong
    code, option = (here.value(arg) for arg in node.args[:2])
    found = [here.in_array().evaluate(arg) for arg in node.args[2:]]
    if code.dynamic or option.dynamic or not here.dynamic(*found):
        return here.by_cell(node, here.batch.shape)
    number, totals_hidden_errors = int(here.one_number(code)), left_out(int(here.one_number(option)))
    totals, hidden, errors = totals_hidden_errors
    if errors:
        raise Unsupported("AGGREGATE that leaves out errors of cells that depend on the changing cells has no derivative "
                          "here. Use an option that keeps errors, 4 for example.")
    if not 1 <= number <= len(AGGREGATES) or number >= OF_ARRAYS and len(node.args) != 4:
        return here.by_cell(node, here.batch.shape)  # an error value
    _refuse_what_is_left_out(here, node, found, totals=totals, hidden=hidden)
    return here.evaluate(here.once("total", node, lambda: Call(AGGREGATES[number - 1], node.args[2:])))


def _refuse_what_is_left_out(here: Interpreter, node: Call, found, *, totals: bool, hidden: bool) -> None:
    for area in found:
        if not isinstance(area, LaneAreas):
            continue
        grid = here.reader.calculator.grid(area.sheet)
        around = Range(int(area.top.min()), int(area.left.min()), int(area.top.max()) + area.height - 1,
                       int(area.left.max()) + area.width - 1)
        if hidden and hidden_rows(grid, around):
            raise Unsupported(f"{node.name} over hidden rows is not compiled. Show them.")
        if totals and holds_totals(grid, around):
            raise Unsupported(f"{node.name} over other totals, which it leaves out, is not compiled. Name the cells between.")


TOTAL_RULES = {"AGGREGATE": aggregate, "SUBTOTAL": subtotal}
