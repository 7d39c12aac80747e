"""Values that Excel stored for kinds of formulas in which evaluators go astray: each was computed by Excel itself or is
stated on Microsoft's page of the function."""

from __future__ import annotations

import pytest
from sheets_in_memory import at, sheets

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.grid.cells import Cell, ErrorValue, Range


def answer(formula: str, **cells):
    """The value of one formula in Z50 of sheet S, with these cells beside it."""
    return Calculator(sheets(S={**cells, "Z50": formula})).value("S", at("Z50"))


def same_value(formula: str, value, **cells) -> None:
    found = answer(formula, **cells)
    kind = ErrorValue if isinstance(value, str) and value.startswith("#") else type(value)
    assert type(found) is kind and found == (pytest.approx(value, rel=1e-12) if kind is float else value), (formula, found)


UNSORTED = {"A1": 0.0, "A2": 1.0, "A3": 2.0, "A4": 534.0, "A5": 9999999999.0, "A6": -9999999999.0,
            "B1": "DOUBLE", "C1": "BLANK", "D1": "STRING", "E1": "REF", "F1": "AREA",
            "B2": 1.1, "C2": 2.0, "D2": 3.0, "E2": 4.0, "F2": 5.0,
            "H9": 9700.0, "H10": "xyz", "H11": "xyz", "H12": 160726.0, "H13": 204100.0, "H14": 510300.0,
            "G9": .1, "G10": .22, "G11": .24, "G12": .32, "G13": .35, "G14": .37,
            "K1": 1.0, "K2": "x", "K4": 3.0, "K5": ErrorValue("#N/A"), "K6": "y"}


@pytest.mark.parametrize("formula, value", [
    ("=MATCH(534,A1:A6)", 4.0), ('=LOOKUP("DOUBLE",B1:F1,B2:F2)', 1.1), ('=HLOOKUP("DOUBLE",B1:F2,2)', 1.1),
    ("=XLOOKUP(46523,H9:H14,G9:G14,0,1,2)", 0.22), ("=XLOOKUP(204100,H9:H14,G9:G14,0,0,2)", 0.35),
    ("=XMATCH(3,{5,4,3,1},0,-2)", 3.0), ("=XMATCH(2,{5,4,3,1},1,-2)", 3.0), ("=XMATCH(2,{5,4,3,1},-1,-2)", 4.0),
    # What is of another kind is passed over: the last number of a column, the last that fits.
    ("=LOOKUP(9.99E+307,K1:K9)", 3.0), ("=LOOKUP(2,1/(A1:A6>1),A1:A6)", 9999999999.0), ('=LOOKUP("zz",K1:K9)', "y"),
    ("=MATCH(2,{1,2,2,2,3})", 4.0), ("=MATCH(0,{1,2,3})", "#N/A"), ("=VLOOKUP(2,{1,10;2,20;2,30;3,40},2)", 30.0)])
def test_approximate_lookups_go_by_halves_as_excel_does(formula, value):
    same_value(formula, value, **UNSORTED)


@pytest.mark.parametrize("formula, value", [
    ('=LEN("🌿")', 2.0), ('=FIND("b","🌿ab")', 4.0), ('=SEARCH("B","🌿ab")', 4.0), ('=MID("🌿ab",3,1)', "a"),
    ('=LEFT("🌿ab",2)', "🌿"), ('=RIGHT("ab🌿",3)', "b🌿"), ('=REPLACE("🌿ab",1,2,"x")', "xab"), ('=LEN(LEFT("🌿",1))', 1.0),
    ('=LEFT("🌿",1)&RIGHT("🌿",1)="🌿"', True), ('=LEN(REPT("é",3))', 3.0), ('=LEN(REPT("🌿",20000))', "#VALUE!")])
def test_text_is_counted_in_units_of_utf_16(formula, value):
    same_value(formula, value)


@pytest.mark.parametrize("formula, value", [
    ("=ROUND(1*(0.001+0.5-0.4-0.05-0.001),1)", 0.1), ("=ROUND(2.675,2)", 2.68), ("=ROUND(1.005,2)", 1.01),
    ("=ROUND(1234567890123456,0)", 1234567890123456.0), ("=ROUND(-2.5,0)", -3.0), ("=INT((0.1+0.7)*10)", 8.0),
    ("=INT(-1.5)", -2.0), ("=INT(7.9999)", 7.0), ("=SUM(INT({1.5,-1.5}))", -1.0), ("=ROUND(1E300,2)", 1e300),
    ("=0.5-0.4-0.1", 0.0), ("=1.1-1-0.1", 0.0), ("=1*(0.5-0.4-0.1)", -2.7755575615628914e-17)])
