"""Random formulas over the whole function table, and the small grid they read: hypothesis strategies.

`LIBREOFFICE_DIFFERS` names what is left out (errors are compared as errors only), because there
LibreOffice is no oracle for Excel.
"""

from __future__ import annotations

import re

from hypothesis import strategies as st

from pyxl.formulas.functions.cells.array_functions import ARRAYS
from pyxl.formulas.functions.cells.lambda_functions import LAMBDAS
from pyxl.grid.cells import Cell, Range

# What LibreOffice 7.4 does otherwise -> and what Excel does, by Microsoft's page of the function (support.microsoft.com)
LIBREOFFICE_DIFFERS = {
    "booleans in cells": "it keeps them as the numbers 1 and 0, so that SUM, COUNT, RANK … of a range count them",
    "SUMXMY2 of blanks and texts": "it takes a blank for 0 and gives #VALUE! for text; Excel skips the pair",
    "SUMX2MY2, SUMX2PY2 without a pair of numbers": "it gives 0; Excel #DIV/0!",
    "SUMPRODUCT of single texts": "it takes them for 0; Excel gives #VALUE!",
    "RANK of a number that is not there": "it ranks where the number would stand; Excel gives #N/A",
    "looking up a blank or a text among numbers": "it finds the last; Excel takes a blank for 0, no text",
    "MATCH of the text 3 among numbers": "it finds the number; Excel does not",
    "wildcards beside numbers": "its ? finds a number of one digit; Excel's only texts",
    "0^0, 0^-1 and powers of texts in arrays": "it gives numbers; Excel errors",
    "COUNTIF(range, 3) and (range, TRUE)": "it leaves out the text 3 and counts 1 as TRUE",
    "COUNTIFS and SUMIFS with <>": "it leaves out blanks; Excel counts them",
    "IFERROR of a blank": "it stays a reference, which COUNTA does not count; Excel makes it a value",
    "ranges beside {…} in an ordinary formula": "it then computes on arrays; Excel takes the cell beside",
    "SWITCH": "on ranges it computes on arrays, where Excel takes the cell beside; a blank is no 0 to it",
    "arrays of which one is too small": "it goes on with their common part; Excel pads with #N/A",
    "GEOMEAN and ATAN2 of zeros": "0; Excel gives #NUM! and #DIV/0!",
    "FREQUENCY with equal limits": "it counts at the last of them; Excel at the first",
    "MODE of several": "it gives the least of the most frequent; Excel the first",
    "MROUND of a number and a multiple of two signs": "it rounds; Excel gives #NUM!",
    "BETA.INV, EFFECT, F.INV of 0, and BETADIST beyond 1": "it gives numbers, for F.INV an error; Excel #NUM!, for F.INV 0",
    "BINOM.INV, CRITBINOM of the probabilities 0 and 1": "it gives numbers; Microsoft's pages contradict each other",
    "COMBINA of more than there are to choose from": "it gives an error, and 0 for COMBINA(0,0); Excel counts them, and gives 1",
    "HYPGEOM.DIST of fewer hits than there must be": "it gives 0; Excel #NUM!",
    "NEGBINOMDIST of one trial, or of no success": "it gives an error, and 0; Excel the probability, and #NUM!",
    "PERCENTRANK, PERCENTRANK.INC, PERCENTRANK.EXC": "it rounds to the digits asked for; Excel leaves the rest out",
    "PROB with the upper limit below the lower": "it exchanges them; to Excel nothing lies between",
    "RATE with several solutions": "it may find another",
    "SYD of period 0": "it goes on; Excel gives #NUM!",
    "WEEKNUM of the last days of December": "it gives week 1 of the next year; Excel 53",
    "Z.TEST of one number": "it gives #DIV/0!; Excel a probability where the deviation is given",
    "lists with criteria": "a text must be the whole value, and a blank row of criteria fits less than all; to Excel a "
                           "text is how values begin, and a blank row fits all",
    "DSTDEV and DVAR of one number": "it gives 0; Excel #DIV/0!",
    "DGET of a blank, or of several rows of which one has a value": "it gives #VALUE!, and the value; Excel 0 and #NUM!",
    "which error": "it has some of its own (Err:502 …) and prefers others of several: any error is an error",
}
# Functions that it lacks, or does not find by the name in a workbook (it knows BINOM.DIST.RANGE as B); in an array formula
# HYPERLINK spreads the address over the next cell.
LIBREOFFICE_LACKS = {"SINGLE", "XLOOKUP", "XMATCH", "HYPERLINK", "TABLE", "FORMULATEXT", "TEXTAFTER", "TEXTBEFORE", "TEXTSPLIT", "BINOM.DIST.RANGE",
                     *ARRAYS, *LAMBDAS}

