"""One behaviour for all hosts of a workbook: ordinary xlwings code on each engine.

On Windows and Mac the same tests run in Excel: `pytest tests/test_engines.py -k excel`.
"""

from __future__ import annotations

import datetime as dt
import os
import signal

import numpy as np
import pytest
import xlsxwriter
import xlwings
from needed import lacking

from pyxl.engines import ENGINES, choose_engine
from pyxl.formulas.language.syntax.formula_text import moved, relative
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook
from solver import UserError

WHEN = dt.datetime(2024, 2, 29, 12, 30)
SHEET = "my sheet"


@pytest.fixture(scope="module", params=ENGINES)
def app(request):
    """A program that holds workbooks, one for each engine; skipped where it is missing."""
    before = xlwings.engines.active
    try:
        choose_engine(request.param)
    except UserError as why:
        if request.param == "excel":    # CI has none
            pytest.skip(str(why))
        lacking(str(why))
    running = xlwings.App(visible=False, add_book=False)
    yield running
    running.quit()
    xlwings.engines.active = before


@pytest.fixture
def book(app, tmp_path):
    """A small workbook of every kind of cell, opened."""
    path = tmp_path / "kinds.xlsx"
    made = xlsxwriter.Workbook(str(path))
    sheet, other = made.add_worksheet("kinds"), made.add_worksheet(SHEET)
    date = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row("A1", [1.5, "text", "12"])
    sheet.write_boolean("D1", True)
    sheet.write_datetime("A2", WHEN, date)
    sheet.write_blank("B2", None, date)
    sheet.write_formula("A3", "=1/0", None, "#DIV/0!")
    sheet.write_formula("B3", "=NA()", None, "#N/A")
    sheet.write_column("A5", [1, 2, 3])
    for row in (5, 6, 7):
        sheet.write_formula(f"B{row}", f'=A{row}*$A$1+N("A1")', None, (row - 4) * 1.5)
    sheet.write_array_formula("D5:E6", "{=A5:B6*2}", None, 2)
    for cell, value in zip(("E5", "D6", "E6"), (3, 4, 6)):
        sheet.write_number(cell, value)
    other.write_number("B2", 7)
    other.write_formula("B3", "=kinds!A5+B2", None, 8)
    made.define_name("everything", "=kinds!$A$5:$A$7")
    made.define_name(f"'{SHEET}'!mine", f"='{SHEET}'!$B$2")
    made.close()
    opened = app.books.open(str(path))
    yield opened
    if opened in list(app.books):
        opened.close()


@pytest.fixture
def sheet(book):
    return book.sheets["kinds"]


def test_values_come_as_python_has_them(sheet):
    assert sheet.range("A1:E1").value == [1.5, "text", "12", True, None]
    assert sheet.range("A1").value == 1.5 and sheet["D1"].value is True
    assert sheet.range("Z99").value is None


def test_text_that_looks_like_a_number_is_text(sheet):
    assert sheet.range("C1").value == "12" and sheet.range("C1").formula == "12"


def test_dates_are_datetimes(sheet):
    assert sheet.range("A2").value == WHEN
    assert sheet.range("A2:B2").options(dates=dt.date).value == [WHEN.date(), None]
    for date in (dt.datetime(2023, 1, 2, 3, 4, 5), dt.date(1999, 12, 31)):
        sheet.range("A2").value = date
        assert sheet.range("A2").value.isoformat().startswith(date.isoformat())


def test_errors_are_none_or_their_text(sheet):
    assert sheet.range("A3:B3").value == [None, None]
    assert sheet.range("A3:B3").options(err_to_str=True).value == ["#DIV/0!", "#N/A"]


def test_formulas_read_as_excel_writes_them(sheet, book):
    assert [row[0] for row in sheet.range("B5:B7").formula] == [f'=A{row}*$A$1+N("A1")' for row in (5, 6, 7)]
    assert sheet.range("A5:B5").formula == (("1", '=A5*$A$1+N("A1")'),)
    assert book.sheets[SHEET].range("B3").formula == "=kinds!A5+B2"
    assert sheet.range("Z99").formula == ""


