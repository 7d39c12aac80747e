"""Fitting a workbook on disk: the lesson's own, and others; the sheet is the oracle."""

from __future__ import annotations

import zipfile

import lesson_sheet
import numpy as np
import pytest
import xlsxwriter
from packages import with_part

from pyxl import fit_workbook
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Range
from pyxl.problems.solve import ByFormulas
from pyxl.xlsx import open_workbook
from solver import Settings, UserError

COURSE = {"dotprod": ("V41", 0.392901), "movielens_emb": ("AA3", 0.392901), "bias": ("V42", 0.318655)}


@pytest.fixture(scope="module")
def course(shared, tmp_path_factory):
    """The lesson's workbook, fitted from its own start values: (source, fitted, results)."""
    source = shared / "workbooks" / "course_collab_filter.xlsx"
    out = tmp_path_factory.mktemp("course") / "fitted.xlsx"
    return source, out, fit_workbook(source, out=out)


def test_the_lessons_sheets_reach_the_best_known(course):
    _, _, results = course
    assert set(results) == set(COURSE)
    for sheet, (_, best) in COURSE.items():
        assert results[sheet].rmse_after == pytest.approx(best, abs=1e-6)
        assert results[sheet].converged and not results[sheet].notes


def test_three_oracles_agree(course, office, tmp_path):
    """torch, LibreOffice from the written parameters, and the cached result in the file."""
    from office import oracle_copy
    _, out, results = course
    recalculated = office.recalculate(oracle_copy(out, tmp_path), {s: [cell] for s, (cell, _) in COURSE.items()})
    with open_workbook(out) as book:
        for sheet, (cell, _) in COURSE.items():
            cached = book.grid(sheet).values[Range.parse(cell).first]
            engine = recalculated[sheet][cell][0][0]
            assert cached == pytest.approx(results[sheet].rmse_after, abs=1e-9)
            assert engine == pytest.approx(results[sheet].rmse_after, abs=1e-9)


def test_every_cached_result_is_fresh(course, office, tmp_path):
    """Every formula of the fitted sheets, not only the RMSE, against LibreOffice's recalculation."""
    from office import oracle_copy
    _, out, _ = course
    with open_workbook(out) as book:
        used = {sheet: str(book.grid(sheet).used) for sheet in COURSE}
        engine = office.recalculate(oracle_copy(out, tmp_path), {sheet: [where] for sheet, where in used.items()})
        compared = 0
        for sheet, where in used.items():
            mine, theirs = book.grid(sheet).block(Range.parse(where)), engine[sheet][where]
            for a, b in zip(sum(mine, []), sum(theirs, [])):
                if isinstance(a, float):
                    assert a == pytest.approx(b, abs=1e-9)
                    compared += 1
        assert compared > 4000


def test_nothing_else_is_touched(course):
    """Parts not meant to change are byte for byte the same, in the same order."""
    source, out, _ = course
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(out) as b:
        assert a.namelist() == b.namelist()
        changed = {name for name in a.namelist() if a.read(name) != b.read(name)}
    assert changed == {"xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"}


def test_only_parameters_and_their_dependents_change(course):
    """On the edited sheets every other cell and every formula is as it was."""
    source, out, _ = course
    with open_workbook(source) as a, open_workbook(out) as b:
        for sheet in COURSE:
            before, after = a.grid(sheet), b.grid(sheet)
            assert before.formulas == after.formulas
            layout = verified_model(b, sheet, Settings()).model.layout
            parameters = [block.range for block in layout.parameters.values()]
            inside = [block for block in before.arrays]
            for cell, value in before.values.items():
                if after.values[cell] != value:
                    computed = cell in before.formulas or any(cell in block for block in inside)
                    assert computed or any(cell in block for block in parameters), (sheet, cell)


def test_a_second_fit_has_nothing_to_do(course, tmp_path):
    _, out, results = course
    again = fit_workbook(out, out=tmp_path / "again.xlsx", sheets=["dotprod"])
    assert list(again) == ["dotprod"]
    assert again["dotprod"].rmse_before == pytest.approx(results["dotprod"].rmse_after, abs=1e-12)
    assert again["dotprod"].rmse_after <= again["dotprod"].rmse_before


