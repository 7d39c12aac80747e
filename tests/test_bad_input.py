"""Bad input on a sheet: each case ends in one sentence that names the cell, and loses nothing.

The numbers are those of the list in ../shared/bad-input.md. Packages that are damaged or hostile
are in test_package.py, what can go wrong while saving in test_save.py, ratings files in
test_read_ratings.py and sizes in test_build.py.
"""

from __future__ import annotations

import datetime as dt

import lesson_sheet
import numpy as np
import pytest
import xlsxwriter
from packages import with_names, with_part

from pyxl import fit_workbook
from pyxl.grid.cells import Cell, Range
from solver import Settings, UserError

N, M, K = 6, 7, 3
SHAPE = dict(k=K, down=0, right=0)
# with these sizes: ratings F2:L7, ids E2:E7 and F1:L1, item factors F10:L12, user factors
# B14:D19, predictions F14:L19, RMSE L21 (test_the_cells_named_here)


def at(address: str) -> tuple[int, int]:
    """XlsxWriter's zero-based (row, column)."""
    cell = Cell.parse(address)
    return cell.row - 1, cell.col - 1


def value(address, what):
    def edit(ws, places):
        ws.write(*at(address), what)
    return edit


def text(address, what):
    return lambda ws, places: ws.write_string(*at(address), what)


def formula(address, what, result=0):
    return lambda ws, places: ws.write_formula(*at(address), what, None, result)


def blank(*addresses):
    def edit(ws, places):
        for address in addresses:
            for cell in Range.parse(address).cells():
                ws.table.get(cell.row - 1, {}).pop(cell.col - 1, None)
    return edit


def both(*edits):
    return lambda ws, places: [edit(ws, places) for edit in edits]


def everything(what):
    def edit(ws, places):
        for cell in Range.parse(places["ratings"]).cells():
            ws.write(cell.row - 1, cell.col - 1, what)
    return edit


CASES = {
    "1 text rating": (text("H3", "good"), "Sheet1!H3 holds 'good', not a number. Correct or clear it."),
    "2 decimal comma": (text("H3", "4,5"), "Sheet1!H3 is the text '4,5'. Convert it to a number."),
    "3 trailing space": (text("H3", "4 "), "Sheet1!H3 is the text '4 ', a number with a space around it."),
    "3 no-break space": (text("H3", "4\N{NO-BREAK SPACE}"), "a number with a space around it. Convert it"),
    "6 a truth": (value("H3", True), "Sheet1!H3 is TRUE, not a rating. Replace it"),
    "7 an error": (formula("H3", "=NA()", "#N/A"), "Sheet1!H3 is #N/A. Fix or clear it."),
    "7 a formula that gives text": (formula("H3", '="4"', "4"), "Sheet1!H3's formula gives the text '4'. Let it give"),
    "10 doubled user": (value("E5", "user 1"), "Sheet1!E5 repeats user 'user 1' of E3."),
    "10 doubled item": (value("H1", 100), "Sheet1!H1 repeats item 100 of F1."),
    "12 blank user": (blank("E4"), "Sheet1!E4 has ratings but no user. Name it."),
    "13 case and space": (value("E5", "USER 1 "), "Sheet1!E3 and E5 ('user 1', 'USER 1 ') differ by space or case only."),
    "14 number and text": (text("H1", "100"), "Sheet1!F1 is the number 100, H1 the text '100'. Unify them."),
    "16 all equal": (everything(4), "Sheet1!F2:L7 are all 4: nothing to learn. Check the range."),
    "17 one rating": (both(blank("F2:L7"), value("G3", 4)), "Sheet1!G3 is the only rating; 2 or more are needed."),
    "20 overflow": (value("H3", 1e308), "Sheet1!H3 = 1E+308 overflows. Correct it."),
    "23 factor blank": (blank("B14"), "Sheet1!B14 is blank. Fill it with a number, or use --start random."),
    "23 factor text": (text("C15", "x"), "Sheet1!C15 holds x, not a number."),
    "23 factor absurd": (value("C15", 1e200), "Sheet1!C15 = 1E+200 is absurdly large."),
    "30 parameter is a formula": (formula("C15", "=1/2"), "Sheet1!C15 holds the formula =1/2, where a fit would write a number."),
    "33 circular": (formula("C15", "=F15"), "is circular. Break the circle."),
    "35 random rating": (formula("H3", "=RANDBETWEEN(1,5)", 3), "Sheet1!H3 changes at every recalculation. Paste it"),
    "35 random factor": (formula("C15", "=RAND()", 0.5), "Sheet1!C15 changes at every recalculation (RAND)."),
}


def make(path, edit=None, **options):
    return lesson_sheet.write(path, lesson_sheet.table(N, M, share=1), edit=edit, **(SHAPE | options))


