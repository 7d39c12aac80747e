"""Cells ⇄ solver: reads a workbook, finds the model in it, fits it, writes the parameters back."""

from solver.lazy import lazy

__getattr__, __all__ = lazy(__name__, {"fit_workbook": "fit.press_fit", "open_workbook": "xlsx"})
