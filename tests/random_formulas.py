"""Random formulas over the whole function table, and the small grid they read: a hypothesis strategy.

`LIBREOFFICE_DIFFERS` names what is left out (errors are compared as errors only), because there
LibreOffice is no oracle for Excel.
"""

from __future__ import annotations

from hypothesis import strategies as st

from pyxl.cells import Cell, Range

LIBREOFFICE_DIFFERS = {
    "booleans in cells": "it keeps them as the numbers 1 and 0, so that SUM, COUNT, RANK … of a range count them",
    "SUMXMY2 of blanks and texts": "it takes a blank for 0 and gives #VALUE! for text; Excel skips the pair",
    "SUMX2MY2, SUMX2PY2 of booleans": "as the first",
    "RANK of a number that is not there": "it ranks where the number would stand; Excel gives #N/A",
    "looking up a blank or a text among numbers": "it finds the last; Excel takes a blank for 0, no text",
    "MATCH of the text 3 among numbers": "it finds the number; Excel does not",
    "wildcards beside numbers": "its ? finds a number of one digit; Excel's only texts",
    "0^0, 0^-1 and powers of texts in arrays": "it gives numbers; Excel errors",
    "COUNTIF(range, 3) and (range, TRUE)": "it leaves out the text 3 and counts 1 as TRUE",
    "IFERROR of a blank": "it stays a reference, which COUNTA does not count; Excel makes it a value",
    "ranges beside {…} in an ordinary formula": "it then computes on arrays; Excel takes the cell beside",
    "SWITCH": "on ranges it computes on arrays, where Excel takes the cell beside; a blank is no 0 to it",
    "COUNTIFS and SUMIFS with <>": "it leaves out blanks; Excel counts them",
    "arrays of which one is too small": "it goes on with their common part; Excel pads with #N/A",
    "which error": "it has some of its own (Err:502 …) and prefers others of several: any error is an error",
}

GRID = Range.parse("A1:E6")
ONLY_NUMBERS = Range.parse("F1:G6")
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -2.5, 7.0, 12.25, 100.0])
TEXTS = st.sampled_from(["a", "b", "Ab", "x y", "3"])


def grids():
    """Cell -> value: numbers for the most part, blanks and texts between them; F1:G6 has only numbers."""
    value = st.one_of(NUMBERS, NUMBERS, NUMBERS, st.none(), TEXTS)
    cells = [*GRID.cells(), *ONLY_NUMBERS.cells()]
    values = st.tuples(*[value] * GRID.size, *[NUMBERS] * ONLY_NUMBERS.size)
    return values.map(lambda values: {cell: v for cell, v in zip(cells, values) if v is not None})


@st.composite
def _areas(draw, shape=None, within=GRID):
    """A range of the grid, of a given (rows, columns) or any."""
    rows, cols = shape or (draw(st.integers(1, 4)), draw(st.integers(1, min(4, within.shape[1]))))
    top = draw(st.integers(within.top, within.bottom - rows + 1))
    left = draw(st.integers(within.left, within.right - cols + 1))
    area = Range(top, left, top + rows - 1, left + cols - 1)
    return draw(st.sampled_from([str(area), area.absolute]))


CELLS = st.builds(Cell, st.integers(GRID.top, GRID.bottom), st.integers(GRID.left, GRID.right)).map(str)
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3))
SAME_SHAPE = SHAPES.flatmap(lambda shape: st.tuples(_areas(shape), _areas(shape)))
LITERALS = ["0", "1", "2", "3", "0.5", "10", "1.5E1", "20%"]
ARRAYS = ["{1,2;3,4}", "{1;2}", "{1,2}"]
STRETCHED = st.sampled_from([(1, 1), (2, 2), (2, 1), (1, 2)])  # arrays of these shapes always go together


def _call(*names: str, args):
    return st.builds(lambda name, inner: f"{name}({','.join(inner)})", st.sampled_from(names), args)


