"""The oracle itself: it must recalculate what was written, or every test that trusts it is empty."""

from __future__ import annotations

import zipfile

import pytest
import xlsxwriter
from office import oracle_copy


@pytest.fixture
def stale(tmp_path):
    """A workbook whose cached results are all wrong."""
    path = tmp_path / "stale.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("data")
    sheet.write_row("A1", [1, 2, 3])
    sheet.write_formula("A2", "=SUM(A1:C1)", value=99)
    sheet.write_array_formula("A3:C3", "{=A1:C1*2}", value=99)
    sheet.write_formula("A4", "=1/0", value=99)
    sheet.write_formula("B4", "=NA()", value=99)
    sheet.write_formula("C4", '=LEFT("text",2)', value=99)
    sheet.write_formula("D4", '=""', value=99)
    sheet.write_formula("A5", "=A2*10", value=99)
    book.close()
    return path


def test_recalculates_stale_results(office, stale):
    values = office.recalculate(stale, {"data": ["A1:D4", "A5"]})["data"]
    assert values["A5"] == [[60.0]]
    assert values["A1:D4"] == [[1.0, 2.0, 3.0, None], [6.0, None, None, None], [2.0, 4.0, 6.0, None],
                               ["#DIV/0!", "#N/A", "te", ""]]


def test_sets_cells_first_and_leaves_the_file_alone(office, stale):
    before = stale.read_bytes()
    values = office.recalculate(stale, {"data": ["A5", "A1"]}, set={"data": {"A1": 10.0, "B1": None, "C1": "x"}})
    assert values["data"] == {"A5": [[100.0]], "A1": [[10.0]]}
    assert stale.read_bytes() == before


def test_a_workbook_that_stays_open_is_as_its_file_is(office, stale):
    """Cells that were set, empty ones and a formula among them, are put back; a file that was written anew is opened anew."""
    asked, plain = {"data": ["A1:D4", "A5"]}, office.recalculate(stale, {"data": ["A1:D4", "A5"]})
    for cells in ({"A1": 10.0, "B1": None, "C1": "x", "D1": 4.0}, {"A2": 7.0}, {"D1": "new"}):
        assert office.recalculate(stale, asked, set={"data": cells}) != plain
        assert office.recalculate(stale, asked) == plain
    assert [path.name for path in stale.parent.iterdir()] == ["stale.xlsx"]
    with xlsxwriter.Workbook(stale) as book:
        book.add_worksheet("data").write_formula("A5", "=1+1", value=99)
    assert office.recalculate(stale, {"data": ["A5"]}) == {"data": {"A5": [[2.0]]}}


def test_says_what_went_wrong_and_goes_on(office, stale):
    with pytest.raises(RuntimeError):
        office.recalculate(stale, {"nowhere": ["A1"]})
    assert office.recalculate(stale, {"data": ["A2"]}) == {"data": {"A2": [[6.0]]}}


def test_writes_a_pdf(office, stale, tmp_path):
    pdf = office.to_pdf(stale, tmp_path)
    assert pdf.name == "stale.pdf" and pdf.read_bytes().startswith(b"%PDF")


def test_inserts_rows_and_columns(office, tmp_path):
    path = tmp_path / "plain.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("data")
        sheet.write_row("A1", [1, 2])
        sheet.write_formula("A2", "=SUM(A1:B1)", value=99)
    moved = office.insert(path, tmp_path / "moved.xlsx", rows=3, columns=2)
    assert office.recalculate(moved, {"data": ["A1", "C4:D5"]})["data"] == {
        "A1": [[None]], "C4:D5": [[1.0, 2.0], [3.0, None]]}


def test_the_course_workbook_keeps_its_numbers(office, shared, tmp_path):
    """With its pivots left in, LibreOffice overwrites factors and RMSE becomes 3.09."""
    copy = oracle_copy(shared / "workbooks" / "course_collab_filter.xlsx", tmp_path)
    assert not [name for name in zipfile.ZipFile(copy).namelist() if "pivot" in name]
    values = office.recalculate(copy, {"dotprod": ["V41"], "bias": ["V42"], "movielens_emb": ["AA3"]})
    assert values["bias"]["V42"][0][0] == pytest.approx(2.01800380, abs=1e-8)
    assert values["dotprod"]["V41"][0][0] == pytest.approx(2.80606206, abs=1e-8)
    assert values["movielens_emb"]["AA3"][0][0] == pytest.approx(2.80606206, abs=1e-8)
