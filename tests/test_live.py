"""A live fit in a real headless LibreOffice: what a user sees, stops, edits and undoes meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import lesson_sheet
import numpy as np
import pytest
import xlwings
from asking import built
from hypothesis import given
from hypothesis import strategies as st
from office import until
from planted import planted
from told_notes import beyond_the_decay

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.base.one_at_a_time import one_at_a_time
from pyxl.cli.command_line import run
from pyxl.cli.sheets.workbook_commands import FIT, RESTORE
from pyxl.engines import choose_engine
from pyxl.fit.own_sheets.before_fit import SHEET as BEFORE
from pyxl.functions.office_functions import functions_in
from pyxl.grid.cells import Cell
from pyxl.hosts.live_host import LiveHost, blocks_of
from pyxl.live.live_fit import fit_live, restore_live
from solver import UserError
from workbook.all_views import VIEWS

ROOT = Path(__file__).resolve().parent.parent
LIVE = ("--live", "--engine", "libreoffice", "--json")
ENDLESS = ("--optimizer", "sgd", "--epochs", "10000000", "--lr", "0.0001")
LONG = {"optimizer": "sgd", "epochs": 10_000_000, "lr": 1e-4}   # a fit that ends only when it is stopped


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A workbook of 8 users and 9 items with one model sheet, `bias`: an office has the less to open, to calculate and to save."""
    return built(tmp_path_factory.mktemp("small") / "my book.xlsx", planted(8, 9), n_factors=3).path


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The same with every model, as `collabsheet new` builds it."""
    path = tmp_path_factory.mktemp("whole") / "my book.xlsx"
    workbook.build(planted(8, 9), path, n_factors=3)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """The log and the locks go to a folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def copied(original: Path, folder: Path) -> Path:
    copy = folder / original.name
    copy.write_bytes(original.read_bytes())
    return copy


@pytest.fixture
def path(small, tmp_path) -> Path:
    return copied(small, tmp_path)


@pytest.fixture
def whole_path(whole, tmp_path) -> Path:
    return copied(whole, tmp_path)


def opened(calc, path):
    xlwings.engines["libreoffice"].activate()
    there = calc.books.open(str(path))
    yield there
    there.close()


@pytest.fixture
def book(calc, path):
    yield from opened(calc, path)


@pytest.fixture
def whole_book(calc, whole_path):
    yield from opened(calc, whole_path)


@pytest.fixture
def file_book(path):
    before = xlwings.engines.active
    choose_engine("file")
    opened = xlwings.Book(str(path))
    yield opened
    opened.close()
    xlwings.engines.active = before


def parameters(book, sheet="bias"):
    names = ("user_factors", "item_factors", "user_bias", "item_bias")
    return {name: book.sheets[sheet].range(f"{sheet}_{name}").options(ndim=2).value for name in names}


