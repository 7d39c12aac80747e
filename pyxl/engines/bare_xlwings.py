"""Imports xlwings without its optional libraries, so that a press of a button starts faster."""

from __future__ import annotations

import sys

_SPARED = ("pandas", "matplotlib", "PIL")   # for tables and pictures; cells need none of them


def import_bare_xlwings() -> None:
    """Import xlwings as if pandas and matplotlib were not installed: a tenth of a second, not seven.

    Whoever imports them later in this process gets them, but xlwings goes without.
    """
    hidden = [name for name in _SPARED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))   # None: importing it is an ImportError
    try:
        import xlwings  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
