"""How many threads torch computes on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache

import torch


@contextmanager
def one_thread(wanted: bool = True):
    """A small problem is slower on several threads, and sums may differ in their last digit; whatever was
    set is restored."""
    survive_forks()
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def survive_forks() -> None:
    """From now on a forked child computes on one thread: it has none of the others, and torch would wait for them for ever."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
