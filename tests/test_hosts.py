"""What every host of a workbook promises, held for all of them: a file, our file engine, and a live LibreOffice."""

from __future__ import annotations

import datetime as dt

import pytest
import xlsxwriter
import xlwings

from pyxl.engines import choose_engine
from pyxl.fit.press_fit import fit_workbook
from pyxl.grid.cells import Cell, Range
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.host import Host
from pyxl.hosts.live_host import LiveHost
from pyxl.hosts.read_live import read_grid
from pyxl.live.live_fit import fit_live
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement
from pyxl.xlsx import NewSheet, open_workbook
from solver import UserError

HOSTS = ("file", "live file", "live LibreOffice")
X, Y = (1.0, 2.0, 3.0, 4.0), (3.0, 5.0, 7.0, 9.0)      # y = 2·x + 1


def written(path, *, date1904: bool = False):
    """A workbook with constants, formulas, a name, a date and a table."""
    with xlsxwriter.Workbook(str(path), {"date_1904": date1904}) as workbook:
        sheet = workbook.add_worksheet("model")
        sheet.add_table("A3:B7", {"name": "T", "columns": [{"header": "x"}, {"header": "y"}], "data": list(zip(X, Y))})
        sheet.write_row("D1", [0.0, 0.0])
        sheet.write_array_formula("D3:D3", "{=SUM((T[y]-T[x]*D1-E1)^2)}", None, sum(y * y for y in Y))
        sheet.write_formula("D4", "=D1*2", None, 0)
        sheet.write_datetime("G1", dt.datetime(2013, 7, 8), workbook.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula("G2", "=YEAR(G1)", None, 2013)
        sheet.write_formula("G3", "=(YEAR(40000)-H1)^2", None, 0)
        sheet.write("H1", 2000.0)
        workbook.define_name("slope", "=model!$D$1")
        workbook.add_worksheet("other")
    return path


@pytest.fixture
def opened(request, tmp_path):
    """Opens a workbook in the host named, and closes it again."""
    close = []

    def open_in(kind: str, path) -> Host:
        if kind == "file":
            file = open_workbook(path)
            close.append(file.close)
            return FileHost(file)
        if kind == "live file":
            before, engine = xlwings.engines.active, choose_engine("file")
            book = engine.apps.active.books.open(str(path))
            xlwings.engines.active = before
        else:
            book = request.getfixturevalue("calc").books.open(str(path))
        close.append(book.close)
        return LiveHost(book)

    yield open_in
    for end in close:
        end()


@pytest.fixture(params=HOSTS)
def host(request, opened, tmp_path) -> Host:
    return opened(request.param, written(tmp_path / "book.xlsx"))


@pytest.fixture(params=HOSTS)
def host1904(request, opened, tmp_path) -> Host:
    return opened(request.param, written(tmp_path / "book1904.xlsx", date1904=True))


def test_a_sheet_that_was_not_read_is_written_to_as_any_other(host, monkeypatch):
    """No more of it is read than is written: of a sheet of many formulas that would take longer than a small fit."""
    read = []
    monkeypatch.setattr("pyxl.hosts.live_host.read_grid", lambda sheet, *, only=None, **how: read.append(only) or read_grid(sheet, only=only, **how))
    with pytest.raises(UserError, match="D4 holds a formula"):
        host.write({"model": {Cell.parse("D1"): 5.0, Cell.parse("D4"): 1.0}})
    host.write({"model": {Cell.parse("D1"): 3.0, Cell.parse("E1"): None}})
    host.recalculate()
    assert host.value("model", Cell.parse("D4")) == 6.0 and host.value("model", Cell.parse("E1")) is None
    assert None not in read


def test_what_a_host_says_of_a_workbook(host):
    assert host.name == "book.xlsx" and host.sheets == ("model", "other")
    assert ("slope", "model!$D$1") in [(name.name, name.refers_to) for name in host.names]
    assert not host.manual_calculation and not host.date1904
    table, = host.tables
    assert (table.name, table.sheet, table.where, table.columns) == ("T", "model", Range.parse("A3:B7"), ("x", "y"))
    assert (table.headers, table.totals) == (1, 0)
    grid = host.grid("model")
    assert grid.values[Cell.parse("B7")] == 9.0 and grid.formulas[Cell.parse("D4")].text == "D1*2"
    assert "T[y]" in grid.formulas[Cell.parse("D3")].text and grid.formulas[Cell.parse("D3")].array
    with pytest.raises(UserError, match="no sheet 'none'"):
        host.grid("none")


def test_a_date_is_its_days_since_1900(host):
    date = Cell.parse("G1")
    assert host.grid("model").values[date] == host.value("model", date) == 41463.0


def test_a_date_is_its_days_since_1904_where_the_workbook_says_so(host1904):
    date = Cell.parse("G1")
    assert host1904.date1904 and host1904.grid("model").values[date] == host1904.value("model", date) == 40001.0


def test_what_is_written_is_there_and_formulas_follow(host):
    host.write({"model": {Cell.parse("D1"): 2.0, Cell.parse("E1"): 1.0}})
    assert host.recalculate() == []
    assert host.value("model", Cell.parse("D4")) == 4.0 and host.value("model", Cell.parse("D3")) == 0.0
    host.write({"model": {Cell.parse("E1"): None}})
    host.recalculate()
    assert host.value("model", Cell.parse("E1")) is None and host.value("model", Cell.parse("D3")) == 4.0
    with pytest.raises(UserError, match="D4 holds a formula"):
        host.write({"model": {Cell.parse("D4"): 1.0}})
    assert not host.edited("model", Range.parse("A3:B7"))


def test_a_sheet_is_added_once(host):
    if isinstance(host, LiveHost) and host.book.app.engine.name == "file":
        with pytest.raises(UserError, match="no sheet can be added"):
            host.add_sheet(NewSheet("before_fit", hidden=True))
        return
    host.add_sheet(NewSheet("before_fit", hidden=True))
    host.add_sheet(NewSheet("before_fit", hidden=True))
    assert host.sheets == ("model", "other", "before_fit")


@pytest.mark.parametrize("date1904", [False, True])
def test_a_live_fit_finds_what_the_file_fit_finds(date1904, tmp_path, calc):
    """A live fit did not know the workbook's dates from 1904, said 0 where the cell showed 16, and refused tables."""
    path = written(tmp_path / "book.xlsx", date1904=date1904)
    year = 2009 + 4 * date1904
    for stated, cells, values in (
            (Statement("G3", ["H1"]), "H1", [year]), (Statement("D3", ["D1:E1"]), "D1:E1", [2.0, 1.0])):
        by_formulas = ByFormulas(problem=stated)
        of_file = fit_workbook(path, by_formulas=by_formulas)["model"]
        book = calc.books.open(str(path))
        try:
            live = fit_live(book, by_formulas=by_formulas)["model"]
            shown = book.sheets["model"].range(cells).options(ndim=1).value
        finally:
            book.close()
        assert live.minimum.x.tolist() == pytest.approx(of_file.minimum.x.tolist(), abs=1e-6)
        assert shown == pytest.approx(values, abs=1e-5) and not live.notes