GRID = Range.parse("A1:E6")
ONLY_NUMBERS = Range.parse("F1:G6")
# A list with headers, and criteria for it: those of column P hold for more than one row; of R for one, most often.
LIST, CONDITIONS, TREES = Range.parse("M1:O7"), Range.parse("P1:R3"), ["Apple", "Pear", "Apple", "Cherry", "Pear", "Plum"]
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -2.5, 7.0, 12.25, 100.0])
TEXTS = st.sampled_from(["a", "b", "Ab", "x y", "3"])


def grids():
    """Cell -> value: numbers for the most part, blanks and texts between them; F1:G6 has only numbers."""
    value = st.one_of(NUMBERS, NUMBERS, NUMBERS, st.none(), TEXTS)
    cells = [*GRID.cells(), *ONLY_NUMBERS.cells(), *LIST.cells(), *CONDITIONS.cells()]
    trees = [part for tree in TREES for part in (st.just(tree), NUMBERS, value)]
    condition, height = st.sampled_from(["Apple", "<>Pear", "P*"]), st.sampled_from([">1", "<=7", 2.0, None])
    values = st.tuples(*[value] * GRID.size, *[NUMBERS] * ONLY_NUMBERS.size, *map(st.just, ["tree", "height", "profit"]), *trees,
                       *map(st.just, ["Tree", "Height", "Tree"]), *[condition, height, st.sampled_from(["Cherry", "Plum", "Apple"])] * 2)
    return values.map(lambda values: {cell: v for cell, v in zip(cells, values) if v is not None})


@st.composite
def _areas(draw, shape=None, within=GRID):
    """A range of the grid, of a given (rows, columns) or any."""
    rows, cols = shape or (draw(st.integers(1, 4)), draw(st.integers(1, min(4, within.shape[1]))))
    top = draw(st.integers(within.top, within.bottom - rows + 1))
    left = draw(st.integers(within.left, within.right - cols + 1))
    area = Range(top, left, top + rows - 1, left + cols - 1)
    return draw(st.sampled_from([str(area), area.absolute]))


def _shaped(*, rows, cols, count: int = 1, within=GRID):
    """So many ranges of one shape, commas between."""
    return st.tuples(st.integers(1, rows), st.integers(1, cols)).flatmap(
        lambda shape: st.tuples(*[_areas(shape, within)] * count)).map(",".join)


CELLS = st.builds(Cell, st.integers(GRID.top, GRID.bottom), st.integers(GRID.left, GRID.right)).map(str)
LITERALS = ["0", "1", "2", "3", "0.5", "10", "1.5E1", "20%"]
ARRAYS = ["{1,2;3,4}", "{1;2}", "{1,2}"]
STRETCHED = st.sampled_from([(1, 1), (2, 2), (2, 1), (1, 2)]).flatmap(_areas)  # arrays of these shapes always go together
CRITERIA = st.sampled_from(['">1"', '"<3"', '"a"', '"a*"', '2', '">=0"'])

