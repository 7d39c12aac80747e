"""The GPU path. What needs a GPU is skipped without one; its logic and its kernel are tested on the CPU too.

On a machine with a GPU: ``python -m pytest tests/test_cuda.py tests/test_fit.py tests/test_sparse_products.py``
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from planted import planted, settings

from solver import Factors, Ratings, Settings, fit
from solver.core.objective import Judge, Objective
from solver.core.pairs.by_row import ByRow
from solver.core.steps import FitTask
from solver.fitting.start_values import start_values
from solver.gpu.row_copies import dealt_among_copies
from solver.methods.batches.graphed_batch import GraphedMiniBatch, can_be_recorded
from solver.methods.batches.mini_batch import MiniBatch
from solver.methods.ridge_regression import PlainRidge, ridge_for

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
with_triton = pytest.mark.skipif(find_spec("triton") is None, reason="needs triton, which torch for the CPU lacks")
HERE = Path(__file__).parent

# Ways of fitting whose CPU and GPU fits see the ratings in the same order, and those that draw their own on each.
SAME_ORDER = {"optimizer": "lbfgs"}, {"optimizer": "adam", "lr": 0.02}
OWN_ORDER = ({"optimizer": "adamw", "batch_size": 256, "schedule": "one-cycle"},
             {"optimizer": "sgd", "batch_size": 1, "lr": 0.02})


def problem(**options) -> FitTask:
    ratings = planted(30, 20, noise=0.3)  # 501 ratings: the last of the batches below is short
    chosen = settings("bounded", n_factors=5, batch_size=64, epochs=4, lr=0.05, **options)
    return FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen, holdout=ratings)


@pytest.mark.parametrize("options", [{"optimizer": "adamw", "weight_decay": 0.05, "schedule": "one-cycle"},
                                     {"optimizer": "adam", "schedule": "step"}])
def test_steps_that_can_be_recorded_are_those_of_plain_batches(options):
    """Not recorded here, for want of a GPU, but the same steps: rates, batches and sums from tensors."""
    given = problem(**options)
    assert can_be_recorded(given)
    plain, graphed = MiniBatch(given), GraphedMiniBatch(given)
    for _ in range(4):
        one, other = plain.step(last=False), graphed.step(last=False)
        assert other.loss == pytest.approx(one.loss, rel=1e-6) and other.rmse == pytest.approx(one.rmse, rel=1e-6)
        assert other.holdout_rmse == pytest.approx(one.holdout_rmse, rel=1e-6)
    for mine, theirs in zip(one.factors().tensors().values(), other.factors().tensors().values()):
        torch.testing.assert_close(theirs, mine, rtol=1e-5, atol=1e-5)  # the rates are float32 there


@pytest.mark.parametrize("options", [{"optimizer": "sgd"}, {"optimizer": "adam", "weight_decay": 0.1}])
def test_what_cannot_be_recorded_is_known(options):
    assert not can_be_recorded(problem(**options))


@pytest.mark.parametrize("most", [1, 3, 7, 100])
def test_no_row_or_copy_has_more_ratings_than_it_may(most):
    rows = torch.tensor([0] * 20 + [1] * 7 + [2] + [4] * 8, dtype=torch.int32)[torch.randperm(36)]
    dealt, copies = dealt_among_copies(rows, 5, most=most)
    if most == 100:
        assert copies is None and torch.equal(dealt, rows)
        return
    counts = torch.bincount(dealt, minlength=len(copies.owners))
    assert counts.max() <= most and counts[copies.members[copies.there]].min() >= 1
    assert torch.equal(copies.owners[dealt.long()], rows.long()) and dealt.dtype == rows.dtype
    table = torch.randn(len(copies.owners), 3)
    before = table.clone()
    copies.meet(table)
    for row, owner in zip(table, copies.owners):
        torch.testing.assert_close(row, before[copies.owners == owner].mean(0))
    table.fill_(1.0)
    copies.meet(table)
    assert (table == 1).all()   # the columns of ones stay


@with_triton
@pytest.mark.parametrize("script", ["interpreted_walk.py", "interpreted_ridge.py"])
def test_the_kernels_in_tritons_interpreter(script):
    script = str(HERE / "helpers" / script)
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", script], cwd=HERE.parent,
                         env=os.environ | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:]


@with_triton
def test_the_kernel_compiles_for_gpus_and_orders_its_memory(monkeypatch, tmp_path):
    """To machine code, which takes no GPU; what a rating stored is seen by the threads that load the next."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from solver.gpu.walk_kernel import walk_blocks
    kinds = dict.fromkeys(walk_blocks.arg_names, "*fp32") | dict.fromkeys(("users", "items", "edges"), "*i32")
    kinds |= {"sequence": "*i64", "turn": "i32", "offset": "fp32", "low": "fp32", "span": "fp32"}
    chosen = {"WIDTH": 64, "LANES": 64, "LINK": 1}
    source = ASTSource(fn=walk_blocks, signature=kinds | dict.fromkeys(chosen, "constexpr"), constexprs=chosen)
    for capability in (80, 90):  # an A100, an H100 or H200
        made = triton.compile(source, target=GPUTarget("cuda", capability, 32),
                              options={"num_warps": 1, "num_stages": 1})
        loop = made.asm["ptx"].partition("Loop Header")
        assert "ld.global" in loop[2] and "bar.sync" in loop[0] + loop[2] and made.asm["cubin"]


