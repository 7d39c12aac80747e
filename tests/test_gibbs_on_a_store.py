"""Gibbs sampling on a store: the chain of memory, the same by any number of processes, going on where it was stopped."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest
import torch
from made_store import in_rows_of_the_store, made_store, task_of

from pyxl.__main__ import main
from solver import CollabFilter, Factors, Settings, fit
from solver.collab.from_store import model_of_fit
from solver.core.steps import FitTask
from solver.distributed.chained import chained_gibbs
from solver.distributed.chained.chained_gibbs import ChainedGibbs
from solver.distributed.fit_store import fit_store
from solver.distributed.group import Alone
from solver.distributed.passes import run_passes
from solver.distributed.store_task import StoreTask
from solver.methods import gibbs
from solver.methods.gibbs import Gibbs
from solver.methods.normal_wishart import Common
from solver.store.prepare_store import HowToPrepare, prepare_store
from solver.store.read_ahead import held_out_part
from solver.threads import one_thread

GIBBS = Settings(model="dot+bias", optimizer="gibbs", epochs=5, n_factors=6, implicit_sets="both")
SHAPES = {"more users": (160, 100), "more items": (100, 160)}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def store(tmp_path_factory, request):
    users, items = request.param
    return made_store(tmp_path_factory.mktemp("store"), users=users, items=items, n=12_000)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory):
    return made_store(tmp_path_factory.mktemp("store"), n=6_000)


class Threads:
    """A process of many, played by a thread: `ways` are queues from each to each."""

    def __init__(self, rank: int, size: int, ways: dict, all_here: threading.Barrier):
        self.rank, self.size, self.ways, self.all_here, self.sent = rank, size, ways, all_here, 0

    def _put(self, array: np.ndarray, to: int) -> None:
        self.ways[self.rank, to].put(array.copy())

    def _take(self, source: int) -> np.ndarray:
        return self.ways[source, self.rank].get(timeout=60)

    def receive(self, into: np.ndarray, source: int) -> None:
        into[...] = self._take(source)

    def send(self, out: np.ndarray, to: int) -> None:
        self._put(out, to)
        self.sent += out.nbytes

    def share(self, array: np.ndarray, source: int) -> None:
        others = [other for other in range(self.size) if other != self.rank]
        if self.rank != source:
            array[...] = self._take(source)
            return
        for other in others:
            self.send(array, other)

    def add_up(self, array: np.ndarray) -> None:
        for other in range(self.size):
            self._put(array, other)
        array[...] = sum(self._take(other) for other in range(self.size))

    def wait_for_all(self) -> None:
        self.all_here.wait(timeout=60)


def by_threads(task: StoreTask, size: int) -> None:
    ways = {(one, other): queue.Queue() for one in range(size) for other in range(size)}
    all_here, failed = threading.Barrier(size), []

    def work(rank: int) -> None:
        try:
            run_passes(task, Threads(rank, size, ways, all_here))
        except BaseException as error:
            failed.append(error)

    with one_thread():
        threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]


def test_a_sweep_is_that_in_memory_but_for_its_random_numbers(store, monkeypatch):
    """With the same draws of what rows have in common, and no noise on the rows: all means, and the precision of the noise."""
    steps = ChainedGibbs(store, task_of(store, GIBBS, holdout=0.1), Alone())
    steps.begin()
    units, ratings = steps.units, in_rows_of_the_store(store)
    held = np.concatenate([np.arange(n) >= n - round(n * 0.1) for n in store.counts.flat])
    start = units.factors(torch.cat([steps.users[u] for u in range(store.blocks)]), steps.items.clone())
    memory = Gibbs(FitTask(ratings=ratings.take(~held), start=start, settings=GIBBS, holdout=ratings.take(held), clip=store.rating_range))
    # the store takes the units of all ratings, memory those of the ratings learnt from
    memory.units = units
    memory.user.rows, memory.item.rows = units.rows(start)
    learnt = ratings.take(~held)
    for side, order in ((memory.user, np.argsort(learnt.user_index, kind="stable")), (memory.item, np.lexsort((learnt.user_index, learnt.item_index)))):
        side.ratings.values[:] = units.of_ratings(torch.as_tensor(learnt.values[order]))
    memory.residual = memory.user.ratings.values - memory._predicted(memory.train.pairs, memory.user.rows, memory.item.rows)
    monkeypatch.setattr(Gibbs, "_normal", lambda self, like: torch.zeros_like(like))
    monkeypatch.setattr(ChainedGibbs, "_normal", lambda self, what, number, block, *shape: torch.zeros(shape, dtype=self.dtype))
    drawn, alone = gibbs.draw_common, gibbs.draw_precision
    monkeypatch.setattr(gibbs, "draw_common", lambda rows, known, precisions, generator: drawn(
        rows, known, precisions, steps._generator(chained_gibbs._COMMON_OF_USERS if rows.data_ptr() == memory.user.rows.data_ptr() else chained_gibbs._COMMON_OF_ITEMS,
                                                  memory.sweep)))
    monkeypatch.setattr(gibbs, "draw_precision", lambda n, squares, generator: alone(
        n, squares, steps._generator(chained_gibbs._NOISE, memory.sweep)))
    for number in range(1, 4):
        _, held_out = steps.run_pass(number)
        seen = memory.step(last=False)
        for name, tensor in units.factors(torch.cat([steps.users[u] for u in range(store.blocks)]), steps.items).tensors().items():
            torch.testing.assert_close(tensor, units.factors(memory.user.rows, memory.item.rows).tensors()[name], rtol=0, atol=1e-10)
        assert held_out == pytest.approx(seen.holdout_rmse, abs=1e-9)
        assert steps.squares == pytest.approx(float(memory.residual @ memory.residual), rel=1e-9)
        assert steps.noise_variance == pytest.approx(memory.noise_variance, rel=1e-9)


def test_items_drawn_by_the_root_of_their_systems_have_the_right_mean_and_covariance(tmp_path, monkeypatch):
    """Thousands of items that the same users rated alike: as many draws of one row at once."""
    n, given, alpha = 4_000, (1.0, 2.0, 4.0, 4.5, 5.0), 1.7
    lines = "\n".join(f"{u},{i},{value}" for i in range(n) for u, value in enumerate(given))
    (tmp_path / "ratings.csv").write_text(f"user,item,rating\n{lines}\n")
    store, _ = prepare_store(tmp_path / "ratings.csv", tmp_path / "store", HowToPrepare(blocks=2))
    steps = ChainedGibbs(store, task_of(store, Settings(model="dot+bias", optimizer="gibbs", epochs=4, n_factors=2)), Alone())
    steps.begin()
    root = torch.tensor([[0.9, 0.0, 0.0], [0.2, 0.5, 0.0], [-0.3, 0.1, 0.7]], dtype=torch.float64)
    mean = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    centres = torch.linalg.solve(root, mean).expand(n, -1)
    monkeypatch.setattr(chained_gibbs, "draw_common", lambda rows, known, precisions, generator: Common(centres, root, precisions))
    known = steps._look()
    steps._draw_items(known, 1, torch.tensor(alpha, dtype=torch.float64))
    user = torch.cat([steps.users[u] for u in range(2)]).numpy()
    row_of = np.asarray(store.rows("users"))
    features = np.column_stack([user[row_of, :2], np.ones(len(given))])
    prior = np.linalg.inv(root.numpy() @ root.numpy().T)
    covariance = np.linalg.inv(prior + alpha * features.T @ features)
    targets = steps.units.of_ratings(torch.tensor(given, dtype=torch.float64)).numpy() - user[row_of, 2]
    middle = steps.middle[1].numpy()
    np.testing.assert_allclose(middle, np.tile(covariance @ (prior @ mean.numpy() + alpha * features.T @ targets), (n, 1)), rtol=0, atol=1e-10)
    size, deviation = np.sqrt(np.diag(covariance)), steps.items.numpy() - middle
    assert np.abs(deviation.mean(0) / size).max() < 5 / np.sqrt(n)
    assert np.abs((np.cov(deviation.T) - covariance) / np.outer(size, size)).max() < 6 / np.sqrt(n)


def test_the_result_and_the_bytes_sent_are_those_derived_for_any_number_of_processes(store, tmp_path):
    dtype = "float64" if store.n_users > store.n_items else "float32"
    settings = Settings(model="dot+bias", optimizer="gibbs", epochs=3, n_factors=6, implicit_sets="both", dtype=dtype)
    alone = fit_store(store, tmp_path / "1", settings, holdout=0.1)
    d, f, number = 7, 1 + store.n_items, np.dtype(dtype).itemsize
    draws = 2 if store.n_items > store.n_users else 1       # of an item, its mean beside it where items come last
    for n in (2, 4):
        task = StoreTask(store=str(store.folder), folder=str(tmp_path / str(n)), settings=settings, holdout=0.1, clip=store.rating_range)
        by_threads(task, n)
        many = fit_store(store, tmp_path / str(n), settings, holdout=0.1)       # reads what the threads have made
        assert [(e.rmse, e.holdout_rmse) for e in many.history] == [(e.rmse, e.holdout_rmse) for e in alone.history]
        assert {path.name: path.read_bytes() for path in many.folder.rglob("*.npy")} == {
            path.name: path.read_bytes() for path in alone.folder.rglob("*.npy")}
        assert many.sent == (n - 1) * (store.n_items * (d * (d + 1) // 2 + d + 2 + draws * d) * number + 2 * (f + d) * d * 8)


def test_a_chain_that_is_stopped_goes_on_from_its_last_sweep(one_store, tmp_path):
    settings = Settings(model="dot", optimizer="gibbs", epochs=6, n_factors=3)
    whole = fit_store(one_store, tmp_path / "whole", settings, holdout=0.1)

    def stop(epoch) -> None:
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_store(one_store, tmp_path / "parts", settings, holdout=0.1, on_epoch=stop)
    parts = fit_store(one_store, tmp_path / "parts", settings, holdout=0.1)
    assert [e.holdout_rmse for e in parts.history] == [e.holdout_rmse for e in whole.history] and parts.noise == whole.noise
    for one, other in zip(parts.draws(), whole.draws(), strict=True):
        assert torch.equal(one.user, other.user) and torch.equal(one.item, other.item)
    other = fit_store(one_store, tmp_path / "parts", Settings(model="dot", optimizer="gibbs", epochs=4, n_factors=3, seed=1))
    kept = sorted(path.name for path in (tmp_path / "parts").glob("draws-*"))
    assert kept == ["draws-0002", "draws-0003", "draws-0004"] and len(other.draws()) == 6      # those of the fit before are gone


def test_the_model_is_as_good_as_that_in_memory_and_knows_how_sure_it_is(store, tmp_path):
    settings = Settings(model="dot+bias", optimizer="gibbs", epochs=16, n_factors=6, implicit_sets="both", dtype="float32")
    found = fit_store(store, tmp_path / "fit", settings, holdout=0.1)
    held = np.concatenate([np.zeros(n, bool) | (np.arange(n) >= held_out_part(0.1)(int(n)).start) for n in store.counts.flat])
    ratings = in_rows_of_the_store(store)
    memory = fit(ratings.take(~held), None, settings, holdout=ratings.take(held), clip=store.rating_range)
    assert found.history[-1].holdout_rmse == pytest.approx(memory.history[-1].holdout_rmse, abs=0.003)
    assert found.noise == pytest.approx(memory.noise, rel=0.02)
    model = model_of_fit(found, effort="best")
    assert len(model.result_.samples) == 24
    assert model.evaluate()["rmse"] == pytest.approx(found.history[-1].holdout_rmse, abs=1e-5)
    assert model.result_.rmse_after == pytest.approx(memory.rmse_after, abs=0.01)
    assert model.result_.holdout_rmse == pytest.approx(memory.holdout_rmse, abs=0.01)      # of the epoch that memory keeps
    _, spread = model.predict([(1, 1), (2, 3)], return_std=True)
    assert (spread > 0).all()
    many = 0 if store.n_users <= store.n_items else 1
    sides = [factors.item if many else factors.user for factors in model.result_.samples]
    assert all(one is other for one, other in zip(sides[::2], sides[1::2]))     # draws share the side that they have in common


def test_best_is_for_a_store_too(one_store, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(one_store.folder), "-o", "model", "--effort", "best", "--factors", "3", "--epochs", "4"]) == 0
    model = CollabFilter.load("model")
    assert model.settings_.optimizer == "gibbs" and model.settings_.implicit_sets == "both" and model.settings_.dtype == "float32"
    assert isinstance(model.factors_, Factors) and len(model.result_.samples) == 6
    capsys.readouterr()
    assert main(["train", str(one_store.folder), "-o", "other", "--effort", "best", "--model", "bounded"]) == 2
    assert "gibbs needs a model that is linear" in capsys.readouterr().err