# Every function with its arguments, a letter each (see `_arguments`); all else stands as it is. The first two kinds
# are nested in each other and in conditions and texts.
NUMBER_CALLS = """
ABS COS COSH EXP INT LN LOG LOG10 SIGN SIN SINH SQRT TAN TANH: v
LOG MOD: v,v
POWER: v,x
ROUND ROUNDUP ROUNDDOWN TRUNC: v,j
SUM SUMSQ AVERAGE COUNT COUNTA MIN MAX MEDIAN PRODUCT VAR VAR.S VAR.P STDEV STDEV.S STDEV.P VARP STDEVP DEVSQ: l
SUMPRODUCT: A1:B3,C2:D4
SUMXMY2 SUMX2MY2 SUMX2PY2 SUMPRODUCT: #
SUMPRODUCT: f
SUMPRODUCT: (c>v)*v
LARGE SMALL: a,i
RANK RANK.EQ: g,F1:G4,o
COUNTIF: a,h
SUMIF AVERAGEIF: a,w,a
SUMIFS AVERAGEIFS MAXIFS MINIFS: W
COUNTIFS: a,w
COUNTBLANK: a
MMULT: z
TRANSPOSE: m
INDEX: m,i,i
INDEX: m,i
MATCH: k,C,0
VLOOKUP HLOOKUP: k,a,i,FALSE
MATCH: n,{-5,0,1,2.5,8}
MATCH: n,{50,8,2,0,-9},-1
LOOKUP: n,{-5,0,1,2.5,8},{1,2,3,4,5}
VLOOKUP: n,{-9,1;0,2;2,5;9,3},2
HLOOKUP: n,{-9,0,2;4,5,6},2,TRUE
OFFSET: B2,i,i
SUM: OFFSET(A1,i,1,2,i)
INDIRECT: "c"
SUM: INDIRECT("a")
SUM: c:INDEX(a,1,1)
SUM COUNT MAX: (c,a)
ROWS COLUMNS: a
ROW COLUMN: c
PI ROW COLUMN:
CHOOSE: i,v,m,v
IF: ?,v,v
IFERROR IFNA: n,v
N: c
LEN: t
"""
CONDITION_CALLS = """
NOT: ?
AND OR XOR: ?,A
ISBLANK ISNUMBER ISTEXT ISNONTEXT ISREF: c
ISERROR ISERR ISNA: v
ISLOGICAL ISEVEN ISODD: n
ISNA ISERROR ERROR.TYPE: NA()
TRUE FALSE:
EXACT: t,t
"""
TEXT_CALLS = """
UPPER LOWER TRIM CLEAN PROPER T: t
LEFT RIGHT: t,o
MID: t,x,o
CONCATENATE: t,c
CONCAT: t,a
TEXTJOIN: t,b,a
IF: ?,t,t
REPLACE: t,i,o,t
REPT: t,o
SUBSTITUTE: t,t,t,x
ADDRESS: x,x,x,b
"""
# What stands in no other formula: the last digits of many depend on the order of additions, and others might round or
# compare them.
ALONE_CALLS = """
ACOS ASIN ATANH FACT NORMSINV NORM.S.INV: u
ACOSH ASINH ATAN DEGREES RADIANS EVEN ODD GAMMALN GAMMALN.PRECISE SQRTPI GAUSS PHI NORMSDIST: v
GAMMA ERF ERFC ERF.PRECISE ERFC.PRECISE: p
ACOT COT COTH CSC CSCH SEC SECH FISHERINV: v
FISHER: (u-0.1)
ACOTH: (1+p)
QUOTIENT: v,v
ATAN2: v,p
COMBIN PERMUT PERMUTATIONA: i,i
COMBINA: (3+i),i
MULTINOMIAL: i,i,i
FACTDOUBLE: (i*4)
DELTA GESTEP: (i-1),o
DELTA GESTEP: (i-1)
SERIESSUM: p,i,i,f
CEILING FLOOR: v,p
MROUND: ABS(v),p
CEILING.MATH FLOOR.MATH: v,p,i
GCD LCM: i,i,i
NORM.DIST NORMDIST: v,v,p,b
LOGNORM.DIST: p,v,p,b
NORM.S.DIST: v,b
NORM.INV NORMINV: u,v,p
STANDARDIZE: v,v,p
EXPON.DIST EXPONDIST POISSON.DIST POISSON T.DIST CHISQ.DIST: p,p,b
BINOM.DIST BINOMDIST: i,i,u,b
T.DIST.2T T.DIST.RT CHISQ.DIST.RT CHIDIST: p,i
TDIST: p,i,o
F.DIST.RT FDIST: p,i,i
T.INV T.INV.2T TINV: u,i
GAMMA.DIST GAMMADIST WEIBULL.DIST WEIBULL F.DIST: p,p,p,b
BETA.DIST: u,p,p,b
BETA.DIST: (2*u+1),p,p,b,1,3
BETADIST: S,p,p
BINOM.INV CRITBINOM: (7*i),S,S
CONFIDENCE CONFIDENCE.NORM CONFIDENCE.T: u,p,(5*i+1)
HYPGEOM.DIST: i,(2+i),4,(9+i),b
HYPGEOMDIST: i,(2+i),4,(9+i)
LOGNORMDIST: p,v,p
NEGBINOM.DIST: i,(1+i),u,b
NEGBINOMDIST: i,(2+i),u
AVEDEV KURT SKEW SKEW.P: f
CHISQ.TEST CHITEST: d,{1;2;5;9}
CHISQ.TEST CHITEST: q,{1,2;5,9}
F.TEST FTEST: d,f
T.TEST TTEST: #,x,1
T.TEST TTEST: d,f,x,(1+x)
PERCENTRANK PERCENTRANK.INC PERCENTRANK.EXC: d,v,14
PROB: {1,2,3,4},{0.1,0.2,0.3,0.4},i
PROB: {1,2,3,4},{0.1,0.2,0.3,0.4},i,(3+o)
TRIMMEAN: f,u
GEOMEAN HARMEAN: p,p,p
GEOMEAN HARMEAN: (d+10)
MODE MODE.SNGL: F1:F2,F1,F1
PERCENTILE PERCENTILE.INC PERCENTILE.EXC: f,u
QUARTILE QUARTILE.INC QUARTILE.EXC: f,i
RANK.AVG: g,F1:G4
FREQUENCY: f,{0.5,50,2}
CORREL PEARSON RSQ COVAR COVARIANCE.P COVARIANCE.S SLOPE INTERCEPT STEYX: =
CORREL PEARSON RSQ COVAR COVARIANCE.P COVARIANCE.S SLOPE INTERCEPT STEYX: #
FORECAST FORECAST.LINEAR: c,d,d
LINEST: d,{1;2;5;9}
LINEST: d,{1;2;5;9},b
LINEST: {1;2;4;3;9},H,TRUE,TRUE
TREND: d,{1;2;5;9},d
AVERAGEA MAXA MINA STDEVA STDEVPA VARA VARPA: a
CEILING.PRECISE FLOOR.PRECISE ISO.CEILING: v,p
AGGREGATE: s,4,a
AGGREGATE: (16+i),6,f,u
AGGREGATE: 14,6,f,i
AGGREGATE: 15,4,f,i
DEC2BIN DEC2HEX DEC2OCT: (i-2)
BIN2DEC BIN2HEX BIN2OCT: 101
OCT2BIN OCT2DEC OCT2HEX: 17
HEX2BIN HEX2DEC HEX2OCT: "1F"
BITAND BITOR BITXOR BITLSHIFT BITRSHIFT: (5+i),i
BASE: (9+i),2
DECIMAL: "1F",16
ROMAN: (39+i)
ARABIC: "XLIV"
DOLLAR: ABS(v),i
FIXED: v,i,b
NUMBERVALUE: "1.250,5",",","."
UNICHAR: (60+i)
UNICODE: t
TYPE ISFORMULA: c
CELL: "row",c
SHEET SHEETS:
MDETERM MINVERSE: q
MUNIT: i
IFS: ?,c,?,c
SWITCH: N(c),i,c,o,c,c
ERROR.TYPE: v
NA:
AREAS: c
SUBTOTAL: s,a
CODE VALUE: t
VALUE: "1.5"
CHAR: (60+i)
FIND SEARCH: t,t,x
TEXT: v,F
DATE: y,i,i
DAY MONTH YEAR HOUR MINUTE SECOND: D
DAYS: INT(D),36525
EDATE EOMONTH WEEKDAY: D,i
TIME: i,i,i
DATEDIF: E,(i*99+45657),U
DATEDIF: E,E,U
DAYS360: E,E
DAYS360: E,E,b
DATEVALUE: "2024-02-29"
TIMEVALUE: "13:45"
ISOWEEKNUM: D
WEEKNUM: (E+9)
WEEKNUM: (E+9),L
NETWORKDAYS: E,E
NETWORKDAYS: E,E,{45300,45400.5}
NETWORKDAYS.INTL: E,E,O
NETWORKDAYS.INTL: E,E,O,{45300,45400}
WORKDAY: E,(9*i-9)
WORKDAY: E,(9*i-9),{45300,45400}
WORKDAY.INTL: E,(9*i-9),O
YEARFRAC: E,E
YEARFRAC: E,E,B
FV NPER PMT PV: r,p,p,v
IRR: I
NPV: r,f
MIRR: I,r,r
XNPV: r,I,{45292,45350,45500,45600}
IPMT: r,i,M,1000
IPMT: r,i,M,1000,p,o
CUMIPMT: R,M,1000,(1+o),(3+i),o
ISPMT: r,i,M,1000
EFFECT NOMINAL: R,(0.5+i)
FVSCHEDULE: p,f
PDURATION: R,p,p
RRI: i,p,p
SLN: 12,p,i
SYD: 12,p,M,(1+i)
DB DDB: 12,p,M,i
DB DDB: 12,p,M,i,(2*i)
VDB: 12,p,M,i,(i+o)
VDB: 12,p,M,i,(i+o),p,b
VDB: 12,p,M,i,(i+0.25)
DSUM DAVERAGE DCOUNT DCOUNTA DMAX DMIN DPRODUCT DSTDEVP DVARP: M1:O7,e,Z
DSTDEV DVAR: M1:O7,"height",P1:P2
DGET: M1:O7,"height",R1:R2
DGET: M1:O7,1,R1:R2
DCOUNT DCOUNTA: M1:O7,,Z
"""
# What LibreOffice approaches step by step, or takes as a difference of large numbers, so that the last digits are no
# measure: compared to so many decimals.
APPROACHED_CALLS = """
BETA.INV BETAINV: S,p,p
GAMMA.INV GAMMAINV: u,p,p
CHISQ.INV CHISQ.INV.RT CHIINV: u,(1+i)
F.INV F.INV.RT FINV: S,(1+i),(1+i)
LOGNORM.INV LOGINV: u,v,p
CUMPRINC: R,M,1000,(1+o),(3+i),o
PPMT: r,i,M,1000
PPMT: r,i,M,1000,p,o
RATE: M,-200,1000
RATE: M,-200,1000,-p,o
RATE: M,-20,0,1500
XIRR: I,{45292,45350,45500,45600}
Z.TEST ZTEST: d,v
Z.TEST ZTEST: d,v,p
"""
DECIMALS = 7
EXACT_CALLS = NUMBER_CALLS + CONDITION_CALLS + TEXT_CALLS + ALONE_CALLS
EVERY_CALL = EXACT_CALLS + APPROACHED_CALLS
CHOICES = {"p": ["0.5", "1", "2.5", "7", "12"], "u": ["0", "0.05", "0.3", "0.5", "0.9", "1", "A1"], "i": list("0123"),
           "o": list("012"), "x": list("12"), "j": ["-1", "0", "1", "2"], "b": ["TRUE", "FALSE"], "y": ["1999", "2024", "1950"], "g": ["F1", "G3"],
           "D": ["36525", "45351.75", "60000", "73050.999"], "s": [str(n) for n in range(1, 12)] + ["109"],
           "I": ["{-100,30,40,50}", "{-10;3;4;5}"], "r": ["0", "0.05", "0.3", "1"], "H": ["{1,2;2,1;3,5;4,2;5,5}"],
           "E": ["45292", "45322", "45351", "45382", "45473.5", "45657"], "U": [f'"{unit}"' for unit in ("d", "M", "Y", "ym", "YD", "MD")],
           "L": ["1", "2", "11", "14", "17", "21", "3"], "B": list("01234"),
           "O": ["1", "3", "7", "11", "17", '"0000111"', '"1000000"', "8"], "M": ["6", "12", "36"], "e": ['"profit"', '"Height"', "1", "3"],
           "Z": ["P1:Q2", "P1:Q3", "P1:P2", "P1:P3"], "R": ["0.01", "0.05", "0.3", "1"], "S": ["0.05", "0.3", "0.5", "0.9"],
           "h": ['">1"', '"<=2"', '"<>1"', '"a"', '"<>a"', '"a*"', '"?b"', '"=2"', '">a"'],
           "F": ['"0"', '"0.00"', '"#,##0.0"', '"0%"', '"0.0E+00"', '"0.00;(0.00)"', '"General"']}


