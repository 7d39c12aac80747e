"""How many threads torch computes on."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import cache


@contextmanager
def one_thread(wanted: bool = True):
    """A small problem is slower on several threads, and sums may differ in their last digit; whatever was
    set is restored."""
    import torch

    survive_forks()
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_of_torch() -> int:
    """How many threads torch computes on, which is what who set it wants of all fits."""
    import torch

    return torch.get_num_threads()


@cache
def survive_forks() -> None:
    """From now on a forked child computes on one thread: it has none of the others, and torch would wait for them for ever."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_on_one_thread)


def _on_one_thread() -> None:
    if "torch" in sys.modules:      # loaded after the fork it has threads of its own
        sys.modules["torch"].set_num_threads(1)
