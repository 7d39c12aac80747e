"""A rule for each operation that is not linear: the column of a term, and the rows that hold it.

A row is left out where nothing gains by the term being too small, or too large: the largest of several rows that is made small
needs no whole number. Otherwise a term takes columns that are 0 or 1 and the usual rows "t ≤ a + M (1 − b)", with the least M
that the bounds of the changing cells allow (Williams 2013, Model Building in Mathematical Programming, chapter 9).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .growing_model import MOST_UNITS, Affine, GrowingModel, NotExact, constant_form

_TURNED = {"<": ">", "<=": ">="}


def _maximum(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    ends = [columns.ends(arg) for arg in args]
    floor = max(low for low, _ in ends)
    args = [arg for arg, (low, high) in zip(args, ends) if high > floor or low >= floor]
    if len(args) == 1:
        return args[0]
    t = columns.new(floor, max(high for _, high in ends))
    if below:
        for arg in args:
            columns.at_least(t, arg)
    if above:    # one of them is chosen, and t is not above it
        largest, chosen = max(columns.largest(arg) for arg in args), [columns.binary() for _ in args]
        for arg, b in zip(args, chosen):
            columns.at_least(arg + (constant_form(1.0) - b) * (largest - columns.least(arg)), t)
        total = sum(chosen, constant_form(0.0))
        columns.rows.append((total, 1.0, 1.0))
    return t


def _minimum(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    return _maximum(columns, terms, [arg * -1.0 for arg in args], above, below) * -1.0


def _absolute(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    a, = args
    low, high = columns.ends(a)
    if low >= 0 or high <= 0:
        return a if low >= 0 else a * -1.0
    t = columns.new(0.0, max(-low, high))
    if below:
        columns.at_least(t, a)
        columns.at_least(t, a * -1.0)
    if above:
        b = columns.binary()
        columns.at_least(a + (constant_form(1.0) - b) * (-2.0 * columns.least(a)), t)
        columns.at_least(a * -1.0 + b * (2.0 * columns.largest(a)), t)
    return t


def _compared(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    return holds(columns, terms.operation, args[0], below, above)


def holds(columns: GrowingModel, sign: str, d: Affine, below: bool, above: bool) -> Affine:
    """1 where d < 0, d = 0 … as the sign says, else 0."""
    if sign in _TURNED:
        d, sign = d * -1.0, _TURNED[sign]
    if sign == "<>":
        return constant_form(1.0) - _equal(columns, d, above, below)
    if sign == "=":
        return _equal(columns, d, below, above)
    least, largest = columns.ends(d)
    if least > 0 or largest < 0 or sign == ">=" and least >= 0 or sign == ">" and largest <= 0:
        return constant_form(float(least >= 0))
    z = columns.binary()
    if below:    # where it holds z is 1
        most = 0.0 if sign == ">" else -columns.grain(d)
        columns.at_least(constant_form(most) + z * (columns.largest(d) - most), d)
    if above:    # where z is 1 it holds
        wanted = columns.grain(d) if sign == ">" else 0.0
        columns.at_least(d, constant_form(wanted) - (constant_form(1.0) - z) * (wanted - columns.least(d)))
    return z


def _equal(columns: GrowingModel, d: Affine, below: bool, above: bool) -> Affine:
    if len(d.parts) == 1:
        (column, c), = d.parts.items()
        if columns.whole[column] and columns.high[column] - columns.low[column] < MOST_UNITS:
            return columns.unit(column, -d.constant / c)
    z = columns.binary()
    if above:
        columns.at_least((constant_form(1.0) - z) * columns.largest(d), d)
        columns.at_least(d, (constant_form(1.0) - z) * columns.least(d))
    if below:
        more, less, grain = columns.binary(), columns.binary(), columns.grain(d)
        columns.at_least(d, constant_form(grain) - (constant_form(1.0) - more) * (grain - columns.least(d)))
        columns.at_least(constant_form(-grain) + (constant_form(1.0) - less) * (grain + columns.largest(d)), d)
        columns.rows.append((z + more + less, 1.0, np.inf))
    return z


def _chosen(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    condition, yes, no = args
    return no + _product(columns, terms, [condition, yes - no], below, above)


def _product(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    """Of a form of columns that are 0 or 1, and another one."""
    a, b = args
    if not a.parts or not b.parts:
        return b * a.constant if not a.parts else a * b.constant
    if not columns.all_boolean(a):
        a, b = b, a
    if not columns.all_boolean(a):
        raise NotExact
    found = b * a.constant
    for column, c in a.parts.items():
        found = found + _switched(columns, Affine(0.0, {column: 1.0}), b) * c
    return found


def _switched(columns: GrowingModel, z: Affine, a: Affine) -> Affine:
    """z · a, where z is 0 or 1."""
    if a.parts == z.parts:    # z · (z + k) is z (1 + k)
        return z * (1.0 + a.constant)
    low, high = columns.least(a), columns.largest(a)
    boolean = len(a.parts) == 1 and not a.constant and columns.all_boolean(a) and set(a.parts.values()) == {1.0}
    t = columns.new(min(low, 0.0), max(high, 0.0), whole=boolean)
    off = constant_form(1.0) - z
    columns.at_least(z * high, t)
    columns.at_least(t, z * low)
    columns.at_least(a - off * low, t)
    columns.at_least(t, a - off * high)
    return t


def _all(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    if not all(map(columns.all_boolean, args)):
        raise NotExact
    if len(args) == 1:
        return args[0]
    t, total = columns.binary(), sum(args, constant_form(0.0))
    for arg in args:
        columns.at_least(arg, t)
    columns.at_least(t, total - constant_form(len(args) - 1.0))
    return t


def _any(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    return constant_form(1.0) - _all(columns, terms, [constant_form(1.0) - arg for arg in args], above, below)


def rounded(columns: GrowingModel, how: str, digits: float, a: Affine, below: bool, above: bool) -> Affine:
    """A form rounded by INT, ROUND, ROUNDUP … to so many digits. But for INT that is done where it is not negative."""
    scale = 10.0 ** int(digits)
    low, high = columns.ends(b := a * scale + constant_form(0.5 if how == "ROUND" else 0.0))
    if low < 0 and how != "INT":
        raise NotExact
    t = columns.new(np.floor(low), np.ceil(high), whole=True)
    if how == "ROUNDUP":
        if below:
            columns.at_least(t, b)
        if above:
            columns.at_least(b + constant_form(1.0 - columns.grain(b)), t)
    else:
        if above:
            columns.at_least(b, t)
        if below:
            columns.at_least(t + constant_form(1.0 - columns.grain(b)), b)
    return t * (1.0 / scale)


def stepped(columns: GrowingModel, keys: np.ndarray, values: np.ndarray, a: Affine, below: bool, above: bool) -> Affine:
    """The value of the last of the ascending keys that is not larger than a form, which is not below the first."""
    found, last = constant_form(float(values[0])), constant_form(1.0)
    for key, jump in zip(keys[1:].tolist(), np.diff(values).tolist()):
        if jump:
            z = holds(columns, ">=", a - constant_form(key), *((below, above) if jump > 0 else (above, below)))
            columns.at_least(last, z)
            found, last = found + z * jump, z
    return found


def whole_already(columns: GrowingModel, a: Affine) -> bool:
    """Whether a form is a whole number whatever its columns are."""
    return all(columns.whole[column] and float(c).is_integer() for column, c in a.parts.items()) and float(a.constant).is_integer()


def _inside(columns: GrowingModel, terms, args: list[Affine], below: bool, above: bool) -> Affine:
    """The first form, where the two others are not negative."""
    for arg in args[1:]:
        if columns.ends(arg)[0] < 0:
            columns.at_least(arg, constant_form(0.0))
    return args[0]


TERM_RULES: dict[str, Callable[..., Affine]] = {
    "max": _maximum, "min": _minimum, "abs": _absolute, "if": _chosen, "product": _product, "all": _all, "any": _any, "inside": _inside,
    **dict.fromkeys(("<", "<=", ">", ">=", "=", "<>"), _compared)}
