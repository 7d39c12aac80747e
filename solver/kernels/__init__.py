"""Compiled passes over ratings (numba), and the same passes in plain numpy in `reference`, to read and to test against.

Stands on `solver.core`; holds no way of fitting. You may make a kernel faster as long as it agrees with
`reference`.
"""

from __future__ import annotations

from types import ModuleType


def best_kernels() -> ModuleType:
    """`compiled_kernels`, the compiled ones, or where numba cannot be loaded `reference`, which has the same names."""
    try:
        from . import compiled_kernels as kernels
        return kernels
    except ImportError:
        from . import reference
        return reference