@pytest.mark.parametrize("variant", ["dot", "dot+bias", "bounded"])
@pytest.mark.parametrize("n, m, k, array", [(15, 15, 5, False), (8, 20, 3, False), (40, 25, 4, True)])
def test_any_size_agrees_with_libreoffice(tmp_path, office, variant, n, m, k, array):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(n, m), k=k, variant=variant, array=array, down=2, right=1)
    result = fit_workbook(path, out=out, settings=Settings(epochs=60, weight_decay=0.01))["Sheet1"]
    assert result.rmse_after < result.rmse_before
    engine = office.recalculate(out, {"Sheet1": [places["rmse"], places["predictions"]]})["Sheet1"]
    assert engine[places["rmse"]][0][0] == pytest.approx(result.rmse_after, abs=1e-9)
    with open_workbook(out) as book:
        grid = book.grid("Sheet1")
        assert grid.values[Range.parse(places["rmse"]).first] == pytest.approx(result.rmse_after, abs=1e-9)
        cached = np.array(grid.block(Range.parse(places["predictions"])), dtype=float)
    assert np.allclose(cached, np.array(engine[places["predictions"]], dtype=float), atol=1e-9, rtol=0)


def test_an_excel_table_with_the_names_of_its_columns(tmp_path, office):
    rng, path = np.random.default_rng(0), tmp_path / "table.xlsx"
    rows = [(f"u{u}", f"i{i}", float(rng.integers(1, 6))) for u in range(6) for i in range(5) if rng.random() < 0.8]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("long")
        for top, name, count in ((2, "u", 6), (12, "i", 5)):
            for row in range(count):
                sheet.write_row(top + row, 10, [f"{name}{row}", *rng.random(2)])
        sheet.add_table(0, 0, len(rows), 6, {"name": "Rated", "data": rows, "columns": [
            {"header": "user"}, {"header": "item"}, {"header": "rating"},
            {"header": "u", "formula": "=MATCH(Rated[@[user]],$K$3:$K$8,0)"},
            {"header": "i", "formula": "=MATCH(Rated[@[item]],$K$13:$K$17,0)"},
            {"header": "predicted", "formula": "=SUMPRODUCT(INDEX($L$3:$M$8,Rated[@[u]],0),INDEX($L$13:$M$17,Rated[@[i]],0))"},
            {"header": "error", "formula": "=(Rated[@[rating]]-Rated[@[predicted]])^2"}]})
        sheet.write_formula("P1", "=SQRT(SUM(Rated[error])/COUNT(Rated[rating]))")
    result = fit_workbook(path, out=tmp_path / "fitted.xlsx")["long"]
    assert result.rmse_after < 0.8 < 2 < result.rmse_before
    with open_workbook(tmp_path / "fitted.xlsx") as book:
        stored = book.grid("long").values[1, 16]
    (recalculated,), = office.recalculate(tmp_path / "fitted.xlsx", {"long": ["P1"]})["long"]["P1"]
    assert stored == pytest.approx(recalculated, abs=1e-12) and stored == pytest.approx(result.rmse_after, abs=1e-9)


def test_start_random_is_another_fit_and_repeatable(tmp_path):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(8, 9), k=2)
    runs = [fit_workbook(path, settings=Settings(start="random", seed=seed, epochs=5))["Sheet1"] for seed in (1, 1, 2)]
    assert runs[0].rmse_after == runs[1].rmse_after != runs[2].rmse_after
    assert runs[0].rmse_before != fit_workbook(path, settings=Settings(epochs=1))["Sheet1"].rmse_before


