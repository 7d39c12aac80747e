"""LET and LAMBDA written out: names replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pyxl.formulas.language.formula_errors import Unsupported

from .nodes import Apply, Binary, Call, Literal, Name, Node, Unary, parameter


@lru_cache(maxsize=1024)
def written_out(node: Call) -> Node:
    """A LET as one expression. The same node stands wherever a name stood, so that it is computed once."""
    *bindings, result = node.args
    if len(bindings) % 2 or not bindings:
        raise Unsupported("a LET without pairs of names and values is not compiled. Correct it.")
    given: dict[str, Node] = {}
    for name, value in zip(bindings[::2], bindings[1::2]):
        given[_name(name)] = substituted(value, given)
    return substituted(result, given)


def called(function: Node, args: Sequence[Node]) -> Node:
    """What a LAMBDA's call computes; parameters without an argument are blank. Raises Unsupported for another function."""
    if not (isinstance(function, Call) and function.name == "LAMBDA" and len(args) < len(function.args)):
        raise Unsupported("a function that is no plain LAMBDA is not compiled. Write the formula out.")
    *names, body = function.args
    values = [*args, *[Literal(None)] * (len(names) - len(args))]
    return substituted(body, dict(zip(map(_name, names), values)))


def substituted(node: Node, given: Mapping[str, Node]) -> Node:
    """The tree with the names of `given` replaced; what LET and LAMBDA name anew inside it hides a name outside."""
    if isinstance(node, Name):
        return given.get(parameter(node.name), node) if node.sheet is None else node
    if isinstance(node, Unary):
        return Unary(node.op, substituted(node.operand, given))
    if isinstance(node, Binary):
        return Binary(node.op, substituted(node.left, given), substituted(node.right, given))
    if isinstance(node, Apply):
        return Apply(substituted(node.function, given), tuple(substituted(arg, given) for arg in node.args))
    if not isinstance(node, Call):
        return node
    if node.name == "LET":
        return substituted(written_out(node), given)
    if node.name == "LAMBDA":
        hidden = {parameter(name.name) for name in node.args[:-1] if isinstance(name, Name)}
        inner = {name: value for name, value in given.items() if name not in hidden}
        return Call("LAMBDA", (*node.args[:-1], substituted(node.args[-1], inner)))
    args = tuple(substituted(arg, given) for arg in node.args)
    function = given.get(parameter(node.name))
    return Call(node.name, args) if function is None else Apply(function, args)


def _name(node: Node) -> str:
    if not isinstance(node, Name):
        raise Unsupported("a LET or LAMBDA without plain names is not compiled. Correct its names.")
    return parameter(node.name)
