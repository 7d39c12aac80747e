"""What a worksheet function is to the evaluator, and short ways to make one for the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from .formula_errors import NUM, VALUE, Fault
from .samples import numbers, pairs
from .values import Area, Areas, finite, lift, logical, number, text, whole

_COERCE = {"n": number, "t": text, "i": whole, "b": logical}


@dataclass(frozen=True, eq=False)
class Function:
    """A worksheet function: what it takes, and what computes it from that.

    `takes` has a letter for each argument. One value at a time (an array is gone through element
    by element): n number, t text, i whole number, b condition, v any value, error values too. The
    whole at once: a array; s array of a range or the scalar given; w values as they come;
    r reference, unread; u the same, or an array computed whole, error values too; x a thunk that evaluates it; l the node
    as it is written. After ``|`` arguments may be left out; before
    ``+`` the last letter repeats, or the letters in brackets: ``r(rv)+``. `vector` is `call` for
    whole float arrays; with `here` `call` takes the place of evaluation (`NodeEvaluator`) first.
    """

    takes: str
    call: Callable
    vector: Callable | None = None
    here: bool = False

    @cache      # noqa: B019 (the functions are a table that lives as long as the process)
    def plan(self, count: int) -> tuple[str, tuple[int, ...], Callable] | None:
        """For so many arguments: their letters, which are lifted, and `call` with its coercions.

        None when the function cannot take so many.
        """
        needed, _, optional = re.sub(r"[(+)]", "", self.takes).partition("|")
        letters = needed + optional
        if group := re.search(r"\((\w+)\)\+|(\w)\+", self.takes):
            repeats = group[1] or group[2]
            letters += repeats * ((count - len(letters)) // len(repeats))
        if not len(needed) <= count <= len(letters):
            return None
        letters = letters[:count]
        coerce = [_COERCE.get(letter) for letter in letters]
        call, skip = self.call, 1 if self.here else 0
        if any(coerce):
            def coerced(*args):
                return self.call(*args[:skip], *(to(arg) if to else arg for to, arg in zip(coerce, args[skip:])))
            call = coerced
        return letters, tuple(i for i, letter in enumerate(letters) if letter in "ntibv"), call


def each(scalar: Callable, vector: Callable | None = None, takes: str = "n") -> Function:
    """A function of numbers, which gives ``#NUM!`` where mathematics gives none."""
    def call(*args) -> float:
        try:
            return finite(float(scalar(*args)))
        except (ValueError, OverflowError):
            raise Fault(NUM) from None
    return Function(takes, call, vector)


def over(call: Callable, takes: str = "s+") -> Function:
    """A function of all the numbers among its arguments, as one vector."""
    quiet = np.errstate(all="ignore")(call)
    return Function(takes, lambda *samples: finite(float(quiet(numbers(samples)))))


def over_pairs(call: Callable, takes: str = "aa") -> Function:
    """A function of two ranges, of the pairs of which both are numbers; `call` takes what comes before them last."""
    quiet = np.errstate(all="ignore")(call)
    return Function(takes, lambda *args: finite(float(quiet(*pairs(*args[-2:]), *args[:-2]))))


def constant(value) -> Function:
    return Function("", lambda: value)


def test(call: Callable) -> Function:
    """A question about one value."""
    return Function("v", call)


def of_first(call: Callable) -> Function:
    """A function of one value: of a range its first cell, of an array each element."""
    def of(found):
        if isinstance(found, Areas):
            raise Fault(VALUE)
        if isinstance(found, Area):
            top, left = found.box[:2]
            found = found.to(top, left, top, left).array().item()
        return lift(call, [found], (0,))
    return Function("r", of)