def test_without_out_nothing_is_written(tmp_path):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(5, 6), k=2)
    before = path.read_bytes()
    fit_workbook(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_in_place_and_overwrite(tmp_path):
    path, other = tmp_path / "book.xlsx", tmp_path / "other.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(5, 6), k=2)
    other.write_bytes(b"mine")
    with pytest.raises(UserError, match="other.xlsx"):
        fit_workbook(path, out=other)
    assert other.read_bytes() == b"mine"
    fit_workbook(path, out=other, overwrite=True)
    fit_workbook(path, out=path)
    with zipfile.ZipFile(path) as a, zipfile.ZipFile(other) as b:   # a workbook fitted in place keeps what was before
        assert set(a.namelist()) - set(b.namelist()) == {"xl/worksheets/sheet2.xml"}
        assert {name for name in b.namelist() if a.read(name) != b.read(name)} == {
            "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}


def test_ctrl_c_keeps_and_writes_the_best_so_far(tmp_path):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(10, 9), k=4)

    def press(sheet, epoch):
        if epoch.epoch == 7:
            raise KeyboardInterrupt

    result = fit_workbook(path, out=out, on_epoch=press)["Sheet1"]
    assert result.stopped and "Ctrl-C" in result.stop and "kept" in result.stop
    with open_workbook(out) as book:
        assert book.grid("Sheet1").values[Range.parse(places["rmse"]).first] == pytest.approx(result.rmse_after, abs=1e-9)
    assert result.rmse_after < result.rmse_before


@pytest.mark.parametrize("start", ["sheet", "random"])
def test_unrated_user_keeps_factors_and_is_named(tmp_path, start):
    ratings = lesson_sheet.table(6, 7)
    ratings[4] = np.nan
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    places = lesson_sheet.write(path, ratings, k=3)
    result = fit_workbook(path, out=out, settings=Settings(optimizer="adamw", weight_decay=0.1, epochs=20, start=start))["Sheet1"]
    assert any("user 4 has no ratings" in note for note in result.notes)
    block = Range.parse(places["user_factors"])
    row = Range(block.top + 4, block.left, block.top + 4, block.right)
    with open_workbook(path) as a, open_workbook(out) as b:
        assert a.grid("Sheet1").block(row) == b.grid("Sheet1").block(row)


def test_a_number_stored_as_text_counts_and_is_said(tmp_path, office):
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"

    def edit(ws, places):
        first = Range.parse(places["ratings"]).first
        ws.write_string(first.row - 1, first.col - 1, "4.5")

    places = lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, edit=edit)
    result = fit_workbook(path, out=out)["Sheet1"]
    assert result.n_ratings == int((~np.isnan(lesson_sheet.table(6, 7))).sum())
    assert any("held a number as text" in note for note in result.notes)
    engine = office.recalculate(out, {"Sheet1": [places["rmse"]]})["Sheet1"][places["rmse"]][0][0]
    assert engine == pytest.approx(result.rmse_after, abs=1e-9)


def test_a_sheet_that_looks_like_a_model_but_is_none_is_named(tmp_path):
    """Fitting all sheets, what was left out and why is said; with nothing left, it is the error."""
    path = tmp_path / "book.xlsx"

    lesson_sheet.write(path, lesson_sheet.table(6, 7, share=1), k=3, edit=lesson_sheet.overwrite_a_prediction)
    with pytest.raises(UserError, match="book.xlsx' has no sheet with a model that we know. Sheet1!L21 is .* something else"):
        fit_workbook(path)


def test_all_factors_zero_is_named_with_its_sheet(tmp_path):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, factors=(np.zeros((6, 3)), np.zeros((3, 7))))
    with pytest.raises(UserError, match="^Sheet1: All start factors are 0.*Start from random values"):
        fit_workbook(path)
    assert fit_workbook(path, settings=Settings(start="random", epochs=3))


def test_a_sheet_that_measures_something_else_is_fitted_by_its_formulas_and_that_is_said(tmp_path):
    """A workbook of ours, one of whose RMSE cells was changed to measure something else."""
    import workbook
    from solver import Ratings
    path, spoiled = tmp_path / "book.xlsx", tmp_path / "spoiled.xlsx"
    layouts = workbook.build(Ratings.from_crosstab(lesson_sheet.table(6, 7), range(6), "abcdefg"), path, n_factors=2)
    cell = str(layouts["bias"].rmse)
    with_part(path, spoiled, "xl/worksheets/sheet4.xml", lambda part: part.replace(b"/COUNT(", b"/3/COUNT("))
    results = fit_workbook(spoiled, options={"epochs": 2})
    assert set(results) == {"dotprod", "bias", "bounded", "embedding"}
    assert results["bias"].notes[0].startswith(f"bias!{cell} is ")
    assert results["bias"].notes[0].endswith("So it was fitted by its formulas.")
    results = fit_workbook(spoiled, options={"epochs": 2}, by_formulas=ByFormulas("model"))
    assert set(results) == {"dotprod", "bounded", "embedding"}
    assert any(note.startswith(f"Not fitted: bias!{cell} is ") for note in results["dotprod"].notes)


def test_where_it_cannot_be_saved_nothing_is_computed(tmp_path):
    """A target that stands in the way is refused before the fit, not after it."""
    path, other = tmp_path / "book.xlsx", tmp_path / "other.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(5, 6), k=2)
    other.touch()
    (tmp_path / "~$book.xlsx").write_bytes(b"\x04Jane")
    epochs = []
    for out in (other, path, tmp_path / "none" / "x.xlsx", tmp_path / "x.xlsm"):
        with pytest.raises(UserError):
            fit_workbook(path, out=out, on_epoch=lambda *epoch: epochs.append(epoch))
    assert not epochs
