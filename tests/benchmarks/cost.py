"""What a pass over the ratings costs, and what it must cost: seconds, memory, bytes, bandwidth.

The limit, written down before anything is measured. A pass of SGD over n ratings of m users and items
with k factors and a bias reads n · 12 bytes of ratings (two indices and a value). Of the rows, each of
4 (k + 1) bytes, it reads and writes

    at least  every row once: 2 · 4 (k + 1) · m bytes      where all others are found in a cache,
    at most   both rows of every rating: 4 · 4 (k + 1) · n where none is.

Divided by the memory's bandwidth, that is how long a pass takes at least; the truth lies between.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solver import CollabFilter, Ratings

FACTORS = 50


@dataclass(frozen=True)
class Way:
    """A way of fitting whose pass is timed; `options` are those of CollabFilter."""

    name: str
    options: dict
    epochs: int = 5
    most: int = 200_000_000  # ratings beyond which it is left out: it would take minutes


WAYS = (
    Way("SGD (quick, good)", {"effort": "quick"}),
    Way("AdamW, batch 512", {"optimizer": "adamw", "schedule": "one-cycle", "batch_size": 512}, epochs=3),
    Way("Gibbs (best)", {"effort": "best"}, epochs=4, most=30_000_000),
)


def bytes_least(ratings: Ratings) -> int:
    return 12 * len(ratings) + 2 * 4 * (FACTORS + 1) * (ratings.n_users + ratings.n_items)


def bytes_most(ratings: Ratings) -> int:
    return (12 + 4 * 4 * (FACTORS + 1)) * len(ratings)


def pass_seconds(way: Way, ratings: Ratings, *, device: str) -> dict:
    """Seconds of a pass (median, the first one left out: memory is new to it), and of the whole fit."""
    ends = []
    fit = CollabFilter(FACTORS, device=device, random_state=0, epochs=way.epochs, **way.options).fit
    began = time.perf_counter()
    fit(ratings, on_epoch=lambda epoch: ends.append(epoch.seconds) and None)
    whole = time.perf_counter() - began
    passes = [after - before for before, after in zip(ends, ends[1:])]
    return {"way": way.name, "pass": statistics.median(passes), "fit": whole, "epochs": len(ends)}


def bandwidth(device: str = "cpu", *, floats: int = 1 << 26) -> float:
    """Bytes a second of a ← b + s · c over arrays that fit into no cache: two read, one written; the best of five."""
    import torch
    b, c = torch.ones(floats, device=device), torch.ones(floats, device=device)
    a = torch.empty_like(b)

    def triad() -> None:
        torch.add(b, c, alpha=3.0, out=a)
        if device == "cuda":
            torch.cuda.synchronize()

    triad()
    return 3 * 4 * floats / min(seconds(triad) for _ in range(5))


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(*, peak: bool = False) -> int:
    """Bytes of this process in memory: now, or at most since `forget_peak`."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM" if peak else "VmRSS"))
        return int(line.split()[1]) * 1024
    import resource  # where there is no /proc: only the peak is known
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Let the peak begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
