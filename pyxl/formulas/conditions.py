"""Functions that choose: IF, IFERROR, CHOOSE, AND, OR. What is not chosen is not evaluated."""

from __future__ import annotations

import numpy as np

from ..cells import ErrorValue
from .errors import VALUE, Fault
from .values import lift, logical


def if_(here, condition, then, otherwise=lambda: False):
    if not isinstance(condition, np.ndarray):
        return (then if logical(condition) else otherwise)()
    args = [condition, here.values(then()), here.values(otherwise())]
    if condition.dtype == bool:
        args[0] = condition.astype(float)
    return lift(lambda c, yes, no: yes if logical(c) else no, args, (0, 1, 2), lambda c, yes, no: np.where(c, yes, no))


def if_error(here, value, other, *, only: str | None = None):
    value = here.values(value())
    wrong = lambda v: isinstance(v, ErrorValue) and (only is None or v == only)  # noqa: E731
    if not isinstance(value, np.ndarray):
        return other() if wrong(value) else value
    if value.dtype != object:
        return value
    return lift(lambda v, o: o if wrong(v) else v, [value, here.values(other())], (0, 1))


def choose(index: int, *choices):
    if not 1 <= index <= len(choices):
        raise Fault(VALUE)
    return choices[index - 1]()


def judged(samples) -> list[bool]:
    """What AND and OR judge: in ranges text and blanks do not count; with nothing to count it is #VALUE!."""
    found = []
    for sample in samples:
        if isinstance(sample, np.ndarray):
            found += [logical(v) for v in sample.ravel().tolist()
                      if isinstance(v, ErrorValue) or not (v is None or isinstance(v, str))]
        else:
            found.append(logical(sample))
    if not found:
        raise Fault(VALUE)
    return found
