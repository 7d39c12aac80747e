"""The sheet `residuals`: rating − prediction of every rated pair, as LibreOffice and we compute it; and the tour that leads there."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest
from planted import planted
from view_checks import factors_in

import workbook
from pyxl import open_workbook
from pyxl.grid.cells import Range
from solver import predict_table
from workbook.views.residuals_sheet import MOST_SHOWN, residuals_block


@pytest.mark.parametrize("users, items", [(6, 5), (MOST_SHOWN + 2, 3), (1, 1)])
def test_every_cell_is_the_rating_less_its_prediction(tmp_path, office, users, items):
    ratings, path = planted(users, items, blanks=0.0 if users == 1 else 0.3), tmp_path / "book.xlsx"
    layout = workbook.build(ratings, path, n_factors=2)["bias"]
    block = residuals_block(users, items)
    wanted = (ratings.crosstab() - predict_table(factors_in(path, layout)).numpy())[:block.shape[0], :block.shape[1]]
    labels = Range(block.top - 1, 1, block.bottom, block.right)
    with open_workbook(path) as book:
        stored = book.grid("residuals").block(labels)
    for told in (stored, office.recalculate(path, {"residuals": [str(labels)]})["residuals"][str(labels)]):
        found = np.array([[np.nan if cell == "" else cell for cell in row[1:]] for row in told[1:]], float)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)
        assert [str(row[0]) for row in told[1:]] == [str(user) for user in ratings.users[:block.shape[0]]]
        assert list(told[0][1:]) == list(ratings.items[:block.shape[1]])


def test_the_tour_has_eight_stops_that_lead_somewhere(tmp_path):
    path = tmp_path / "book.xlsx"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=5, items=5), path, n_factors=2, titles=titles, holdout=0.1)
    book = openpyxl.load_workbook(path)
    start = book["start"]
    rows = [row for row in start.iter_rows(min_col=2, max_col=3) if row[0].hyperlink and str(row[0].value)[:2] in {f"{n}." for n in range(1, 9)}]
    assert len(rows) == 8 and all(question.value.endswith(("?", ".")) and "?" in question.value for _, question in rows)
    stops = [link.hyperlink.location.split("!") for link, _ in rows]
    assert len(set(map(tuple, stops))) == 8
    assert {sheet.strip("'") for sheet, _ in stops} <= set(book.sheetnames)
