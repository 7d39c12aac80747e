"""Imports xlwings without its optional libraries, so that a press of a button starts faster."""

from __future__ import annotations

import sys
from typing import Any

_SPARED = ("pandas", "matplotlib", "PIL")   # for tables and pictures; cells need none of them


def import_bare_xlwings() -> None:
    """Import xlwings as if pandas and matplotlib were not installed: a tenth of a second, not seven.

    Whoever imports them later in this process gets them, but xlwings goes without.
    """
    hidden = [name for name in _SPARED if name not in sys.modules]
    nothing: dict[str, Any] = dict.fromkeys(hidden)     # None: importing it is an ImportError
    sys.modules.update(nothing)
    try:
        import xlwings  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
