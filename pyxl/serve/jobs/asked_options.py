"""What somebody asked for, checked: the options of a fit, and what is true or false."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solver.core.options import AUTO, Given, Widths
from solver.core.settings import options_named
from solver.errors import UserError


def yes_or_no(asked: Mapping[str, Any], name: str) -> bool:
    """Whether something was asked for; false where it is not named. Raises UserError for what is neither true nor false."""
    given = asked.get(name, False)
    if not isinstance(given, bool):
        raise UserError(f"{name} is {given!r}. Give true or false.")
    return given


def checked_options(given: Any, where: Given) -> dict[str, Any]:
    """The options of a fit by name; `auto` leaves one open. Raises UserError."""
    if not isinstance(given, Mapping):
        raise UserError("options is an object of names and values.")
    options: dict[str, Any] = {}
    for name, option in options_named(given, where).items():
        value = given[name]
        if isinstance(value, list) and isinstance(option.values, Widths):
            value = tuple(value)
        if value == AUTO and option.values.optional:
            value = None
        else:
            option.check(value)
        options[name] = value
    return options