def test_numbers_are_rounded_by_what_15_digits_show(formula, value):
    same_value(formula, value)


@pytest.mark.parametrize("formula, value", [
    ("=SUMXMY2(A1:A2,B1:B2)", "#DIV/0!"), ("=SUMX2MY2(A1:A2,B1:B2)", "#DIV/0!"), ("=SUMX2PY2(A1:A2,B1:B2)", "#DIV/0!"),
    ("=SUMXMY2(A1:A3,B1:B3)", 1.0), ("=SUMPRODUCT(C1:C1,B1:B1)", "#VALUE!"), ('=SUMPRODUCT("a")', "#VALUE!"),
    ("=SUMPRODUCT(A1:A3,B1:B3)", 12.0), ('=MODE(1,1,"1",2)', "#VALUE!"), ("=MODE(A1:A3,4)", 4.0), ("=T(A1:B2)", "x"),
    ("=T(B1:A2)", "x"), ("=N(B1:C9)", 1.0), ("=SUM(N({1,2}))", 3.0), ("=T(1)", ""),
    ('=VALUE("$1,000")', 1000.0), ('="$1,000"+0', 1000.0), ('=VALUE("($5)")', -5.0), ('=VALUE("-$5.5")', -5.5),
    ('=VALUE("2 1/2")', 2.5), ('=VALUE("$")', "#VALUE!"), ('=VALUE("(-5)")', "#VALUE!"), ('=VALUE("5)")', "#VALUE!"),
    ('=ADDRESS(2,3,3,TRUE,"[Book1]Sheet1")', "[Book1]Sheet1!$C2"), ('=ADDRESS(1,1,4,TRUE,"my sheet")', "'my sheet'!A1"),
    ('=ADDRESS(1,1,4,TRUE,"[my book]S")', "'[my book]S'!A1")])
def test_what_counts_as_a_number(formula, value):
    same_value(formula, value, A1="x", A2="y", A3=4.0, B1=1.0, B2=2.0, B3=3.0, C1="4")


@pytest.mark.parametrize("value, pattern, shown", [
    ("1.23456789123", "General", "1.234567891"), ("100000000000", "General", "1E+11"),
    ("99999999999", "General", "99999999999"), ("123456789012", "General", "1.23457E+11"),
    ("-0.00001234567", "General", "-1.23457E-05"), ("0.000012", "General", "0.000012"), ("0.1+0.2", "General", "0.3"),
    ("1E+100", "General", "1E+100"), ("12345678.987", "General", "12345678.99"), ("1234567", ",0", ",1234567"),
    ('"jello"', ';;;"hi"', "hi"), ('"jello"', '0;;;"<"@">"', "<jello>"), ('"jello"', "0", "jello"),
    ("-0.001", "0.00", "-0.00"), ("1E+300", "0", "1" + "0" * 300), ("5", '[<10]"small";"big"', "small"),
    ("50", '[<10]"small";"big"', "big"), ("-1234.5", "$#,##0.00_);[Red]($#,##0.00)", "($1,234.50)"),
    ("1234.5", "$#,##0.00_);[Red]($#,##0.00)", "$1,234.50 "), ("1234", "[$€-407] #,##0", "€ 1,234"),
    ("1234567890", "(000) 000-0000", "(123) 456-7890"), ("2.75", "# ??/??", "2  3/4 "), ("0.25", "# ?/?", " 1/4"),
    ("1234.5678", "##0.0E+0", "1.2E+3"), ("5", "0;;", "5"), ("-5", "0;;", ""), ("1.5", "?.??", "1.5 "),
    ("45351.75", "yyyy-mm-dd", "2024-02-29"), ("45351.75", "d mmm yy h:mm AM/PM", "29 Feb 24 6:00 PM"),
    ("60", "yyyy-mm-dd", "1900-02-29"), ("45351", "dddd, mmmm d", "Thursday, February 29"),
    ("45351.7512345", "hh:mm:ss.00", "18:01:46.66"), ("1.5", "[h]:mm:ss", "36:00:00"),
    ("45351.75", "[$-409]m/d/yyyy h:mm;@", "2/29/2024 18:00"), ("1.5123", "[mm]:ss", "2177:43"), ("-1", "yyyy", "#VALUE!")])
def test_text_by_number_formats(value, pattern, shown):
    quoted = pattern.replace('"', '""')
    same_value(f'=TEXT({value},"{quoted}")', shown)


