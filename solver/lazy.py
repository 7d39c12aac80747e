"""Names of a package, loaded when first used.

Importing torch takes more than a second, which nobody should pay for an error message, a
`--help` or a look at a workbook (PEP 562).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def lazy(package: str) -> tuple[Callable[[str], object], list[str]]:
    """The `__getattr__` and `__all__` of a package whose public names live in modules.

    The stub ``__init__.pyi`` beside the package imports each name from its module, so that the names are listed once,
    for Python and for type checkers. No name may be that of a module.
    """
    home = _names_of(Path(str(sys.modules[package].__file__)).with_suffix(".pyi"))

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)  # the next use finds it at once
        return value

    return load, sorted(home)


def _names_of(stub: Path) -> dict[str, str]:
    """The module that each name of a stub is imported from."""
    return {alias.name: "." * node.level + (node.module or "") for node in ast.parse(stub.read_text("utf-8")).body
            if isinstance(node, ast.ImportFrom) for alias in node.names}