def test_the_cells_named_here(tmp_path):
    places = make(tmp_path / "b.xlsx")
    assert (places["ratings"], places["user_factors"], places["item_factors"]) == ("F2:L7", "B14:D19", "F10:L12")


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_and_nothing_lost(tmp_path, case):
    path = tmp_path / "book.xlsx"
    edit, sentence = CASES[case]
    make(path, edit)
    before = path.read_bytes()
    with pytest.raises(UserError) as why:
        fit_workbook(path, out=path, sheets=["Sheet1"])
    assert sentence in str(why.value)
    assert "\n" not in str(why.value) and str(why.value).endswith(".")
    assert path.read_bytes() == before


def with_format(path, address, number, code, **book_options):
    """One rating with a number format, which XlsxWriter takes from its workbook."""
    book = xlsxwriter.Workbook(str(path), book_options)
    ws = book.add_worksheet("Sheet1")
    style = book.add_format({"num_format": code})
    ws.write_row("B1", [1, 2])
    for r in range(3):
        ws.write(r + 1, 0, f"u{r}")
        ws.write_row(r + 1, 1, [r + 1, 5 - r])
        ws.write_row(r + 5, 4, [0.5, 0.7])
        for c in (0, 1):
            ws.write_formula(r + 5, c + 7, f"=$E{r + 6}*{'HI'[c]}$11+$F{r + 6}*{'HI'[c]}$12")
    ws.write_row("H11", [1, 2])
    ws.write_row("H12", [2, 1])
    ws.write_formula("K1", "=SQRT(SUMXMY2(B2:C4,H6:I8)/COUNT(B2:C4))")
    if isinstance(number, dt.date):
        ws.write_datetime(address, number, style)
    else:
        ws.write_number(address, number, style)
    book.close()


@pytest.mark.parametrize("epoch", [False, True])
def test_5_a_date(tmp_path, epoch):
    path = tmp_path / "b.xlsx"
    with_format(path, "C3", dt.datetime(2024, 4, 5), "yyyy-mm-dd", date_1904=epoch)
    with pytest.raises(UserError, match="Sheet1!C3 is a date. Enter a rating."):
        fit_workbook(path)


def test_4_a_percentage_among_numbers(tmp_path):
    path = tmp_path / "b.xlsx"
    with_format(path, "C3", 0.8, "0%")
    with pytest.raises(UserError, match=r"Sheet1!C3 is 80% \(=0.8\); others are plain numbers, 1–5. Unify them."):
        fit_workbook(path)


def test_9_hidden_rows_are_included_and_said(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, lambda ws, places: [ws.set_row(r, None, None, {"hidden": True}) for r in (2, 3)])
    result = fit_workbook(path)["Sheet1"]
    assert any("2 hidden rows of ratings included" in note for note in result.notes)
    assert result.n_ratings == N * M


@pytest.mark.parametrize("where, sentence", [("F4:L4", "Sheet1!B16: user user 2 has no ratings; the factors stay unchanged. Add one."),
                                             ("H2:H7", "Sheet1!H10: item 102 has no ratings; the factors stay unchanged. Add one.")])
def test_18_19_a_user_or_item_without_ratings(tmp_path, where, sentence):
    path = tmp_path / "b.xlsx"
    make(path, blank(where))
    assert sentence in fit_workbook(path)["Sheet1"].notes


def test_8_merged_parameters_are_not_written(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, lambda ws, places: ws.merge_range("B14:C14", 0.5))
    before = path.read_bytes()
    with pytest.raises(UserError, match="C14"):
        fit_workbook(path, out=path, settings=Settings(start="random"))
    assert path.read_bytes() == before


def test_24_a_protected_sheet(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, lambda ws, places: ws.protect())
    before = path.read_bytes()
    with pytest.raises(UserError, match="Sheet1.* is protected. .*Unprotect Sheet"):
        fit_workbook(path, out=path)
    assert path.read_bytes() == before


def test_26_no_such_sheet(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path)
    with pytest.raises(UserError, match="no sheet 'R'.*Sheet1"):
        fit_workbook(path, sheets=["R"])


def test_22_outside_the_range_of_a_bounded_model(tmp_path):
    path = tmp_path / "b.xlsx"
    ratings = lesson_sheet.table(N, M)
    ratings[0, 0] = -3
    lesson_sheet.write(path, ratings, k=2, variant="bounded")
    with pytest.raises(UserError, match="= -3 lies outside 0–5.5. Correct it, or widen the range."):
        fit_workbook(path)


