"""A fit by the fused kernels: the same on any number of threads and on any scale, and stopped as any fit is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from fused_ways import assert_same_factors, each_model, each_way, gone_through, options, problem
from planted import BOUNDS, planted, settings

from solver import Ratings, Settings, UserError, fit, rmse, split_off
from solver.core.steps import FitTask
from solver.core.units import in_units, unit_of
from solver.fitting.start_values import start_values
from solver.fused import strata
from solver.fused.sgd import FusedSGD, row_decay
from solver.kernels import compiled_kernels as kernels
from solver.kernels import reference
from solver.kernels.parts.workers import Workers, now_and_then


@pytest.fixture
def large(monkeypatch) -> Ratings:
    """Ratings that count as many, so that they are cut into blocks."""
    monkeypatch.setattr(strata, "ONE_BLOCK", 1000)
    rng = np.random.default_rng(0)
    keys = rng.choice(300 * 200, 9000, replace=False, p=None)
    return Ratings(tuple(range(300)), tuple(range(200)), keys // 200, keys % 200, rng.normal(3, 1, 9000))


@pytest.mark.parametrize("module", [kernels, reference])
def test_blocks_of_a_stratum_share_no_user_and_no_item(large, module):
    columns = (large.user_index.astype(np.int32), (large.item_index + 300).astype(np.int32), large.values)
    counts = np.bincount(np.concatenate(columns[:2]), minlength=500)
    (users, items, values), edges = strata.stratify(columns, counts, 300, kernels=module, seed=3)
    assert sorted(zip(users, items, values)) == sorted(zip(*columns))
    assert (np.diff(users[:20]) < 0).any()  # shuffled within a block
    assert edges.shape == (8, 9) and (edges[1:, 0] == edges[:-1, -1]).all()
    for stratum in edges:
        for rows in (users, items):
            blocks = [set(rows[a:b]) for a, b in zip(stratum[:-1], stratum[1:])]
            assert sum(map(len, blocks)) == len(set().union(*blocks))
    sizes = np.diff(edges, axis=1)
    assert sizes.sum() == len(large) and sizes.max() < 2 * sizes.mean()


def test_both_sort_alike(large):
    columns = (large.user_index.astype(np.int32), (large.item_index + 300).astype(np.int32), large.values)
    counts = np.bincount(np.concatenate(columns[:2]), minlength=500)
    (one, edges), (two, too) = (strata.stratify(columns, counts, 300, kernels=module, seed=3)
                                for module in (kernels, reference))
    np.testing.assert_array_equal(edges, too)
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)


def test_any_number_of_threads_gives_the_same_bits(large):
    train, held = split_off(large, 0.3, seed=0)
    chosen = Settings(model="dot+bias", n_factors=20, dtype="float32", **options(FusedSGD))
    start = start_values(train, chosen)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            steps = FusedSGD(FitTask(ratings=train, start=start, settings=chosen, holdout=held))
            assert steps.workers.n == threads
            found.append((gone_through(steps), steps.packed.factors()))
    finally:
        torch.set_num_threads(before)
    for seen, factors in found[1:]:
        assert_same_factors(found[0][1], factors, atol=0)
        assert [(e.rmse, e.holdout_rmse) for e in seen] == [(e.rmse, e.holdout_rmse) for e in found[0][0]]


def test_blocks_reach_what_one_block_reaches(large, monkeypatch):
    chosen = Settings(model="dot+bias", n_factors=5, optimizer="sgd", batch_size=1, epochs=10)
    in_blocks = fit(large, None, chosen)
    monkeypatch.setattr(strata, "ONE_BLOCK", 10**9)
    assert fit(large, None, chosen).rmse_after == pytest.approx(in_blocks.rmse_after, rel=0.03)


@each_way
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_seed_gives_the_same_bits_and_another_one_others(way, dtype):
    ratings = planted(20, 15)

    def found(seed):
        return fit(ratings, None, settings("dot+bias", **options(way, dtype=dtype, seed=seed))).factors.user

    assert torch.equal(found(1), found(1)) and not torch.equal(found(1), found(2))
    assert found(1).dtype == getattr(torch, dtype) and found(1).is_contiguous()


@each_way
@each_model
def test_a_planted_table_is_learnt_and_held_out_ratings_are_judged_right(way, model):
    ratings = planted(60, 40, noise=0.1)
    train, held = split_off(ratings, 0.1)
    clip = (float(ratings.values.min()), float(ratings.values.max()))
    chosen = settings(model, **options(way, epochs=60, lr=0.02, weight_decay=0.001))
    result = fit(train, None, chosen, holdout=held, clip=clip)
    assert result.holdout_rmse == pytest.approx(rmse(result.factors, held, bounds=chosen.bounds, clip=clip), rel=1e-9)
    assert result.holdout_rmse < 0.35 * held.values.std()
    assert result.history[0].epoch == 1 and result.stop.startswith("Finished all 60 epochs")


@each_way
def test_ratings_on_another_scale_give_the_same_predictions_on_that_scale(way):
    ratings = planted(30, 20)
    times_20 = replace(ratings, values=20 * ratings.values - 7)
    chosen = settings("dot+bias", **options(way, epochs=5))
    small, large_ = fit(ratings, None, chosen), fit(times_20, None, chosen)
    np.testing.assert_allclose([20 * e.rmse for e in small.history], [e.rmse for e in large_.history], rtol=1e-9)
    torch.testing.assert_close(20 * small.factors.raw_table() - 7, large_.factors.raw_table())
    bounded = settings("bounded", **options(way, epochs=5))
    wide = replace(bounded, low=20 * BOUNDS["low"] - 7, high=20 * BOUNDS["high"] - 7)
    assert 20 * fit(ratings, None, bounded).rmse_after == pytest.approx(fit(times_20, None, wide).rmse_after, rel=1e-9)


def test_a_problem_in_units_predicts_the_same():
    given_ = problem(planted(), settings("dot+bias", optimizer="sgd", batch_size=1))
    unit = unit_of(given_)
    assert unit == pytest.approx(given_.ratings.values.std())
    scaled = in_units(given_, unit)
    torch.testing.assert_close(scaled.start.raw_table() * unit, given_.start.raw_table())
    assert unit_of(problem(planted(), settings("dot+bias"))) == 1.0  # a sheet is fitted as it is


def test_decay_by_count_weighs_rows_by_the_root_of_their_ratings():
    chosen = Settings(model="dot+bias", optimizer="sgd", batch_size=1, weight_decay=0.5, decay_by="count")
    np.testing.assert_allclose(row_decay(chosen, np.array([1, 4, 0])), [2.5, 0.875, 2.5])
    by_rating = Settings(model="dot+bias", optimizer="sgd", batch_size=1, weight_decay=0.5)
    np.testing.assert_allclose(row_decay(by_rating, np.array([1, 4, 0])), 1.0)


@each_way
def test_an_epoch_tells_how_far_it_is(way):
    told = []
    fit(planted(40, 30), None, settings("dot+bias", **options(way)), on_batch=lambda done, of: told.append((done, of)))
    n = len(planted(40, 30))
    assert [pair for pair in told if pair[0] == n] == [(n, n)] * 3
    assert all(0 < done <= of == n for done, of in told)


def test_news_comes_now_and_then_and_the_last_always(monkeypatch):
    clock = iter([0.0, 0.1, 0.25, 0.25, 0.3, 0.3])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    told = []
    news = now_and_then(lambda done, of: told.append(done))
    for done in (1, 2, 3):
        news(done, 4)
    monkeypatch.undo()
    news(4, 4)
    assert told == [2, 4]


@each_way
def test_ctrl_c_within_an_epoch_keeps_the_best_before_it(way):
    def stop_in_the_second(done, of):
        if len(seen) == 1:
            raise KeyboardInterrupt

    seen = []
    ratings, chosen = planted(40, 30), settings("dot+bias", **options(way, epochs=9))
    stopped = fit(ratings, None, chosen, on_epoch=seen.append, on_batch=stop_in_the_second)
    assert stopped.stopped and stopped.stop.startswith("Stopped by Ctrl-C at epoch 2; the best so far is kept: epoch 1")
    steps = way(in_units(FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen),
                         float(ratings.values.std())))
    once = steps.step(last=False).factors()
    torch.testing.assert_close(stopped.factors.user, once.user * math.sqrt(ratings.values.std()))


def test_ctrl_c_waits_for_the_other_threads():
    workers, done = Workers(3), []

    def work(first, after):
        if first == 0:
            raise KeyboardInterrupt
        done.append((first, after))

    with pytest.raises(KeyboardInterrupt):
        workers.share(6, work)
    assert sorted(done) == [(2, 4), (4, 6)]


def test_a_rate_far_too_high_ends_in_a_sentence():
    with pytest.raises(UserError, match="^Diverged: the loss was no longer finite at epoch 1"):
        fit(planted(40, 30), None, settings("dot+bias", **options(FusedSGD, lr=100.0, epochs=5)))
