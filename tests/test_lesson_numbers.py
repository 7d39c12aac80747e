"""The lesson's own numbers: its crosstab out of MovieLens, and the errors its sheets can reach."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest
import torch

from solver import Factors, Ratings, Settings, fit, read_ratings, read_titles, rmse

WORKBOOK = "workbooks/course_collab_filter.xlsx"
MOVIELENS = "data/ml-latest-small"


@pytest.fixture(scope="module")
def sheets(shared):
    """The cells of the sheets `dotprod` and `bias`, rows and columns from 1: sheets[name](A1 range)."""
    book = openpyxl.load_workbook(shared / WORKBOOK, read_only=True, data_only=True)
    tables = {}
    for name in ("dotprod", "bias"):
        tables[name] = list(book[name].iter_rows(min_row=1, max_row=60, max_col=30, values_only=True))
    book.close()

    def block(name: str, where: str) -> np.ndarray:
        left, top, right, bottom = openpyxl.utils.range_boundaries(where)
        rows = [row[left - 1:right] for row in tables[name][top - 1:bottom]]
        return np.array([[np.nan if value is None else value for value in row] for row in rows], float)

    return block


@pytest.fixture(scope="module")
def movielens(shared) -> Ratings:
    ratings, notes = read_ratings(shared / MOVIELENS / "ratings.csv")
    assert notes == []  # nothing about this file is odd
    return ratings


def on_sheet(sheets, name: str) -> Ratings:
    return Ratings.from_crosstab(sheets(name, "H2:V16"), sheets(name, "G2:G16").ravel().astype(int),
                                 sheets(name, "H1:V1").ravel().astype(int))


def test_the_whole_file_is_read(movielens):
    assert (len(movielens), movielens.n_users, movielens.n_items) == (100_004, 671, 9_066)
    assert all(isinstance(label, int) for label in movielens.users + movielens.items)
    assert movielens.values.min() == 0.5 and movielens.values.max() == 5.0


def test_the_crosstab_is_the_lessons_cell_for_cell(movielens, sheets):
    """The sheet names users and movies by their place in the file, counted from 0."""
    top, lesson = movielens.top(users=15, items=15), on_sheet(sheets, "dotprod")
    users = [movielens.users.index(user) for user in top.users]
    items = [movielens.items.index(item) for item in top.items]
    assert (users, items) == (list(lesson.users), list(lesson.items)) and len(top) == 206   # a tie for the 15th movie: the lowest id
    np.testing.assert_array_equal(top.crosstab(), lesson.crosstab())


def test_movies_have_their_titles(movielens, shared):
    top = movielens.top(users=15, items=15)
    titles, notes = read_titles(shared / MOVIELENS / "movies.csv", items=top.items)
    assert list(titles) == list(top.items) and notes == []
    assert titles[movielens.items[27]] == "Braveheart (1995)"


def dotprod_start(sheets) -> Factors:
    return Factors(torch.tensor(sheets("dotprod", "B25:F39")),
                   torch.tensor(sheets("dotprod", "H19:V23").T))


def bias_start(sheets) -> Factors:
    return Factors(torch.tensor(sheets("bias", "B26:F40")), torch.tensor(sheets("bias", "H20:V24").T),
                   torch.tensor(sheets("bias", "A26:A40").ravel()),
                   torch.tensor(sheets("bias", "H19:V19").ravel()))


def test_rmse_at_the_start_is_the_sheets_own_cell(sheets):
    ratings = on_sheet(sheets, "dotprod")
    assert len(ratings) == 206
    assert rmse(dotprod_start(sheets), ratings) == pytest.approx(
        sheets("dotprod", "V41:V41").item(), abs=1e-9)
    assert rmse(bias_start(sheets), ratings) == pytest.approx(2.01800380, abs=1e-8)


def test_dotprod_reaches_the_best_known_error(sheets):
    result = fit(on_sheet(sheets, "dotprod"), dotprod_start(sheets))
    assert result.converged
    assert result.rmse_before == pytest.approx(2.80606206, abs=1e-8)
    assert result.rmse_after == pytest.approx(0.392901, abs=1e-6)


def test_bias_reaches_the_best_known_error(sheets):
    result = fit(on_sheet(sheets, "bias"), bias_start(sheets))
    assert result.converged
    assert result.rmse_before == pytest.approx(2.01800380, abs=1e-8)
    assert result.rmse_after <= 0.31866 + 1e-6


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "sgd"])
def test_other_optimizers_reach_it_too(sheets, optimizer):
    result = fit(on_sheet(sheets, "dotprod"), dotprod_start(sheets), Settings(optimizer=optimizer))
    assert result.rmse_after == pytest.approx(0.392901, abs=1e-5)