def test_11_15_a_long_table_with_doubles_or_unsorted_approximate_match(tmp_path):
    def write(path, ids, keys):
        book = xlsxwriter.Workbook(str(path))
        ws = book.add_worksheet("emb")
        for r, key in enumerate(ids):
            ws.write_row(r, 0, [key, 0.3 + r, 0.5])
            ws.write_row(r + 10, 0, [key, 0.4, 0.1 + r])
        for r, (u, i, value) in enumerate(keys):
            n = r + 1
            ws.write_row(r, 4, [u, i, value])
            ws.write_formula(r, 7, f"=MATCH(E{n},$A$1:$A$3)")
            ws.write_formula(r, 8, f"=MATCH(F{n},$A$11:$A$13)")
            ws.write_formula(r, 9, f"=SUMPRODUCT(INDEX($B$1:$C$3,H{n},0),INDEX($B$11:$C$13,I{n},0))")
        ws.write_formula("L1", f"=SQRT(SUMXMY2(G1:G{n},J1:J{n})/COUNT(G1:G{n}))")
        book.close()

    keys = [(1, 1, 4), (2, 1, 3), (3, 2, 2), (1, 3, 5), (2, 2, 1)]
    write(tmp_path / "sorted.xlsx", [1, 2, 3], [*keys, (1, 1, 2)])
    result = fit_workbook(tmp_path / "sorted.xlsx")["emb"]
    assert result.n_ratings == 6
    assert any("emb!G1:G6: 1 rating of a user and item rated before; each counts" in note for note in result.notes)
    write(tmp_path / "unsorted.xlsx", [2, 3, 1], keys)
    with pytest.raises(UserError, match=r"emb!\w+: MATCH needs sorted ids, and A1:A3 is not sorted. Add ,0"):
        fit_workbook(tmp_path / "unsorted.xlsx", sheets=["emb"])


def test_21_nan_stored_in_a_cell(tmp_path):
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    make(good, value("H3", 2.125))
    with_part(good, bad, "xl/worksheets/sheet1.xml", lambda part: part.replace(b"<v>2.125</v>", b"<v>NaN</v>"))
    with pytest.raises(UserError, match="Sheet1!H3 is not finite. Correct it."):
        fit_workbook(bad)


def named_book(tmp_path, **names):
    """A book of ours whose names were spoiled."""
    path = tmp_path / "named.xlsx"
    places = make(path)
    named = {f"mine_{role}": f"=Sheet1!{Range.parse(where).absolute}" for role, where in places.items()}
    book_names = named | {f"mine_{role}": where for role, where in names.items()}
    return with_names(path, tmp_path / "spoiled.xlsx", {name: where.lstrip("=") for name, where in book_names.items()})


@pytest.mark.parametrize("names, sentence", [
    ({}, None),
    ({"user_factors": "=#REF!"}, "mine_user_factors is #REF!"),
    ({"user_factors": "=Sheet1!$B$14:$C$19"}, "Sheet1!B14:C19 is named as user factors, but the formulas use B14:D19."),
    ({"user_factors": "=Sheet1!$B$12:$F$19"}, "(mine_item_factors) overlap. Separate the two names."),
])
def test_27_28_29_names(tmp_path, names, sentence):
    path = named_book(tmp_path, **names)
    if sentence is None:
        assert fit_workbook(path)
        return
    with pytest.raises(UserError) as why:
        fit_workbook(path)
    assert sentence in str(why.value)


def test_28_factor_blocks_of_different_lengths(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, predict='IF({rating}="",0,MMULT({user},OFFSET({item},0,0,4,1)))')
    with pytest.raises(UserError, match="multiplies a block of 1×3 by one of 4×1; .* Resize one of them"):
        fit_workbook(path, sheets=["Sheet1"])


def test_34_a_rating_from_another_workbook(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, formula("H3", "=[1]Other!$A$1", 2.5))
    result = fit_workbook(path)["Sheet1"]
    assert any("Sheet1!H3 reads [1]; its stored value was used. Check it." in note for note in result.notes)
    assert result.n_ratings == N * M


def test_36_manual_calculation_is_said(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path)
    manual = with_part(path, tmp_path / "manual.xlsx", "xl/workbook.xml",
                       lambda part: part.replace(b"<calcPr ", b'<calcPr calcMode="manual" '))
    assert any("press F9" in note for note in fit_workbook(manual)["Sheet1"].notes)


def test_60_the_last_cell_of_the_sheet(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path, value("XFD1048576", 1))
    result = fit_workbook(path)["Sheet1"]
    assert any("Sheet1!XFD1048576 stretches the sheet" in note for note in result.notes)


def test_59_ctrl_c_before_the_fit_writes_nothing(tmp_path, monkeypatch, capsys):
    from pyxl.__main__ import main
    from pyxl.detect import verified_model
    path = tmp_path / "b.xlsx"
    make(path)
    before = path.read_bytes()

    def interrupted(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(verified_model, "detect", interrupted)
    assert main(["fit", str(path), "--in-place"]) == 2
    assert capsys.readouterr().err == "Stopped by Ctrl-C; nothing was written.\n"
    assert path.read_bytes() == before


def test_56_divergence_keeps_the_best_and_names_the_rate(tmp_path):
    path = tmp_path / "b.xlsx"
    make(path)
    result = fit_workbook(path, settings=Settings(optimizer="sgd", lr=500.0))["Sheet1"]
    assert "Diverged" in result.stop and "Lower lr from 500." in result.stop
    assert np.isfinite(result.rmse_after) and result.rmse_after <= result.rmse_before