def _arguments(numbers, conditions, texts) -> dict:
    """letter -> strategy: v number, n a number that is no reference, c cell, a range, m one of few cells, k key, ? condition,
    t text, l what is summed, A what AND judges, f numbers of a range, d four of a column, q two by two, C a mixed column,
    = two ranges of one shape, # of numbers, z of shapes to multiply, w criterion, W ranges and criteria of SUMIFS."""
    number = st.builds("({}+0)".format, numbers)
    chain = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 2)).flatmap(
        lambda n: st.tuples(_areas(n[:2]), _areas(n[1:])).map(",".join))
    return {**{letter: st.sampled_from(choices) for letter, choices in CHOICES.items()},
            "v": numbers, "n": number, "c": CELLS, "a": _areas(), "m": STRETCHED, "?": conditions, "t": texts,
            "k": st.one_of(number, st.sampled_from(['"a"', '"AB"', '"x*"'])), "C": _shaped(rows=5, cols=1),
            "l": st.lists(st.one_of(_areas(), numbers), min_size=1, max_size=3).map(",".join),
            "A": st.one_of(conditions, _areas()), "f": _shaped(rows=6, cols=2, within=ONLY_NUMBERS),
            "d": _areas((4, 1), ONLY_NUMBERS), "q": _areas((2, 2), ONLY_NUMBERS), "z": chain,
            "=": _shaped(rows=3, cols=3, count=2), "#": _shaped(rows=5, cols=2, count=2, within=ONLY_NUMBERS), "w": CRITERIA,
            "W": st.tuples(_shaped(rows=3, cols=3, count=3), CRITERIA, CRITERIA).map(
                lambda parts: "{0[0]},{0[1]},{1},{0[2]},{2}".format(parts[0].split(","), *parts[1:]))}


