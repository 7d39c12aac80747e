"""The fused kernels do what the reference says, and the reference what torch does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fused_ways import assert_same_factors, each_model, each_way, gone_through, options, problem
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from planted import planted, settings

from solver import Ratings, Settings, fit
from solver.fitting.random_start import random_factors
from solver.fused.lazy_adamw import AdamWRows, LazyAdamW, is_lazy
from solver.fused.sgd import FusedSGD
from solver.kernels import compiled_kernels as kernels
from solver.kernels import reference
from solver.kernels.parts.adamw_table import adamw_table
from solver.kernels.parts.packed import pack_factors
from solver.kernels.parts.target import Link, Target
from solver.methods.batches.mini_batch import MiniBatch
from solver.methods.steps_for import steps_for


@st.composite
def few_ratings(draw) -> Ratings:
    """Random pairs, some users and items with one rating, some pairs rated twice."""
    n_users, n_items, n = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Ratings(tuple(range(n_users)), tuple(range(n_items)), rng.integers(0, n_users, n),
                   rng.integers(0, n_items, n), rng.integers(1, 6, n).astype(float))


@each_way
@hypothesis_settings(max_examples=40, deadline=None)
@given(ratings=few_ratings(), model=st.sampled_from(["dot", "dot+bias", "bounded"]), size=st.integers(1, 50),
       n_factors=st.sampled_from([1, 3, 14, 40]), schedule=st.sampled_from(["constant", "one-cycle", "step"]),
       seed=st.integers(0, 99), by=st.sampled_from(["rating", "count"]))
def test_the_kernel_does_what_the_reference_says(way, ratings, model, n_factors, size, schedule, seed, by):
    own = {"decay_by": by} if way is FusedSGD else {"batch_size": size}
    chosen = settings(model, **options(way, n_factors=n_factors, schedule=schedule, seed=seed) | own)
    given_ = problem(ratings, chosen, holdout=ratings.take(slice(0, 2)), clip=(1, 5))
    fast, plain = way(given_, kernels=kernels), way(given_, kernels=reference)
    for one, two in zip(gone_through(fast), gone_through(plain)):
        assert one.loss == pytest.approx(two.loss, rel=1e-10) and one.rmse == pytest.approx(two.rmse, rel=1e-10)
        assert one.holdout_rmse == pytest.approx(two.holdout_rmse, rel=1e-10)
    assert_same_factors(fast.packed.factors(), plain.packed.factors())


@each_model
def test_sgd_is_torch_on_one_rating_at_a_time(model):
    """The plain path in the order that the kernel takes: one epoch of one block, at a constant rate."""
    ratings, chosen = planted(6, 5), settings(model, **options(FusedSGD, epochs=1))
    fused, plain = FusedSGD(problem(ratings, chosen)), MiniBatch(problem(ratings, chosen))
    pieces = np.random.default_rng(chosen.seed + 1).permutation(len(fused.edges))
    shuffled = np.random.default_rng(chosen.seed).permutation(len(ratings))
    order = np.concatenate([shuffled[slice(*fused.edges[piece])] for piece in pieces])
    for place in order:
        plain.step_on(torch.as_tensor([place]))
    seen = fused.step(last=False)
    assert_same_factors(seen.factors(), plain.parameters.map(torch.detach))


def dense_and_lazy(ratings, chosen):
    """Factors of torch's AdamW, which touches every row at every step, and of ours, on the same batches."""
    lazy, dense = LazyAdamW(problem(ratings, chosen)), MiniBatch(problem(ratings, chosen))
    rng = np.random.default_rng(chosen.seed)
    for _ in range(chosen.epochs):
        order = torch.as_tensor(rng.permutation(len(ratings)))
        for batch in order.split(chosen.batch_size):
            dense._follow_schedule()
            dense.step_on(batch)
        seen = lazy.step(last=False)
    return dense.parameters.map(torch.detach), seen.factors()


@each_model
def test_adamw_that_touches_every_row_in_every_batch_is_torchs(model):
    ratings = planted(5, 4, blanks=0.0)
    chosen = settings(model, **options(LazyAdamW, batch_size=len(ratings), epochs=8))
    assert_same_factors(*dense_and_lazy(ratings, chosen), atol=1e-12)


@each_model
def test_skipped_steps_of_adamw_in_closed_form_are_those_of_torch_but_for_epsilon(model):
    """ε = 1e-5 stands beside √v of about 1e-2: what the closed form takes for constant, ε/√v, changes by less than a
    hundredth over the ten steps or so that momentum lasts, and a drift is a few steps of lr = 0.01."""
    ratings = planted(30, 20, blanks=0.8)
    chosen = settings(model, **options(LazyAdamW, batch_size=5, epochs=6))
    dense, lazy = dense_and_lazy(ratings, chosen)
    assert_same_factors(dense, lazy, atol=2e-4)
    moved = (dense.user - problem(ratings, chosen).start.user).abs().max()
    assert moved > 0.05  # what is compared is not what stood there before


