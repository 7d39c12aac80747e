"""Threads that share blocks of work, and report progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

OFTEN = 0.2  # seconds between two pieces of news


class Workers:
    """`n` threads, this one among them. Kernels release the GIL, so they do run at once."""

    def __init__(self, n: int):
        self.n, self.pool = n, ThreadPoolExecutor(n - 1) if n > 1 else None

    def share(self, blocks: int, work: Callable[[int, int], None]) -> None:
        """Call `work(first, after)` on parts of range(blocks), about as many for each thread, and wait for all."""
        parts = min(self.n, blocks)
        if parts == 1 or self.pool is None:
            return work(0, blocks)
        cuts = [blocks * part // parts for part in range(parts + 1)]
        others = [self.pool.submit(work, *cut) for cut in zip(cuts[1:-1], cuts[2:])]
        try:
            work(0, cuts[1])
        finally:
            wait(others)  # Ctrl-C too leaves no thread behind that still changes the table
        for other in others:
            other.result()


def now_and_then(tell: Callable[[int, int], None] | None) -> Callable[[int, int], None]:
    """`tell(done, of)`, but only when it is the last or when OFTEN seconds have passed."""
    told = time.perf_counter()

    def news(done: int, of: int) -> None:
        nonlocal told
        if tell is not None and (done == of or time.perf_counter() - told >= OFTEN):
            told = time.perf_counter()
            tell(done, of)

    return news
