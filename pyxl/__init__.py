"""Cells ⇄ solver: reads a workbook, finds the model in it, fits it, writes the parameters back."""

from importlib import import_module

_HOME = {"fit_workbook": "fit_sheet", "open_book": "book"}
__all__ = ["fit_workbook", "open_book"]


def __getattr__(name: str):
    """Names are loaded when first used, as in `solver`."""
    if name not in __all__:
        raise AttributeError(f"module 'pyxl' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value
