"""The fast paths of a fit in batches: one compiled kernel an epoch, beside a reference that can be read."""

from __future__ import annotations

from types import ModuleType


def best_kernels() -> ModuleType:
    """`kernels`, the compiled ones, or where numba cannot be loaded `reference`, which has the same names."""
    try:
        from . import compiled_kernels as kernels
        return kernels
    except ImportError:
        from . import reference
        return reference