def test_an_array_formula_stands_in_all_of_its_cells(sheet):
    assert sheet.range("D5:E6").formula == (("=A5:B6*2",) * 2,) * 2
    assert sheet.range("D5:E6").has_array is True and sheet.range("E6").has_array is True
    assert sheet.range("A5:C7").has_array is False and sheet.range("C5:E7").has_array is None


def test_names_of_the_book_and_of_a_sheet(book, sheet):
    assert sheet.range("everything").value == [1, 2, 3]
    assert book.names["everything"].refers_to == "=kinds!$A$5:$A$7"
    assert book.names["everything"].refers_to_range == sheet.range("A5:A7")
    other = book.sheets[SHEET]
    assert other.range("mine").value == 7
    assert {name.name for name in book.names} >= {"everything", f"'{SHEET}'!mine"}
    assert [name.refers_to for name in other.names if name.name.endswith("!mine")] == [f"='{SHEET}'!$B$2"]
    assert "nothing" not in book.names
    with pytest.raises(Exception):
        sheet.range("nothing")


def test_a_block_is_written_whole(sheet):
    block = [[1.0, "a", None], [True, 2.5, "ö"]]
    sheet.range("G1").value = block
    assert sheet.range("G1:I2").value == block
    sheet.range("G1:I2").value = 4
    assert sheet.range("G1:I2").value == [[4.0] * 3] * 2
    sheet.range("G1").value = [1, 2]
    sheet.range("I2").value = None
    assert sheet.range("G1:I2").value == [[1.0, 2.0, 4.0], [4.0, 4.0, None]]
    sheet.range("G2").value = np.array([[float("nan"), 3.0]])
    assert sheet.range("G2:H2").value == [None, 3.0]
    sheet.range("G1:I2").clear_contents()
    assert sheet.range("G1:I2").value == [[None] * 3] * 2


def test_a_million_cells_go_there_and_back(sheet):
    numbers = np.arange(1e6).reshape(1000, 1000) / 7
    where = sheet.range((20, 10), (1019, 1009))
    where.value = numbers
    assert np.array_equal(where.options(np.array).value, numbers)
    assert sheet.used_range.shape == (1019, 1009)


def test_what_depends_on_a_written_cell_is_recalculated(book, sheet):
    sheet.range("A5").value = 10
    book.app.calculate()
    assert sheet.range("B5").value == 15 and sheet.range("D5:E5").value == [20, 30]
    assert book.sheets[SHEET].range("B3").value == 17


def test_saved_and_read_again(book, sheet, tmp_path):
    sheet.range("A5").value = 10
    sheet.range("B1").value = "ü & <b>"
    copy = tmp_path / "a copy.xlsx"
    book.save(str(copy))
    with open_workbook(copy) as saved:
        grid = saved.grid("kinds")
        assert grid.values[Cell(5, 1)] == 10 and grid.values[Cell(1, 2)] == "ü & <b>"
        assert grid.values[Cell(5, 2)] == 15 and grid.values[Cell(1, 3)] == "12"
        assert grid.formulas[Cell(5, 2)].text.replace(" ", "") == 'A5*$A$1+N("A1")'


def test_the_status_bar_takes_a_text(app, book):
    app.status_bar = "epoch 7"
    assert app.status_bar == "epoch 7"
    app.status_bar = False
    assert app.status_bar is False


def test_an_office_that_ended_is_forgotten(app, book):
    """Its user closed it, or it crashed: what the others hold is found all the same."""
    if app.engine.name != "libreoffice":
        pytest.skip("only LibreOffice may have several at once here")
    other = xlwings.App(visible=False, add_book=False)
    app.activate()
    os.killpg(other.pid, signal.SIGKILL)
    assert xlwings.Book(book.fullname) == book
    pids = xlwings.apps.keys()
    assert other.pid not in pids and app.pid in pids


def test_books_and_sheets_are_found_by_name(app, book):
    assert app.books["kinds.xlsx"] == book and xlwings.Book(book.fullname) == book
    assert [sheet.name for sheet in book.sheets] == ["kinds", SHEET] and "kinds" in book.sheets
    with pytest.raises(Exception):
        book.sheets["nowhere"]