class Running:
    """A command in a process of its own, in the office of `app`; killed at the end."""

    def __init__(self, app, *words):
        command = [sys.executable, "-m", "pyxl", *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=os.environ | {"COLLABSHEET_OFFICE": app.impl.office.spec})

    def result(self) -> dict:
        out, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def test_one_sees_it_learn_edits_another_cell_and_stops_it(calc, book, path, tmp_path):
    """The whole of it: another process fits, this one is the user."""
    sheet = book.sheets["bias"]
    status, rmse = sheet.range("bias_status"), sheet.range("bias_rmse")
    before = parameters(book)
    with Running(calc, "fit", path, *LIVE, "--sheet", "bias", *ENDLESS) as fit:
        assert re.search(r"Fitting: epoch [\d,]+, RMSE [\d.]+, [\d.]+ s, at most [\d,]+ (s|min|h) more", until(
            lambda: str(status.value).startswith("Fitting: epoch") and " more" in status.value and status.value))
        sheet.range("AZ99").value = "typed meanwhile"
        for seen in (lambda: status.value, lambda: rmse.value, lambda: json.dumps(parameters(book)),
                     lambda: json.dumps(sheet.range("bias_history").value)):
            met = set()
            until(lambda: met.add(seen()) or len(met) >= 3)
        sheet.range("bias_stop").value = "x"
        stopped = time.monotonic()
        until(lambda: not str(status.value).startswith("Fitting"))
        assert time.monotonic() - stopped < 3   # 0.2 s where nothing else runs
        told = fit.result()["sheets"]["bias"]
    assert "as you asked; the best so far is kept" in told["stop"] and not beyond_the_decay(told["notes"])
    assert status.value == f"RMSE {told['rmse_before']:.6f} → {told['rmse_after']:.6f}, {told['seconds']:.1f} s on the CPU. {told['stop']} " \
        f"Note: {told['notes'][0]}"
    assert sheet.range("bias_stop").value is None and sheet.range("AZ99").value == "typed meanwhile"
    assert told["rmse_after"] < told["rmse_before"]
    assert parameters(book) != before
    history = sheet.range("bias_history").value
    assert history[0] == [0, told["rmse_before"]] and [told["epochs"], told["rmse_after"]] in history

    saved = tmp_path / "saved.xlsx"
    book.save(str(saved))
    again = calc.books.open(str(saved))
    charts = again.sheets["bias"].impl.api.Charts
    assert charts.Count == 1 and charts.getByIndex(0).Ranges    # the loss chart, over cells still
    again.app.calculate()
    assert again.sheets["bias"].range("bias_rmse").value == pytest.approx(told["rmse_after"], abs=1e-9)
    assert restore_live(again) == {"bias": 8 * 4 + 9 * 4}
    assert parameters(again) == before
    assert again.sheets["bias"].range("bias_rmse").value == pytest.approx(told["rmse_before"], abs=1e-9)
    again.close()


def test_the_loss_chart_draws_the_history(book):
    """Its points, as LibreOffice sees them, are the epochs of the fit."""
    result = fit_live(book, sheets=["bias"])["bias"]
    series = book.sheets["bias"].impl.api.Charts.getByIndex(0).EmbeddedObject.FirstDiagram \
        .CoordinateSystems[0].ChartTypes[0].DataSeries[0]
    by_role = {data.Values.Role: data.Values.Data for data in series.DataSequences}
    n = len(result.history)
    assert by_role["values-x"][:n] == tuple(float(epoch.epoch) for epoch in result.history)
    assert by_role["values-y"][:n] == pytest.approx([epoch.rmse for epoch in result.history], abs=1e-12)


def test_a_fit_that_is_killed_leaves_a_workbook_to_fit_again(calc, book, path):
    status = book.sheets["bias"].range("bias_status")
    before = parameters(book)
    with Running(calc, "fit", path, *LIVE, "--sheet", "bias", *ENDLESS) as fit:
        until(lambda: str(status.value).startswith("Fitting: epoch"))
        with pytest.raises(UserError, match="A fit of this workbook is running"):
            fit_live(book, sheets=["bias"])
        until(lambda: str(status.value).startswith("Fitting: epoch"))   # the running one goes on
        fit.process.kill()
        fit.process.wait()
    with Running(calc, "restore", path, *LIVE) as restore:
        assert restore.result()["sheets"].keys() == {"bias"}
    assert parameters(book) == before
    result = fit_live(book, sheets=["bias"])["bias"]
    assert result.converged and book.sheets["bias"].range("bias_rmse").value == pytest.approx(result.rmse_after, abs=1e-9)


