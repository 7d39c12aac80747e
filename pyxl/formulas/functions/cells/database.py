"""Functions of a list with headers and a block of criteria: DSUM, DGET and kin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.functions.mathematics.statistics import mean, variance
from pyxl.formulas.language.formula_errors import NUM, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import Area, finite, is_number
from pyxl.grid.cells import Value

from .criteria import criterion


def _header(value: Value) -> str:
    return str(value if value is not None else "").strip().casefold()


def _columns(row: list[Value], wanted: Value) -> int:
    """The column of a header, or number `wanted`."""
    if isinstance(wanted, float):
        if not 1 <= int(wanted) <= len(row):
            raise Fault(VALUE)
        return int(wanted) - 1
    headers = [_header(value) for value in row]
    if _header(wanted) not in headers:
        raise Fault(VALUE)
    return headers.index(_header(wanted))


def _values(area) -> list[list[Value]]:
    if not isinstance(area, Area):
        raise Fault(VALUE)
    return area.array().tolist()


def _chosen(database, field: Value, criteria) -> list[Value]:
    """What stands in the column `field` in the rows that meet one of the rows of criteria. A text there is how a value begins."""
    (headers, *rows), (asked, *conditions) = _values(database), _values(criteria)
    tests = [[(_columns(headers, header), criterion(_beginning(wanted))) for header, wanted in zip(asked, row) if wanted is not None]
             for row in conditions]
    kept = [row for row in rows if any(all(test(row[column]) for column, test in one) for one in tests)]
    if field is None:
        return [1.0] * len(kept)
    column = _columns(headers, field)
    return [row[column] for row in kept]


def _beginning(wanted: Value) -> Value:
    if not isinstance(wanted, str) or not wanted or wanted[0] in "=<>" or wanted.upper() in ("TRUE", "FALSE"):
        return wanted
    return f"{wanted}*"


def _of_numbers(make: Callable[[np.ndarray], float]) -> Function:
    def call(database, field: Value, criteria) -> float:
        found = np.empty(len(values := _chosen(database, field, criteria)), dtype=object)
        found[:] = values
        return finite(float(make(numbers([found]) if len(found) else np.zeros(0))))
    return Function("rvr", call)


def _count(database, field: Value, criteria) -> float:
    return float(sum(map(is_number, _chosen(database, field, criteria))))       # as COUNT: errors are passed over


def _count_all(database, field: Value, criteria) -> float:
    return float(sum(value is not None for value in _chosen(database, field, criteria)))


def _only(database, field: Value, criteria) -> Value:
    found = _chosen(database, field, criteria)
    if len(found) != 1:
        raise Fault(NUM if found else VALUE)
    return found[0]


DATABASE: dict[str, Function] = {
    "DAVERAGE": _of_numbers(mean),
    "DCOUNT": Function("rvr", _count),
    "DCOUNTA": Function("rvr", _count_all),
    "DGET": Function("rvr", _only),
    "DMAX": _of_numbers(lambda x: x.max() if x.size else 0.0),
    "DMIN": _of_numbers(lambda x: x.min() if x.size else 0.0),
    "DPRODUCT": _of_numbers(lambda x: np.prod(x) if x.size else 0.0),
    "DSTDEV": _of_numbers(lambda x: variance(x, 1) ** 0.5),
    "DSTDEVP": _of_numbers(lambda x: variance(x, 0) ** 0.5),
    "DSUM": _of_numbers(np.sum),
    "DVAR": _of_numbers(lambda x: variance(x, 1)),
    "DVARP": _of_numbers(lambda x: variance(x, 0)),
}
