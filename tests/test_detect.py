"""Detection: sheets with no names of ours, anywhere, at any size, in any order."""

from __future__ import annotations

import lesson_sheet
import numpy as np
import pytest
import xlsxwriter

from pyxl.detect.detect import detect
from pyxl.detect.model_sheet import NotRecognised
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Cell, Range
from pyxl.grid.layout import Block
from pyxl.xlsx import open_workbook
from solver import Settings


def found(path, sheet="Sheet1", *, settings=Settings()):
    """The verified model of a sheet: what `fit` would work on."""
    with open_workbook(path) as book:
        return verified_model(book, sheet, settings)


def assert_places(layout, places):
    for role, where in places.items():
        part = getattr(layout, role)
        assert str(part.range if isinstance(part, Block) else part) == str(Range.parse(where)), role


@pytest.mark.parametrize("variant", ["dot", "dot+bias", "bounded"])
@pytest.mark.parametrize("n, m, k, down, right", [
    (15, 15, 5, 0, 0), (8, 20, 3, 0, 0), (1, 6, 2, 0, 0), (7, 1, 2, 3, 0), (8, 20, 3, 7, 4), (5, 5, 5, 2, 0), (2, 3, 1, 0, 9), (30, 4, 6, 11, 1)])
def test_the_lessons_sheet_at_any_size_and_place(tmp_path, variant, n, m, k, down, right):
    path = tmp_path / "book.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(n, m), k=k, variant=variant, down=down, right=right, solver=1 in (n, m))
    ready = found(path)
    assert ready.model.layout.variant == variant
    assert_places(ready.model.layout, places)


def test_moved_as_excel_moves_it(shared, office, tmp_path):
    """Rows inserted above and columns left, by a real spreadsheet engine, in the real workbook."""
    from office import oracle_copy
    source = oracle_copy(shared / "workbooks" / "course_collab_filter.xlsx", tmp_path)
    moved = office.insert(source, tmp_path / "moved.xlsx", rows=3, columns=2)
    for sheet, variant in (("dotprod", "dot"), ("bias", "dot+bias"), ("movielens_emb", "dot")):
        with open_workbook(source) as before, open_workbook(moved) as after:
            a, b = detect(before, sheet).layout, detect(after, sheet).layout
            assert a.variant == b.variant == variant
            assert b.ratings == a.ratings.moved(3, 2) and b.rmse == a.rmse.moved(3, 2)
            assert b.user_factors.range == a.user_factors.range.moved(3, 2)
            assert len(verified_model(after, sheet, Settings()).ratings) == 206


PREDICTIONS = {
    "not masked": "MMULT({user},{item})",
    "blank for blank": 'IF({rating}<>"",MMULT({user},{item}),"")',
    "by SUMPRODUCT": 'IF({rating}="",0,SUMPRODUCT({user},TRANSPOSE({item})))',
    "SINGLE": '_xlfn.SINGLE(IF({rating}="",0,MMULT({user},{item})))',
    "ISBLANK": "IF(ISBLANK({rating}),0,MMULT({user},{item}))",
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_written_in_other_ways(tmp_path, name):
    path = tmp_path / "book.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, predict=PREDICTIONS[name])
    assert_places(found(path).model.layout, places)


@pytest.mark.parametrize("variant", ["dot", "dot+bias", "bounded"])
def test_one_array_formula_over_the_block(tmp_path, variant):
    path = tmp_path / "book.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(9, 6), k=3, variant=variant, array=True)
    ready = found(path)
    assert ready.model.layout.variant == variant
    assert_places(ready.model.layout, places)


MEASURES = {
    "rmse": "SQRT(SUMPRODUCT(({ratings}<>\"\")*({ratings}-{predictions})^2)/COUNT({ratings}))",
    "mean squared error": "SUMXMY2({ratings},{predictions})/COUNT({ratings})",
    "sum of squared errors": "SUMXMY2({ratings},{predictions})",
    "root of the sum of squared errors": "SQRT(SUMXMY2({ratings},{predictions}))",
}


@pytest.mark.parametrize("measure", MEASURES)
def test_the_formula_is_believed_not_its_label(tmp_path, measure):
    path = tmp_path / "book.xlsx"

    def label(ws, places):
        cell = Cell.parse(places["rmse"])
        ws.write(cell.row - 1, cell.col - 2, "rmse")

    lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, rmse=MEASURES[measure], edit=label)
    ready = found(path)
    assert ready.model.layout.measure == measure
    assert bool(ready.notes) == (measure != "rmse")


