"""Computes the functions for cells for a program that has them in its cells: many of them in one job."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from pyxl.base.plain_output import json_ready
from solver.errors import UserError

CALLS_AT_MOST = 100


def cell_values(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Gives ``values``: for each call a value, rows of values, or a sentence. Asked: ``calls``, a list of [name, arguments]; a blank is null."""
    calls = asked.get("calls")
    if not isinstance(calls, list) or not calls or not all(_is_call(call) for call in calls):
        raise UserError("calls is a list of [name of a function, its arguments].")
    if len(calls) > CALLS_AT_MOST:
        raise UserError(f"There are {len(calls):,} calls; {CALLS_AT_MOST} are answered at a time. Ask for the others after them.")
    return json_ready({"values": [_value(name, arguments) for name, arguments in calls]})


def _is_call(call: Any) -> bool:
    return isinstance(call, list) and len(call) == 2 and isinstance(call[0], str) and isinstance(call[1], list)


def _value(name: str, arguments: list[Any]) -> Any:
    from pyxl.functions.udfs import CELL_FUNCTIONS

    function = CELL_FUNCTIONS.get(name)
    if function is None:
        raise UserError(f"There is no function '{name}'. There are: {', '.join(CELL_FUNCTIONS)}.")
    try:
        signature(function).bind(*arguments)
    except TypeError:
        raise UserError(f"{name} takes {signature(function)}, and was given {len(arguments)} arguments.") from None
    return function(*arguments)
