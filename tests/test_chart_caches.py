"""What charts keep of their cells, which previews draw, is what the cells hold: after a build, a fit, and any other edit."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

import pytest
import xlsxwriter

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.grid.cells import Cell, ErrorValue
from pyxl.grid.sheet_names import area_of

_REF = re.compile(r"<c:f>([^<]*)</c:f><c:(num|str)Cache>(?:<c:formatCode>[^<]*</c:formatCode>)?<c:ptCount val=\"(\d+)\"/>(.*?)</c:(?:num|str)Cache>", re.S)
_POINT = re.compile(r'<c:pt idx="(\d+)"[^>]*><c:v>([^<]*)</c:v></c:pt>')


def parts(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def caches(path):
    """(what it shows, place -> text of its points, what the cells hold that it may draw) of all caches of all charts."""
    with open_workbook(path) as book:
        for name, content in parts(path).items():
            for formula, kind, count, points in _REF.findall(content.decode() if "charts/chart" in name else ""):
                sheet, area = area_of(formula)
                values = [book.grid(sheet).values.get(cell) for cell in area.cells()]
                assert int(count) == area.size
                drawn = {n: value for n, value in enumerate(values) if value is not None and (kind == "str" or type(value) is not str)}
                yield formula, {int(n): text for n, text in _POINT.findall(points)}, drawn


def check(path) -> int:
    seen = 0
    for formula, kept, drawn in caches(path):
        assert kept.keys() == drawn.keys(), formula
        for place, value in drawn.items():
            assert float(kept[place]) == value if isinstance(value, float) else kept[place] == str(value), formula
        seen += len(kept)
    return seen


def test_of_a_new_and_of_a_fitted_workbook(tmp_path):
    path, fitted = tmp_path / "book.xlsx", tmp_path / "fitted.xlsx"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=6, items=6), path, n_factors=2, titles=titles, holdout=0.1)
    before = check(path)
    fit_workbook(path, out=fitted, options={"epochs": 8})
    assert check(fitted) >= before + 4 * 2 * 8      # the histories
    old, new = parts(path), parts(fitted)
    for name in old:
        if "charts/chart" in name:
            assert re.sub(rb"<c:pt .*?</c:pt>", b"", old[name]) == re.sub(rb"<c:pt .*?</c:pt>", b"", new[name])
        elif old[name] != new[name]:
            assert name.startswith("xl/worksheets/sheet") or name == "xl/workbook.xml", name


@pytest.fixture
def charted(tmp_path):
    """Numbers in A1:A5, words in B1:B5, and a column chart over them whose name is in C1."""
    path = tmp_path / "charted.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("it's")
        sheet.write_column("A1", [1, 2, 3, 4, 5])
        sheet.write_column("B1", ["a", "b", "c", "d", "e"])
        sheet.write("C1", "name")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"categories": "='it''s'!$B$1:$B$5", "values": "='it''s'!$A$1:$A$5", "name": "='it''s'!$C$1"})
        sheet.insert_chart("E1", chart)
    return path


def changed(path, old: bytes, new: bytes):
    content = parts(path)
    assert old in content["xl/charts/chart1.xml"]
    content["xl/charts/chart1.xml"] = content["xl/charts/chart1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w") as package:
        for name, part in content.items():
            package.writestr(name, part)


def test_of_texts_blanks_and_errors(charted):
    """A point's own number format stays; a text among numbers is no point."""
    changed(charted, b'<c:pt idx="1"><c:v>2</c:v>', b'<c:pt idx="1" formatCode="0.0&quot;&lt;&quot;"><c:v>2</c:v>')
    with open_workbook(charted) as book:
        book.save({"it's": {Cell(1, 1): None, Cell(2, 1): 2.5, Cell(3, 1): "none", Cell(4, 1): ErrorValue("#N/A"), Cell(5, 2): "A & <B>",
                            Cell(1, 3): "another"}})
    chart = parts(charted)["xl/charts/chart1.xml"].decode()
    assert ('<c:ptCount val="5"/><c:pt idx="1" formatCode="0.0&quot;&lt;&quot;"><c:v>2.5</c:v></c:pt><c:pt idx="3"><c:v>#N/A</c:v></c:pt>'
            '<c:pt idx="4"><c:v>5</c:v></c:pt></c:numCache>') in chart
    assert '<c:pt idx="3"><c:v>d</c:v></c:pt><c:pt idx="4"><c:v>A &amp; &lt;B&gt;</c:v></c:pt></c:strCache>' in chart
    assert '<c:ptCount val="1"/><c:pt idx="0"><c:v>another</c:v></c:pt></c:strCache>' in chart


@pytest.mark.parametrize("old, new", [
    (b'<c:ptCount val="5"/>', b'<c:ptCount val="4"/>'), (b"$A$1:$A$5", b"somewhere"), (b"</c:chartSpace>", b"</c:chart>")],
    ids=["without hidden cells", "by a name", "damaged"])
def test_what_cannot_be_told_stays(charted, old, new):
    changed(charted, old, new)
    before = parts(charted)["xl/charts/chart1.xml"]
    with open_workbook(charted) as book:
        book.save({"it's": {Cell(2, 1): 2.5}})
    assert parts(charted)["xl/charts/chart1.xml"] == before


def test_only_charts_of_edited_cells_are_written(charted):
    before = parts(charted)["xl/charts/chart1.xml"]
    with open_workbook(charted) as book:
        book.save({"it's": {Cell(9, 9): 2.5}})
    assert parts(charted)["xl/charts/chart1.xml"] == before


def test_a_text_that_xml_cannot_hold_leaves_the_chart_whole(tmp_path):
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_column("A1", ["one", "two"])
        sheet.write_column("B1", [1, 2])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"categories": "=Sheet1!$A$1:$A$2", "values": "=Sheet1!$B$1:$B$2"})
        sheet.insert_chart("D2", chart)
    with open_workbook(path) as book:
        book.save({"Sheet1": {Cell(1, 1): 'a\x01<b>&"'}})
    [chart] = [content for name, content in parts(path).items() if "charts/chart" in name]
    texts = [point.text for point in ElementTree.fromstring(chart).iterfind(".//{*}strCache/{*}pt/{*}v")]
    assert texts == ['a_x0001_<b>&"', "two"]