def test_every_sheet_is_fitted_as_the_file_would_be(whole_book, whole_path):
    """Same settings, same bits; the start sheet gets the results."""
    headless = fit_workbook(whole_path)
    live = fit_live(whole_book)
    for sheet, result in headless.items():
        assert live[sheet].rmse_after == result.rmse_after and live[sheet].epochs == result.epochs
        assert not beyond_the_decay(live[sheet].notes)
        assert whole_book.sheets[sheet].range(f"{sheet}_rmse").value == pytest.approx(result.rmse_after, abs=1e-9)
        assert whole_book.sheets["start"].range(f"{sheet}_last_rmse_after").value == pytest.approx(result.rmse_after, abs=1e-15)
        assert f"{result.stop} Note: {result.notes[0]}" in whole_book.sheets[sheet].range(f"{sheet}_status").value
    assert not whole_book.sheets[BEFORE].visible and whole_book.app.status_bar is False


def test_cells_have_our_functions_while_the_command_runs(calc, book, path):
    """LibreOffice recalculates them, in another process than ours, with what its own formulas compute."""
    sheet = book.sheets["bias"]
    sheet.range("BA1").formula = "=CF_RMSE(bias_ratings,bias_predictions)"
    sheet.range("BA3:BB5").formula_array = '=CF_SIMILAR(bias_item_factors,"item 2",3,bias_item_ids)'
    sheet.range("BA7").formula = '=CF_RMSE("x",1)'
    with Running(calc, "functions", path) as running:
        process = running.process
        assert process.stdout.readline().startswith("The cells of my book.xlsx know CF_PREDICT, CF_RMSE")
        assert sheet.range("BA1").value == pytest.approx(sheet.range("bias_rmse").value, abs=1e-12)
        sheet.range("bias_ratings")(1, 1).value = 1.5
        assert sheet.range("BA1").value == pytest.approx(sheet.range("bias_rmse").value, abs=1e-12)
        factors = np.array(sheet.range("bias_item_factors").value).T
        factors = factors - factors.mean(axis=0)     # alike is said of factors seen from their mean
        lengths = np.linalg.norm(factors, axis=1)
        cosines = factors @ factors[2] / lengths / lengths[2]
        like = [n for n in np.argsort(-cosines) if n != 2][:3]
        assert [row[0] for row in sheet.range("BA3:BB5").value] == [f"item {n}" for n in like]
        assert [row[1] for row in sheet.range("BA3:BB5").value] == pytest.approx(cosines[like].tolist(), abs=1e-12)
        assert sheet.range("BA7").value == "ratings, row 1, column 1, is 'x', not a number."
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    calc.calculate()
    assert sheet.range("BA1").value.startswith("Nobody answers: run `collabsheet functions`")


def test_the_formulas_in_the_docs_give_values(calc, whole_book):
    formulas = re.findall(r"^=CF_.*", (ROOT / "docs" / "functions.md").read_text(), re.M)
    assert len(formulas) == 8
    with functions_in(calc.impl.office):
        sheet = whole_book.sheets["bias"]
        for formula in formulas:
            cells = sheet.range("BA1:BC3")
            cells.formula_array = formula
            first, second = sheet.range("BA1:BB1").value
            assert isinstance(first, str if "_ids" in formula else float) and isinstance(second, float), (formula, first)
            cells.clear_contents()


def test_the_run_log_is_kept_while_somebody_works_in_it(book, monkeypatch):
    """Lines are filtered away, and one is typed where the next was to go: it comes below."""
    from pyxl.live.watch import Watch
    log = book.sheets["run log"]
    fit_live(book, sheets=["bias"], options={"epochs": 3})
    log.impl.api.Rows.getByIndex(4).IsVisible = False
    update = Watch._update

    def types(self, *told):
        log.range("A6:C6").value = ["my", "own", "line"]
        update(self, *told)

    monkeypatch.setattr(Watch, "_update", types)
    result = fit_live(book, sheets=["bias"], options=LONG | {"epochs": 2000})["bias"]
    again = fit_live(book, repeat=1)["bias"]
    rows = log.range("A5:L9").value
    assert [row[0] for row in rows] == [1, "my", 2, 3, None] and isinstance(rows[0][1], dt.datetime)
    assert rows[2][6] == result.rmse_after and rows[3][5:7] == rows[0][5:7] == [again.rmse_before, again.rmse_after]


