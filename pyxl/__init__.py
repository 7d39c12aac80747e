"""Cells ⇄ solver: reads a workbook, finds the model in it, fits it, writes the parameters back.

`fit_workbook` does all of that, and `open_workbook` opens a file whose untouched parts stay as they are.
"""

from solver.lazy import lazy

__getattr__, __all__ = lazy(__name__)