NUMBERS = {"A1": 5.0, "A2": ErrorValue("#DIV/0!"), "A3": 2.0, "A4": "x", "A5": "=SUBTOTAL(9,A1,A3)", "A6": 7.0, "A7": True,
           "B1": 1.0, "B2": 0.0, "B3": 1.0, "B6": 1.0, "C1:C2": "{=A1*{1;2}}"}


@pytest.mark.parametrize("formula, value", [
    # AGGREGATE leaves out errors, other totals, or nothing; of 14 to 19 an array may be computed
    ("=AGGREGATE(9,6,A1:A6)", 21.0), ("=AGGREGATE(9,2,A1:A6)", 14.0), ("=AGGREGATE(9,4,A1:A6)", "#DIV/0!"),
    ("=AGGREGATE(14,6,A1:A6,1)", 7.0), ("=AGGREGATE(15,6,ROW(A1:A6)/(B1:B6=1),2)", 3.0), ("=AGGREGATE(1,6,{1,2})", "#VALUE!"),
    ("=AGGREGATE(16,6,A1:A6,0.5)", 6.0), ("=AGGREGATE(20,6,A1:A6)", "#VALUE!"), ("=MAXA(A3:A7)", "=A6"),
    ("=AVERAGEA(A3:A4)", 1.0), ("=MINA(A3:A4)", 0.0), ("=VARA(A3:A4)", 2.0), ("=STDEVPA(A6:A7)", 3.0),
    ('=AVERAGEA(1,TRUE,"4")', 2.0), ('=AVERAGEA("x")', "#VALUE!"), ('=HEX2DEC("FFFFFFFFFF")', -1.0), ("=BIN2DEC(1010)", 10.0),
    ("=DEC2BIN(-5)", "1111111011"), ("=DEC2HEX(255,4)", "00FF"), ("=DEC2BIN(512)", "#NUM!"), ('=BIN2DEC("102")', "#NUM!"),
    ('=OCT2DEC("17")', 15.0), ("=BASE(255,16,4)", "00FF"), ('=DECIMAL("FF",16)', 255.0), ("=BITXOR(5,3)", 6.0),
    ("=BITLSHIFT(1,-1)", 0.0), ("=ROMAN(1994)", "MCMXCIV"), ('=ARABIC("mcmxciv")', 1994.0), ("=CEILING.PRECISE(-4.1)", -4.0),
    ("=FLOOR.PRECISE(-3.2,-1)", -4.0), ("=ISO.CEILING(4.3,-2)", 6.0), ("=TYPE(A1)", 1.0), ("=TYPE(A4)", 2.0),
    ("=TYPE(A7)", 4.0), ("=TYPE(A2)", 16.0), ("=TYPE({1,2})", 64.0), ("=TYPE(LAMBDA(x,x))", 128.0),
    ("=FORMULATEXT(A5)", "=SUBTOTAL(9,A1,A3)"), ("=FORMULATEXT(C2)", "{=A1*{1;2}}"), ("=FORMULATEXT(A1)", "#N/A"),
    ("=ISFORMULA(A5)", True), ("=DOLLAR(1234.567)", "$1,234.57"), ("=DOLLAR(-1234.567,0)", "($1,235)"),
    ("=FIXED(1234.567,-2)", "1,200"), ("=LEN(FIXED(1E300,127))", 529.0), ("=FIXED(1,128)", "#VALUE!"), ("=FIXED(-1234.567,1,TRUE)", "-1234.6"), ('=NUMBERVALUE("2.500,27%",",",".")', 25.0027),
    ('=UNICODE("🌿")', 127807.0), ("=UNICHAR(127807)", "🌿"), ('=TEXTBEFORE("a-b-c","-",2)', "a-b"),
    ('=TEXTAFTER("a-b-c","-",-1)', "c"), ('=TEXTAFTER("abc","x")', "#N/A"), ('=SUM(--TEXTSPLIT("1,2;3,4",",",";"))', 10.0),
    ("=SHEET()", 1.0), ('=CELL("address",B3)', "$B$3"), ("=SUM(S:S!B1:B3)", 2.0), ("=SUM(S:T!B1)", "#REF!"),
    # LET, LAMBDA and what calls it; arrays
    ("=LET(x,2,y,x+1,x*y)", 6.0), ("=LET(x,1,LET(x,2,x)+x)", 3.0), ("=LAMBDA(x,y,x*y)(3,4)", 12.0),
    ("=LET(f,LAMBDA(x,x+1),f(f(1)))", 3.0), ("=LAMBDA(x,x)", "#CALC!"), ("=LAMBDA(x,x)(1,2)", "#VALUE!"),
    ("=SUM(MAP({1,2,3},LAMBDA(x,x^2)))", 14.0), ("=REDUCE(1,{2,3},LAMBDA(a,b,a*b))", 6.0),
    ("=SUM(SCAN(0,{1,2,3},LAMBDA(a,b,a+b)))", 10.0), ("=SUM(BYROW({1,2;3,4},LAMBDA(r,MAX(r))))", 6.0),
    ("=SUM(BYCOL(B1:B3,_xleta.SUM))", 2.0), ("=SUM(MAKEARRAY(2,3,LAMBDA(r,c,r*10+c)))", 102.0),
    ("=SUM(ANCHORARRAY(C1))", 15.0), ("=ANCHORARRAY(A1)", "#REF!"), ("=SUM(SEQUENCE(3,2,10,-1))", 45.0),
    ("=SUM(FILTER({1;2;3},{1;0;1}))", 4.0), ("=FILTER({1;2},{0;0})", "#CALC!"), ('=FILTER({1;2},{0;0},"none")', "none"),
    ('=TEXTJOIN(",",TRUE,SORT({3;1;2},1,-1))', "3,2,1"), ('=TEXTJOIN(",",TRUE,UNIQUE({"a";"B";"A"}))', "a,B"),
    ('=TEXTJOIN(",",TRUE,SORTBY({1;2;3},{3;1;2}))', "2,3,1"), ('=TEXTJOIN(",",TRUE,TAKE({1,2,3},1,-2))', "2,3"),
    ('=TEXTJOIN(",",TRUE,DROP({1,2,3},,1))', "2,3"), ("=SUM(CHOOSECOLS({1,2,3},-1,1))", 4.0),
    ('=TEXTJOIN(",",TRUE,IFNA(VSTACK({1,2},3),"-"))', "1,2,3,-"), ('=TEXTJOIN(",",TRUE,TOCOL({1,2;3,4},,TRUE))', "1,3,2,4"),
    ("=ROWS(WRAPROWS({1,2,3},2))", 2.0)])