@with_triton
def test_the_kernels_of_gibbs_sampling_compile_for_gpus(monkeypatch, tmp_path):
    """For a bias beside 64 factors, on the matrix units of an H100, and without spilling into memory."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from solver.core.pairs.product_kernel import COLUMNS, PAIRS, multiply_pairs
    from solver.gpu.ridge_kernels import normal_equations, solve_rows
    from solver.gpu.triton_ridge import MOST_GRADIENTS, PRECISION, RATINGS_AT_ONCE
    whole = ("others", "begins", "ends", "stretches", "rows", "users", "items")
    shape = {"MAIN": 64, "BORDER": 1, "SIDES": 2}
    for kernel, chosen in ((normal_equations, shape | {"STEP": RATINGS_AT_ONCE, "PRECISION": PRECISION}),
                           (solve_rows, shape | {"MOST": MOST_GRADIENTS}),
                           (multiply_pairs, {"WIDTH": 65, "PAIRS": PAIRS, "COLUMNS": COLUMNS})):
        names = [name for name in kernel.arg_names if name not in chosen]
        kinds = {name: "i32" if name in ("n", "n_ratings") else "fp32" if name == "tolerance" else
                 "*i32" if name in whole and not (kernel is multiply_pairs and name == "rows") else "*fp32" for name in names}
        places = {(kernel.arg_names.index(name),): [["tt.divisibility", 16]] for name, kind in kinds.items() if kind[0] == "*"}
        for capability in (80, 90):
            source = ASTSource(fn=kernel, signature=kinds | dict.fromkeys(chosen, "constexpr"), constexprs=chosen, attrs=places)
            made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": 4, "num_stages": 3})
            assert made.asm["cubin"] and ".local" not in made.asm["ptx"]
            if kernel is normal_equations:
                assert ("wgmma" if capability == 90 else "mma.sync") in made.asm["ptx"]


def large() -> tuple[Ratings, Settings]:
    return planted(300, 200, noise=0.5), settings("bounded", n_factors=8, dtype="float32", device="cuda", epochs=20)


def held_out() -> tuple[Ratings, Ratings]:
    from solver import split_off
    return split_off(large()[0], 0.1, seed=0)


@on_a_gpu
@pytest.mark.parametrize("options", [*SAME_ORDER, *OWN_ORDER], ids=lambda o: o["optimizer"])
def test_the_same_seed_on_the_gpu_gives_the_same_bits(options):
    ratings, chosen = large()
    one, two = (fit(ratings, None, replace(chosen, **options)) for _ in range(2))
    assert [e.rmse for e in one.history] == [e.rmse for e in two.history]
    assert all(torch.equal(a, b) for a, b in zip(one.factors.tensors().values(), two.factors.tensors().values()))


@on_a_gpu
@pytest.mark.parametrize("options", SAME_ORDER, ids=lambda o: o["optimizer"])
def test_full_batch_the_gpu_agrees_with_the_cpu(options):
    """In float64, whose rounding differs by the order of sums alone."""
    ratings, chosen = planted(60, 40, noise=0.5), settings("bounded", n_factors=3, epochs=30, **options)
    cpu, gpu = (fit(ratings, None, replace(chosen, device=device)) for device in ("cpu", "cuda"))
    assert [e.rmse for e in gpu.history[:10]] == pytest.approx([e.rmse for e in cpu.history[:10]], rel=1e-9)
    assert gpu.rmse_after == pytest.approx(cpu.rmse_after, rel=1e-4)
    assert all(t.device.type == "cpu" for t in gpu.factors.tensors().values())


@on_a_gpu
@pytest.mark.parametrize("options", OWN_ORDER, ids=lambda o: o["optimizer"])
def test_in_batches_the_gpu_does_as_well_as_the_cpu(options):
    """Ratings come in another order there: hold-out RMSE agrees within 2 %, as it does between two seeds."""
    train, test = held_out()
    chosen = replace(large()[1], **options)
    cpu, gpu = (fit(train, None, replace(chosen, device=device), holdout=test) for device in ("cpu", "cuda"))
    assert gpu.holdout_rmse == pytest.approx(cpu.holdout_rmse, rel=0.02)


@on_a_gpu
@pytest.mark.parametrize("options", OWN_ORDER, ids=lambda o: o["optimizer"])
def test_nothing_waits_within_an_epoch(options):
    """torch raises at every wait for the device but those at the end of an epoch, which are counted out."""
    from solver.methods.steps_for import steps_for
    ratings, chosen = large()
    chosen = replace(chosen, **options)
    steps = steps_for(FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen, device="cuda"))
    walk = getattr(steps, "walk_all", None) or steps.replay
    torch.cuda.set_sync_debug_mode("error")
    try:
        walk()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@on_a_gpu
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_gradients_on_the_gpu_are_those_on_the_cpu(dtype, monkeypatch):
    ratings = planted(300, 200, noise=0.5)
    for fewest in (2**20, 1):  # gathered rows, and cuSPARSE
        monkeypatch.setattr("solver.core.pairs.sparse_products.BATCH", fewest)
        outcomes = []
        for device in ("cpu", "cuda"):
            start = start_values(ratings, settings("bounded", n_factors=8)).map(
                lambda tensor: tensor.to(device, dtype).requires_grad_())
            objective = Objective.of(ratings, bounds=(0.0, 6.0), weight_decay=0.1, dtype=dtype, device=device)
            (objective.mean_squared_error(start) + objective.penalty(start)).backward()
            outcomes.append({name: leaf.grad.cpu() for name, leaf in start.tensors().items()})
        tolerance = 1e-12 if dtype == torch.float64 else 1e-5
        for name, gradient in outcomes[0].items():
            torch.testing.assert_close(outcomes[1][name], gradient, rtol=tolerance, atol=tolerance)


@on_a_gpu
@pytest.mark.parametrize("d", [20, 64, 65, 129])
def test_regressions_on_the_gpu_are_those_on_the_cpu(d):
    """The busiest row in pieces, rows of one rating, rows of none."""
    counts, m = np.array([9000, 0, 300, 1, 64, *range(40)]), 500
    generator = torch.Generator().manual_seed(d)

    def normal(*size):
        return torch.randn(*size, generator=generator)

    starts, n = np.concatenate([[0], np.cumsum(counts)]), int(counts.sum())
    others = torch.randint(m, (n,), generator=generator, dtype=torch.int32)
    given = normal(m, d), normal(2, n), normal(len(counts), 2, d), torch.rand(len(counts), generator=generator) + 1
    expected = PlainRidge(ByRow(starts, others, normal(n))).solve(*(tensor.double() for tensor in given))
    found = []
    for _ in range(2):
        ratings = ByRow(starts, others.cuda(), torch.zeros(n, device="cuda"))
        ridge = ridge_for(ratings, n_features=d, threads=1)
        found.append(ridge.solve(*(tensor.cuda() for tensor in given)).cpu())
    assert not isinstance(ridge, PlainRidge) or find_spec("triton") is None
    assert torch.equal(*found)
    assert (found[0].double() - expected).norm() / expected.norm() < 1e-4


@on_a_gpu
@pytest.mark.parametrize("options", [{"optimizer": "als", "weight_decay": 0.05}, {"optimizer": "gibbs"}], ids=lambda o: o["optimizer"])
def test_als_and_gibbs_on_the_gpu_do_as_well_as_on_the_cpu(options):
    train, test = held_out()
    chosen = replace(large()[1], model="dot+bias", low=None, high=None, n_factors=16, epochs=30, **options)
    cpu, gpu, again = (fit(train, None, replace(chosen, device=device), holdout=test) for device in ("cpu", "cuda", "cuda"))
    assert gpu.holdout_rmse == pytest.approx(cpu.holdout_rmse, rel=1e-3 if options["optimizer"] == "als" else 0.02)
    assert all(torch.equal(a, b) for a, b in zip(gpu.factors.tensors().values(), again.factors.tensors().values()))


@on_a_gpu
def test_the_hold_out_is_judged_on_the_gpu():
    ratings = planted(60, 40, noise=0.5)
    start = start_values(ratings, settings("bounded", n_factors=3))
    cpu, gpu = (Judge.of(ratings, bounds=(0.0, 6.0), clip=(1.0, 5.0), device=device).rmse(
        start.map(lambda tensor: tensor.to(device))) for device in ("cpu", "cuda"))
    assert gpu == pytest.approx(cpu, rel=1e-12)


@on_a_gpu
def test_more_than_the_gpu_holds_is_fitted_on_the_cpu():
    """A limit of a few MB stands for a full GPU; the fallback is the real one."""
    ratings, chosen = large()
    chosen = replace(chosen, optimizer="adamw", batch_size=4096, n_factors=2000, epochs=1)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(16e6 / torch.cuda.get_device_properties(0).total_memory)
    try:
        result = fit(ratings, None, chosen)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert result.notes == ("The GPU's memory is full; the CPU was used.",)
    assert isinstance(result.factors, Factors) and result.factors.user.device.type == "cpu"
