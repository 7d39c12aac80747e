"""The history of a fit on its sheet: every epoch or an even choice of them, and nothing of the fit before."""

from __future__ import annotations

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import planted

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.fit.own_sheets.history import history_area, thinned
from pyxl.live.watch import time_left
from solver import Epoch, Settings
from workbook.model_sheets.geometry import HISTORY_ROWS, crosstab


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "book.xlsx"
    workbook.build(planted(8, 9), path, n_factors=3)
    return path


def history(path, sheet="bias") -> list[list]:
    with open_workbook(path) as book:
        cells = history_area(book, sheet)
        assert cells.sheet == sheet and cells.area.shape == (HISTORY_ROWS, 2) and cells.held is None
        return book.grid(sheet).block(cells.area)


@given(st.integers(0, 3000), st.integers(2, 300))
def test_a_long_fit_is_thinned_evenly(n, most):
    kept = thinned(range(n), most)
    assert len(kept) == min(n, len(kept)) <= most and sorted(set(kept)) == kept
    if n:
        gaps = {b - a for a, b in zip(kept, kept[1:-1])}
        assert (kept[0], kept[-1]) == (0, n - 1) and len(gaps) <= 1
    assert n > most or len(kept) == n


@pytest.mark.parametrize("sheet", ["bias", "embedding"])
def test_every_epoch_stands_on_the_sheet_and_nothing_stale(path, sheet):
    long = fit_workbook(path, out=path, sheets=[sheet], settings=Settings(optimizer="sgd", epochs=1000))[sheet]
    shown = history(path, sheet)
    told = {float(epoch.epoch): epoch.rmse for epoch in long.history}
    assert shown[0] == [0.0, long.rmse_before] and [1000.0, long.history[-1].rmse] in shown
    assert all(told[epoch] == rmse for epoch, rmse in shown if epoch is not None)
    assert sum(epoch is not None for epoch, _ in shown) > HISTORY_ROWS / 2

    short = fit_workbook(path, out=path, sheets=[sheet], settings=Settings(epochs=7))[sheet]
    assert history(path, sheet) == [[float(e.epoch), e.rmse] for e in short.history] + [[None, None]] * (HISTORY_ROWS - 8)


def test_the_error_on_ratings_held_out_stands_beside_each_epoch(tmp_path):
    """The fit itself does not know of them: its steps are those of a fit without."""
    path = tmp_path / "held.xlsx"
    ratings, titles = workbook.example()
    workbook.build(ratings.top(users=8, items=7), path, n_factors=2, titles=titles, holdout=0.15)
    told = []
    result = fit_workbook(path, out=path, sheets=["bias"], options={"epochs": 12}, on_epoch=lambda _, epoch: told.append(epoch))["bias"]
    assert [epoch.holdout_rmse for epoch in told] == [epoch.holdout_rmse for epoch in result.history]
    last = next(epoch for epoch in result.history if epoch.rmse == result.rmse_after)
    assert last.holdout_rmse == pytest.approx(result.holdout_rmse, abs=1e-12)
    with open_workbook(path) as book:
        cells, values = history_area(book, "bias"), book.grid("bias").values
        assert [values.get(cell) for cell in cells.held.cells()][:len(told)] == [epoch.holdout_rmse for epoch in told]
        assert cells.held.left == cells.area.right + 1 and values[cells.held.first.moved(-1, 0)] == "held out"
    with zipfile.ZipFile(path) as package:
        drawn = [package.read(name).decode() for name in package.namelist() if "charts/chart" in name]
    assert sum(f"bias!{cells.held.absolute}" in chart for chart in drawn) == 1


def test_a_sheet_that_was_not_fitted_has_none(path):
    fit_workbook(path, out=path, sheets=["bias"])
    assert history(path, "dotprod") == [[None, None]] * HISTORY_ROWS


def test_the_chart_stands_where_it_is_seen():
    """Beside a sheet of the lesson's size, and in the free cells on the left of a wide one."""
    small, wide, flat = (crosstab("bias", "dot+bias", users=users, items=items, factors=5)
                         for users, items in ((15, 15), (300, 200), (3, 200)))
    assert small.chart.col == small.used.right + 2 and wide.chart == (15, 1) and flat.chart.col == flat.used.right + 2


def test_time_left_is_by_the_present_pace():
    epochs = [Epoch(n, 1.0, 3.0 + 0.01 * n) for n in range(101)]    # a slow start
    assert time_left(epochs, 1100) == ", at most 10 s more"
    assert time_left(epochs, 100_100) == ", at most 17 min more"
    assert time_left(epochs, 10_000_000) == ", at most 28 h more"
    assert time_left(epochs, 100) == ", at most 0 s more"
    assert time_left(epochs[:1], 100) == ""
    assert Settings().most_epochs == 2_000 and Settings(batch_size=64, optimizer="adam").most_epochs == 20
