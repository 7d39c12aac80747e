"""How many threads torch computes on."""

from __future__ import annotations

from contextlib import contextmanager

import torch


@contextmanager
def one_thread(wanted: bool = True):
    """A small problem is slower on several threads, and sums may differ in their last digit; whatever was
    set is restored."""
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