def names() -> set[str]:
    """The functions of the tables."""
    return {name for line in EVERY_CALL.splitlines() for name in line.partition(":")[0].split()}


def _calls(table: str, arguments: dict) -> list:
    """A strategy for every line and function of a table."""
    found = []
    for line in filter(None, table.splitlines()):
        names, _, template = line.partition(":")
        parts = re.split(r"(?<!\w)([A-Za-z?=#])(?![\w(])", template.strip())
        strategies = [arguments[part] if i % 2 else st.just(part) for i, part in enumerate(parts)]
        found += [st.tuples(st.just(f"{name}("), *strategies, st.just(")")).map("".join) for name in names.split()]
    return found


def _operations(numbers):
    sign = st.sampled_from(list("+-*/"))
    return [st.builds("({}{}{})".format, numbers, sign, numbers), st.builds("{}{}{}".format, numbers, sign, numbers),
            st.builds("{}^{}".format, numbers, st.sampled_from(["2", "3", "0.5", "-1", "-2%"])),
            st.builds("-{}".format, numbers), st.builds("{}%".format, CELLS)]


def _comparisons(numbers, texts):
    sign = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    return [st.builds("({}{}{})".format, numbers, sign, numbers), st.builds("({}{}{})".format, CELLS, sign, texts),
            st.builds('({}="")'.format, CELLS)]