def test_an_open_sheet_is_read_as_its_file_is(whole_book, whole_path):
    host = LiveHost(whole_book)
    with open_workbook(whole_path) as file:
        for sheet in set(file.sheets) - set(VIEWS):     # those no fit reads
            live, stored = host.grid(sheet), file.grid(sheet)
            assert live.formulas == stored.formulas
            assert live.values.keys() == stored.values.keys()
            for cell, value in stored.values.items():
                assert live.values[cell] == (pytest.approx(value, abs=1e-12) if isinstance(value, float) else value)
        assert {(n.name, n.scope): n.refers_to for n in file.names if n.name.startswith("bias_")} == \
            {(n.name, n.scope): n.refers_to for n in host.names if n.name.startswith("bias_")}


def test_ratings_changed_meanwhile_are_noticed(book, monkeypatch):
    from pyxl.live.watch import Watch
    update, rating = Watch._update, book.sheets["bias"].range("bias_ratings")(1, 1)

    def edits(self, *told):
        rating.value = 1.0 if rating.value != 1.0 else 2.0
        update(self, *told)

    monkeypatch.setattr(Watch, "_update", edits)
    result = fit_live(book, sheets=["bias"], options=LONG | {"epochs": 2000})["bias"]
    note, = beyond_the_decay(result.notes)
    assert note.endswith("ratings were changed while it ran. Fit again.")
    assert "Fit again." in book.sheets["bias"].range("bias_status").value


class Busy(Exception):
    """What Excel raises while somebody edits a cell."""

    hresult = -2147352567
    excepinfo = (0, None, None, None, 0, -2146777998)


def test_while_a_cell_is_edited_it_tries_again(file_book, monkeypatch):
    from pyxl.engines.file_book import FileRange
    read, write, refused = FileRange.raw_value.fget, FileRange.raw_value.fset, []

    def sometimes(call):
        def refuses(*arguments):
            if len(refused) < 40 and len(refused) % 3 != 2:
                refused.append(call)
                raise Busy
            refused.append(call)
            return call(*arguments)
        return refuses

    monkeypatch.setattr(FileRange, "raw_value", property(sometimes(read), sometimes(write)))
    monkeypatch.setattr("pyxl.base.retry_while_busy.PAUSE", 0.001)
    assert fit_live(file_book, sheets=["bias"])["bias"].converged
    assert len(refused) > 20
    monkeypatch.setattr("pyxl.base.retry_while_busy._LONGEST", 0.0)
    refused.clear()
    with pytest.raises(UserError, match="A cell is being edited, or a dialog is open"):
        fit_live(file_book, sheets=["bias"])


def test_what_goes_wrong_stands_in_the_status_cell(file_book, home, monkeypatch):
    sheet = file_book.sheets["bias"]
    file_book.sheets["ratings"].range("source")(2, 3).value = "good"
    with pytest.raises(UserError, match="holds 'good', not a rating"):
        fit_live(file_book, sheets=["bias"])
    log = home / ".collabsheet" / "collabsheet.log"
    said = sheet.range("bias_status").value
    assert said.startswith("Not fitted: ratings!") and said.endswith(f"(Details: {log})")
    assert "holds 'good'" in log.read_text()

    def fails(*_, **__):
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("pyxl.fit.press_fit.fit_on_host", fails)
        with pytest.raises(UserError, match="Unexpected RuntimeError: a fault of ours"):
            fit_live(file_book)
    assert "a fault of ours" in sheet.range("bias_status").value and "Traceback" in log.read_text()
    with pytest.raises(UserError, match="There is no sheet 'none'"):
        fit_live(file_book, sheets=["none"])
    with pytest.raises(UserError, match="keeps no parameters from before a fit"):
        restore_live(file_book)


def test_one_fit_of_a_workbook_at_a_time(file_book):
    with one_at_a_time(file_book.fullname), pytest.raises(UserError, match="is running. Stop it, or wait"):
        fit_live(file_book)
    fit_live(file_book, sheets=["bias"])


