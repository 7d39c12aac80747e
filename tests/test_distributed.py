"""Fits of a store: as in memory, the same by any number of processes, and going on where they were killed."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from killed import FIT, digest_of_folder, done_after_a_kill, until_done
from made_store import in_rows_of_the_store, made_store, task_of

from pyxl.__main__ import main
from solver import CollabFilter, Factors, Settings, UserError, fit
from solver.collab.from_store import model_of_fit
from solver.core.schedules import SCHEDULES
from solver.distributed import passes, worker
from solver.distributed.chained.chained_als import ChainedALS
from solver.distributed.fit_store import LostProcess, fit_store
from solver.distributed.group import Alone
from solver.distributed.ring_sgd import RingSGD
from solver.kernels.parts.packed import aligned
from solver.store.prepare_store import HowToPrepare, prepare_store
from solver.store.read_ahead import learnt_part

ROOT = Path(__file__).resolve().parent.parent
SGD = Settings(model="dot+bias", optimizer="sgd", batch_size=1, epochs=3, n_factors=6, dtype="float32", schedule="one-cycle",
               decay_by="count", weight_decay=0.4)
ALS = Settings(model="dot+bias", optimizer="als", epochs=3, n_factors=6, weight_decay=0.05)
GIBBS = Settings(model="dot+bias", optimizer="gibbs", epochs=5, n_factors=6, implicit_sets="both")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return made_store(tmp_path_factory.mktemp("store"))


@pytest.mark.parametrize("threads", [1, 2])
def test_sgd_out_of_core_is_that_in_memory_in_the_same_order(store, threads):
    steps = RingSGD(store, task_of(store, SGD, holdout=0.1, threads=threads), Alone())
    steps.begin()
    table = aligned(steps.table.shape, np.float32)     # as the kernel needs it
    table[:] = steps.table
    rmse, _ = steps.run_pass(1)
    columns, edges, part = ([], [], []), [0], learnt_part(0.1)
    for step in range(store.blocks):
        for u in range(store.blocks):
            i = (u + step) % store.blocks
            users, items, values = store.block(u, i, part(int(store.counts[u, i])))
            for pieces, column in zip(columns, (users + store.layout.user_starts[u], items + steps.n_users + steps.slots[i] * steps.slot_rows,
                                                values / np.float32(store.spread))):
                pieces.append(column)
            edges.append(edges[-1] + len(users))
    users, items, values = map(np.concatenate, columns)
    sums = np.zeros((len(edges) - 1, 2))
    for step in range(store.blocks):
        rate = np.float32(SGD.constants["lr"] * SCHEDULES["one-cycle"](step / store.blocks / SGD.epochs)[0])
        steps.learn(users.astype(np.int32), items.astype(np.int32), values, np.array(edges), step * store.blocks, (step + 1) * store.blocks,
                    table, steps.decay, steps.fixed, rate, *steps.constants, sums)
    assert (table == steps.table).all()
    assert rmse == pytest.approx(store.spread * (sums[:, 1].sum() / len(users)) ** 0.5, rel=1e-12)


def test_als_out_of_core_is_that_in_memory(store):
    steps = ChainedALS(store, task_of(store, ALS), Alone())
    steps.begin()

    def factors() -> Factors:
        user = torch.cat([steps.users[block] for block in range(store.blocks)])
        return Factors(user[:, :6].clone(), steps.items[:, :6].clone(), user[:, 6].clone(), steps.items[:, 6].clone())

    start = factors()
    for number in range(1, ALS.epochs + 1):
        rmse, _ = steps.run_pass(number)
    settings = Settings(model="dot+bias", optimizer="als", epochs=ALS.epochs, n_factors=6, weight_decay=0.05)
    seen = fit(in_rows_of_the_store(store), start, settings)
    for name, tensor in factors().tensors().items():
        assert torch.allclose(tensor, seen.factors.tensors()[name], rtol=0, atol=1e-9), name
    assert rmse == pytest.approx(seen.rmse_after, abs=1e-9)


@pytest.mark.parametrize("settings, processes, bytes_of_item", [
    (SGD, 4, lambda n: 2 * n * 16 * 4),     # a row of 16 numbers, to learn and to judge, sent by every process
    (ALS, 2, lambda n: (n - 1) * ((7 * 8 // 2 + 7 + 2) + 7) * 8),   # a system on its way through the processes, a row to each other one
])
def test_the_result_and_the_bytes_sent_are_those_derived_for_any_number_of_processes(store, tmp_path, settings, processes, bytes_of_item):
    alone = fit_store(store, tmp_path / "alone", settings, holdout=0.1)
    heard = []
    many = fit_store(store, tmp_path / "many", settings, holdout=0.1, processes=processes, on_epoch=heard.append)
    for name, tensor in alone.factors().tensors().items():
        assert torch.equal(tensor, many.factors().tensors()[name])
    assert [(e.epoch, e.rmse, e.holdout_rmse) for e in many.history] == [(e.epoch, e.rmse, e.holdout_rmse) for e in alone.history]
    assert heard == list(many.history)
    assert alone.sent == 0 and many.sent == store.n_items * bytes_of_item(processes)


@pytest.mark.parametrize("optimizer, processes", [("sgd", 1), ("gibbs", 2)])
def test_a_fit_that_is_killed_goes_on_and_ends_alike(store, tmp_path, optimizer, processes):
    """The long version: python tests/helpers/killed.py fit --kills 100 --processes 2 --optimizer gibbs"""
    moments = random.Random(3)
    until_done(FIT, [str(store.folder), str(tmp_path / "sound"), "1", optimizer], kills=0, longest=0, moments=moments)
    done_after_a_kill(FIT, [str(store.folder), str(tmp_path / "killed"), str(processes), optimizer], tmp_path / "killed", kills=1,
                      longest=1.0 if processes == 1 else 5.0, moments=moments)
    assert digest_of_folder(tmp_path / "killed", "*.npy") == digest_of_folder(tmp_path / "sound", "*.npy")


def test_a_process_that_is_lost_is_started_again_with_all_others(store, tmp_path):
    """Without a prefix for each attempt the second ends in "connectFullMesh … refused"."""
    settings = Settings(model="dot+bias", optimizer="als", epochs=6, n_factors=6, weight_decay=0.05)
    lost = []

    def lose_one(epoch) -> None:
        if not lost:
            lost.append(epoch.epoch)
            own = subprocess.run(["pgrep", "-f", f"distributed.worker {tmp_path / 'fit' / 'task.json'}"], capture_output=True, text=True).stdout.split()
            os.kill(int(own[-1]), 9)

    seen = fit_store(store, tmp_path / "fit", settings, processes=2, on_epoch=lose_one)
    sound = fit_store(store, tmp_path / "sound", settings)
    assert lost and [e.rmse for e in seen.history] == [e.rmse for e in sound.history]
    assert torch.equal(seen.factors().user, sound.factors().user)


def test_train_makes_the_usual_model_of_a_store(store, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(store.folder), "-o", "model", "--factors", "6", "--epochs", "8"]) == 0
    assert "Wrote the model to model" in capsys.readouterr().out
    model = CollabFilter.load("model")
    assert len(model.ratings_) == store.n_ratings and len(model.holdout_ratings_) == pytest.approx(store.n_ratings / 10, rel=0.01)
    assert model.evaluate()["rmse"] == pytest.approx(model.result_.holdout_rmse, abs=1e-4) and model.result_.holdout_rmse < 0.8 * store.spread
    assert model.users_ == tuple(range(1, 401)) and len(model.recommend(14, n=5)) == 5
    assert not Path("model.passes").exists()
    assert main(["train", str(store.folder), "-o", "rows", "--factors", "6", "--epochs", "2", "--rows-only"]) == 0
    assert Path("rows.passes/pass-0002/users-0003.npy").exists() and not Path("rows").exists()
    capsys.readouterr()
    for words, sentence in ((["--effort", "best", "--optimizer", "sgd"], "Leave out one of them"), (["--optimizer", "adam"], "by sgd, rating by rating"),
                            (["--columns", "1,2,3"], "was said to"), (["--item-columns", "x.csv"], "--item-columns is not for a store"),
                            (["--ids", "exact"], "--ids is not for a store"), (["--range", "2,3"], "the ratings of the store run from"),
                            (["--rows-only", "--overwrite"], "--rows-only writes no model folder"), (["--counts"], "Leave out --feedback, --counts"),
                            (["--processes", "5"], "from 1 to 4"), (["--patience", "3"], "all of its passes"),
                            (["--feedback", "implicit"], "Leave out --feedback"), (["--device", "cuda"], "on the CPU")):
        assert main(["train", str(store.folder), "-o", "none", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["train", str(store.folder.parent / "ratings.csv"), "-o", "none", "--processes", "2"]) == 2
    assert "are for a store" in capsys.readouterr().err


def test_under_torchrun_the_same_command_is_a_process_of_many(store, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "pyxl", "train", str(store.folder),
               "-o", str(tmp_path / "model"), "--factors", "6", "--epochs", "2", "--effort", "quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Wrote the model") == 1
    assert main(["train", str(store.folder), "-o", str(tmp_path / "alone"), "--factors", "6", "--epochs", "2", "--effort", "quick"]) == 0
    models = [CollabFilter.load(tmp_path / name) for name in ("model", "alone")]
    assert torch.equal(*(model.factors_.user for model in models))


def test_what_cannot_be_fitted_is_said(store, tmp_path):
    with pytest.raises(UserError, match="Lower --lr"):
        fit_store(store, tmp_path / "wild", Settings(model="dot+bias", optimizer="sgd", batch_size=1, lr=1e6, epochs=2, dtype="float32"))
    with pytest.raises(UserError, match="not by adam"):
        fit_store(store, tmp_path / "adam", Settings(model="dot+bias", optimizer="adam", batch_size=64, epochs=2))
    with pytest.raises(UserError, match="hold-out share"):
        fit_store(store, tmp_path / "all", SGD, holdout=1.0)


def test_a_full_disk_that_a_process_met_is_said(store, tmp_path, monkeypatch):
    """There is room for the sentence, as long as the fit: a full disk takes no more files."""
    def full(*what) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def launch(task: Path, processes: int) -> None:
        assert (task.parent / "failed.txt").stat().st_size == 4_000
        with pytest.raises(UserError):
            worker.do_task(task)
        raise LostProcess

    monkeypatch.setattr(worker, "joined_group", lambda: nullcontext(Alone()))
    monkeypatch.setattr(passes, "write_rows", full)
    with pytest.raises(UserError, match=r"could not be written: the disk is full\. Free some space"):
        fit_store(store, tmp_path / "fit", ALS, processes=2, launcher=launch)
    assert (tmp_path / "fit" / "failed.txt").stat().st_size == 4_000


# -- recommendations to all ----------------------------------------------------------------------------

@pytest.mark.parametrize("settings", [SGD, ALS, GIBBS], ids=["sgd", "als", "gibbs"])
def test_rows_recommend_what_their_model_recommends(tmp_path, settings):
    rng = np.random.default_rng(0)
    pairs = np.append(rng.permutation(20 * 30)[:300] + 0, [30 * user for user in range(20, 60)])    # forty rated one item: some of these are held out
    lines = "\n".join(f"u{pair // 30},{pair % 30},{rng.integers(1, 6)}" for pair in pairs)
    (tmp_path / "ratings.csv").write_text(f"user,item,rating\n{lines}\n")
    store, _ = prepare_store(tmp_path / "ratings.csv", tmp_path / "store", HowToPrepare(blocks=4))
    model = model_of_fit(fit_store(store, tmp_path / "m.passes", settings, holdout=0.3), effort="good")
    assert not model.user_counts_.all()
    for flags, seen in (([], True), (["--seen"], False)):
        folder = tmp_path / f"found{seen}"
        assert main(["recommend", str(tmp_path / "m.passes"), "--all", "-n", "5", "-o", str(folder), *flags]) == 0
        found = pd.read_parquet(folder).sort_values("user", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(found, model.recommend(None, 5, exclude_seen=seen), check_dtype=False, rtol=1e-12)


def test_blocks_are_shared_out_and_only_those_are_made_that_are_missing(store, tmp_path, capsys):
    fit_store(store, tmp_path / "m.passes", ALS)
    asked = ["recommend", str(tmp_path / "m.passes"), "--all", "-o"]
    for part in (1, 2):
        assert main([*asked, str(tmp_path / str(part)), "--part", f"{part}/2"]) == 0
    assert main([*asked, str(tmp_path / "all"), "--processes", "2"]) == 0
    whole = {path.name: path for path in (tmp_path / "all").glob("*.parquet")}
    assert {path.name: path.read_bytes() for part in "12" for path in (tmp_path / part).glob("*.parquet")} == {
        name: path.read_bytes() for name, path in whole.items()}
    (tmp_path / "all" / "users-0002.parquet").unlink()
    others = {name: path.stat().st_mtime_ns for name, path in whole.items() if path.exists()}
    assert main([*asked, str(tmp_path / "all")]) == 0
    assert len(whole) == 4 and whole["users-0002.parquet"].exists()
    assert {name: whole[name].stat().st_mtime_ns for name in others} == others
    capsys.readouterr()


@pytest.mark.parametrize("argv, sentence", [
    (["--user", "1", "-o", "f"], "asks a model folder"), (["--all"], "go to a new folder"), (["--all", "-o", "f", "--part", "3/2"], "such as 2/8"),
    (["--all", "-o", "f", "-n", "0"], "1 or more"), (["--all", "-o", "full"], "holds other files"), (["--all", "-o", "other"], "recommendations of another fit")])
def test_what_rows_cannot_recommend_is_said(store, tmp_path, monkeypatch, capsys, argv, sentence):
    monkeypatch.chdir(tmp_path)
    fit_store(store, "m.passes", ALS)
    for folder, file in (("full", "mine.txt"), ("other", "_recommended.json")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text("{}")
    assert main(["recommend", "m.passes", *argv]) == 2
    assert sentence in capsys.readouterr().err


def test_a_model_folder_has_no_blocks_to_share_out(tmp_path, capsys):
    assert main(["recommend", str(tmp_path), "--all", "--processes", "2"]) == 2
    assert "--rows-only" in capsys.readouterr().err
