"""The sixty bad inputs, first half: what may be wrong on a sheet. Numbers lead to what is told of them."""

from __future__ import annotations

from pathlib import Path

import lesson_sheet
from bad_input import FIT, BadInput, blank, cell, changed_part, long_list, noted, sheet
from packages import MAIN, with_names

from pyxl.grid.cells import Range

_KEYS = [(1, 1, 4), (2, 1, 3), (3, 2, 2), (1, 3, 5), (2, 2, 1)]
_ONE = (*FIT, "--sheet", "Sheet1")


def _all_equal(ws, places) -> None:
    for where in Range.parse(places["ratings"]).cells():
        ws.write(where.row - 1, where.col - 1, 4)


def _hidden(ws, places) -> None:
    for row in (2, 3):
        ws.set_row(row, None, None, {"hidden": True})
    ws.set_column("G:G", None, None, {"hidden": True})


def _negative(variant: str):
    ratings = lesson_sheet.table(6, 7, share=1)
    ratings[1, 1] = -3
    return sheet(ratings=ratings, variant=variant)


def _named(**names: str):
    """A sheet whose blocks are named, some of them wrongly."""
    def make(folder: Path) -> None:
        path = folder / "w.xlsx"
        places = lesson_sheet.write(path, lesson_sheet.table(6, 7, share=1), k=3)
        areas = {role: f"Sheet1!{Range.parse(where).absolute}" for role, where in places.items()} | names
        with_names(path, folder / "named", {f"mine_{role}": where for role, where in areas.items()}).replace(path)
    return make


def _with_pivot(folder: Path) -> None:
    """A sheet with a pivot table over some factors."""
    import zipfile
    sheet()(folder)
    with zipfile.ZipFile(folder / "w.xlsx", "a") as archive:
        archive.writestr("xl/worksheets/_rels/sheet1.xml.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                         '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/pivotTable" '
                         'Target="../pivotTables/p.xml"/></Relationships>')
        archive.writestr("xl/pivotTables/p.xml", f'<pivotTableDefinition xmlns="{MAIN}" name="PivotTable2"><location ref="B14:C15"/></pivotTableDefinition>')


def _by_hand(folder: Path) -> None:
    sheet()(folder)
    changed_part(folder / "w.xlsx", "xl/workbook.xml", lambda part: part.replace(b"<calcPr ", b'<calcPr calcMode="manual" '))


def _from_1904(folder: Path) -> None:
    sheet(styled={"H3": (45000, "yyyy-mm-dd")})(folder)
    changed_part(folder / "w.xlsx", "xl/workbook.xml", lambda part: part.replace(b"<workbookPr ", b'<workbookPr date1904="1" '))


def rating(*write) -> object:
    """The sheet with another rating in H3."""
    return sheet(cell("H3", *write))