def is_restored(now, before, *, within: float) -> bool:
    """Whether a cell holds what it held; the line of errors says what it was before the restoring, too."""
    if isinstance(before, str) and before.startswith("RMSE "):
        return now == before or (now.startswith("RMSE ") and now.endswith(f" → {before.removeprefix('RMSE ')}"))
    return now == pytest.approx(before, abs=within)


def test_the_command_fits_and_restores_a_file(whole_path, capsys):
    with open_workbook(whole_path) as book:
        before = {sheet: dict(book.grid(sheet).values) for sheet in ("bias", "embedding")}
    assert run(lambda: (FIT,), ["fit", str(whole_path), "--live", "--engine", "file", "--json"]) == 0
    live = json.loads(capsys.readouterr().out)["sheets"]
    with open_workbook(whole_path) as book:
        for sheet, cell in (("bias", "bias_rmse"), ("embedding", "embedding_rmse")):
            where = next(n.refers_to for n in book.names if n.name == cell).split("!")[1].replace("$", "")
            assert book.grid(sheet).values[Cell.parse(where)] == pytest.approx(live[sheet]["rmse_after"], abs=1e-9)
    out = whole_path.with_name("restored.xlsx")
    assert run(lambda: (RESTORE,), ["restore", str(whole_path), "-o", str(out), "--sheet", "bias"]) == 0
    assert "bias: the parameters of before the last fit; 68 cells changed." in capsys.readouterr().out
    assert run(lambda: (RESTORE,), ["restore", str(out), "--live", "--engine", "file"]) == 0
    with open_workbook(out) as book:
        for sheet, values in before.items():
            now = book.grid(sheet).values
            assert {cell for cell in values if not is_restored(now.get(cell), values[cell], within=1e-12)} == set()


def test_a_headless_fit_can_be_restored_too(whole_path):
    before = {sheet: open_workbook(whole_path).grid(sheet).values for sheet in ("dotprod", "bias")}
    fit_workbook(whole_path, out=whole_path, options={"start": "random", "seed": 3})
    fit_workbook(whole_path, out=whole_path, sheets=["bias"])    # the other sheets keep theirs
    assert run(lambda: (RESTORE,), ["restore", str(whole_path), "--in-place"]) == 0
    with open_workbook(whole_path) as book:
        now = {sheet: {cell: book.grid(sheet).values[cell] for cell in before[sheet]} for sheet in before}
    assert all(is_restored(value, before["dotprod"][cell], within=0) for cell, value in now["dotprod"].items())
    assert now["bias"] != before["bias"]