def _numbers(inner):
    numbers, conditions, texts = inner
    area, part = _areas(), STRETCHED.flatmap(_areas)
    chain = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 2)).flatmap(
        lambda n: st.tuples(_areas(n[:2]), _areas(n[1:])))
    number = st.builds("({}+0)".format, numbers)
    key = st.one_of(number, st.sampled_from(['"a"', '"AB"', '"x*"']))
    few = st.lists(st.one_of(area, numbers), min_size=1, max_size=3)
    place = st.sampled_from(["0", "1", "2", "3"])
    column = st.integers(1, 5).flatmap(lambda n: _areas((n, 1)))
    condition = st.sampled_from(['">1"', '"<3"', '"a"', '"a*"', '2', '">=0"'])
    conditional = st.builds("{0[0]},{0[1]},{1},{0[2]},{2}".format, SHAPES.flatmap(
        lambda shape: st.tuples(*[_areas(shape)] * 3)), condition, condition)
    return st.one_of(
        st.builds("({}{}{})".format, numbers, st.sampled_from(list("+-*/")), numbers),
        st.builds("{}{}{}".format, numbers, st.sampled_from(list("+-*/")), numbers),
        st.builds("{}^{}".format, numbers, st.sampled_from(["2", "3", "0.5", "-1", "-2%"])),
        st.builds("-{}".format, numbers), st.builds("{}%".format, CELLS),
        _call("ABS", "EXP", "LN", "LOG10", "SQRT", "SIGN", "INT", "TANH", "SINH", "COSH", "SIN", "COS", "TAN", "LOG",
              args=st.tuples(numbers)),
        _call("POWER", args=st.tuples(numbers, st.sampled_from(["2", "3"]))),
        _call("MOD", "LOG", args=st.tuples(numbers, numbers)),
        _call("ROUND", "ROUNDUP", "ROUNDDOWN", "TRUNC", args=st.tuples(numbers, st.sampled_from(["-1", "0", "1", "2"]))),
        _call("SUM", "SUMSQ", "AVERAGE", "COUNT", "COUNTA", "MIN", "MAX", "MEDIAN", "PRODUCT", "VAR", "VAR.S", "VAR.P", "STDEV",
              "STDEV.S", "STDEV.P", "VARP", "STDEVP", "DEVSQ", args=few),
        _call("SUMX2MY2", "SUMX2PY2", "SUMPRODUCT", args=SAME_SHAPE),
        _call("SUMXMY2", args=st.integers(1, 5).flatmap(
            lambda n: st.tuples(_areas((n, 2), ONLY_NUMBERS), _areas((n, 2), ONLY_NUMBERS)))),
        _call("SUMPRODUCT", args=st.tuples(area)),
        st.builds("SUMPRODUCT(({}>{})*{})".format, CELLS, numbers, numbers),
        _call("LARGE", "SMALL", args=st.tuples(area, place)),
        _call("RANK", "RANK.EQ", args=st.tuples(st.sampled_from(["F1", "G3"]), st.just("F1:G4"),
        st.sampled_from(["0", "1"]))),
        _call("COUNTIF", args=st.tuples(area, st.sampled_from(
            ['">1"', '"<=2"', '"<>1"', '"a"', '"<>a"', '"a*"', '"?b"', '"=2"', '">a"']))),
        st.builds('{}({},"{}",{})'.format, st.sampled_from(["SUMIF", "AVERAGEIF"]), area,
                  st.sampled_from([">1", "<3", "a", "2", "<>3"]), area),
        st.builds("{}({})".format, st.sampled_from(["SUMIFS", "AVERAGEIFS", "MAXIFS", "MINIFS"]), conditional),
        st.builds("COUNTIFS({})".format, conditional.map(lambda args: args.partition(",")[2])),
        st.builds("COUNTBLANK({})".format, area),
        _call("MMULT", args=chain), _call("TRANSPOSE", args=st.tuples(part)),
        st.builds("INDEX({},{},{})".format, part, place, place), st.builds("INDEX({},{})".format, part, place),
        st.builds("MATCH({},{},0)".format, key, column),
        st.builds("VLOOKUP({},{},{},FALSE)".format, key, area, place),
        st.builds("HLOOKUP({},{},{},FALSE)".format, key, area, place),
        st.builds("MATCH({},{{-5,0,1,2.5,8}}{})".format, number, st.sampled_from(["", ",1"])),
        st.builds("MATCH({},{{50,8,2,0,-9}},-1)".format, number),
        st.builds("LOOKUP({},{{-5,0,1,2.5,8}},{{1,2,3,4,5}})".format, number),
        st.builds("VLOOKUP({},{{-9,1;0,2;2,5;9,3}},2)".format, number),
        st.builds("HLOOKUP({},{{-9,0,2;4,5,6}},2,TRUE)".format, number),
        st.builds("OFFSET(B2,{},{})".format, place, place),
        st.builds("SUM(OFFSET(A1,{},1,2,{}))".format, place, place),
        st.builds('INDIRECT("{}")'.format, CELLS), st.builds('SUM(INDIRECT("{}"))'.format, area),
        st.builds("SUM({}:INDEX({},1,1))".format, CELLS, area),
        _call("ROWS", "COLUMNS", args=st.tuples(area)), _call("ROW", "COLUMN", args=st.tuples(CELLS)),
        st.sampled_from(["PI()", "ROW()", "COLUMN()"]),
        st.builds("CHOOSE({},{},{},{})".format, place, numbers, part, numbers),
        st.builds("IF({},{},{})".format, conditions, numbers, numbers),
        st.builds("{}({},{})".format, st.sampled_from(["IFERROR", "IFNA"]), number, numbers),
        st.builds("N({})".format, CELLS), st.builds("LEN({})".format, texts))