def _leaves(arrays: bool):
    return (st.one_of(st.sampled_from(LITERALS + ARRAYS * arrays), CELLS, CELLS, STRETCHED),
            st.sampled_from(["TRUE", "FALSE", "A1>1", "B2=3"]), st.one_of(TEXTS.map('"{}"'.format), st.just('" a  b "')))


def formulas(*, arrays: bool, depth: int = 2):
    """The text of a formula without ``=``, nested at most so deep; `arrays`: meant as an array formula."""
    numbers, conditions, texts = _leaves(arrays)
    for level in range(depth + 1):
        arguments = _arguments(numbers, conditions, texts)
        more = (st.one_of(*_calls(NUMBER_CALLS, arguments), *_operations(numbers)),
                st.one_of(*_calls(CONDITION_CALLS, arguments), *_comparisons(numbers, texts)),
                st.one_of(*_calls(TEXT_CALLS, arguments), st.builds("({}&{})".format, texts, st.one_of(texts, CELLS))))
        if level < depth:
            numbers, conditions, texts = (st.one_of(old, new, new) for old, new in zip((numbers, conditions, texts), more))
    return st.one_of(*more, more[0])


def one_of_each(*, arrays: bool):
    """A formula for every function of the tables, with plain arguments."""
    number = st.one_of(CELLS, st.sampled_from(LITERALS), *[STRETCHED] * arrays)
    arguments = _arguments(number, *_leaves(arrays)[1:])
    approached = (call.map(f"ROUND({{}},{DECIMALS})".format) for call in _calls(APPROACHED_CALLS, arguments))
    return st.tuples(*_calls(EXACT_CALLS, arguments), *approached)
