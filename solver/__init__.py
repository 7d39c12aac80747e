"""Numbers only: ratings, factors, and the loop that fits them. Knows no cell.

Names are loaded when first used: importing torch takes more than a second, which nobody should
pay for an error message or a look at a workbook.
"""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "UserError": "errors",
    "Ratings": "ratings",
    "read_ratings": "read_ratings", "read_titles": "read_ratings",
    "Factors": "factors", "random_factors": "factors",
    "MODELS": "model", "predict": "model", "predict_table": "model",
    "rmse": "objective",
    "OPTIMIZERS": "optimizers",
    "Settings": "settings",
    "Epoch": "fit", "FitResult": "fit", "fit": "fit",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'solver' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


class _Package(ModuleType):
    """Keeps `solver.fit` the function: importing the module `solver.fit` would replace it."""

    def __setattr__(self, name: str, value):
        if name in _HOME and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