def test_closed_form_is_exact_where_epsilon_does_not_count(monkeypatch):
    """The reference and torch, both with an ε of 1e-13 beside √v of about 1e-3."""
    monkeypatch.setattr("solver.fused.lazy_adamw.best_kernels", lambda: reference)
    ratings = planted(12, 10, blanks=0.6)
    dense, lazy = dense_and_lazy(ratings, settings("dot+bias", **options(LazyAdamW, batch_size=4, epochs=4, eps=1e-13)))
    assert_same_factors(dense, lazy, atol=1e-9)


def test_decay_faster_than_momentum_is_left_to_the_plain_path():
    slow, fast = (settings("dot+bias", **options(LazyAdamW, lr=0.1, weight_decay=decay)) for decay in (0.1, 1.0))
    assert is_lazy(slow) and not is_lazy(fast)
    assert isinstance(steps_for(problem(planted(), slow)), LazyAdamW)
    assert isinstance(steps_for(problem(planted(), fast)), MiniBatch)


@each_model
def test_the_fused_ways_are_chosen_for_what_they_can_do(model):
    def chosen(**more):
        return type(steps_for(problem(planted(), settings(model, **more))))

    assert chosen(optimizer="sgd", batch_size=1) is FusedSGD
    assert chosen(optimizer="adamw", batch_size=8) is LazyAdamW
    assert chosen(optimizer="sgd", batch_size=2) is chosen(optimizer="adam", batch_size=8) is MiniBatch


@pytest.mark.parametrize("link", Link)
def test_the_error_of_each_link_is_that_of_its_loss(link):
    """∂loss/∂x by central differences, and the loss by its definition."""
    x, r = np.linspace(-4, 4, 9), np.linspace(0.1, 0.9, 9)
    low, span = (0.0, 1.0) if link == Link.LOGISTIC else (-0.5, 2.0)
    loss, squares, slope = reference.errors(link, x, r, low, span)
    ahead, behind = (reference.errors(link, x + h, r, low, span)[0] for h in (1e-6, -1e-6))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-9)
    if link == Link.LOGISTIC:
        t, x_ = torch.as_tensor(r), torch.as_tensor(x)
        of_torch = torch.nn.functional.binary_cross_entropy_with_logits(x_, t, reduction="none")
        np.testing.assert_allclose(loss, of_torch, rtol=1e-12)
    else:
        np.testing.assert_array_equal(loss, squares)


@pytest.mark.parametrize("way", ["sgd", "adamw"])
def test_kernels_know_cross_entropy_too(way):
    """Zeros and ones, both kernels against the reference."""
    ratings = planted(8, 7)
    start = random_factors(ratings, model="dot+bias", n_factors=3, seed=0)
    users, items = ratings.user_index.astype(np.int32), (ratings.item_index + ratings.n_users).astype(np.int32)
    targets = (ratings.values > np.median(ratings.values)).astype(float)
    found = []
    for module in (kernels, reference):
        packed = pack_factors(start, parts=3 if way == "adamw" else 1)
        if way == "adamw":
            rows = AdamWRows(packed, Target(Link.LOGISTIC), size=9, kernels=module,
                             plan=adamw_table(Settings(optimizer="adamw", batch_size=9, lr=0.01), steps=40))
            sums = [rows.learn(users, items, targets) for _ in range(3)][-1]
            rows.catch_up()
        else:
            sums = np.zeros((1, 2))
            decay = np.full(len(packed.table), 0.01)
            module.sgd_kernel(1, Link.LOGISTIC)(users, items, targets, np.array([0, len(users)]), 0, 1, packed.table,
                                                decay, packed.fixed, 0.05, 0.0, 0.0, 1.0, sums)
        found.append((packed.factors(), sums))
    assert_same_factors(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-10)
    assert found[0][1].reshape(-1)[0] > 0


def test_without_numba_the_reference_is_taken(monkeypatch):
    import sys

    from solver import kernels as fused
    monkeypatch.setitem(sys.modules, "solver.kernels.compiled_kernels", None)
    monkeypatch.delattr(fused, "compiled_kernels", raising=False)
    assert fused.best_kernels() is reference
    result = fit(planted(), None, settings("dot+bias", **options(FusedSGD)))
    assert result.rmse_after < result.rmse_before


def test_kernels_are_compiled_once_and_then_found(tmp_path, monkeypatch):
    """In a cache of their own, of which a process that begins anew would load them."""
    import numba

    from solver.kernels.sgd_kernel import sgd_kernel
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def compiled() -> int:
        """How many kernels a pass had to compile."""
        way = FusedSGD(problem(planted(2, 2), settings("dot+bias", **options(FusedSGD))))
        kernels = [kernel for kernel in way.kernels if hasattr(kernel, "stats")]
        before = sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
        way.step(last=False)
        return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels) - before
    sgd_kernel.cache_clear()
    assert compiled() and not compiled()
    sgd_kernel.cache_clear()
    assert not compiled()
    assert list(tmp_path.rglob("*sgd_pass*.nbc"))
