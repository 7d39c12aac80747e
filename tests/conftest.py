"""Fixtures shared by all tests: the shared study material and the spreadsheet engine."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
from needed import lacking

ROOT = Path(__file__).resolve().parent.parent
# A process of tests for every core: with threads besides, each small sum of torch waits for threads that have no core.
# What is about threads sets their number itself. Before torch is imported; what tests start has it too.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A machine that is busy takes longer than 200 ms for an example now and then, and that is no fault.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real workbooks and ratings beside the checkout; a plain clone lacks it."""
    folder = ROOT.parent / "shared"
    if not (folder / "workbooks").is_dir():
        lacking("needs the real workbooks in ../shared, which a plain clone lacks")
    return folder


@pytest.fixture(scope="session")
def office():
    """A running headless LibreOffice that recalculates what we wrote."""
    from office import Office, OfficeMissing
    try:
        started = Office()
    except OfficeMissing as why:
        lacking(str(why))
    with started:
        yield started


@pytest.fixture(scope="session")
def live_office(tmp_path_factory):
    """A headless LibreOffice of our own, as an xlwings app: one for all tests of a process. What its macros start has a home of its own."""
    import xlwings

    from pyxl.engines import choose_engine
    from solver import UserError
    before = xlwings.engines.active
    try:
        choose_engine("libreoffice")
    except UserError as why:
        lacking(str(why))
    with pytest.MonkeyPatch.context() as patched:
        home = tmp_path_factory.mktemp("home")
        patched.setenv("HOME", str(home))
        patched.setenv("LC_ALL", "C.UTF-8")   # names are not ASCII
        patched.setenv("COLLABSHEET_WORKER_MINUTES", "2")   # presses of buttons share a worker, as a user's do
        app = xlwings.App(visible=False, add_book=False)
    xlwings.engines.active = before
    yield app
    app.quit()
    for socket in home.glob(".collabsheet/press/*.socket"):
        socket.unlink()     # a worker that nobody can reach ends within seconds


@pytest.fixture(scope="module")
def calc(live_office):
    """That LibreOffice, with no workbook open; xlwings takes it for the active program while a module's tests run."""
    import xlwings
    before = xlwings.engines.active
    live_office.engine.activate()
    live_office.activate()      # another may have been started meanwhile
    yield live_office
    for book in list(live_office.books):      # a test that failed may have left one
        book.close()
    xlwings.engines.active = before


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """Makes something once for all processes of a run."""
    from made_once import MadeOnce
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "made-once"   # the folders of workers stand side by side
    root.mkdir(exist_ok=True)
    return MadeOnce(root)


@pytest.fixture(scope="session")
def example_book(made_once):
    """A workbook of the embedded example: 15 × 15."""
    from asking import example
    return made_once("example", example)


@pytest.fixture(scope="session")
def films_book(made_once, shared):
    """A workbook of 40 × 25 of MovieLens, with titles, of a model trained on all of it."""
    from asking import films
    return made_once("films", lambda folder: films(folder, shared))


@pytest.fixture(scope="session")
def large_book(made_once):
    """A workbook of 120 × 80, whose blocks are array formulas."""
    from asking import large
    return made_once("large", large)


@pytest.fixture(scope="session")
def demo(made_once):
    """What `collabsheet demo -o "my demo"` made and told."""
    from demo_made import make_demo
    return made_once("demo", make_demo)


@pytest.fixture
def readme_folder(tmp_path, monkeypatch):
    """A folder with the files that the README speaks of."""
    from readme_files import write_readme_files
    write_readme_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pytest_collection_modifyitems(items):
    """Files with long tests begin first: while the last test runs, the other processes of a run have nothing to do."""
    from long_tests import LONG_TESTS
    order = {name: n for n, name in enumerate(dict.fromkeys(test.partition("::")[0] for test in LONG_TESTS))}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_make_parametrize_id(config, val, argname):
    """Bytes are named by their number: what gzip packs holds the time, and workers that start in different seconds must name a test alike."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 20 else None
