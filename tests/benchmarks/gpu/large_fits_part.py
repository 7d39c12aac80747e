"""How fast is it: a pass of SGD, a sweep of ALS and of Gibbs sampling, over ratings made on the device. See `run_parts`."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from figures import load_figures, part_of

part = part_of(__doc__)

import torch  # noqa: E402
from ratings_on_card import made_ratings  # noqa: E402

from solver import Ratings, Settings  # noqa: E402
from solver.core.steps import FitTask, Steps  # noqa: E402
from solver.fitting.start_values import start_values  # noqa: E402
from solver.methods.steps_for import steps_for  # noqa: E402

AIMS = {"sgd": 25.0, "als": 60.0, "gibbs": 60.0}    # milliseconds a pass over 100 million ratings


def settings_of(what: str) -> Settings:
    sizes, common = part.sizes, {"model": "dot+bias", "dtype": "float32", "device": part.sizes.device}
    if what == "sgd":
        return Settings(optimizer="sgd", batch_size=1, n_factors=sizes.factors, lr=0.02, weight_decay=0.02, decay_by="count",
                        schedule="one-cycle", epochs=sizes.passes, **common)
    decay = {} if what == "gibbs" else {"weight_decay": 0.05}
    return Settings(optimizer=what, n_factors=sizes.wide, epochs=sizes.passes, **decay, **common)


def bytes_of_a_pass(what: str, n: int, chosen: Settings) -> int:
    """Bytes that a pass asks for: SGD reads and writes both rows of a rating; a sweep reads a row a rating for either side."""
    if what == "sgd":
        return n * (12 + 4 * 4 * (chosen.n_factors + 2))
    return 2 * n * (4 * (chosen.n_factors + 1) + 12)


def passes(steps: Steps) -> tuple[list[float], list[float]]:
    """(milliseconds, RMSE) of every pass."""
    milliseconds, errors = [], []
    for _ in range(part.sizes.passes):
        part.wait()
        began = time.perf_counter()
        errors.append(steps.step(last=False).rmse)
        part.wait()
        milliseconds.append(1e3 * (time.perf_counter() - began))
    return milliseconds, errors


def measure(what: str, ratings: Ratings) -> None:
    chosen = settings_of(what)
    began = time.perf_counter()
    steps = steps_for(task := FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen,
                                      device=part.sizes.device))
    part.wait()
    ready = time.perf_counter() - began
    milliseconds, errors = passes(steps)
    pass_ms = statistics.median(milliseconds[1:])
    asked = bytes_of_a_pass(what, len(ratings), chosen) / (pass_ms / 1e3)
    card = next((line["bytes_a_second"] for line in load_figures(part.folder) if line["figure"] == "bandwidth"), None)
    part.save("pass", what=what, ratings=len(ratings), users=ratings.n_users, items=ratings.n_items, factors=chosen.n_factors,
              pass_ms=pass_ms, aim_ms=AIMS[what], reached=pass_ms <= AIMS[what], each_ms=[round(ms, 2) for ms in milliseconds],
              rmse=[round(error, 5) for error in errors], seconds_before=round(ready, 1), bytes_a_second=asked,
              of_bandwidth=card and asked / card, blocks=getattr(steps, "blocks", None),
              gib=torch.cuda.max_memory_allocated() / 2**30 if part.sizes.device == "cuda" else None)
    profile(what, steps)
    if part.sizes.device != "cuda":
        return
    if what == "sgd":
        other_blocks(task, steps.blocks)
    if what == "gibbs":
        from ridge_variants import measure_ridge
        for side, ratings in (("users", steps.user.ratings), ("items", steps.item.ratings)):
            measure_ridge(part, ratings, chosen.n_factors + 1, side=side)


def profile(what: str, steps: Steps) -> None:
    """Where the time of a pass goes, printed: the kernels that take most of it. Where that cannot be seen, why not."""
    from torch.profiler import ProfilerActivity, profile
    cuda = part.sizes.device == "cuda"
    try:
        with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]) as seen:
            steps.step(last=False)
            part.wait()
    except RuntimeError as why:
        print(f"no profile of {what}: {why}", flush=True)
        return
    print(f"A pass of {what}, by kernels:\n" + seen.key_averages().table(
        sort_by="self_cuda_time_total" if cuda else "self_cpu_time_total", row_limit=14, max_name_column_width=60), flush=True)


def other_blocks(task: FitTask, usual: int) -> None:
    """SGD with fewer and with more blocks than it chooses."""
    from solver.gpu.stratified_sgd import StratifiedSGD
    for blocks in (usual // 2, usual * 3 // 2):
        steps = StratifiedSGD(task, blocks=blocks)
        steps.step(last=False)
        part.save("blocks", blocks=blocks, pass_ms=1e3 * part.seconds(lambda: steps.step(last=False), times=3))


def main() -> None:
    sizes = part.sizes
    began = time.perf_counter()
    ratings = made_ratings(sizes.many, sizes.users, sizes.items, device=sizes.device)
    spread = ratings.values.std(dtype="float64")
    ratings = replace(ratings, values=ratings.values / ratings.values.dtype.type(spread))  # as a fit does in batches
    if sizes.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    print(f"{len(ratings):,} ratings made in {time.perf_counter() - began:.1f} s", flush=True)
    measure(part.what, ratings)


if __name__ == "__main__":
    main()
