"""The buttons of an .xlsm, pressed in a real headless LibreOffice: our macros, our Python, one sheet."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import xlwings
from counted_pipe import CountedPipe
from office import until
from planted import planted
from pressed import Pressed
from timed_presses import fitted, quiet, randomized

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.base.one_at_a_time import one_at_a_time
from pyxl.engines.libreoffice.find_office import load_uno
from pyxl.engines.libreoffice.office import properties
from pyxl.grid.block_names import PYTHON

ROOT = Path(__file__).resolve().parent.parent
SLOW = {"optimizer": "sgd", "epochs": 10_000_000, "lr": 1e-4}   # a fit that ends only when it is stopped


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A workbook of 8 users and 9 items, whose interpreter has a path that needs care."""
    folder = tmp_path_factory.mktemp("built") / "Käthe's 100% Python"
    folder.mkdir()
    python = folder / "py thon"
    # what a test writes into `py thon.office` leads its presses to the office
    python.write_text('#!/bin/sh\n[ -f "$0.office" ] && COLLABSHEET_OFFICE=$(cat "$0.office") && export COLLABSHEET_OFFICE\n'
                      f'exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    workbook.build(planted(8, 9), folder / "book.xlsm", n_factors=3, python=str(python))
    return folder / "book.xlsm"


@pytest.fixture
def pressed(calc, built, tmp_path):
    copy = tmp_path / 'Zoë\'s film "friends".xlsm'.replace('"', "")
    copy.write_bytes(built.read_bytes())
    opened = Pressed(calc, copy)
    yield opened
    opened.document.close(True)
    until(lambda: opened.process() is None)


def test_press_fit_watch_stop_restore_randomize_and_fit_again(pressed, calc, tmp_path):
    """The whole of it, as a user meets it."""
    pressed.set(**SLOW)
    before, rmse_before = pressed.parameters(), pressed.rmse()
    pressed.press("Fit")
    assert pressed.status().startswith("Starting Python.")      # said by the macro itself, at once
    pressed.until("Fitting: epoch")
    pressed.book.sheets["bias"].range("AZ99").value = "typed meanwhile"
    history = pressed.book.sheets["bias"].range("bias_history")
    for seen in (pressed.status, pressed.rmse, pressed.parameters, lambda: str(history.value)):
        met = set()
        until(lambda: met.add(seen()) or len(met) >= 3)
    pressed.press("Fit", "dotprod")
    assert pressed.until("Not fitted", sheet="dotprod").startswith("Not fitted: A fit of this workbook is running.")
    assert pressed.status().startswith("Fitting: epoch")        # it goes on
    pressed.press("Stop")
    assert "as you asked; the best so far is kept" in pressed.until("RMSE ")
    assert pressed.book.sheets["bias"].range("bias_stop").value is None
    assert pressed.book.sheets["bias"].range("AZ99").value == "typed meanwhile"
    assert pressed.rmse() < rmse_before and pressed.parameters() != before

    pressed.press("Restore")
    pressed.until("Restored")
    assert pressed.parameters() == before and pressed.rmse() == pytest.approx(rmse_before, abs=1e-12)

    pressed.press("Randomize")
    said = pressed.until("New start values")
    assert said == f"New start values of seed 1: RMSE {pressed.rmse():.6f}. Restore brings the former ones back."
    assert pressed.parameters() != before and pressed.book.sheets["start"].range("setting_seed").value == 1
    random = pressed.parameters()
    pressed.press("Refresh")
    assert pressed.until("Calculated again").startswith(f"Calculated again: RMSE {pressed.rmse():.6f} on ")

    pressed.set(optimizer="lbfgs", epochs=None, lr=None)
    pressed.press("Fit")
    assert "Converged" in pressed.until("RMSE ") and pressed.parameters() != random
    told = pressed.book.sheets["start"].range("bias_last_rmse_after").value
    for name, kind in (("saved.xlsm", "Calc MS Excel 2007 VBA XML"), ("saved.ods", "calc8")):
        saved = tmp_path / name
        pressed.document.storeToURL(load_uno().systemPathToFileUrl(str(saved)), properties(FilterName=kind))
        again = Pressed(calc, saved)
        again.book.app.calculate()
        assert again.rmse() == pytest.approx(told, abs=1e-9)
        if name.endswith(".ods"):   # LibreOffice 7.4 does not find the buttons that it wrote into an .xlsm
            again.press("Restore")
            again.until("Restored")
            assert again.parameters() == pytest.approx(random, abs=1e-14)
        again.document.close(True)


def test_what_cannot_start_is_said_by_the_macro(pressed):
    pressed.book.sheets["start"].range(PYTHON).value = "/nowhere/python"
    pressed.press("Fit")
    assert f"The cell named {PYTHON}, on sheet start, should hold the path of a Python" in pressed.until("Python did not")
    pressed.press("Stop")   # nothing runs: it waits in its cell, and the next press clears it
    assert pressed.book.sheets["bias"].range("bias_stop").value == "stop"


def test_a_result_is_no_stop_cell(pressed):
    """`start` has the cell bias_last_stop: pressed with that sheet in view, a macro leaves it as it is."""
    start = pressed.book.sheets["start"]
    start.range("bias_last_stop").value = "Converged."
    start.activate()
    for macro in ("StopFit", "RefreshSheet"):
        pressed.run(macro)
        assert start.range("bias_last_stop").value == "Converged."


@pytest.mark.parametrize("caption", ["Fit", "Stop"])
def test_a_protected_sheet_gets_a_sentence(pressed, caption):
    sheet = pressed.book.sheets["bias"]
    before = pressed.parameters()
    sheet.impl.api.protect("")
    pressed.press(caption)
    assert pressed.until("This sheet is protected.").endswith("and press again.")
    sheet.impl.api.unprotect("")
    assert pressed.parameters() == before and pressed.process() is None and sheet.range("bias_stop").value is None


def test_a_bad_setting_is_named_by_its_cell(pressed):
    pressed.set(epochs=-5)
    pressed.press("Fit")
    assert pressed.until("Not fitted").startswith(f"Not fitted: {pressed.place('setting_epochs')}: ")


@contextmanager
def no_worker(calc) -> Iterator[None]:
    """Presses are done by a Python of their own: the folder of the worker is open to others, so that no worker is asked."""
    press = press_folder(calc)
    press.mkdir(parents=True, exist_ok=True)
    press.chmod(0o755)
    yield
    press.chmod(0o700)


def press_folder(calc) -> Path:
    home, = (Path(word.split("=", 1)[1]) for word in Path(f"/proc/{calc.pid}/environ").read_text().split("\0") if word.startswith("HOME="))
    return home / ".collabsheet" / "press"


@pytest.fixture
def cold(calc):
    with no_worker(calc):
        yield


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a press starts Python")
def test_a_warm_press_asks_the_office_little_and_leaves_the_sheets_of_a_cold_one(pressed, calc, built):
    """By what the benchmark of presses measures with. Messages are counted, not seconds: they do not depend on how busy a machine is."""
    pressed.set(epochs=-5)
    pressed.press("Fit")
    pressed.until("Not fitted")     # ends the process that has done presses; or no worker was there, and one is started
    until((press_folder(calc) / "worker.json").exists)
    pressed.set(epochs=None)
    pipe, leads = CountedPipe(calc.impl.office.spec), built.parent / "py thon.office"
    try:
        leads.write_text(pipe.own_spec)
        randomized(pressed)
        first = quiet(pipe)
        fitted(pressed)
        warm = quiet(pipe) - first
    finally:
        leads.unlink()
        pipe.close()
    assert 500 < first < 5_500 and 500 < warm < 2_500    # seen: 4,123 and 1,747; each picture on the way adds up to 140
    sheets = contents(pressed)
    pressed.press("Restore")
    pressed.until("Restored")
    with no_worker(calc):
        fitted(pressed)
    assert contents(pressed) == sheets


def contents(pressed) -> dict[str, tuple]:
    """What all cells hold, but those that tell when a fit was and how long it took."""
    pressed.book.sheets["bias"].range("bias_status").value = None
    return {sheet.name: sheet.used_range.impl.api.getDataArray() for sheet in pressed.book.sheets if sheet.name != "run log"}


def test_a_killed_python_and_a_closed_workbook_do_no_harm(calc, cold, built, tmp_path):
    copy = tmp_path / "closed.xlsm"
    copy.write_bytes(built.read_bytes())
    opened = Pressed(calc, copy)
    opened.set(**SLOW)
    opened.press("Fit")
    opened.until("Fitting: epoch")
    os.kill(opened.process(), signal.SIGKILL)
    until(lambda: opened.process() is None)
    opened.press("Fit")
    opened.until("Starting")
    opened.until("Fitting: epoch")
    opened.document.close(True)
    until(lambda: opened.process() is None)
    with one_at_a_time(str(copy)), open_workbook(copy) as book:
        assert "bias" in book.sheets


def test_a_headless_fit_leaves_buttons_and_macros_as_they_are(built, tmp_path):
    fitted = tmp_path / "fitted.xlsm"
    fit_workbook(built, out=fitted)
    with zipfile.ZipFile(built) as before, zipfile.ZipFile(fitted) as after:
        kept = [name for name in before.namelist() if "vba" in name or name.endswith(".vml")]
        assert len(kept) == 6 and all(before.read(name) == after.read(name) for name in kept)


def test_xlwings_finds_its_settings(built):
    """As its add-in reads them: names in column A, settings beside them."""
    from pyxl.engines import choose_engine
    before = xlwings.engines.active
    choose_engine("file")
    book = xlwings.Book(str(built))
    config = book.sheets["xlwings.conf"]["A1:B3"].options(dict).value
    assert importlib.import_module(config["UDF MODULES"]).__doc__ and book.sheets["xlwings.conf"].used_range.address == "$A$1:$B$3"
    assert config["Interpreter_Win"] == config["Interpreter_Mac"] == str(built.parent / "py thon")
    book.close()
    xlwings.engines.active = before


def test_run_main_fits_the_sheet_in_view(calc, tmp_path, monkeypatch, capsys):
    """The button of xlwings' add-in imports the module beside the workbook and calls its `main`."""
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + "".join(
        f"{u},{i},{1 + (u * i + u) % 9 / 2}\n" for u in range(1, 9) for i in range(1, 8) if (u + i) % 4))
    path = tmp_path / "films_of_mine.xlsx"
    command = ["new", str(tmp_path / "ratings.csv"), "-o", str(path), "--factors", "2", "--run-main"]
    assert main(command) == 0 and "films_of_mine.py" in capsys.readouterr().out
    book = calc.books.open(str(path))
    book.sheets["dotprod"].activate()
    book.set_mock_caller()      # on Linux nothing but our macros calls
    monkeypatch.setenv("COLLABSHEET_OFFICE", calc.impl.office.spec)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", sys.path[:])
    xlwings.utils.prepare_sys_path(f"true;{path};{path};;;;")
    importlib.import_module("films_of_mine").main()
    until(lambda: str(book.sheets["dotprod"].range("dotprod_status").value).startswith("RMSE "))
    del xlwings.Book._mock_caller
    book.close()


@pytest.mark.parametrize("name, why", [("my films.xlsx", "cannot be one"), ("random.xlsx", "'random' already"),
                                       ("taken.xlsx", "it was not touched")])
def test_run_main_needs_a_name_of_its_own(tmp_path, name, why, capsys):
    (tmp_path / "taken.py").write_text("mine = 1\n")
    (tmp_path / "ratings.csv").write_text("user,item,rating\n1,1,3\n1,2,4\n2,1,5\n")
    assert main(["new", str(tmp_path / "ratings.csv"), "-o", str(tmp_path / name), "--run-main"]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / name).exists() and (tmp_path / "taken.py").read_text() == "mine = 1\n"
