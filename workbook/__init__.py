"""Builds the workbook: ratings in, sheets with live formulas out. Knows formulas and looks."""

from .build import build
from .data import example

__all__ = ["build", "example"]
