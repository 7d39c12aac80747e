"""Functions on money, dates, samples, distributions and lists with criteria, held against LibreOffice."""

from __future__ import annotations

import pytest
import xlsxwriter

from pyxl import open_workbook
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell

# A2:A9, B2:B9 two samples; C2:C9 flows on the dates D2:D9; F1:H7 a list with headers, J1:K3 criteria
DATA = {"A": [3, 5, 5, 8, 13, 2, 9, 4], "B": [4, 5, 7, 7, 15, 3, 8, 6], "C": [-1000, 200, 250, -50, 300, 300, 200, 150],
        "D": [45292, 45350, 45500, 45600, 45777, 45900, 46000, 46111]}
LIST = [["tree", "height", "profit"], ["Apple", 18, 105], ["Pear", 12, 96], ["Cherry", 13, 105], ["Apple", 14, 75], ["Pear", 9, 77], ["Apple", 8, 45]]
CRITERIA = [["Tree", "Height"], ["Apple", ">10"], ["Pear", None]]

MONEY = """RATE(48,-200,8000) RATE(60,-150,7000,100,1) RATE(36,-200,1000) RATE(24,-20,0,1500) RATE(360,-165.5,20000) RATE(60,-7.77,1000,0,1) RATE(12,0,-1000,1500) IPMT(0.1/12,1,36,8000) IPMT(0.1/12,5,36,8000,100,1) PPMT(0.1/12,2,24,2000) PPMT(0.01,3,12,500,10,1)
CUMIPMT(0.09/12,360,125000,13,24,0) CUMPRINC(0.09/12,360,125000,1,1,1) EFFECT(0.0525,4) NOMINAL(0.053543,4) ISPMT(0.1/12,1,36,8000)
PDURATION(0.025,2000,2200) RRI(96,10000,11000) FVSCHEDULE(1,A2:A4) MIRR(C2:C9,0.1,0.12) XNPV(0.09,C2:C9,D2:D9) XIRR(C2:C9,D2:D9) XIRR(C2:C9,D2:D9,0.4)
SLN(30000,7500,10) SYD(30000,7500,10,3) DB(1000000,100000,6,1,7) DB(1000000,100000,6,7,7) DB(5000,500,5,3) DDB(2400,300,10,1,2) DDB(2400,300,10,10)
DDB(2400,300,3650,1) VDB(2400,300,10,0,1) VDB(2400,300,10,2,6,1.5) VDB(2400,300,10,0,10) VDB(2400,300,10,3,9,2,TRUE)"""
DATES = """DATEDIF(D2,D9,"d") DATEDIF(D2,D9,"m") DATEDIF(D2,D9,"y") DATEDIF(D3,D9,"ym") DATEDIF(D3,D9,"yd") DATEDIF(D3,D8,"md") DAYS360(D2,D9) DAYS360(45322,45382)
DAYS360(45322,45382,TRUE) ISOWEEKNUM(D5) ISOWEEKNUM(0) ISOWEEKNUM(1) ISOWEEKNUM(60.5) ISOWEEKNUM(42370) ISOWEEKNUM(42368) WEEKNUM(D5) WEEKNUM(D5,2) WEEKNUM(D2,21) NETWORKDAYS(D2,D3) NETWORKDAYS(D2,D3,D2:D4) NETWORKDAYS.INTL(D2,D3,11)
NETWORKDAYS.INTL(D2,D3,"0000111") WORKDAY(D2,30) WORKDAY(D4,-30,D2:D3) WORKDAY.INTL(D2,30,7) YEARFRAC(D2,D9) YEARFRAC(D2,D9,1) YEARFRAC(D2,D4,1) YEARFRAC(D2,D9,2)
YEARFRAC(D3,D9,3) YEARFRAC(D3,D9,4) YEARFRAC(45351,45657) YEARFRAC(44985,45351) DATEVALUE("2024-02-29") TIMEVALUE("13:45")"""
SAMPLES = """T.TEST(A2:A9,B2:B9,2,1) T.TEST(A2:A9,B2:B9,1,2) TTEST(A2:A9,B2:B9,2,3) Z.TEST(A2:A9,5) ZTEST(A2:A9,5,3) F.TEST(A2:A9,B2:B9) CHISQ.TEST(A2:B5,B2:C5)
CHITEST(A2:A9,B2:B9) PROB(A2:A5,H10:H13,4,8) PROB(A2:A5,H10:H13,5) TRIMMEAN(A2:A9,0.3) PERCENTRANK(A2:A9,8) PERCENTRANK.INC(A2:A9,6)
SKEW.P(A2:A9) CONFIDENCE(0.05,2.5,50) CONFIDENCE.T(0.05,1,50) CONFIDENCE.NORM(0.1,3,10)"""
LAWS = """BETA.DIST(2,8,10,TRUE,1,3) BETA.DIST(2,8,10,FALSE,1,3) BETADIST(0.4,2,3) BETA.INV(0.68,8,10,1,3) BETAINV(0.3,2,5) CHISQ.INV(0.93,1) CHISQ.INV.RT(0.05,10) CHIINV(0.05,3)
F.DIST(15.2,6,4,TRUE) F.DIST(15.2,6,4,FALSE) F.INV(0.01,6,4) F.INV.RT(0.01,6,4) FINV(0.05,3,8) GAMMA.INV(0.068,9,2) GAMMAINV(0.5,2,3) GAMMADIST(10,9,2,FALSE)
LOGNORM.INV(0.039,3.5,1.2) LOGINV(0.5,1,2) LOGNORMDIST(4,3.5,1.2) BINOM.INV(6,0.5,0.75) CRITBINOM(100,0.5,0.5)
HYPGEOM.DIST(1,4,8,20,TRUE) HYPGEOM.DIST(1,4,8,20,FALSE) HYPGEOMDIST(2,5,8,20) NEGBINOM.DIST(10,5,0.25,TRUE) NEGBINOMDIST(10,5,0.25) NEGBINOM.DIST(2,1,0,FALSE) WEIBULL(105,20,100,TRUE)"""
NUMBERS = """ACOT(2) ACOT(-2) ACOTH(6) COMBINA(4,3) COT(30) COTH(2) CSC(15) CSCH(1.5) DELTA(5,4) DELTA(5,5) ERF.PRECISE(0.7) ERFC.PRECISE(1) FACTDOUBLE(6) FACTDOUBLE(7)
FISHER(0.75) FISHERINV(0.9) GESTEP(5,4) MULTINOMIAL(2,3,4) PERMUTATIONA(3,2) SEC(45) SECH(1) SERIESSUM(0.5,0,2,A2:A5)"""
LISTS = " ".join(f'{name}(F1:H7,"profit",J1:K3)' for name in ("DSUM", "DAVERAGE", "DCOUNT", "DMAX", "DMIN", "DPRODUCT", "DSTDEV", "DSTDEVP", "DVAR", "DVARP")) + \
    ' DCOUNTA(F1:H7,1,J1:K3) DSUM(F1:H7,2,J1:K2) DGET(F1:H7,3,N1:O2)'