def test_newer_functions(formula, value):
    value = NUMBERS["A6"] if value == "=A6" else value
    same_value(formula, value, **NUMBERS)


@pytest.mark.parametrize("table, around, results", [
    ("TABLE(,A1)", {"C1": "=A1^2", "D1": "=A1*10", "B2": 1.0, "B3": 2.0}, [[1.0, 10.0], [4.0, 20.0]]),
    ("TABLE(A1,)", {"B2": "=A1^2", "B3": "=A1*10", "C1": 1.0, "D1": 2.0}, [[1.0, 4.0], [10.0, 20.0]]),
    ("TABLE(A1,A5)", {"B1": "=A1*100+A5", "C1": 1.0, "D1": 2.0, "B2": 3.0, "B3": 4.0}, [[103.0, 203.0], [104.0, 204.0]])])
def test_what_if_tables(table, around, results):
    book = sheets(S={"A1": 5.0, "A5": 7.0, "A9": "=A1", "C2:D3": "{=" + table + "}", **around})
    assert Calculator(book).block("S", Range.parse("C2:D3")) == results
    assert Cell.parse("D3") in dependents(book, {"S": [Cell.parse("A5" if "A5" in table else "A1")]})["S"]
    assert Cell.parse("C2") in dependents(book, {"S": [Cell.parse("C1")]})["S"]


def test_a_change_is_seen_by_what_if_tables_overwritten_formulas_and_beyond_the_used_cells():
    """And what does not depend on it is not evaluated again."""
    book = sheets(S={"A1": 5.0, "A2": "=A1+1", "B1": 7.0, "B2": "=B1*2", "C1": "=A1+B1", "C2:C3": "{=TABLE(,A1)}", "B3": 1.0, "D1": "=SUM(A1:A9)"})
    calculator, changes = Calculator(book), {"S": {Cell.parse("A2"): 3.0, Cell.parse("A8"): 10.0, Cell.parse("B1"): 20.0}}
    assert [calculator.value("S", Cell.parse(cell)) for cell in ("D1", "C3", "C2")] == [11.0, 8.0, 21.0]
    changed = calculator.changed(changes, dependents(book, changes))
    assert [changed.value("S", Cell.parse(cell)) for cell in ("A2", "D1", "B2", "C2", "C3")] == [3.0, 18.0, 40.0, 60.0, 21.0]
    assert calculator.value("S", Cell.parse("D1")) == 11.0
