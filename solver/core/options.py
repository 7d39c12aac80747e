"""The description of one option: its default, the values that it takes, a sentence of help, and where it can be given.

`settings` holds the table of options. Everything that offers options reads them there: `Settings`, the command
line, `CollabFilter`, the sheet `start`, the run log and the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import Field, dataclass, field
from enum import Flag, auto
from numbers import Integral, Real
from typing import Any, Protocol, TypeGuard

from solver.errors import UserError

AUTO = "auto"       # the word, in a cell and on the command line, for a value that is left open: None


class Given(Flag):
    """Where a user can give an option. Every option is also a field of `Settings`."""

    FIT = auto()         # the command `fit`
    START = auto()       # a cell of the sheet `start`
    TRAIN = auto()       # the command `train`
    ESTIMATOR = auto()   # an argument of `CollabFilter`
    NOWHERE = 0          # only `Settings`
    WORKBOOK = FIT | START
    RATINGS = TRAIN | ESTIMATOR
    EVERYWHERE = WORKBOOK | RATINGS


class Values(Protocol):
    """The values that an option takes."""

    @property
    def optional(self) -> bool:
        """Whether None is one of them."""

    @property
    def metavar(self) -> str:
        """What stands for a value in the help of the command line."""

    @property
    def told(self) -> str:
        """What to give, as in "give …": ``a whole number of 1 or more``."""

    def check(self, option: str, value: object) -> None:
        """Raise UserError, which names the option, for a value that is none of these."""

    def parse(self, text: str) -> object:
        """The value that a text on the command line stands for. Raises ValueError."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option.

    `help` is one sentence that every user reads, and `unset` says which value is used where none is given. The docstring
    of the field says more. `flag` is the option's name on the command line, and `label` its name on a sheet.
    """

    name: str
    default: object
    values: Values
    help: str
    unset: str
    given: Given
    flag: str
    label: str

    def check(self, value: object) -> None:
        """Raise UserError for a value that this option does not take."""
        if not (value is None and self.values.optional):
            self.values.check(self.name, value)


def option(default: object, values: Values, help: str, *, given: Given, unset: str = "", flag: str | None = None) -> Any:
    """The field of `Settings` that declares an option; `option_of` reads it back. `unset` says what None stands for."""
    return field(default=default, metadata={"option": {"values": values, "help": help, "unset": unset, "given": given,
                                                       "flag": flag}})


def option_of(declared: Field[Any]) -> Option:
    """The option that a field of `Settings` declares."""
    said = declared.metadata["option"]
    return Option(name=declared.name, default=declared.default, values=said["values"], help=said["help"],
                  unset=said["unset"] or _shown(declared.default), given=said["given"],
                  flag=said["flag"] or "--" + declared.name.replace("_", "-"), label=declared.name.replace("_", " "))


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


@dataclass(frozen=True)
class Names:
    """One of the names of a table. The table is read at every check, so that an added row can be chosen at once."""

    table: Collection[str]
    optional: bool = False
    metavar = "NAME"

    @property
    def told(self) -> str:
        return f"one of: {', '.join(self.table)}"

    def check(self, option: str, value: object) -> None:
        if value not in tuple(self.table):  # a tuple: a value that cannot be hashed is a bad value too
            raise UserError(f"{option} is {value!r}. Choose {self.told}.")

    def parse(self, text: str) -> str:
        return text


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int
    most: int | None = None
    optional: bool = False
    metavar = "N"

    @property
    def told(self) -> str:
        return "a whole number " + (f"of {self.least} or more" if self.most is None else f"from {self.least} to {self.most}")

    def check(self, option: str, value: object) -> None:
        whole = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
        if whole is None or whole < self.least or (self.most is not None and whole > self.most):
            raise UserError(f"{option} is {value!r}. Give {self.told}.")

    def parse(self, text: str) -> int:
        return int(text)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A finite number: from `least`, or above `above`, to `most`, or below `below`, as far as these are given."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    example: str = ""
    optional: bool = False
    metavar = "X"

    @property
    def told(self) -> str:
        parts = ["a number"]
        if self.most is not None or self.below is not None:
            end = f"{self.most:g}" if self.below is None else f"below {self.below:g}"
            parts.append(f"from {self.least:g} to {end}")
        elif self.above is not None:
            parts.append(f"above {self.above:g}")
        elif self.least is not None:
            parts.append(f"of {self.least:g} or more")
        return " ".join(parts) + (f", such as {self.example}" if self.example else "")

    def check(self, option: str, value: object) -> None:
        if not (is_finite_number(value) and self._holds(float(value))):
            raise UserError(f"{option} is {value!r}. Give {self.told}.")

    def parse(self, text: str) -> float:
        return float(text)

    def _holds(self, value: float) -> bool:
        return ((self.least is None or value >= self.least) and (self.above is None or value > self.above)
                and (self.most is None or value <= self.most) and (self.below is None or value < self.below))


@dataclass(frozen=True, kw_only=True)
class Widths:
    """A tuple of whole numbers of 1 or more: `how_many`, or any number of them."""

    how_many: int | None = None
    optional: bool = False

    @property
    def metavar(self) -> str:
        return "N,N" if self.how_many == 2 else "N[,N…]"

    @property
    def told(self) -> str:
        return f"a tuple of {self.how_many or 'one or more'} whole numbers, such as (100, 50)"

    def check(self, option: str, value: object) -> None:
        if not isinstance(value, tuple) or not value or (self.how_many and len(value) != self.how_many):
            raise UserError(f"{option} is {value!r}. Give {self.told}.")
        for width in value:
            Whole(least=1).check(f"A width in {option}", width)

    def parse(self, text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split(","))


@dataclass(frozen=True)
class Switch:
    """True or False; on the command line the flag alone says True."""

    optional: bool = False
    metavar = ""
    told = "true or false"

    def check(self, option: str, value: object) -> None:
        if not isinstance(value, bool):
            raise UserError(f"{option} is {value!r}. Give {self.told}.")

    def parse(self, text: str) -> bool:
        if text.casefold() not in ("true", "false"):
            raise ValueError
        return text.casefold() == "true"


def is_finite_number(value: object) -> TypeGuard[Real]:
    """Whether a value is a finite real number, and no bool."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int of hundreds of digits
        return False