def _alone(inner):
    """What stands in no other formula: its last digits depend on the order of additions, and others might round
    or compare them; or LibreOffice then computes on arrays."""
    numbers, conditions, _ = inner
    place = st.sampled_from(["0", "1", "2"])
    square, column = _areas((2, 2), ONLY_NUMBERS), _areas((4, 1), ONLY_NUMBERS)
    return st.one_of(
        _call("CORREL", "PEARSON", "RSQ", "COVAR", "COVARIANCE.P", "COVARIANCE.S", "SLOPE", "INTERCEPT", "STEYX",
              args=SAME_SHAPE),
        st.builds("{}({},{},{})".format, st.sampled_from(["FORECAST", "FORECAST.LINEAR"]), CELLS, column, column),
        st.builds("IFS({},{},{},{})".format, conditions, CELLS, conditions, CELLS),
        st.builds("SWITCH(N({}),{},{},{},{},{})".format, CELLS, place, CELLS, place, CELLS, CELLS),
        _call("MDETERM", "MINVERSE", args=st.tuples(square)))


def _conditions(inner):
    numbers, conditions, texts = inner
    sign = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    return st.one_of(
        st.builds("({}{}{})".format, numbers, sign, numbers), st.builds("({}{}{})".format, CELLS, sign, texts),
        st.builds('({}="")'.format, CELLS), st.builds("NOT({})".format, conditions),
        _call("AND", "OR", "XOR", args=st.lists(st.one_of(conditions, _areas()), min_size=1, max_size=3)),
        _call("ISBLANK", "ISNUMBER", "ISTEXT", "ISNONTEXT", args=st.tuples(CELLS)),
        _call("ISERROR", "ISERR", "ISNA", args=st.tuples(numbers)), st.builds("ISLOGICAL({}+0)".format, numbers),
        st.sampled_from(["TRUE()", "FALSE()", "ISERROR(NA())", "ISNA(NA())"]))


def _texts(inner):
    numbers, conditions, texts = inner
    count = st.sampled_from(["0", "1", "2"])
    return st.one_of(
        st.builds("({}&{})".format, texts, st.one_of(texts, CELLS)),
        _call("UPPER", "LOWER", "TRIM", args=st.tuples(texts)), _call("LEFT", "RIGHT", args=st.tuples(texts, count)),
        st.builds("MID({},{},{})".format, texts, st.sampled_from(["1", "2"]), count),
        st.builds("CONCATENATE({},{})".format, texts, CELLS),
        st.builds("IF({},{},{})".format, conditions, texts, texts))


def formulas(*, arrays: bool, depth: int = 2):
    """The text of a formula without ``=``, nested at most so deep; `arrays`: meant as an array formula."""
    numbers = st.one_of(st.sampled_from(LITERALS + ARRAYS * arrays), CELLS, CELLS, STRETCHED.flatmap(_areas))
    conditions = st.sampled_from(["TRUE", "FALSE", "A1>1", "B2=3"])
    texts = st.one_of(TEXTS.map('"{}"'.format), st.just('" a  b "'))
    for _ in range(depth):
        inner = numbers, conditions, texts
        numbers = st.one_of(inner[0], _numbers(inner), _numbers(inner))
        conditions = st.one_of(inner[1], _conditions(inner), _conditions(inner))
        texts = st.one_of(inner[2], _texts(inner))
    inner = numbers, conditions, texts
    return st.one_of(_numbers(inner), _numbers(inner), _alone(inner), _conditions(inner), _texts(inner))