SHEETS: dict[str, BadInput] = {
    "1": BadInput("a rating that is text", "Sheet1!H3 holds 'good', not a number. Correct or clear it.", rating("write_string", "good"), _ONE),
    "2": BadInput("a decimal comma in a text", "Sheet1!H3 is the text '4,5'. Convert it to a number.", rating("write_string", "4,5"), _ONE),
    "3": BadInput("a space beside a number", "Sheet1!H3 is the text '4 ', a number with a space around it.", rating("write_string", "4 "), _ONE),
    "3 no-break": BadInput("a no-break space", "a number with a space around it.", rating("write_string", "4\N{NO-BREAK SPACE}"), _ONE),
    "4": BadInput("a percentage among numbers", "Sheet1!H3 is 80% (=0.8); others are plain numbers", sheet(styled={"H3": (0.8, "0%")}), _ONE),
    "5": BadInput("a date", "Sheet1!H3 is a date. Enter a rating.", sheet(styled={"H3": (45000, "yyyy-mm-dd")}), _ONE),
    "5 1904": BadInput("a date of a workbook that counts from 1904", "Sheet1!H3 is a date. Enter a rating.", _from_1904, _ONE),
    "6": BadInput("TRUE", "Sheet1!H3 is TRUE, not a rating.", rating("write", True), _ONE),
    "7": BadInput("an error value", "Sheet1!H3 is #N/A. Fix or clear it.", rating("write_formula", "=NA()", None, "#N/A"), _ONE),
    "7 text": BadInput("a formula that gives a text", "Sheet1!H3's formula gives the text '4'. Let it give a number", rating("write_formula", '="4"', None, "4"), _ONE),
    "8": BadInput("merged ratings", "Sheet1!G3:H3 are merged, among the ratings F2:L7", sheet(lambda ws, _: ws.merge_range("G3:H3", 3)), _ONE),
    "8 factors": BadInput("merged factors", "Sheet1!C14 is covered by the merged cells B14:C14",
                          sheet(lambda ws, _: ws.merge_range("B14:C14", 0.5)), (*_ONE, "--start", "random")),
    "9": noted("hidden rows and columns", "Sheet1: 2 hidden rows and 1 hidden column of ratings included, as the sheet's formulas do; --visible-only "
               "leaves them out.", sheet(_hidden)),
    "9 left out": noted("the same with --visible-only", "left out of the fit; the sheet's formulas count them.", sheet(_hidden), (*FIT, "--visible-only")),
    "10": BadInput("a user twice", "Sheet1!E5 repeats user 'user 1' of E3.", sheet(cell("E5", "write", "user 1")), _ONE),
    "10 item": BadInput("an item twice", "Sheet1!H1 repeats item 100 of F1.", sheet(cell("H1", "write", 100)), _ONE),
    "11": noted("a pair twice in a long table", "emb!G1:G6: 1 rating of a user and item rated before; each counts", long_list([1, 2, 3], [*_KEYS, (1, 1, 2)])),
    "12": BadInput("no name", "Sheet1!E4 has ratings but no user. Name it.", sheet(blank("E4:E4")), _ONE),
    "13": BadInput("names that differ by case", "('user 1', 'USER 1 ') differ by space or case only.", sheet(cell("E5", "write", "USER 1 ")), _ONE),
    "14": BadInput("a number and a text", "Sheet1!F1 is the number 100, H1 the text '100'. Unify them.", sheet(cell("H1", "write_string", "100")), _ONE),
    "15": BadInput("an approximate MATCH in unsorted ids", "MATCH needs sorted ids, and A1:A3 is not sorted. Add ,0", long_list([2, 3, 1], _KEYS),
                   (*FIT, "--sheet", "emb")),
    "16": BadInput("all ratings equal", "Sheet1!F2:L7 are all 4: nothing to learn. Check the range.", sheet(_all_equal), _ONE),
    "17": BadInput("one rating", "Sheet1!G3 is the only rating; 2 or more are needed. Add some.", sheet(blank("F2:L7", but="G3")), _ONE),
    "18": noted("a user without ratings", "user user 2 has no ratings; the factors stay unchanged. Add one.", sheet(blank("F4:L4"))),
    "19": noted("an item without ratings", "item 102 has no ratings; the factors stay unchanged. Add one.", sheet(blank("H2:H7"))),
    "20": BadInput("a giant number", "Sheet1!H3 = 1E+308 overflows. Correct it.", rating("write", 1e308), _ONE),
    "21": BadInput("NaN in the file", "Sheet1!H3 is not finite. Correct it.",
                   sheet(cell("H3", "write", 2.125), lambda part: part.replace(b"<v>2.125</v>", b"<v>NaN</v>")), _ONE),
    "22": BadInput("a rating outside a bounded model", "= -3 lies outside 0–5.5. Correct it, or widen the range.", _negative("bounded"), _ONE),
    "22 negative": noted("a lone negative rating", "Sheet1!G3 = -3 lies outside 1.5–4, where all other ratings lie; it was kept.", _negative("dot")),
    "22 high": noted("a rating far above all others", "Sheet1!H3 = 500 lies outside 1.5–4, where all other ratings lie; it was kept.",
                     rating("write", 500)),
    "23": BadInput("a blank factor", "Sheet1!B14 is blank. Fill it with a number, or use --start random.", sheet(blank("B14:B14")), _ONE),
    "23 text": BadInput("a factor that is text", "Sheet1!B14 holds x, not a number.", sheet(cell("B14", "write", "x")), _ONE),
    "23 giant": BadInput("a giant factor", "Sheet1!C15 = 1E+200 is absurdly large.", sheet(cell("C15", "write", 1e200)), _ONE),
    "24": BadInput("a protected sheet", "is protected", sheet(lambda ws, _: ws.protect()), _ONE),
    "26": BadInput("no such sheet", "no sheet 'R'", sheet(), (*FIT, "--sheet", "R")),
    "27": BadInput("a name that leads nowhere", "mine_user_factors is #REF!", _named(user_factors="#REF!"), _ONE),
    "28": BadInput("a name of another shape", "Sheet1!B14:C19 is named as user factors, but the formulas use B14:D19.",
                   _named(user_factors="Sheet1!$B$14:$C$19"), _ONE),
    "28 formula": BadInput("factors of different lengths", "multiplies a block of 1×3 by one of 4×1",
                           sheet(predict='IF({rating}="",0,MMULT({user},OFFSET({item},0,0,4,1)))'), _ONE),
    "29": BadInput("names that overlap", "overlap. Separate the two names.", _named(user_factors="Sheet1!$B$12:$F$19"), _ONE),
    "30": BadInput("a formula among the factors", "Sheet1!C15 holds the formula =1/2, where a fit would write a number.",
                   sheet(cell("C15", "write_formula", "=1/2", None, 0.5)), _ONE),
    "30 stated": BadInput("a formula stated as changing", 'Sheet1!F14, a changing cell, holds a formula, =IF(F2="",0,MMULT($B14:$D14,F$10:F$12)). '
                          "Solver writes numbers over formulas; here that is done with --overwrite-formulas.",
                          sheet(), (*FIT, "--objective", "L21", "--change", "F14")),
    "31": BadInput("the inside of an array formula", "Sheet1!G15, a changing cell, is part of the array formula in F14:L19", sheet(array=True, masked=False),
                   (*FIT, "--objective", "L21", "--change", "G15")),
    "32": BadInput("the inside of a pivot table", "belongs to the pivot table PivotTable2. Choose another cell", _with_pivot, _ONE),
    "33": BadInput("a circle of formulas", "is circular. Break the circle.", sheet(cell("C15", "write_formula", "=F15", None, 0)), _ONE),
    "34": noted("a rating from another workbook", "Sheet1!H3 reads [1]; its stored value was used. Check it.",
                rating("write_formula", "=[1]Other!$A$1", None, 2.5)),
    "35": BadInput("a rating drawn anew", "Sheet1!H3 changes at every recalculation. Paste it as a value.",
                   rating("write_formula", "=RANDBETWEEN(1,5)", None, 3), _ONE),
    "35 factor": BadInput("a factor drawn anew", "Sheet1!C15 changes at every recalculation (RAND).",
                          sheet(cell("C15", "write_formula", "=RAND()", None, 0.5)), _ONE),
    "35 OFFSET": noted("a rating that OFFSET finds", "Sheet1!H3 is looked up by OFFSET at every recalculation, and changes when cells are moved",
                       rating("write_formula", "=OFFSET(G1,2,0)", None, 3)),
    "35 INDIRECT": noted("a rating that INDIRECT finds", "Sheet1!H3 is looked up by INDIRECT at every recalculation",
                         rating("write_formula", '=INDIRECT("G3")', None, 3)),
    "36": noted("calculation by hand", "calculates by hand: press F9 in Excel", _by_hand),
    "60": noted("a lone cell in the last corner", "Sheet1!XFD1048576 stretches the sheet", sheet(lambda ws, _: ws.write("XFD1048576", 1))),
    "56": noted("a fit that diverges", "Lower lr from 500.", sheet(), (*FIT, "--optimizer", "sgd", "--lr", "500")),
}
