"""Tasks that several processes share: the files that are read, the blocks that are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from solver.orphans import end_with_parent


class Tasks:
    """Does tasks in several processes, or in this one where `processes` is 1. Results come in the order of the tasks."""

    def __init__(self, processes: int):
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), end_with_parent, (os.getpid(),)) if processes > 1 else None

    def __enter__(self) -> Tasks:
        return self

    def __exit__(self, *_) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable, *columns: Iterable) -> Iterable:
        """The results of `work`, called with one value of each column, row after row."""
        return (self._pool.map if self._pool else map)(work, *columns)
