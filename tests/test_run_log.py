"""The run log: a line for every fit, wherever its owner put the others, and each can be had again."""

from __future__ import annotations

from datetime import datetime

import pytest
import torch
from planted import planted
from planted_book import built_once, path  # noqa: F401

import workbook
from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.fit.own_sheets.run_log import HEADERS, find_log, logged_run
from pyxl.grid.cells import MAX_ROW, Cell
from pyxl.hosts.live_values import moment
from solver import Settings, UserError, random_factors
from workbook.builder import build_with
from workbook.write.content import content_of

LOG = "run log"
SHORT = {"epochs": 3, "weight_decay": 0.01}   # a fit that is only to be logged


def lines(path) -> list[dict]:
    """The lines of the log from the top, by header."""
    with open_workbook(path) as book:
        log, values = find_log(book), book.grid(LOG).values
        rows = range(5, log.row)
        return [{header: values.get((row, col)) for header, col in log.columns.items()} for row in rows]


def edited(path, cells: dict) -> None:
    with open_workbook(path) as book:
        book.save({LOG: {Cell(*cell): value for cell, value in cells.items()}})


def sorted_by_rmse(path) -> None:
    """As its owner would: lines by RMSE, and the column of the date at the end, behind an empty one."""
    order = [header for header in HEADERS if header != "date"]
    rows = [dict(zip(HEADERS, HEADERS)), *sorted(lines(path), key=lambda line: line["RMSE after"])]
    cells = {(4 + n, 1 + col): row[header] for n, row in enumerate(rows) for col, header in enumerate(order)}
    cells |= {(4 + n, len(HEADERS)): None for n in range(len(rows))}
    edited(path, cells | {(4 + n, len(HEADERS) + 2): row["date"] for n, row in enumerate(rows)})


def test_every_fit_has_its_line(path):
    results = fit_workbook(path, out=path, options={"epochs": 20})
    adam = fit_workbook(path, out=path, sheets=["bounded"],
                        settings=Settings(optimizer="adam", lr=0.05, epochs=30, start="random", seed=7, batch_size=16))
    log = lines(path)
    assert [(line["run"], line["sheet"]) for line in log] == list(enumerate([*results, "bounded"], 1))
    for line, result in zip(log, [*results.values(), adam["bounded"]]):
        assert (line["RMSE before"], line["RMSE after"], line["epochs"], line["why it ended"], line["model"]) == (
            result.rmse_before, result.rmse_after, result.epochs, result.stop, result.settings.model)
        assert line["ratings"] == result.n_ratings and line["seconds"] == pytest.approx(result.seconds, abs=1e-3)
        assert abs((datetime.now() - moment(line["date"])).total_seconds()) < 600
    assert [log[0][header] for header in ("optimizer", "most epochs", "lr", "weight decay", "seed", "start")] == [
        "lbfgs", 20, None, results["dotprod"].decay.weight_decay, 0, "sheet"]
    assert [log[4][header] for header in ("optimizer", "most epochs", "lr", "weight decay", "seed", "start")] == [
        "adam", 30, 0.05, 0, 7, "random"]
    assert log[4]["batch size"] == 16 and log[0]["other settings"] is log[4]["other settings"] is None


@pytest.mark.parametrize("changed", [lambda path: None, sorted_by_rmse])
def test_a_run_is_repeated_to_the_last_bit(path, changed):
    first = fit_workbook(path, out=path, sheets=["bias"], options={"epochs": 12})["bias"]
    then = fit_workbook(path, out=path, sheets=["bias"], settings=Settings(
        optimizer="adam", epochs=9, lr=0.1, batch_size=16, start="random", seed=4, weight_decay=0.1))["bias"]
    changed(path)
    for number, run in ((1, first), (2, then)):
        again = fit_workbook(path, out=path, repeat=number)["bias"]
        assert [epoch.rmse for epoch in again.history] == [epoch.rmse for epoch in run.history]
        assert all(torch.equal(a, b) for a, b in zip(again.factors.tensors().values(), run.factors.tensors().values()))
        assert not again.notes
    assert [line["run"] for line in lines(path)][2:] == [3, 4]      # newest last, whatever stands above


def test_what_is_held_out_judges_every_run(tmp_path):
    """Equal to what the sheet `check` computes of each sheet's filled table."""
    path = tmp_path / "held.xlsx"
    layouts = workbook.build(planted(12, 10), path, n_factors=2, holdout=0.15)
    results = fit_workbook(path, out=path)
    log = {line["sheet"]: line["hold-out RMSE"] for line in lines(path)}
    with open_workbook(path) as book:
        check = book.grid("check").values
    by_sheet = {text.removeprefix("sheet "): check[Cell(row, 3)] for (row, col), text in check.items()
                if col == 1 and isinstance(text, str) and text.startswith("sheet ")}
    assert len(by_sheet) == 3 and set(log) == set(layouts)
    for sheet, shown in by_sheet.items():
        assert results[sheet].holdout_rmse == log[sheet] == pytest.approx(shown, abs=1e-9)
    assert log["embedding"] == pytest.approx(log["dotprod"], rel=0.5)

    with open_workbook(path) as book:       # somebody takes a question mark away: held out no longer
        where, text = next((cell, value) for cell, value in book.grid("ratings").values.items()
                           if cell.row > 7 and cell.col > 1 and isinstance(value, str))
        book.save({"ratings": {where: float(text.rstrip("?"))}})
    fewer = fit_workbook(path, out=path, sheets=["bias"])["bias"]
    with open_workbook(path) as book:
        shown = next(book.grid("check").values[Cell(row, 3)] for (row, _), text in check.items() if text == "sheet bias")
    assert fewer.n_ratings == results["bias"].n_ratings + 1 and fewer.holdout_rmse == pytest.approx(shown, abs=1e-9)