def test_formulas_and_sheets_are_new_only_where_an_office_is(app, book, sheet):
    if app.engine.name == "file":
        with pytest.raises(UserError, match="kinds!G9: without an office no formula is written"):
            sheet.range("G9").formula = "=A1"
        with pytest.raises(UserError, match="kinds!G9: without an office"):
            sheet.range("G9").value = "=A1"
        with pytest.raises(UserError, match="no sheet can be added"):
            book.sheets.add("more")
        with pytest.raises(UserError, match="kinds!B6 holds a formula, which is not overwritten"):
            sheet.range("A6:B6").value = 1
        with pytest.raises(UserError, match="G9 would get a date where none stands"):
            sheet.range("G9").value = WHEN
        return
    sheet.range("G9:G10").formula = "=SUM($A5:A$6)"
    assert sheet.range("G9:G10").formula == (("=SUM($A5:A$6)",), ("=SUM($A6:A$6)",))
    assert sheet.range("G9").value == 3
    sheet.range("H9").value = "=1+1"
    assert sheet.range("H9").value == 2
    sheet.range("G9").value = WHEN
    assert sheet.range("G9").value == WHEN
    added = book.sheets.add("more", after=sheet)
    added.visible = False
    assert [s.name for s in book.sheets] == ["kinds", "more", SHEET] and not added.visible


@pytest.mark.parametrize(("text", "there"), [
    ("A1+$B2+C$3+$D$4", "C2+$B3+E$3+$D$4"), ('"A1"&A1', '"A1"&C2'), ("'A1'!A1", "'A1'!C2"), ("LOG10(A1)", "LOG10(C2)"),
    ("SUM(A1:B2)", "SUM(C2:D3)"), ("bias_2!A1", "bias_2!C2"), ("AB1_x+Q4.x", "AB1_x+Q4.x"), ("R1.A1", "R1.C2")])
def test_a_formula_moves_as_a_copy_would(text, there):
    assert moved(text, 1, 2) == there
    assert relative(text, Cell(1, 1)) == relative(there, Cell(2, 3))


def test_calc_refuses_what_it_would_spoil(shared, tmp_path):
    """Pivot tables are redrawn over the user's cells; a file that is open elsewhere cannot be saved."""
    _needs_libreoffice()
    running = xlwings.App(visible=False, add_book=False)
    try:
        with pytest.raises(UserError, match="'course_collab_filter.xlsx' has a pivot table on sheet"):
            running.books.open(str(shared / "workbooks" / "course_collab_filter.xlsx"))
        xlsxwriter.Workbook(str(tmp_path / "held.xlsx")).close()
        (tmp_path / ".~lock.held.xlsx#").write_text(",Jane,host,01.01.2024 10:00,file:///home/jane;")
        with pytest.raises(UserError, match="'held.xlsx' is open elsewhere"):
            running.books.open(str(tmp_path / "held.xlsx"))
        assert not list(running.books)
    finally:
        running.quit()


def test_without_a_screen_the_file_itself_is_chosen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("COLLABSHEET_OFFICE", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert choose_engine().name == "file"
    _needs_libreoffice()
    monkeypatch.setenv("DISPLAY", ":0")
    assert choose_engine().name == "libreoffice"


def test_what_is_missing_is_said_with_how_to_install_it(monkeypatch, tmp_path):
    with pytest.raises(UserError, match="no engine 'numbers'. Choose one of: excel, libreoffice, file"):
        choose_engine("numbers")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("pyxl.engines.libreoffice.find_office._PROGRAMS", ())
    with pytest.raises(UserError, match="no LibreOffice here. Install it: apt-get install libreoffice-calc"):
        choose_engine("libreoffice")
    monkeypatch.undo()
    monkeypatch.setitem(__import__("sys").modules, "uno", None)
    monkeypatch.setattr("pyxl.engines.libreoffice.find_office._DEBIAN", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/soffice")
    with pytest.raises(UserError, match="apt-get install python3-uno"):
        choose_engine("libreoffice")


def test_no_office_listens_where_it_is_said_to():
    _needs_libreoffice()
    with pytest.raises(UserError, match="No LibreOffice listens at 'pipe,name=nobody-there'"):
        xlwings.App(visible=False, add_book=False, spec="pipe,name=nobody-there")


def _needs_libreoffice():
    try:
        choose_engine("libreoffice")
    except UserError as why:
        pytest.skip(str(why))
