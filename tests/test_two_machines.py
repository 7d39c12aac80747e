"""A fit by two machines, and by two of which one is lost: as by one process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from machines import ADDRESSES, Machines, two_machines

from solver.core.settings import Settings
from solver.distributed.fit_store import fit_store
from solver.distributed.pass_files import read_fit
from solver.store.prepare_store import HowToPrepare, prepare_store

ROOT = Path(__file__).resolve().parent.parent
UNTIL_GIVEN_UP = 20     # seconds, as docs/scale.md tells who brings a machine back: sooner, torchrun counts on the lost one, too


def torchrun(machines: Machines, machine: int, folder: Path) -> subprocess.Popen:
    """The command of docs/scale.md, as it is typed on each machine."""
    return machines.start(machine, ["env", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1",
        sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d",
        "--rdzv-endpoint", f"{ADDRESSES[0]}:29500", "--rdzv-id", "films", "--rdzv-conf", f"is_host={1 - machine}",
        "--local-addr", ADDRESSES[machine], "--max-restarts", "3",     # without names, neither knows who it is
        "-m", "pyxl", "train", str(folder / "store"), "-o", str(folder / "model"), "--optimizer", "als", "--factors", "6", "--epochs", "30",
        "--holdout", "0.1", "--rows-only"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_fit_by_two_machines_goes_on_when_one_is_lost_and_comes_back(tmp_path):
    rng = np.random.default_rng(0)
    pairs = rng.permutation(900 * 500)[:60_000]
    pd.DataFrame({"user": pairs // 500 + 1, "item": pairs % 500 + 1, "rating": rng.integers(1, 6, len(pairs))}).to_parquet(tmp_path / "r.parquet")
    store, _ = prepare_store(tmp_path / "r.parquet", tmp_path / "store", HowToPrepare(blocks=4))
    passes = tmp_path / "model.passes"
    with two_machines() as machines:
        both = [torchrun(machines, machine, tmp_path) for machine in (0, 1)]
        while not read_fit(passes).history:
            assert [process.poll() for process in both] == [None, None], both[0].communicate()
            time.sleep(0.05)
        machines.lose(1)
        lost_after = len(read_fit(passes).history)
        time.sleep(UNTIL_GIVEN_UP)
        machines.come_back(1)
        again = torchrun(machines, 1, tmp_path)
        out, errors = both[0].communicate(timeout=400)
        assert (both[0].returncode, again.wait(60)) == (0, 0), errors[-3000:]
    assert lost_after < 30 and "The rows of every block" in out
    alone = fit_store(store, tmp_path / "alone", Settings(model="dot+bias", optimizer="als", epochs=30, n_factors=6, weight_decay=0.05),
                      holdout=0.1)
    history = read_fit(passes).history
    assert [(e.rmse, e.holdout_rmse) for e in history] == [(e.rmse, e.holdout_rmse) for e in alone.history]
    rows = np.load(passes / "pass-0030" / "items-0000.npy")
    assert torch.equal(torch.from_numpy(rows), torch.from_numpy(np.load(tmp_path / "alone" / "pass-0030" / "items-0000.npy")))