LOOKUPS = {
    "INDEX": lambda top, bottom, row, f: f"INDEX($C${top}:$E${bottom},{row},{f})",
    "OFFSET": lambda top, bottom, row, f: f"OFFSET($B${top - 1},{row},{f})",  # the older course workbook
}


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("bias", ["", "+{user}+{item}", "+{item}+{user}"])
def test_long_form_in_any_order(tmp_path, lookup, bias):
    """A rating a row, shuffled; users and items looked up; by a formula a cell."""
    ratings = lesson_sheet.table(5, 6)
    rng = np.random.default_rng(1)
    triples = [(i, j, ratings[i, j]) for i, j in rng.permutation(np.argwhere(~np.isnan(ratings)))]
    path, look = tmp_path / "long.xlsx", LOOKUPS[lookup]
    book = xlsxwriter.Workbook(str(path))
    ws = book.add_worksheet("long")
    for side, top, n in (("u", 3, 5), ("i", 12, 6)):  # rows count from 0: blocks C4:E8 and C13:E18
        for row in range(n):
            ws.write(top + row, 1, f"{side}{row}")
            ws.write_row(top + row, 2, rng.random(3))
            ws.write(top + row, 5, rng.random())
    for r, (i, j, value) in enumerate(triples):
        n = r + 3
        ws.write_row(r + 2, 7, [f"u{i}", f"i{j}", value])
        ws.write_formula(r + 2, 10, f"=MATCH(H{n},$B$4:$B$8,0)")
        ws.write_formula(r + 2, 14, f"=MATCH(I{n},$B$13:$B$18,0)")
        for f in range(3):
            ws.write_formula(r + 2, 11 + f, "=" + look(4, 8, f"$K{n}", f + 1))
            ws.write_formula(r + 2, 15 + f, "=" + look(13, 18, f"$O{n}", f + 1))
        biases = bias.format(user=f"INDEX($F$4:$F$8,K{n})", item=f"INDEX($F$13:$F$18,O{n})")
        ws.write_formula(r + 2, 18, f"=SUMPRODUCT(L{n}:N{n},P{n}:R{n}){biases}")
        ws.write_formula(r + 2, 19, f"=(J{n}-S{n})^2")
    ws.write_formula("V3", f"=SQRT(AVERAGE(T3:T{len(triples) + 2}))")
    book.close()
    ready = found(path, "long")
    layout = ready.model.layout
    assert (layout.form, layout.variant) == ("long", "dot+bias" if bias else "dot")
    assert (str(layout.user_factors.range), str(layout.item_factors.range)) == ("C4:E8", "C13:E18")
    assert not bias or (str(layout.user_bias.range), str(layout.item_bias.range)) == ("F4:F8", "F13:F18")
    assert np.array_equal(ready.ratings.crosstab(), ratings, equal_nan=True)
    assert ready.ratings.users == tuple(f"u{i}" for i in range(5))
    assert ready.ratings.items == tuple(f"i{j}" for j in range(6))


def test_items_down_and_users_across_is_the_same_sheet(tmp_path):
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(6, 9).T.copy(), k=2, variant="dot+bias")
    assert found(path).model.layout.ratings.shape == (9, 6)


REASONS = {
    "no formula": (dict(), "no formulas"),
    "a sum": (dict(predict="{user}+{item}"), "multiplies no factors"),
    "a fixed mean": (dict(predict="3.5+MMULT({user},{item})"), "fixed number"),
    "tanh": (dict(predict="TANH(MMULT({user},{item}))"), "TANH"),
    "random factors": (dict(), "paste it as values"),
}


@pytest.mark.parametrize("why", REASONS)
def test_the_reason_why_not(tmp_path, why):
    path = tmp_path / "book.xlsx"
    options, expected = REASONS[why]
    if why == "no formula":
        book = xlsxwriter.Workbook(str(path))
        book.add_worksheet("Sheet1").write("A1", 1)
        book.close()
    else:
        def edit(ws, places):
            if why == "random factors":
                ws.write_formula(places["user_factors"].split(":")[0], "=RAND()")
        lesson_sheet.write(path, lesson_sheet.table(6, 7), k=3, edit=edit, **options)
    with pytest.raises(NotRecognised, match=expected):
        found(path)


def test_a_sheet_that_computes_something_else_is_not_fitted(tmp_path):
    """The shape fits, the numbers do not: one prediction in the middle was overwritten."""
    path = tmp_path / "book.xlsx"

    lesson_sheet.write(path, lesson_sheet.table(6, 7, share=1), k=3, edit=lesson_sheet.overwrite_a_prediction)
    with pytest.raises(NotRecognised, match="its formulas compute something else"):
        found(path)
