"""Is it right: a sheet fitted on the device as on the CPU, and hold-out RMSE of every way of fitting. See `run_parts`."""

from __future__ import annotations

import tempfile
import time
import traceback
from dataclasses import replace

from figures import part_of

part = part_of(__doc__)

import numpy as np  # noqa: E402
from synthetic import PRESETS, generate, resized  # noqa: E402

import collabsheet as cs  # noqa: E402
from solver.data.splits import split_off  # noqa: E402
from solver.fitting.effort import recipe  # noqa: E402

AIM = 0.0005        # hold-out RMSE on the device less that on the CPU
SHEET_AIM = 1e-9


def sheets() -> None:
    """Every model sheet of a workbook, by L-BFGS in float64: both devices find the same minimum."""
    users, items = part.sizes.sheet
    ratings = generate(resized(PRESETS["ml-100k"], 20_000)).top(users=users, items=items)
    with tempfile.TemporaryDirectory() as folder:
        cs.build(ratings, f"{folder}/sheet.xlsx", n_factors=5)
        fits = [cs.fit_workbook(f"{folder}/sheet.xlsx", out=f"{folder}/fit-{number}.xlsx",
                                settings=cs.Settings(weight_decay=0.05, device=device))
                for number, device in enumerate(("cpu", part.sizes.device))]
    for sheet, cpu in fits[0].items():
        other = fits[1][sheet]
        apart = abs(other.rmse_after - cpu.rmse_after)
        part.save("sheet", sheet=sheet, cpu=cpu.rmse_after, device=other.rmse_after, apart=apart, aim=SHEET_AIM,
                  reached=apart <= SHEET_AIM and other.device == part.sizes.device, on=other.device,
                  factors_apart=max(float(abs(one - two).max()) for one, two in
                                    zip(cpu.factors.tensors().values(), other.factors.tensors().values())))


def ways(train: cs.Ratings) -> dict[str, cs.Settings]:
    batches = {"optimizer": "adamw", "batch_size": max(1, len(train) // 250), "schedule": "one-cycle", "dtype": "float32"}
    low, high = float(train.values.min()), float(train.values.max())
    return {
        "ALS": cs.Settings(model="dot+bias", optimizer="als", n_factors=16, weight_decay=0.05, epochs=10, dtype="float32"),
        "Gibbs": recipe("best", train, n_factors=16),
        "SGD": recipe("quick", train, n_factors=50),
        "AdamW": cs.Settings(model="dot+bias", n_factors=16, weight_decay=0.1, epochs=5, **batches),
        "net": cs.Settings(model="net", low=low - 0.2, high=high + 0.2, weight_decay=0.1, epochs=3, **batches),
    }


def hold_out() -> None:
    """Orders and random numbers are the device's own: beside the difference stands that of another seed on the CPU."""
    ratings = generate(resized(PRESETS["ml-1m"], part.sizes.some))
    train, test = split_off(ratings, 0.1, seed=0)
    for way, chosen in ways(train).items():
        try:
            fits, seconds = {}, {}
            for name, device, seed in (("device", part.sizes.device, 0), ("cpu", "cpu", 0), ("other_seed", "cpu", 1)):
                began = time.perf_counter()
                fits[name] = cs.fit(train, None, replace(chosen, device=device, seed=seed), holdout=test)
                seconds[name] = round(time.perf_counter() - began, 2)
            cpu, other = fits["cpu"].holdout_rmse, fits["device"].holdout_rmse
            part.save("hold-out", way=way, cpu=cpu, device=other, apart=other - cpu, aim=AIM,
                      reached=bool(other - cpu <= AIM and fits["device"].device == part.sizes.device),
                      seeds_apart=fits["other_seed"].holdout_rmse - cpu, on=fits["device"].device, seconds=seconds,
                      finite=bool(np.isfinite(other)))
        except Exception as why:    # the next way is to be tried all the same
            traceback.print_exc()
            part.save("hold-out", way=way, failed=f"{type(why).__name__}: {why}"[:500])


if __name__ == "__main__":
    hold_out()
    sheets()
