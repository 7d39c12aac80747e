"""What LAMBDA gives: a function that other functions call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pyxl.formulas.language.formula_errors import VALUE, Fault

from .nodes import Call, Name, Node


class Place(Protocol):
    """Where a node is evaluated (`NodeEvaluator`)."""

    def evaluate(self, node: Node): ...

    def with_given(self, given) -> Place: ...


@dataclass(frozen=True, eq=False)
class Lambda:
    """A function of `parameters` whose `body` is evaluated at the place where it was written."""

    parameters: tuple[str, ...]
    body: Node
    place: Place

    def of(self, args: list):
        """Its value; parameters without an argument are blank. ``#VALUE!`` for too many arguments."""
        if len(args) > len(self.parameters):
            raise Fault(VALUE)
        left_out = [None] * (len(self.parameters) - len(args))
        return self.place.with_given(dict(zip(self.parameters, [*args, *left_out]))).evaluate(self.body)


class Named(Lambda):
    """A worksheet function that is passed by its name: ``BYROW(A1:C3,SUM)``."""

    body: Name

    def __init__(self, name: str, place: Place):
        super().__init__((), Name(None, name), place)

    def of(self, args: list):
        parameters = [f"argument {n}" for n in range(len(args))]
        call = Call(self.body.name, tuple(Name(None, parameter) for parameter in parameters))
        return self.place.with_given(dict(zip(parameters, args))).evaluate(call)