def test_they_give_what_libreoffice_gives(office, tmp_path):
    formulas = " ".join((MONEY, DATES, SAMPLES, LAWS, NUMBERS, LISTS)).split()
    path = tmp_path / "functions.xlsx"
    with xlsxwriter.Workbook(path, {"use_future_functions": True}) as book:
        sheet = book.add_worksheet("S")
        for column, values in DATA.items():
            sheet.write_column(f"{column}2", values)
        for rows, left in ((LIST, 5), (CRITERIA, 9)):
            for row, values in enumerate(rows):
                sheet.write_row(row, left, values)
        sheet.write_row("N1", ["tree", "height"])
        sheet.write_row("N2", ["Cherry", 13])
        sheet.write_column("H10", [0.2, 0.3, 0.1, 0.4])
        for row, formula in enumerate(formulas):
            sheet.write_formula(row, 12, f"={formula}")
    where = f"M1:M{len(formulas)}"
    theirs = [value for value, in office.recalculate(path, {"S": [where]})["S"][where]]
    wrong = []
    with open_workbook(path) as workbook:
        calculator = Calculator(workbook)
        for row, (formula, wanted) in enumerate(zip(formulas, theirs), 1):
            ours = calculator.value("S", Cell(row, 13))
            if not isinstance(wanted, float) or ours != pytest.approx(wanted, rel=1e-8, abs=1e-12):
                wrong.append((formula, ours, wanted))
    assert not wrong


@pytest.mark.parametrize("formula, value", [
    ("BINOM.DIST.RANGE(60,0.75,48)", 0.083974967429), ("BINOM.DIST.RANGE(60,0.75,45,50)", 0.523629793472),
    ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},7)", 0.7), ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},5.43)", 0.381),
    ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},5.43,1)", 0.3)])
def test_examples_of_microsofts_pages(tmp_path, formula, value):
    path = tmp_path / "w.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("S").write_formula("A1", f"=_xlfn.{formula}")
    with open_workbook(path) as workbook:
        assert Calculator(workbook).value("S", Cell(1, 1)) == pytest.approx(value, rel=1e-9)
