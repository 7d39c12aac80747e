"""`collabsheet serve` as a real process, asked by its client and by bare HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from service_process import ServiceProcess

from pyxl import fit_workbook, open_workbook
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.serve import graphics_cards
from pyxl.serve.client import connect
from pyxl.serve.jobs import live_sheet
from pyxl.serve.jobs.job_kinds import JOB_KINDS, Work
from pyxl.serve.jobs.job_store import DONE, FAILED, RESTARTED, JobStore
from pyxl.training.run_epochs import run_training
from solver import UserError


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with ServiceProcess(tmp_path_factory.mktemp("service")) as running:
        yield running


def test_a_fit_there_is_a_fit_here(service, example_book, tmp_path):
    asked = connect(service.url)
    seen = []
    there = asked.fit(example_book.path, out=tmp_path / "there.xlsx", sheets=["bias"], options={"weight_decay": 0.05}, on_epoch=seen.append)
    here = fit_workbook(example_book.path, out=tmp_path / "here.xlsx", sheets=["bias"], options={"weight_decay": 0.05})["bias"]
    assert there["bias"]["rmse_after"] == here.rmse_after and there["bias"]["epochs"] == here.epochs
    assert [one["epoch"] for one in seen] == [epoch.epoch for epoch in here.history]
    with open_workbook(tmp_path / "there.xlsx") as one, open_workbook(tmp_path / "here.xlsx") as other:
        assert one.grid("bias").values == other.grid("bias").values
    assert json.dumps(asked.inspect(tmp_path / "there.xlsx"), sort_keys=True) == json.dumps(inspect_workbook(tmp_path / "there.xlsx"), sort_keys=True)


def test_the_commands_are_done_there_by_one_option(service, example_book, tmp_path, monkeypatch, capsys):
    from pyxl.__main__ import main

    assert main(["inspect", str(example_book.path), "--json"]) == 0
    here = json.loads(capsys.readouterr().out)["sheets"]
    assert main(["inspect", str(example_book.path), "--json", "--server", service.url]) == 0
    assert json.loads(capsys.readouterr().out)["sheets"] == here
    bare = service.url.partition("#")[0]
    assert main(["fit", str(example_book.path), "-o", str(tmp_path / "o.xlsx"), "--server", bare]) == 2 and "token" in capsys.readouterr().err
    monkeypatch.setenv("COLLABSHEET_TOKEN", service.token)
    assert main(["fit", str(example_book.path), "-o", str(tmp_path / "o.xlsx"), "--sheet", "bias", "--weight-decay", "0.05", "--server", bare]) == 0
    said = capsys.readouterr().out
    assert "bias  RMSE" in said and "Converged" in said and (tmp_path / "o.xlsx").exists()
    for words, flag in ((["--in-place"], "--in-place"), (["-o", str(tmp_path / "p.xlsx"), "--overwrite-formulas"], "--overwrite-formulas")):
        assert main(["fit", str(example_book.path), *words, "--server", bare]) == 2
        assert f"{flag} is done on this machine only" in capsys.readouterr().err


def test_restore_is_done_there_too(service, example_book, tmp_path, capsys):
    from pyxl.__main__ import main

    asked, fitted, back = connect(service.url), tmp_path / "fitted.xlsx", tmp_path / "back.xlsx"
    asked.fit(example_book.path, out=fitted, sheets=["bias"], options={"weight_decay": 0.05})
    assert main(["restore", str(fitted), "-o", str(back), "--sheet", "bias", "--server", service.url]) == 0
    assert "bias: the parameters of before" in capsys.readouterr().out
    where = example_book.layouts["bias"].areas["user_factors"][1]
    with open_workbook(back) as one, open_workbook(example_book.path) as other:
        assert one.grid("bias").block(where) == other.grid("bias").block(where)
    assert main(["restore", str(fitted), "--in-place", "--server", service.url]) == 2 and "--in-place is done on this machine only" in capsys.readouterr().err


def test_a_page_is_told_what_its_sheet_shows_while_it_is_fitted(example_book, tmp_path, monkeypatch):
    monkeypatch.setattr(live_sheet, "_EVERY", 0.0)
    monkeypatch.setattr(live_sheet, "_SHARE", 1e9)
    told, rmse = [], example_book.layouts["bias"].rmse
    asked = {"sheets": ["bias"], "view": "bias", "show": True, "parameters": True, "options": {"weight_decay": 0.05, "epochs": 6, "optimizer": "adam"}}
    result = JOB_KINDS["fit"].run(Work(example_book.path, tmp_path / "o.xlsx", asked, told.extend, lambda: False))
    shown = [{(row, col): value for row, col, value in one["cells"]} for one in told if "cells" in one]
    epochs = [one["rmse"] for one in told if "epoch" in one]
    assert [one[rmse] for one in shown[1:]] == pytest.approx(epochs[-len(shown) + 1:], abs=1e-9) and len(shown) > 3
    where = example_book.layouts["bias"].areas["user_factors"][1]
    block, = (one for one in result["parameters"]["bias"] if one["range"] == str(where))
    with open_workbook(tmp_path / "o.xlsx") as book:
        assert block["after"] == book.grid("bias").block(where) != block["before"]
    assert {sheet["name"]: sheet["hidden"] for sheet in result["sheets"]}.items() >= {"bias": False, "before_fit": True}.items()


def test_epochs_of_the_lessons_training_are_run_there_and_stopped(service, shared, tmp_path):
    book, sheet = shared / "workbooks" / "course_graddesc.xlsm", "basic SGD"
    seen = []
    here = run_training(book, epochs=9, on_epoch=lambda *one: seen.append(one) or len(seen) == 2)
    assert seen == [(sheet, 1, here[sheet][0]), (sheet, 2, here[sheet][1])]
    assert connect(service.url).run_epochs(book, out=tmp_path / "o.xlsm", epochs=2, sheets=[sheet]) == here


def test_the_gpus_are_told_as_the_driver_tells_them(monkeypatch):
    said = SimpleNamespace(stdout="NVIDIA H100 80GB HBM3, 512, 81559, 37\nNo devices were found\n")
    monkeypatch.setattr(graphics_cards.shutil, "which", lambda program: program)
    monkeypatch.setattr(graphics_cards.subprocess, "run", lambda *words, **how: said)
    assert graphics_cards.GraphicsCards()() == [{"name": "NVIDIA H100 80GB HBM3", "memory_used": 512 << 20, "memory": 81559 << 20, "busy": 0.37}]
    monkeypatch.setattr(graphics_cards.shutil, "which", lambda program: None)
    assert graphics_cards.GraphicsCards()() == []


def test_the_clients_own_target_is_not_replaced(service, example_book, tmp_path):
    (tmp_path / "there.xlsx").write_bytes(b"mine")
    with pytest.raises(UserError, match="there.xlsx"):
        connect(service.url).fit(example_book.path, out=tmp_path / "there.xlsx")
    assert (tmp_path / "there.xlsx").read_bytes() == b"mine"


def test_a_fit_that_is_stopped_keeps_the_best_so_far(service, example_book, tmp_path):
    seen = []
    found = connect(service.url).fit(example_book.path, out=tmp_path / "stopped.xlsx", sheets=["bias"], on_epoch=lambda told: seen.append(told) or len(seen) >= 5,
                                     options={"optimizer": "sgd", "epochs": 1_000_000, "weight_decay": 0.01, "lr": 1e-4})["bias"]
    assert 0 < found["epochs"] < 1_000_000 and found["rmse_after"] <= found["rmse_before"]
    with open_workbook(tmp_path / "stopped.xlsx") as book:
        assert book.grid("bias").values[example_book.layouts["bias"].rmse] == pytest.approx(found["rmse_after"], abs=1e-9)


def test_many_at_once_are_neither_lost_nor_mixed_up(service, example_book, tmp_path):
    """Each asks for a weight decay of its own, and gets the fit of that one."""
    decays = [0.01 * n for n in range(1, 9)]
    found = {}

    def one(decay):
        found[decay] = connect(service.url).fit(example_book.path, sheets=["bias"], options={"weight_decay": decay})["bias"]["rmse_after"]
    threads = [threading.Thread(target=one, args=(decay,)) for decay in decays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {decay: fit_workbook(example_book.path, sheets=["bias"], options={"weight_decay": decay})["bias"].rmse_after for decay in decays}


@pytest.mark.parametrize("asked, said", [
    (lambda asked, book: asked.fit(book, sheets=["nope"]), "There is no sheet 'nope' in 'example.xlsx'"),
    (lambda asked, book: asked.fit(book, options={"lr": -1}), "lr is -1"),
    (lambda asked, book: asked.fit(book, options={"speed": 1}), "There is no option 'speed'"),
    (lambda asked, book: asked.inspect(book.parent / "none.xlsx"), "There is no file"),
])
def test_a_refusal_is_the_sentence_that_is_said_here(service, example_book, tmp_path, asked, said):
    book = tmp_path / "example.xlsx"
    book.write_bytes(example_book.path.read_bytes())
    with pytest.raises(UserError, match=said):
        asked(connect(service.url), book)


@pytest.mark.parametrize("url, said", [("ftp://x/", "no address"), ("http://127.0.0.1:9/", "asks for a token"), ("http://127.0.0.1:9/#token=x", "does not answer")])
def test_an_address_that_leads_nowhere_is_told(url, said):
    with pytest.raises(UserError, match=said):
        connect(url)


def test_a_table_of_ratings_becomes_a_workbook(service):
    table = b"user,item,rating\n" + b"".join(b"%d,%d,%d\n" % (u, i, (u * i) % 5 + 1) for u in range(8) for i in range(8))
    _, _, book = service.ask("POST", "/api/books?name=ratings.csv", table)
    _, _, job = service.ask("POST", "/api/jobs", {"kind": "new", "book": book["book"], "show": True})
    result = service.over(job["job"])["result"]
    assert result["name"] == "ratings.xlsx" and [sheet["name"] for sheet in result["sheets"] if sheet["found"]["recognised"]] == ["dotprod", "bias", "bounded", "embedding"]


def test_what_ran_when_the_service_was_killed_is_told_and_the_rest_is_there(example_book, tmp_path):
    with ServiceProcess(tmp_path, "--workers", "1") as first:
        done = connect(first.url).fit(example_book.path, out=tmp_path / "kept.xlsx", sheets=["bias"])
        _, _, book = first.ask("POST", "/api/books?name=b.xlsx", example_book.path.read_bytes())
        slow = {"kind": "fit", "book": book["book"], "sheets": ["bias"], "options": {"optimizer": "sgd", "epochs": 10_000_000, "weight_decay": 0.01, "lr": 1e-6}}
        running, waiting = (first.ask("POST", "/api/jobs", asked)[2]["job"] for asked in (slow, {"kind": "inspect", "book": book["book"]}))
        until = time.monotonic() + 120
        while first.ask("GET", f"/api/jobs/{running}")[2]["state"] != "running" and time.monotonic() < until:
            time.sleep(0.1)
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
    with ServiceProcess(tmp_path, "--workers", "1") as second:
        assert second.over(running) | {"book": None} == {"job": running, "kind": "fit", "book": None, "state": FAILED, "result": {"error": RESTARTED}}
        assert second.over(waiting)["state"] == DONE
        assert done["bias"]["rmse_after"] < done["bias"]["rmse_before"]


def test_turns_are_fair_between_users(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    for owner in ("much", "much", "much", "little", "other"):
        store.add_job(owner, "inspect", None, {})
    assert [store.next_job().owner for _ in range(5)] == ["much", "little", "other", "much", "much"]
    assert store.next_job() is None
    with pytest.raises(UserError, match="Another service"):
        JobStore(tmp_path / "jobs.sqlite")
    store.close()
