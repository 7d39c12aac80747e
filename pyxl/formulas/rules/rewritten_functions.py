"""Functions that are rewritten in terms of others before they are compiled."""

from __future__ import annotations

from collections.abc import Callable

from pyxl.formulas.compiled.interpret import Interpreter
from pyxl.formulas.compiled.lanes.lanes import LaneAreas, Lanes
from pyxl.formulas.language.formula_errors import NA
from pyxl.formulas.language.syntax.nodes import Binary, Call, Literal, Node
from pyxl.grid.cells import ErrorValue


def instead(rewrite: Callable[..., Node], fewest: int) -> Callable:
    """A function of at least so many arguments that is another formula of them."""
    def rule(here: Interpreter, node: Call) -> Lanes | LaneAreas:
        if len(node.args) < fewest:
            return here.by_cell(node, here.batch.shape)  # says what is wrong
        key = "instead", id(node)
        if key not in here.batch.memo:  # once, so that what is found of its parts is remembered too
            here.batch.memo[key] = node, rewrite(*node.args)
        return here.evaluate(here.batch.memo[key][1])
    return rule


def _ifs(condition: Node, then: Node, *others: Node) -> Node:
    return Call("IF", (condition, then, _ifs(*others) if others else Literal(ErrorValue(NA))))


def _switch(value: Node, wanted: Node, *others: Node) -> Node:
    if not others:
        return wanted
    then, *rest = others
    return Call("IF", (Binary("=", value, wanted), then, _switch(value, *rest) if rest else Literal(ErrorValue(NA))))


def _forecast(x: Node, ys: Node, xs: Node) -> Node:
    return Binary("+", Call("INTERCEPT", (ys, xs)), Binary("*", Call("SLOPE", (ys, xs)), x))


def _quartile(values: Node, quarter: Node) -> Node:
    return Call("PERCENTILE", (values, Binary("/", Call("INT", (quarter,)), Literal(4.0))))


REWRITTEN_RULES = {
    "FORECAST": instead(_forecast, 3), "FORECAST.LINEAR": instead(_forecast, 3),
    "IFS": instead(_ifs, 2),
    "PERCENTILE.INC": instead(lambda values, share: Call("PERCENTILE", (values, share)), 2),
    "QUARTILE": instead(_quartile, 2), "QUARTILE.INC": instead(_quartile, 2),
    "SWITCH": instead(_switch, 3),
}
