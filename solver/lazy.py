"""Names of a package, loaded when first used.

Importing torch takes more than a second, which nobody should pay for an error message, a
`--help` or a look at a workbook (PEP 562).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], object], list[str]]:
    """The `__getattr__` and `__all__` of a package whose public names live in modules: `home`
    leads from each name to its module. No name may be that of a module."""

    def load(name: str):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{home[name]}", package), name)
        setattr(sys.modules[package], name, value)  # the next use finds it at once
        return value

    return load, sorted(home)
