"""Arguments of the command line that give settings of a fit, made from the table of options (`solver.core.settings`)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from solver.core.options import AUTO, Given, Names, Option, Switch
from solver.core.settings import options_given

_LEFT_OPEN = object()       # argparse has None for what was not given at all


def add_option_arguments(parser: argparse._ActionsContainer, where: Given, *,
                         unset: Mapping[str, str] | None = None) -> None:
    """Add an argument for every option that can be given there. The help says what holds where an option is not given:
    what the table says, or `unset`, of the options that it names."""
    for name, option in options_given(where).items():
        holds = option.unset if unset is None else unset.get(name)
        parts = [option.help[0].lower() + option.help[1:].removesuffix(".")]
        if isinstance(option.values, Names):
            parts.append(f"; {option.values.told}")
        if holds:
            parts.append(f" (default: {holds})")
        help = "".join(parts).replace("%", "%%")
        if isinstance(option.values, Switch):
            parser.add_argument(option.flag, dest=name, action="store_const", const=True, help=help)
        else:
            parser.add_argument(option.flag, dest=name, metavar=option.values.metavar, type=_reader(option), help=help)


def options_in(args: argparse.Namespace, where: Given) -> dict[str, Any]:
    """The options that were given, by name; None for one that was left open in words (`AUTO`)."""
    return {name: None if value is _LEFT_OPEN else value for name in options_given(where)
            if (value := getattr(args, name)) is not None}


def _reader(option: Option) -> Callable[[str], object]:
    def read(text: str) -> object:
        if option.values.optional and text.casefold() == AUTO:
            return _LEFT_OPEN
        try:
            return option.values.parse(text)
        except ValueError:
            or_auto = f", or {AUTO}" if option.values.optional else ""
            raise argparse.ArgumentTypeError(f"'{text}' is not {option.values.told}{or_auto}") from None
    return read
