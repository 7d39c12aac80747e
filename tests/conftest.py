"""Fixtures shared by all tests: the shared study material and the spreadsheet engine."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real workbooks and ratings beside the checkout; a plain clone lacks it."""
    folder = ROOT.parent / "shared"
    if not (folder / "workbooks").is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI must have ../shared beside the checkout")
        pytest.skip("needs the real workbooks in ../shared, which a plain clone lacks")
    return folder


@pytest.fixture(scope="session")
def office():
    """A running headless LibreOffice that recalculates what we wrote."""
    from office import Office, OfficeMissing
    try:
        started = Office()
    except OfficeMissing as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have LibreOffice: {why}")
        pytest.skip(str(why))
    with started:
        yield started


@pytest.fixture(scope="module")
def calc(tmp_path_factory):
    """A headless LibreOffice of our own, as an xlwings app; what its macros start has a home of its own."""
    import xlwings

    from pyxl.engines import choose_engine
    from solver import UserError
    before = xlwings.engines.active
    try:
        choose_engine("libreoffice")
    except UserError as why:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have it: {why}")
        pytest.skip(str(why))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patched.setenv("LC_ALL", "C.UTF-8")   # names are not ASCII
        # no worker stays behind; tests/test_press_worker.py has its own
        patched.setenv("COLLABSHEET_WORKER_MINUTES", os.environ.get("COLLABSHEET_WORKER_MINUTES", "0"))
        app = xlwings.App(visible=False, add_book=False)
    yield app
    app.quit()
    xlwings.engines.active = before


@pytest.fixture(scope="session")
def example_book(tmp_path_factory):
    """A workbook of the embedded example: 15 × 15."""
    from asking import example
    return example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def films_book(tmp_path_factory, shared):
    """A workbook of 40 × 25 of MovieLens, with titles, of a model trained on all of it."""
    from asking import films
    return films(tmp_path_factory.mktemp("films"), shared)


@pytest.fixture(scope="session")
def large_book(tmp_path_factory):
    """A workbook of 300 × 200."""
    from asking import large
    return large(tmp_path_factory.mktemp("large"))


@pytest.fixture
def readme_folder(tmp_path, monkeypatch):
    """A folder with the files that the README speaks of."""
    import lesson_sheet

    import workbook
    ratings, titles = workbook.example()
    with open(tmp_path / "ratings.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["userId", "movieId", "rating"])
        rows.writerows((ratings.users[u], ratings.items[i], r)
                       for u, i, r in zip(ratings.user_index, ratings.item_index, ratings.values))
    with open(tmp_path / "movies.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["movieId", "title"])
        rows.writerows(titles.items())
    lesson_sheet.write(tmp_path / "theirs.xlsx", lesson_sheet.table(12, 9), k=3, variant="dot+bias")
    monkeypatch.chdir(tmp_path)
    return tmp_path
