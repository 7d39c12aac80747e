"""Builds the workbook: ratings in, sheets with live formulas out. Knows formulas and looks."""

from solver.lazy import lazy

__getattr__, __all__ = lazy(__name__)