def test_a_full_log_ends_no_fit(path):
    edited(path, {(MAX_ROW, 1): 77.0})
    result = fit_workbook(path, out=path, sheets=["dotprod"], options={"weight_decay": 0.15})["dotprod"]
    assert result.converged and result.notes == ("The sheet 'run log' is full, so this run is not in it. Delete old lines.",)


def test_notes_of_ones_own_and_deleted_lines_do_no_harm(path):
    fit_workbook(path, out=path, sheets=["dotprod", "bias"], options=SHORT)
    edited(path, {(5, col): None for col in range(1, 20)} | {(5, 25): "mine", (900, 30): "mine too"})
    fit_workbook(path, out=path, sheets=["dotprod"], options=SHORT)
    assert [line["run"] for line in lines(path)] == [None, 2, 3]


def test_other_ratings_than_then_are_noted(path):
    fit_workbook(path, out=path, sheets=["dotprod"], options=SHORT)
    with open_workbook(path) as book:
        rating = next(cell for cell, value in book.grid("ratings").values.items()
                      if cell.row > 7 and cell.col > 1 and isinstance(value, float))
        book.save({"ratings": {rating: 1.5}})
    assert "the ratings are others" in fit_workbook(path, repeat=1)["dotprod"].notes[0]


def test_a_log_with_fewer_columns_loses_no_setting(path):
    """As older versions made it, or as its owner left it."""
    edited(path, {(4, 1 + HEADERS.index(header)): None for header in ("batch size", "momentum")})
    first = fit_workbook(path, out=path, sheets=["bias"], options={
        "optimizer": "momentum", "momentum": 0.5, "batch_size": 16, "epochs": 3})["bias"]
    assert lines(path)[0]["other settings"] == '{"batch_size": 16, "momentum": 0.5}'
    assert fit_workbook(path, repeat=1)["bias"].settings == first.settings


def test_what_cannot_be_repeated_is_said(path, tmp_path, capsys):
    fit_workbook(path, out=path, sheets=["dotprod", "bias"], options=SHORT)
    with pytest.raises(UserError, match="'run log' has no line of run 9"):
        fit_workbook(path, repeat=9)
    edited(path, {(5, 1): 2.0})
    with pytest.raises(UserError, match="'run log' has 2 lines of run 2"):
        fit_workbook(path, repeat=2)
    edited(path, {(5, 1): 1.0, (5, 3): "gone"})
    with pytest.raises(UserError, match="run 1 is of the sheet 'gone', which is not there any more"):
        fit_workbook(path, repeat=1)
    start, optimizer = (1 + HEADERS.index(header) for header in ("start values", "optimizer"))
    edited(path, {(6, start): None})
    with pytest.raises(UserError, match="run 2 cannot be repeated: its start values were too many to keep"):
        fit_workbook(path, repeat=2)
    edited(path, {(6, optimizer): "magic", (6, start): "float64:AAAA"})
    with pytest.raises(UserError, match="run 2 cannot be repeated: optimizer is 'magic'"):
        fit_workbook(path, repeat=2)
    assert main(["fit", str(path), "--in-place", "--repeat", "2", "--seed", "3"]) == 2
    assert "give neither sheets nor settings" in capsys.readouterr().err


def test_large_sheets_keep_no_start_values(tmp_path):
    """A cell holds 32,767 characters, and so 3,066 numbers."""
    path = tmp_path / "large.xlsx"
    content = content_of(planted(60, 50), titles=None, n_factors=30, seed=0, bounds=None)
    build_with(content, path, parameters={"dot": random_factors(content.ratings, model="dot", n_factors=30, seed=0)})
    fit_workbook(path, out=path, sheets=["dotprod"], options=SHORT | {"start": "random", "seed": 3})
    assert lines(path)[0]["start values"] is None
    again = fit_workbook(path, repeat=1)["dotprod"]     # by its seed
    assert again.rmse_after == lines(path)[0]["RMSE after"]


def test_a_seed_that_no_cell_holds_exactly(path):
    fit_workbook(path, out=path, sheets=["dotprod"], options=SHORT | {"start": "random", "seed": 2 ** 62 + 1})
    with open_workbook(path) as book:
        from pyxl.hosts.file_host import FileHost
        assert logged_run(FileHost(book), 1).settings.seed == 2 ** 62 + 1
