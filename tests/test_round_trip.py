"""What `workbook` builds, `pyxl` finds, fits and writes; LibreOffice is asked for the truth."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import lesson_sheet
import numpy as np
import pytest
from packages import with_part
from told_notes import beyond_the_decay

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.detect.detect import detect
from pyxl.detect.verified_model import verified_model
from pyxl.grid.cells import Range
from pyxl.grid.layout import Block
from solver import Ratings, Settings
from workbook.data_sheets.ratings_sheet import SourcePlan

SIZES = [(15, 15, 5), (8, 20, 3), (60, 45, 4)]  # the last has array formulas


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(path, ratings, layouts) of a workbook of a size; each size is built once, and no test changes its file."""
    folder = tmp_path_factory.mktemp("built")

    @cache
    def of_size(n, m, k):
        table = lesson_sheet.table(n, m, share=0.7)
        ratings = Ratings.from_crosstab(table, [f"user {i}" for i in range(n)], [f"Film {j}" for j in range(m)])
        path = folder / f"{n}x{m}.xlsx"
        return path, ratings, workbook.build(ratings, path, n_factors=k)
    return of_size


def without_names(source, target):
    """The same workbook as somebody else would have made it: not one defined name but those of the source, by which formulas
    look ratings up."""
    def drop(part):
        bare, found = re.subn(rb'<definedName name="(?!source)[^<]*</definedName>', b"", part)
        assert found > 50
        return bare
    return with_part(source, target, "xl/workbook.xml", drop)


@pytest.mark.parametrize("n, m, k", SIZES)
def test_detect_finds_what_build_laid_out(built, n, m, k):
    path, _, layouts = built(n, m, k)
    with open_workbook(path) as book:
        for sheet, layout in layouts.items():
            assert detect(book, sheet).layout == layout


@pytest.mark.parametrize("n, m, k", SIZES)
def test_and_without_our_names(tmp_path, built, n, m, k):
    """Ids of a long table's blocks have no other mark than their name; all else is found."""
    path, ratings, layouts = built(n, m, k)
    with open_workbook(without_names(path, tmp_path / "bare.xlsx")) as book:
        for sheet, layout in layouts.items():
            bare = verified_model(book, sheet, Settings())
            ids = {} if layout.form == "crosstab" else {"user_ids": None, "item_ids": None}
            assert bare.model.layout == replace(layout, **ids)
            assert np.array_equal(bare.ratings.crosstab(), ratings.crosstab(), equal_nan=True)


def test_names_follow_a_renamed_sheet(tmp_path, built):
    path, _, _ = built(8, 9, 2)
    renamed = with_part(path, tmp_path / "renamed.xlsx", "xl/workbook.xml", lambda part: part.replace(
        b'name="bias"', b'name="my bias"').replace(b">bias!", b">'my bias'!").replace(b",bias!", b",'my bias'!"))
    result = fit_workbook(renamed, out=tmp_path / "out.xlsx", sheets=["my bias"])["my bias"]
    with open_workbook(tmp_path / "out.xlsx") as book:
        where = next(n.refers_to for n in book.names if n.name == "bias_last_rmse_after")
        cell = Range.parse(where.rpartition("!")[2]).first
        assert book.grid("start").values[cell] == result.rmse_after


@pytest.mark.parametrize("n, m, k", SIZES)
def test_three_oracles_agree_after_a_fit(tmp_path, office, built, n, m, k):
    """RMSE by torch, by LibreOffice from the written parameters, and the cached one: to 1e-9; and
    every cached number of the workbook against its recalculation."""
    out = tmp_path / "fitted.xlsx"
    path, _, layouts = built(n, m, k)
    results = fit_workbook(path, out=out, options={"epochs": 80, "weight_decay": 0.01})
    assert set(results) == set(layouts)
    with open_workbook(out) as book:
        used = {sheet: str(book.grid(sheet).used) for sheet in book.sheets}
        engine = office.recalculate(out, {sheet: [where] for sheet, where in used.items()})
        for sheet, where in used.items():
            mine, theirs = book.grid(sheet).block(Range.parse(where)), engine[sheet][where]
            for a, b in zip(sum(mine, []), sum(theirs, [])):
                assert not isinstance(a, float) or a == pytest.approx(b, abs=1e-9)
        for sheet, layout in layouts.items():
            cached = book.grid(sheet).values[layout.rmse]
            first = Range.parse(used[sheet]).first
            live = engine[sheet][used[sheet]][layout.rmse.row - first.row][layout.rmse.col - first.col]
            assert cached == pytest.approx(results[sheet].rmse_after, abs=1e-9)
            assert live == pytest.approx(results[sheet].rmse_after, abs=1e-9)
            assert results[sheet].rmse_after < results[sheet].rmse_before and not beyond_the_decay(results[sheet].notes)


def test_a_rating_typed_into_the_sheet_counts_at_the_next_fit(tmp_path, office, built):
    """A blank of the source is filled in; formulas follow, and so does the fit."""
    path, ratings, layouts = built(8, 9, 2)
    layout = layouts["bias"]
    row, col = np.argwhere(np.isnan(ratings.crosstab()))[0]
    typed = SourcePlan(8, 9).ratings.first.moved(int(row), int(col))
    with open_workbook(path) as book:
        book.save({"ratings": {typed: 4.0}}, out=tmp_path / "typed.xlsx")
    result = fit_workbook(tmp_path / "typed.xlsx", out=tmp_path / "out.xlsx", sheets="bias")["bias"]
    assert result.n_ratings == len(ratings) + 1
    live = office.recalculate(tmp_path / "out.xlsx", {"bias": [str(layout.rmse)]})["bias"][str(layout.rmse)][0][0]
    assert live == pytest.approx(result.rmse_after, abs=1e-9)


@pytest.mark.parametrize("n, m, k", SIZES)
def test_parameters_are_blocks_with_the_shapes_of_factors(built, n, m, k):
    _, _, layouts = built(n, m, k)
    for layout in layouts.values():
        assert all(isinstance(block, Block) for block in layout.parameters.values())
        assert layout.user_factors.shape == (n, k) and layout.item_factors.shape == (m, k)
        if layout.user_bias:
            assert layout.user_bias.shape == (n, 1) and layout.item_bias.shape == (m, 1)
