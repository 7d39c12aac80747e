"""Functions that ask and choose: IF, IFS, IFERROR, AND, ISNUMBER … What is not chosen is not evaluated."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.language.comparison import compare
from pyxl.formulas.language.formula_errors import DIV0, NA, NAME, NULL, NUM, REF, VALUE, Fault
from pyxl.formulas.language.function import Function, constant, of_first, test
from pyxl.formulas.language.values import Area, Areas, is_number, lift, logical
from pyxl.grid.cells import ErrorValue


def _if(here, condition, then, otherwise=lambda: False):
    if not isinstance(condition, np.ndarray):
        return (then if logical(condition) else otherwise)()
    args = [condition, here.values(then()), here.values(otherwise())]
    if condition.dtype == bool:
        args[0] = condition.astype(float)
    return lift(lambda c, yes, no: yes if logical(c) else no, args, (0, 1, 2), lambda c, yes, no: np.where(c, yes, no))


def _if_error(here, value, other, *, only: str | None = None):
    value = here.values(value())
    wrong = lambda v: isinstance(v, ErrorValue) and (only is None or v == only)  # noqa: E731
    if not isinstance(value, np.ndarray):
        return other() if wrong(value) else value
    if value.dtype != object:
        return value
    return lift(lambda v, o: o if wrong(v) else v, [value, here.values(other())], (0, 1))


def _choose(index: int, *choices):
    if not 1 <= index <= len(choices):
        raise Fault(VALUE)
    return choices[index - 1]()


def _judged(samples) -> list[bool]:
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


def _ifs(here, condition, then, *others):
    """The first of pairs whose condition is true; ``#N/A`` when none is."""
    return _if(here, here.values(condition()), then, lambda: _ifs(here, *others) if others else ErrorValue(NA))


def _switch(here, value, wanted, *others):
    """What stands behind the first of the wanted values that equals `value`; a last one alone is for all else."""
    if not others:
        return wanted()
    equal = lift(lambda a, b: compare(a, b) == 0, [value, here.values(wanted())], (0, 1))
    then, *rest = others
    return _if(here, equal, then, lambda: _switch(here, value, *rest) if rest else ErrorValue(NA))


def _as_number(value):
    if isinstance(value, ErrorValue):
        raise Fault(value)
    return float(value) if is_number(value) or isinstance(value, bool) else 0.0


def _is_text(value) -> bool:
    return isinstance(value, str) and not isinstance(value, ErrorValue)


def _is_na(value) -> bool:
    return isinstance(value, ErrorValue) and value == NA


_ERROR_TYPES = {error: float(n) for n, error in enumerate((NULL, DIV0, VALUE, REF, NAME, NUM, NA), 1)}


def _error_type(value) -> float:
    if not isinstance(value, ErrorValue) or value not in _ERROR_TYPES:
        raise Fault(NA)
    return _ERROR_TYPES[value]


CONDITIONS: dict[str, Function] = {
    "AND": Function("s+", lambda *samples: all(_judged(samples))),
    "CHOOSE": Function("ix+", _choose),
    "ERROR.TYPE": test(_error_type),
    "FALSE": constant(False),
    "IF": Function("wx|x", _if, here=True),
    "IFERROR": Function("xx", _if_error, here=True),
    "IFNA": Function("xx", lambda here, value, other: _if_error(here, value, other, only=NA), here=True),
    "IFS": Function("(xx)+", _ifs, here=True),
    "ISBLANK": test(lambda v: v is None),
    "ISERR": test(lambda v: isinstance(v, ErrorValue) and not _is_na(v)),
    "ISERROR": test(lambda v: isinstance(v, ErrorValue)),
    "ISLOGICAL": test(lambda v: isinstance(v, bool)),
    "ISNA": test(_is_na),
    "ISNONTEXT": test(lambda v: not _is_text(v)),
    "ISNUMBER": test(is_number),
    "ISREF": Function("r", lambda found: isinstance(found, (Area, Areas))),
    "ISTEXT": test(_is_text),
    "N": of_first(_as_number),
    "NA": constant(ErrorValue(NA)),
    "NOT": Function("b", lambda b: not b),
    "OR": Function("s+", lambda *samples: any(_judged(samples))),
    "SWITCH": Function("wxx+", _switch, here=True),
    "TRUE": constant(True),
    "XOR": Function("s+", lambda *samples: sum(_judged(samples)) % 2 == 1),
}