def test_the_command_says_what_it_cannot_do(path, capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "COLLABSHEET_OFFICE"):
        monkeypatch.delenv(name, raising=False)
    for options, why in ((["--live", "--engine", "numbers"], "no engine 'numbers'"),
                         (["--in-place", "--engine", "file"], "--engine says where a live fit runs"),
                         (["--live", "--engine", "libreoffice"], "no screen on which LibreOffice could show")):
        assert run(lambda: (FIT,), ["fit", str(path), *options]) == 2
        assert why in capsys.readouterr().err
    assert run(lambda: (FIT,), ["fit", str(path) + "no", "--live"]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_somebody_elses_workbook_is_fitted_live(shared, tmp_path, home):
    """The lesson's own, which has no cells of ours: the status bar alone tells, and nothing is kept."""
    path = tmp_path / "course.xlsx"
    path.write_bytes((shared / "workbooks" / "course_collab_filter.xlsx").read_bytes())
    before = xlwings.engines.active
    choose_engine("file")
    book = xlwings.Book(str(path))
    try:
        result = fit_live(book, sheets=["dotprod"])["dotprod"]
        assert result.rmse_after == pytest.approx(0.392901, abs=1e-6)
        assert result.notes == ("The parameters of before are not kept: Without an office no sheet can be added. "
                                "Add it in Excel or LibreOffice.",)
        assert book.sheets["dotprod"].range("V41").value == pytest.approx(result.rmse_after, abs=1e-9)
    finally:
        book.close()
        xlwings.engines.active = before


@given(st.dictionaries(st.tuples(st.integers(1, 6), st.integers(1, 6)), st.integers(), max_size=36))
def test_cells_are_written_as_blocks(cells):
    """Each cell once, and whole blocks where there are some."""
    cells = {Cell(*cell): value for cell, value in cells.items()}
    blocks = blocks_of(cells)
    assert sum(where.size for where, _ in blocks) == len(cells)
    assert {cell: value for where, rows in blocks for cell, value in zip(where.cells(), sum(rows, []))} == cells
    whole = {Cell(row, col): row * col for row in range(3, 9) for col in range(2, 5)}
    assert len(blocks_of(whole)) == 1


def test_one_fit_is_one_step_of_undo(book):
    manager = book.api.getUndoManager()
    sheet = book.sheets["bias"]
    names = ("user_factors", "item_factors", "user_bias", "item_bias")
    held = [sheet.range(f"bias_{name}").value for name in names]
    steps, rmse = list(manager.getAllUndoActionTitles()), sheet.range("bias_rmse").value
    fit_live(book, sheets=["bias"])
    assert list(manager.getAllUndoActionTitles()) == ["Fit", *steps] and sheet.range("bias_rmse").value < rmse
    fitted = [sheet.range(f"bias_{name}").value for name in names]
    manager.undo()
    assert [sheet.range(f"bias_{name}").value for name in names] == held
    assert sheet.range("bias_rmse").value == pytest.approx(rmse, abs=1e-12)
    manager.redo()
    assert [sheet.range(f"bias_{name}").value for name in names] == fitted
    restore_live(book, sheets=["bias"])
    assert list(manager.getAllUndoActionTitles()) == ["Restore", "Fit", *steps]


def test_a_protected_sheet_gets_a_sentence(book):
    sheet = book.sheets["bias"]
    before = sheet.range("bias_user_factors").value
    sheet.api.protect("")
    with pytest.raises(UserError, match="Sheet bias is protected, and .* is locked.*Unprotect Sheet"):
        fit_live(book, sheets=["bias"])
    with pytest.raises(UserError, match="it was not fitted yet"):
        restore_live(book, sheets=["bias"])
    assert sheet.range("bias_user_factors").value == before


def test_a_workbook_whose_structure_is_protected_keeps_no_parameters_and_says_so(calc, tmp_path):
    lesson_sheet.write(tmp_path / "theirs.xlsx", lesson_sheet.table(6, 7), k=2)
    book = calc.books.open(str(tmp_path / "theirs.xlsx"))
    book.api.protect("")
    note, = fit_live(book, options={"epochs": 3})["Sheet1"].notes
    assert "The parameters of before are not kept: The structure of 'theirs.xlsx' is protected" in note
    book.close()


def test_refresh_waits_for_a_fit(book):
    from pyxl.live.live_fit import refresh_live
    with one_at_a_time(book.fullname), pytest.raises(UserError, match="A fit of this workbook is running"):
        refresh_live(book, "bias")


def test_a_workbook_whose_path_nobody_tells_has_a_lock_of_its_own(book):
    """As one on OneDrive, in Excel."""
    class InTheCloud:
        @property
        def fullname(self):
            raise xlwings.XlwingsError("Couldn't find the local file location.")

        def __getattr__(self, name):
            return getattr(book, name)

    place = LiveHost(InTheCloud()).place
    assert place.startswith(book.name) and place == LiveHost(InTheCloud()).place
    with one_at_a_time(place), pytest.raises(UserError, match="is running"):
        fit_live(InTheCloud(), sheets=["bias"])
    assert fit_live(InTheCloud(), sheets=["bias"], options={"epochs": 2})["bias"].epochs == 2
